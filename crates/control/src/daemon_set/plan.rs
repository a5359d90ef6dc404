//! One sync of a DaemonSet (DS-1..38): revisions, then a pod where one is missing and none where it must not be, then the roll, the status.
//! Pure, but for how often pods failed, which is given and kept.

use super::backoff::Backoff;
use super::nodes::{fit, placed};
use super::revision::{self, Current};
use super::rolling;
use super::set::Set;
use super::status;
use crate::object::Object;
use crate::ownership::Claimed;
use crate::plan::{Event, Pace, Plan};
use crate::pods::{self, is_available};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::time::Timestamp;

/// Pods that one sync makes, and that it removes, at most; the next one goes on (DS-6).
const BURST_MAX: usize = 250;

/// Input of the plan.
pub struct Observed {
    pub set: Set,
    pub pods: Claimed,
    pub revisions: Claimed,
    pub nodes: Vec<Arc<Object>>,
    /// Who has the name of the revision that the template would get.
    pub holder: Option<Arc<Object>>,
}

/// Pods to remove, and nodes where one is to be made.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    pub victims: Vec<&'a Arc<Object>>,
    pub needy: Vec<&'a str>,
}

impl Changes<'_> {
    fn is_empty(&self) -> bool {
        self.victims.is_empty() && self.needy.is_empty()
    }
}

/// What to do about a set.
pub fn plan(now: Timestamp, observed: &Observed, failed: &mut Backoff) -> Plan {
    let mut plan = Plan { before: observed.revisions.before.clone(), ..Plan::default() };
    plan.before.extend(observed.pods.before.iter().cloned());
    let Ok(Current { hash, effect, merge, old }) = revision::current(observed) else {
        plan.because("another revision has the name that this template would get");
        plan.finally.push(status::collided(observed));
        return plan;
    };
    plan.before.extend(effect);
    if !merge.is_empty() {
        // Which pods are old is known after that.
        plan.because("several revisions hold the template as it is");
        plan.before.extend(merge);
        return plan;
    }
    let placed = placed(&observed.pods.objects);
    let mut changes = manage(now, observed, &hash, &placed, failed, &mut plan);
    if changes.is_empty() {
        changes = rolling::roll(observed, &hash, &placed, now);
    }
    carry_out(observed, &hash, &changes, &mut plan);
    plan.finally.extend(revision::truncation(observed, &old));
    plan.finally.extend(status::write(observed, &hash, now));
    let next = status::next_available(observed, now);
    plan.requeue_at = plan.requeue_at.into_iter().chain(next).min();
    plan
}

fn carry_out(observed: &Observed, hash: &str, changes: &Changes, plan: &mut Plan) {
    let set = &observed.set.object;
    if !changes.victims.is_empty() {
        plan.because(format!("{} pods have to go", changes.victims.len()));
        plan.step_at(Pace::Together, changes.victims.iter().take(BURST_MAX).map(|pod| pods::delete(set, pod)).collect());
    }
    if !changes.needy.is_empty() {
        plan.because(format!("{} nodes want a pod", changes.needy.len()));
        let creation = |node: &&str| pods::create(set, &observed.set.template_for(node, hash));
        plan.step_at(Pace::SlowStart, changes.needy.iter().take(BURST_MAX).map(creation).collect());
    }
}

/// Each node gets or loses what it is owed, whatever the template.
fn manage<'a>(
    now: Timestamp,
    observed: &'a Observed,
    hash: &str,
    placed: &BTreeMap<&'a str, Vec<&'a Arc<Object>>>,
    failed: &mut Backoff,
    plan: &mut Plan,
) -> Changes<'a> {
    let mut changes = Changes::default();
    for node in &observed.nodes {
        let fit = fit(&observed.set, node);
        match placed.get(node.key.name.as_str()) {
            None if fit.wants => changes.needy.push(&node.key.name),
            Some(pods) if fit.keeps => changes.victims.extend(surplus(now, observed, hash, &node.key.name, pods, failed, plan)),
            Some(pods) => changes.victims.extend(pods.iter().filter(|pod| pod.deleting.is_none())),
            None => {}
        }
    }
    // DS-11
    let known: BTreeSet<&str> = observed.nodes.iter().map(|node| node.key.name.as_str()).collect();
    let lost = placed.iter().filter(|(node, _)| !known.contains(*node)).flat_map(|(_, pods)| pods);
    changes.victims.extend(lost.filter(|pod| pod.pod().node.is_empty() && pod.deleting.is_none()));
    changes
}

/// Those of a node's pods that go: ended ones, and more than one.
fn surplus<'a>(
    now: Timestamp,
    observed: &Observed,
    hash: &str,
    node: &str,
    pods: &[&'a Arc<Object>],
    failed: &mut Backoff,
    plan: &mut Plan,
) -> Vec<&'a Arc<Object>> {
    let set = &observed.set;
    let (mut victims, mut running) = (Vec::new(), Vec::new());
    for pod in pods.iter().copied().filter(|pod| pod.deleting.is_none()) {
        let (namespace, name) = (&pod.key.namespace, &pod.key.name);
        match pod.pod().phase.as_str() {
            // DS-8
            "Failed" => match failed.hold((set.object.uid.clone(), set.generation, node.to_owned()), now) {
                Some(until) => {
                    plan.because(format!("failed pod {name} stays for a while, for the one before it failed as well"));
                    plan.requeue_at = plan.requeue_at.into_iter().chain(Some(until)).min();
                }
                None => {
                    let message = format!("Found failed daemon pod {namespace}/{name} on node {node}, will try to kill it");
                    plan.events.push(Event::warning(set.object.reference(), "FailedDaemonPod", message));
                    victims.push(pod);
                }
            },
            // DS-9
            "Succeeded" => {
                let message = format!("Found succeeded daemon pod {namespace}/{name} on node {node}, will try to delete it");
                plan.events.push(Event::normal(set.object.reference(), "SucceededDaemonPod", message));
                victims.push(pod);
            }
            _ => running.push(pod),
        }
    }
    if running.len() > 1 {
        victims.extend(if set.allows_surge() { crowd(now, set, hash, &running) } else { running.split_off(1) });
    }
    victims
}

/// With surge a new pod may stand beside an old one that still serves, until it is available itself (DS-31, DS-32).
fn crowd<'a>(now: Timestamp, set: &Set, hash: &str, running: &[&'a Arc<Object>]) -> Vec<&'a Arc<Object>> {
    let (new, old): (Vec<_>, Vec<_>) = running.iter().copied().partition(|pod| pod.label(super::set::HASH_LABEL) == hash);
    let mut victims: Vec<_> = new.iter().skip(1).chain(old.iter().skip(1)).copied().collect();
    if let (Some(new), Some(old)) = (new.first(), old.first())
        && (!old.pod().ready || is_available(new, set.min_ready_s, now))
    {
        victims.push(old);
    }
    victims
}
