//! What counts as running short (NODE-10), in a kubelet's form: `memory.available<100Mi,nodefs.available<5%`, and how that is read. Pure.

use crate::stats::Sample;
use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::quantity::{Format, Quantity};
use stead_api::time::parse_go_duration;

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

    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(signal, _)| *signal == self).map_or("", |(_, name)| name)
    }

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

/// Whether a threshold is hard or soft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// Hard: pods go at once, with next to no time to end.
    None,
    /// Soft: it must be met for so long, and pods have their time.
    After(Duration),
}

/// Less than that is too little.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    pub signal: Signal,
    pub limit: Limit,
    pub grace: Grace,
    /// More than the limit must be free again before it counts as resolved.
    pub min_reclaim: Option<Limit>,
}

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub thresholds: Vec<Threshold>,
    /// How long a condition is held after it was last observed.
    pub transition: Duration,
    /// Longest grace of pods that are evicted by a soft threshold; `None`: their own.
    pub grace_s_max: Option<i64>,
}

/// Without settings of one's own. A kubelet's are 10 and 15 % of the disk: too much of a large one.
pub const HARD: &str = "memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%";
/// As long a condition is held without settings of one's own.
pub const TRANSITION: Duration = Duration::from_secs(300);

/// The lists as a kubelet's flags have them; empty ones say nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists<'a> {
    /// `SIGNAL<LIMIT,...`
    pub hard: &'a str,
    pub soft: &'a str,
    /// `SIGNAL=DURATION,...`: how long each soft threshold must be met.
    pub soft_grace: &'a str,
    /// `SIGNAL=AMOUNT,...`
    pub minimum_reclaim: &'a str,
}

impl Lists<'_> {
    /// All thresholds, the hard ones first.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(self) -> Result<Vec<Threshold>, String> {
        let graces = grace_periods(self.soft_grace)?;
        let reclaims = minimum_reclaims(self.minimum_reclaim)?;
        let mut thresholds = thresholds(self.hard)?;
        for mut threshold in self::thresholds(self.soft)? {
            let missing = || format!("a grace period must be given for the soft threshold {}", threshold.signal.name());
            threshold.grace = Grace::After(*graces.get(&threshold.signal).ok_or_else(missing)?);
            thresholds.push(threshold);
        }
        for threshold in &mut thresholds {
            threshold.min_reclaim = reclaims.get(&threshold.signal).copied();
        }
        Ok(thresholds)
    }
}

impl Default for Config {
    fn default() -> Self {
        let thresholds = thresholds(HARD).expect("the usual thresholds can be read");
        Self { thresholds, transition: TRANSITION, grace_s_max: Some(0) }
    }
}

/// Reads thresholds, as hard ones: `SIGNAL<LIMIT,...`. Those of 0 % and 100 % are none: that is how one is switched off.
///
/// # Errors
/// What is wrong with them, in words.
pub fn thresholds(text: &str) -> Result<Vec<Threshold>, String> {
    let mut read = Vec::new();
    for (signal, limit) in pairs(text, '<')? {
        let limit = match Limit::parse(limit)? {
            Limit::Percent(percent) if percent <= 0.0 || percent >= 100.0 => continue,
            Limit::Amount(0) => return Err(format!("the threshold of {} must be positive", signal.name())),
            limit => limit,
        };
        read.push(Threshold { signal, limit, grace: Grace::None, min_reclaim: None });
    }
    Ok(read)
}

/// Reads `SIGNAL=DURATION,...`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn grace_periods(text: &str) -> Result<BTreeMap<Signal, Duration>, String> {
    let one = |(signal, text): (Signal, &str)| {
        let grace = parse_go_duration(text).ok_or_else(|| format!("{text:?} is no duration such as 1m30s"))?;
        Ok((signal, grace))
    };
    pairs(text, '=')?.into_iter().map(one).collect()
}

/// Reads `SIGNAL=AMOUNT,...`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn minimum_reclaims(text: &str) -> Result<BTreeMap<Signal, Limit>, String> {
    let one = |(signal, text): (Signal, &str)| match Limit::parse(text)? {
        Limit::Percent(percent) if percent <= 0.0 => Err(format!("the least to reclaim of {} must be positive", signal.name())),
        limit => Ok((signal, limit)),
    };
    pairs(text, '=')?.into_iter().map(one).collect()
}

/// The signals of a list and what stands behind each, every one once.
fn pairs(text: &str, sign: char) -> Result<Vec<(Signal, &str)>, String> {
    let mut found: Vec<(Signal, &str)> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let form = || format!("{part:?} is not of the form SIGNAL{sign}VALUE");
        let (name, value) = part.split_once(sign).ok_or_else(form)?;
        let known = || Signal::ALL.map(|(_, name)| name).join(", ");
        let signal = Signal::ALL.into_iter().find(|(_, other)| *other == name.trim());
        let (signal, _) = signal.ok_or_else(|| format!("{name:?} is none of {}", known()))?;
        if found.iter().any(|(other, _)| *other == signal) {
            return Err(format!("{} is given twice", signal.name()));
        }
        found.push((signal, value.trim()));
    }
    Ok(found)
}
