//! What the watches have told so far: one set of objects shared by all controllers, with indexes by owner and uid.
//! Input: watch reports. Output: [`Change`]s. It never decides anything and never forgets an object that was not deleted.

use crate::object::Object;
use crate::plan::{Key, Resource};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// An object's place: its resource and key.
pub type Place = (Resource, Key);

/// All caches.
#[derive(Debug, Default)]
pub struct Cache {
    stores: BTreeMap<Resource, Store>,
    /// By the uid of an owner, then by place.
    dependents: BTreeMap<String, BTreeMap<Place, Arc<Object>>>,
    by_uid: BTreeMap<String, Place>,
    gone: Gone,
}

/// The objects of one resource.
#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<Key, Arc<Object>>,
    /// Those without a controller.
    orphans: BTreeMap<Key, Arc<Object>>,
    /// Everything up to this resourceVersion has been seen.
    seen: u64,
    synced: bool,
}

/// Uids that were seen to be deleted; they never come back.
#[derive(Debug, Default)]
struct Gone {
    uids: BTreeSet<String>,
    order: VecDeque<String>,
}

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
    pub fn namespace<'a>(&'a self, resource: Resource, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
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

    /// Every object with an ownerReference to this uid, by place.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.dependents.get(uid).into_iter().flat_map(BTreeMap::values)
    }

    /// The objects of one resource with an ownerReference to this uid, by key.
    pub fn dependents_of(&self, resource: Resource, uid: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.dependents(uid).filter(move |object| object.resource == resource)
    }

    pub fn has_dependents(&self, uid: &str) -> bool {
        self.dependents.contains_key(uid)
    }

    pub fn by_uid(&self, uid: &str) -> Option<&Arc<Object>> {
        let (resource, key) = self.by_uid.get(uid)?;
        self.get(*resource, key)
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
    pub fn put(&mut self, object: Object) -> Option<Change> {
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
        Some(Change { resource, key: key.clone(), old: Some(old), new: None })
    }

    fn link(&mut self, object: &Arc<Object>) {
        let place = (object.resource, object.key.clone());
        for owner in &object.owners {
            self.dependents.entry(owner.uid.clone()).or_default().insert(place.clone(), Arc::clone(object));
        }
        if object.controller().is_none()
            && let Some(store) = self.stores.get_mut(&object.resource)
        {
            store.orphans.insert(object.key.clone(), Arc::clone(object));
        }
        self.by_uid.insert(object.uid.clone(), place);
    }

    fn unlink(&mut self, object: &Object) {
        let place = (object.resource, object.key.clone());
        for owner in &object.owners {
            if let Some(places) = self.dependents.get_mut(&owner.uid) {
                places.remove(&place);
                if places.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        if let Some(store) = self.stores.get_mut(&object.resource) {
            store.orphans.remove(&object.key);
        }
        if self.by_uid.get(&object.uid) == Some(&place) {
            self.by_uid.remove(&object.uid);
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
