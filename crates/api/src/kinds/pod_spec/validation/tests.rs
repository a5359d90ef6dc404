//! The rules of pod specs, one text each; recorded answers in `tests/golden` prove the rest.

use super::pod;
use crate::{Value, field::Path, json, kinds::pod_spec::defaults};

/// What is wrong with a pod whose spec is that of one good container, changed by `extra`.
fn faults(extra: Value) -> Vec<String> {
    let mut spec = json!({"containers": [{"name": "c", "image": "i:1"}], "serviceAccountName": "default"});
    for (name, value) in extra.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    defaults::spec(&mut spec);
    defaults::pod(&mut spec);
    let metadata = json!({"name": "p"});
    pod(&metadata, &spec, &Path::new("spec")).iter().map(ToString::to_string).collect()
}

fn container_faults(extra: Value) -> Vec<String> {
    let mut container = json!({"name": "c", "image": "i:1"});
    for (name, value) in extra.as_object().into_iter().flatten() {
        container[name] = value.clone();
    }
    let found = faults(json!({"containers": [container]}));
    found.iter().map(|text| text.replace("spec.containers[0].", "")).collect()
}

fn volume_faults(source: Value) -> Vec<String> {
    let mut volume = json!({"name": "v"});
    for (name, value) in source.as_object().into_iter().flatten() {
        volume[name] = value.clone();
    }
    faults(json!({"volumes": [volume]})).iter().map(|text| text.replace("spec.volumes[0].", "")).collect()
}

#[test]
fn a_plain_pod_is_valid() {
    assert_eq!(faults(json!({})), Vec::<String>::new());
}

#[test]
fn volume_drivers() {
    let iscsi = |iqn: &str| volume_faults(json!({"iscsi": {"targetPortal": "10.0.0.1", "iqn": iqn, "lun": 0}}));
    for good in ["iqn.2001-04.com.example:storage.disk1", "eui.02004567A425678D", "naa.52004567BA64678D0000000000000000"] {
        assert!(iscsi(good).is_empty(), "{good}: {:?}", iscsi(good));
    }
    assert_eq!(iscsi("iqn.2001-04.com.example"), ["iscsi.iqn: Invalid value: \"iqn.2001-04.com.example\": must be valid format"]);
    let want = "iscsi.iqn: Invalid value: \"x\": must be valid format starting with iqn, eui, or naa";
    assert_eq!(iscsi("x"), [want]);
    assert_eq!(
        volume_faults(json!({"fc": {"targetWWNs": ["a"], "lun": 300}})),
        ["fc.lun: Invalid value: 300: must be between 0 and 255, inclusive"]
    );
    assert_eq!(volume_faults(json!({"csi": {}})), ["csi.driver: Required value"]);
    assert_eq!(volume_faults(json!({"nfs": {"server": "s", "path": "p"}})), ["nfs.path: Invalid value: \"p\": must be an absolute path"]);
}

#[test]
fn two_sources_in_one_volume() {
    let found = volume_faults(json!({"hostPath": {"path": "/a"}, "downwardAPI": {}}));
    assert_eq!(found, ["downwarAPI: Forbidden: may not specify more than 1 volume type"]);
}

#[test]
fn projected_files_may_not_meet() {
    let keys = |name: &str| json!({"name": name, "items": [{"key": "k", "path": "f"}]});
    let found = volume_faults(json!({"projected": {"sources": [{"configMap": keys("a")}, {"secret": keys("b")}]}}));
    assert_eq!(found, ["projected: Invalid value: \"b\": conflicting duplicate paths"]);
}

#[test]
fn resources() {
    let found = |resources: Value| container_faults(json!({"resources": resources}));
    assert_eq!(
        found(json!({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})),
        ["resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"]
    );
    assert_eq!(
        found(json!({"requests": {"example.com/x": "1"}})),
        ["resources.limits: Required value: Limit must be set for non overcommitable resources"]
    );
    assert_eq!(
        found(json!({"limits": {"example.com/x": "1500m"}, "requests": {"example.com/x": "1500m"}})),
        [
            "resources.limits[example.com/x]: Invalid value: \"1500m\": must be an integer",
            "resources.requests[example.com/x]: Invalid value: \"1500m\": must be an integer",
        ]
    );
    assert_eq!(
        found(json!({"limits": {"hugepages-2Mi": "4Mi"}, "requests": {"hugepages-2Mi": "4Mi"}})),
        ["resources: Forbidden: HugePages require cpu or memory"]
    );
}

#[test]
fn pod_level_resources_hold_all_containers() {
    let asking = json!([{"name": "c", "image": "i:1", "resources": {"requests": {"cpu": "2"}}}]);
    assert_eq!(
        faults(json!({"containers": asking, "resources": {"requests": {"cpu": "1"}}})),
        ["spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests of 2"]
    );
}

#[test]
fn downward_api_fields() {
    let found = |path: &str| container_faults(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}));
    for good in ["metadata.name", "status.hostIPs", "metadata.labels['a/b']", "metadata.annotations['A']"] {
        assert!(found(good).is_empty(), "{good}");
    }
    assert_eq!(
        found("metadata.foo"),
        ["env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.foo\": error converting fieldPath: field label not \
          supported: metadata.foo"]
    );
    assert!(found("metadata.labels")[0].starts_with("env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\""));
}

#[test]
fn sysctls() {
    let found = |name: &str| faults(json!({"hostNetwork": true, "securityContext": {"sysctls": [{"name": name, "value": "1"}]}}));
    assert!(found("kernel.shm_rmid_forced").is_empty());
    assert_eq!(
        found("net/ipv4/tcp_syncookies"),
        ["spec.securityContext.sysctls[0].name: Invalid value: \"net/ipv4/tcp_syncookies\": may not be specified when \
          'hostNetwork' is true"]
    );
    assert!(found("_a")[0].contains("must have at most 253 characters and match regex"));
}

#[test]
fn windows_users() {
    let found = |name: &str| faults(json!({"securityContext": {"windowsOptions": {"runAsUserName": name}}}));
    assert!(found("DOMAIN\\user").is_empty());
    for (name, want) in [
        ("a\\b\\c", "runAsUserName cannot contain more than one backslash"),
        ("DOMAIN\\", "runAsUserName's User cannot be empty"),
        ("..", "runAsUserName's User cannot contain only periods or spaces"),
    ] {
        assert!(found(name)[0].ends_with(want), "{name}: {:?}", found(name));
    }
}

#[test]
fn handlers() {
    let found = |probe: Value| container_faults(json!({"livenessProbe": probe}));
    assert_eq!(found(json!({})), ["livenessProbe: Required value: must specify a handler type"]);
    assert_eq!(
        found(json!({"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}, "successThreshold": 2})),
        [
            "livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
            "livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ]
    );
    let hook = json!({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}});
    assert_eq!(
        container_faults(hook),
        ["lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"]
    );
}

#[test]
fn claims_in_use_are_claims_of_the_pod() {
    let using = json!([{"name": "c", "image": "i:1", "resources": {"claims": [{"name": "a"}, {"name": "b"}]}}]);
    assert_eq!(
        faults(json!({"containers": using, "resourceClaims": [{"name": "a", "resourceClaimName": "x"}]})),
        ["spec.containers[0].resources.claims[1]: Not found: \"b\": must be one of the names in pod.spec.resourceClaims: a"]
    );
}
