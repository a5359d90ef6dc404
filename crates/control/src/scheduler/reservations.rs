//! What was decided about volumes and is not seen yet: which claim gets which volume, and on which node one is to be made. So two pods never get one
//! volume (SCH-76). Pure.

use super::plugins::volumes::Bindings;
use crate::object::Object;
use crate::plan::Key;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Reservations {
    /// By the volume's name.
    volumes: BTreeMap<String, Key>,
    /// Nodes by claim.
    nodes: BTreeMap<Key, String>,
}

impl Reservations {
    pub fn reserve(&mut self, bindings: &Bindings, node: &str) {
        let volumes = bindings.existing.iter().map(|(claim, volume)| (volume.key.name.clone(), claim.key.clone()));
        self.volumes.extend(volumes);
        self.nodes.extend(bindings.provisioned.iter().map(|claim| (claim.key.clone(), node.to_owned())));
    }

    pub fn release(&mut self, bindings: &Bindings) {
        bindings.existing.iter().for_each(|(_, volume)| drop(self.volumes.remove(&volume.key.name)));
        bindings.provisioned.iter().for_each(|claim| drop(self.nodes.remove(&claim.key)));
    }

    /// The node where a claim's volume is to be made, if one was chosen.
    pub fn selected_node<'a>(&'a self, claim: &'a Object) -> Option<&'a str> {
        let written = Some(claim.claim().selected_node.as_str()).filter(|node| !node.is_empty());
        written.or_else(|| self.nodes.get(&claim.key).map(String::as_str))
    }

    /// The volume that was promised to a claim, by name.
    pub fn promised(&self, claim: &Object) -> Option<&str> {
        self.volumes.iter().find(|(_, promised)| **promised == claim.key).map(|(volume, _)| volume.as_str())
    }

    /// Whether a volume is promised to no other claim.
    pub fn may_have(&self, claim: &Object, volume: &Object) -> bool {
        self.volumes.get(&volume.key.name).is_none_or(|promised| *promised == claim.key)
    }
}
