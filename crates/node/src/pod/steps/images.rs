//! The image of a container: it must be on this machine before the container starts. Images are not pulled by this version.

use super::{RETRY, Start, StartFailure, StartStep};
use crate::pod::operation::{Operation, Outcome};
use crate::pod::state::WaitingReason;
use std::time::Duration;
use stead_api::value::Access;
use stead_client::event::Event;
use stead_images::{Digest, Reference};

pub struct Images;

const BACKOFF_MAX: Duration = Duration::from_secs(300);

impl StartStep for Images {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let reference = start.container.str("image").to_owned();
        if let Err(error) = reference.parse::<Reference>()
            && reference.parse::<Digest>().is_err()
        {
            let message = format!("Failed to apply default image tag {reference:?}: {error}");
            let mut failure = start.failure("InvalidImageName", message.clone(), "");
            failure.events = vec![start.warning("InspectFailed", message), start.warning("Failed", "Error: InvalidImageName".to_owned())];
            return Err(failure);
        }
        Ok(Some(Operation::InspectImage(reference)))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let reference = start.container.str("image").to_owned();
        let Outcome::Image(found) = outcome else { return Ok(Vec::new()) };
        match found {
            Ok(Some(image)) => {
                if let Some(starting) = &mut start.state.starting {
                    starting.image = Some(image);
                }
                let message = format!("Container image {reference:?} already present on machine and can be accessed by the pod");
                Ok(vec![start.normal("Pulled", message)])
            }
            Ok(None) if start.container.str("imagePullPolicy") == "Never" => {
                let message = format!("Container image {reference:?} is not present with pull policy of Never");
                let mut failure = start.failure("ErrImageNeverPull", message.clone(), "");
                failure.events =
                    vec![start.warning("ErrImageNeverPull", message), start.warning("Failed", "Error: ErrImageNeverPull".to_owned())];
                Err(failure)
            }
            Ok(None) => Err(pull_failed(start, &reference)),
            Err(error) => Err(start.failure("ImageInspectError", error, "Failed to inspect image: ")),
        }
    }
}

/// The pull fails, with the back-off and words of one that failed (IMG-6 to IMG-8).
fn pull_failed(start: &mut Start<'_>, reference: &str) -> StartFailure {
    let error = format!("image {reference:?} is not on this machine, and this version does not pull images from registries");
    let name = start.name().to_owned();
    let known = start.state.container_mut(&name);
    known.pull_failures += 1;
    let retry_at = start.now.steady + (RETRY * (1 << known.pull_failures.saturating_sub(1).min(5))).min(BACKOFF_MAX);
    let first = known.pull_failures == 1;
    let reason = if first { "ErrImagePull" } else { "ImagePullBackOff" };
    let message = if first { error.clone() } else { format!("Back-off pulling image {reference:?}: ErrImagePull: {error}") };
    let mut events = vec![
        start.normal("Pulling", format!("Pulling image {reference:?}")),
        start.warning("Failed", format!("Failed to pull image {reference:?}: {error}")),
        start.warning("Failed", format!("Error: {reason}")),
    ];
    if !first {
        events.push(start.normal("BackOff", format!("Back-off pulling image {reference:?}")));
    }
    StartFailure { waiting: Some(WaitingReason { reason, message, retry_at }), events }
}
