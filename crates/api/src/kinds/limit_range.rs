//! LimitRange: least, most and usual amounts of resources, for containers, pods and claims of a namespace.

use super::{
    columns,
    pod_spec::{
        amount::{self, Amounts},
        may_overcommit,
        validation::{resources, texts},
    },
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json, names,
    quantity::{Format, Quantity},
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind},
    schema::generated::CORE_V1_LIMIT_RANGE,
    time::Timestamp,
    value::Access,
};
use std::collections::BTreeSet;

pub static LIMIT_RANGE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short_names: &["limits"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_LIMIT_RANGE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&LimitRange),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::CREATED_AT];

const TYPES: [&str; 3] = ["Pod", "Container", "PersistentVolumeClaim"];
/// The lists of amounts, in the order upstream looks at them.
const LISTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

#[derive(Debug)]
struct LimitRange;

impl Hooks for LimitRange {
    fn default(&self, object: &mut Value) {
        let Some(spec) = object.get_mut("spec") else { return };
        for item in spec.items_mut("limits").iter_mut().filter(|item| item.str("type") == "Container") {
            // What is allowed at most is the limit, which is the request, which is at least the minimum.
            for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
                let amounts = item.map(from).cloned().unwrap_or_default();
                item.default_to(to, json!({}));
                for (name, amount) in amounts {
                    item[to].default_to(&name, amount);
                }
            }
        }
    }

    fn validate(&self, object: &Value) -> Errors {
        let path = Path::new("spec").child("limits");
        let mut errors = Errors::new();
        let mut seen = BTreeSet::new();
        for (index, item) in object["spec"].items("limits").iter().enumerate() {
            let (name, at) = (item.str("type"), path.index(index));
            errors.extend(type_name(name, &at.child("type")));
            if !seen.insert(name) {
                errors.push(field::duplicate(&at.child("type"), name));
            }
            errors.extend(validate_item(item, &at));
        }
        errors
    }

    fn cells(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        columns::name_and_creation(object)
    }
}

fn type_name(name: &str, path: &Path) -> Errors {
    let errors: Errors = texts(path, name, names::qualified_name(name)).collect();
    if errors.is_empty() && !name.contains('/') && !TYPES.contains(&name) {
        return vec![field::invalid(path, name, "must be a standard limit type or fully qualified")];
    }
    errors
}

fn validate_item(item: &Value, path: &Path) -> Errors {
    let kind = item.str("type");
    let mut errors = Errors::new();
    let mut lists: [Amounts; 5] = Default::default();
    let mut names = BTreeSet::new();
    for (member, amounts) in LISTS.iter().zip(&mut lists) {
        let given = amount::amounts(item.map(member));
        if kind == "Pod" && member.starts_with("default") {
            if !given.is_empty() {
                errors.push(field::forbidden(&path.child(member), "may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        for name in given.keys() {
            let at = path.child(member).key(name);
            errors.extend(match kind {
                "Pod" | "Container" => resources::container_name(name, &at),
                _ => resources::resource_name(name, &at),
            });
        }
        names.extend(given.keys().cloned());
        *amounts = given;
    }
    let [max, min, ..] = &lists;
    if kind == "PersistentVolumeClaim" && !max.contains_key("storage") && !min.contains_key("storage") {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(field::required(&path.child("limits"), detail));
    }
    for name in names {
        errors.extend(order(&name, &lists, path));
    }
    errors
}

/// The amounts of one resource must be in order: minimum, usual request, usual limit, maximum.
fn order(name: &str, lists: &[Amounts; 5], path: &Path) -> Errors {
    let [max, min, default, request, ratio] = lists.each_ref().map(|list| list.get(name));
    let mut errors = Errors::new();
    let mut check = |low: (Option<&Quantity>, &str), high: (Option<&Quantity>, &str), at: &str, shown: Option<&Quantity>| {
        if let (Some(a), Some(b), Some(shown)) = (low.0, high.0, shown)
            && a > b
        {
            let detail = format!("{} value {a} is greater than {} value {b}", low.1, high.1);
            errors.push(field::invalid(&path.child(at).key(name), shown.to_string(), &detail));
        }
    };
    check((min, "min"), (max, "max"), "min", min);
    check((min, "min"), (request, "default request"), "defaultRequest", request);
    check((request, "default request"), (max, "max"), "defaultRequest", request);
    check((request, "default request"), (default, "default limit"), "defaultRequest", request);
    check((min, "min"), (default, "default"), "default", min);
    check((default, "default"), (max, "max"), "default", max);
    let at = path.child("maxLimitRequestRatio").key(name);
    if let Some(ratio) = ratio {
        if *ratio < Quantity::from_value(1, Format::DecimalSi) {
            errors.push(field::invalid(&at, ratio.to_string(), &format!("ratio {ratio} is less than 1")));
        }
        let milli = |amount: &Quantity| precise(amount);
        if let Some(most) = max.zip(min).map(|(max, min)| milli(max) / milli(min)).filter(|most| milli(ratio) / 1000.0 > *most) {
            errors.push(field::invalid(&at, ratio.to_string(), &format!("ratio {ratio} is greater than max/min = {most:.6}")));
        }
    }
    if let Some((default, request)) = default.zip(request).filter(|(default, request)| !may_overcommit(name) && default != request) {
        let detail = format!("default value {default} must equal to defaultRequest value {request} in {name}");
        errors.push(field::invalid(&path.child("defaultRequest").key(name), request.to_string(), &detail));
    }
    errors
}

/// Thousandths as a number to divide.
fn precise(amount: &Quantity) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as upstream computes it")]
    let milli = amount.milli_value_ceil() as f64;
    milli
}
