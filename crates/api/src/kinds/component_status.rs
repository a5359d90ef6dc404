//! ComponentStatus: how a part of the control plane fares. Nobody writes it and it is stored nowhere; the server answers. On its way out.

use super::columns;
use crate::{
    Value, json,
    registry::{Column, Hooks, HooksRef, Kind},
    schema::generated::CORE_V1_COMPONENT_STATUS,
    time::Timestamp,
    value::Access,
};

pub static COMPONENT_STATUS: Kind = Kind {
    group: "",
    version: "v1",
    kind: "ComponentStatus",
    plural: "componentstatuses",
    singular: "componentstatus",
    short_names: &["cs"],
    categories: &[],
    namespaced: false,
    schema: &CORE_V1_COMPONENT_STATUS,
    verbs: &["get", "list"],
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ComponentStatus),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Status", "Status of the component conditions"),
    columns::text("Message", "Message of the component conditions"),
    columns::text("Error", "Error of the component conditions"),
];

const HEALTHY: &str = "Healthy";

/// The status of a component; `fault` is what is wrong with it.
pub fn status(name: &str, fault: Option<&str>) -> Value {
    let (status, message) = fault.map_or(("True", "ok"), |fault| ("False", fault));
    json!({
        "kind": COMPONENT_STATUS.kind, "apiVersion": COMPONENT_STATUS.version, "metadata": {"name": name},
        "conditions": [{"type": HEALTHY, "status": status, "message": message}],
    })
}

#[derive(Debug)]
struct ComponentStatus;

impl Hooks for ComponentStatus {
    fn deprecation(&self) -> Option<&'static str> {
        Some("v1 ComponentStatus is deprecated in v1.19+")
    }

    fn cells(&self, object: &Value, _: Timestamp) -> Vec<Value> {
        let condition = object.items("conditions").iter().find(|condition| condition.str("type") == HEALTHY);
        let status = match condition.map(|condition| condition.str("status")) {
            Some("True") => HEALTHY,
            Some(_) => "Unhealthy",
            None => "Unknown",
        };
        let text = |member: &str| condition.map(|condition| condition.str(member)).unwrap_or_default();
        vec![object["metadata"].str("name").into(), status.into(), text("message").into(), text("error").into()]
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPONENT_STATUS, status};
    use crate::time::Timestamp;

    // C11
    #[test]
    fn a_fault_is_shown() {
        let cells = |fault| COMPONENT_STATUS.hooks.cells(&status("etcd-0", fault), Timestamp::default());
        assert_eq!(cells(None), ["etcd-0", "Healthy", "ok", ""]);
        assert_eq!(cells(Some("the disk is full")), ["etcd-0", "Unhealthy", "the disk is full", ""]);
    }
}
