//! What a call that succeeded must make the caches show: the means by which a key reads its own writes.
//! Input: a call and its answer. Output: [`Expect`]ations to test against a cache.

use super::{Cache, Work};
use crate::plan::{Call, Key, Resource};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use stead_api::{Value, value::Access};
use stead_client::resource::PODS;

/// Something that the cache will show once its watch has caught up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The resource has been seen up to this version.
    Seen { resource: Resource, version: u64 },
    /// The object is gone or being deleted.
    Left { resource: Resource, key: Key, uid: String },
    /// The pod has a node, or is gone.
    Bound { key: Key },
}

impl Expect {
    /// What follows from a call that was answered so.
    pub fn after(call: &Call, answer: &Value) -> Vec<Self> {
        let seen = |resource| Self::seen(resource, answer);
        match call {
            Call::Get { .. } | Call::List { .. } | Call::DeleteCollection { .. } => Vec::new(),
            Call::Create { resource: PODS, namespace, subresource: (pod, "binding"), .. } => {
                vec![Self::Bound { key: Key::new(namespace.clone(), pod.clone()) }]
            }
            Call::Create { resource, .. } | Call::Update { resource, .. } | Call::Patch { resource, .. } => {
                seen(*resource).into_iter().collect()
            }
            Call::Delete { resource, key, options } => {
                let uid = options.uid.clone().unwrap_or_default();
                vec![Self::Left { resource: *resource, key: key.clone(), uid }]
            }
        }
    }

    fn seen(resource: Resource, answer: &Value) -> Option<Self> {
        if answer.str("kind") != resource.kind {
            return None;
        }
        let version = answer["metadata"]["resourceVersion"].as_str()?.parse().ok()?;
        Some(Self::Seen { resource, version })
    }

    pub fn is_met(&self, cache: &Cache) -> bool {
        match self {
            // Nothing tells of a resource that is not watched.
            Self::Seen { resource, version } => !cache.synced(*resource) || cache.seen(*resource) >= *version,
            Self::Left { resource, key, uid } => match cache.get(*resource, key) {
                None => true,
                Some(object) => object.deleting.is_some() || (!uid.is_empty() && object.uid != *uid),
            },
            Self::Bound { key } => cache.get(PODS, key).is_none_or(|pod| !pod.pod().node.is_empty()),
        }
    }
}

/// In plain words, after "waits for".
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen { resource, version } => {
                write!(f, "the watch of {} to show what it wrote (resourceVersion {version})", resource.plural)
            }
            Self::Left { resource, key, .. } => write!(f, "the watch of {} to show that {key} goes", resource.plural),
            Self::Bound { key } => write!(f, "the watch of pods to show that {key} has a node"),
        }
    }
}

impl Expect {
    /// Whose watch will tell.
    fn resource(&self) -> Resource {
        match self {
            Self::Seen { resource, .. } | Self::Left { resource, .. } => *resource,
            Self::Bound { .. } => PODS,
        }
    }
}

/// What keys expect, found by the resource that will tell.
#[derive(Debug, Default)]
pub struct Expected {
    by_work: BTreeMap<Work, Vec<Expect>>,
    by_resource: BTreeMap<Resource, BTreeSet<Work>>,
}

impl Expected {
    pub fn add(&mut self, work: &Work, expect: Expect) {
        self.by_resource.entry(expect.resource()).or_default().insert(work.clone());
        let list = self.by_work.entry(work.clone()).or_default();
        // Of versions of one resource the highest says it all.
        if let Expect::Seen { resource, version } = expect {
            let same = |known: &&mut Expect| matches!(known, Expect::Seen { resource: r, .. } if *r == resource);
            if let Some(Expect::Seen { version: known, .. }) = list.iter_mut().find(same) {
                *known = version.max(*known);
                return;
            }
        }
        list.push(expect);
    }

    pub fn contains(&self, work: &Work) -> bool {
        self.by_work.contains_key(work)
    }

    /// What this key expects.
    pub fn of(&self, work: &Work) -> &[Expect] {
        self.by_work.get(work).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.by_work.is_empty()
    }

    /// Forgets what this resource's watch has shown; returns the keys that expect nothing any more.
    pub fn prune(&mut self, resource: Resource, cache: &Cache) -> Vec<Work> {
        let Some(concerned) = self.by_resource.get_mut(&resource) else { return Vec::new() };
        let mut free = Vec::new();
        concerned.retain(|work| {
            let Some(list) = self.by_work.get_mut(work) else { return false };
            list.retain(|expect| !expect.is_met(cache));
            if list.is_empty() {
                self.by_work.remove(work);
                free.push(work.clone());
                return false;
            }
            list.iter().any(|expect| expect.resource() == resource)
        });
        free
    }
}
