//! Which node makes the volume of a claim that waits for no pod, and whether a volume's node is still there. Pure.

use crate::engine::Cache;
use crate::facts::node::NodeFacts;
use crate::facts::storage_capacity::OF_CLASS;
use crate::facts::storage_class::allows;
use crate::facts::volume::{BY_NODE, HOSTNAME};
use crate::object::Object;
use crate::plan::Key;
use std::cmp::Reverse;
use std::sync::Arc;
use stead_client::resource::NODES;

/// A node, and why it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub node: String,
    pub why: String,
}

/// The node that a volume is on, if no such node exists any more.
pub fn gone(volume: &Object, cache: &Cache) -> Option<String> {
    let node = &volume.volume().node;
    let is_there =
        || cache.get(NODES, &Key::cluster(node.as_str())).is_some() || cache.list(NODES).any(|known| known.label(HOSTNAME) == node);
    (!node.is_empty() && !is_there()).then(|| node.clone())
}

/// The node with the most room, then with the fewest volumes, then the first by name. Room is compared where nodes say what they have.
pub fn choose(claim: &Object, class: &Object, cache: &Cache) -> Result<Chosen, String> {
    let mut candidates = Vec::new();
    let mut refusals = Vec::new();
    for node in cache.list(NODES) {
        match room(claim, class, node, cache) {
            Ok(room) => candidates.push((node, room)),
            Err(why) => refusals.push(format!("{} {why}", node.key.name)),
        }
    }
    let volumes = |node: &Object| cache.indexed(&BY_NODE, hostname(node)).count();
    let best = candidates.into_iter().min_by_key(|(node, room)| (Reverse(*room), volumes(node), node.key.name.clone()));
    let Some((node, room)) = best else {
        return Err(told(&refusals));
    };
    let why = match room {
        Some(bytes) => format!("it has the most room, {bytes} bytes"),
        None => format!("it has {} volumes", volumes(node)),
    };
    Ok(Chosen { node: node.key.name.clone(), why })
}

/// Nodes of which is said why they cannot.
const TOLD_MAX: usize = 5;

/// Why none can.
fn told(refusals: &[String]) -> String {
    let first = refusals[..refusals.len().min(TOLD_MAX)].join("; ");
    match refusals.len() {
        0 => "there are no nodes".to_owned(),
        count if count > TOLD_MAX => format!("{first}; and {} more", count - TOLD_MAX),
        _ => first,
    }
}

/// Bytes that a node has for a class, `None` if nobody says; or why it cannot have the volume.
fn room(claim: &Object, class: &Object, node: &Arc<Object>, cache: &Cache) -> Result<Option<i64>, String> {
    let facts: &NodeFacts = node.node();
    if !facts.ready {
        return Err("is not ready".to_owned());
    }
    if facts.cordoned {
        return Err("is unschedulable".to_owned());
    }
    if let Some(taint) = facts.taints.iter().find(|taint| taint.effect != "PreferNoSchedule") {
        return Err(format!("has the taint {}", taint.key));
    }
    if !allows(class, node) {
        return Err("is not in allowedTopologies of the class".to_owned());
    }
    let mut said = cache.indexed(&OF_CLASS, &class.key.name).peekable();
    if said.peek().is_none() {
        return Ok(None);
    }
    let asked = claim.claim().request;
    let own = said.filter(|capacity| capacity.storage_capacity().is_of(node)).map(|capacity| capacity.storage_capacity());
    let largest = own.map(|own| (own.capacity, own.largest.unwrap_or(own.capacity))).max();
    match largest {
        Some((room, largest)) if largest >= asked && room >= asked => Ok(Some(room)),
        Some((room, _)) => Err(format!("has room for {room} bytes, not for {asked}")),
        None => Err("does not say that it has room for this class".to_owned()),
    }
}

fn hostname(node: &Object) -> &str {
    Some(node.label(HOSTNAME)).filter(|name| !name.is_empty()).unwrap_or(&node.key.name)
}
