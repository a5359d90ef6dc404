//! The volumes of a pod that show an image's files: has the image as its pull policy says, and mounted read-only where the volume store
//! has written that down (VOL-19). Taking such a mount away is the store's part.

use crate::node::Node;
use crate::pod::machine::PodUpdate;
use crate::pod::pull_secrets;
use crate::pod::steps::about;
use crate::pod::volumes::VolumeFailure;
use crate::pod::volumes::mounts::IMAGE_KIND;
use crate::pod::volumes::source::{ImageSource, Source, source, used};
use crate::runtime::Runtime;
use crate::volumes::{Volumes, blocking};
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;
use tokio::sync::watch;

/// Mounts every image that a container uses as a volume. One that is mounted stays, whatever its name stands for by now.
pub async fn mount<R: Runtime>(node: &Node<R>, pod: &Value, updates: watch::Receiver<PodUpdate>) -> Vec<VolumeFailure> {
    let mut failures = Vec::new();
    let Some(volumes) = &node.volumes else { return failures };
    for volume in used(pod) {
        let Source::Image(image) = source(volume) else { continue };
        let name = volume.str("name");
        let mounted = tokio::select! {
            mounted = mount_one(node, volumes, pod, name, image) => mounted,
            () = deletion(updates.clone()) => Err("the pod is being deleted".to_owned()),
        };
        failures.extend(mounted.err().map(|error| VolumeFailure { volume: name.to_owned(), error }));
    }
    failures
}

async fn mount_one<R: Runtime>(node: &Node<R>, volumes: &Volumes, pod: &Value, name: &str, image: ImageSource<'_>) -> Result<(), String> {
    let (store, owner, volume) = (Arc::clone(&volumes.store), pod["metadata"].str("uid").to_owned(), name.to_owned());
    let place = blocking(move || store.begin_mount(&owner, IMAGE_KIND, &volume)).await.map_err(|error| error.to_string())?;
    let Some(place) = place else { return Ok(()) };
    let found = node.runtime.image(image.reference).await;
    let found = found.map_err(|error| format!("ImageInspectError: Failed to inspect image {:?}: {error}", image.reference))?;
    if must_pull(image, found.is_some())? {
        pull(node, pod, image.reference).await?;
    }
    node.runtime.mount_image(image.reference, &place).await
}

/// Whether the image is to be pulled first (IMG-3, IMG-4).
fn must_pull(image: ImageSource<'_>, is_present: bool) -> Result<bool, String> {
    match (image.pull_policy, is_present) {
        ("Never", false) => {
            Err(format!("ErrImageNeverPull: Container image {:?} is not present with pull policy of Never", image.reference))
        }
        ("Always", _) | (_, false) => Ok(true),
        (_, true) => Ok(false),
    }
}

async fn pull<R: Runtime>(node: &Node<R>, pod: &Value, reference: &str) -> Result<(), String> {
    node.record_event(about(pod, "", "Normal", "Pulling", format!("Pulling image {reference:?}")));
    let (keyring, missing) = pull_secrets::keyring(node, pod["metadata"].str("namespace"), &pull_secrets::named(pod)).await;
    if !missing.is_empty() {
        node.record_event(pull_secrets::missing(pod, &missing));
    }
    match node.runtime.pull_image(reference, keyring).await {
        Ok(pulled) => {
            let message = format!("Successfully pulled image {reference:?}. Image size: {} bytes.", pulled.size_bytes);
            node.record_event(about(pod, "", "Normal", "Pulled", message));
            Ok(())
        }
        Err(error) => {
            node.record_event(about(pod, "", "Warning", "Failed", format!("Failed to pull image {reference:?}: {error}")));
            Err(format!("ErrImagePull: {error}"))
        }
    }
}

/// Ends when the pod is to.
async fn deletion(mut updates: watch::Receiver<PodUpdate>) {
    let asked = |update: &PodUpdate| match update {
        PodUpdate::Object(pod) => !pod["metadata"].str("deletionTimestamp").is_empty(),
        PodUpdate::Gone => true,
    };
    if updates.wait_for(asked).await.is_err() {
        std::future::pending().await // the agent stops
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use stead_api::json;

    #[test]
    fn an_image_is_pulled_as_its_policy_says() {
        // VOL-19, IMG-3, IMG-4
        let ask = |pull_policy, is_present| must_pull(ImageSource { reference: "i:1", pull_policy }, is_present);
        assert_eq!((ask("Always", true), ask("Always", false)), (Ok(true), Ok(true)));
        assert_eq!((ask("IfNotPresent", true), ask("IfNotPresent", false)), (Ok(false), Ok(true)));
        let never = "ErrImageNeverPull: Container image \"i:1\" is not present with pull policy of Never".to_owned();
        assert_eq!((ask("Never", true), ask("Never", false)), (Ok(false), Err(never)));
    }

    #[tokio::test]
    async fn nobody_waits_for_an_image_of_a_pod_that_is_deleted() {
        let pod = |meta: Value| PodUpdate::Object(Arc::new(json!({ "metadata": meta })));
        let (update, updates) = watch::channel(pod(json!({"name": "p"})));
        assert!(deletion(updates.clone()).now_or_never().is_none());
        update.send_replace(pod(json!({"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"})));
        assert!(deletion(updates.clone()).now_or_never().is_some());
        update.send_replace(PodUpdate::Gone);
        assert!(deletion(updates).now_or_never().is_some());
    }
}
