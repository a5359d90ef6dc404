//! The ClusterRole aggregation controller (A8): a ClusterRole with an `aggregationRule` has the rules of those that it selects.

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use stead_api::selector::LabelSelector;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{CLUSTER_ROLES, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "clusterrole-aggregation-controller", alias: "clusterrole-aggregation", make: |_, _| Box::new(RoleAggregation) };

#[derive(Debug)]
pub struct RoleAggregation;

impl Controller for RoleAggregation {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![CLUSTER_ROLES]
    }

    /// Every role may be of those that another one selects, or have been.
    fn keys_for(&self, _: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.extend(cache.list(CLUSTER_ROLES).filter(|role| is_aggregated(role)).map(|role| (CLUSTER_ROLES, role.key.clone())));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some(role) = cache.get(CLUSTER_ROLES, key).filter(|role| is_aggregated(role) && role.deleting.is_none()) else { return plan };
        let rules = rules(role, cache.list(CLUSTER_ROLES).map(|role| &**role));
        if rules != role.value.items("rules") {
            plan.because("the roles that it selects have other rules");
            let meta = json!({"uid": role.uid, "resourceVersion": role.version.to_string()});
            let patch = Patch::Merge(json!({"metadata": meta, "rules": rules}));
            let call = Call::Patch { resource: CLUSTER_ROLES, key: key.clone(), subresource: "", patch };
            plan.step(vec![Effect::new(call).tolerating(&["NotFound"])]);
        }
        plan
    }
}

fn is_aggregated(role: &Object) -> bool {
    role.value.has("aggregationRule")
}

/// The rules of those that a role selects, each once: by selector, then by name.
fn rules<'a>(role: &Object, all: impl Iterator<Item = &'a Object>) -> Vec<Value> {
    let mut others: Vec<&Object> = all.filter(|other| other.key != role.key).collect();
    others.sort_by(|a, b| a.key.cmp(&b.key));
    let mut rules: Vec<Value> = Vec::new();
    for selector in role.value["aggregationRule"].items("clusterRoleSelectors") {
        let selector = LabelSelector::from_object(Some(selector));
        for other in others.iter().filter(|other| selector.matches_labels(&other.labels)) {
            for rule in other.value.items("rules") {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, labels: Value, selects: &[&str], verbs: &[&str]) -> Object {
        let rules: Vec<Value> = verbs.iter().map(|verb| json!({"verbs": [verb], "apiGroups": [""], "resources": ["pods"]})).collect();
        let mut body = json!({"metadata": {"name": name, "uid": name, "labels": labels}, "rules": rules});
        if !selects.is_empty() {
            let selectors: Vec<Value> = selects.iter().map(|label| json!({"matchLabels": {*label: "true"}})).collect();
            body["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
        }
        Object::parse(CLUSTER_ROLES, body).unwrap()
    }

    fn plan(roles: Vec<Object>, of: &str) -> Plan {
        let mut cache = Cache::default();
        roles.into_iter().for_each(|role| drop(cache.put(role)));
        RoleAggregation.reconcile(CLUSTER_ROLES, &Key::cluster(of), &cache, Timestamp::default())
    }

    fn verbs(plan: &Plan) -> Vec<Value> {
        let call = &plan.effects().next().expect("a call").call;
        let Call::Patch { patch: Patch::Merge(body), .. } = call else { panic!("{call:?}") };
        body.items("rules").iter().map(|rule| rule["verbs"][0].clone()).collect()
    }

    // A8
    #[test]
    fn what_is_selected_is_gathered_once_and_by_name() {
        let roles = |own: &[&str]| {
            vec![
                role("all", json!({"a": "true"}), &["a", "b"], own),
                role("z", json!({"a": "true", "b": "true"}), &[], &["get"]),
                role("c", json!({"a": "true"}), &[], &["list", "get"]),
                role("d", json!({"b": "true"}), &[], &["watch"]),
                role("e", json!({"b": "false"}), &[], &["delete"]),
            ]
        };
        let made = plan(roles(&["stale"]), "all");
        assert_eq!(verbs(&made), ["list", "get", "watch"]);
        assert!(plan(roles(&["list", "get", "watch"]), "all").is_empty());
        assert!(plan(roles(&[]), "c").is_empty());
    }

    #[test]
    fn who_selects_nobody_has_no_rules() {
        assert!(plan(vec![role("all", json!({}), &["a"], &[])], "all").is_empty());
        assert_eq!(verbs(&plan(vec![role("all", json!({}), &["a"], &["get"])], "all")), [""; 0]);
    }
}
