//! Events that the node records: core/v1, one object per (regarding, reason, message), repeats counted (EVT-1, EVT-4).

use crate::client::{Api, CallError};
use std::collections::{BTreeMap, VecDeque};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};

/// Remembered events, for counting repeats; the oldest is forgotten first.
const REMEMBERED_MAX: usize = 2048;

/// Something worth telling about a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// `Normal` or `Warning`.
    pub ty: &'static str,
    pub reason: &'static str,
    pub message: String,
    /// `spec.containers{c}`, or empty for the pod itself.
    pub field_path: String,
}

/// Remembers what was recorded.
#[derive(Debug, Default)]
pub struct Recorder {
    /// Name, count and first time.
    seen: BTreeMap<String, (String, i64, Timestamp)>,
    order: VecDeque<String>,
    made: u64,
}

/// What to send for one occurrence.
#[derive(Debug, PartialEq)]
pub enum Record {
    Create(Value),
    /// Name and patch of the event that said the same before.
    Repeat {
        namespace: String,
        name: String,
        patch: Value,
        /// The whole event, should that one be gone.
        whole: Value,
    },
}

impl Recorder {
    /// Decides whether an occurrence is new or a repeat.
    pub fn record(&mut self, now: Timestamp, regarding: &Value, occurrence: &Occurrence, node: &str) -> Record {
        let meta = &regarding["metadata"];
        let namespace = match meta.str("namespace") {
            "" => "default",
            namespace => namespace,
        };
        let key = [meta.str("uid"), &occurrence.field_path, occurrence.reason, &occurrence.message].join("\u{0}");
        if let Some((name, count, first)) = self.seen.get_mut(&key) {
            *count += 1;
            let patch = json!({"count": *count, "lastTimestamp": now.rfc3339()});
            let mut whole = event(now, regarding, occurrence, node, namespace, name);
            whole["count"] = (*count).into();
            whole["firstTimestamp"] = first.rfc3339().into();
            return Record::Repeat { namespace: namespace.to_owned(), name: name.clone(), patch, whole };
        }
        self.made += 1;
        let name = format!("{}.{:x}.{:x}", meta.str("name"), now.0, self.made);
        if self.order.len() >= REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.seen.insert(key.clone(), (name.clone(), 1, now));
        self.order.push_back(key);
        Record::Create(event(now, regarding, occurrence, node, namespace, &name))
    }
}

fn event(now: Timestamp, regarding: &Value, occurrence: &Occurrence, node: &str, namespace: &str, name: &str) -> Value {
    let meta = &regarding["metadata"];
    let mut involved = json!({"kind": regarding.str("kind"), "namespace": meta.str("namespace"), "name": meta.str("name"), "uid": meta.str("uid"),
        "apiVersion": regarding.str("apiVersion"), "resourceVersion": meta.str("resourceVersion")});
    if !occurrence.field_path.is_empty() {
        involved["fieldPath"] = occurrence.field_path.as_str().into();
    }
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved, "reason": occurrence.reason, "message": occurrence.message, "type": occurrence.ty,
        "source": {"component": "kubelet", "host": node}, "reportingComponent": "kubelet", "reportingInstance": node,
        "firstTimestamp": now.rfc3339(), "lastTimestamp": now.rfc3339(), "count": 1,
    })
}

/// Sends one record. Events are told on a best-effort basis: a failure is logged and forgotten.
pub async fn send(client: &Api, record: Record) {
    let create = async |event: &Value| {
        let path = format!("/api/v1/namespaces/{}/events", event["metadata"].str("namespace"));
        client.create(&path, event).await
    };
    let sent = match record {
        Record::Create(event) => create(&event).await,
        Record::Repeat { namespace, name, patch, whole } => {
            match client.merge_patch(&format!("/api/v1/namespaces/{namespace}/events/{name}"), &patch).await {
                Err(CallError::Refused { code: 404, .. }) => create(&whole).await,
                other => other,
            }
        }
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "an event was not recorded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrence(message: &str) -> Occurrence {
        Occurrence { ty: "Normal", reason: "Started", message: message.into(), field_path: "spec.containers{c}".into() }
    }

    #[test]
    fn repeats_are_counted() {
        // EVT-4
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "n", "uid": "u"}});
        let mut recorder = Recorder::default();
        let now = Timestamp::from_seconds(1_800_000_000);
        let Record::Create(first) = recorder.record(now, &pod, &occurrence("a"), "node") else { panic!("not new") };
        assert_eq!(first["involvedObject"]["fieldPath"], "spec.containers{c}"); // EVT-1
        assert_eq!(first["source"], json!({"component": "kubelet", "host": "node"}));
        let Record::Repeat { name, patch, whole, .. } = recorder.record(now, &pod, &occurrence("a"), "node") else {
            panic!("not a repeat")
        };
        assert_eq!(first["metadata"]["name"], name);
        assert_eq!(patch["count"], 2);
        // One that was deleted or has expired is made anew, with what it had counted.
        let mut again = first.clone();
        again["count"] = 2.into();
        assert_eq!(whole, again);
        assert!(matches!(recorder.record(now, &pod, &occurrence("b"), "node"), Record::Create(_)));
    }

    #[test]
    fn memory_is_bounded() {
        let pod = json!({"metadata": {"name": "p", "uid": "u"}});
        let mut recorder = Recorder::default();
        for n in 0..REMEMBERED_MAX * 2 {
            recorder.record(Timestamp::default(), &pod, &occurrence(&n.to_string()), "node");
        }
        assert!(recorder.seen.len() <= REMEMBERED_MAX && recorder.order.len() <= REMEMBERED_MAX);
    }
}
