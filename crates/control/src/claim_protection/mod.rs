//! The claim protection controller (STO-20): a claim that is being deleted stays until no pod uses it any more.

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::BY_CLAIM;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use stead_api::{json, time::Timestamp};
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

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let Some(claim) = cache.get(PERSISTENT_VOLUME_CLAIMS, key) else { return Plan::default() };
        let user = cache.indexed(&BY_CLAIM, &key.to_string()).next();
        plan(claim, user.map(|pod| pod.key.name.as_str()))
    }
}

fn plan(claim: &Object, user: Option<&str>) -> Plan {
    let mut plan = Plan::default();
    let protected = claim.has_finalizer(FINALIZER);
    let others = claim.finalizers.iter().filter(|finalizer| *finalizer != FINALIZER).cloned();
    let finalizers: Vec<String> = match (claim.deleting.is_some(), user) {
        (false, _) if !protected => others.chain([FINALIZER.to_owned()]).collect(),
        (true, None) if protected => others.collect(),
        (true, Some(pod)) => {
            plan.because(format!("waiting: pod {pod} uses the claim"));
            return plan;
        }
        _ => return plan,
    };
    // The whole list, so with the version it was made from.
    let patch =
        Patch::Merge(json!({"metadata": {"uid": claim.uid, "resourceVersion": claim.version.to_string(), "finalizers": finalizers}}));
    let call = Call::Patch { resource: PERSISTENT_VOLUME_CLAIMS, key: claim.key.clone(), subresource: "", patch };
    plan.step(vec![Effect::new(call).tolerating(&["NotFound"])]);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::Value;

    fn claim(metadata: Value) -> Object {
        let mut value = json!({"metadata": {"name": "data", "namespace": "n", "uid": "u", "resourceVersion": "1"}});
        for (name, member) in metadata.as_object().unwrap() {
            value["metadata"][name.as_str()] = member.clone();
        }
        Object::parse(PERSISTENT_VOLUME_CLAIMS, value).unwrap()
    }

    #[test]
    fn a_claim_in_use_stays_and_an_unused_one_goes() {
        // STO-20
        let deleted = claim(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]}));
        assert!(plan(&deleted, Some("web-0")).is_empty());
        assert_eq!(plan(&deleted, None).effects().count(), 1);
    }

    #[test]
    fn a_live_claim_without_protection_gets_it() {
        assert_eq!(plan(&claim(json!({})), None).effects().count(), 1);
        assert!(plan(&claim(json!({"finalizers": [FINALIZER]})), None).is_empty());
        let held = claim(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/hold"]}));
        assert!(plan(&held, None).is_empty());
    }
}
