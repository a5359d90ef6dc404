//! What a pod that is not ready waits for, from its own status, in a word and in words. Pure.

use super::fields::condition;
use stead_api::Value;
use stead_api::value::Access;

pub const DELETED: &str = "Terminating";
pub const UNSCHEDULED: &str = "Unscheduled";
pub const NOT_STARTED: &str = "NotStarted";
pub const NOT_READY: &str = "NotReady";

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wait {
    pub reason: String,
    pub message: String,
}

impl Wait {
    fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), message: message.into() }
    }
}

/// What one pod waits for, in words.
pub fn waits_for(pod: &Value) -> String {
    of_pod(pod).message
}

/// What one pod waits for.
pub fn of_pod(pod: &Value) -> Wait {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    if !pod["metadata"].str("deletionTimestamp").is_empty() {
        return Wait::new(DELETED, "it is being deleted");
    }
    if spec.str("nodeName").is_empty() && status.str("phase") != "Failed" {
        let scheduled = condition(pod, "PodScheduled").map(|c| c.str("message")).filter(|m| !m.is_empty());
        return Wait::new(UNSCHEDULED, format!("it has no node yet: {}", scheduled.unwrap_or("the scheduler has not looked at it")));
    }
    let containers = status.items("initContainerStatuses").iter().chain(status.items("containerStatuses"));
    let mut waits = containers.filter_map(|container| {
        let wait = container_waits_for(container)?;
        Some(Wait { message: format!("container {}: {}", container.str("name"), wait.message), ..wait })
    });
    if let Some(wait) = waits.next() {
        // What is only not ready yet says less than what has failed.
        let other = if wait.reason == NOT_READY { waits.find(|other| other.reason != NOT_READY) } else { None };
        return other.unwrap_or(wait);
    }
    match (status.str("reason"), status.str("message")) {
        ("", "") if status.items("containerStatuses").is_empty() => Wait::new(NOT_STARTED, "the node has not started it yet"),
        ("", "") => Wait::new(NOT_READY, unready_gates(pod).unwrap_or_else(|| format!("it is {}", status.str("phase")))),
        (reason, message) => Wait::new(reason, joined(reason, message)),
    }
}

/// What the pod's own condition says of gates that nobody has opened.
fn unready_gates(pod: &Value) -> Option<String> {
    let message = condition(pod, "Ready")?.str("message");
    (!message.is_empty()).then(|| message.to_owned())
}

/// `None` for a container that has done what it should.
fn container_waits_for(container: &Value) -> Option<Wait> {
    let state = &container["state"];
    if let Some(waiting) = state.get("waiting") {
        let text = joined(waiting.str("reason"), waiting.str("message"));
        let text = match container["lastState"].get("terminated") {
            Some(ended) if waiting.str("reason") == "CrashLoopBackOff" => format!("{}; {text}", ended_in_words(ended)),
            _ => text,
        };
        return Some(Wait::new(waiting.str("reason"), text));
    }
    if let Some(ended) = state.get("terminated") {
        let reason = if ended.str("reason").is_empty() { "Error" } else { ended.str("reason") };
        return (ended.int("exitCode") != Some(0)).then(|| Wait::new(reason, ended_in_words(ended)));
    }
    let is_init_done = container.flag("ready");
    (!is_init_done).then(|| match container.get("started") {
        Some(Value::Bool(false)) => Wait::new(NOT_READY, "runs and has not passed its startup probe"),
        _ => Wait::new(NOT_READY, "runs and is not ready"),
    })
}

fn ended_in_words(ended: &Value) -> String {
    let why = joined(ended.str("reason"), ended.str("message"));
    let code = ended.int("exitCode").unwrap_or_default();
    if why.is_empty() { format!("ended with {code}") } else { format!("ended with {code}, {why}") }
}

pub fn joined(reason: &str, message: &str) -> String {
    match (reason, message) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn every_kind_of_wait_has_words() {
        let on_node = |status: Value| json!({"spec": {"nodeName": "n"}, "status": status});
        let container = |state: Value| on_node(json!({"containerStatuses": [{"name": "c", "state": state, "ready": false}]}));
        let unscheduled = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]}});
        for (pod, reason, said) in [
            (unscheduled, UNSCHEDULED, "it has no node yet: 0/1 nodes"),
            (on_node(json!({"phase": "Pending"})), NOT_STARTED, "the node has not started it yet"),
            (
                container(json!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}})),
                "ErrImagePull",
                "container c: ErrImagePull: no such image",
            ),
            (container(json!({"terminated": {"exitCode": 3, "reason": "Error"}})), "Error", "container c: ended with 3, Error"),
            (container(json!({"running": {}})), NOT_READY, "container c: runs and is not ready"),
            (json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), DELETED, "it is being deleted"),
            (on_node(json!({"reason": "Evicted", "message": "disk", "phase": "Failed"})), "Evicted", "Evicted: disk"),
        ] {
            assert_eq!(of_pod(&pod), Wait::new(reason, said), "{pod}");
        }
    }

    #[test]
    fn a_crash_says_how_it_ended_and_trouble_comes_before_patience() {
        let crash = json!({"name": "b", "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
            "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}});
        let slow = json!({"name": "a", "ready": false, "started": false, "state": {"running": {}}});
        let pod = json!({"spec": {"nodeName": "n"}, "status": {"containerStatuses": [slow, crash]}});
        let wanted = Wait::new("CrashLoopBackOff", "container b: ended with 3, Error; CrashLoopBackOff: back-off 10s");
        assert_eq!(of_pod(&pod), wanted);
        let pod = json!({"spec": {"nodeName": "n"}, "status": {"containerStatuses": [slow]}});
        assert_eq!(waits_for(&pod), "container a: runs and has not passed its startup probe");
    }
}
