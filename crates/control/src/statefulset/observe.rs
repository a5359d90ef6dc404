//! What the StatefulSet controller looks at for one set: a slice of the caches, as plain data.

use super::set::Set;
use crate::engine::Cache;
use crate::object::Object;
use crate::plan::Key;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::value::Access;
use stead_client::resource::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};

/// Input of the plan.
#[derive(Debug, Clone)]
pub struct Observed {
    pub set: Set,
    /// Pods controlled by this set, and pods without a controller that bear its name (OWN-1, OWN-2), by key.
    pub pods: Vec<Arc<Object>>,
    /// Revisions controlled by this set or by nobody that its selector matches (REV-4).
    pub revisions: Vec<Arc<Object>>,
    /// Other revisions that hold a name which this set might want (REV-7).
    pub namesakes: Vec<Arc<Object>>,
    /// Claims that bear a name of this set's, by name.
    pub claims: BTreeMap<String, Arc<Object>>,
}

impl Observed {
    /// `None`: there is no such set.
    pub fn of(cache: &Cache, key: &Key) -> Option<Self> {
        let set = Set::parse(Arc::clone(cache.get(STATEFUL_SETS, key)?));
        let uid = set.object.uid.as_str();
        let prefix = format!("{}-", key.name);
        let owned = cache.dependents_of(PODS, uid).filter(|pod| pod.controller().is_some_and(|o| o.uid == uid));
        let orphans = cache.orphans(PODS, &key.namespace, &prefix);
        let mut pods: Vec<Arc<Object>> = owned.chain(orphans).cloned().collect();
        pods.sort_by(|a, b| a.key.cmp(&b.key));
        let matched = |r: &&Arc<Object>| r.controller().is_none_or(|o| o.uid == uid) && set.selector.matches_labels(&r.labels);
        let mut revisions: Vec<Arc<Object>> = cache.namespace(CONTROLLER_REVISIONS, &key.namespace).filter(matched).cloned().collect();
        revisions.sort_by_key(|r| (number(r), r.created, r.key.name.clone()));
        let namesakes = cache.prefixed(CONTROLLER_REVISIONS, &key.namespace, &prefix).filter(|r| !matched(r)).cloned().collect();
        let claim_prefixes = set.claim_templates().iter().map(|t| format!("{}-{}-", t["metadata"].str("name"), key.name));
        let claims = claim_prefixes.flat_map(|prefix| {
            let found: Vec<_> = cache.prefixed(PERSISTENT_VOLUME_CLAIMS, &key.namespace, &prefix).cloned().collect();
            found.into_iter().map(|claim| (claim.key.name.clone(), claim))
        });
        let claims = claims.collect();
        Some(Self { set, pods, revisions, namesakes, claims })
    }
}

/// `revision` of a ControllerRevision.
pub fn number(revision: &Object) -> i64 {
    revision.value.int("revision").unwrap_or(0)
}
