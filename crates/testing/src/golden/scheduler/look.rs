//! What a look shows of pods, claims and the scheduler's events. Pure. Input: objects. Output: what is compared of them.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An event by what counts once: reason, and kind, namespace, name and uid of what it is about.
pub type Told = [String; 5];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

pub fn awaits_its_first_attempt(pod: &Value) -> bool {
    text(&pod["spec"]["nodeName"]).is_empty()
        && pod["spec"]["schedulerName"] == "default-scheduler"
        && pod["metadata"].get("deletionTimestamp").is_none()
        && condition(pod, "PodScheduled").is_none()
}

/// Pods and claims, as much as the step's `view` wants.
pub fn look(ns: &str, pods: &[Value], claims: &[Value], step: &Value) -> Map<String, Value> {
    let key = |object: &Value| {
        let (space, name) = (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
        if space == ns { name.to_owned() } else { format!("{space}/{name}") }
    };
    let mut out = Map::new();
    let per_node = || {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for pod in pods {
            let node = pod["spec"]["nodeName"].as_str().unwrap_or("-");
            *counts.entry(node.to_owned()).or_default() += 1;
        }
        counts
    };
    let shown = match step["view"].as_str() {
        Some("counts") => json!(per_node()),
        Some(_) => {
            let mut shape: Vec<usize> = per_node().into_values().collect();
            shape.sort_unstable();
            json!(shape)
        }
        None => pods.iter().map(|pod| (key(pod), show(pod))).collect::<Map<String, Value>>().into(),
    };
    out.insert("pods".to_owned(), shown);
    if !claims.is_empty() {
        let claim = |claim: &Value| {
            let selected = &claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"];
            let shown = json!({"phase": claim["status"]["phase"], "volume": claim["spec"]["volumeName"], "selected": selected});
            (key(claim), shown)
        };
        out.insert("claims".to_owned(), claims.iter().map(claim).collect::<Map<String, Value>>().into());
    }
    out
}

fn show(pod: &Value) -> Value {
    let mut shown = Map::from_iter([("node".to_owned(), pod["spec"]["nodeName"].clone())]);
    let some = |condition: &Value| -> Map<String, Value> {
        let known = |name: &&str| Some(((*name).to_owned(), condition.get(*name)?.clone()));
        ["status", "reason", "message"].iter().filter_map(known).collect()
    };
    if let Some(scheduled) = condition(pod, "PodScheduled")
        && !(scheduled["status"] == "True" && shown["node"].is_string())
    {
        let mut scheduled = some(scheduled);
        if let Some(message) = scheduled.get_mut("message") {
            *message = without_accident(text(message)).into();
        }
        shown.insert("scheduled".to_owned(), scheduled.into());
    }
    if let Some(node) = pod["status"]["nominatedNodeName"].as_str().filter(|node| !node.is_empty()) {
        shown.insert("nominated".to_owned(), node.into());
    }
    if pod["metadata"].get("deletionTimestamp").is_some() {
        shown.insert("deleting".to_owned(), pod["metadata"]["deletionGracePeriodSeconds"].clone());
    }
    if let Some(disrupted) = condition(pod, "DisruptionTarget") {
        shown.insert("disrupted".to_owned(), some(disrupted).into());
    }
    shown.into()
}

/// The scheduler's first event of each reason about each object that was not told before, and how it is shown.
pub fn first_of_each(events: &[Value], told: &BTreeSet<Told>) -> Vec<(Told, Value)> {
    let time = |event: &Value| {
        let times = [&event["eventTime"], &event["firstTimestamp"], &event["metadata"]["creationTimestamp"]];
        let time = times.into_iter().find_map(|time| time.as_str()).unwrap_or_default();
        (time.to_owned(), text(&event["metadata"]["name"]).to_owned())
    };
    let mut events: Vec<&Value> = events.iter().filter(|event| reporter(event) == "default-scheduler").collect();
    events.sort_by_cached_key(|event| time(event));
    let (mut seen, mut out) = (told.clone(), Vec::new());
    for event in events {
        let about = &event["involvedObject"];
        let parts = [&event["reason"], &about["kind"], &about["namespace"], &about["name"], &about["uid"]];
        let id = parts.map(|part| text(part).to_owned());
        if seen.insert(id.clone()) {
            let place = format!("{}/{}", id[1], id[3]);
            out.push((id, json!([event["type"], event["reason"], place, without_accident(text(&event["message"]))])));
        }
    }
    out
}

fn reporter(event: &Value) -> &str {
    match text(&event["reportingComponent"]) {
        "" => text(&event["source"]["component"]),
        reporter => reporter,
    }
}

/// A message about a pod that was rejected before any node was looked at, without what is said there of preemption: upstream's accident.
fn without_accident(message: &str) -> &str {
    let Some((head, reason)) = message.split_once(" nodes are available: ") else { return message };
    let counted = reason.split_once(' ').is_some_and(|(count, _)| count.bytes().all(|b| b.is_ascii_digit()));
    if counted || !head.starts_with("0/") {
        return message;
    }
    let ends = message.match_indices('.').map(|(at, _)| at + 1);
    let is_accident = |at: &usize| message[*at..] == *" not found" || message[*at..].starts_with(" preemption: ");
    ends.into_iter().find(is_accident).map_or(message, |at| &message[..at])
}
