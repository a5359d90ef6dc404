//! The documents of images: descriptors, manifests, indexes and configurations, of OCI's and Docker's kind. Docker's say `null` where OCI's
//! leave out, so everything that need not be there may be either.

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::platform::Platform;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Largest manifest, index or configuration, in bytes.
pub const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Points at a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

impl Descriptor {
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Descriptor {
        let (platform, annotations, urls) = (None, BTreeMap::new(), Vec::new());
        Descriptor { media_type: media_type.to_owned(), digest, size, platform, annotations, urls }
    }

    /// Whether it points at an index and not at a manifest.
    pub fn is_index(&self) -> bool {
        self.media_type.contains("image.index") || self.media_type.contains("manifest.list")
    }
}

/// An image: its configuration, and its layers from the lowest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: u32,
    #[serde(default)]
    pub media_type: String,
    pub config: Descriptor,
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
}

/// The same image for several platforms, or the table of a layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    #[serde(default)]
    pub media_type: String,
    #[serde(default, deserialize_with = "or_default")]
    pub manifests: Vec<Descriptor>,
}

/// An image's configuration, as far as it means something here (IMG-12).
#[derive(Debug, Clone, Deserialize)]
pub struct Configuration {
    #[serde(default, deserialize_with = "or_default")]
    pub config: RawSettings,
    #[serde(default, deserialize_with = "or_default")]
    pub rootfs: RootFs,
}

/// What the layers are when unpacked.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RootFs {
    #[serde(default, deserialize_with = "or_default")]
    pub diff_ids: Vec<Digest>,
}

/// As written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RawSettings {
    #[serde(deserialize_with = "or_default")]
    env: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    entrypoint: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    cmd: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    user: String,
    #[serde(deserialize_with = "or_default")]
    working_dir: String,
    #[serde(deserialize_with = "or_default")]
    stop_signal: String,
    #[serde(deserialize_with = "or_default")]
    volumes: BTreeMap<String, serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
}

/// What an image asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// In order.
    pub env: Vec<(String, String)>,
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    /// `user[:group]`; empty: root.
    pub user: String,
    /// Empty: `/`.
    pub working_dir: String,
    /// Empty: SIGTERM.
    pub stop_signal: String,
    /// Directories that every container gets anew, filled from the image.
    pub volumes: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

impl From<RawSettings> for Settings {
    fn from(raw: RawSettings) -> Settings {
        let pair =
            |line: String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap_or((line, String::new()));
        Settings {
            env: raw.env.into_iter().map(pair).collect(),
            entrypoint: raw.entrypoint,
            cmd: raw.cmd,
            user: raw.user,
            working_dir: raw.working_dir,
            stop_signal: raw.stop_signal,
            volumes: raw.volumes.into_keys().collect(),
            labels: raw.labels,
        }
    }
}

/// A document of a kind that is named when it is not one.
pub fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::refused(format!("the {what} cannot be read: {error}")))
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_of_docker_are_nothing() {
        // IMG-12
        let text = r#"{"architecture":"amd64","config":{"Env":null,"Cmd":["sh"],"Entrypoint":null,"Volumes":{"/data":{}},"Labels":null,
            "StopSignal":"SIGINT","Healthcheck":{"Test":["NONE"]},"ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":null}}"#;
        let found: Configuration = parse("configuration", text.as_bytes()).unwrap();
        let settings = Settings::from(found.config);
        assert_eq!(
            (settings.cmd, settings.volumes, settings.stop_signal.as_str()),
            (vec!["sh".to_owned()], vec!["/data".to_owned()], "SIGINT")
        );
        assert!(found.rootfs.diff_ids.is_empty());
        assert!(Settings::from(parse::<Configuration>("configuration", b"{\"config\":null}").unwrap().config).env.is_empty());
        let wrong = parse::<Configuration>("configuration", b"[1]").unwrap_err().to_string();
        assert!(wrong.starts_with("the configuration cannot be read"), "{wrong}");
    }
}
