//! How a rolling update goes on: the new set grows into the room that there is, old ones shrink as far as availability allows
//! (DEP-30..39). Pure.

use super::plan::Sync;
use crate::plan::Plan;

/// DEP-31, DEP-32. Whether it changed the new set's size.
pub fn grow(sync: &mut Sync, max_surge: i64) -> bool {
    let Some(new) = sync.new else { return false };
    let (size, wanted) = (sync.sets[new].replicas, sync.spec.replicas);
    let room = wanted + max_surge - sync.total();
    let target = if size > wanted { wanted } else { size + room.clamp(0, wanted - size) };
    sync.scale(new, target);
    target != size
}

/// DEP-33..35. Whether it changed the size of an old set.
pub fn shrink(sync: &mut Sync, max_unavailable: i64, plan: &mut Plan) -> bool {
    let Some(new) = sync.new else { return false };
    let old: Vec<usize> = sync.old().filter(|at| sync.sets[*at].replicas > 0).collect();
    if old.is_empty() {
        return false;
    }
    let least = sync.spec.replicas - max_unavailable;
    let unavailable = sync.sets[new].replicas - sync.sets[new].available();
    let budget = sync.total() - least - unavailable;
    if budget <= 0 {
        plan.because(format!("waiting: {unavailable} new pods are not available, and {least} must be"));
        return false;
    }
    let before = sync.total();
    let mut left = budget;
    for at in &old {
        let set = &sync.sets[*at];
        let unhealthy = (set.replicas - set.available()).clamp(0, left);
        left -= unhealthy;
        sync.scale(*at, sync.sets[*at].replicas - unhealthy);
    }
    let available: i64 = old.iter().chain([&new]).map(|at| sync.sets[*at].available()).sum();
    let mut left = available - least;
    for at in &old {
        let going = sync.sets[*at].replicas.min(left).max(0);
        left -= going;
        sync.scale(*at, sync.sets[*at].replicas - going);
    }
    sync.total() < before
}
