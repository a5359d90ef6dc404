//! The volume protection controller (STO-20, PVT-4): a PersistentVolume that is being deleted stays until no claim is bound to it.

use crate::engine::{Cache, Change, Controller};
use crate::facts::volume::VolumePhase;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use crate::protection::keep_while_used;
use stead_api::time::Timestamp;
use stead_client::resource::{PERSISTENT_VOLUMES, Resource};

const FINALIZER: &str = "kubernetes.io/pv-protection";

#[derive(Debug)]
pub struct VolumeProtection;

pub const REGISTRATION: Registration =
    Registration { name: "persistentvolume-protection-controller", alias: "pv-protection", make: |_, _| Box::new(VolumeProtection) };

impl Controller for VolumeProtection {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PERSISTENT_VOLUMES]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.push((PERSISTENT_VOLUMES, change.key.clone()));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        cache.get(PERSISTENT_VOLUMES, key).map(|volume| plan(volume)).unwrap_or_default()
    }
}

fn plan(volume: &Object) -> Plan {
    let mut plan = Plan::default();
    let facts = volume.volume();
    let claim = facts.claim.as_ref().filter(|_| facts.phase == VolumePhase::Bound);
    let user = claim.map(|claim| format!("claim {} is bound to the volume", claim.key));
    keep_while_used(volume, FINALIZER, user.as_deref(), &mut plan);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::{Value, json};

    #[test]
    fn a_bound_volume_stays_and_any_other_goes() {
        // PVT-4
        let writes = |phase: &str, metadata: Value| {
            let mut value = json!({
                "metadata": {"name": "a", "uid": "u", "resourceVersion": "1"},
                "spec": {"claimRef": {"namespace": "n", "name": "data", "uid": "c"}}, "status": {"phase": phase},
            });
            for (name, member) in metadata.as_object().unwrap() {
                value["metadata"][name.as_str()] = member.clone();
            }
            plan(&Object::parse(PERSISTENT_VOLUMES, value).unwrap()).effects().count()
        };
        let deleted = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]});
        assert_eq!(writes("Bound", deleted.clone()), 0);
        assert_eq!(writes("Released", deleted), 1);
        assert_eq!(writes("Available", json!({})), 1, "PVT-1");
        assert_eq!(writes("Available", json!({"finalizers": [FINALIZER]})), 0);
    }
}
