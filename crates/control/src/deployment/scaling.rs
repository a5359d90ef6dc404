//! How a change of spec.replicas is spread over the sets of a Deployment (DEP-50..54). Pure.

use super::plan::Sync;
use super::sets::{DESIRED_REPLICAS, MAX_REPLICAS, Set};
use super::spec::Strategy;
use std::cmp::Reverse;

pub fn scale(sync: &mut Sync) {
    let active: Vec<usize> = (0..sync.sets.len()).filter(|at| sync.sets[*at].replicas > 0).collect();
    match active.as_slice() {
        [] => {
            if let Some(latest) = sync.new.or(sync.sets.len().checked_sub(1)) {
                sync.scale(latest, sync.spec.replicas);
            }
        }
        [only] => sync.scale(*only, sync.spec.replicas),
        _ if sync.new.is_some_and(|new| is_saturated(&sync.sets[new], sync.spec.replicas)) => {
            let old: Vec<usize> = sync.old().filter(|at| active.contains(at)).collect();
            old.into_iter().for_each(|at| sync.scale(at, 0));
        }
        several => {
            if let Strategy::RollingUpdate { max_surge, .. } = sync.spec.strategy {
                spread(sync, several.to_vec(), max_surge);
            }
        }
    }
}

fn is_saturated(set: &Set, replicas: i64) -> bool {
    set.replicas == replicas && set.number(DESIRED_REPLICAS) == Some(replicas) && set.available() == replicas
}

/// DEP-51, DEP-52.
fn spread(sync: &mut Sync, mut order: Vec<usize>, max_surge: i64) {
    let spec = sync.spec;
    let whole = if spec.replicas > 0 { spec.replicas + max_surge } else { 0 };
    let to_add = whole - order.iter().map(|at| sync.sets[*at].replicas).sum::<i64>();
    // They are listed oldest first.
    if to_add > 0 {
        order.sort_by_key(|at| (Reverse(sync.sets[*at].replicas), Reverse(*at)));
    } else {
        order.sort_by_key(|at| (Reverse(sync.sets[*at].replicas), *at));
    }
    let mut added = 0;
    let mut sizes: Vec<i64> = Vec::with_capacity(order.len());
    for at in &order {
        let set = &sync.sets[*at];
        let share = share(set, spec.replicas, spec.replicas + max_surge, spec.object.status());
        let left = to_add - added;
        let part = if left == 0 {
            0
        } else if to_add > 0 {
            share.min(left)
        } else {
            share.max(left)
        };
        added += part;
        sizes.push(set.replicas + part);
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    for (at, size) in order.into_iter().zip(sizes) {
        sync.effects.extend(sync.sets[at].scale(size, spec));
    }
}

/// By how much a set changes if all keep their proportions; half rounds away from zero.
fn share(set: &Set, replicas: i64, whole: i64, status: &stead_api::Value) -> i64 {
    use stead_api::value::Access;
    if replicas == 0 {
        return -set.replicas;
    }
    let before = set.number(MAX_REPLICAS).filter(|n| *n > 0).or(status.int("replicas")).unwrap_or(0);
    if before <= 0 {
        return 0;
    }
    (2 * set.replicas * whole + before) / (2 * before) - set.replicas
}
