//! The pod garbage collector (DEL-5): ends pods that no node agent will ever end, because their node is gone or because
//! they never had one.

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::BY_NODE;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, DeleteOptions, Effect, Event, Guard, Key, Patch, Plan};
use std::sync::Arc;
use stead_api::{json, time::Timestamp};
use stead_client::resource::{NODES, PODS, Resource};

#[derive(Debug)]
pub struct PodGc;

pub const REGISTRATION: Registration =
    Registration { name: "pod-garbage-collector-controller", alias: "podgc", make: |_, _| Box::new(PodGc) };

impl Controller for PodGc {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, NODES]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match (change.resource, &change.new) {
            (PODS, Some(pod)) if is_suspect(pod, cache) => keys.push((PODS, change.key.clone())),
            (NODES, None) => {
                let left = cache.indexed(&BY_NODE, &change.key.name);
                keys.extend(left.map(|pod| (PODS, pod.key.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        match cache.get(PODS, key) {
            Some(pod) if is_suspect(pod, cache) => plan(now, pod),
            _ => Plan::default(),
        }
    }
}

fn is_suspect(pod: &Object, cache: &Cache) -> bool {
    let facts = pod.pod();
    match facts.node.as_str() {
        "" => pod.deleting.is_some(),
        node => cache.get(NODES, &Key::cluster(node)).is_none(),
    }
}

/// Ends the pod for good; that its node is gone is proved by a fresh look.
fn plan(now: Timestamp, pod: &Arc<Object>) -> Plan {
    let mut plan = Plan::default();
    let options = DeleteOptions { uid: Some(pod.uid.clone()), grace_period_s: Some(0), ..DeleteOptions::default() };
    let delete = Effect::new(Call::Delete { resource: PODS, key: pod.key.clone(), options }).tolerating(&["NotFound"]);
    let facts = pod.pod();
    if facts.node.is_empty() {
        plan.because("it is being deleted and never had a node");
        plan.step(vec![delete]);
        return plan;
    }
    plan.because(format!("its node {} is gone", facts.node));
    let get = Call::Get { resource: NODES, key: Key::cluster(facts.node.clone()) };
    plan.before.push(Effect::guard(get, Guard::Absent { uid: String::new() }));
    if !facts.terminal() {
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists", "lastTransitionTime": now.rfc3339(),
        });
        let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": {"phase": "Failed", "conditions": [condition]}}));
        let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
        plan.before.push(Effect::new(call).tolerating(&["NotFound"]));
    }
    let message = format!("Deleting orphaned pod {} of the node {} that no longer exists", pod.key, facts.node);
    let event = Event::normal(pod.reference(), "DeletingOrphanedPod", message);
    plan.step(vec![Effect { on_success: Some(event), ..delete }]);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(node: bool, spec: stead_api::Value, deleting: bool) -> Cache {
        let mut cache = Cache::default();
        if node {
            cache.put(Object::parse(NODES, json!({"metadata": {"name": "n", "uid": "n"}})).unwrap());
        }
        let mut meta = json!({"name": "p", "namespace": "d", "uid": "u"});
        if deleting {
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        cache.put(Object::parse(PODS, json!({"metadata": meta, "spec": spec, "status": {"phase": "Running"}})).unwrap());
        cache
    }

    // DEL-5
    #[test]
    fn only_pods_that_nobody_will_end_are_ended() {
        let bound = json!({"nodeName": "n"});
        let calls = |cache: &Cache| PodGc.reconcile(PODS, &Key::new("d", "p"), cache, Timestamp::default()).effects().count();
        assert_eq!(calls(&world(true, bound.clone(), true)), 0);
        assert_eq!(calls(&world(false, json!({}), false)), 0);
        assert_eq!(calls(&world(false, json!({}), true)), 1);
        // A look at the node, the status, the deletion.
        assert_eq!(calls(&world(false, bound, false)), 3);
    }
}
