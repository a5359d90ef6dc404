//! Lifecycle hooks: what a handler asks for, and how its failure is put into words (HOOK-3). Pure; the runner performs them.

use super::probes::http_get;
use crate::probe::http::Get;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_api::wire::json::go_quote;

/// What a handler asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// A command in the container, exactly as it is written.
    Exec { command: Vec<String> },
    /// A request to the pod. Whatever it answers is success.
    Get(Get),
    /// Nothing but time.
    Sleep(Duration),
    /// A handler that can be written down and never works, with the reason.
    Unusable(String),
}

/// Why a hook failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFailure {
    pub error: String,
    /// What the command printed.
    pub output: String,
}

impl HookFailure {
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), output: String::new() }
    }

    /// A command that ended with another code than 0.
    pub fn of_command(command: &[String], code: i32, output: &[u8]) -> Self {
        let output = String::from_utf8_lossy(output).into_owned();
        Self { error: format!("command '{}' exited with {code}: ", command.join(" ")), output }
    }
}

/// Whether a container has that hook: `postStart` or `preStop`.
pub fn has_hook(container: &Value, name: &str) -> bool {
    container["lifecycle"].get(name).is_some_and(|handler| !handler.is_null())
}

/// The handler of a container's hook; `address` is the pod's.
pub fn hook(container: &Value, name: &str, address: Option<&str>) -> Option<Hook> {
    let handler = container["lifecycle"].get(name).filter(|handler| !handler.is_null())?;
    Some(if handler.has("exec") {
        let words = handler["exec"].items("command").iter().filter_map(Value::as_str);
        Hook::Exec { command: words.map(str::to_owned).collect() }
    } else if handler.has("httpGet") {
        http_get(&handler["httpGet"], container, address, "kube-lifecycle").map_or_else(Hook::Unusable, Hook::Get)
    } else if handler.has("sleep") {
        let seconds = handler["sleep"].int("seconds").unwrap_or_default();
        Hook::Sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    } else {
        Hook::Unusable("invalid handler: only exec, httpGet and sleep can be used".to_owned())
    })
}

/// The message that a status shows when the hook failed.
pub fn failure_text(pod: &Value, container: &Value, hook: &Hook, failure: &HookFailure) -> String {
    let meta = &pod["metadata"];
    let (name, namespace, uid) = (meta.str("name"), meta.str("namespace"), meta.str("uid"));
    let failed =
        format!("for Container {} in Pod \"{name}_{namespace}({uid})\" failed - error: {}", go_quote(container.str("name")), failure.error);
    match hook {
        Hook::Exec { command } => {
            format!("Exec lifecycle hook ([{}]) {failed}, message: {}", command.join(" "), go_quote(&failure.output))
        }
        Hook::Get(get) => format!("HTTP lifecycle hook ({}) {failed}", get.path),
        Hook::Sleep(time) => format!("Sleep lifecycle hook ({}) {failed}", time.as_secs()),
        Hook::Unusable(_) => format!("Cannot run handler: {}", failure.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_failed_command_is_told_as_users_know_it() {
        // HOOK-2
        let container = json!({"name": "c", "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "echo why; exit 3"]}}}});
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}});
        let hook = hook(&container, "postStart", None).unwrap();
        let Hook::Exec { command } = &hook else { panic!("{hook:?}") };
        let failure = HookFailure::of_command(command, 3, b"why\n");
        let expected = "Exec lifecycle hook ([sh -c echo why; exit 3]) for Container \"c\" in Pod \"p_n(u)\" failed - error: \
            command 'sh -c echo why; exit 3' exited with 3: , message: \"why\\n\"";
        assert_eq!(failure_text(&pod, &container, &hook, &failure), expected);
    }

    #[test]
    fn handlers() {
        // HOOK-3
        let of = |handler: Value| hook(&json!({"name": "c", "lifecycle": {"preStop": handler}}), "preStop", Some("10.0.0.1"));
        assert_eq!(of(json!({"sleep": {"seconds": 5}})), Some(Hook::Sleep(Duration::from_secs(5))));
        let Some(Hook::Get(get)) = of(json!({"httpGet": {"port": 80, "path": "/x"}})) else { panic!("no request") };
        assert_eq!((get.host.as_str(), get.port, get.path.as_str(), get.agent), ("10.0.0.1", 80, "/x", "kube-lifecycle"));
        assert!(matches!(of(json!({"tcpSocket": {"port": 80}})), Some(Hook::Unusable(_))));
        assert_eq!(of(Value::Null), None);
    }
}
