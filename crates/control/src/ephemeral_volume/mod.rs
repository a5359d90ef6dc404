//! The ephemeral volume controller (EPH-1..3): makes the claims of volumes that live as long as their pod. The collector takes them away.

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::{BY_CLAIM, EphemeralVolume};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, Effect, Event, Key, Plan};
use std::sync::Arc;
use stead_api::{Map, json, time::Timestamp};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PODS, Resource};

#[derive(Debug)]
pub struct EphemeralVolumes;

pub const REGISTRATION: Registration =
    Registration { name: "ephemeral-volume-controller", alias: "ephemeral-volume", make: |_, _| Box::new(EphemeralVolumes) };

impl Controller for EphemeralVolumes {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "ephemeral_volume"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, PERSISTENT_VOLUME_CLAIMS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let has_any = |pod: &&Arc<Object>| !pod.pod().ephemeral.is_empty();
        match change.resource {
            PODS if change.old.is_none() => keys.extend(change.new.iter().filter(has_any).map(|pod| (PODS, pod.key.clone()))),
            // Its pod gets a new one.
            PERSISTENT_VOLUME_CLAIMS if change.new.is_none() => {
                let pods = cache.indexed(&BY_CLAIM, &change.key.to_string()).filter(has_any);
                keys.extend(pods.map(|pod| (PODS, pod.key.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let Some(pod) = cache.get(PODS, key).filter(|pod| pod.deleting.is_none()) else { return Plan::default() };
        let claim = |volume: &EphemeralVolume| {
            let key = Key::new(key.namespace.as_str(), volume.claim(&key.name));
            cache.get(PERSISTENT_VOLUME_CLAIMS, &key)
        };
        let mut plan = Plan::default();
        for volume in &pod.pod().ephemeral {
            look(pod, volume, claim(volume), &mut plan);
        }
        plan
    }
}

fn look(pod: &Arc<Object>, volume: &EphemeralVolume, claim: Option<&Arc<Object>>, plan: &mut Plan) {
    let name = volume.claim(&pod.key.name);
    match claim {
        None => {
            plan.because(format!("claim {name} of volume {} is missing", volume.name));
            plan.step(vec![create(pod, volume, &name)]);
        }
        Some(claim) if claim.controller().is_some_and(|owner| owner.uid == pod.uid) => {}
        Some(claim) => {
            // EPH-2
            let message =
                format!("ephemeral volume {}: PVC {} was not created for pod {} (pod is not owner)", volume.name, claim.key, pod.key);
            plan.because(message.clone());
            plan.events.push(Event::warning(pod.reference(), "FailedBinding", message));
        }
    }
}

/// EPH-1
fn create(pod: &Arc<Object>, volume: &EphemeralVolume, name: &str) -> Effect {
    let mut metadata = Map::new();
    metadata.insert("name".into(), name.into());
    metadata.insert("namespace".into(), pod.key.namespace.as_str().into());
    for member in ["labels", "annotations"] {
        if let Some(value) = volume.template["metadata"].get(member) {
            metadata.insert(member.into(), value.clone());
        }
    }
    metadata.insert("ownerReferences".into(), json!([pod.owner_reference()]));
    let body = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": volume.template["spec"]});
    let message = format!("ephemeral volume {}: create PVC {name}: {{error}}", volume.name);
    Effect {
        on_failure: Some(Event::warning(pod.reference(), "FailedBinding", message)),
        silent: &["AlreadyExists"],
        ..Effect::new(Call::create(PERSISTENT_VOLUME_CLAIMS, &pod.key.namespace, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::Value;

    fn pod() -> Object {
        let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"]}});
        let value = json!({
            "metadata": {"name": "p", "namespace": "n", "uid": "u"},
            "spec": {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]},
        });
        Object::parse(PODS, value).unwrap()
    }

    fn planned(claim: Option<Value>) -> Plan {
        let mut cache = Cache::default();
        cache.put(pod());
        if let Some(claim) = claim {
            cache.put(Object::parse(PERSISTENT_VOLUME_CLAIMS, claim).unwrap());
        }
        EphemeralVolumes.reconcile(PODS, &Key::new("n", "p"), &cache, Timestamp::default())
    }

    #[test]
    fn a_pod_gets_its_claim_and_shares_no_other() {
        // EPH-1
        let made = planned(None);
        let Call::Create { body, .. } = &made.effects().next().unwrap().call else { panic!("{made:?}") };
        assert_eq!((&body["metadata"]["name"], &body["metadata"]["labels"]["a"]), (&"p-scratch".into(), &"b".into()));
        assert_eq!(body["metadata"]["ownerReferences"][0]["uid"], "u");
        let mut claim = json!({"metadata": {"name": "p-scratch", "namespace": "n", "uid": "c"}});
        // EPH-2
        let strange = planned(Some(claim.clone()));
        assert_eq!(strange.effects().count(), 0);
        assert_eq!(strange.events[0].message, "ephemeral volume scratch: PVC n/p-scratch was not created for pod n/p (pod is not owner)");
        claim["metadata"]["ownerReferences"] = json!([{"uid": "u", "kind": "Pod", "name": "p", "controller": true}]);
        assert!(planned(Some(claim)).is_empty());
    }
}
