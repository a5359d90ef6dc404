//! The metrics API, `metrics.k8s.io/v1beta1` (STAT-5): what nodes and pods use now, as metrics-server tells it. Nothing of it is stored;
//! whoever knows the numbers registers as its source. Input: a call for one of its two kinds. Output: an answer.

use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::query::ListOptions;
use crate::request::Verb;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_api::kinds::metrics::GROUP;
use stead_api::registry::Kind;
use stead_api::time::{Timestamp, go_duration};
use stead_api::{Status, Value, json};

/// An amount in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    pub cpu_nano_cores: u64,
    pub memory_bytes: u64,
}

/// What one node or pod uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedBy {
    /// Empty for a node.
    pub namespace: String,
    pub name: String,
    /// When it was measured, and over how long.
    pub at: Timestamp,
    pub window: Duration,
    /// Of a pod's containers, by name; of a node one, without a name.
    pub parts: Vec<(String, Used)>,
}

/// Who knows the numbers.
pub trait MetricsSource: std::fmt::Debug + Send + Sync {
    fn nodes(&self) -> Result<Vec<UsedBy>, Status>;
    fn pods(&self) -> Result<Vec<UsedBy>, Status>;
}

/// The source, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Option<Arc<dyn MetricsSource>>>);

impl Metrics {
    pub(crate) fn set(&self, source: Arc<dyn MetricsSource>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    fn used(&self, kind: &Kind) -> Result<Vec<UsedBy>, Status> {
        let source = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let source = source.ok_or_else(|| Status::new(503, "ServiceUnavailable", "there are no metrics yet"))?;
        if kind.namespaced { source.pods() } else { source.nodes() }
    }
}

/// Whether a kind is one of this API.
pub(crate) fn serves(kind: &Kind) -> bool {
    kind.group == GROUP
}

/// GET of an object or a list.
pub(crate) fn serve(core: &Core, call: &Call) -> Result<Answer, Status> {
    let (kind, namespace) = (&call.target.kind, &call.target.namespace);
    let mut all = core.metrics.used(kind)?;
    all.retain(|used| namespace.is_empty() || used.namespace == *namespace);
    all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if call.target.verb == Verb::Get {
        let name = &call.target.name;
        let what = if kind.namespaced { format!("{namespace}/{name}") } else { name.clone() };
        let found = all.iter().find(|used| used.name == *name).and_then(|used| object(core, kind, used).transpose());
        let value = found.unwrap_or_else(|| Err(Status::not_found(kind, &what)))?;
        return Ok(Answer::Document { code: 200, value });
    }
    let options = ListOptions::parse(&call.query, kind)?;
    let mut items = Vec::new();
    for used in &all {
        if let Some(mut item) = object(core, kind, used)?.filter(|item| options.selects_all() || options.selects(kind, item)) {
            for member in ["kind", "apiVersion"] {
                item.as_object_mut().and_then(|item| item.shift_remove(member));
            }
            items.push(item);
        }
    }
    let value = json!({"kind": format!("{}List", kind.kind), "apiVersion": format!("{}/{}", kind.group, kind.version),
        "metadata": {}, "items": items});
    Ok(Answer::Document { code: 200, value })
}

/// As the API shows it, with the labels of the object that it is about; `None` if that is gone.
fn object(core: &Core, kind: &Kind, used: &UsedBy) -> Result<Option<Value>, Status> {
    let Some(about) = core.read(&core.kinds.built_in(kind.plural), &used.namespace, &used.name)? else { return Ok(None) };
    let mut metadata = json!({"name": used.name, "creationTimestamp": core.environment.now().rfc3339()});
    if kind.namespaced {
        metadata["namespace"] = used.namespace.as_str().into();
    }
    if let Some(labels) = about["metadata"].get("labels").filter(|labels| labels.is_object()) {
        metadata["labels"] = labels.clone();
    }
    let mut value = json!({"kind": kind.kind, "apiVersion": format!("{}/{}", kind.group, kind.version), "metadata": metadata,
        "timestamp": used.at.rfc3339(), "window": go_duration(used.window)});
    if kind.namespaced {
        let part = |(name, used): &(String, Used)| json!({"name": name, "usage": usage(*used)});
        value["containers"] = used.parts.iter().map(part).collect::<Vec<_>>().into();
    } else {
        value["usage"] = used.parts.first().map_or_else(|| json!({}), |(_, used)| usage(*used));
    }
    Ok(Some(value))
}

fn usage(used: Used) -> Value {
    let memory =
        if used.memory_bytes.is_multiple_of(1024) { format!("{}Ki", used.memory_bytes / 1024) } else { used.memory_bytes.to_string() };
    json!({"cpu": format!("{}n", used.cpu_nano_cores), "memory": memory})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_windows_have_their_usual_form() {
        // STAT-5
        assert_eq!(usage(Used { cpu_nano_cores: 12_345, memory_bytes: 3 << 20 }), json!({"cpu": "12345n", "memory": "3072Ki"}));
        assert_eq!(usage(Used { cpu_nano_cores: 0, memory_bytes: 1000 }), json!({"cpu": "0n", "memory": "1000"}));
        let text = |ms| go_duration(Duration::from_millis(ms));
        assert_eq!([text(10_005), text(10_000), text(60_000), text(61_500)], ["10.005s", "10s", "1m0s", "1m1.5s"]);
    }
}
