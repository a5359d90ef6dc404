//! The claim protection controller (STO-20, PVT-1..3): a claim that is being deleted stays until no pod on a node uses it any more. It
//! also says of bound claims whether any pod wants them (PVB-15).

use crate::engine::{Cache, Change, Controller};
use crate::facts::claim::{ClaimPhase, UNUSED};
use crate::facts::pod::BY_CLAIM;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, Effect, Guard, Key, Patch, Plan};
use crate::protection::keep_while_used;
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PODS, Resource};

const FINALIZER: &str = "kubernetes.io/pvc-protection";

#[derive(Debug)]
pub struct ClaimProtection;

pub const REGISTRATION: Registration =
    Registration { name: "persistentvolumeclaim-protection-controller", alias: "pvc-protection", make: |_, _| Box::new(ClaimProtection) };

impl Controller for ClaimProtection {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PERSISTENT_VOLUME_CLAIMS, PODS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        if change.resource == PERSISTENT_VOLUME_CLAIMS {
            keys.push((PERSISTENT_VOLUME_CLAIMS, change.key.clone()));
            return;
        }
        for pod in change.old.iter().chain(&change.new) {
            keys.extend(pod.claim_keys().map(|key| (PERSISTENT_VOLUME_CLAIMS, key)));
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(claim) = cache.get(PERSISTENT_VOLUME_CLAIMS, key) else { return Plan::default() };
        let users: Vec<_> = cache.indexed(&BY_CLAIM, &key.to_string()).collect();
        plan(now, claim, &users, cache.seen(PODS))
    }
}

/// `users`: pods that name the claim and have not ended, as of the version `seen`.
fn plan(now: Timestamp, claim: &Object, users: &[&Arc<Object>], seen: u64) -> Plan {
    let mut plan = Plan::default();
    // PVT-2: a pod without a node has nothing mounted.
    let holder = users.iter().find(|pod| !pod.pod().node.is_empty());
    let holder = holder.map(|pod| format!("pod {} uses the claim", pod.key.name));
    keep_while_used(claim, FINALIZER, holder.as_deref(), &mut plan);
    if claim.deleting.is_some() && !plan.steps.is_empty() && seen < claim.version {
        // The watch of pods may be behind that of claims, and miss one that came onto its node before the claim was deleted.
        let list = Call::List { resource: PODS, namespace: claim.key.namespace.clone(), limit: 0 };
        plan.before.push(Effect::guard(list, Guard::Unused { claim: claim.key.clone() }));
    }
    let is_unused = users.iter().all(|pod| pod.deleting.is_some());
    if claim.deleting.is_none() && claim.claim().phase == ClaimPhase::Bound && claim.claim().unused != Some(is_unused) {
        plan.finally.push(say(now, claim, is_unused));
    }
    plan
}

/// PVB-15
fn say(now: Timestamp, claim: &Object, is_unused: bool) -> Effect {
    let (status, reason, message) = match is_unused {
        true => ("True", "NoPodsUsingPVC", "No pods are currently referencing this PVC"),
        false => ("False", "PodUsingPVC", "A pod is currently referencing this PVC"),
    };
    let condition = json!({
        "type": UNUSED, "status": status, "reason": reason, "message": message,
        "lastProbeTime": Value::Null, "lastTransitionTime": now.rfc3339(),
    });
    let patch = Patch::Strategic(json!({"metadata": {"uid": claim.uid}, "status": {"conditions": [condition]}}));
    let call = Call::Patch { resource: PERSISTENT_VOLUME_CLAIMS, key: claim.key.clone(), subresource: "status", patch };
    Effect::new(call).tolerating(&["NotFound", "Conflict"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(metadata: Value, status: Value) -> Object {
        let mut value = json!({"metadata": {"name": "data", "namespace": "n", "uid": "u", "resourceVersion": "1"}, "status": status});
        for (name, member) in metadata.as_object().unwrap() {
            value["metadata"][name.as_str()] = member.clone();
        }
        Object::parse(PERSISTENT_VOLUME_CLAIMS, value).unwrap()
    }

    fn pod(node: &str, metadata: Value) -> Arc<Object> {
        let mut value = json!({"metadata": {"name": "web-0", "namespace": "n"}, "spec": {"nodeName": node}});
        for (name, member) in metadata.as_object().unwrap() {
            value["metadata"][name.as_str()] = member.clone();
        }
        Arc::new(Object::parse(PODS, value).unwrap())
    }

    fn planned(claim: &Object, users: &[&Arc<Object>]) -> Vec<Value> {
        let plan = plan(Timestamp::default(), claim, users, u64::MAX);
        let patch = |effect: &Effect| match &effect.call {
            Call::Patch { patch: Patch::Merge(body) | Patch::Strategic(body), .. } => body.clone(),
            other => panic!("{other:?}"),
        };
        plan.effects().map(patch).collect()
    }

    #[test]
    fn a_claim_in_use_stays_and_an_unused_one_goes() {
        // STO-20, PVT-2
        let deleted = claim(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]}), json!({}));
        assert!(planned(&deleted, &[&pod("a", json!({}))]).is_empty());
        assert_eq!(planned(&deleted, &[]).len(), 1);
        assert_eq!(planned(&deleted, &[&pod("", json!({}))]).len(), 1, "it has no node");
    }

    #[test]
    fn a_pod_that_is_not_seen_yet_is_looked_for() {
        // PVT-2
        let deleted = claim(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]}), json!({}));
        let guards = |seen| plan(Timestamp::default(), &deleted, &[], seen).before;
        assert_eq!((guards(0).len(), guards(1).len()), (1, 0));
        let key = Key::new("n", "data");
        assert_eq!(guards(0)[0].guard, Some(Guard::Unused { claim: key.clone() }));
        let holds = |node: &str, phase: &str, name: &str| {
            let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": name}}]);
            let spec = json!({"nodeName": node, "volumes": volumes});
            let pod = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec, "status": {"phase": phase}});
            Object::parse(PODS, pod).unwrap().holds_claim(&key)
        };
        assert!(holds("a", "Running", "data"));
        assert!(!holds("", "Pending", "data") && !holds("a", "Failed", "data") && !holds("a", "Running", "other"));
    }

    #[test]
    fn a_live_claim_without_protection_gets_it() {
        // PVT-1
        assert_eq!(planned(&claim(json!({}), json!({})), &[]).len(), 1);
        assert!(planned(&claim(json!({"finalizers": [FINALIZER]}), json!({})), &[]).is_empty());
        let held = claim(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/hold"]}), json!({}));
        assert!(planned(&held, &[]).is_empty());
    }

    #[test]
    fn a_bound_claim_says_whether_any_pod_wants_it() {
        // PVB-15
        let of = |status: Value| claim(json!({"finalizers": [FINALIZER]}), status);
        let (waiting, going) = (pod("", json!({})), pod("a", json!({"deletionTimestamp": "2026-01-01T00:00:00Z"})));
        let says = |status: Value, users: &[&Arc<Object>]| {
            planned(&of(status), users).first().map(|body| body["status"]["conditions"][0]["status"].clone())
        };
        assert_eq!(says(json!({"phase": "Pending"}), &[]), None);
        assert_eq!(says(json!({"phase": "Bound"}), &[]), Some("True".into()));
        assert_eq!(says(json!({"phase": "Bound"}), &[&waiting]), Some("False".into()), "a pod counts from its creation");
        assert_eq!(says(json!({"phase": "Bound"}), &[&going]), Some("True".into()), "until its deletion begins");
        let known = json!({"phase": "Bound", "conditions": [{"type": "Unused", "status": "True"}]});
        assert_eq!(says(known, &[]), None);
    }
}
