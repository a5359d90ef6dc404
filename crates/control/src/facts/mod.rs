//! What caches keep of each kind: one row per kind, in a file of its own, with what controllers read of it, parsed once
//! when it arrives, and the indexes by which it is found. Kinds without a row are kept by their metadata alone.

mod claim;
mod lease;
pub mod node;
pub mod pod;

use crate::object::Object;
use node::NodeFacts;
use pod::PodFacts;
use stead_api::{Value, time::Timestamp};
use stead_client::resource::{CONFIG_MAPS, CONTROLLER_REVISIONS, NAMESPACES, STATEFUL_SETS};
use stead_client::{Key, Resource};

/// What is parsed of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// Its metadata is all, or the value is read as it is.
    None,
    Pod(Box<PodFacts>),
    Node(Box<NodeFacts>),
}

/// A kind of which more than the metadata is kept.
pub struct Kind {
    pub resource: Resource,
    /// Parses, and leaves in the value only what is read of it later.
    read: fn(&Key, &mut Value) -> Facts,
    pub indexes: &'static [Index],
}

/// The terms under which the objects of a kind are found.
#[derive(Debug)]
pub struct Index {
    pub resource: Resource,
    /// Distinct within its kind.
    pub name: &'static str,
    pub terms: fn(&Object) -> Vec<String>,
}

const KINDS: &[Kind] = &[
    pod::KIND,
    node::KIND,
    claim::KIND,
    lease::KIND,
    whole(STATEFUL_SETS),
    whole(CONTROLLER_REVISIONS),
    whole(NAMESPACES),
    // Of all ConfigMaps one is read.
    Kind { read: |key, value| if key.name == crate::root_ca::NAME { Facts::None } else { metadata_alone(value) }, ..whole(CONFIG_MAPS) },
];

/// A kind that is kept as it is.
const fn whole(resource: Resource) -> Kind {
    Kind { resource, read: |_, _| Facts::None, indexes: &[] }
}

fn kind(resource: Resource) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.resource == resource)
}

/// The indexes of a resource.
pub fn indexes(resource: Resource) -> &'static [Index] {
    kind(resource).map(|kind| kind.indexes).unwrap_or_default()
}

/// Reads an object whose metadata has been parsed; what nothing reads is dropped from the value.
pub fn read(resource: Resource, key: &Key, value: &mut Value) -> Facts {
    match kind(resource) {
        Some(kind) => (kind.read)(key, value),
        None => metadata_alone(value),
    }
}

fn metadata_alone(value: &mut Value) -> Facts {
    *value = Value::Null;
    Facts::None
}

/// Keeps these members of a part of an object.
fn keep(value: &mut Value, part: &str, names: &[&str]) {
    if let Some(members) = value.get_mut(part).and_then(Value::as_object_mut) {
        // Made anew: what is taken out of a map leaves its room behind.
        *members = names.iter().filter_map(|name| members.shift_remove_entry(*name)).collect();
    }
}

impl Facts {
    /// Takes over from the object's former state what it does not say itself.
    pub fn succeed(&mut self, former: Option<&Self>, now: Timestamp) {
        if let Self::Node(node) = self {
            let former = former.and_then(|facts| if let Self::Node(node) = facts { Some(node.as_ref()) } else { None });
            node.date_taints(former, now);
        }
    }
}
