//! The images that a container mounts as volumes: they are had as images of containers are, so their failures show as its own
//! (VOL-19). What is mounted stays so for the pod's life.

use super::{Start, StartFailure, StartStep, about};
use crate::pod::operation::{ImageMount, ImageVolumeFailure, Operation, Outcome};
use crate::pod::pulls;
use crate::pod::state::WaitingReason;
use crate::pod::steps::{PULL_SHOWN, RETRY};
use crate::pod::volumes::source::{Source, source};
use std::collections::BTreeSet;
use stead_api::value::Access;
use stead_client::event::Event;

pub struct ImageVolumes;

impl StartStep for ImageVolumes {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let mounted: BTreeSet<&str> = start.container.items("volumeMounts").iter().map(|mount| mount.str("name")).collect();
        let volumes = start.pod["spec"].items("volumes").iter().filter(|volume| mounted.contains(volume.str("name")));
        let images = volumes.filter_map(|volume| match source(volume) {
            Source::Image(image) => Some(ImageMount {
                volume: volume.str("name").to_owned(),
                reference: image.reference.to_owned(),
                pull_policy: image.pull_policy.to_owned(),
                held_back: start.state.pulls.held_back(start.now.steady, image.reference).is_some(),
            }),
            _ => None,
        });
        let images: Vec<ImageMount> = images.collect();
        Ok((!images.is_empty()).then_some(Operation::MountImages(images)))
    }

    /// The last that failed is shown.
    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::ImagesMounted(mounted) = outcome else { return Ok(Vec::new()) };
        let mut events = Vec::new();
        let mut waiting = None;
        for (image, outcome) in mounted {
            match outcome {
                Ok(()) => start.state.pulls.succeeded(&image.reference),
                Err(failure) => waiting = Some(failed(start, &image.reference, failure, &mut events)),
            }
        }
        match waiting {
            None => Ok(events),
            waiting => Err(StartFailure { waiting, events }),
        }
    }
}

/// The words for one failure, as a kubelet has them: the image's own event is the pod's, what became of it the container's.
fn failed(start: &mut Start<'_>, reference: &str, failure: ImageVolumeFailure, events: &mut Vec<Event>) -> WaitingReason {
    let now = start.now.steady;
    let later = now + RETRY;
    let of_pod = |ty, reason, message| about(start.pod, "", ty, reason, message);
    let (reason, message, retry_at) = match failure {
        ImageVolumeFailure::Inspect(error) => {
            events.push(of_pod("Warning", "InspectFailed", format!("Failed to inspect image {reference:?}: {error}")));
            ("ImageInspectError", error, later)
        }
        ImageVolumeFailure::InvalidName(error) => {
            let message = format!("Failed to apply default image tag {reference:?}: {error}");
            events.push(of_pod("Warning", "InspectFailed", message.clone()));
            ("InvalidImageName", message, later)
        }
        ImageVolumeFailure::NeverPull => {
            let message = format!("Container image {reference:?} is not present with pull policy of Never");
            events.push(of_pod("Warning", "ErrImageNeverPull", message.clone()));
            ("ErrImageNeverPull", message, later)
        }
        ImageVolumeFailure::Pull(error) => {
            start.state.pulls.failed(now, reference, &error);
            events.push(of_pod("Warning", "Failed", format!("Failed to pull image {reference:?}: {error}")));
            ("ErrImagePull", error, now + PULL_SHOWN)
        }
        ImageVolumeFailure::HeldBack => match start.state.pulls.held_back(now, reference) {
            // Another container of the pod has just asked for it.
            Some(pull) if now < pull.at + PULL_SHOWN => ("ErrImagePull", pull.error.clone(), pull.at + PULL_SHOWN),
            Some(pull) => {
                events.push(of_pod("Normal", "BackOff", pulls::back_off(reference)));
                ("ImagePullBackOff", pull.message(reference), pull.until)
            }
            None => ("ImagePullBackOff", pulls::back_off(reference), now),
        },
        ImageVolumeFailure::Mount(error) => {
            events.push(start.warning("Failed", format!("Error: {error}")));
            return WaitingReason { reason: "CreateContainerError", message: error, retry_at: later };
        }
    };
    events.push(start.warning("Failed", format!("Error: {reason}")));
    WaitingReason { reason, message, retry_at }
}
