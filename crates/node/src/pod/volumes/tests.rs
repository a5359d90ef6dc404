//! What becomes of a pod's volumes, as data.

use super::content::{Inputs, Wanted, wanted};
use super::mounts::{mounts, shown};
use super::source::{ImageSource, Source, absent, referenced, source, used};
use crate::pod::steps::NodeFacts;
use crate::runtime::Propagation;
use std::path::Path;
use std::sync::Arc;
use stead_api::{Value, json};
use stead_client::resource::{CONFIG_MAPS, SECRETS};
use stead_volumes::host_path::Kind;
use stead_volumes::{Content, Payload, Volume};

fn node() -> NodeFacts {
    NodeFacts { allocatable: json!({"memory": "1Gi", "cpu": "2"}), ..NodeFacts::default() }
}

/// A pod of one container that mounts the volume `v` at `/v`.
fn pod(volume: Value) -> Value {
    let mut volume = volume;
    volume["name"] = "v".into();
    json!({"metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"a": "1"}}, "spec": {"volumes": [volume],
        "containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}})
}

fn inputs() -> Inputs {
    let config_map = json!({"data": {"a": "one", "b": "two"}, "binaryData": {"bin": "AAEC"}});
    let secret = json!({"data": {"pass": "cA=="}});
    let objects = [((CONFIG_MAPS, "cm".to_owned()), Some(Arc::new(config_map))), ((SECRETS, "sec".to_owned()), Some(Arc::new(secret)))];
    Inputs { objects: objects.into(), ..Inputs::default() }
}

fn volume(pod: &Value) -> Result<Volume, String> {
    match wanted(pod, &pod["spec"]["volumes"][0], &node(), &inputs()).map_err(|failure| failure.error)? {
        Wanted::Store(volume) => Ok(volume),
        other => panic!("not in the store: {other:?}"),
    }
}

fn files(pod: &Value) -> Vec<(String, String, u32)> {
    let Content::Files { payload, .. } = volume(pod).unwrap().content else { panic!("no files") };
    listed(&payload)
}

fn listed(payload: &Payload) -> Vec<(String, String, u32)> {
    payload.iter().map(|(path, file)| (path.to_owned(), String::from_utf8_lossy(&file.content).into_owned(), file.mode)).collect()
}

fn file(path: &str, content: &str, mode: u32) -> (String, String, u32) {
    (path.to_owned(), content.to_owned(), mode)
}

#[test]
fn keys_become_files_with_their_modes() {
    // VOL-8
    let all = pod(json!({"configMap": {"name": "cm"}}));
    assert_eq!(files(&all), [file("a", "one", 0o644), file("b", "two", 0o644), file("bin", "\0\u{1}\u{2}", 0o644)]);
    let some = pod(
        json!({"configMap": {"name": "cm", "defaultMode": 0o640, "items": [{"key": "a", "path": "x/y"}, {"key": "b", "path": "z", "mode": 0o400}]}}),
    );
    assert_eq!(files(&some), [file("x/y", "one", 0o640), file("z", "two", 0o400)]);
    assert_eq!(files(&pod(json!({"secret": {"secretName": "sec"}}))), [file("pass", "p", 0o644)]);
}

#[test]
fn what_is_missing_is_said_unless_it_may_be() {
    // VOL-7
    let error = |volume_source: Value| volume(&pod(volume_source)).unwrap_err();
    assert_eq!(error(json!({"configMap": {"name": "none"}})), "configmap \"none\" not found");
    assert_eq!(error(json!({"secret": {"secretName": "none"}})), "secret \"none\" not found");
    let item = json!([{"key": "k", "path": "x"}]);
    assert_eq!(error(json!({"configMap": {"name": "cm", "items": item}})), "configmap references non-existent config key: k");
    assert_eq!(error(json!({"secret": {"secretName": "sec", "items": item}})), "references non-existent secret key: k");
    assert_eq!(
        error(json!({"projected": {"sources": [{"configMap": {"name": "x"}}, {"secret": {"name": "y"}}]}})),
        "[configmap \"x\" not found, secret \"y\" not found]"
    );
    assert_eq!(files(&pod(json!({"configMap": {"name": "none", "optional": true}}))), []);
    assert_eq!(files(&pod(json!({"configMap": {"name": "cm", "optional": true, "items": item}}))), []);
}

#[test]
fn projections_share_a_directory() {
    // VOL-10
    let projected = pod(json!({"projected": {"defaultMode": 0o440, "sources": [
        {"configMap": {"name": "cm", "items": [{"key": "a", "path": "cm/a"}]}},
        {"secret": {"name": "sec", "items": [{"key": "pass", "path": "pass", "mode": 0o400}]}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}}));
    assert_eq!(files(&projected), [file("cm/a", "one", 0o440), file("name", "p", 0o440), file("pass", "p", 0o400)]);
}

#[test]
fn tokens_are_private_where_one_user_or_group_reads_them() {
    // VOL-12
    let mut pod = pod(json!({"projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}}));
    let token = |pod: &Value| {
        let mut inputs = inputs();
        inputs.tokens.insert((String::new(), 3607), Ok("t".to_owned()));
        let Ok(Wanted::Store(volume)) = wanted(pod, &pod["spec"]["volumes"][0], &node(), &inputs) else { panic!("no volume") };
        let Content::Files { payload, memory_bytes: Some(_) } = volume.content else { panic!("not in memory") };
        let (_, file) = payload.iter().next().unwrap();
        (file.mode, file.owner, volume.group.map(|group| group.gid))
    };
    assert_eq!(token(&pod), (0o644, None, None));
    pod["spec"]["securityContext"] = json!({"fsGroup": 3000});
    assert_eq!(token(&pod), (0o600, None, Some(3000)));
    pod["spec"]["securityContext"] = json!({"runAsUser": 1000});
    assert_eq!(token(&pod), (0o600, Some(1000), None));
    pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "d", "securityContext": {"runAsUser": 2000}}));
    assert_eq!(token(&pod), (0o644, None, None));
}

#[test]
fn memory_is_what_volume_pod_and_node_allow() {
    // VOL-3
    let size = |pod: &Value| match volume(pod).unwrap().content {
        Content::Memory { size_bytes } => size_bytes,
        other => panic!("{other:?}"),
    };
    let mut pod = pod(json!({"emptyDir": {"medium": "Memory"}}));
    assert_eq!(size(&pod), 1 << 30);
    pod["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "64Mi"}});
    assert_eq!(size(&pod), 64 << 20);
    pod["spec"]["volumes"][0]["emptyDir"]["sizeLimit"] = "8Mi".into();
    assert_eq!(size(&pod), 8 << 20);
}

#[test]
fn a_host_path_is_checked_and_never_given_to_a_group() {
    // VOL-4, SEC-5
    let mut pod = pod(json!({"hostPath": {"path": "/x", "type": "Socket"}}));
    pod["spec"]["securityContext"] = json!({"fsGroup": 3000});
    let found = wanted(&pod, &pod["spec"]["volumes"][0], &node(), &inputs()).unwrap();
    assert_eq!(found, Wanted::HostPath("/x".into(), Kind::Socket));
}

#[test]
fn only_what_a_container_uses_is_set_up() {
    let mut pod = pod(json!({"configMap": {"name": "cm"}}));
    assert_eq!((used(&pod).len(), referenced(&pod)), (1, vec![(CONFIG_MAPS, "cm".to_owned())]));
    pod["spec"]["containers"][0]["volumeMounts"] = json!([]);
    assert_eq!((used(&pod).len(), referenced(&pod)), (0, vec![]));
}

#[test]
fn kinds_that_are_not_there_are_named() {
    // VOL-20
    assert_eq!(absent(&json!({"name": "v", "iscsi": {}})), Some("volume \"v\" of type iscsi".to_owned()));
    let projected = json!({"name": "v", "projected": {"sources": [{"clusterTrustBundle": {}}]}});
    assert_eq!(absent(&projected), Some("volume \"v\" with the source clusterTrustBundle".to_owned()));
    for kind in ["emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected", "persistentVolumeClaim", "ephemeral"] {
        assert_eq!(absent(&json!({"name": "v", kind: {}})), None);
    }
}

fn planned(pod: &Value) -> Result<Vec<(String, String, bool)>, String> {
    let variables = [("POD".to_owned(), "p-0".to_owned())];
    let planned = mounts(pod, &pod["spec"]["containers"][0], Path::new("/pods"), &variables)?;
    let one = |mount: crate::runtime::Mount| (mount.source.display().to_string(), mount.destination, mount.read_only);
    Ok(planned.into_iter().map(|planned| one(planned.mount)).collect())
}

#[test]
fn mounts_come_parents_first_and_files_read_only() {
    // OCI-4, VOL-16
    let mut pod = pod(json!({"emptyDir": {}}));
    pod["spec"]["volumes"].as_array_mut().unwrap().push(json!({"name": "w", "configMap": {"name": "cm"}}));
    pod["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "w", "mountPath": "/v/in"}, {"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "r", "readOnly": true}]);
    let (disk, files) = ("/pods/u/volumes/kubernetes.io~empty-dir/v", "/pods/u/volumes/kubernetes.io~configmap/w");
    let mount = |source: &str, place: &str, read_only| (source.to_owned(), place.to_owned(), read_only);
    assert_eq!(planned(&pod).unwrap(), [mount(disk, "/v", false), mount(disk, "/r", true), mount(files, "/v/in", true)]);
    // A mount inside a volume needs a directory there.
    assert_eq!(volume(&pod).unwrap().mount_points, ["in"]);
    let both = json!({"name": "v", "mountPath": "/r", "readOnly": true, "recursiveReadOnly": "Disabled"});
    let shown = shown(&json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/r", "readOnly": true}]}));
    assert_eq!(shown, [json!({"name": "v", "mountPath": "/v"}), both]);
}

#[test]
fn a_mount_says_how_it_is_shared_and_what_is_read_only_below_it() {
    // OCI-9, OCI-10
    let mut pod = pod(json!({"emptyDir": {}}));
    pod["spec"]["containers"][0]["volumeMounts"] = json!([
        {"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional", "recursiveReadOnly": "Enabled"},
        {"name": "v", "mountPath": "/b", "mountPropagation": "HostToContainer"},
        {"name": "v", "mountPath": "/c", "readOnly": true, "recursiveReadOnly": "IfPossible"},
    ]);
    let mounts = mounts(&pod, &pod["spec"]["containers"][0], Path::new("/pods"), &[]).unwrap();
    let found: Vec<_> = mounts.iter().map(|planned| (planned.mount.propagation, planned.mount.recursive_read_only)).collect();
    assert_eq!(found, [(Propagation::Bidirectional, false), (Propagation::HostToContainer, false), (Propagation::None, true)]);
    assert_eq!(shown(&pod["spec"]["containers"][0])[2]["recursiveReadOnly"], "Enabled");
}

#[test]
fn paths_in_volumes_are_bound_first() {
    // VOL-14, VOL-15
    let mut pod = pod(json!({"emptyDir": {}}));
    let mut with = |mount: Value| {
        pod["spec"]["containers"][0]["volumeMounts"] = json!([mount]);
        planned(&pod)
    };
    let bound = with(json!({"name": "v", "mountPath": "/v", "subPathExpr": "data/$(POD)"})).unwrap();
    assert_eq!(bound[0].0, "/pods/u/volume-subpaths/v/c/0");
    assert_eq!(with(json!({"name": "v", "mountPath": "/v", "subPathExpr": "$(NONE)"})).unwrap_err(), "missing value for NONE");
    with(json!({"name": "v", "mountPath": "/v", "subPath": "/etc"})).unwrap_err();
    with(json!({"name": "v", "mountPath": "/v", "subPath": "a/../../x"})).unwrap_err();
}

#[test]
fn an_image_is_mounted_by_itself_and_read_only() {
    // VOL-19
    let pod = pod(json!({"image": {"reference": "i:1", "pullPolicy": "Never"}}));
    let declared = &pod["spec"]["volumes"][0];
    assert_eq!(source(declared), Source::Image(ImageSource { reference: "i:1", pull_policy: "Never" }));
    assert_eq!((wanted(&pod, declared, &node(), &inputs()), absent(declared)), (Ok(Wanted::Nothing), None));
    assert_eq!(planned(&pod).unwrap(), [("/pods/u/volumes/kubernetes.io~image/v".to_owned(), "/v".to_owned(), true)]);
}

#[test]
fn a_kind_without_a_plugin_anywhere_fails_as_a_volume() {
    // VOL-20
    let glusterfs = pod(json!({"glusterfs": {"endpoints": "e", "path": "p"}}));
    assert_eq!(volume(&glusterfs).unwrap_err(), "no volume plugin matched");
    assert_eq!(absent(&glusterfs["spec"]["volumes"][0]), None);
    let nfs = pod(json!({"nfs": {"server": "s", "path": "/p"}}));
    assert_eq!(absent(&nfs["spec"]["volumes"][0]).as_deref(), Some("volume \"v\" of type nfs"));
}
