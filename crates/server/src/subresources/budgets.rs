//! Disruption budgets, as an eviction spends them (R50). Deciding is pure: a pod, a budget, the time. Input: those. Output: whether the
//! pod may go, and the budget after it; it is written before the pod goes, so that no more pods go than it allows.

use super::pod_target;
use crate::call::Call;
use crate::core::Core;
use crate::key_locks::KeyLock;
use crate::keys;
use crate::query::{Run, Write, WriteOptions};
use crate::registry::finish;
use crate::registry::ownership::{self, ManagedFields};
use crate::request::Target;
use std::sync::Arc;
use stead_api::registry::{Kind, Part};
use stead_api::schema::walker;
use stead_api::selector::LabelSelector;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// Evictions that the controller has not seen yet.
const DISRUPTED_MAX: usize = 2000;
/// When it is worth to ask again for a budget that is being worked out.
const AGAIN_S: i64 = 10;
/// How often spending starts over because the budget has changed meanwhile.
const ATTEMPTS_MAX: usize = 16;
/// Who spends.
const MANAGER: &str = "kube-apiserver";
const VIOLATION: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

/// What a budget says to an eviction.
#[derive(Debug)]
enum Spending {
    /// It does not count this pod: one that is not ready counts only if its own kind are enough.
    Free,
    /// The budget after the pod has gone.
    Spend(Value),
    Refuse(Status),
}

/// Spends the budget of a pod, if it has one that counts.
pub(super) async fn spend(core: &Core, call: &Call, pod: &Value, run: Run) -> Result<(), Status> {
    if never_counts(pod) {
        return Ok(());
    }
    let kind = core.kinds.built_in("poddisruptionbudgets");
    let namespace = call.target.namespace.as_str();
    let mut names = Vec::new();
    for entry in core.entries(&kind, namespace)? {
        let budget = core.objects.read(&kind, &entry)?;
        if counts(&budget, pod) {
            names.push(budget["metadata"].str("name").to_owned());
        }
    }
    let name = match &names[..] {
        [] => return Ok(()),
        [name] => name,
        _ => {
            let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::new(500, "", why));
        }
    };
    let key = keys::object(&kind, namespace, name);
    let _lock: KeyLock = core.locks.lock(&key).await?;
    for _ in 0..ATTEMPTS_MAX {
        let Some(current) = core.store.get(&key) else { return Ok(()) };
        let old = core.objects.read(&kind, &current)?;
        let next = match judge(&kind, &old, pod, &core.environment.now().rfc3339()) {
            Spending::Free => return Ok(()),
            Spending::Refuse(status) => return Err(status),
            Spending::Spend(next) => next,
        };
        let next = owned(core, call, &kind, next, &old)?;
        if run == Run::Dry || finish::store_next(core, &kind, &current, &next, &old).await?.is_ok() {
            return Ok(());
        }
    }
    Err(crate::registry::update::conflict(&kind, name))
}

/// The budget with the server as the owner of what was spent.
fn owned(core: &Core, call: &Call, kind: &Arc<Kind>, mut next: Value, old: &Value) -> Result<Value, Status> {
    let write = Call {
        target: Target { kind: kind.clone(), name: next["metadata"].str("name").to_owned(), ..call.target.clone() },
        method: call.method.clone(),
        query: Vec::new(),
        headers: call.headers.clone(),
        body: bytes::Bytes::new(),
        extensions: call.extensions.clone(),
        warnings: Vec::new(),
    };
    let mut options = WriteOptions::parse(&write.query, Write::Update)?;
    options.field_manager = MANAGER.to_owned();
    ownership::record(core, &write, &options, Part::Status, Some(old), &mut next, ManagedFields::Kept);
    walker::canonical(kind.schema, &mut next);
    Ok(next)
}

/// Pods that run nothing any more, or nothing yet, or are going already.
fn never_counts(pod: &Value) -> bool {
    matches!(pod["status"].str("phase"), "Succeeded" | "Failed" | "Pending") || pod["metadata"].has("deletionTimestamp")
}

/// An empty selector counts every pod, none at all no pod.
fn counts(budget: &Value, pod: &Value) -> bool {
    budget["spec"].has("selector") && LabelSelector::from_object(budget["spec"].get("selector")).matches(pod["metadata"].map("labels"))
}

fn is_ready(pod: &Value) -> bool {
    pod["status"].items("conditions").iter().any(|condition| condition.str("type") == "Ready" && condition.str("status") == "True")
}

fn judge(kind: &Kind, budget: &Value, pod: &Value, now: &str) -> Spending {
    let (status, name) = (&budget["status"], budget["metadata"].str("name"));
    let count = |member: &str| status.int(member).unwrap_or_default();
    let (healthy, desired) = (count("currentHealthy"), count("desiredHealthy"));
    if !is_ready(pod) {
        let always = budget["spec"].str("unhealthyPodEvictionPolicy") == "AlwaysAllow";
        if always || (healthy >= desired && desired > 0) {
            return Spending::Free;
        }
    }
    if count("observedGeneration") < budget["metadata"].int("generation").unwrap_or_default() {
        return Spending::Refuse(violation(&format!("The disruption budget {name} is still being processed by the server."), AGAIN_S));
    }
    let allowed = count("disruptionsAllowed");
    if allowed < 0 {
        return Spending::Refuse(Status::forbidden(kind, name, "pdb disruptions allowed is negative"));
    }
    if status.map("disruptedPods").is_some_and(|pods| pods.len() > DISRUPTED_MAX) {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Spending::Refuse(Status::forbidden(kind, name, why));
    }
    if allowed == 0 {
        return Spending::Refuse(violation(&spent(name, status), 0));
    }
    let mut next = budget.clone();
    next["status"]["disruptionsAllowed"] = (allowed - 1).into();
    if allowed == 1 {
        let condition = json!({
            "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "",
            "observedGeneration": count("observedGeneration"),
        });
        pod_target::set_condition(&mut next, condition, now);
    }
    next["status"].default_to("disruptedPods", json!({}));
    next["status"]["disruptedPods"][pod["metadata"].str("name")] = now.into();
    walker::canonical(kind.schema, &mut next);
    Spending::Spend(next)
}

/// EVI-5: why a budget allows nothing.
fn spent(name: &str, status: &Value) -> String {
    let [healthy, desired] = ["currentHealthy", "desiredHealthy"].map(|member| status.int(member).unwrap_or_default());
    if healthy <= desired {
        return format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently");
    }
    let text = format!("The disruption budget {name} does not allow evicting pods currently");
    let failed = |condition: &&Value| condition.str("type") == "DisruptionAllowed" && condition.str("reason") == "SyncFailed";
    match status.items("conditions").iter().find(failed) {
        Some(condition) => format!("{text} because it failed sync: {}", condition.str("message")),
        None => text,
    }
}

fn violation(why: &str, again_s: i64) -> Status {
    let mut details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
    if again_s > 0 {
        details["retryAfterSeconds"] = again_s.into();
    }
    Status::new(429, "TooManyRequests", VIOLATION).with_details(details)
}

#[cfg(test)]
mod tests {
    use super::{Spending, judge};
    use stead_api::kinds::pod_disruption_budget::POD_DISRUPTION_BUDGET;
    use stead_api::{Value, json};

    fn verdict(status: Value, ready: &str, policy: Value) -> Spending {
        let budget = json!({"metadata": {"name": "b", "generation": 1}, "spec": {"unhealthyPodEvictionPolicy": policy}, "status": status});
        let pod = json!({"metadata": {"name": "p"}, "status": {"conditions": [{"type": "Ready", "status": ready}]}});
        judge(&POD_DISRUPTION_BUDGET, &budget, &pod, "2026-01-01T00:00:00Z")
    }

    #[test]
    fn an_eviction_is_counted_before_the_pod_goes() {
        // R50
        let status = json!({"observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1});
        let Spending::Spend(next) = verdict(status, "True", Value::Null) else { panic!("it is allowed") };
        assert_eq!((&next["status"]["disruptionsAllowed"], &next["status"]["conditions"][0]["status"]), (&json!(0), &json!("False")));
        assert_eq!(next["status"]["disruptedPods"], json!({"p": "2026-01-01T00:00:00Z"}));
    }

    #[test]
    fn a_spent_budget_and_one_that_is_not_worked_out_refuse() {
        let spent = |healthy: i64| json!({"observedGeneration": 1, "currentHealthy": healthy, "desiredHealthy": 1});
        for (status, why) in [
            (spent(0), "needs 1 healthy pods and has 0 currently"),
            (spent(2), "does not allow evicting pods currently"),
            (
                json!({"observedGeneration": 1, "currentHealthy": 2, "desiredHealthy": 1, "conditions": [
                    {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "words"}]}),
                "does not allow evicting pods currently because it failed sync: words",
            ),
            (json!({}), "is still being processed"),
        ] {
            let Spending::Refuse(status) = verdict(status, "True", Value::Null) else { panic!("it is refused") };
            assert_eq!(status.code, 429);
            assert!(status.details.unwrap()["causes"][0]["message"].as_str().unwrap().contains(why));
        }
    }

    #[test]
    fn a_pod_that_is_not_ready_is_free_if_the_others_are_enough() {
        let (enough, few) = (json!({"currentHealthy": 1, "desiredHealthy": 1}), json!({"currentHealthy": 0, "desiredHealthy": 1}));
        assert!(matches!(verdict(enough, "False", Value::Null), Spending::Free));
        assert!(matches!(verdict(few.clone(), "False", Value::Null), Spending::Refuse(_)));
        assert!(matches!(verdict(few, "False", "AlwaysAllow".into()), Spending::Free));
    }
}
