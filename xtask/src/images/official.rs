//! The official images themselves, where a hub is reachable: fetched by Stead's own client of registries, into archives of the names that tests look for.
//! Mirrors and credentials of registries are in `registries.yaml` beside the archives, as a server has them. Nobody need be root: nothing is unpacked.

use crate::say;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stead_images::{Keyring, Puller, Reference, Silent, Store, causes};

/// Each archive, and what is in it under the names that manifests of tests and examples say.
const OFFICIAL: [(&str, &[&str]); 8] = [
    ("nginx", &["nginx:1.25"]),
    ("busybox", &["busybox:1.36"]),
    ("mysql", &["mysql:8.0"]),
    ("postgres", &["postgres:15"]),
    ("redis", &["redis:7.2", "redis:7"]),
    ("zookeeper", &["zookeeper:3.9"]),
    ("kafka", &["confluentinc/cp-kafka:latest", "confluentinc/cp-kafka:8.1.1"]),
    ("kafka-3", &["confluentinc/cp-kafka:7.5.0"]),
];
const REGISTRIES: &str = "registries.yaml";

/// Fetches those that are wanted, all if none is named; what was fetched before is fetched again only if its name means another image now.
pub fn run(dir: &Path, only: &[String]) -> Result<PathBuf> {
    let wanted: Vec<(&str, &[&str])> =
        OFFICIAL.into_iter().filter(|(name, _)| only.is_empty() || only.iter().any(|only| only == name)).collect();
    for archive in fetched(dir, &wanted)? {
        say(&archive);
    }
    Ok(dir.to_owned())
}

/// A line for each archive: where it is, and what is in it.
fn fetched(dir: &Path, wanted: &[(&str, &[&str])]) -> Result<Vec<String>> {
    fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
    let store = Store::open(&dir.join("store")).context("open the store of what was fetched")?;
    let puller = Puller::new(store, dir.join(REGISTRIES));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")?;
    let mut lines = Vec::new();
    for (name, references) in wanted {
        let names = references.iter().map(|name| name.parse()).collect::<Result<Vec<Reference>, _>>()?;
        let path = dir.join(format!("{name}.tar"));
        let saved = runtime.block_on(puller.save(&names, &Keyring::default(), Arc::new(Silent), &path));
        let digests = saved.map_err(|error| cannot_be_had(references, dir, &causes(&error)))?;
        let contents: Vec<String> = references.iter().zip(digests).map(|(name, digest)| format!("{name}@{digest}")).collect();
        lines.push(format!("{} {}", path.display(), contents.join(" ")));
    }
    Ok(lines)
}

fn cannot_be_had(references: &[&str], dir: &Path, why: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{} cannot be had here: the official images need a hub that this machine reaches, or a mirror of it that {} names: {why}",
        references.join(" and "),
        dir.join(REGISTRIES).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::contents::IMAGES;
    use serde_json::json;
    use stead_images::{Digest, Platform, Registries, import, push};
    use stead_testing::left_out;
    use stead_testing::registry::Registry;

    #[test]
    fn each_stand_in_has_the_names_of_the_official_image() {
        for image in IMAGES {
            let (_, references) = OFFICIAL.iter().find(|(name, _)| *name == image.name).expect("there is an official one");
            assert!(references.iter().all(|reference| image.tags.contains(reference)), "{}: {references:?}", image.name);
        }
        assert_eq!(IMAGES.len(), OFFICIAL.len());
    }

    /// An archive as `docker save` writes it, of an image with a file.
    fn archive(path: &Path, name: &str) {
        let file = |tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content).unwrap();
        };
        let mut layer = tar::Builder::new(Vec::new());
        file(&mut layer, "etc/motd", b"the real one\n");
        let layer = layer.into_inner().unwrap();
        let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]}});
        let mut tar = tar::Builder::new(Vec::new());
        file(&mut tar, "config.json", config.to_string().as_bytes());
        file(&mut tar, "layer.tar", &layer);
        file(
            &mut tar,
            "manifest.json",
            json!([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).to_string().as_bytes(),
        );
        fs::write(path, tar.into_inner().unwrap()).unwrap();
    }

    #[test]
    fn an_image_of_a_hub_becomes_an_archive_that_is_imported() {
        const TEST: &str = "an_image_of_a_hub_becomes_an_archive_that_is_imported";
        if !nix::unistd::geteuid().is_root() {
            return left_out(TEST, "needs root, to unpack layers");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let Some(hub) = Registry::start(TEST, dir.path()) else { return };
        let host = Store::open(&path("host")).unwrap();
        archive(&path("made.tar"), "made:1");
        let made = import(&host, &path("made.tar"), &Platform::host(), &Silent).unwrap();
        let target = format!("127.0.0.1:{}/library/nginx:1.25", hub.port).parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let digest = runtime.block_on(push(&host, "made:1", &target, &Registries::default(), &Keyring::default(), &Silent)).unwrap();
        // A mirror stands for the hub, which this machine need not reach.
        let official = path("official");
        fs::create_dir(&official).unwrap();
        let mirror = format!("mirrors: {{docker.io: {{endpoint: [\"http://127.0.0.1:{}\"]}}}}\n", hub.port);
        fs::write(official.join(REGISTRIES), mirror).unwrap();
        let lines = fetched(&official, &[("nginx", &["nginx:1.25"])]).unwrap();
        assert_eq!(lines, [format!("{} nginx:1.25@{digest}", official.join("nginx.tar").display())]);
        let other = Store::open(&path("other")).unwrap();
        let imported = import(&other, &official.join("nginx.tar"), &Platform::host(), &Silent).unwrap();
        assert_eq!(imported[0].id, made[0].id);
        assert!(imported[0].names.contains(&"docker.io/library/nginx:1.25".to_owned()), "{imported:?}");
    }

    #[test]
    fn where_no_hub_is_reached_it_is_said() {
        let dir = tempfile::tempdir().unwrap();
        // A port that nobody listens on.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let name = format!("{}/none:1", listener.local_addr().unwrap());
        drop(listener);
        let said = fetched(dir.path(), &[("none", &[&name])]).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{name} cannot be had here: the official images need a hub")), "{said}");
        assert!(said.contains("registries.yaml") && said.contains("onnection refused"), "{said}");
        assert!(!dir.path().join("none.tar").exists());
    }
}
