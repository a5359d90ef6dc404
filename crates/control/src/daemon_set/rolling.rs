//! Which pods of a former template give way, and where a new one is made beside an old one (DS-30..33). Pure.

use super::nodes::fit;
use super::plan::{Changes, Observed};
use super::set::Strategy;
use crate::amount::{self, Rounded};
use crate::object::Object;
use crate::pods::is_available;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::time::Timestamp;

/// The pods of a node that stay, by template.
enum Pair<'a> {
    /// Two of one kind: for another look.
    Unclear,
    Known {
        new: Option<&'a Arc<Object>>,
        old: Option<&'a Arc<Object>>,
    },
}

/// What the strategy asks for, when each node has what it wants.
pub fn roll<'a>(observed: &'a Observed, hash: &str, placed: &BTreeMap<&'a str, Vec<&'a Arc<Object>>>, now: Timestamp) -> Changes<'a> {
    let set = &observed.set;
    let Strategy::RollingUpdate { max_unavailable, max_surge } = &set.strategy else { return Changes::default() };
    let wanting: Vec<&str> = observed.nodes.iter().filter(|node| fit(set, node).wants).map(|node| node.key.name.as_str()).collect();
    let desired = i64::try_from(wanting.len()).unwrap_or(i64::MAX);
    let (mut unavailable, surge) = (amount::of(max_unavailable, desired, Rounded::Up), amount::of(max_surge, desired, Rounded::Up));
    if desired > 0 && unavailable == 0 && surge == 0 {
        unavailable = 1;
    }
    let mut pairs: BTreeMap<&str, Pair> = wanting.iter().map(|node| (*node, Pair::Known { new: None, old: None })).collect();
    pairs.extend(placed.iter().map(|(node, pods)| (*node, pair(observed, hash, pods))));
    let is_available = |pod: &Object| is_available(pod, set.min_ready_s, now);
    if surge == 0 { replace(&pairs, unavailable, &is_available) } else { surge_onto(&pairs, &wanting, surge, &is_available) }
}

fn pair<'a>(observed: &Observed, hash: &str, pods: &[&'a Arc<Object>]) -> Pair<'a> {
    let (mut new, mut old) = (None, None);
    for pod in pods.iter().filter(|pod| pod.deleting.is_none()) {
        let place = if observed.set.is_updated(pod, hash) { &mut new } else { &mut old };
        if place.replace(*pod).is_some() {
            return Pair::Unclear;
        }
    }
    Pair::Known { new, old }
}

/// DS-30: old pods that are not available go anyway, others as long as few enough are.
fn replace<'a>(pairs: &BTreeMap<&'a str, Pair<'a>>, most: i64, is_available: &dyn Fn(&Object) -> bool) -> Changes<'a> {
    let (mut unavailable, mut victims, mut candidates) = (0, Vec::new(), Vec::new());
    for pair in pairs.values() {
        match pair {
            Pair::Known { new: Some(new), old: None } if is_available(new) => {}
            Pair::Known { new: None, old: Some(old) } if is_available(old) => candidates.push(*old),
            Pair::Known { new: None, old: Some(old) } => {
                unavailable += 1;
                victims.push(*old);
            }
            Pair::Unclear | Pair::Known { .. } => unavailable += 1,
        }
    }
    let room = usize::try_from(most - unavailable).unwrap_or(0);
    victims.extend(candidates.into_iter().take(room));
    Changes { victims, needy: Vec::new() }
}

/// DS-31: an old pod goes when the new one beside it is available.
fn surge_onto<'a>(pairs: &BTreeMap<&'a str, Pair<'a>>, wanting: &[&str], most: i64, is_available: &dyn Fn(&Object) -> bool) -> Changes<'a> {
    let (mut surging, mut victims, mut needy, mut candidates) = (0, Vec::new(), Vec::new(), Vec::new());
    for (node, pair) in pairs {
        match pair {
            Pair::Unclear => surging += 1,
            Pair::Known { old: None, .. } => {}
            Pair::Known { new: None, .. } if !wanting.contains(node) => {}
            Pair::Known { new: None, old: Some(old) } if is_available(old) => candidates.push(*node),
            Pair::Known { new: None, old: Some(_) } => needy.push(*node),
            Pair::Known { new: Some(new), old: Some(old) } if is_available(new) => victims.push(*old),
            Pair::Known { new: Some(_), old: Some(_) } => surging += 1,
        }
    }
    let room = usize::try_from(most - surging).unwrap_or(0);
    needy.extend(candidates.into_iter().take(room));
    Changes { victims, needy }
}
