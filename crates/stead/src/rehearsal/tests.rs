//! Whole plans of the tutorial's manifests, as they are printed.

use super::*;
use crate::cli::plan::text::lines;
use crate::manifests::{Depth, Source, read};
use crate::server;

fn documents(text: &str) -> Vec<Document> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read(&[Source::Path(file.path().to_owned())], Depth::Directory).unwrap()
}

fn node() -> stead_node::registration::Machine {
    stead_node::registration::Machine {
        name: "box".to_owned(),
        cpus: 4,
        memory_bytes: 8 << 30,
        storage_bytes: 100 << 30,
        pods_max: 110,
        pod_ranges: vec!["10.42.0.0/24".to_owned()],
        architecture: "amd64".to_owned(),
        ..Default::default()
    }
}

fn scene(objects: Vec<Value>) -> Scene {
    Scene {
        objects,
        namespace: "default".to_owned(),
        now: Timestamp::from_seconds(1_800_000_000),
        images: None,
        machine: node(),
        first_objects: vec![server::standard_class()],
    }
}

/// What `stead plan` prints, without warnings.
fn planned(scene: Scene, text: &str) -> String {
    let mut documents = documents(text);
    documents.iter_mut().for_each(|document| document.file = "web.yaml".into());
    let outcome = play(scene, &documents).unwrap();
    let lines: Vec<String> = lines(&outcome).into_iter().filter(|line| !line.starts_with("    warning: ")).collect();
    lines.join("\n") + "\n"
}

/// The objects of a new cluster in which these manifests were applied and all has come to rest.
fn after(text: &str) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::begin(scene(Vec::new())).await.unwrap();
        world.apply(&documents(text), "default").await.unwrap();
        assert!(world.play_out(QUIET).await.unwrap());
        let mut objects = Vec::new();
        for kind in stead_server::copied_kinds() {
            let path = stead_client::paths::collection(&kind.api_version(), kind.plural, "");
            for mut object in apply::list(&world.server, &path).await.unwrap() {
                object["apiVersion"] = kind.api_version().into();
                object["kind"] = kind.kind.into();
                objects.push(object);
            }
        }
        objects
    })
}

/// Compares with a file beside this one.
fn is_as_written(name: &str, printed: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rehearsal/plans").join(name);
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(printed == written, "{} is not what is printed:\n<<<{name}\n{printed}>>>", file.display());
}

const WEB: &str = "apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  ports: [{port: 80, name: web}]
  clusterIP: None
  selector: {app: nginx}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: nginx:1.25
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
";

#[test]
fn a_new_set_comes_up_in_order() {
    let images = Some(["docker.io/library/redis:7.2".to_owned()].into());
    is_as_written("new.txt", &planned(Scene { images, ..scene(Vec::new()) }, WEB));
}

#[test]
fn what_is_there_already_changes_nothing() {
    let outcome = play(scene(after(WEB)), &documents(WEB)).unwrap();
    assert_eq!((outcome.changes(), lines(&outcome).last().unwrap().as_str()), (false, "Nothing would change."));
}

#[test]
fn scaling_goes_up_and_down_in_order() {
    let cluster = after(WEB);
    is_as_written("up.txt", &planned(scene(cluster.clone()), &WEB.replace("replicas: 2", "replicas: 3")));
    is_as_written("down.txt", &planned(scene(cluster), &WEB.replace("replicas: 2", "replicas: 0")));
}

#[test]
fn a_rolling_update_goes_from_the_highest_down() {
    let new = WEB.replace("nginx:1.25", "nginx:1.26");
    let cluster = after(WEB);
    is_as_written("rolling.txt", &planned(scene(cluster.clone()), &new));
    let part = |strategy: &str| new.replace("  replicas: 2\n", &format!("  replicas: 2\n  updateStrategy: {strategy}\n"));
    is_as_written("partition.txt", &planned(scene(cluster.clone()), &part("{type: RollingUpdate, rollingUpdate: {partition: 1}}")));
    // As with `kubectl apply`: what the API had filled in stands in the way.
    is_as_written("to-on-delete.txt", &planned(scene(cluster), &part("{type: OnDelete}")));
    let on_delete = part("{type: OnDelete}");
    is_as_written("on-delete.txt", &planned(scene(after(&on_delete)), &on_delete.replace("nginx:1.26", "nginx:1.27")));
}

#[test]
fn a_parallel_set_comes_up_at_once() {
    let parallel = WEB.replace("  replicas: 2\n", "  replicas: 3\n  podManagementPolicy: Parallel\n");
    is_as_written("parallel.txt", &planned(scene(Vec::new()), &parallel));
}

#[test]
fn what_the_api_refuses_is_told_and_the_rest_goes_on() {
    is_as_written("refused.txt", &planned(scene(Vec::new()), &WEB.replace("replicas: 2", "replicas: -1")));
    let unknown = WEB.replace("serviceName: nginx", "servicename: nginx");
    is_as_written("unknown-field.txt", &planned(scene(Vec::new()), &unknown));
}

#[test]
fn a_name_that_no_path_leads_to_is_refused() {
    let refused = |name: &str, why: &str| {
        let documents = documents(&WEB.replace("{name: nginx}", &format!("{{name: '{name}'}}")));
        let outcome = play(scene(Vec::new()), &documents).unwrap();
        let why = format!("metadata.name: Invalid value: {name:?}: {why}");
        assert_eq!((&outcome.applied[0].change, &outcome.applied[1].change), (&Change::Refused(why), &Change::Created), "{name}");
    };
    refused("a/b", "may not contain '/'");
    refused("..", "may not be '..'");
    refused("%", "may not contain '%'");
}

#[test]
fn what_is_missing_stops_the_first_ordinal() {
    let env = "        env: [{name: P, valueFrom: {secretKeyRef: {name: web-secret, key: password}}}]\n";
    let secret = WEB.replace("        image: nginx:1.25\n", &format!("        image: nginx:1.25\n{env}"));
    is_as_written("no-secret.txt", &planned(scene(Vec::new()), &secret));
    let class = WEB.replace("      accessModes", "      storageClassName: fast-ssd\n      accessModes");
    is_as_written("no-class.txt", &planned(scene(Vec::new()), &class));
    let volume = WEB.replace("      containers:\n", "      volumes: [{name: c, configMap: {name: web-config}}]\n      containers:\n");
    let volume = volume.replace("volumeMounts: [", "volumeMounts: [{name: c, mountPath: /c}, ");
    is_as_written("no-config-map.txt", &planned(scene(Vec::new()), &volume));
}

#[test]
fn what_does_not_fit_is_told_by_the_scheduler_and_by_the_quota() {
    let large = WEB.replace("        image: nginx:1.25\n", "        image: nginx:1.25\n        resources: {requests: {cpu: 3}}\n");
    is_as_written("no-room.txt", &planned(scene(Vec::new()), &large));
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few}\nspec: {hard: {pods: 1}}\n---\n";
    is_as_written("quota.txt", &planned(scene(after(quota)), WEB));
}
