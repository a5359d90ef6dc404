//! Gives the volumes that are nobody's to the claims that wait for one (PVB-4, PVB-5). One look at all claims, so that no two are
//! promised the same volume; what follows from a promise is each claim's own. Pure.

use super::claim::waits_for_consumer;
use super::{binding, matching};
use crate::engine::Cache;
use crate::facts::claim::UNBOUND;
use crate::facts::volume::FREE;
use crate::object::Object;
use crate::plan::{Pace, Plan};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Volumes that one look gives away; the next goes on.
const ASSIGNED_MAX: usize = 500;

/// The oldest claim of each class chooses first.
pub fn plan(cache: &Cache) -> Plan {
    let mut plan = Plan::default();
    let mut effects = Vec::new();
    for class in cache.terms(&FREE) {
        let mut claims: Vec<&Arc<Object>> = cache.indexed(&UNBOUND, class).filter(|claim| is_waiting(claim, cache)).collect();
        claims.sort_by(|a, b| (a.created, &a.key).cmp(&(b.created, &b.key)));
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for claim in claims {
            let left = matching::free(claim, cache).filter(|volume| !taken.contains(volume.key.name.as_str()));
            let Some(volume) = left.min_by_key(|volume| matching::order(volume)) else { continue };
            taken.insert(&volume.key.name);
            effects.extend(binding::claim_volume(volume, claim));
            if effects.len() >= ASSIGNED_MAX {
                plan.requeue_after = Some(std::time::Duration::ZERO);
                plan.step_at(Pace::Together, effects);
                return plan;
            }
        }
    }
    plan.step_at(Pace::Together, effects);
    plan
}

/// It takes whatever volume suits it, and has none.
fn is_waiting(claim: &Object, cache: &Cache) -> bool {
    claim.deleting.is_none() && !waits_for_consumer(claim, cache) && matching::reserved(claim, cache).is_none()
}
