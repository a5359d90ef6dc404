//! The discovery documents. Input: the rows of kinds. Output: JSON. Pure.

use crate::digest;
use crate::kinds::Rows;
use base64::Engine;
use stead_api::registry::{Kind, Subresource};
use stead_api::{Map, Value, json};

/// Upstream's order of groups, by priority; others follow.
const GROUP_ORDER: &[&str] = &[
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// The served groups in upstream's order.
fn group_names(rows: &Rows) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for kind in rows.iter() {
        if !names.contains(&kind.group) {
            names.push(kind.group);
        }
    }
    names.sort_by_key(|name| GROUP_ORDER.iter().position(|other| other == name).unwrap_or(GROUP_ORDER.len()));
    names
}

/// A group's versions, the preferred one first.
fn versions(rows: &Rows, group: &str) -> Vec<&'static str> {
    let mut versions: Vec<&str> = Vec::new();
    for kind in rows.iter().filter(|kind| kind.group == group) {
        if !versions.contains(&kind.version) {
            versions.push(kind.version);
        }
    }
    versions
}

/// The kinds of a group and version, by plural.
fn kinds<'a>(rows: &'a Rows, group: &str, version: &str) -> Vec<&'a Kind> {
    let mut kinds: Vec<&Kind> = rows.iter().map(|kind| &**kind).filter(|kind| kind.group == group && kind.version == version).collect();
    kinds.sort_by_key(|kind| kind.plural);
    kinds
}

fn sorted_subresources(kind: &Kind) -> Vec<&'static Subresource> {
    let mut all: Vec<&Subresource> = kind.subresources.iter().collect();
    all.sort_by_key(|sub| sub.name);
    all
}

/// D6: `/api`.
pub(super) fn core_versions(rows: &Rows, advertise: &str) -> Value {
    let address = advertise.trim_start_matches("https://");
    json!({
        "kind": "APIVersions",
        "versions": versions(rows, ""),
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// D6: `/apis`.
pub(super) fn groups(rows: &Rows) -> Value {
    let groups: Vec<Value> = group_names(rows).into_iter().filter(|name| !name.is_empty()).map(|name| group(rows, name)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// D6: `/apis/GROUP`.
pub(super) fn group_document(rows: &Rows, name: &str) -> Value {
    let mut document = json!({"kind": "APIGroup", "apiVersion": "v1"});
    if let (Value::Object(document), Value::Object(group)) = (&mut document, group(rows, name)) {
        document.extend(group);
    }
    document
}

fn group(rows: &Rows, name: &str) -> Value {
    let versions: Vec<Value> =
        versions(rows, name).into_iter().map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version})).collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// D6: `/api/v1` and `/apis/GROUP/VERSION`.
pub(super) fn resources(rows: &Rows, group: &str, version: &str) -> Value {
    let mut resources = Vec::new();
    for kind in kinds(rows, group, version) {
        resources.push(resource(kind));
        resources.extend(sorted_subresources(kind).into_iter().map(|sub| subresource(kind, sub)));
    }
    // The core list alone has no apiVersion.
    let mut document = json!({"kind": "APIResourceList"});
    if !group.is_empty() {
        document["apiVersion"] = "v1".into();
    }
    document["groupVersion"] = if group.is_empty() { version.into() } else { format!("{group}/{version}").into() };
    document["resources"] = resources.into();
    document
}

fn resource(kind: &Kind) -> Value {
    let mut out = json!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": kind.verbs,
    });
    names(&mut out, kind);
    if kind.verbs.contains(&"create") && kind.verbs.contains(&"list") {
        out["storageVersionHash"] = storage_version_hash(kind).into();
    }
    out
}

fn names(out: &mut Value, kind: &Kind) {
    for (name, list) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
        if !list.is_empty() {
            out[name] = list.into();
        }
    }
}

fn subresource(kind: &Kind, sub: &Subresource) -> Value {
    let mut out = json!({
        "name": format!("{}/{}", kind.plural, sub.name),
        "singularName": "",
        "namespaced": kind.namespaced,
    });
    let (group, version, name) = sub.gvk.unwrap_or((kind.group, kind.version, kind.kind));
    if (group, version) != (kind.group, kind.version) {
        out["group"] = group.into();
        out["version"] = version.into();
    }
    out["kind"] = name.into();
    out["verbs"] = sub.verbs.into();
    out
}

/// How clients tell that a kind is stored in another version than before: a digest of the storage version.
fn storage_version_hash(kind: &Kind) -> String {
    let (group, version) = kind.stored_group_version();
    let hash = digest::sha256(format!("{group}/{version}/{}", kind.kind).as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&hash[..8])
}

/// D3: the aggregated document of the chosen groups.
pub(super) fn aggregated(rows: &Rows, chosen: impl Fn(&str) -> bool) -> Value {
    let items: Vec<Value> = group_names(rows).into_iter().filter(|name| chosen(name)).map(|name| aggregated_group(rows, name)).collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn aggregated_group(rows: &Rows, group: &str) -> Value {
    let versions: Vec<Value> = versions(rows, group)
        .into_iter()
        .map(|version| {
            let resources: Vec<Value> = kinds(rows, group, version).into_iter().map(aggregated_resource).collect();
            json!({"version": version, "resources": resources, "freshness": "Current"})
        })
        .collect();
    let mut metadata = Map::new();
    if !group.is_empty() {
        metadata.insert("name".into(), group.into());
    }
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_resource(kind: &Kind) -> Value {
    let mut out = json!({
        "resource": kind.plural,
        "responseKind": {"group": "", "version": "", "kind": kind.kind},
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": kind.verbs,
    });
    names(&mut out, kind);
    let subresources: Vec<Value> = sorted_subresources(kind).into_iter().map(|sub| aggregated_subresource(kind, sub)).collect();
    if !subresources.is_empty() {
        out["subresources"] = subresources.into();
    }
    out
}

/// D4: group and version stay empty when they are the enclosing ones.
fn aggregated_subresource(kind: &Kind, sub: &Subresource) -> Value {
    let (group, version, name) = match sub.gvk {
        Some((group, version, name)) if (group, version) != (kind.group, kind.version) => (group, version, name),
        Some((_, _, name)) => ("", "", name),
        None => ("", "", kind.kind),
    };
    json!({
        "subresource": sub.name,
        "responseKind": {"group": group, "version": version, "kind": name},
        "verbs": sub.verbs,
    })
}
