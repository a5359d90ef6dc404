//! What a claim is bound to, and in which words it is not.

use super::super::mounts::{devices, mounts};
use super::super::source::{Source, claim_name, referenced, source};
use super::super::unprocessed;
use super::*;
use std::path::Path;
use stead_api::json;
use stead_client::resource::PERSISTENT_VOLUME_CLAIMS;

/// A pod whose container mounts its volume `data`.
fn pod(volume: Value) -> Value {
    let mut volume = volume;
    volume["name"] = "data".into();
    json!({"metadata": {"name": "p", "namespace": "n", "uid": "pod-uid"}, "spec": {"volumes": [volume],
        "containers": [{"name": "c", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}})
}

fn claiming() -> Value {
    pod(json!({"persistentVolumeClaim": {"claimName": "c"}}))
}

fn claim() -> Value {
    json!({"metadata": {"name": "c", "namespace": "n", "uid": "claim-uid"}, "spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}})
}

fn local() -> Value {
    json!({"metadata": {"name": "pv"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "claimRef": {"uid": "claim-uid"}, "local": {"path": "/mnt/a"}, "volumeMode": "Filesystem",
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}}}})
}

fn bound_on(pod: &Value, claim: Option<&Value>, volume: Option<&Value>, is_selected: bool) -> Result<Bound, VolumeFailure> {
    let declared = &pod["spec"]["volumes"][0];
    let Source::Claim(source) = source(declared) else { panic!("no claim") };
    let name = claim_name(pod, declared, source);
    let wanted = ClaimVolume { pod, volume: declared, source, name: &name };
    let (claim, name) = wanted.persistent_volume(claim)?;
    wanted.bound(claim, (name, volume), |_| is_selected)
}

fn bound(pod: &Value, volume: &Value) -> Result<Bound, VolumeFailure> {
    bound_on(pod, Some(&claim()), Some(volume), true)
}

#[test]
fn a_local_volume_is_bound() {
    // VOL-17
    let found = bound(&claiming(), &local()).unwrap();
    let outside = Outside {
        name: "data".to_owned(),
        kind: CLAIM_KIND,
        source: "/mnt/a".into(),
        shape: Shape::Directory,
        sharing: Sharing::Shared,
        group: None,
    };
    assert_eq!(found, Bound { name: "pv".to_owned(), outside, host_path: None });
}

#[test]
fn what_is_not_bound_both_ways_is_waited_for_in_a_kubelet_s_words() {
    // VOL-1, VOL-17, STO-5, STO-20
    let text = |claim: Option<&Value>, volume: Option<&Value>| {
        let failure = bound_on(&claiming(), claim, volume, true).unwrap_err();
        assert_eq!((failure.stage, failure.message()), (Stage::Process, None));
        failure.error.strip_prefix("error processing PVC n/c: ").unwrap().to_owned()
    };
    let with = |pointer: &str, value: Value| {
        let mut claim = claim();
        *claim.pointer_mut(pointer).unwrap() = value;
        claim
    };
    assert_eq!(text(None, None), "failed to fetch PVC from API server: persistentvolumeclaims \"c\" not found");
    assert_eq!(text(Some(&with("/status/phase", "Pending".into())), None), "PVC is not bound");
    assert_eq!(text(Some(&with("/spec/volumeName", "".into())), None), "PVC has empty pvc.Spec.VolumeName");
    let mut deleted = claim();
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(text(Some(&deleted), None), "PVC is being deleted");
    assert_eq!(text(Some(&claim()), None), "failed to fetch PV pv from API server: persistentvolumes \"pv\" not found");
    let mut free = local();
    free["spec"]["claimRef"] = Value::Null;
    assert!(text(Some(&claim()), Some(&free)).ends_with("indicating it is not yet bound to the claim"));
    free["spec"]["claimRef"] = json!({"uid": "other"});
    assert!(text(Some(&claim()), Some(&free)).ends_with("pv.Spec.ClaimRef.UID other does not point to claim.UID claim-uid"));
    let failure = bound_on(&claiming(), None, None, true).unwrap_err();
    assert_eq!(
        unprocessed(std::slice::from_ref(&failure)).unwrap(),
        format!(
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: {}",
            failure.error
        )
    );
    assert_eq!(unprocessed(&[VolumeFailure::of("v", Stage::SetUp, "x")]), None);
}

#[test]
fn a_volume_of_another_node_or_kind_is_refused() {
    // STO-9
    let failure = bound_on(&claiming(), Some(&claim()), Some(&local()), false).unwrap_err();
    assert_eq!(failure.message().unwrap(), "MountVolume.NodeAffinity check failed for volume \"pv\" : no matching NodeSelectorTerms");
    let mut nfs = local();
    nfs["spec"].as_object_mut().unwrap().shift_remove("local");
    nfs["spec"]["nfs"] = json!({"server": "s", "path": "/p"});
    let message = bound(&claiming(), &nfs).unwrap_err().message().unwrap();
    assert_eq!(message, "MountVolume.SetUp failed for volume \"pv\" : a PersistentVolume of type nfs is not supported by this version");
    let mut options = local();
    options["spec"]["mountOptions"] = json!(["noatime"]);
    assert!(bound(&claiming(), &options).unwrap_err().error.starts_with("mountOptions (noatime)"));
}

#[test]
fn why_it_could_not_be_mounted_names_the_volume() {
    // STO-13
    let found = bound(&claiming(), &local()).unwrap();
    let text = |error: Error| found.failure(&error).message().unwrap();
    assert_eq!(
        text(Error::Missing("/mnt/a".into())),
        "MountVolume.NewMounter initialization failed for volume \"pv\" : path \"/mnt/a\" does not exist"
    );
    assert_eq!(
        text(Error::InUse { source_path: "/mnt/a".into(), owner: "u".to_owned() }),
        "MountVolume.SetUp failed for volume \"pv\" : volume uses the ReadWriteOncePod access mode and is already in use by another pod"
    );
    let mut alone = local();
    alone["spec"]["accessModes"] = json!(["ReadWriteOncePod"]);
    assert_eq!(bound(&claiming(), &alone).unwrap().outside.sharing, Sharing::Alone);
}

#[test]
fn a_group_is_given_a_local_volume_and_no_host_path() {
    // SEC-5, SEC-7
    let mut pod = claiming();
    pod["spec"]["securityContext"] = json!({"fsGroup": 999});
    let group = |pod: &Value, volume: &Value| bound(pod, volume).unwrap().outside.group.map(|group| (group.gid, group.change));
    assert_eq!(group(&pod, &local()), Some((999, Change::Always)));
    let mut ours = local();
    ours["metadata"]["annotations"] = json!({PROVISIONED_BY: "stead.io/local"});
    assert_eq!(group(&pod, &ours), Some((999, Change::OnRootMismatch)));
    pod["spec"]["securityContext"]["fsGroupChangePolicy"] = "Always".into();
    assert_eq!(group(&pod, &ours), Some((999, Change::Always)));
    pod["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = true.into();
    assert_eq!(group(&pod, &ours), None);
    let mut path = local();
    path["spec"].as_object_mut().unwrap().shift_remove("local");
    path["spec"]["hostPath"] = json!({"path": "/x", "type": "DirectoryOrCreate"});
    let found = bound(&self::pod(json!({"persistentVolumeClaim": {"claimName": "c"}})), &path).unwrap();
    assert_eq!((found.host_path, found.outside.shape, found.outside.group), (Some(Kind::DirectoryOrCreate), Shape::Any, None));
}

#[test]
fn a_device_is_a_device_in_the_container() {
    // VOL-16, STO-16
    let mut block = local();
    block["spec"]["volumeMode"] = "Block".into();
    let failure = bound(&claiming(), &block).unwrap_err();
    assert_eq!(failure.error, "volume data has volumeMode Block, but is specified in volumeMounts");
    let mut pod = claiming();
    pod["spec"]["containers"][0] = json!({"name": "c", "volumeDevices": [{"name": "data", "devicePath": "/dev/x"}]});
    assert_eq!(bound(&pod, &block).unwrap().outside.shape, Shape::BlockDevice);
    assert_eq!(bound(&pod, &local()).unwrap_err().error, "volume data has volumeMode Filesystem, but is specified in volumeDevices");
    let found = devices(&pod, &pod["spec"]["containers"][0], Path::new("/pods")).unwrap();
    let place = format!("/pods/pod-uid/volumes/{CLAIM_KIND}/data");
    assert_eq!((found[0].host_path.as_path(), found[0].container_path.as_str()), (Path::new(&place), "/dev/x"));
}

#[test]
fn a_claim_is_mounted_read_only_where_the_pod_says_so() {
    // VOL-16
    let mut pod = claiming();
    let mounted = |pod: &Value| {
        let planned = mounts(pod, &pod["spec"]["containers"][0], Path::new("/pods"), &[]).unwrap();
        (planned[0].mount.source.display().to_string(), planned[0].mount.read_only)
    };
    let place = format!("/pods/pod-uid/volumes/{CLAIM_KIND}/data");
    assert_eq!(mounted(&pod), (place.clone(), false));
    pod["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = true.into();
    assert_eq!(mounted(&pod), (place, true));
}

#[test]
fn a_claim_of_the_pods_own_must_be_the_pods_own() {
    // VOL-18
    let pod = pod(json!({"ephemeral": {"volumeClaimTemplate": {}}}));
    assert_eq!(referenced(&pod), [(PERSISTENT_VOLUME_CLAIMS, "p-data".to_owned())]);
    let failure = bound_on(&pod, Some(&claim()), Some(&local()), true).unwrap_err();
    assert_eq!(failure.error, "PVC n/p-data was not created for pod n/p (pod is not owner)");
    let mut own = claim();
    own["metadata"]["ownerReferences"] = json!([{"uid": "pod-uid", "controller": true}]);
    bound_on(&pod, Some(&own), Some(&local()), true).unwrap();
}
