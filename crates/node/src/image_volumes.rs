//! The volumes of a pod that show an image's files: has the image as its pull policy says, and mounted read-only where the volume store
//! has written that down (VOL-19). Taking such a mount away is the store's part; what a failure means is the machine's.

use crate::node::Node;
use crate::pod::operation::{ImageMount, ImageVolumeFailure};
use crate::pod::steps::about;
use crate::pod::volumes::mounts::IMAGE_KIND;
use crate::pod::{pull_progress, pull_secrets};
use crate::runtime::Runtime;
use crate::volumes::{Volumes, blocking};
use std::sync::Arc;
use stead_api::Value;
use stead_api::time::go_duration;
use stead_api::value::Access;
use stead_images::{Digest, Reference};

/// Mounts images, one after the other. One that is mounted stays, whatever its name stands for by now.
pub async fn mount<R: Runtime>(node: &Node<R>, pod: &Value, images: Vec<ImageMount>) -> Vec<(ImageMount, Result<(), ImageVolumeFailure>)> {
    let mut mounted = Vec::with_capacity(images.len());
    for image in images {
        let outcome = match &node.volumes {
            Some(volumes) => mount_one(node, volumes, pod, &image).await,
            None => Ok(()),
        };
        mounted.push((image, outcome));
    }
    mounted
}

async fn mount_one<R: Runtime>(node: &Node<R>, volumes: &Volumes, pod: &Value, image: &ImageMount) -> Result<(), ImageVolumeFailure> {
    let (store, owner, volume) = (Arc::clone(&volumes.store), pod["metadata"].str("uid").to_owned(), image.volume.clone());
    let place = blocking(move || store.begin_mount(&owner, IMAGE_KIND, &volume)).await;
    let Some(place) = place.map_err(|error| ImageVolumeFailure::Mount(error.to_string()))? else { return Ok(()) };
    let reference = image.reference.as_str();
    if let Err(error) = reference.parse::<Reference>()
        && reference.parse::<Digest>().is_err()
    {
        return Err(ImageVolumeFailure::InvalidName(error.to_string()));
    }
    let found = node.runtime.image(reference).await.map_err(ImageVolumeFailure::Inspect)?;
    if must_pull(image, found.is_some())? {
        pull(node, pod, reference).await?;
    } else {
        let message = format!("Container image {reference:?} already present on machine and can be accessed by the pod");
        node.record_event(about(pod, "", "Normal", "Pulled", message));
    }
    node.runtime.mount_image(reference, &place).await.map_err(ImageVolumeFailure::Mount)
}

/// Whether the image is to be pulled first (IMG-3, IMG-4).
fn must_pull(image: &ImageMount, is_present: bool) -> Result<bool, ImageVolumeFailure> {
    match (image.pull_policy.as_str(), is_present) {
        ("Never", false) => Err(ImageVolumeFailure::NeverPull),
        ("Always", _) | (_, false) if image.held_back => Err(ImageVolumeFailure::HeldBack),
        ("Always", _) | (_, false) => Ok(true),
        (_, true) => Ok(false),
    }
}

async fn pull<R: Runtime>(node: &Node<R>, pod: &Value, reference: &str) -> Result<(), ImageVolumeFailure> {
    node.record_event(about(pod, "", "Normal", "Pulling", format!("Pulling image {reference:?}")));
    let began = node.now().steady;
    let (keyring, missing) = pull_secrets::keyring(node, pod["metadata"].str("namespace"), &pull_secrets::named(pod)).await;
    if !missing.is_empty() {
        node.record_event(pull_secrets::missing(pod, &missing));
    }
    let pulled = pull_progress::pull(node, pod, "", reference, keyring).await.map_err(ImageVolumeFailure::Pull)?;
    let took = go_duration(node.now().steady.saturating_sub(began));
    let size = pulled.size_bytes;
    let message = format!("Successfully pulled image {reference:?} in {took} ({took} including waiting). Image size: {size} bytes.");
    node.record_event(about(pod, "", "Normal", "Pulled", message));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pulled_as_its_policy_says() {
        // VOL-19, IMG-3, IMG-4, IMG-8
        let image = |policy: &str, held_back| ImageMount {
            volume: "v".to_owned(),
            reference: "i:1".to_owned(),
            pull_policy: policy.to_owned(),
            held_back,
        };
        let ask = |policy, is_present| must_pull(&image(policy, false), is_present);
        assert_eq!((ask("Always", true), ask("Always", false)), (Ok(true), Ok(true)));
        assert_eq!((ask("IfNotPresent", true), ask("IfNotPresent", false)), (Ok(false), Ok(true)));
        assert_eq!((ask("Never", true), ask("Never", false)), (Ok(false), Err(ImageVolumeFailure::NeverPull)));
        let ask = |policy, is_present| must_pull(&image(policy, true), is_present);
        assert_eq!((ask("Always", true), ask("IfNotPresent", true)), (Err(ImageVolumeFailure::HeldBack), Ok(false)));
    }
}
