//! What a pod may ask for that this version does not do. Such a pod is not run: half of what was asked for would be worse.

use super::fields::{CONTAINER, LIFECYCLE, POD_SECURITY_CONTEXT, POD_SPEC, RESOURCES, SECURITY_CONTEXT};
use super::volumes::source::absent;
use stead_api::Value;
use stead_api::value::Access;

/// The first thing asked for that is absent, in words for a status; `None` if the pod can be run whole.
pub fn unsupported(pod: &Value, container: &Value) -> Option<String> {
    let spec = &pod["spec"];
    let asked = mounted_volume(spec, container)
        .or_else(|| CONTAINER.refusal(container))
        .or_else(|| LIFECYCLE.refusal(&container["lifecycle"]).map(|hook| format!("lifecycle.{hook}")))
        .or_else(|| RESOURCES.refusal(&container["resources"]))
        .or_else(|| RESOURCES.refusal(&spec["resources"]))
        .or_else(|| POD_SPEC.refusal(spec))
        .or_else(|| POD_SECURITY_CONTEXT.refusal(&spec["securityContext"]).map(in_security_context))
        .or_else(|| SECURITY_CONTEXT.refusal(&container["securityContext"]).map(in_security_context));
    asked.map(|asked| format!("{asked} is not supported by this version"))
}

fn in_security_context(asked: String) -> String {
    if asked.starts_with("securityContext.") { asked } else { format!("securityContext.{asked}") }
}

fn mounted_volume(spec: &Value, container: &Value) -> Option<String> {
    let mut mounted = spec.items("volumes").iter().filter(|volume| mounted(container, volume.str("name")));
    mounted.find_map(absent)
}

fn mounted(container: &Value, volume: &str) -> bool {
    let mounts = container.items("volumeMounts").iter().chain(container.items("volumeDevices"));
    mounts.into_iter().any(|m| m.str("name") == volume)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn check(spec: Value) -> Option<String> {
        let pod = json!({ "spec": spec });
        unsupported(&pod, &pod["spec"]["containers"][0])
    }

    #[test]
    fn an_ordinary_pod_with_its_token_volume_runs() {
        let spec = json!({"volumes": [{"name": "kube-api-access-abcde", "projected": {"sources": [{"serviceAccountToken": {}}]}}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "kube-api-access-abcde"}], "resources": {"limits": {"cpu": "1"}}}]});
        assert_eq!(check(spec), None);
    }

    #[test]
    fn defaults_and_what_asks_for_nothing_are_not_refused() {
        let spec = json!({
            "hostPID": false, "hostUsers": false, "os": {"name": "linux"}, "securityContext": {"seccompProfile": {"type": "Unconfined"}},
            "topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}],
            "hostNetwork": true, "overhead": {}, "runtimeClassName": null,
            "containers": [{"name": "c", "tty": false, "ports": [{"containerPort": 80, "hostPort": 80}], "lifecycle": {},
                "resources": {"requests": {"ephemeral-storage": "1Gi"}}}],
        });
        assert_eq!(check(spec), None);
        assert_eq!(check(json!({"containers": [{"name": "c"}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]})), None);
    }

    #[test]
    fn what_is_absent_is_named() {
        let with = |member: &str, value: Value| {
            let mut spec = json!({"containers": [{"name": "c"}]});
            spec[member] = value;
            spec
        };
        let container = |container: Value| json!({"containers": [container]});
        let cases = [
            (json!({"volumes": [{"name": "v", "nfs": {}}], "containers": [{"volumeMounts": [{"name": "v"}]}]}), "volume \"v\" of type nfs"),
            (container(json!({"lifecycle": {"stopSignal": "SIGINT"}})), "lifecycle.stopSignal"),
            (container(json!({"resources": {"limits": {"cpu": "1", "example.com/gpu": "1"}}})), "resources.limits of example.com/gpu"),
            (with("os", json!({"name": "windows"})), "os: windows"),
        ];
        for (spec, what) in cases {
            assert_eq!(check(spec), Some(format!("{what} is not supported by this version")));
        }
    }

    #[test]
    fn a_volume_that_no_one_mounts_does_no_harm() {
        assert_eq!(check(json!({"volumes": [{"name": "v", "nfs": {}}], "containers": [{"name": "c"}]})), None);
    }
}
