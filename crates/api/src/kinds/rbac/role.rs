//! Role and ClusterRole: lists of rules. A ClusterRole may also be put together from others.

use super::{GROUP, Scope};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::columns,
    names::NameRule,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::{RBAC_V1_CLUSTER_ROLE, RBAC_V1_ROLE},
    selector,
    time::Timestamp,
    value::Access,
};

pub static ROLE: Kind = Kind {
    group: GROUP,
    version: "v1",
    kind: "Role",
    plural: "roles",
    singular: "role",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &RBAC_V1_ROLE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Role(Scope::Namespace)),
};

pub static CLUSTER_ROLE: Kind = Kind {
    group: GROUP,
    version: "v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    singular: "clusterrole",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &RBAC_V1_CLUSTER_ROLE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Role(Scope::Cluster)),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::CREATED_AT];

#[derive(Debug)]
struct Role(Scope);

impl Hooks for Role {
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn prepare_update(&self, _part: Part, _object: &mut Value, _old: &Value) -> Generation {
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = Errors::new();
        for (index, rule) in object.items("rules").iter().enumerate() {
            errors.extend(validate_rule(rule, self.0, &Path::new("rules").index(index)));
        }
        if object.has("aggregationRule") {
            errors.extend(aggregation(&object["aggregationRule"], &Path::new("aggregationRule").child("clusterRoleSelectors")));
        }
        for (index, _) in object.items("rules").iter().enumerate().filter(|(_, rule)| rule.items("verbs").is_empty()) {
            errors.push(field::required(&Path::new("rules").index(index).child("verbs"), ""));
        }
        errors
    }

    fn cells(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        columns::name_and_creation(object)
    }
}

fn aggregation(rule: &Value, path: &Path) -> Errors {
    let selectors = rule.items("clusterRoleSelectors");
    if selectors.is_empty() {
        return vec![field::required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
    }
    let mut errors = Errors::new();
    for (index, selector) in selectors.iter().enumerate() {
        let at = path.index(index);
        let faults = selector::validate_label_selector(selector, &at);
        let usable = faults.is_empty();
        errors.extend(faults);
        if !usable {
            errors.push(field::invalid(&at, Value::Null, "invalid label selector."));
        }
    }
    errors
}

fn validate_rule(rule: &Value, scope: Scope, path: &Path) -> Errors {
    let is_empty = |member: &str| rule.items(member).is_empty();
    let mut errors = Errors::new();
    if !is_empty("nonResourceURLs") {
        let (at, urls) = (path.child("nonResourceURLs"), &rule["nonResourceURLs"]);
        if scope == Scope::Namespace {
            errors.push(field::invalid(&at, urls.clone(), "namespaced rules cannot apply to non-resource URLs"));
        }
        if !["apiGroups", "resources", "resourceNames"].into_iter().all(is_empty) {
            errors.push(field::invalid(&at, urls.clone(), "rules cannot apply to both regular resources and non-resource URLs"));
        }
        return errors;
    }
    if is_empty("apiGroups") {
        errors.push(field::required(&path.child("apiGroups"), "resource rules must supply at least one api group"));
    }
    if is_empty("resources") {
        errors.push(field::required(&path.child("resources"), "resource rules must supply at least one resource"));
    }
    errors
}
