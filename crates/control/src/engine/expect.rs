//! What a call that succeeded must make the caches show: the means by which a key reads its own writes.
//! Input: a call and its answer. Output: [`Expect`]ations to test against a cache.

use super::Cache;
use crate::plan::{Call, Key, Resource};
use crate::resource::PODS;
use stead_api::{Value, value::Access};

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
