//! What a pod may ask for that this version does not do. Such a pod is not run: half of what was asked for would be worse.

use stead_api::Value;
use stead_api::value::Access;

/// The first thing asked for that is absent, in words for a status; `None` if the pod can be run whole.
///
/// The volume of the service account's token is left out of a container rather than refused: admission adds it to every pod.
pub fn unsupported(pod: &Value, container: &Value) -> Option<String> {
    let absent = |what: &str| Some(format!("{what} is not supported by this version"));
    let spec = &pod["spec"];
    if let Some(volume) = spec.items("volumes").iter().find(|v| !token_volume(v) && mounted(container, v.str("name"))) {
        let kind = volume.as_object().and_then(|v| v.keys().find(|k| *k != "name").cloned()).unwrap_or_default();
        return absent(&format!("volume {:?} of type {kind}", volume.str("name")));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container.has(probe) {
            return absent(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if container["lifecycle"].has(hook) {
            return absent(&format!("lifecycle.{hook}"));
        }
    }
    for (flag, value) in
        [("tty", container.flag("tty")), ("hostPID", spec.flag("hostPID")), ("shareProcessNamespace", spec.flag("shareProcessNamespace"))]
    {
        if value {
            return absent(flag);
        }
    }
    if spec.get("hostUsers") == Some(&Value::Bool(false)) {
        return absent("hostUsers: false");
    }
    security(&spec["securityContext"]).or_else(|| security(&container["securityContext"]))
}

fn security(context: &Value) -> Option<String> {
    let absent = |what: &str| Some(format!("securityContext.{what} is not supported by this version"));
    let profile = &context["seccompProfile"];
    if profile.is_object() && profile.str("type") != "Unconfined" {
        return absent(&format!("seccompProfile {}", profile.str("type")));
    }
    for field in ["seLinuxOptions", "windowsOptions", "sysctls"] {
        if context.has(field) {
            return absent(field);
        }
    }
    if context["appArmorProfile"].str("type") == "Localhost" {
        return absent("appArmorProfile Localhost");
    }
    (context.str("procMount") == "Unmasked").then(|| absent("procMount Unmasked")).flatten()
}

fn mounted(container: &Value, volume: &str) -> bool {
    let mounts = container.items("volumeMounts").iter().chain(container.items("volumeDevices"));
    mounts.into_iter().any(|m| m.str("name") == volume)
}

/// The projected volume that the ServiceAccount admission adds.
fn token_volume(volume: &Value) -> bool {
    volume.str("name").starts_with("kube-api-access-") && volume["projected"].items("sources").iter().any(|s| s.has("serviceAccountToken"))
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
    fn what_is_absent_is_named() {
        let cases = [
            (
                json!({"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"volumeMounts": [{"name": "v"}]}]}),
                "volume \"v\" of type emptyDir",
            ),
            (json!({"containers": [{"readinessProbe": {}}]}), "readinessProbe"),
            (json!({"containers": [{"lifecycle": {"preStop": {}}}]}), "lifecycle.preStop"),
            (json!({"containers": [{"tty": true}]}), "tty"),
            (
                json!({"containers": [{"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}]}),
                "securityContext.seccompProfile RuntimeDefault",
            ),
        ];
        for (spec, what) in cases {
            assert_eq!(check(spec), Some(format!("{what} is not supported by this version")));
        }
    }

    #[test]
    fn a_volume_that_no_one_mounts_does_no_harm() {
        assert_eq!(check(json!({"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "c"}]})), None);
    }
}
