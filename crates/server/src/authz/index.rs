//! The policy as the store has it: made at the first question, and brought up to date before each one by what has changed since.
//! Input: the store. Output: the policy, for as long as one question takes.

use super::policy::{Key, Policy};
use crate::cluster::Cluster;
use crate::keys;
use std::sync::{Arc, Mutex, PoisonError};
use stead_api::registry::Kind;
use stead_api::{Status, Value};
use stead_store::{Entry, Event, Watch, WatchError};

/// What is followed, and whether its objects are bindings.
const FOLLOWED: [(&str, Part); 4] =
    [("clusterroles", Part::Role), ("roles", Part::Role), ("clusterrolebindings", Part::Binding), ("rolebindings", Part::Binding)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Role,
    Binding,
}

#[derive(Debug, Default)]
pub(crate) struct Index(Mutex<Option<Followed>>);

#[derive(Debug)]
struct Followed {
    policy: Policy,
    sources: Vec<Source>,
    /// Of the store when it was looked at last.
    revision: u64,
}

#[derive(Debug)]
struct Source {
    kind: Arc<Kind>,
    part: Part,
    prefix: String,
    watch: Watch,
}

impl Index {
    /// Asks the policy as it is now.
    pub(crate) fn with<T>(&self, cluster: &Cluster, ask: impl FnOnce(&Policy) -> T) -> Result<T, Status> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = match held.as_mut() {
            Some(followed) => followed.refresh(cluster),
            None => false,
        };
        if !is_current {
            *held = None;
            *held = Some(Followed::start(cluster)?);
        }
        let followed = held.as_ref().expect("it was made if it was not there");
        Ok(ask(&followed.policy))
    }
}

impl Followed {
    fn start(cluster: &Cluster) -> Result<Self, Status> {
        let unreadable = |error: stead_store::ReadError| Status::internal(&error.to_string());
        let revision = cluster.store.revision();
        let mut followed = Self { policy: Policy::default(), sources: Vec::new(), revision };
        for (plural, part) in FOLLOWED {
            let kind = cluster.kinds.built_in(plural);
            let prefix = keys::prefix(&kind, "");
            let watch = cluster.store.watch(&prefix, revision).map_err(unreadable)?;
            // What is newer than the watch's beginning comes again, which changes nothing.
            for entry in cluster.entries(&kind, "")? {
                put(&mut followed.policy, cluster, &kind, part, &prefix, &entry);
            }
            followed.sources.push(Source { kind, part, prefix, watch });
        }
        Ok(followed)
    }

    /// Takes what has changed; false if that is not known any more.
    fn refresh(&mut self, cluster: &Cluster) -> bool {
        let revision = cluster.store.revision();
        if revision == self.revision {
            return true;
        }
        for Source { kind, part, prefix, watch } in &mut self.sources {
            loop {
                match watch.try_next() {
                    Ok(Some(Event::Put { entry, .. })) => put(&mut self.policy, cluster, kind, *part, prefix, &entry),
                    Ok(Some(Event::Delete { last, .. })) => remove(&mut self.policy, *part, &key_of(prefix, &last)),
                    Ok(None) => break,
                    // What the store had when it was closed is what it has.
                    Err(WatchError::Closed) => break,
                    Err(WatchError::Lagged) => return false,
                }
            }
        }
        self.revision = revision;
        true
    }
}

fn put(policy: &mut Policy, cluster: &Cluster, kind: &Kind, part: Part, prefix: &str, entry: &Entry) {
    let key = key_of(prefix, entry);
    match cluster.objects.read(kind, entry) {
        Ok(object) => set(policy, part, key, &object),
        Err(status) => {
            tracing::warn!(message = status.message, "a role or binding cannot be read and allows nothing");
            remove(policy, part, &key);
        }
    }
}

fn set(policy: &mut Policy, part: Part, key: Key, object: &Value) {
    match part {
        Part::Role => policy.set_role(key, object),
        Part::Binding => policy.set_binding(key, object),
    }
}

fn remove(policy: &mut Policy, part: Part, key: &Key) {
    match part {
        Part::Role => policy.remove_role(key),
        Part::Binding => policy.remove_binding(key),
    }
}

fn key_of(prefix: &str, entry: &Entry) -> Key {
    let rest = entry.key.strip_prefix(prefix).unwrap_or(&entry.key);
    let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
    (namespace.to_owned(), name.to_owned())
}
