//! A pod's volumes, pure: what its spec asks for ([`source`]), what is in them ([`content`], [`claims`], [`downward`]), and what of them its
//! containers see ([`mounts`]). Making them is `crate::volumes`' part.

pub mod claims;
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
    /// As the pod names it.
    pub volume: String,
    /// As events name it: for a claim its PersistentVolume.
    pub shown: String,
    pub stage: Stage,
    pub error: String,
}

/// How far it came, in the words of a kubelet's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What it is was not found out.
    Process,
    NodeAffinity,
    NewMounter,
    SetUp,
    Map,
}

impl VolumeFailure {
    /// Of a volume that is known by its own name.
    pub fn of(volume: &str, stage: Stage, error: impl Into<String>) -> Self {
        Self { volume: volume.to_owned(), shown: volume.to_owned(), stage, error: error.into() }
    }

    /// The message of its event; those that were not even understood are told of together ([`unprocessed`]).
    pub fn message(&self) -> Option<String> {
        let what = match self.stage {
            Stage::Process => return None,
            Stage::NodeAffinity => "MountVolume.NodeAffinity check",
            Stage::NewMounter => "MountVolume.NewMounter initialization",
            Stage::SetUp => "MountVolume.SetUp",
            Stage::Map => "MapVolume.SetUpDevice",
        };
        Some(format!("{what} failed for volume {:?} : {}", self.shown, self.error))
    }
}

/// One message of all volumes of which it was not found out what they are.
pub fn unprocessed(failures: &[VolumeFailure]) -> Option<String> {
    let failures: Vec<&VolumeFailure> = failures.iter().filter(|failure| failure.stage == Stage::Process).collect();
    let names: Vec<&str> = failures.iter().map(|failure| failure.volume.as_str()).collect();
    let (names, errors) = (names.join(" "), failures.iter().map(|failure| failure.error.as_str()).collect::<Vec<_>>().join("; "));
    let message = format!(
        "Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], failed to process volumes=[{names}]: {errors}"
    );
    (!failures.is_empty()).then_some(message)
}
