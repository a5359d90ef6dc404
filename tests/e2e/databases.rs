//! Databases on claims, really: PostgreSQL and Redis of `cargo xtask images`, whose rows outlive whatever happens to pods, server and set.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};

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

/// The archive of an image, or `None` after saying aloud that the test is left out.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
fn archive(test: &str, name: &str) -> Option<PathBuf> {
    let archive = std::env::var_os("STEAD_TEST_IMAGES").map(|dir| PathBuf::from(dir).join(name));
    if archive.is_none() {
        stead_testing::left_out(test, "no images of databases: `cargo xtask images` makes them where apt has postgresql-15");
    }
    archive
}

fn imported(cluster: &Cluster, archive: &Path) {
    let line = ["image", "import", "--data-dir", &cluster.data_dir().to_string_lossy(), &archive.to_string_lossy()].map(str::to_owned);
    let (ok, said) = Cluster::verb(&line.each_ref().map(String::as_str));
    assert!(ok, "{said}");
}

fn rolled_out(kubectl: &Kubectl, set: &str) {
    kubectl.run(&["rollout", "status", set, "--timeout=180s"]);
}

fn sql(kubectl: &Kubectl, ordinal: u32, line: &str) -> String {
    kubectl.run(&["exec", &format!("postgres-{ordinal}"), "--", "psql", "-U", "appuser", "-At", "myapp", "-c", line]).trim().to_owned()
}

/// Every ordinal has its own rows, and nothing else.
fn rows_are_there(kubectl: &Kubectl, when: &str) {
    for ordinal in 0..2 {
        assert_eq!(sql(kubectl, ordinal, "select word from words"), format!("of {ordinal}"), "{when}");
    }
}

fn restarts(kubectl: &Kubectl, pod: &str) -> u32 {
    let count = kubectl.run(&["get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"]);
    count.parse().expect("a number")
}

fn uid(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.run(&["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"])
}

/// Kills every process of that name in a pod's containers, as the kernel does where memory is short.
fn kill_processes(uid: &str, program: &str) {
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let read = |name: &str| String::from_utf8_lossy(&std::fs::read(entry.path().join(name)).unwrap_or_default()).into_owned();
        if read("cgroup").contains(uid) && read("comm").trim() == program {
            // It may have gone with its parent.
            killed += usize::from(kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok());
        }
    }
    assert!(killed > 0, "{program} runs in the pod {uid}");
}

fn restarted(kubectl: &Kubectl, pod: &str, before: u32) {
    let count = "jsonpath={.status.containerStatuses[0].restartCount}{\"\\n\"}";
    kubectl.watch_until(&["get", "pod", pod, "-w", "-o", count], |lines| {
        lines.iter().any(|line| line.parse::<u32>().is_ok_and(|count| count != before))
    });
    kubectl.run(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=120s"]);
}

#[test]
fn rows_of_postgresql_outlive_pods_servers_and_sets() {
    // STO-7, STO-8, STO-11, ORD-5
    let test = "rows_of_postgresql_outlive_pods_servers_and_sets";
    let Some(programs) = have(test, Needs::Containers) else { return };
    let Some(archive) = archive(test, "postgres.tar") else { return };
    let mut cluster = Cluster::start(&[]);
    imported(&cluster, &archive);
    let kubectl = cluster.kubectl(&programs[0]);
    let dir = cluster.dir.path().to_owned();
    kubectl.apply(POSTGRES, &dir);
    kubectl.apply(POSTGRES_SET, &dir);
    rolled_out(&kubectl, "statefulset/postgres");
    (0..2).for_each(|ordinal| drop(sql(&kubectl, ordinal, &format!("insert into words values ('of {ordinal}')"))));
    over_the_network(&kubectl);
    kubectl.run(&["delete", "pod", "postgres-0"]);
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
    let Some(archive) = archive(test, "redis.tar") else { return };
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
    kubectl.run(&["delete", "pod", "redis-0"]);
    rolled_out(&kubectl, "statefulset/redis");
    assert_eq!(cli(&["get", "key"]), "kept");
}
