//! What a budget's status is to say (PDB-1..11). Pure.

use super::DELETION_TIMEOUT_MS;
use super::scale::Scale;
use crate::amount::{self, Rounded};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, Plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::POD_DISRUPTION_BUDGETS;

const CONDITION: &str = "DisruptionAllowed";

/// Input of the plan.
pub struct Observed<'a> {
    pub budget: &'a Arc<Object>,
    /// Those that it selects.
    pub pods: &'a [Arc<Object>],
    /// What their controllers want.
    pub scale: Result<Scale, String>,
}

/// The numbers of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    expected: i64,
    healthy: i64,
    desired: i64,
    allowed: i64,
}

/// Brings the status up to date.
pub fn plan(now: Timestamp, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let budget = observed.budget;
    if observed.pods.is_empty() {
        plan.events.push(Event::normal(budget.reference(), "NoPods", "No matching pods found")); // PDB-7
    }
    let (expected, desired) = match wanted(budget.spec(), observed, &mut plan) {
        Ok(wanted) => wanted,
        Err(why) => {
            let message = format!("Failed to calculate the number of expected pods: {why}");
            plan.because(message.as_str());
            plan.events.push(Event::warning(budget.reference(), "CalculateExpectedPodCountFailed", message));
            plan.finally.extend(fail(budget, &why, now));
            return plan;
        }
    };
    let disrupted = disrupted(observed, now, &mut plan);
    let is_healthy = |pod: &&Arc<Object>| pod.pod().ready && pod.deleting.is_none() && !disrupted.contains_key(&pod.key.name);
    let healthy = count(observed.pods.iter().filter(is_healthy));
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 }; // PDB-4
    plan.because(format!("{healthy} of {expected} pods are healthy and {desired} have to be: {allowed} may go"));
    plan.finally.extend(write(budget, Numbers { expected, healthy, desired, allowed }, &disrupted, now));
    plan
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    items.count().try_into().unwrap_or(i64::MAX)
}

/// How many pods are expected, and how many of them have to be healthy (PDB-2, PDB-3).
fn wanted(spec: &Value, observed: &Observed, plan: &mut Plan) -> Result<(i64, i64), String> {
    let given = |member: &str| spec.get(member).filter(|amount| !amount.is_null());
    if let Some(most) = given("maxUnavailable") {
        let expected = scale(observed, plan)?;
        return Ok((expected, (expected - amount::of(most, expected, Rounded::Up)).max(0)));
    }
    match given("minAvailable") {
        Some(least) if least.is_string() => {
            let expected = scale(observed, plan)?;
            Ok((expected, amount::of(least, expected, Rounded::Up)))
        }
        Some(least) => Ok((count(observed.pods.iter()), least.as_i64().unwrap_or(0))),
        None => Ok((0, 0)),
    }
}

fn scale(observed: &Observed, plan: &mut Plan) -> Result<i64, String> {
    let scale = observed.scale.as_ref().map_err(Clone::clone)?;
    if scale.unmanaged > 0 {
        // PDB-6
        let message = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB cannot \
             be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" \
             field of the PDB to an integer value.",
            selector_text(&observed.budget.spec()["selector"])
        );
        plan.events.push(Event::warning(observed.budget.reference(), "UnmanagedPods", message));
    }
    Ok(scale.pods)
}

/// A selector as Go prints it.
fn selector_text(selector: &Value) -> String {
    let labels: BTreeMap<&str, &str> =
        selector.map("matchLabels").into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
    let labels: String = labels.iter().map(|(key, value)| format!("{key}: {value},")).collect();
    let expression = |term: &Value| {
        let values: Vec<&str> = term.items("values").iter().filter_map(Value::as_str).collect();
        format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},", term.str("key"), term.str("operator"), values.join(" "))
    };
    let expressions: String = selector.items("matchExpressions").iter().map(expression).collect();
    format!("&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}")
}

/// Pods that were evicted and are not seen to go yet, by name, with the time (PDB-11).
fn disrupted(observed: &Observed, now: Timestamp, plan: &mut Plan) -> BTreeMap<String, String> {
    let mut left = BTreeMap::new();
    let recorded = observed.budget.status().map("disruptedPods");
    for pod in observed.pods.iter().filter(|pod| pod.deleting.is_none()) {
        let Some(text) = recorded.and_then(|recorded| recorded.get(&pod.key.name)).and_then(Value::as_str) else { continue };
        let end = Timestamp::parse(text).unwrap_or_default().plus_millis(DELETION_TIMEOUT_MS);
        if end < now {
            let budget = &observed.budget.key;
            let message = format!("Pod was expected by PDB {}/{} to be deleted but it wasn't", budget.namespace, budget.name);
            plan.events.push(Event::warning(pod.reference(), "NotDeleted", message));
            continue;
        }
        // A moment later, so that this look finds it past.
        let again = end.plus_millis(1);
        plan.requeue_at = Some(plan.requeue_at.map_or(again, |at| at.min(again)));
        left.insert(pod.key.name.clone(), text.to_owned());
    }
    left
}

/// The conditions with this one in place of what it was (PDB-8, ALL-14).
fn conditions(old: &Value, mut condition: Value, now: Timestamp) -> Vec<Value> {
    let mut conditions = old.items("conditions").to_vec();
    let place = conditions.iter().position(|known| known.str("type") == CONDITION);
    let former = place.map(|place| &conditions[place]).filter(|former| former.str("status") == condition.str("status"));
    condition["lastTransitionTime"] = former.map_or_else(|| now.rfc3339().into(), |former| former["lastTransitionTime"].clone());
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
    conditions
}

/// Writes the status if the budget's differs.
fn write(budget: &Object, numbers: Numbers, disrupted: &BTreeMap<String, String>, now: Timestamp) -> Option<Effect> {
    let old = budget.status();
    let generation = budget.value["metadata"].int("generation").unwrap_or(0);
    let (status, reason) = if numbers.allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let mut condition = json!({"type": CONDITION, "status": status, "reason": reason, "message": ""});
    if generation != 0 {
        condition["observedGeneration"] = generation.into();
    }
    let conditions = conditions(old, condition, now);
    let number = |name: &str| old.int(name).unwrap_or(0);
    let was = Numbers {
        expected: number("expectedPods"),
        healthy: number("currentHealthy"),
        desired: number("desiredHealthy"),
        allowed: number("disruptionsAllowed"),
    };
    let recorded = crate::object::strings(old.get("disruptedPods"));
    let is_same = was == numbers && recorded == *disrupted && number("observedGeneration") == generation;
    if is_same && alike(old.items("conditions"), &conditions) {
        return None;
    }
    let disrupted_pods = if disrupted.is_empty() { Some(Value::Null) } else { crate::plan::map_patch(&recorded, disrupted) };
    let mut status = json!({
        "expectedPods": numbers.expected, "currentHealthy": numbers.healthy, "desiredHealthy": numbers.desired,
        "disruptionsAllowed": numbers.allowed, "observedGeneration": generation, "conditions": conditions,
    });
    if let Some(patch) = disrupted_pods {
        status["disruptedPods"] = patch;
    }
    Some(patch(budget, status))
}

/// Whether two lists of conditions say the same, whatever the order of their members.
fn alike(a: &[Value], b: &[Value]) -> bool {
    let members = ["type", "status", "reason", "message", "lastTransitionTime"];
    let same = |a: &Value, b: &Value| {
        members.iter().all(|member| a.str(member) == b.str(member)) && a.int("observedGeneration") == b.int("observedGeneration")
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// PDB-5: nothing may go while nobody knows how many there should be; the other numbers stay.
fn fail(budget: &Object, why: &str, now: Timestamp) -> Option<Effect> {
    let old = budget.status();
    let mut condition = json!({"type": CONDITION, "status": "False", "reason": "SyncFailed", "message": why});
    if let Some(generation) = old.int("observedGeneration").filter(|generation| *generation != 0) {
        condition["observedGeneration"] = generation.into();
    }
    let conditions = conditions(old, condition, now);
    let is_same = old.int("disruptionsAllowed") == Some(0) && alike(old.items("conditions"), &conditions);
    (!is_same).then(|| patch(budget, json!({"disruptionsAllowed": 0, "conditions": conditions})))
}

/// An eviction that spent meanwhile makes it a conflict.
fn patch(budget: &Object, status: Value) -> Effect {
    let body = json!({"metadata": {"resourceVersion": budget.version.to_string()}, "status": status});
    let patch = Patch::Merge(body);
    let call = Call::Patch { resource: POD_DISRUPTION_BUDGETS, key: budget.key.clone(), subresource: "status", patch };
    Effect::new(call).tolerating(&["NotFound"])
}
