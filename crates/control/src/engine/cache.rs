//! What the watches have told so far: one set of objects shared by all controllers, with indexes by owner, by uid and by
//! what [`crate::facts`] declares of each kind. An object is held once; indexes share it.
//! Input: watch reports. Output: [`Change`]s. It never decides anything and never forgets an object that was not deleted.

use crate::facts::{self, Index};
use crate::object::Object;
use crate::plan::{Key, Resource};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::NODES;

/// All caches.
#[derive(Debug, Default)]
pub struct Cache {
    stores: BTreeMap<Resource, Store>,
    /// By the uid of an owner.
    dependents: BTreeMap<String, BTreeSet<ByPlace>>,
    by_uid: BTreeSet<ByUid>,
    now: Timestamp,
    gone: Gone,
    /// When nodes went: what ran on them has to wait a while.
    nodes_left: BTreeMap<String, Timestamp>,
}

/// The objects of one resource.
#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    /// Those without a controller.
    orphans: BTreeMap<Key, Arc<Object>>,
    /// By an index's name, then by term.
    indexes: BTreeMap<&'static str, BTreeMap<String, BTreeSet<ByPlace>>>,
    /// Everything up to this resourceVersion has been seen.
    seen: u64,
    synced: bool,
}

/// An object as a member of a set that is ordered by resource and key.
#[derive(Debug, Clone)]
struct ByPlace(Arc<Object>);

impl ByPlace {
    fn place(&self) -> (Resource, &Key) {
        (self.0.resource, &self.0.key)
    }
}

impl Ord for ByPlace {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for ByPlace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByPlace {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for ByPlace {}

/// An object as a member of a set that is ordered by uid.
#[derive(Debug, Clone)]
struct ByUid(Arc<Object>);

impl Borrow<str> for ByUid {
    fn borrow(&self) -> &str {
        &self.0.uid
    }
}

impl Ord for ByUid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.uid.cmp(&other.0.uid)
    }
}

impl PartialOrd for ByUid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByUid {
    fn eq(&self, other: &Self) -> bool {
        self.0.uid == other.0.uid
    }
}

impl Eq for ByUid {}

/// Uids that were seen to be deleted; they never come back.
#[derive(Debug, Default)]
struct Gone {
    uids: BTreeSet<String>,
    order: VecDeque<String>,
}

/// How many deleted nodes are remembered; the first by name are forgotten first.
const NODES_LEFT_MAX: usize = 1024;
/// How many deleted uids are remembered; a late report of a forgotten one would bring it back until the next.
const GONE_MAX: usize = 16_384;

/// A difference that a watch report made.
#[derive(Debug, Clone)]
pub struct Change {
    pub resource: Resource,
    pub key: Key,
    pub old: Option<Arc<Object>>,
    pub new: Option<Arc<Object>>,
}

impl Cache {
    /// Prepares an empty, unsynced store.
    pub fn watch(&mut self, resource: Resource) {
        self.stores.entry(resource).or_default();
    }

    pub fn resources(&self) -> impl Iterator<Item = Resource> {
        self.stores.keys().copied()
    }

    pub fn synced(&self, resource: Resource) -> bool {
        self.stores.get(&resource).is_some_and(|s| s.synced)
    }

    /// The resourceVersion up to which this resource has been seen.
    pub fn seen(&self, resource: Resource) -> u64 {
        self.stores.get(&resource).map_or(0, |s| s.seen)
    }

    pub fn get(&self, resource: Resource, key: &Key) -> Option<&Arc<Object>> {
        self.stores.get(&resource)?.objects.get(key)
    }

    /// All objects, by key.
    pub fn list(&self, resource: Resource) -> impl Iterator<Item = &Arc<Object>> {
        self.stores.get(&resource).into_iter().flat_map(|s| s.objects.values())
    }

    /// The objects of a namespace, by name.
    pub fn namespace<'a, 'n>(&'a self, resource: Resource, namespace: &'n str) -> impl Iterator<Item = &'a Arc<Object>> + use<'a, 'n> {
        let first = Key::new(namespace, "");
        let objects = self.stores.get(&resource).into_iter().flat_map(move |s| s.objects.range(first.clone()..));
        objects.take_while(move |(key, _)| key.namespace == namespace).map(|(_, object)| object)
    }

    /// The objects of a namespace whose name begins so, by name.
    pub fn prefixed<'a>(&'a self, resource: Resource, namespace: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        let first = Key::new(namespace, prefix);
        let objects = self.stores.get(&resource).into_iter().flat_map(move |s| s.objects.range(first.clone()..));
        objects.take_while(move |(key, _)| key.namespace == namespace && key.name.starts_with(prefix)).map(|(_, object)| object)
    }

    /// As [`prefixed`](Self::prefixed), only objects without a controller.
    pub fn orphans<'a>(&'a self, resource: Resource, namespace: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        let first = Key::new(namespace, prefix);
        let objects = self.stores.get(&resource).into_iter().flat_map(move |s| s.orphans.range(first.clone()..));
        objects.take_while(move |(key, _)| key.namespace == namespace && key.name.starts_with(prefix)).map(|(_, object)| object)
    }

    /// The objects that an index lists under a term, by key.
    pub fn indexed<'a>(&'a self, index: &Index, term: &str) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        let terms = self.stores.get(&index.resource).and_then(|store| store.indexes.get(index.name));
        terms.and_then(|terms| terms.get(term)).into_iter().flatten().map(|object| &object.0)
    }

    /// The terms under which an index lists anything, in order.
    pub fn terms<'a>(&'a self, index: &Index) -> impl Iterator<Item = &'a str> + use<'a> {
        let terms = self.stores.get(&index.resource).and_then(|store| store.indexes.get(index.name));
        terms.into_iter().flatten().map(|(term, _)| term.as_str())
    }

    /// Every object with an ownerReference to this uid, by place.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.dependents.get(uid).into_iter().flatten().map(|object| &object.0)
    }

    /// The objects of one resource with an ownerReference to this uid, by key.
    pub fn dependents_of(&self, resource: Resource, uid: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.dependents(uid).filter(move |object| object.resource == resource)
    }

    pub fn has_dependents(&self, uid: &str) -> bool {
        self.dependents.contains_key(uid)
    }

    pub fn by_uid(&self, uid: &str) -> Option<&Arc<Object>> {
        self.by_uid.get(uid).map(|object| &object.0)
    }

    /// When a node of that name was last seen to go; the beginning of time if it was not.
    pub fn node_left_at(&self, name: &str) -> Timestamp {
        self.nodes_left.get(name).copied().unwrap_or_default()
    }

    /// What time it was when the last report came.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What time it is for what is put from now on.
    pub fn set_time(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// A whole list at a version: what it lacks is deleted. Returns the differences.
    pub fn replace(&mut self, resource: Resource, objects: Vec<Object>, seen: u64) -> Vec<Change> {
        let present: BTreeSet<Key> = objects.iter().map(|o| o.key.clone()).collect();
        let known = self.stores.entry(resource).or_default().objects.keys();
        let lost: Vec<Key> = known.filter(|key| !present.contains(key)).cloned().collect();
        let mut changes: Vec<Change> = lost.into_iter().filter_map(|key| self.remove(resource, &key)).collect();
        changes.extend(objects.into_iter().filter_map(|object| self.put(object)));
        let store = self.stores.entry(resource).or_default();
        store.synced = true;
        store.seen = store.seen.max(seen);
        changes
    }

    /// A created or changed object; `None` if it was known already, or is older than what is known.
    pub fn put(&mut self, mut object: Object) -> Option<Change> {
        let (resource, key) = (object.resource, object.key.clone());
        let store = self.stores.entry(resource).or_default();
        store.seen = store.seen.max(object.version);
        let old = store.objects.get(&key).cloned();
        if let Some(old) = &old
            && (old.version >= object.version && old.uid == object.uid)
        {
            return None;
        }
        if self.gone.uids.contains(&object.uid) {
            return None;
        }
        object.facts.succeed(old.as_ref().map(|old| &old.facts), self.now);
        let new = Arc::new(object);
        store.objects.insert(key.clone(), Arc::clone(&new));
        if let Some(old) = &old {
            self.unlink(old);
            if old.uid != new.uid {
                self.gone.remember(&old.uid);
            }
        }
        self.link(&new);
        Some(Change { resource, key, old, new: Some(new) })
    }

    /// A deletion at a version.
    pub fn delete(&mut self, object: &Object) -> Option<Change> {
        let store = self.stores.entry(object.resource).or_default();
        store.seen = store.seen.max(object.version);
        if store.objects.get(&object.key).is_some_and(|known| known.uid != object.uid) {
            return None;
        }
        self.gone.remember(&object.uid);
        self.remove(object.resource, &object.key)
    }

    /// Nothing happened up to this version (a bookmark).
    pub fn advance(&mut self, resource: Resource, seen: u64) {
        let store = self.stores.entry(resource).or_default();
        store.seen = store.seen.max(seen);
    }

    fn remove(&mut self, resource: Resource, key: &Key) -> Option<Change> {
        let old = self.stores.get_mut(&resource)?.objects.remove(key)?;
        self.unlink(&old);
        self.gone.remember(&old.uid);
        if resource == NODES {
            self.nodes_left.insert(key.name.clone(), self.now);
            if self.nodes_left.len() > NODES_LEFT_MAX {
                self.nodes_left.pop_first();
            }
        }
        Some(Change { resource, key: key.clone(), old: Some(old), new: None })
    }

    fn link(&mut self, object: &Arc<Object>) {
        for owner in &object.owners {
            self.dependents.entry(owner.uid.clone()).or_default().replace(ByPlace(Arc::clone(object)));
        }
        let store = self.stores.entry(object.resource).or_default();
        if object.controller().is_none() {
            store.orphans.insert(object.key.clone(), Arc::clone(object));
        }
        for index in facts::indexes(object.resource) {
            let terms = store.indexes.entry(index.name).or_default();
            for term in (index.terms)(&object.key, &object.facts) {
                terms.entry(term).or_default().replace(ByPlace(Arc::clone(object)));
            }
        }
        self.by_uid.replace(ByUid(Arc::clone(object)));
    }

    fn unlink(&mut self, object: &Arc<Object>) {
        let place = ByPlace(Arc::clone(object));
        object.owners.iter().for_each(|owner| take_out(&mut self.dependents, &owner.uid, &place));
        let store = self.stores.entry(object.resource).or_default();
        store.orphans.remove(&object.key);
        for index in facts::indexes(object.resource) {
            let terms = store.indexes.entry(index.name).or_default();
            (index.terms)(&object.key, &object.facts).iter().for_each(|term| take_out(terms, term, &place));
        }
        if self.by_uid(&object.uid).is_some_and(|known| ByPlace(Arc::clone(known)) == place) {
            self.by_uid.remove(object.uid.as_str());
        }
    }
}

/// Takes an object out of what is listed under a term; an empty list goes too.
fn take_out(terms: &mut BTreeMap<String, BTreeSet<ByPlace>>, term: &str, place: &ByPlace) {
    if let Some(objects) = terms.get_mut(term) {
        objects.remove(place);
        if objects.is_empty() {
            terms.remove(term);
        }
    }
}

impl Gone {
    fn remember(&mut self, uid: &str) {
        if !self.uids.insert(uid.to_owned()) {
            return;
        }
        self.order.push_back(uid.to_owned());
        if self.order.len() > GONE_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.uids.remove(&oldest);
        }
    }
}
