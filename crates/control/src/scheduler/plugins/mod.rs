//! What decides about nodes: upstream's default plugins, a file each. Pure. Input: a pod, the snapshot and what the caches know of volumes. Output:
//! why a node cannot take the pod, and how well one suits it.

pub mod fit;
pub mod image_locality;
pub mod node_affinity;
pub mod node_ports;
pub mod pod_affinity;
pub mod spread;
pub mod taints;
pub mod volumes;

use std::borrow::Cow;
use std::fmt;

/// Who refused a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plugin {
    NodeUnschedulable,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    NodeVolumeLimits,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
}

/// Several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plugins(u16);

impl Plugins {
    /// Whatever happens may help.
    pub const ALL: Self = Self(u16::MAX);

    pub fn insert(&mut self, plugin: Plugin) {
        self.0 |= 1 << plugin as u16;
    }

    pub fn contains(self, plugin: Plugin) -> bool {
        self.0 & (1 << plugin as u16) != 0
    }
}

impl FromIterator<Plugin> for Plugins {
    fn from_iter<I: IntoIterator<Item = Plugin>>(plugins: I) -> Self {
        let mut all = Self::default();
        plugins.into_iter().for_each(|plugin| all.insert(plugin));
        all
    }
}

/// Upstream's words for why a node is refused.
pub type Reason = Cow<'static, str>;

/// What is said against a node: nearly always one thing, for which nothing is allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons {
    first: Reason,
    more: Vec<Reason>,
}

impl Reasons {
    pub fn one(reason: &'static str) -> Self {
        Self { first: reason.into(), more: Vec::new() }
    }

    /// `None` if there are none.
    pub fn all(reasons: Vec<Reason>) -> Option<Self> {
        let mut reasons = reasons.into_iter();
        Some(Self { first: reasons.next()?, more: reasons.collect() })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Reason> {
        std::iter::once(&self.first).chain(&self.more)
    }
}

/// Whether a node could take the pod if others went (SCH-39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    Preemption,
    Nothing,
}

/// Why a node cannot take a pod: the first plugin that refuses speaks (SCH-32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub plugin: Plugin,
    pub reasons: Reasons,
    pub remedy: Remedy,
}

impl Refusal {
    /// Nothing helps.
    pub fn fixed(plugin: Plugin, reason: &'static str) -> Self {
        Self { plugin, reasons: Reasons::one(reason), remedy: Remedy::Nothing }
    }

    /// It would help if other pods went.
    pub fn curable(plugin: Plugin, reason: &'static str) -> Self {
        Self { plugin, reasons: Reasons::one(reason), remedy: Remedy::Preemption }
    }
}

/// Why no node can take a pod, whatever it is like (SCH-33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub plugin: Plugin,
    pub text: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The highest score of a plugin before its weight.
pub const SCORE_MAX: i64 = 100;

/// In proportion to the most.
pub fn proportional(sums: Vec<i64>) -> Vec<i64> {
    let most = sums.iter().copied().max().unwrap_or(0);
    sums.into_iter().map(|sum| if most == 0 { 0 } else { SCORE_MAX * sum / most }).collect()
}

/// The fewer the better, in proportion to the most.
pub fn reversed(counts: Vec<i64>) -> Vec<i64> {
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.into_iter().map(|count| if most == 0 { SCORE_MAX } else { SCORE_MAX - SCORE_MAX * count / most }).collect()
}

/// From the least to the most.
pub fn stretched(sums: Vec<i64>) -> Vec<i64> {
    let (least, most) = (sums.iter().copied().min().unwrap_or(0), sums.iter().copied().max().unwrap_or(0));
    sums.into_iter().map(|sum| if most == least { 0 } else { SCORE_MAX * (sum - least) / (most - least) }).collect()
}
