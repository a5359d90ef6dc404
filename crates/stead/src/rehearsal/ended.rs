//! What does not come about in a played world, and why: in the words of the scheduler, the node and the controllers.

use super::apply::{Applied, list};
use super::observer::{Observer, is_ready};
use std::collections::BTreeSet;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::paths::collection;
use stead_client::resource::{EVENTS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};
use stead_client::{Key, Resource};
use stead_server::Server;

/// Something that waits for ever, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    pub why: String,
}

/// Everything that is stuck in the namespaces of what was applied.
pub async fn stuck(server: &Server, observer: &Observer, applied: &[Applied]) -> anyhow::Result<Vec<Stuck>> {
    let namespaces: BTreeSet<&str> = applied.iter().map(|applied| applied.namespace.as_str()).filter(|name| !name.is_empty()).collect();
    let mut stuck = Vec::new();
    for namespace in namespaces {
        let all = async |resource: Resource| list(server, &collection(resource.api_version, resource.plural, namespace)).await;
        let events = all(EVENTS).await?;
        let pods = all(PODS).await?;
        let mut add = |kind, object: &Value, why: String| {
            let name = object["metadata"].str("name").to_owned();
            stuck.push(Stuck { kind, namespace: namespace.to_owned(), name, why });
        };
        for set in all(STATEFUL_SETS).await? {
            if let Some(why) = of_set(&set, &pods, &events, observer) {
                add("StatefulSet", &set, why);
            }
        }
        for claim in all(PERSISTENT_VOLUME_CLAIMS).await? {
            if claim["status"].str("phase") != "Bound" {
                let why = said(&events, &claim).unwrap_or_else(|| "no volume is bound to it".to_owned());
                add("PersistentVolumeClaim", &claim, why);
            }
        }
        for pod in pods.iter().filter(|pod| !is_ready(pod) && pod["status"].str("phase") != "Succeeded") {
            add("Pod", pod, of_pod(pod, &events));
        }
    }
    Ok(stuck)
}

/// What the set's own plan waits for, or why it makes no pods.
fn of_set(set: &Value, pods: &[Value], events: &[Value], observer: &Observer) -> Option<String> {
    let replicas = set["spec"].int("replicas").unwrap_or(1);
    let status = &set["status"];
    let is_updated = status.str("currentRevision") == status.str("updateRevision") || is_held(set);
    if status.int("readyReplicas").unwrap_or(0) >= replicas && status.int("replicas").unwrap_or(0) == replicas && is_updated {
        return None;
    }
    let uid = set["metadata"].str("uid");
    let own = pods.iter().filter(|pod| pod["metadata"].items("ownerReferences").iter().any(|owner| owner.str("uid") == uid)).count();
    let waits = observer.waits_of(&Key::new(set["metadata"].str("namespace"), set["metadata"].str("name")));
    let failed = said(events, set).filter(|_| i64::try_from(own).is_ok_and(|own| own < replicas));
    let why = failed.unwrap_or_else(|| waits.join("; "));
    let why = if why.is_empty() { "its pods are not all ready".to_owned() } else { why };
    Some(format!("{} of {replicas} pods are ready: {why}", status.int("readyReplicas").unwrap_or(0)))
}

/// Whether the set's user holds its update back.
fn is_held(set: &Value) -> bool {
    let strategy = &set["spec"]["updateStrategy"];
    strategy.str("type") == "OnDelete" || strategy["rollingUpdate"].int("partition").unwrap_or(0) > 0
}

fn of_pod(pod: &Value, events: &[Value]) -> String {
    let status = &pod["status"];
    let conditions = status.items("conditions");
    if let Some(unscheduled) = conditions.iter().find(|c| c.str("type") == "PodScheduled" && c.str("status") == "False") {
        return unscheduled.str("message").to_owned();
    }
    if pod["spec"].str("nodeName").is_empty() {
        return "the scheduler has no node for it".to_owned();
    }
    for container in status.items("initContainerStatuses").iter().chain(status.items("containerStatuses")) {
        let waiting = &container["state"]["waiting"];
        if !waiting.str("message").is_empty() {
            return format!("container {}: {}: {}", container.str("name"), waiting.str("reason"), waiting.str("message"));
        }
    }
    said(events, pod).unwrap_or_else(|| "it is not ready".to_owned())
}

/// The newest warning about an object.
fn said(events: &[Value], object: &Value) -> Option<String> {
    let uid = object["metadata"].str("uid");
    let of_it = events.iter().filter(|event| event["involvedObject"].str("uid") == uid && event.str("type") == "Warning");
    of_it.max_by_key(|event| event.str("lastTimestamp")).map(|event| format!("{}: {}", event.str("reason"), event.str("message")))
}
