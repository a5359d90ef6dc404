//! The volumes of a pod against a real server: what they refer to is followed, and what changes there changes in the files. As files on
//! disk, so that it needs no privilege.

use bytes::Bytes;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_node::following::{any_changed, following};
use stead_node::node::{Clock, Node, Shared};
use stead_node::pod::volumes::{Stage, VolumeFailure, VolumesUp};
use stead_node::simulated::Simulated;
use stead_node::volumes::{PodVolumes, Volumes};
use stead_testing::http::Client;
use stead_volumes::Store;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const LONG: Duration = Duration::from_secs(30);

async fn send(client: &Client, method: &str, path: &str, body: Value) {
    let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let headers = [("Content-Type".to_owned(), Some(content_type.to_owned()))];
    let body = (!body.is_null()).then(|| Bytes::from(body.to_string()));
    let answer = client.call(method, path, body, &headers).await.expect("an answer");
    assert!(answer.code < 300, "{method} {path}: {}", answer.code);
}

/// A node's volumes and one pod `u` of it, which mounts the ConfigMap `cm`.
struct Bench {
    dir: tempfile::TempDir,
    client: Client,
    node: Node<Simulated>,
    pod: Arc<Value>,
    volumes: PodVolumes,
    following: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn new() -> Self {
        let (dir, client) = (tempfile::tempdir().expect("a directory"), Client::fresh(7).await.expect("the server starts"));
        let api = stead_client::Client::new(client.kube(stead_server::SIMULATED_NODES), "kubelet");
        let (following, follower) = following(api.clone());
        let store = Arc::new(Store::open(dir.path()).expect("a store"));
        let pod = json!({"metadata": {"name": "p", "namespace": "default", "uid": "u"}, "spec": {
            "volumes": [{"name": "v", "configMap": {"name": "cm"}}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}});
        let volumes = Volumes { store, following, disks: None };
        let clock: Clock = Arc::new(Timestamp::default);
        let (events, _) = tokio::sync::mpsc::channel(1);
        let runtime = Simulated::new(clock.clone(), []);
        let shared = Shared { api, runtime, volumes: Some(volumes.clone()), clock, began: tokio::time::Instant::now(), events };
        let node = Node::new(&shared, &stead_node::host::machine("n", dir.path(), "test://1", "v1.37.2"));
        let volumes = PodVolumes::new(Some(volumes), &pod);
        let following = tokio::spawn(follower.run());
        Self { dir, client, node, pod: Arc::new(pod), volumes, following }
    }

    async fn set_up(&self) -> Result<VolumesUp, Vec<VolumeFailure>> {
        self.volumes.set_up(&self.node, &self.pod, Timestamp::default()).await
    }

    fn file(&self, name: &str) -> Option<String> {
        let path: PathBuf = self.dir.path().join("u/volumes/kubernetes.io~configmap/v").join(name);
        std::fs::read_to_string(path).ok()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.following.abort();
    }
}

#[tokio::test]
async fn files_follow_their_config_map() {
    // VOL-1, VOL-9
    let bench = Bench::new().await;
    let mut followed = bench.volumes.followed();
    let failures = bench.set_up().await.unwrap_err();
    assert_eq!(failures, [VolumeFailure::of("v", Stage::SetUp, "configmap \"cm\" not found")]);
    tokio::time::timeout(Duration::ZERO, any_changed(&mut followed)).await.unwrap_err();
    send(&bench.client, "POST", CONFIG_MAPS, json!({"metadata": {"name": "cm"}, "data": {"k": "one"}})).await;
    send(&bench.client, "POST", CONFIG_MAPS, json!({"metadata": {"name": "other"}})).await;
    tokio::time::timeout(LONG, any_changed(&mut followed)).await.expect("it is told that the object came");
    bench.set_up().await.unwrap();
    assert_eq!(bench.file("k").as_deref(), Some("one"));
    send(&bench.client, "PATCH", &format!("{CONFIG_MAPS}/cm"), json!({"data": {"k": "two", "l": "new"}})).await;
    tokio::time::timeout(LONG, any_changed(&mut followed)).await.expect("it is told of the change");
    bench.set_up().await.unwrap();
    assert_eq!((bench.file("k").as_deref(), bench.file("l").as_deref()), (Some("two"), Some("new")));
    send(&bench.client, "DELETE", &format!("{CONFIG_MAPS}/cm"), Value::Null).await;
    tokio::time::timeout(LONG, any_changed(&mut followed)).await.expect("it is told of the end");
    bench.set_up().await.unwrap_err();
    assert_eq!(bench.file("k").as_deref(), Some("two"), "what runs keeps what it had");
    bench.volumes.tear_down(&bench.pod).await.unwrap();
    assert_eq!(bench.file("k"), None);
    bench.volumes.remove(&bench.pod).await.unwrap();
    assert!(!bench.dir.path().join("u").exists());
}

#[tokio::test]
async fn an_immutable_config_map_is_read_once() {
    // VOL-9
    let bench = Bench::new().await;
    send(&bench.client, "POST", CONFIG_MAPS, json!({"metadata": {"name": "cm"}, "data": {"k": "one"}, "immutable": true})).await;
    bench.set_up().await.unwrap();
    let mut followed = bench.volumes.followed();
    send(&bench.client, "DELETE", &format!("{CONFIG_MAPS}/cm"), Value::Null).await;
    tokio::time::timeout(Duration::from_millis(200), any_changed(&mut followed)).await.unwrap_err();
    bench.set_up().await.unwrap();
    assert_eq!(bench.file("k").as_deref(), Some("one"));
}
