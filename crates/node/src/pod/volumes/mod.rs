//! A pod's volumes, pure: what its spec asks for ([`source`]), what is in them ([`content`], [`downward`]), and what of them its
//! containers see ([`mounts`]). Making them is `crate::volumes`' part.

pub mod content;
mod downward;
pub mod mounts;
pub mod source;

#[cfg(test)]
mod tests;

use std::time::Duration;
use stead_api::time::Timestamp;

/// Pause before volumes that could not be set up are tried again, doubled up to the next for each failure that follows (VOL-1).
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(122);
/// How long volumes may be missing until it is said which (VOL-1).
pub const PATIENCE: Duration = Duration::from_secs(123);

/// What the machine knows of a pod's volumes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolumesState {
    /// What they refer to may have changed since they were last brought up to date.
    pub stale: bool,
    /// When a token in them is to be replaced.
    pub renew_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    pub retry_at: Option<Duration>,
    /// Since when they have been missing, or since it was last said; and which, and why.
    pub missing_since: Option<Duration>,
    pub missing: Vec<VolumeFailure>,
    /// Every trace of the pod's directory is gone.
    pub removed: bool,
}

impl VolumesState {
    /// They are as they should be.
    pub fn settled(&mut self, up: VolumesUp) {
        *self = Self { stale: self.stale, renew_at: up.renew_at, removed: self.removed, ..Self::default() };
    }

    /// Counts a failure; when to try again.
    pub fn failed(&mut self, now: Duration, failures: &[VolumeFailure]) -> Duration {
        self.failures += 1;
        self.missing_since.get_or_insert(now);
        self.missing = failures.to_vec();
        let at = now + (RETRY_FIRST * (1 << self.failures.saturating_sub(1).min(8))).min(RETRY_MAX);
        self.retry_at = Some(at);
        at
    }
}

/// The volumes are set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolumesUp {
    pub renew_at: Option<Timestamp>,
}

/// One that could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeFailure {
    pub volume: String,
    pub error: String,
}
