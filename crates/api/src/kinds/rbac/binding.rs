//! RoleBinding and ClusterRoleBinding: who has a role. The role stays; the subjects may change.

use super::{GROUP, Scope};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::{columns, pod_spec::validation::texts},
    names::{self, NameRule},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::{RBAC_V1_CLUSTER_ROLE_BINDING, RBAC_V1_ROLE_BINDING},
    time::{Timestamp, age},
    value::Access,
};

pub static ROLE_BINDING: Kind = Kind {
    group: GROUP,
    version: "v1",
    kind: "RoleBinding",
    plural: "rolebindings",
    singular: "rolebinding",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &RBAC_V1_ROLE_BINDING,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: ROLE_BINDING_COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Binding(Scope::Namespace)),
};

pub static CLUSTER_ROLE_BINDING: Kind = Kind {
    group: GROUP,
    version: "v1",
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &RBAC_V1_CLUSTER_ROLE_BINDING,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: CLUSTER_ROLE_BINDING_COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Binding(Scope::Cluster)),
};

const ROLE_BINDING_COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Role",
        "roleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be \
         resolved, the Authorizer must return an error.",
    ),
    columns::AGE,
    columns::wide("Users", "Users in the roleBinding"),
    columns::wide("Groups", "Groups in the roleBinding"),
    columns::wide("ServiceAccounts", "ServiceAccounts in the roleBinding"),
];

const CLUSTER_ROLE_BINDING_COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Role",
        "roleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return \
         an error.",
    ),
    columns::AGE,
    columns::wide("Users", "Users in the clusterRoleBinding"),
    columns::wide("Groups", "Groups in the clusterRoleBinding"),
    columns::wide("ServiceAccounts", "ServiceAccounts in the clusterRoleBinding"),
];

const SUBJECT_KINDS: [&str; 3] = ["ServiceAccount", "User", "Group"];

#[derive(Debug)]
struct Binding(Scope);

impl Hooks for Binding {
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn default(&self, object: &mut Value) {
        if let Some(role) = object.get_mut("roleRef")
            && role.str("apiGroup").is_empty()
        {
            role["apiGroup"] = GROUP.into();
        }
        for subject in object.items_mut("subjects") {
            if subject.str("apiGroup").is_empty() && matches!(subject.str("kind"), "User" | "Group") {
                subject["apiGroup"] = GROUP.into();
            }
        }
    }

    fn prepare_update(&self, _part: Part, _object: &mut Value, _old: &Value) -> Generation {
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = self.role(&object["roleRef"], &Path::new("roleRef"));
        for (index, subject) in object.items("subjects").iter().enumerate() {
            errors.extend(self.subject(subject, &Path::new("subjects").index(index)));
        }
        for (index, _) in object.items("subjects").iter().enumerate().filter(|(_, subject)| subject.str("name").is_empty()) {
            errors.push(field::required(&Path::new("subjects").index(index).child("name"), ""));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        if object["roleRef"] != old["roleRef"] {
            errors.push(field::invalid(&Path::new("roleRef"), object["roleRef"].clone(), "field is immutable"));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let role = &object["roleRef"];
        let [accounts, users, groups] = SUBJECT_KINDS.map(|kind| {
            let of_kind = object.items("subjects").iter().filter(|subject| subject.str("kind") == kind);
            let named = of_kind.map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", subject.str("namespace"), subject.str("name")),
                _ => subject.str("name").to_owned(),
            });
            named.collect::<Vec<_>>().join(", ")
        });
        vec![
            object["metadata"].str("name").into(),
            format!("{}/{}", role.str("kind"), role.str("name")).into(),
            age(object, now).into(),
            users.into(),
            groups.into(),
            accounts.into(),
        ]
    }
}

impl Binding {
    fn role(&self, role: &Value, path: &Path) -> Errors {
        let kinds: &[&str] = match self.0 {
            Scope::Namespace => &["Role", "ClusterRole"],
            Scope::Cluster => &["ClusterRole"],
        };
        let mut errors = Errors::new();
        if role.str("apiGroup") != GROUP {
            errors.push(field::not_supported(&path.child("apiGroup"), role.str("apiGroup"), &[GROUP]));
        }
        if !kinds.contains(&role.str("kind")) {
            errors.push(field::not_supported(&path.child("kind"), role.str("kind"), kinds));
        }
        let (name, at) = (role.str("name"), path.child("name"));
        if name.is_empty() {
            errors.push(field::required(&at, ""));
        } else {
            errors.extend(texts(&at, name, NameRule::PathSegment.check(name)));
        }
        errors
    }

    fn subject(&self, subject: &Value, path: &Path) -> Errors {
        let [kind, name, group] = ["kind", "name", "apiGroup"].map(|member| subject.str(member));
        let mut errors = Errors::new();
        let at_group = path.child("apiGroup");
        match kind {
            "ServiceAccount" => {
                if !name.is_empty() {
                    errors.extend(texts(&path.child("name"), name, names::dns_subdomain(name)));
                }
                if !group.is_empty() {
                    errors.push(field::not_supported(&at_group, group, &[""]));
                }
                if self.0 == Scope::Cluster && subject.str("namespace").is_empty() {
                    errors.push(field::required(&path.child("namespace"), ""));
                }
            }
            "User" | "Group" if group != GROUP => errors.push(field::not_supported(&at_group, group, &[GROUP])),
            "User" | "Group" => {}
            _ => errors.push(field::not_supported(&path.child("kind"), kind, &SUBJECT_KINDS)),
        }
        errors
    }
}
