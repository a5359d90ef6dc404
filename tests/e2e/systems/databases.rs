//! Databases on claims, really: PostgreSQL and Redis of `cargo xtask images`, whose rows outlive whatever happens to pods, server and set.

use super::{archive, imported, kill_processes, restarted, restarts, rolled_out, uid};
use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;

/// As the tutorials have it, with less of everything.
const POSTGRES: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: postgres-config}
data: {POSTGRES_DB: myapp, POSTGRES_USER: appuser}
---
apiVersion: v1
kind: Secret
metadata: {name: postgres-secret}
stringData: {POSTGRES_PASSWORD: secretpassword}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: scripts}
data: {a.sql: "create table words (word text)"}
---
apiVersion: v1
kind: Service
metadata: {name: postgres}
spec:
  ports: [{port: 5432, name: postgres}]
  clusterIP: None
  selector: {app: postgres}
"#;

const POSTGRES_SET: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres}
spec:
  serviceName: postgres
  replicas: 2
  selector: {matchLabels: {app: postgres}}
  template:
    metadata: {labels: {app: postgres}}
    spec:
      containers:
      - name: postgres
        image: postgres:15
        ports: [{containerPort: 5432, name: postgres}]
        envFrom: [{configMapRef: {name: postgres-config}}, {secretRef: {name: postgres-secret}}]
        volumeMounts:
        - {name: data, mountPath: /var/lib/postgresql/data}
        - {name: scripts, mountPath: /docker-entrypoint-initdb.d}
        readinessProbe: {exec: {command: [pg_isready, -U, appuser, -d, myapp, -h, localhost]}, periodSeconds: 1}
      volumes: [{name: scripts, configMap: {name: scripts}}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 256Mi}}}
"#;

const REDIS_SET: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  serviceName: redis
  replicas: 1
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
      - name: redis
        image: redis:7
        args: [--appendonly, "yes", --appendfsync, always]
        volumeMounts: [{name: data, mountPath: /data}]
        readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
"#;

fn sql(kubectl: &Kubectl, ordinal: u32, line: &str) -> String {
    kubectl.run(&["exec", &format!("postgres-{ordinal}"), "--", "psql", "-U", "appuser", "-At", "myapp", "-c", line]).trim().to_owned()
}

/// Every ordinal has its own rows, and nothing else.
fn rows_are_there(kubectl: &Kubectl, when: &str) {
    for ordinal in 0..2 {
        assert_eq!(sql(kubectl, ordinal, "select word from words"), format!("of {ordinal}"), "{when}");
    }
}

#[test]
fn rows_of_postgresql_outlive_pods_servers_and_sets() {
    // STO-7, STO-8, STO-11, ORD-5
    let test = "rows_of_postgresql_outlive_pods_servers_and_sets";
    let Some(programs) = have(test, Needs::Containers) else { return };
    let Some(archive) = archive(test, "postgres") else { return };
    let mut cluster = Cluster::start(&[]);
    imported(&cluster, &archive);
    let kubectl = cluster.kubectl(&programs[0]);
    let dir = cluster.dir.path().to_owned();
    kubectl.apply(POSTGRES, &dir);
    kubectl.apply(POSTGRES_SET, &dir);
    rolled_out(&kubectl, "statefulset/postgres");
    (0..2).for_each(|ordinal| drop(sql(&kubectl, ordinal, &format!("insert into words values ('of {ordinal}')"))));
    over_the_network(&kubectl);
    kubectl.made_anew(&["postgres-0"]);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after a pod was deleted");
    let before = restarts(&kubectl, "postgres-1");
    kill_processes(&uid(&kubectl, "postgres-1"), "postgres");
    restarted(&kubectl, "postgres-1", before);
    rows_are_there(&kubectl, "after the database was killed");
    let before = restarts(&kubectl, "postgres-0");
    let uids = ["postgres-0", "postgres-1"].map(|pod| uid(&kubectl, pod));
    cluster.crash();
    uids.iter().for_each(|uid| kill_processes(uid, "postgres"));
    cluster.serve();
    restarted(&kubectl, "postgres-0", before);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after all was killed");
    kubectl.run(&["scale", "statefulset/postgres", "--replicas=0"]);
    kubectl.run(&["wait", "--for=delete", "pod/postgres-0", "pod/postgres-1", "--timeout=120s"]);
    kubectl.run(&["scale", "statefulset/postgres", "--replicas=2"]);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after it was scaled down and up");
    kubectl.run(&["rollout", "restart", "statefulset/postgres"]);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after a roll");
    kubectl.run(&["delete", "statefulset/postgres", "--cascade=orphan"]);
    rows_are_there(&kubectl, "while there is no set");
    kubectl.apply(POSTGRES_SET, &dir);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after the pods were adopted");
    kubectl.run(&["delete", "statefulset/postgres", "--cascade=foreground"]);
    kubectl.apply(POSTGRES_SET, &dir);
    rolled_out(&kubectl, "statefulset/postgres");
    rows_are_there(&kubectl, "after the set was deleted and made again");
}

/// The password is asked for from elsewhere, by the pod's own name.
fn over_the_network(kubectl: &Kubectl) {
    let line = |password: &str| {
        let script = format!("PGPASSWORD={password} psql -h postgres-0.postgres -U appuser -At myapp -c 'select word from words'");
        kubectl.try_run(&["exec", "postgres-1", "--", "sh", "-c", &script])
    };
    let printed = line("secretpassword");
    assert!(printed.ok && printed.out.trim() == "of 0", "{printed:?}");
    let refused = line("another");
    assert!(!refused.ok && refused.err.contains("password authentication failed"), "{refused:?}");
}

#[test]
fn keys_of_redis_outlive_its_pods() {
    // STO-7, STO-8
    let test = "keys_of_redis_outlive_its_pods";
    let Some(programs) = have(test, Needs::Containers) else { return };
    let Some(archive) = archive(test, "redis") else { return };
    let cluster = Cluster::start(&[]);
    imported(&cluster, &archive);
    let kubectl = cluster.kubectl(&programs[0]);
    let cli = |line: &[&str]| kubectl.run(&[&["exec", "redis-0", "--", "redis-cli"], line].concat()).trim().to_owned();
    kubectl.apply(REDIS_SET, cluster.dir.path());
    rolled_out(&kubectl, "statefulset/redis");
    assert_eq!(cli(&["set", "key", "kept"]), "OK");
    kill_processes(&uid(&kubectl, "redis-0"), "redis-server");
    restarted(&kubectl, "redis-0", 0);
    assert_eq!(cli(&["get", "key"]), "kept");
    kubectl.made_anew(&["redis-0"]);
    rolled_out(&kubectl, "statefulset/redis");
    assert_eq!(cli(&["get", "key"]), "kept");
}
