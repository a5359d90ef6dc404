//! A pod's volumes while it lives: what became of setting them up, and when they are brought up to date.

use super::{Machine, Purpose, WALL_WAIT_MAX};
use crate::clock::Now;
use crate::pod::operation::Operation;
use crate::pod::plan::going_down;
use crate::pod::state::Progress;
use crate::pod::steps::{VOLUMES, about};
use crate::pod::volumes::source::shows_metadata;
use crate::pod::volumes::{PATIENCE, VolumeFailure, VolumesUp, unprocessed};
use stead_api::Value;

impl Machine {
    /// Something that the volumes refer to has changed: what failed for want of it is tried again at once.
    pub(super) fn sources_changed(&mut self, now: Now) {
        self.state.volumes.stale = true;
        self.state.volumes.retry_at = None;
        if let Progress::Failed { retry_at } = &mut self.state.steps[VOLUMES] {
            *retry_at = now.steady;
        }
    }

    /// The pod's object is another.
    pub(super) fn metadata_changed(&mut self, old: &Value) {
        let differs = |list: &str| old["metadata"].get(list) != self.object["metadata"].get(list);
        if (differs("labels") || differs("annotations")) && shows_metadata(&self.object) {
            self.state.volumes.stale = true;
        }
    }

    pub(super) fn volumes_outcome(&mut self, now: Now, purpose: &Purpose, outcome: Result<VolumesUp, Vec<VolumeFailure>>) {
        match outcome {
            Ok(up) => {
                self.state.volumes.settled(up);
                if matches!(purpose, Purpose::Up(_)) {
                    self.state.steps[VOLUMES] = Progress::Up;
                }
            }
            Err(failures) => {
                for message in failures.iter().filter_map(VolumeFailure::message).chain(unprocessed(&failures)) {
                    self.record(about(&self.object, "", "Warning", "FailedMount", message));
                }
                let again = self.state.volumes.stale && matches!(purpose, Purpose::Up(_));
                let retry_at = self.state.volumes.failed(now.steady, &failures);
                match purpose {
                    // What it failed for may have come while it was under way.
                    Purpose::Up(_) if again => self.state.steps[VOLUMES] = Progress::Failed { retry_at: now.steady },
                    Purpose::Up(_) => self.state.steps[VOLUMES] = Progress::Failed { retry_at },
                    _ => self.state.volumes.stale = true,
                }
            }
        }
    }

    /// Brings the volumes up to date, when something in them is not.
    pub(super) fn refresh_volumes(&mut self, now: Now) {
        if going_down(&self.object, &self.state) || self.gone {
            return;
        }
        self.say_what_is_missing(now);
        if self.state.steps[VOLUMES] != Progress::Up || self.is_under_way(&Purpose::RefreshVolumes) {
            return;
        }
        let known = &self.state.volumes;
        let due = known.stale || known.renew_at.is_some_and(|at| at <= now.wall);
        match known.retry_at.filter(|at| due && *at > now.steady) {
            Some(at) => self.wake_at(at),
            None if due => {
                self.state.volumes.stale = false;
                self.run(Purpose::RefreshVolumes, Operation::SetUpVolumes { seen: self.state.start_time.unwrap_or_default() });
            }
            None => {
                if let Some(at) = known.renew_at {
                    self.wake_at(now.steady_until(at).min(now.steady + WALL_WAIT_MAX));
                }
            }
        }
    }

    /// VOL-1: after a while, which volumes a pod waits for.
    fn say_what_is_missing(&mut self, now: Now) {
        let Some(since) = self.state.volumes.missing_since.filter(|_| self.state.steps[VOLUMES] != Progress::Up) else { return };
        if now.steady < since + PATIENCE {
            return self.wake_at(since + PATIENCE);
        }
        self.state.volumes.missing_since = Some(now.steady);
        let missing: Vec<&str> = self.state.volumes.missing.iter().map(|failure| failure.volume.as_str()).collect();
        let missing = missing.join(" ");
        let message = format!(
            "Unable to attach or mount volumes: unmounted volumes=[{missing}], unattached volumes=[], failed to process volumes=[]: \
             context deadline exceeded"
        );
        self.record(about(&self.object, "", "Warning", "FailedMount", message));
    }
}
