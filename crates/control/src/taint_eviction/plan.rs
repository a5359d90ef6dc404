//! Whether and when a pod has to leave its node. Pure.

use crate::facts::node::Taint;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Key, Patch, Plan};
use stead_api::{json, time::Timestamp};
use stead_client::event::Reference;
use stead_client::resource::PODS;

/// How long a pod may stay.
#[derive(Debug, PartialEq, Eq)]
enum Stay {
    ForEver,
    /// Since the first of the taints, or since it came.
    Seconds(i64),
}

/// What to do about a pod on a node; it is doomed if its end was set before.
pub fn plan(now: Timestamp, pod: &Object, node: &Object, is_doomed: bool) -> Plan {
    let mut plan = Plan::default();
    let taints: Vec<&Taint> = node.node().evicting_taints().collect();
    // Of a pod that goes already it is said once that it would have to.
    if pod.deleting.is_some() && pod.pod().disrupted_at.is_some() {
        return plan;
    }
    let stay = stay(pod, &taints);
    if is_doomed && matches!(stay, Stay::ForEver | Stay::Seconds(0)) {
        plan.events.push(spared(pod.reference(), &pod.key));
    }
    let Stay::Seconds(seconds) = stay else { return plan };
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

/// What to do about a pod that is gone, maybe before the end that was set for it.
pub fn gone(key: &Key, doomed: Option<Reference>) -> Plan {
    Plan { events: doomed.map(|pod| spared(pod, key)).into_iter().collect(), ..Plan::default() }
}

/// TNT-2: told as well where the pod goes at once instead, or went by itself.
fn spared(pod: Reference, key: &Key) -> Event {
    Event::normal(pod, "TaintManagerEviction", format!("Cancelling deletion of Pod {key}"))
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
