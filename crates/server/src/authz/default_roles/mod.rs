//! The roles and bindings that every cluster has (A9): upstream's for users and for components, and those of what only Stead has. Made at
//! a start if they are missing, with the rules and subjects that they lack, unless their annotation
//! `rbac.authorization.kubernetes.io/autoupdate` is `false`.

pub(crate) mod components;
mod users;

use super::rules::{Rule, missing};
use crate::bootstrap::{ensure, system_call};
use crate::core::Core;
use crate::query::{Write, WriteOptions};
use crate::registry::ownership::ManagedFields;
use crate::registry::update::{self, Next};
use crate::request::Verb;
use futures::future::try_join_all;
use std::sync::Arc;
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";
const BOOTSTRAPPING: &str = "kubernetes.io/bootstrapping";
const API_GROUP: &str = "rbac.authorization.k8s.io";

/// Makes what is missing and mends what lacks something.
pub(crate) async fn repair(core: &Arc<Core>) -> Result<(), Status> {
    let (roles, bindings) = (core.kinds.built_in("clusterroles"), core.kinds.built_in("clusterrolebindings"));
    let wanted = users::cluster_roles().into_iter().chain(components::cluster_roles()).map(|role| (&roles, role, "rules"));
    let bound = users::cluster_role_bindings().into_iter().chain(components::cluster_role_bindings());
    let wanted = wanted.chain(bound.map(|binding| (&bindings, binding, "subjects")));
    try_join_all(wanted.map(|(kind, object, member)| repair_one(core, kind, object, member))).await?;
    Ok(())
}

async fn repair_one(core: &Arc<Core>, kind: &Arc<Kind>, wanted: Value, member: &'static str) -> Result<(), Status> {
    let name = wanted["metadata"].str("name").to_owned();
    let Some(found) = core.read(kind, "", &name)? else { return ensure(core, kind, "", wanted).await };
    let Some(list) = completed(&found, &wanted, member) else { return Ok(()) };
    let mut call = system_call(Verb::Update, kind, &name);
    let options = WriteOptions::parse(&call.query, Write::Update)?;
    let mut change = |old: &Value| {
        let mut object = old.clone();
        object[member] = completed(old, &wanted, member).unwrap_or_else(|| list.clone());
        Ok(Next { object, managed_fields: ManagedFields::Kept, warnings: Vec::new() })
    };
    update::change(core, &mut call, &options, Part::Main, &mut change).await.map(drop)
}

/// The list of an object with what it lacks of the wanted one's; `None` if it lacks nothing, or nobody may change it.
fn completed(found: &Value, wanted: &Value, member: &str) -> Option<Value> {
    if found["metadata"]["annotations"].str(AUTO_UPDATE) == "false" {
        return None;
    }
    let mut list = found.items(member).to_vec();
    let added: Vec<Value> = match member {
        // Those of an aggregated role come from others.
        "rules" if found.has("aggregationRule") => Vec::new(),
        "rules" => {
            let owned = Rule::all_of(found);
            let lacked = Rule::all_of(wanted).into_iter().filter(|rule| missing(&owned, std::slice::from_ref(rule)).is_some());
            lacked.map(|rule| rule.to_value()).collect()
        }
        _ => wanted.items(member).iter().filter(|item| !list.contains(item)).cloned().collect(),
    };
    let lacks = !added.is_empty();
    list.extend(added);
    lacks.then(|| list.into())
}

fn role(name: &str, labels: &[(&str, &str)], rules: Vec<Value>) -> Value {
    let mut metadata = json!({"name": name, "annotations": {AUTO_UPDATE: "true"}, "labels": {BOOTSTRAPPING: "rbac-defaults"}});
    for (label, value) in labels {
        metadata["labels"][*label] = (*value).into();
    }
    json!({"metadata": metadata, "rules": rules})
}

/// A binding of the role of the same name.
fn binding(name: &str, subjects: Vec<Value>) -> Value {
    json!({
        "metadata": {"name": name, "annotations": {AUTO_UPDATE: "true"}, "labels": {BOOTSTRAPPING: "rbac-defaults"}},
        "roleRef": {"apiGroup": API_GROUP, "kind": "ClusterRole", "name": name},
        "subjects": subjects,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verb: &str, group: &str, resources: &[&str]) -> Value {
        json!({"verbs": [verb], "apiGroups": [group], "resources": resources})
    }

    #[test]
    fn what_a_role_lacks_is_added_and_nothing_else() {
        // A9
        let wanted = role("r", &[], vec![rule("get", "", &["pods"]), rule("create", "apps", &["deployments"])]);
        assert_eq!(completed(&wanted, &wanted, "rules"), None);
        let mut found = role("r", &[], vec![rule("get", "", &["pods", "secrets"])]);
        assert_eq!(completed(&found, &wanted, "rules").unwrap().as_array().unwrap().len(), 2);
        found["metadata"]["annotations"][AUTO_UPDATE] = "false".into();
        assert_eq!(completed(&found, &wanted, "rules"), None);
    }

    #[test]
    fn subjects_come_back() {
        let wanted = &users::cluster_role_bindings()[3];
        let mut found = wanted.clone();
        found["subjects"] = json!([wanted["subjects"][1], {"kind": "User", "apiGroup": API_GROUP, "name": "eve"}]);
        assert_eq!(completed(&found, wanted, "subjects").unwrap().as_array().unwrap().len(), 3);
    }
}
