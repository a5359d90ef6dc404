//! Storage keys. Input: a kind, a namespace, a name. Output: keys and prefixes of the store, and which keys are volatile.

use stead_api::Value;
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_store::Durability;

/// Prefix of all objects of a kind, or of those of one namespace.
pub(crate) fn prefix(kind: &Kind, namespace: &str) -> String {
    let resource = kind.qualified_resource();
    if namespace.is_empty() { format!("/registry/{resource}/") } else { format!("/registry/{resource}/{namespace}/") }
}

/// Key of one object.
pub(crate) fn object(kind: &Kind, namespace: &str, name: &str) -> String {
    let mut key = prefix(kind, if kind.namespaced { namespace } else { "" });
    key.push_str(name);
    key
}

/// Namespace of the Leases by which nodes say that they live.
const NODE_LEASES: &str = "kube-node-lease";

/// Whether a write has to reach the disk before it is acknowledged. Only node Leases, and node statuses that change
/// nothing but heartbeat times, do not.
pub(crate) fn durability(kind: &Kind, namespace: &str, new: &Value, old: Option<&Value>) -> Durability {
    let volatile = match (kind.group, kind.kind) {
        ("coordination.k8s.io", "Lease") => namespace == NODE_LEASES,
        ("", "Node") => old.is_some_and(|old| without_heartbeats(new) == without_heartbeats(old)),
        _ => false,
    };
    if volatile { Durability::Volatile } else { Durability::Durable }
}

fn without_heartbeats(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(meta) = node.get_mut("metadata") {
        meta.drop("resourceVersion");
        meta.drop("managedFields");
    }
    if let Some(status) = node.get_mut("status") {
        for condition in status.items_mut("conditions") {
            condition.drop("lastHeartbeatTime");
        }
    }
    node
}

#[cfg(test)]
mod tests {
    //! Tests of what may be lost by a restart: heartbeats, and nothing else.

    use super::*;
    use crate::request::find_kind;
    use stead_api::json;

    #[test]
    fn only_heartbeats_are_volatile() {
        let lease = find_kind("coordination.k8s.io", "v1", "leases").expect("a row");
        assert_eq!(durability(lease, "kube-node-lease", &json!({}), None), Durability::Volatile);
        assert_eq!(durability(lease, "default", &json!({}), None), Durability::Durable);
        let node = find_kind("", "v1", "nodes").expect("a row");
        let at = |status: &str, time: &str| json!({"metadata": {"resourceVersion": time}, "status": {"conditions": [{"type": "Ready", "status": status, "lastHeartbeatTime": time}]}});
        assert_eq!(durability(node, "", &at("True", "2"), Some(&at("True", "1"))), Durability::Volatile);
        assert_eq!(durability(node, "", &at("False", "2"), Some(&at("True", "1"))), Durability::Durable);
        assert_eq!(durability(node, "", &at("True", "1"), None), Durability::Durable);
        let config_map = find_kind("", "v1", "configmaps").expect("a row");
        assert_eq!(durability(config_map, "kube-node-lease", &json!({}), None), Durability::Durable);
    }
}
