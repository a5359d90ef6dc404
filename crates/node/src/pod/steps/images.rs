//! The image of a container: it is looked up before each start, and pulled where the policy says so (IMG-3 to IMG-8).

use super::{PULL_SHOWN, Start, StartFailure, StartStep};
use crate::pod::operation::{Operation, Outcome};
use crate::pod::state::WaitingReason;
use crate::pod::{pull_secrets, pulls};
use stead_api::time::go_duration;
use stead_api::value::Access;
use stead_client::event::Event;
use stead_images::{Digest, Reference};

/// Looks the image up, and decides what to do about it.
pub struct Images;

/// Pulls it, if it was not found or must be resolved anew.
pub struct Pull;

impl StartStep for Images {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let reference = reference(start);
        if let Err(error) = reference.parse::<Reference>()
            && reference.parse::<Digest>().is_err()
        {
            let message = format!("Failed to apply default image tag {reference:?}: {error}");
            return Err(failure(start, "InvalidImageName", message.clone(), start.warning("InspectFailed", message)));
        }
        Ok(Some(Operation::InspectImage(reference)))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::Image(found) = outcome else { return Ok(Vec::new()) };
        let (reference, policy) = (reference(start), start.container.str("imagePullPolicy"));
        match found {
            Ok(Some(image)) if policy != "Always" => {
                if let Some(starting) = &mut start.state.starting {
                    starting.image = Some(image);
                }
                let message = format!("Container image {reference:?} already present on machine and can be accessed by the pod");
                Ok(vec![start.normal("Pulled", message)])
            }
            Ok(None) if policy == "Never" => {
                let message = format!("Container image {reference:?} is not present with pull policy of Never");
                Err(failure(start, "ErrImageNeverPull", message.clone(), start.warning("ErrImageNeverPull", message)))
            }
            Ok(_) => match held_back(start, &reference) {
                Some(failure) => Err(failure),
                None => Ok(vec![start.normal("Pulling", format!("Pulling image {reference:?}"))]),
            },
            Err(error) => Err(start.failure("ImageInspectError", error, "Failed to inspect image: ")),
        }
    }
}

impl StartStep for Pull {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        if start.state.starting.as_ref().is_some_and(|starting| starting.image.is_some()) {
            return Ok(None);
        }
        let (namespace, secrets) = (start.pod["metadata"].str("namespace").to_owned(), pull_secrets::named(start.pod));
        let now = start.now.steady;
        if let Some(starting) = &mut start.state.starting {
            starting.pull_began = now;
        }
        Ok(Some(Operation::PullImage { reference: reference(start), container: start.name().to_owned(), namespace, secrets }))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::Pulled { missing_secrets, pulled } = outcome else { return Ok(Vec::new()) };
        let mut events = Vec::new();
        if !missing_secrets.is_empty() {
            events.push(pull_secrets::missing(start.pod, &missing_secrets));
        }
        let reference = reference(start);
        match pulled {
            Ok(pulled) => {
                let began = start.state.starting.as_ref().map_or(start.now.steady, |starting| starting.pull_began);
                let took = go_duration(start.now.steady.saturating_sub(began));
                let size = pulled.size_bytes;
                let message =
                    format!("Successfully pulled image {reference:?} in {took} ({took} including waiting). Image size: {size} bytes.");
                events.push(start.normal("Pulled", message));
                start.state.pulls.succeeded(&reference);
                if let Some(starting) = &mut start.state.starting {
                    starting.image = Some(pulled.image);
                }
                Ok(events)
            }
            Err(error) => {
                let mut failure = pull_failed(start, &reference, error);
                events.append(&mut failure.events);
                Err(StartFailure { events, ..failure })
            }
        }
    }
}

fn reference(start: &Start<'_>) -> String {
    start.container.str("image").to_owned()
}

/// A failure with an event of its own, and one that names its reason.
fn failure(start: &Start<'_>, reason: &'static str, message: String, event: Event) -> StartFailure {
    let named = start.warning("Failed", format!("Error: {reason}"));
    StartFailure { events: vec![event, named], ..start.failure(reason, message, "") }
}

/// While a pull must not be tried again (IMG-7, IMG-8).
fn held_back(start: &Start<'_>, reference: &str) -> Option<StartFailure> {
    let known = start.state.pulls.held_back(start.now.steady, reference)?;
    let (message, retry_at) = (known.message(reference), known.until);
    let failed = failure(start, "ImagePullBackOff", message.clone(), start.normal("BackOff", pulls::back_off(reference)));
    Some(StartFailure { waiting: Some(WaitingReason { reason: "ImagePullBackOff", message, retry_at }), ..failed })
}

/// The pull failed: the next waits twice as long as the last (IMG-6 to IMG-8).
fn pull_failed(start: &mut Start<'_>, reference: &str, error: String) -> StartFailure {
    let now = start.now.steady;
    start.state.pulls.failed(now, reference, &error);
    let failed = start.warning("Failed", format!("Failed to pull image {reference:?}: {error}"));
    let failed = failure(start, "ErrImagePull", error.clone(), failed);
    StartFailure { waiting: Some(WaitingReason { reason: "ErrImagePull", message: error, retry_at: now + PULL_SHOWN }), ..failed }
}
