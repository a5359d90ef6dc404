//! The pod garbage collector (GC-2, GC-3): ends pods that no node agent will ever end, because their node is gone or out of
//! service, or because they never had one.

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::BY_NODE;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, DeleteOptions, Effect, Guard, Key, Patch, Plan};
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{NODES, PODS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "pod-garbage-collector-controller", alias: "podgc", make: |options, _| Box::new(PodGc::new((options.clock)())) };

const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// A node that is gone may come back within so long (GC-2).
const QUARANTINE_MS: i64 = 40_000;

#[derive(Debug)]
pub struct PodGc {
    started: Timestamp,
}

impl PodGc {
    /// Quarantine counts from `started` at the earliest.
    pub fn new(started: Timestamp) -> Self {
        Self { started }
    }
}

impl Controller for PodGc {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, NODES]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match (change.resource, &change.new) {
            (PODS, Some(pod)) if suspicion(pod, cache).is_some() => keys.push((PODS, change.key.clone())),
            (NODES, node) if node.as_ref().is_none_or(|node| is_out_of_service(node)) => {
                keys.extend(cache.indexed(&BY_NODE, &change.key.name).map(|pod| (PODS, pod.key.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(pod) = cache.get(PODS, key) else { return Plan::default() };
        match suspicion(pod, cache) {
            None => Plan::default(),
            Some(Suspicion::NeverHadANode) => end(pod, "it is being deleted and never had a node"),
            Some(Suspicion::NodeOutOfService) => out_of_service(pod),
            Some(Suspicion::NodeGone { since }) => {
                let due = since.max(self.started).max(pod.created).plus_millis(QUARANTINE_MS);
                if due > now { quarantine(pod, due) } else { orphaned(now, pod) }
            }
        }
    }
}

/// Why nobody may ever end a pod.
enum Suspicion {
    NeverHadANode,
    NodeOutOfService,
    NodeGone { since: Timestamp },
}

fn suspicion(pod: &Object, cache: &Cache) -> Option<Suspicion> {
    let name = pod.pod().node.as_str();
    if name.is_empty() {
        return pod.deleting.is_some().then_some(Suspicion::NeverHadANode);
    }
    let key = Key::cluster(name);
    match cache.get(NODES, &key) {
        Some(node) => (pod.deleting.is_some() && is_out_of_service(node)).then_some(Suspicion::NodeOutOfService),
        None => Some(Suspicion::NodeGone { since: cache.node_left_at(name).max(pod.pod().scheduled_at()) }),
    }
}

/// Somebody has said that the node will not come back, and it does not say itself that it is there.
fn is_out_of_service(node: &Object) -> bool {
    !node.node().ready && node.node().taints.iter().any(|taint| taint.key == OUT_OF_SERVICE)
}

fn quarantine(pod: &Object, due: Timestamp) -> Plan {
    let mut plan = Plan { requeue_at: Some(due), ..Plan::default() };
    plan.because(format!("its node {} is gone, and may come back until {}", pod.pod().node, due.rfc3339()));
    plan
}

/// Ends the pod for good.
fn end(pod: &Object, why: &str) -> Plan {
    let mut plan = Plan::default();
    plan.because(why);
    plan.step(vec![delete(pod)]);
    plan
}

fn out_of_service(pod: &Object) -> Plan {
    let mut plan = end(pod, "its node is out of service");
    plan.before.extend(mark_failed(pod, &[]));
    plan
}

/// That its node is gone is proved by a fresh look.
fn orphaned(now: Timestamp, pod: &Object) -> Plan {
    let mut plan = Plan::default();
    let node = &pod.pod().node;
    plan.because(format!("its node {node} is gone"));
    let get = Call::Get { resource: NODES, key: Key::cluster(node.clone()) };
    plan.before.push(Effect::guard(get, Guard::Absent { uid: String::new() }));
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists", "lastTransitionTime": now.rfc3339(),
    });
    plan.before.extend(mark_failed(pod, &[condition]));
    plan.step(vec![delete(pod)]);
    plan
}

fn delete(pod: &Object) -> Effect {
    let options = DeleteOptions { uid: Some(pod.uid.clone()), grace_period_s: Some(0), ..DeleteOptions::default() };
    Effect::new(Call::Delete { resource: PODS, key: pod.key.clone(), options }).tolerating(&["NotFound"])
}

/// `None`: it has ended already.
fn mark_failed(pod: &Object, conditions: &[Value]) -> Option<Effect> {
    if pod.pod().terminal() {
        return None;
    }
    let mut status = json!({"phase": "Failed"});
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
    let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": status}));
    let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    Some(Effect::new(call).tolerating(&["NotFound"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn node(spec: Value) -> Object {
        Object::parse(NODES, json!({"metadata": {"name": "n", "uid": "n", "resourceVersion": "1"}, "spec": spec})).unwrap()
    }

    fn world(node: Option<Object>, spec: Value, deleting: bool) -> Cache {
        let mut cache = Cache::default();
        node.into_iter().for_each(|node| assert!(cache.put(node).is_some()));
        let mut meta = json!({"name": "p", "namespace": "d", "uid": "u"});
        if deleting {
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        cache.put(Object::parse(PODS, json!({"metadata": meta, "spec": spec, "status": {"phase": "Running"}})).unwrap());
        cache
    }

    fn planned(cache: &Cache, now: Timestamp) -> Plan {
        PodGc::new(at(0)).reconcile(PODS, &Key::new("d", "p"), cache, now)
    }

    // GC-2, GC-3
    #[test]
    fn only_pods_that_nobody_will_end_are_ended() {
        let bound = json!({"nodeName": "n"});
        let calls = |cache: Cache| planned(&cache, at(100)).effects().count();
        assert_eq!(calls(world(Some(node(json!({}))), bound.clone(), true)), 0);
        assert_eq!(calls(world(None, json!({}), false)), 0);
        assert_eq!(calls(world(None, json!({}), true)), 1);
        // A look at the node, the status, the deletion.
        assert_eq!(calls(world(None, bound, false)), 3);
    }

    // GC-2
    #[test]
    fn a_node_has_a_while_to_come_back() {
        let mut cache = world(Some(node(json!({}))), json!({"nodeName": "n"}), false);
        cache.set_time(at(60));
        cache.delete(&node(json!({})));
        let early = planned(&cache, at(99));
        assert_eq!((early.is_empty(), early.requeue_at), (true, Some(at(100))));
        assert_eq!(planned(&cache, at(100)).effects().count(), 3);
        let never_seen = planned(&world(None, json!({"nodeName": "n"}), false), at(39));
        assert_eq!((never_seen.is_empty(), never_seen.requeue_at), (true, Some(at(40))));
    }

    // GC-3
    #[test]
    fn a_node_out_of_service_does_not_keep_its_terminating_pods() {
        let lost = || Some(node(json!({"taints": [{"key": OUT_OF_SERVICE, "effect": "NoExecute"}]})));
        let spec = json!({"nodeName": "n"});
        assert!(planned(&world(lost(), spec.clone(), false), at(1)).is_empty());
        let plan = planned(&world(lost(), spec, true), at(1));
        let Some(Call::Delete { options, .. }) = plan.effects().last().map(|effect| &effect.call) else { panic!("{plan:?}") };
        assert_eq!(options.grace_period_s, Some(0));
    }
}
