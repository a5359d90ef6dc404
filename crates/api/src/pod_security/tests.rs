//! Tests of the pod security standards: upstream's words.

use super::*;
use crate::json;

fn found(standard: Standard, spec: Value) -> String {
    details(&standard.violations(&json!({}), &spec))
}

const BASELINE: Standard = Standard { level: Level::Baseline, version: Version::Latest };
const RESTRICTED: Standard = Standard { level: Level::Restricted, version: Version::Latest };

#[test]
fn baseline_rules_say_who_breaks_them() {
    // M8
    let container = |name: &str, context: Value| json!({"name": name, "securityContext": context});
    for (spec, expected) in [
        (json!({"containers": [{"name": "c"}]}), ""),
        (
            json!({"containers": [container("c", json!({"privileged": true}))]}),
            r#"privileged (container "c" must not set securityContext.privileged=true)"#,
        ),
        (
            json!({"initContainers": [container("a", json!({"privileged": true}))], "containers": [container("b", json!({"privileged": true}))]}),
            r#"privileged (containers "a", "b" must not set securityContext.privileged=true)"#,
        ),
        (
            json!({"hostNetwork": true, "hostIPC": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            r#"host namespaces (hostNetwork=true, hostIPC=true), hostPath volumes (volume "v")"#,
        ),
        (
            json!({"containers": [container("c", json!({"capabilities": {"add": ["NET_RAW", "CHOWN", "BPF"]}}))]}),
            r#"non-default capabilities (container "c" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)"#,
        ),
        (
            json!({"containers": [{"name": "c", "ports": [{"hostPort": 9}, {"hostPort": 80}]}]}),
            r#"hostPort (container "c" uses hostPorts 80, 9)"#,
        ),
        (
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}, "containers": [container("c", json!({"seccompProfile": {"type": "Unconfined"}}))]}),
            r#"seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")"#,
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"type": "x_t", "user": "u"}, "sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}}),
            r#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x_t"; user may not be set), forbidden sysctls (kernel.msgmax)"#,
        ),
        (
            json!({"containers": [{"name": "c", "livenessProbe": {"httpGet": {"host": "1.2.3.4"}}}]}),
            r#"probe or lifecycle host (container "c" uses probe or lifecycle host "1.2.3.4")"#,
        ),
        (
            json!({"containers": [container("c", json!({"procMount": "Unmasked", "appArmorProfile": {"type": "Unconfined"}}))]}),
            r#"forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined"), procMount (container "c" must not set securityContext.procMount to "Unmasked")"#,
        ),
    ] {
        assert_eq!(found(BASELINE, spec), expected);
    }
}

#[test]
fn restricted_asks_for_more_and_replaces_what_it_says_better() {
    let plain = json!({"containers": [{"name": "nginx"}]});
    let expected = r#"allowPrivilegeEscalation != false (container "nginx" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "nginx" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "nginx" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
    assert_eq!(found(RESTRICTED, plain.clone()), expected);
    let old = Standard { level: Level::Restricted, version: Version::Minor(7) };
    assert_eq!(found(old, plain), r#"runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true)"#);
    let good = json!({
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [{"name": "c", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}],
    });
    assert_eq!(found(RESTRICTED, good.clone()), "");
    let mut bad = good;
    bad["volumes"] = json!([{"name": "h", "hostPath": {"path": "/"}}, {"name": "n", "nfs": {}}]);
    bad["securityContext"]["runAsUser"] = 0.into();
    bad["containers"][0]["securityContext"]["capabilities"]["add"] = json!(["CHOWN"]);
    let expected = r#"unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add), restricted volume types (volumes "h", "n" use restricted volume types "hostPath", "nfs"), runAsUser=0 (pod must not set runAsUser=0)"#;
    assert_eq!(found(RESTRICTED, bad), expected);
}

#[test]
fn labels_make_a_policy_or_say_what_is_wrong() {
    let policy = |labels: Value| {
        let (policy, errors) = Policy::of(&labels);
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        (policy.enforce.to_string(), policy.warn.to_string(), errors.join("; "))
    };
    let owned = |enforce: &str, warn: &str, errors: &str| (enforce.to_owned(), warn.to_owned(), errors.to_owned());
    assert_eq!(policy(json!({})), owned("privileged:latest", "privileged:latest", ""));
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30"});
    assert_eq!(policy(labels), owned("baseline:v1.30", "baseline:v1.30", ""));
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"});
    assert_eq!(policy(labels), owned("baseline:latest", "restricted:latest", ""));
    let labels = json!({"pod-security.kubernetes.io/enforce": "none", "pod-security.kubernetes.io/warn-version": "1.2"});
    let errors = r#"metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "none": must be one of privileged, baseline, restricted; metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": must be "latest" or "v1.x""#;
    assert_eq!(policy(labels), owned("restricted:latest", "privileged:latest", errors));
}
