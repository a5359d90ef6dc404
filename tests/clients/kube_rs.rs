//! What programs do with kube-rs: typed objects, a watch, patches in each way, the status beside the rest, exec, logs.

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{AttachParams, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::{Value, from_value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SPACE: &str = "kube-rs";
const LINES: &str = "first\nsecond\n";

pub async fn does_what_programs_do(kubeconfig: &Path) {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig can be read");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.expect("it says where the server is");
    let client = Client::try_from(config).expect("a client can be made");
    let spaces: Api<Namespace> = Api::all(client.clone());
    spaces.create(&PostParams::default(), &object(json!({"metadata": {"name": SPACE}}))).await.expect("a namespace");
    let pods: Api<Pod> = Api::namespaced(client.clone(), SPACE);
    follows_a_pod_until_it_is_ready(&pods).await;
    patches_in_every_way(&Api::namespaced(client, SPACE)).await;
    writes_a_status_and_nothing_else(&pods).await;
    runs_programs(&pods).await;
    reads_logs(&pods).await;
    spaces.delete(SPACE, &DeleteParams::default()).await.expect("the namespace can be deleted");
}

fn object<T: serde::de::DeserializeOwned>(value: Value) -> T {
    from_value(value).expect("it is of its type")
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

async fn follows_a_pod_until_it_is_ready(pods: &Api<Pod>) {
    let begun = pods.list(&ListParams::default()).await.expect("a list");
    assert!(begun.items.is_empty());
    let container = json!({"name": "c", "image": "localhost/stead:1", "command": ["sh", "-c", "echo first; echo second; sleep 100000"]});
    let pod =
        json!({"metadata": {"name": "p", "labels": {"app": "p"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}});
    pods.create(&PostParams::default(), &object(pod)).await.expect("a pod");
    let version = begun.metadata.resource_version.expect("lists have a version");
    let params = WatchParams::default().labels("app=p").timeout(240);
    let mut events = pods.watch(&params, &version).await.expect("a watch").boxed();
    let (mut kinds, mut ready) = (Vec::new(), false);
    while !ready && let Some(event) = events.try_next().await.expect("the watch goes on") {
        match event {
            WatchEvent::Added(pod) => kinds.push(("added", pod.name_any())),
            WatchEvent::Modified(pod) => ready = is_ready(&pod),
            WatchEvent::Bookmark(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(ready, "the watch ended before the pod was ready");
    assert_eq!(kinds, [("added", "p".to_owned())]);
}

async fn patches_in_every_way(maps: &Api<ConfigMap>) {
    let made = json!({"metadata": {"name": "m"}, "data": {"a": "1", "b": "2"}});
    maps.create(&PostParams::default(), &object(made)).await.expect("a ConfigMap");
    let none = PatchParams::default();
    let merged = maps.patch("m", &none, &Patch::Merge(json!({"data": {"a": null, "c": "3"}}))).await.expect("a merge patch");
    assert_eq!(data(&merged), [("b", "2"), ("c", "3")]);
    let patch = Patch::Strategic(json!({"data": {"d": "4"}}));
    let merged = maps.patch("m", &none, &patch).await.expect("a strategic patch");
    assert_eq!(data(&merged), [("b", "2"), ("c", "3"), ("d", "4")]);
    let steps = json!([{"op": "test", "path": "/data/b", "value": "2"}, {"op": "remove", "path": "/data/b"}]);
    let stepwise = Patch::Json::<()>(object(steps));
    let patched = maps.patch("m", &none, &stepwise).await.expect("a JSON patch");
    assert_eq!(data(&patched), [("c", "3"), ("d", "4")]);
    let untrue = maps.patch("m", &none, &stepwise).await;
    assert!(matches!(&untrue, Err(kube::Error::Api(status)) if status.code == 422), "{untrue:?}");
    let whole =
        |value: &str| Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"e": value}}));
    let applied = maps.patch("m", &PatchParams::apply("kube-rs"), &whole("5")).await.expect("an apply");
    assert_eq!(data(&applied), [("c", "3"), ("d", "4"), ("e", "5")]);
    let taken = maps.patch("m", &PatchParams::apply("another"), &whole("6")).await;
    assert!(matches!(&taken, Err(kube::Error::Api(status)) if status.code == 409), "{taken:?}");
    let forced = maps.patch("m", &PatchParams::apply("another").force(), &whole("6")).await.expect("an apply by force");
    assert_eq!(forced.data.as_ref().and_then(|data| data.get("e")).map(String::as_str), Some("6"));
}

/// What a program says of a pod in a condition of its own: it is kept beside the node's, and no other way leads there.
async fn writes_a_status_and_nothing_else(pods: &Api<Pod>) {
    const OWN: &str = "example.com/checked";
    let patch = json!({"spec": {"activeDeadlineSeconds": 1}, "status": {"conditions": [{"type": OWN, "status": "True"}]}});
    let own = |pod: &Pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.into_iter().flatten().find(|condition| condition.type_ == OWN).map(|condition| condition.status.clone())
    };
    let none = PatchParams::default();
    let beside = json!({"status": {"conditions": [{"type": OWN, "status": "True"}]}});
    let patched = pods.patch("p", &none, &Patch::Strategic(beside)).await.expect("a patch of all but the status");
    assert_eq!(own(&patched), None);
    let patched = pods.patch_status("p", &none, &Patch::Strategic(patch)).await.expect("a patch of the status");
    assert_eq!((own(&patched).as_deref(), is_ready(&patched)), (Some("True"), true));
    let mut read = pods.get_status("p").await.expect("a status");
    assert_eq!(own(&read).as_deref(), Some("True"));
    assert_eq!(read.spec.as_ref().and_then(|spec| spec.active_deadline_seconds), None);
    // Of that version, and then of one that is older than what is there.
    let conditions = read.status.as_mut().and_then(|status| status.conditions.as_mut()).expect("it has conditions");
    conditions.retain(|condition| condition.type_ != OWN);
    let replaced = pods.replace_status("p", &PostParams::default(), &read).await.expect("another status");
    assert_eq!((own(&replaced), is_ready(&replaced)), (None, true));
    let late = pods.replace_status("p", &PostParams::default(), &read).await;
    assert!(matches!(&late, Err(kube::Error::Api(status)) if status.code == 409), "{late:?}");
}

fn data(map: &ConfigMap) -> Vec<(&str, &str)> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    map.data.as_ref().unwrap_or(&NONE).iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

async fn runs_programs(pods: &Api<Pod>) {
    let mut said = pods.exec("p", ["sh", "-c", "echo out; exit 3"], &AttachParams::default()).await.expect("an exec");
    let (mut out, status) = (said.stdout().expect("it is asked for"), said.take_status().expect("it is there once"));
    let mut text = String::new();
    out.read_to_string(&mut text).await.expect("the output is text");
    assert_eq!(text, "out\n");
    assert_eq!(status.await.expect("a status").reason.as_deref(), Some("NonZeroExitCode"));
    said.join().await.expect("the connection ends well");

    let params = AttachParams::default().stdin(true).stderr(false);
    let mut typed = pods.exec("p", ["head", "-n", "1"], &params).await.expect("an exec");
    let (mut input, mut out) = (typed.stdin().expect("it is asked for"), typed.stdout().expect("it is asked for"));
    input.write_all(b"typed\n").await.expect("it is typed");
    let mut text = String::new();
    out.read_to_string(&mut text).await.expect("the output is text");
    assert_eq!(text, "typed\n");
}

async fn reads_logs(pods: &Api<Pod>) {
    let follow = LogParams { follow: true, ..LogParams::default() };
    let lines = pods.log_stream("p", &follow).await.expect("a log").lines();
    let seen: Vec<String> = lines.take(2).try_collect().await.expect("its lines");
    assert_eq!(seen, ["first", "second"]);
    assert_eq!(pods.logs("p", &LogParams::default()).await.expect("a log"), LINES);
    let last = LogParams { tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs("p", &last).await.expect("a log"), "second\n");
}
