//! The expander (PVS-2): says of a bound claim that asks for more than it has that somebody else is to see to it. Claims on the nodes
//! of this program are grown by their node, which says so itself.

use crate::engine::{Cache, Change, Controller};
use crate::facts::storage_class::is_ours;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Event, Key, Plan};
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, Resource};

#[derive(Debug)]
pub struct VolumeExpand;

pub const REGISTRATION: Registration =
    Registration { name: "persistentvolume-expander-controller", alias: "persistentvolume-expander", make: |_, _| Box::new(VolumeExpand) };

impl Controller for VolumeExpand {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "volume_expand"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let missing = |claim: &Option<Arc<Object>>| claim.as_ref().and_then(|claim| missing(claim));
        if change.resource == PERSISTENT_VOLUME_CLAIMS && missing(&change.old) != missing(&change.new) {
            keys.push((PERSISTENT_VOLUME_CLAIMS, change.key.clone()));
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let claim = cache.get(PERSISTENT_VOLUME_CLAIMS, key);
        let Some((claim, bytes)) = claim.and_then(|claim| Some((claim, missing(claim)?))) else { return plan };
        let volume = cache.get(PERSISTENT_VOLUMES, &Key::cluster(claim.claim().volume.as_str()));
        let maker = volume.map(|volume| volume.volume().provisioned_by.as_str()).unwrap_or_default();
        plan.because(format!("it asks for {bytes} bytes more than it has"));
        if !is_ours(maker) {
            let message = "waiting for an external controller to expand this PVC";
            plan.because(message);
            plan.events.push(Event::normal(claim.reference(), "ExternalExpanding", message));
        }
        plan
    }
}

/// Bytes that a bound claim asks for beyond what it has; `None`: it has all.
fn missing(claim: &Object) -> Option<i64> {
    let facts = claim.claim();
    let more = facts.request - facts.capacity.filter(|_| facts.is_bound())?;
    (more > 0).then_some(more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn only_growth_that_others_see_to_is_told() {
        // PVS-2
        let told = |maker: &str, asked: &str| {
            let mut cache = Cache::default();
            let volume = json!({"metadata": {"name": "v", "annotations": {"pv.kubernetes.io/provisioned-by": maker}}});
            cache.put(Object::parse(PERSISTENT_VOLUMES, volume).unwrap());
            let claim = json!({
                "metadata": {"name": "data", "namespace": "n", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                "spec": {"volumeName": "v", "resources": {"requests": {"storage": asked}}},
                "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
            });
            cache.put(Object::parse(PERSISTENT_VOLUME_CLAIMS, claim).unwrap());
            VolumeExpand.reconcile(PERSISTENT_VOLUME_CLAIMS, &Key::new("n", "data"), &cache, Timestamp::default()).events.len()
        };
        assert_eq!(told("example.com/x", "2Gi"), 1);
        assert_eq!(told("example.com/x", "1Gi"), 0);
        assert_eq!(told("stead.io/local", "2Gi"), 0);
    }
}
