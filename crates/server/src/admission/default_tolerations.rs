//! DefaultTolerationSeconds (M10): a pod stays five minutes on a node that is not ready or not reachable.

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const SECONDS: i64 = 300;
const TAINTS: &[&str] = &["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[derive(Debug)]
pub(super) struct DefaultTolerationSeconds;

impl Plugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_about("Pod") && matches!(attributes.operation, Operation::Create | Operation::Update { part: Part::Main, .. })
    }

    fn mutate<'a>(&'a self, _attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        add(object);
        ready(Ok(()))
    }
}

fn add(pod: &mut Value) {
    for taint in TAINTS {
        if pod["spec"].items("tolerations").iter().any(|toleration| tolerates(toleration, taint)) {
            continue;
        }
        let toleration = json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS});
        let Some(spec) = pod["spec"].as_object_mut() else { return };
        match spec.entry("tolerations").or_insert_with(|| json!([])) {
            Value::Array(tolerations) => tolerations.push(toleration),
            other => *other = json!([toleration]),
        }
    }
}

/// Whether a toleration speaks of that taint's eviction, or of every key's.
fn tolerates(toleration: &Value, taint: &str) -> bool {
    matches!(toleration.str("key"), "") | (toleration.str("key") == taint) && matches!(toleration.str("effect"), "" | "NoExecute")
}
