//! What counts as running short (NODE-10), in a kubelet's form: `memory.available<100Mi,nodefs.available<5%`. Pure.

use crate::stats::Sample;
use std::time::Duration;
use stead_api::quantity::{Format, Quantity};

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    Memory,
    NodeFs,
    NodeFsInodes,
    ImageFs,
    ImageFsInodes,
    Pids,
}

impl Signal {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Memory, "memory.available"),
        (Self::NodeFs, "nodefs.available"),
        (Self::NodeFsInodes, "nodefs.inodesFree"),
        (Self::ImageFs, "imagefs.available"),
        (Self::ImageFsInodes, "imagefs.inodesFree"),
        (Self::Pids, "pid.available"),
    ];

    /// What of the pods is to be reclaimed.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::NodeFs | Self::ImageFs => "ephemeral-storage",
            Self::NodeFsInodes | Self::ImageFsInodes => "inodes",
            Self::Pids => "pids",
        }
    }

    /// The node's condition.
    pub fn condition(self) -> &'static str {
        match self {
            Self::Memory => "MemoryPressure",
            Self::Pids => "PIDPressure",
            Self::NodeFs | Self::NodeFsInodes | Self::ImageFs | Self::ImageFsInodes => "DiskPressure",
        }
    }

    /// What there is of it: available, and in all. `None` if that is not known. Images lie on the node's own file system.
    pub fn observed(self, sample: &Sample) -> Option<(u64, u64)> {
        let host = &sample.host;
        let found = match self {
            Self::Memory => (host.memory.total.saturating_sub(host.memory.working_set), host.memory.total),
            // As `df` counts: what is set aside for root is no part of it.
            Self::NodeFs | Self::ImageFs => (host.disk.available_bytes, host.disk.used_bytes + host.disk.available_bytes),
            Self::NodeFsInodes | Self::ImageFsInodes => (host.disk.inodes_free, host.disk.inodes),
            Self::Pids => (host.processes_max.saturating_sub(host.processes), host.processes_max),
        };
        (found.1 > 0).then_some(found)
    }

    /// An amount of it as a message has it.
    pub fn text(self, amount: u64) -> String {
        let format = match self {
            Self::Memory | Self::NodeFs | Self::ImageFs => Format::BinarySi,
            Self::NodeFsInodes | Self::ImageFsInodes | Self::Pids => Format::DecimalSi,
        };
        Quantity::from_value(i64::try_from(amount).unwrap_or(i64::MAX), format).to_string()
    }
}

/// An amount, or a part of all there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    Amount(u64),
    Percent(f64),
}

impl Limit {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of an amount is one")]
    pub fn of(self, capacity: u64) -> u64 {
        match self {
            Self::Amount(amount) => amount,
            Self::Percent(percent) => (capacity as f64 * percent / 100.0) as u64,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| format!("{text:?} is no percentage"))?;
            return if (0.0..=100.0).contains(&percent) {
                Ok(Self::Percent(percent))
            } else {
                Err(format!("{text:?} is not within 0% and 100%"))
            };
        }
        let amount = Quantity::parse(text).map_err(|_| format!("{text:?} is no quantity"))?.value_ceil();
        u64::try_from(amount).map(Self::Amount).map_err(|_| format!("{text:?} is negative"))
    }
}

/// Less than that is too little.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    pub signal: Signal,
    pub limit: Limit,
    /// How long it must be so; zero: a hard threshold.
    pub grace: Duration,
    /// More than the limit must be free again before it counts as resolved.
    pub min_reclaim: Option<Limit>,
}

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub thresholds: Vec<Threshold>,
    /// How long a condition is held after it was last observed.
    pub transition: Duration,
    /// Grace of pods that are evicted by a soft threshold.
    pub grace_s_max: i64,
}

/// Without settings of one's own. A kubelet's are 10 and 15 % of the disk: too much of a large one.
pub const HARD: &str = "memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%";

impl Config {
    /// With these hard thresholds, the rest as usual.
    ///
    /// # Errors
    /// As [`hard`].
    pub fn with_hard(text: &str) -> Result<Self, String> {
        Ok(Self { thresholds: hard(text)?, ..Self::default() })
    }
}

impl Default for Config {
    fn default() -> Self {
        let thresholds = hard(HARD).expect("the usual thresholds can be read");
        Self { thresholds, transition: Duration::from_secs(300), grace_s_max: 0 }
    }
}

/// Reads hard thresholds: `SIGNAL<LIMIT,...`; an empty text is none.
///
/// # Errors
/// What is wrong with it, in words.
pub fn hard(text: &str) -> Result<Vec<Threshold>, String> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(|part| one(part.trim())).collect()
}

fn one(text: &str) -> Result<Threshold, String> {
    let (name, limit) = text.split_once('<').ok_or_else(|| format!("{text:?} is not of the form SIGNAL<LIMIT"))?;
    let known = || Signal::ALL.map(|(_, name)| name).join(", ");
    let found = Signal::ALL.into_iter().find(|(_, other)| *other == name).ok_or_else(|| format!("{name:?} is none of {}", known()))?;
    Ok(Threshold { signal: found.0, limit: Limit::parse(limit)?, grace: Duration::ZERO, min_reclaim: None })
}
