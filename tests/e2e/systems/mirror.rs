//! The tutorial's manifests on a machine that has none of their images: they come through a mirror of docker.io, which is a real registry.

use super::{archive, imported, rolled_out};
use crate::cluster::{Cluster, Needs, have};
use serde_json::Value;
use stead_testing::registry::Registry;

/// An example, word for word, with the image that it asks for and the set that it makes.
const SYSTEMS: [(&str, &str, &str); 2] = [
    (include_str!("../../../examples/nginx.yaml"), "nginx:1.25", "web"),
    (include_str!("../../../examples/redis.yaml"), "redis:7.2", "redis"),
];

/// What a verb of `stead image` prints as a document.
fn image(cluster: &Cluster, line: &[&str]) -> Value {
    let dir = cluster.data_dir().display().to_string();
    let (ok, said) = Cluster::verb(&[&["image"], line, &["--data-dir", &dir, "-o", "json"]].concat());
    assert!(ok, "{line:?}: {said}");
    // How far a push is goes to standard error.
    let document = said.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{line:?}: no document: {said}"));
    serde_json::from_str(document).expect("a document")
}

/// Brings an image into the registry and takes it from the server; the digest of its manifest.
fn pushed(cluster: &Cluster, registry: &Registry, name: &str) -> String {
    let pushed = image(cluster, &["push", name, &format!("127.0.0.1:{}/library/{name}", registry.port)]);
    let list = image(cluster, &["list"]);
    let is_it = |image: &&Value| image["names"].as_array().is_some_and(|names| names.contains(&format!("docker.io/library/{name}").into()));
    let images = list["images"].as_array().expect("a list");
    let id = images.iter().find(is_it).expect("it was imported")["id"].as_str().expect("an id").to_owned();
    image(cluster, &["rm", &id]);
    pushed["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn images_of_the_tutorial_come_through_a_mirror_of_docker_io() {
    // IMG-1, IMG-17
    const TEST: &str = "images_of_the_tutorial_come_through_a_mirror_of_docker_io";
    let Some(programs) = have(TEST, Needs::Containers) else { return };
    let Some(archives) = ["nginx", "redis"].map(|image| archive(TEST, image)).into_iter().collect::<Option<Vec<_>>>() else { return };
    let cluster = Cluster::start(&[]);
    let Some(registry) = Registry::start(TEST, cluster.dir.path()) else { return };
    archives.iter().for_each(|archive| imported(&cluster, archive));
    let digests = SYSTEMS.map(|(_, name, _)| pushed(&cluster, &registry, name));
    image(&cluster, &["prune"]);
    let mirror = format!("mirrors:\n  docker.io:\n    endpoint: [\"http://127.0.0.1:{}\"]\n", registry.port);
    std::fs::write(cluster.data_dir().join("registries.yaml"), mirror).expect("the settings can be written");
    let kubectl = cluster.kubectl(&programs[0]);
    SYSTEMS.iter().for_each(|(manifest, _, _)| drop(kubectl.apply(manifest, cluster.dir.path())));
    for ((_, name, set), digest) in SYSTEMS.iter().zip(digests) {
        rolled_out(&kubectl, &format!("statefulset/{set}"));
        // The first pod's container waited for the pull; what came is what was pushed, under the name that the manifest gives.
        let fields = format!("involvedObject.name={set}-0,reason=Pulled");
        let events = kubectl.run(&["get", "events", "--field-selector", &fields, "-o", "jsonpath={.items[*].message}"]);
        assert!(events.contains(&format!("Successfully pulled image \"{name}\" in ")), "{set}: {events}");
        let repository = name.split(':').next().unwrap_or_default();
        for ordinal in 0..3 {
            let pod = format!("{set}-{ordinal}");
            let status = kubectl.json(&["get", "pod", &pod])["status"]["containerStatuses"][0].clone();
            assert_eq!(status["imageID"], format!("docker.io/library/{repository}@{digest}"), "{pod}: {status}");
        }
    }
}
