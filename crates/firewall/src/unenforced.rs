//! What is said and refused on a machine whose packets cannot be judged: no pod that a NetworkPolicy is for runs there unprotected without
//! anybody being told. Pure.

use crate::object::{Name, Pod, Policy};
use crate::world::World;
use std::collections::BTreeSet;
use stead_client::event::{Event, Reference};

/// Reasons of events.
const OF_POLICY: &str = "NotEnforced";
const OF_POD: &str = "NetworkPolicyNotEnforced";

/// Names in a sentence; the rest is a number.
const NAMED_MAX: usize = 3;

/// Why a pod's containers may not start: it would run as if its policies were not there. `None`: none is for it.
pub fn refusal(world: &World, pod: &Pod, why: &str) -> Option<String> {
    let policies = names(world, pod)?;
    Some(format!("{policies} of namespace {} could not be enforced for it: {why}", pod.name.namespace))
}

/// Of whom it was said already, by uid.
#[derive(Debug, Default)]
pub struct Told(BTreeSet<String>);

impl Told {
    /// What is to be said now: once of each policy, and of each pod that runs here and that some policy is for.
    pub fn events(&mut self, world: &World, why: &str) -> Vec<Event> {
        let policies = world.policies.values().map(|policy| (&policy.uid, of_policy(policy, why)));
        let pods = world.local().filter_map(|(_, pod)| Some((&pod.uid, of_pod(pod, &names(world, pod)?, why))));
        let all: Vec<(&String, Event)> = policies.chain(pods).collect();
        self.0.retain(|told| all.iter().any(|(uid, _)| *uid == told));
        all.into_iter().filter(|(uid, _)| self.0.insert((*uid).clone())).map(|(_, event)| event).collect()
    }
}

fn of_policy(policy: &Policy, why: &str) -> Event {
    let message = format!("Pods on this node are not protected by it: {why}");
    Event::warning(reference("networking.k8s.io/v1", "NetworkPolicy", &policy.name, &policy.uid), OF_POLICY, message)
}

fn of_pod(pod: &Pod, policies: &str, why: &str) -> Event {
    let message = format!("The pod runs although {policies} cannot be enforced for it: {why}");
    Event::warning(reference("v1", "Pod", &pod.name, &pod.uid), OF_POD, message)
}

fn reference(api_version: &str, kind: &str, name: &Name, uid: &str) -> Reference {
    Reference {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: name.namespace.clone(),
        name: name.name.clone(),
        uid: uid.to_owned(),
        ..Reference::default()
    }
}

/// The policies that are for a pod, in words.
fn names(world: &World, pod: &Pod) -> Option<String> {
    let names: Vec<&str> = world.policies_of(pod).map(|policy| policy.name.name.as_str()).collect();
    let shown = names[..names.len().min(NAMED_MAX)].join(", ");
    match names.len() {
        0 => None,
        1 => Some(format!("NetworkPolicy {shown}")),
        count if count > NAMED_MAX => Some(format!("NetworkPolicies {shown} and {} more", count - NAMED_MAX)),
        _ => Some(format!("NetworkPolicies {shown}")),
    }
}
