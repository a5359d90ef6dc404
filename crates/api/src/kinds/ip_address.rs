//! IPAddress: one cluster address and the Service that has it. The name is the address: that it exists is the allocation.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, invalid, required},
    names::{self, NameRule},
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::NETWORKING_V1_IP_ADDRESS,
    time::Timestamp,
    value::Access,
};

pub static IP_ADDRESS: Kind = Kind {
    group: "networking.k8s.io",
    version: "v1",
    kind: "IPAddress",
    plural: "ipaddresses",
    singular: "ipaddress",
    short_names: &["ip"],
    categories: &[],
    namespaced: false,
    schema: &NETWORKING_V1_IP_ADDRESS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&IpAddress),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "ParentRef",
        "parentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.",
    ),
];

#[derive(Debug)]
struct IpAddress;

impl Hooks for IpAddress {
    fn name_rule(&self) -> NameRule {
        NameRule::Address
    }

    fn validate(&self, object: &Value) -> Errors {
        validate_parent(&object["spec"])
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let parent = |object: &Value| object["spec"].get("parentRef").cloned().unwrap_or_default();
        let now = parent(object);
        if now == parent(old) { Errors::new() } else { vec![invalid(&Path::new("spec").child("parentRef"), now, "field is immutable")] }
    }

    fn cells(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![object["metadata"].str("name").into(), parent_cell(&object["spec"]).into()]
    }
}

fn validate_parent(spec: &Value) -> Errors {
    let path = Path::new("spec").child("parentRef");
    if !spec.has("parentRef") {
        return vec![required(&path, "")];
    }
    let parent = &spec["parentRef"];
    let mut errors = Errors::new();
    let mut check = |name: &str, rule: fn(&str) -> Vec<String>| {
        let value = parent.str(name);
        match value {
            "" if matches!(name, "resource" | "name") => errors.push(required(&path.child(name), "")),
            "" => {}
            value => errors.extend(rule(value).iter().map(|why| invalid(&path.child(name), value, why))),
        }
    };
    check("group", names::dns_subdomain);
    check("resource", names::path_segment_name);
    check("name", names::path_segment_name);
    check("namespace", names::path_segment_name);
    errors
}

/// `services/default/kubernetes`.
fn parent_cell(spec: &Value) -> String {
    if !spec.has("parentRef") {
        return "<none>".to_owned();
    }
    let parent = &spec["parentRef"];
    let resource = match parent.str("group") {
        "" => parent.str("resource").to_owned(),
        group => format!("{}.{group}", parent.str("resource")),
    };
    let parts = [resource.to_lowercase(), parent.str("namespace").to_owned(), parent.str("name").to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}
