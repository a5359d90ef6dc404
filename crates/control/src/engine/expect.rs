//! What a call that succeeded must make the caches show: the means by which a key reads its own writes.
//! Input: a call and its answer. Output: [`Expect`]ations to test against a cache.

use super::{Cache, Change, Work};
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
    /// The object, which is being deleted, is without finalizers, newer or gone. The server answers what takes the last one off with the
    /// version before, if the object goes with it; what else keeps an object is not told by the answer.
    Released { resource: Resource, key: Key, uid: String, version: u64 },
    /// The object is gone.
    Gone { resource: Resource, key: Key, uid: String },
    /// The object is gone or being deleted.
    Left { resource: Resource, key: Key, uid: String },
    /// The pod has a node, or is gone.
    Bound { key: Key },
}

impl Expect {
    /// What follows from a call that was answered so.
    pub fn after(call: &Call, answer: &Value) -> Vec<Self> {
        match call {
            Call::Get { .. } | Call::List { .. } | Call::DeleteCollection { .. } => Vec::new(),
            Call::Create { resource: PODS, namespace, subresource: (pod, "binding"), .. } => {
                vec![Self::Bound { key: Key::new(namespace.clone(), pod.clone()) }]
            }
            Call::Create { resource, .. } | Call::Update { resource, .. } | Call::Patch { resource, .. } => Self::seen(*resource, answer),
            Call::Delete { resource, key, options } => {
                let uid = options.uid.clone().unwrap_or_default();
                vec![Self::Left { resource: *resource, key: key.clone(), uid }]
            }
        }
    }

    fn seen(resource: Resource, answer: &Value) -> Vec<Self> {
        let meta = &answer["metadata"];
        let Some(version) = meta.str("resourceVersion").parse().ok().filter(|_| answer.str("kind") == resource.kind) else {
            return Vec::new();
        };
        let mut expects = vec![Self::Seen { resource, version }];
        if meta.has("deletionTimestamp") && meta.items("finalizers").is_empty() {
            let (key, uid) = (Key::new(meta.str("namespace"), meta.str("name")), meta.str("uid").to_owned());
            expects.push(Self::Released { resource, key, uid, version });
        }
        expects
    }

    /// What follows from a call whose object was not found, though the cache has it.
    pub fn after_not_found(call: &Call, cache: &Cache) -> Option<Self> {
        let (resource, key) = match call {
            Call::Update { resource, key, .. } | Call::Patch { resource, key, .. } | Call::Delete { resource, key, .. } => (*resource, key),
            Call::Get { .. } | Call::List { .. } | Call::DeleteCollection { .. } | Call::Create { .. } => return None,
        };
        let uid = cache.get(resource, key)?.uid.clone();
        Some(Self::Gone { resource, key: key.clone(), uid })
    }

    pub fn is_met(&self, cache: &Cache) -> bool {
        match self {
            // Nothing tells of a resource that is not watched.
            Self::Seen { resource, version } => !cache.synced(*resource) || cache.seen(*resource) >= *version,
            Self::Released { resource, key, uid, version } => {
                let known = cache.get(*resource, key).filter(|object| object.uid == *uid);
                known.is_none_or(|object| object.finalizers.is_empty() || object.version > *version)
            }
            Self::Gone { resource, key, uid } => cache.get(*resource, key).is_none_or(|object| object.uid != *uid),
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
            Self::Released { resource, key, .. } => {
                write!(f, "the watch of {} to show that {key} is gone or has no finalizers", resource.plural)
            }
            Self::Gone { resource, key, .. } => write!(f, "the watch of {} to show that {key} is gone", resource.plural),
            Self::Left { resource, key, .. } => write!(f, "the watch of {} to show that {key} goes", resource.plural),
            Self::Bound { key } => write!(f, "the watch of pods to show that {key} has a node"),
        }
    }
}

impl Expect {
    /// Whose watch will tell.
    fn resource(&self) -> Resource {
        match self {
            Self::Seen { resource, .. } | Self::Released { resource, .. } | Self::Gone { resource, .. } | Self::Left { resource, .. } => {
                *resource
            }
            Self::Bound { .. } => PODS,
        }
    }

    /// The object that it is about, if it is about one.
    fn object(&self) -> Option<(Resource, &Key)> {
        match self {
            Self::Seen { .. } => None,
            Self::Released { key, .. } | Self::Gone { key, .. } | Self::Left { key, .. } | Self::Bound { key } => {
                Some((self.resource(), key))
            }
        }
    }
}

/// What keys expect, found by what will tell: a report concerns those that wait for it, however many others wait.
#[derive(Debug, Default)]
pub struct Expected {
    by_work: BTreeMap<Work, Vec<Expect>>,
    by_teller: ByTeller,
}

#[derive(Debug, Default)]
struct ByTeller {
    /// By the version that a resource's watch must have reached.
    versions: BTreeMap<Resource, BTreeSet<(u64, Work)>>,
    /// By the object that a watch must show otherwise.
    objects: BTreeMap<(Resource, Key), BTreeSet<Work>>,
}

impl ByTeller {
    fn add(&mut self, expect: &Expect, work: &Work) {
        if let Some((resource, key)) = expect.object() {
            self.objects.entry((resource, key.clone())).or_default().insert(work.clone());
        } else if let Expect::Seen { resource, version } = expect {
            self.versions.entry(*resource).or_default().insert((*version, work.clone()));
        }
    }

    /// Takes out what is met, or takes no part any more. Of one object a key may expect several things: `rest` is what it goes on to expect.
    fn remove(&mut self, expect: &Expect, work: &Work, rest: &[Expect]) {
        if let Some((resource, key)) = expect.object() {
            let is_same = |other: &Expect| other.object() == Some((resource, key));
            let place = (resource, key.clone());
            if !rest.iter().any(is_same)
                && let Some(works) = self.objects.get_mut(&place)
            {
                works.remove(work);
                if works.is_empty() {
                    self.objects.remove(&place);
                }
            }
        } else if let Expect::Seen { resource, version } = expect
            && let Some(works) = self.versions.get_mut(resource)
        {
            works.remove(&(*version, work.clone()));
        }
    }

    /// Who may expect less now that a watch has come to this version with these changes.
    fn told(&self, resource: Resource, seen: u64, changes: &[Change]) -> BTreeSet<Work> {
        let reached = self.versions.get(&resource).into_iter().flatten().take_while(|(version, _)| *version <= seen);
        let mut told: BTreeSet<Work> = reached.map(|(_, work)| work.clone()).collect();
        if !self.objects.is_empty() {
            let changed = changes.iter().filter_map(|change| self.objects.get(&(resource, change.key.clone())));
            told.extend(changed.flatten().cloned());
        }
        told
    }
}

impl Expected {
    pub fn add(&mut self, work: &Work, expect: Expect) {
        let list = self.by_work.entry(work.clone()).or_default();
        // Of versions of one resource the highest says it all.
        if let Expect::Seen { resource, version } = expect {
            let is_same = |known: &&mut Expect| matches!(known, Expect::Seen { resource: r, .. } if *r == resource);
            if let Some(known) = list.iter_mut().find(is_same) {
                if matches!(known, Expect::Seen { version: known, .. } if *known < version) {
                    self.by_teller.remove(known, work, &[]);
                    self.by_teller.add(&expect, work);
                    *known = expect;
                }
                return;
            }
        }
        self.by_teller.add(&expect, work);
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

    /// Forgets what this resource's watch has shown with these changes; returns the keys that expect nothing any more.
    pub fn prune(&mut self, resource: Resource, changes: &[Change], cache: &Cache) -> Vec<Work> {
        let mut free = Vec::new();
        for work in self.by_teller.told(resource, cache.seen(resource), changes) {
            let Some(list) = self.by_work.get_mut(&work) else { continue };
            let (met, rest): (Vec<Expect>, Vec<Expect>) = std::mem::take(list).into_iter().partition(|expect| expect.is_met(cache));
            met.iter().for_each(|expect| self.by_teller.remove(expect, &work, &rest));
            if rest.is_empty() {
                self.by_work.remove(&work);
                free.push(work);
            } else {
                *list = rest;
            }
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::super::ControllerId;
    use super::*;
    use crate::object::Object;
    use proptest::prelude::*;
    use stead_api::json;
    use stead_client::resource::CONFIG_MAPS;

    fn pod(name: usize, version: u64, node: &str) -> Object {
        let meta = json!({"namespace": "d", "name": format!("p{name}"), "uid": format!("u{name}"), "resourceVersion": version.to_string()});
        Object::parse(PODS, json!({"kind": "Pod", "metadata": meta, "spec": {"nodeName": node}})).unwrap()
    }

    fn key(name: usize) -> Key {
        Key::new("d", format!("p{name}"))
    }

    fn work(name: usize) -> Work {
        Work { controller: ControllerId(0), resource: CONFIG_MAPS, key: key(name) }
    }

    #[derive(Debug, Clone)]
    enum Act {
        Expect { work: usize, what: Expect },
        Put { pod: usize, is_bound: bool },
        Delete { pod: usize },
        Bookmark,
    }

    const NAMES: usize = 4;

    fn expect() -> impl Strategy<Value = Expect> {
        prop_oneof![
            (0_u64..60).prop_map(|version| Expect::Seen { resource: PODS, version }),
            (0..NAMES).prop_map(|name| Expect::Bound { key: key(name) }),
            (0..NAMES).prop_map(|name| Expect::Left { resource: PODS, key: key(name), uid: format!("u{name}") }),
            (0..NAMES).prop_map(|name| Expect::Gone { resource: PODS, key: key(name), uid: format!("u{name}") }),
            (0..NAMES, 0_u64..60).prop_map(|(name, version)| Expect::Released {
                resource: PODS,
                key: key(name),
                uid: format!("u{name}"),
                version
            }),
        ]
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..NAMES, expect()).prop_map(|(work, what)| Act::Expect { work, what }),
            (0..NAMES, any::<bool>()).prop_map(|(pod, is_bound)| Act::Put { pod, is_bound }),
            (0..NAMES).prop_map(|pod| Act::Delete { pod }),
            Just(Act::Bookmark),
        ]
    }

    proptest! {
        // SYNC-2
        #[test]
        fn a_key_is_free_as_soon_as_all_that_it_expects_is_so(acts in proptest::collection::vec(act(), 0..60)) {
            let (mut cache, mut expected) = (Cache::default(), Expected::default());
            // What is expected and not so, by looking at everything each time.
            let mut all: BTreeMap<Work, Vec<Expect>> = BTreeMap::new();
            cache.watch(PODS);
            cache.replace(PODS, (0..NAMES).map(|name| pod(name, 1, "")).collect(), 1);
            for (act, version) in acts.into_iter().zip(2..) {
                let changes: Vec<Change> = match act {
                    Act::Expect { work: name, what } => {
                        if !what.is_met(&cache) {
                            all.entry(work(name)).or_default().push(what.clone());
                            expected.add(&work(name), what);
                        }
                        continue;
                    }
                    Act::Put { pod: name, is_bound } => cache.put(pod(name, version, if is_bound { "n" } else { "" })).into_iter().collect(),
                    Act::Delete { pod: name } => cache.delete(&pod(name, version, "")).into_iter().collect(),
                    Act::Bookmark => {
                        cache.advance(PODS, version);
                        Vec::new()
                    }
                };
                let free = expected.prune(PODS, &changes, &cache);
                all.values_mut().for_each(|list| list.retain(|expect| !expect.is_met(&cache)));
                let free_of_all: Vec<Work> = all.extract_if(.., |_, list| list.is_empty()).map(|(work, _)| work).collect();
                prop_assert_eq!(free, free_of_all);
                prop_assert_eq!(expected.by_work.keys().collect::<Vec<_>>(), all.keys().collect::<Vec<_>>());
            }
            if expected.is_empty() {
                prop_assert!(expected.by_teller.objects.is_empty());
                prop_assert!(expected.by_teller.versions.values().all(BTreeSet::is_empty));
            }
        }
    }
}
