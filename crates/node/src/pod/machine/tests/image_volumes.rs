//! Images that are volumes fail as images of containers do.

use super::*;
use crate::pod::operation::{ImageMount, ImageVolumeFailure};

fn mounting() -> Value {
    let container = |name: &str| json!({"name": name, "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]});
    json!({
        "restartPolicy": "Always",
        "containers": [container("a"), container("b"), {"name": "c", "image": "i"}],
        "volumes": [{"name": "v", "image": {"reference": "v:1", "pullPolicy": "IfNotPresent"}}],
    })
}

/// Performs what mounts images so, and all else as it comes, until nothing is left.
fn perform_all(bench: &mut Bench, outcome: &Result<(), ImageVolumeFailure>) {
    while let Some((_, operation)) = bench.under_way.first() {
        if !matches!(operation, Operation::MountImages(_)) {
            bench.perform(operation.name());
            continue;
        }
        let (id, operation) = bench.take("mount images");
        let Operation::MountImages(images) = operation else { unreachable!("it was looked at") };
        let one = |image: ImageMount| {
            let outcome = if image.held_back { Err(ImageVolumeFailure::HeldBack) } else { outcome.clone() };
            (image, outcome)
        };
        bench.step(Event::Outcome(id, Outcome::ImagesMounted(images.into_iter().map(one).collect())));
    }
}

fn waiting(bench: &Bench, container: usize) -> (String, String) {
    let waiting = &bench.object["status"]["containerStatuses"][container]["state"]["waiting"];
    (waiting.str("reason").to_owned(), waiting.str("message").to_owned())
}

#[test]
fn an_image_volume_that_cannot_be_pulled_shows_in_the_containers_that_mount_it() {
    // VOL-19, IMG-6 to IMG-8
    let mut bench = Bench::new(mounting());
    let failure = Err(ImageVolumeFailure::Pull("no such host".to_owned()));
    perform_all(&mut bench, &failure);
    let pull = ("ErrImagePull".to_owned(), "no such host".to_owned());
    assert_eq!((waiting(&bench, 0), waiting(&bench, 1)), (pull.clone(), pull));
    assert!(bench.object["status"]["containerStatuses"][2]["state"].has("running"), "it mounts no such volume");
    bench.pass(2);
    perform_all(&mut bench, &failure);
    let message = "Back-off pulling image \"v:1\": ErrImagePull: no such host".to_owned();
    assert_eq!(waiting(&bench, 0), ("ImagePullBackOff".to_owned(), message));
    bench.pass(9);
    perform_all(&mut bench, &Ok(()));
    assert_eq!(bench.ready(), "True");
    for expected in [
        "Failed: Failed to pull image \"v:1\": no such host",
        "Failed: Error: ErrImagePull",
        "BackOff: Back-off pulling image \"v:1\"",
        "Failed: Error: ImagePullBackOff",
    ] {
        assert!(bench.events.iter().any(|event| event == expected), "{expected} in {:?}", bench.events);
    }
}

#[test]
fn an_image_volume_that_is_not_there_and_never_pulled_says_so() {
    // VOL-19, IMG-5
    let mut bench = Bench::new(mounting());
    perform_all(&mut bench, &Err(ImageVolumeFailure::NeverPull));
    let message = "Container image \"v:1\" is not present with pull policy of Never".to_owned();
    assert_eq!(waiting(&bench, 0), ("ErrImageNeverPull".to_owned(), message));
}
