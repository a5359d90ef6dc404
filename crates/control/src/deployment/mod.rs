//! The Deployment controller (DEP-1..98): one ReplicaSet for each template, and the way from one to the next. `plan` decides about one sync,
//! `rolling` and `scaling` about sizes, `revision` about numbers, `status` about what it shows.

mod plan;
mod revision;
mod rolling;
mod scaling;
mod sets;
mod spec;
mod status;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::ownership;
use crate::plan::{Key, Plan};
use plan::Observed;
use spec::{Spec, Strategy};
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::resource::{DEPLOYMENTS, PODS, REPLICA_SETS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "deployment-controller", alias: "deployment", make: |_, _| Box::new(Deployments) };

#[derive(Debug)]
pub struct Deployments;

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![DEPLOYMENTS, REPLICA_SETS, PODS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            DEPLOYMENTS => keys.push((DEPLOYMENTS, change.key.clone())),
            REPLICA_SETS => keys.extend(ownership::concerned(DEPLOYMENTS, change, cache)),
            // DEP-45: the last old pod may have gone.
            PODS if change.new.as_ref().is_none_or(|pod| pod.pod().terminal()) => {
                let set = change.old.as_ref().and_then(|pod| cache.by_uid(&pod.controller()?.uid));
                let deployment = set.and_then(|set| cache.get(DEPLOYMENTS, &owner(set)?));
                keys.extend(deployment.filter(|d| is_recreated(d)).map(|deployment| (DEPLOYMENTS, deployment.key.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(deployment) = cache.get(DEPLOYMENTS, key) else { return Plan::default() };
        let spec = Spec::parse(Arc::clone(deployment));
        let owned = cache.dependents_of(REPLICA_SETS, &deployment.uid);
        let claimed = ownership::claim(deployment, &spec.selector, owned.chain(cache.orphans(REPLICA_SETS, &key.namespace, "")));
        let namesake = cache.get(REPLICA_SETS, &Key::new(key.namespace.as_str(), plan::name_of_new(&spec).0)).cloned();
        let pods = match spec.strategy {
            Strategy::Recreate => claimed.objects.iter().flat_map(|set| cache.dependents_of(PODS, &set.uid)).cloned().collect(),
            Strategy::RollingUpdate { .. } => Vec::new(),
        };
        plan::plan(now, &Observed { spec, claimed, namesake, pods })
    }
}

/// The Deployment that controls a set.
fn owner(set: &Object) -> Option<Key> {
    let owner = set.controller().filter(|owner| owner.kind == DEPLOYMENTS.kind)?;
    Some(Key::new(set.key.namespace.as_str(), owner.name.as_str()))
}

fn is_recreated(deployment: &Object) -> bool {
    deployment.spec()["strategy"].str("type") == "Recreate"
}
