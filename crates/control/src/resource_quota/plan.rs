//! What a quota's status should say. Input: the quota and what is in its namespace. Output: the write that makes it so.

use crate::object::{Object, strings};
use crate::plan::{Call, Effect, Patch, Plan, map_patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::kinds::pod_spec::amount::{self, Amounts};
use stead_api::kinds::resource_quota::counted::Counting;
use stead_api::quantity::Quantity;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::RESOURCE_QUOTAS;

/// How often everything is counted even if nothing is seen to go (QUO-1).
const RESYNC: Duration = Duration::from_secs(300);

/// `counted` is, for each resource, what of it is in the quota's namespace.
pub(super) fn plan<'a, O>(quota: &Object, counted: impl Iterator<Item = (Counting<'static>, O)>, now: Timestamp) -> Plan
where
    O: Iterator<Item = &'a Arc<Object>>,
{
    if quota.deleting.is_some() {
        return Plan::default();
    }
    let mut plan = Plan { requeue_after: Some(RESYNC), ..Plan::default() };
    let hard = strings(quota.spec().get("hard"));
    let mut known = amount::amounts(quota.status().map("used"));
    known.retain(|name, _| hard.contains_key(name));
    for (counting, objects) in counted {
        let names: Vec<&String> = hard.keys().filter(|name| counting.uses(name)).collect();
        if names.is_empty() {
            continue;
        }
        let mut used: Amounts = names.iter().map(|name| ((*name).clone(), Quantity::ZERO)).collect();
        for object in objects.filter(|object| object.counted.is_in_scopes(quota.spec())) {
            let amounts = names.iter().filter_map(|name| Some(((*name).clone(), object.counted.amount(counting, name, now)?)));
            amount::add(&mut used, &amounts.collect());
            // A moment later, so that the look then finds it past.
            if let Some(free) = object.counted.free_after().map(|at| at.plus_millis(1)).filter(|at| *at > now) {
                plan.requeue_at = Some(plan.requeue_at.map_or(free, |at| at.min(free)));
            }
        }
        known.extend(used);
    }
    if is_said(quota, &known) {
        plan.because("its status says what is used");
    } else {
        plan.because("what is used differs from what its status says");
        plan.step(vec![write(quota, &hard, &known)]);
    }
    plan
}

fn is_said(quota: &Object, used: &Amounts) -> bool {
    let amounts = |holder: &Value, member: &str| amount::amounts(holder.map(member));
    amounts(quota.status(), "hard") == amounts(quota.spec(), "hard") && amounts(quota.status(), "used") == *used
}

/// Something that was charged meanwhile makes it a conflict, and the quota is looked at again.
fn write(quota: &Object, hard: &BTreeMap<String, String>, used: &Amounts) -> Effect {
    let used = used.iter().map(|(name, amount)| (name.clone(), amount.to_string())).collect();
    let mut body = json!({"metadata": {"resourceVersion": quota.version.to_string()}, "status": {}});
    for (member, wanted) in [("hard", hard), ("used", &used)] {
        if let Some(differences) = map_patch(&strings(quota.status().get(member)), wanted) {
            body["status"][member] = differences;
        }
    }
    let call = Call::Patch { resource: RESOURCE_QUOTAS, key: quota.key.clone(), subresource: "status", patch: Patch::Merge(body) };
    Effect::new(call).tolerating(&["NotFound"])
}
