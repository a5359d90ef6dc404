//! Who is evicted when a node runs short, or when a pod has more on disk than it may (NODE-10 to NODE-14, CG-13). Pure: samples in,
//! decisions out; the words are a kubelet's.
//!
//! ```text
//! sample ─▶ thresholds met ─▶ conditions (held for a while)
//!                        └─▶ after their grace: reclaim what no pod needs, then one pod by rank
//! ```

mod local;
mod rank;
#[cfg(test)]
mod tests;
pub mod thresholds;

use crate::pod::state::TerminalReason;
use crate::stats::{PodSample, Sample};
use rank::{message, ranked};
use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::value::Access;
use thresholds::{Config, Grace, Signal, Threshold};

/// How long the end of a pod that was evicted is waited for before another is looked for.
const CLEANUP: Duration = Duration::from_secs(30);
/// Grace of a pod that is evicted at once.
const IMMEDIATE_S: i64 = 1;
/// Grace of a pod that names none.
const DEFAULT_S: i64 = 30;

/// One pod's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eviction {
    pub uid: String,
    pub message: String,
    pub grace_s: i64,
    /// The node disrupts a pod that did nothing wrong.
    pub disrupts: bool,
}

impl From<Eviction> for TerminalReason {
    fn from(eviction: Eviction) -> Self {
        let disruption = eviction.disrupts.then(|| eviction.message.clone());
        Self { reason: "Evicted", message: eviction.message, disruption, grace_s: Some(eviction.grace_s), rejected: false }
    }
}

/// Whether what no pod needs was removed since the thresholds were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reclaimed {
    NotYet,
    Done,
}

/// What follows from a sample.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// The conditions that hold: `MemoryPressure`.
    pub pressures: Vec<&'static str>,
    /// What the node tries to get back, once for each time.
    pub reclaiming: Option<&'static str>,
    /// Dead containers and unused images are to be removed first (GC-4); then decide again.
    pub reclaim: bool,
    pub evictions: Vec<Eviction>,
}

/// Remembers what was observed.
#[derive(Debug, Default)]
pub struct Evictor {
    config: Config,
    /// Since when each threshold has been met, by its place.
    met_since: BTreeMap<usize, Duration>,
    /// When each condition was last observed.
    observed_at: BTreeMap<&'static str, Duration>,
    /// Pods that were told to end, and when.
    evicting: BTreeMap<String, Duration>,
}

impl Evictor {
    pub fn new(config: Config) -> Self {
        Self { config, ..Self::default() }
    }

    /// What to do about a sample; `now` is on the steady clock.
    pub fn decide(&mut self, now: Duration, sample: &Sample, reclaimed: Reclaimed) -> Decision {
        self.evicting.retain(|uid, at| sample.pods.contains_key(uid) && now < *at + CLEANUP);
        let met = self.met(now, sample);
        for threshold in met.iter().map(|(_, threshold)| threshold) {
            self.observed_at.insert(threshold.signal.condition(), now);
        }
        let transition = self.config.transition;
        self.observed_at.retain(|_, at| now < *at + transition || *at == now);
        let mut decision = Decision { pressures: self.observed_at.keys().copied().collect(), ..Decision::default() };
        decision.pressures.sort_by_key(|name| ["MemoryPressure", "DiskPressure", "PIDPressure"].iter().position(|other| other == name));
        let candidates: Vec<(&String, &PodSample)> =
            sample.pods.iter().filter(|(uid, pod)| !self.evicting.contains_key(*uid) && !is_critical(pod) && !has_ended(pod)).collect();
        decision.evictions = candidates.iter().filter_map(|(uid, pod)| local::over_its_limits(uid, pod)).collect();
        if decision.evictions.is_empty() && self.evicting.is_empty() {
            self.relieve(now, sample, reclaimed, &met, &candidates, &mut decision);
        }
        self.evicting.extend(decision.evictions.iter().map(|eviction| (eviction.uid.clone(), now)));
        decision
    }

    /// The thresholds that are met, or were and have not been left by enough.
    fn met(&mut self, now: Duration, sample: &Sample) -> Vec<(usize, Threshold)> {
        let mut met = Vec::new();
        for (index, threshold) in self.config.thresholds.iter().enumerate() {
            let Some((available, capacity)) = threshold.signal.observed(sample) else { continue };
            let mut least = threshold.limit.of(capacity);
            if self.met_since.contains_key(&index) {
                least += threshold.min_reclaim.map_or(0, |more| more.of(capacity));
            }
            if available < least {
                met.push((index, *threshold));
            }
        }
        self.met_since.retain(|index, _| met.iter().any(|(other, _)| other == index));
        for (index, _) in &met {
            self.met_since.entry(*index).or_insert(now);
        }
        met
    }

    /// One pod by rank, for the threshold that comes first: memory before all others.
    fn relieve(
        &self,
        now: Duration,
        sample: &Sample,
        reclaimed: Reclaimed,
        met: &[(usize, Threshold)],
        candidates: &[(&String, &PodSample)],
        decision: &mut Decision,
    ) {
        let due = met.iter().filter(|(index, threshold)| match threshold.grace {
            Grace::None => true,
            Grace::After(grace) => self.met_since.get(index).is_some_and(|since| now >= *since + grace),
        });
        let Some((_, threshold)) = due.min_by_key(|(index, threshold)| (threshold.signal != Signal::Memory, *index)) else { return };
        if reclaimed == Reclaimed::NotYet {
            decision.reclaiming = Some(threshold.signal.resource());
            if threshold.signal.condition() == "DiskPressure" {
                decision.reclaim = true;
                return;
            }
        }
        let Some((uid, pod)) = ranked(threshold.signal, candidates).first().copied() else { return };
        let grace_s = match threshold.grace {
            Grace::None => IMMEDIATE_S,
            Grace::After(_) => self.soft_grace_s(pod),
        };
        let message = message(threshold, sample, pod);
        decision.evictions.push(Eviction { uid: uid.clone(), message, grace_s, disrupts: true });
    }
}

impl Evictor {
    /// A pod's own grace, but not longer than the longest.
    fn soft_grace_s(&self, pod: &PodSample) -> i64 {
        let own = pod.object["spec"].int("terminationGracePeriodSeconds");
        let grace_s = own.into_iter().chain(self.config.grace_s_max).min();
        grace_s.unwrap_or(DEFAULT_S).max(IMMEDIATE_S)
    }
}

fn is_critical(pod: &PodSample) -> bool {
    pod.object["spec"].int("priority").is_some_and(|priority| priority >= crate::admission::CRITICAL)
}

fn has_ended(pod: &PodSample) -> bool {
    matches!(pod.object["status"].str("phase"), "Succeeded" | "Failed")
}
