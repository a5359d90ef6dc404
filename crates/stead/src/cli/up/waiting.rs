//! What pods that are not ready wait for, in words. Pure.

use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::value::Access;

/// Whether the pod's condition says so.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|c| c.str("status") == "True")
}

/// A line for each pod that is not ready, and the newest warning about it. If all are ready and some are missing, what holds them back.
pub fn unready(pods: &BTreeMap<String, Value>, replicas: usize, warnings: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, pod) in pods.iter().filter(|(_, pod)| !is_ready(pod)) {
        lines.push(match warning(warnings, name).filter(|_| !has_own_words(pod)) {
            Some(text) => format!("{name}: {} ({text})", waits_for(pod)),
            None => format!("{name}: {}", waits_for(pod)),
        });
    }
    if lines.is_empty() && pods.len() < replicas {
        let why = warning(warnings, super::manifest::NAME).unwrap_or_else(|| "the controller has not made the others yet".to_owned());
        lines.push(format!("{} of {replicas} pods are there: {why}", pods.len()));
    }
    lines
}

/// Whether the status says more than a warning would.
fn has_own_words(pod: &Value) -> bool {
    let status = &pod["status"];
    let containers = status.items("initContainerStatuses").iter().chain(status.items("containerStatuses"));
    let mut waiting = containers.filter_map(|container| container["state"].get("waiting"));
    waiting.any(|waiting| !waiting.str("message").is_empty()) || !status.str("message").is_empty()
}

/// What one pod waits for.
pub fn waits_for(pod: &Value) -> String {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    if !pod["metadata"].str("deletionTimestamp").is_empty() {
        return "it is being deleted".to_owned();
    }
    if spec.str("nodeName").is_empty() {
        let scheduled = condition(pod, "PodScheduled").map(|c| c.str("message")).filter(|m| !m.is_empty());
        return format!("it has no node yet: {}", scheduled.unwrap_or("the scheduler has not looked at it"));
    }
    for container in status.items("initContainerStatuses").iter().chain(status.items("containerStatuses")) {
        if let Some(text) = container_waits_for(container) {
            return format!("container {}: {text}", container.str("name"));
        }
    }
    match (status.str("reason"), status.str("message")) {
        ("", "") if status.items("containerStatuses").is_empty() => "the node has not started it yet".to_owned(),
        ("", "") => format!("it is {}", status.str("phase")),
        (reason, message) => joined(reason, message),
    }
}

/// `None` for a container that has done what it should.
fn container_waits_for(container: &Value) -> Option<String> {
    let state = &container["state"];
    if let Some(waiting) = state.get("waiting") {
        return Some(joined(waiting.str("reason"), waiting.str("message")));
    }
    if let Some(ended) = state.get("terminated") {
        let code = ended.int("exitCode").unwrap_or_default();
        return (code != 0).then(|| format!("ended with {code}, {}", joined(ended.str("reason"), ended.str("message"))));
    }
    (!container.flag("ready")).then(|| "runs and is not ready".to_owned())
}

fn joined(reason: &str, message: &str) -> String {
    match (reason, message) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod["status"].items("conditions").iter().find(|c| c.str("type") == kind)
}

/// The newest warning about the object of that name.
fn warning(warnings: &[Value], name: &str) -> Option<String> {
    let of_it = warnings.iter().filter(|event| event["involvedObject"].str("name") == name);
    of_it.max_by_key(|event| event.str("lastTimestamp")).map(|event| joined(event.str("reason"), event.str("message")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn readiness_is_the_condition() {
        assert!(is_ready(&json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})));
        assert!(!is_ready(&json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}})));
        assert!(!is_ready(&json!({})));
    }

    #[test]
    fn every_kind_of_wait_has_words() {
        let on_node = |status: Value| json!({"spec": {"nodeName": "n"}, "status": status});
        let container = |state: Value| on_node(json!({"containerStatuses": [{"name": "c", "state": state, "ready": false}]}));
        let unscheduled = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]}});
        for (pod, said) in [
            (unscheduled, "it has no node yet: 0/1 nodes"),
            (on_node(json!({"phase": "Pending"})), "the node has not started it yet"),
            (
                container(json!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}})),
                "container c: ErrImagePull: no such image",
            ),
            (container(json!({"terminated": {"exitCode": 3, "reason": "Error"}})), "container c: ended with 3, Error"),
            (container(json!({"running": {}})), "container c: runs and is not ready"),
            (json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), "it is being deleted"),
            (on_node(json!({"reason": "Evicted", "message": "disk", "phase": "Failed"})), "Evicted: disk"),
        ] {
            assert_eq!(waits_for(&pod), said, "{pod}");
        }
    }

    #[test]
    fn the_newest_warning_is_added() {
        let event = |name: &str, at: &str, message: &str| json!({"involvedObject": {"name": name}, "lastTimestamp": at, "reason": "Failed", "message": message});
        let warnings = [event("web-0", "2", "new"), event("web-0", "1", "old"), event("web", "1", "quota")];
        let pods = BTreeMap::from([("web-0".to_owned(), json!({"spec": {"nodeName": "n"}}))]);
        assert_eq!(unready(&pods, 3, &warnings), ["web-0: the node has not started it yet (Failed: new)"]);
        let waiting = json!([{"name": "c", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}]);
        let pods = BTreeMap::from([("web-0".to_owned(), json!({"spec": {"nodeName": "n"}, "status": {"containerStatuses": waiting}}))]);
        assert_eq!(unready(&pods, 3, &warnings), ["web-0: container c: ErrImagePull: no such image"]);
        assert_eq!(unready(&BTreeMap::new(), 3, &warnings), ["0 of 3 pods are there: Failed: quota"]);
    }
}
