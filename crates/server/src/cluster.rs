//! What is stored and known of the cluster, and what writers of it share. Knows no requests.

use crate::allocation::Allocations;
use crate::event_budget::Budget;
use crate::key_locks::KeyLocks;
use crate::kinds::Kinds;
use crate::objects::Objects;
use crate::query::ListOptions;
use crate::{Environment, keys};
use std::sync::Arc;
use stead_api::allocation::Ranges;
use stead_api::registry::Kind;
use stead_api::{Status, Value};
use stead_store::Entry;

#[derive(Debug)]
pub(crate) struct Cluster {
    pub store: stead_store::Store,
    pub environment: Arc<dyn Environment>,
    pub kinds: Kinds,
    /// Where the addresses and ports of Services come from.
    pub ranges: Ranges,
    pub allocations: Allocations,
    pub locks: KeyLocks,
    pub events: Budget,
    pub objects: Objects,
}

impl Cluster {
    pub(crate) fn new(store: stead_store::Store, environment: Arc<dyn Environment>, ranges: Ranges) -> Self {
        Self {
            store,
            environment,
            kinds: Kinds::default(),
            allocations: Allocations::new(ranges.clone()),
            ranges,
            locks: KeyLocks::default(),
            events: Budget::default(),
            objects: Objects::default(),
        }
    }

    /// The object of that name, if there is one.
    pub(crate) fn read(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Arc<Value>>, Status> {
        self.store.get(&keys::object(kind, namespace, name)).map(|entry| self.objects.read(kind, &entry)).transpose()
    }

    /// Whether an object is one that the selectors pick.
    pub(crate) fn selected(&self, kind: &Kind, options: &ListOptions, entry: &Entry) -> Result<bool, Status> {
        Ok(options.selects_all() || options.selects(kind, &*self.objects.read(kind, entry)?))
    }

    /// All objects of a kind in a namespace (empty: everywhere), as stored.
    pub(crate) fn entries(&self, kind: &Kind, namespace: &str) -> Result<Vec<Entry>, Status> {
        let page = self.store.range(&keys::prefix(kind, namespace), None, 0, None);
        page.map(|page| page.entries).map_err(|error| Status::internal(&error.to_string()))
    }
}
