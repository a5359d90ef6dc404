//! Whether and when a pod has to leave its node. Pure.

use crate::facts::node::Taint;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, Plan};
use stead_api::{json, time::Timestamp};
use stead_client::resource::PODS;

/// How long a pod may stay.
#[derive(Debug, PartialEq, Eq)]
enum Stay {
    ForEver,
    /// Since the first of the taints, or since it came.
    Seconds(i64),
}

/// What to do about a pod on a node.
pub fn plan(now: Timestamp, pod: &Object, node: &Object) -> Plan {
    let mut plan = Plan::default();
    let taints: Vec<&Taint> = node.node().evicting_taints().collect();
    if pod.deleting.is_some() || taints.is_empty() {
        return plan;
    }
    let Stay::Seconds(seconds) = stay(pod, &taints) else { return plan };
    let tainted = taints.iter().map(|taint| taint.added).min().unwrap_or(now);
    let due = tainted.max(pod.created).max(pod.pod().scheduled_at()).plus_millis(seconds.saturating_mul(1000));
    if seconds > 0 && due > now {
        plan.because(format!("it tolerates the taints of its node for {seconds} s, until {}", due.rfc3339()));
        plan.requeue_at = Some(due);
        return plan;
    }
    plan.because("it does not tolerate the NoExecute taints of its node, or no longer");
    plan.step(evict(now, pod));
    plan
}

/// TNT-1.
fn stay(pod: &Object, taints: &[&Taint]) -> Stay {
    let mut least = Stay::ForEver;
    for taint in taints {
        let Some(toleration) = pod.pod().tolerations.iter().find(|t| t.tolerates(taint)) else { return Stay::Seconds(0) };
        least = match (least, toleration.seconds) {
            (Stay::Seconds(known), Some(seconds)) => Stay::Seconds(known.min(seconds)),
            (Stay::ForEver, Some(seconds)) => Stay::Seconds(seconds),
            (least, None) => least,
        };
    }
    least
}

/// TNT-2.
fn evict(now: Timestamp, pod: &Object) -> Vec<Effect> {
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint", "lastTransitionTime": now.rfc3339(),
    });
    let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": {"conditions": [condition]}}));
    let mark = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    let event = Event::normal(pod.reference(), "TaintManagerEviction", format!("Marking for deletion Pod {}", pod.key));
    let gone = &["NotFound", "Conflict"];
    vec![Effect { on_success: Some(event), ..Effect::new(mark) }.tolerating(gone), Effect::new(pod.delete()).tolerating(gone)]
}
