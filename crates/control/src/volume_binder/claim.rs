//! What to do about one claim (PVB-1..22, PVP-1..9). Pure. Volumes that are nobody's are given out by [`super::assign`]: it sees all
//! claims at once, so that no two are promised the same volume.

use super::{binding, classes, matching, place};
use crate::engine::Cache;
use crate::facts::claim::{BETA_PROVISIONER, ClaimPhase, PROVISIONER, SELECTED_NODE};
use crate::facts::pod::BY_CLAIM;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Guard, Key, Plan};
use std::sync::Arc;
use stead_api::{Map, json};
use stead_client::resource::{PERSISTENT_VOLUMES, STORAGE_CLASSES};

/// What provisioners of Kubernetes itself are named after; none of them is here (PVP-5).
const IN_TREE: &str = "kubernetes.io/";
/// Volumes that do not suit a claim, told of in its reasons.
const MISFITS_MAX: usize = 5;

/// What to do about a claim.
pub fn plan(claim: &Arc<Object>, cache: &Cache) -> Plan {
    let mut plan = Plan::default();
    match (claim.claim().is_bind_completed, claim.claim().volume.is_empty()) {
        (true, _) => bound(claim, cache, &mut plan),
        (false, false) => named(claim, cache, &mut plan),
        (false, true) => unbound(claim, cache, &mut plan),
    }
    plan
}

/// Whether the class leaves it to the scheduler which volume a claim gets, or where one is made (PVP-6).
pub fn waits_for_consumer(claim: &Object, cache: &Cache) -> bool {
    let class = cache.get(STORAGE_CLASSES, &Key::cluster(claim.claim().class()));
    class.is_some_and(|class| class.storage_class().waits_for_consumer)
}

/// It was bound once (PVB-20, PVB-21).
fn bound(claim: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    let facts = claim.claim();
    let event = |reason, message: &str| Some(Event::warning(claim.reference(), reason, message));
    if facts.volume.is_empty() {
        plan.because("it names its volume no longer");
        let message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        plan.step(binding::unbound_status(claim, ClaimPhase::Lost, event("ClaimLost", message)).into_iter().collect());
        return;
    }
    let name = &facts.volume;
    let key = Key::cluster(name.as_str());
    let Some(volume) = cache.get(PERSISTENT_VOLUMES, &key) else {
        plan.because(format!("its volume {name} is gone"));
        let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        let effect = binding::unbound_status(claim, ClaimPhase::Lost, event("ClaimLost", message));
        if effect.is_some() {
            // The watch of volumes may be behind that of claims.
            plan.before.push(Effect::guard(Call::Get { resource: PERSISTENT_VOLUMES, key }, Guard::Absent { uid: String::new() }));
        }
        plan.step(effect.into_iter().collect());
        return;
    };
    match &volume.volume().claim {
        Some(other) if other.uid != claim.uid => {
            plan.because(format!("its volume {name} is bound to {}", other.key));
            let message = "Two claims are bound to the same volume, this one is bound incorrectly";
            plan.step(binding::unbound_status(claim, ClaimPhase::Lost, event("ClaimMisbound", message)).into_iter().collect());
        }
        Some(_) | None => {
            plan.because(format!("bound to volume {name}"));
            if let Some(node) = place::gone(volume, cache) {
                plan.because(format!("the volume is on node {node}, which is gone: its data comes back with the node"));
            }
            plan.step(binding::complete(volume, claim));
        }
    }
}

/// A user asks for a volume by name (PVB-10, PVB-11).
fn named(claim: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    let name = &claim.claim().volume;
    let Some(volume) = cache.get(PERSISTENT_VOLUMES, &Key::cluster(name.as_str())) else {
        plan.because(format!("waits for volume {name}, which does not exist"));
        plan.step(pending(claim));
        return;
    };
    match &volume.volume().claim {
        None => match matching::misfit(claim, volume) {
            Some(why) => {
                let message = format!("Cannot bind to requested volume {name:?}: {why}");
                refuse(claim, Event::warning(claim.reference(), "VolumeMismatch", message), plan);
            }
            None => bind(claim, volume, plan),
        },
        Some(_) if volume.volume().is_of(&claim.key, &claim.uid) => bind(claim, volume, plan),
        Some(other) => {
            plan.because(format!("the volume is {}'s", other.key));
            let message = format!("volume {name:?} already bound to a different claim.");
            refuse(claim, Event::warning(claim.reference(), "FailedBinding", message), plan);
        }
    }
}

fn bind(claim: &Arc<Object>, volume: &Arc<Object>, plan: &mut Plan) {
    plan.because(format!("volume {} becomes its", volume.key.name));
    plan.step(binding::complete(volume, claim));
}

/// It stays Pending, and the event says why.
fn refuse(claim: &Arc<Object>, event: Event, plan: &mut Plan) {
    plan.because(event.message.clone());
    plan.events.push(event);
    plan.step(pending(claim));
}

fn pending(claim: &Object) -> Vec<Effect> {
    binding::unbound_status(claim, ClaimPhase::Pending, None).into_iter().collect()
}

/// It names no volume (PVB-4).
fn unbound(claim: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    if let Some(volume) = matching::reserved(claim, cache) {
        return bind(claim, volume, plan);
    }
    if claim.deleting.is_some() {
        plan.because("it is being deleted, so it gets no volume any more");
        return;
    }
    let facts = claim.claim();
    let waits = waits_for_consumer(claim, cache);
    if !waits && let Some(volume) = matching::free(claim, cache).min_by_key(|volume| matching::order(volume)) {
        plan.because(format!("volume {} suits it, if no claim before it takes that", volume.key.name));
        return;
    }
    say_what_does_not_suit(claim, cache, plan);
    // PVP-8
    if facts.class_name.is_none()
        && let Some(class) = classes::default(cache)
    {
        plan.because(format!("it names no class, and {} is the default", class.key.name));
        let body = json!({"metadata": binding::version(claim), "spec": {"storageClassName": class.key.name}});
        plan.step(vec![binding::patch(claim, "", body)]);
        return;
    }
    if waits && facts.selected_node.is_empty() {
        refuse(claim, first_consumer(claim, cache), plan);
    } else if facts.class().is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        refuse(claim, Event::normal(claim.reference(), "FailedBinding", message), plan);
        classes::hint(claim, cache, plan);
    } else {
        provision(claim, cache, plan);
    }
}

/// Why the volumes of its class that are nobody's are not its.
fn say_what_does_not_suit(claim: &Object, cache: &Cache, plan: &mut Plan) {
    let free = cache.indexed(&crate::facts::volume::FREE, claim.claim().class());
    let misfits =
        free.filter_map(|volume| Some(format!("volume {} is free, but {}", volume.key.name, matching::misfit_of_free(claim, volume)?)));
    misfits.take(MISFITS_MAX).for_each(|misfit| plan.because(misfit));
}

/// PVP-6
fn first_consumer(claim: &Object, cache: &Cache) -> Event {
    let pods: Vec<&str> = waiting_pods(claim, cache).map(|pod| pod.key.name.as_str()).collect();
    let (reason, message) = match pods.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        pods => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", pods.join(","))),
    };
    Event::normal(claim.reference(), reason, message)
}

/// The pods that use it and have no node.
pub fn waiting_pods<'a>(claim: &Object, cache: &'a Cache) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
    cache.indexed(&BY_CLAIM, &claim.key.to_string()).filter(|pod| pod.pod().node.is_empty())
}

/// PVP-1, PVP-5, PVP-7: says who is to make a volume.
fn provision(claim: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    let class = claim.claim().class();
    let Some(object) = cache.get(STORAGE_CLASSES, &Key::cluster(class)) else {
        let message = format!("storageclass.storage.k8s.io {class:?} not found");
        refuse(claim, Event::warning(claim.reference(), "ProvisioningFailed", message), plan);
        classes::hint(claim, cache, plan);
        return;
    };
    let facts = object.storage_class();
    let provisioner = facts.provisioner.as_str();
    if provisioner.starts_with(IN_TREE) {
        let message = format!("no volume plugin matched name: {provisioner}");
        refuse(claim, Event::warning(claim.reference(), "ProvisioningFailed", message), plan);
        return;
    }
    let mut annotations = Map::new();
    let mut node = claim.claim().selected_node.clone();
    if facts.is_ours() && node.is_empty() {
        match place::choose(claim, object, cache) {
            Ok(chosen) => {
                plan.because(format!("node {} is to make its volume: {}", chosen.node, chosen.why));
                annotations.insert(SELECTED_NODE.into(), chosen.node.as_str().into());
                node = chosen.node;
            }
            Err(why) => {
                let message = format!("no node can make its volume: {why}");
                refuse(claim, Event::warning(claim.reference(), "ProvisioningFailed", message), plan);
                return;
            }
        }
    }
    if claim.claim().provisioner != provisioner {
        annotations.insert(BETA_PROVISIONER.into(), provisioner.into());
        annotations.insert(PROVISIONER.into(), provisioner.into());
    }
    let at = if node.is_empty() { String::new() } else { format!(" for node {node}") };
    plan.because(format!("waits for {provisioner} to make volume pvc-{}{at}", claim.uid));
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. \
         If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    let event = Event::normal(claim.reference(), "ExternalProvisioning", message);
    if !annotations.is_empty() {
        let mut metadata = binding::version(claim);
        metadata.insert("annotations".into(), annotations.into());
        let call = binding::patch(claim, "", json!({ "metadata": metadata }));
        plan.step(vec![Effect { on_success: Some(event), ..call }]);
        return;
    }
    if !facts.is_ours() {
        // Whether that provisioner runs is not known: it is told for as long as anything happens to the claim.
        plan.events.push(event);
    }
    plan.step(pending(claim));
}
