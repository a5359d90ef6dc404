//! The disruption controller (PDB-1..13): works out what each PodDisruptionBudget allows, and takes back the mark of a disruption that
//! never came. `plan` decides about budgets, `scale` how many pods there should be. Evictions spend what is written here.

mod plan;
mod scale;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use plan::Observed;
use stead_api::selector::LabelSelector;
use stead_api::{json, time::Timestamp};
use stead_client::resource::{DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource, STATEFUL_SETS};

/// How long an eviction may take to become a deletion (PDB-11), and a mark of disruption to become one (PDB-14).
const DELETION_TIMEOUT_MS: i64 = 120_000;

pub const REGISTRATION: Registration =
    Registration { name: "disruption-controller", alias: "disruption", make: |_, resources| Box::new(Disruption(resources.to_vec())) };

/// Knows every resource of the server: what owns a pod is named by kind, and errors name it by resource.
#[derive(Debug)]
pub struct Disruption(Vec<Resource>);

/// PDB-9: an empty selector selects every pod, none at all no pod.
fn selects(budget: &Object, pod: &Object) -> bool {
    let selector = budget.spec().get("selector").filter(|selector| !selector.is_null());
    selector.is_some_and(|selector| LabelSelector::from_object(Some(selector)).matches_labels(&pod.labels))
}

/// What of a pod budgets count.
fn counted(pod: &Object) -> impl PartialEq + '_ {
    (&pod.uid, &pod.labels, pod.pod().ready, pod.deleting.is_some(), pod.controller().map(|owner| &owner.uid))
}

impl Controller for Disruption {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "controllermanager"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![POD_DISRUPTION_BUDGETS, PODS, REPLICATION_CONTROLLERS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        if change.resource == POD_DISRUPTION_BUDGETS {
            keys.push((POD_DISRUPTION_BUDGETS, change.key.clone()));
        }
        if change.resource != PODS {
            return;
        }
        if change.new.as_ref().is_some_and(|pod| pod.pod().disrupted_at.is_some()) {
            keys.push((PODS, change.key.clone()));
        }
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        if old.map(counted) == new.map(counted) {
            return;
        }
        let budgets = cache.namespace(POD_DISRUPTION_BUDGETS, &change.key.namespace);
        let concerned = budgets.filter(|budget| old.into_iter().chain(new).any(|pod| selects(budget, pod)));
        keys.extend(concerned.map(|budget| (POD_DISRUPTION_BUDGETS, budget.key.clone())));
    }

    fn reconcile(&self, resource: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        if resource == PODS {
            return cache.get(PODS, key).map(|pod| take_back(pod, now)).unwrap_or_default();
        }
        let Some(budget) = cache.get(POD_DISRUPTION_BUDGETS, key) else { return Plan::default() };
        let pods: Vec<_> = cache.namespace(PODS, &key.namespace).filter(|pod| selects(budget, pod)).cloned().collect();
        let scale = scale::expected(&pods, &scale::Owners { cache, resources: &self.0 });
        plan::plan(now, &Observed { budget, pods: &pods, scale })
    }
}

/// PDB-14: a pod that was marked and is not going after all is no target any more.
fn take_back(pod: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let Some(marked) = pod.pod().disrupted_at.filter(|_| pod.deleting.is_none() && !pod.pod().terminal()) else { return plan };
    let stale = marked.plus_millis(DELETION_TIMEOUT_MS);
    if stale > now {
        plan.because(format!("it is marked as a target of a disruption since {}", marked.rfc3339()));
        plan.requeue_at = Some(stale);
        return plan;
    }
    plan.because("the disruption that it was marked for did not come");
    let condition =
        json!({"type": "DisruptionTarget", "status": "False", "lastTransitionTime": now.rfc3339(), "reason": null, "message": null});
    let metadata = json!({"uid": pod.uid, "resourceVersion": pod.version.to_string()});
    let patch = Patch::Strategic(json!({"metadata": metadata, "status": {"conditions": [condition]}}));
    let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    plan.finally.push(Effect::new(call).tolerating(&["NotFound"]));
    plan
}
