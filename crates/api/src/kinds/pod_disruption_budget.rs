//! PodDisruptionBudget: how many pods of a selection must stay, or may go, when somebody evicts them.

use super::{
    columns, conditions,
    pod_spec::validation::{amounts, not_negative},
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    names::NameRule,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::POLICY_V1_POD_DISRUPTION_BUDGET,
    selector,
    time::{Timestamp, age},
    value::Access,
};

pub static POD_DISRUPTION_BUDGET: Kind = Kind {
    group: "policy",
    version: "v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    categories: &[],
    namespaced: true,
    schema: &POLICY_V1_POD_DISRUPTION_BUDGET,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&PodDisruptionBudget),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Min Available", "The minimum number of pods that must be available."),
    columns::text("Max Unavailable", "The maximum number of pods that may be unavailable."),
    Column { ty: "integer", ..columns::text("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time.") },
    columns::AGE,
];

const POLICIES: [&str; 2] = ["AlwaysAllow", "IfHealthyBudget"];

#[derive(Debug)]
struct PodDisruptionBudget;

impl Hooks for PodDisruptionBudget {
    // Upstream forgets to look at the name.
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let amounts = ["minAvailable", "maxUnavailable"].map(|member| (member, spec.get(member).filter(|amount| !amount.is_null())));
        let mut errors = Errors::new();
        if amounts.iter().all(|(_, amount)| amount.is_some()) {
            errors.push(field::invalid(&path, spec.clone(), "minAvailable and maxUnavailable cannot be both set"));
        }
        for (member, amount) in amounts {
            let (Some(amount), at) = (amount, path.child(member)) else { continue };
            errors.extend(amounts::validate(amount, &at));
            errors.extend(amounts::at_most_all(amount, &at));
        }
        if let Some(selector) = spec.get("selector") {
            errors.extend(selector::validate_label_selector(selector, &path.child("selector")));
        }
        let policy = spec.get("unhealthyPodEvictionPolicy").and_then(Value::as_str);
        if let Some(policy) = policy.filter(|policy| !POLICIES.contains(policy)) {
            errors.push(field::not_supported(&path.child("unhealthyPodEvictionPolicy"), policy, &POLICIES));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        if part != Part::Status {
            return self.validate(object);
        }
        let (status, path) = (&object["status"], Path::new("status"));
        let mut errors = conditions::validate(status.items("conditions"), &path.child("conditions"));
        for member in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            errors.extend(not_negative(status, member, &path));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let amount = |member: &str| match object["spec"].get(member) {
            None | Some(Value::Null) => "N/A".to_owned(),
            Some(Value::String(percentage)) => percentage.clone(),
            Some(number) => number.to_string(),
        };
        vec![
            object["metadata"].str("name").into(),
            amount("minAvailable").into(),
            amount("maxUnavailable").into(),
            object["status"].int("disruptionsAllowed").unwrap_or_default().into(),
            age(object, now).into(),
        ]
    }
}
