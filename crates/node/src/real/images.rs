//! Images of the real runtime: translated for the node, and pulled.

use super::Real;
use crate::runtime::{DiskRoom, Image, PresentImage, Pulled};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stead_images::{Keyring, Progress, Puller, Reference, causes};
use stead_runtime as rt;

/// How images are pulled.
#[derive(Clone)]
pub struct Pulling {
    pub puller: Puller,
    /// The node's own credentials, in docker's form; need not be there.
    pub docker_config: PathBuf,
}

pub fn image(image: rt::Image) -> Image {
    Image {
        id: image.repo_digests.into_iter().next().unwrap_or(image.digest),
        reference: image.reference,
        entrypoint: image.config.entrypoint,
        command: image.config.cmd,
        env: image.config.env.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
        user: image.config.user,
        working_dir: image.config.working_dir,
        stop_signal: image.config.stop_signal.unwrap_or_default(),
    }
}

/// Of the file system where the store is.
pub fn room(runtime: &rt::Runtime) -> Option<DiskRoom> {
    let found = nix::sys::statvfs::statvfs(runtime.image_store()?.dir()).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Some(DiskRoom { capacity_bytes: bytes(found.blocks()), available_bytes: bytes(found.blocks_available()) })
}

impl Real {
    /// The built-in image counts as pinned: nobody could bring it back.
    pub(super) async fn present_images(&self) -> Result<Vec<PresentImage>, String> {
        let builtin = self.runtime.builtin_images().into_iter().map(|image| PresentImage {
            names: std::iter::once(image.reference).chain(image.repo_digests).collect(),
            id: image.digest,
            size_bytes: image.size_bytes,
            pinned: true,
            in_use: true,
        });
        let Some(store) = self.runtime.image_store() else { return Ok(builtin.collect()) };
        let listed = tokio::task::spawn_blocking(move || store.list()).await.map_err(|error| error.to_string())?;
        let in_use = self.runtime.images_in_use();
        let stored = listed.map_err(|error| causes(&error))?.into_iter().map(|image| PresentImage {
            in_use: in_use.holds(&image.id),
            id: image.id.to_string(),
            names: image.tags.into_iter().chain(image.digests).collect(),
            size_bytes: image.size_bytes,
            pinned: image.pinned,
        });
        Ok(builtin.chain(stored).collect())
    }

    /// With the pod's credentials and the node's. The built-in image is nowhere else, so it is as good as pulled.
    pub(super) async fn pull(&self, reference: &str, mut keyring: Keyring, progress: Arc<dyn Progress>) -> Result<Pulled, String> {
        if let Some(builtin) = self.runtime.builtin_image(reference) {
            return Ok(Pulled { size_bytes: builtin.size_bytes, image: image(builtin) });
        }
        let Some(pulling) = &self.images else { return Err("this node pulls no images".to_owned()) };
        let full: Reference = reference.parse().map_err(|error: stead_images::Error| error.to_string())?;
        keyring.extend(node_keyring(&pulling.docker_config));
        let pulled = pulling.puller.pull(&full, &keyring, progress).await;
        let pulled = pulled.map_err(|error| format!("failed to pull and unpack image \"{full}\": {}", causes(&*error)))?;
        let size_bytes = pulled.size_bytes;
        Ok(Pulled { image: image(rt::Image::stored(pulled, reference)), size_bytes })
    }
}

fn node_keyring(path: &Path) -> Keyring {
    let parsed = match std::fs::read(path) {
        Ok(bytes) => Keyring::parse(&bytes).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Keyring::default(),
        Err(error) => Err(error.to_string()),
    };
    parsed.unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), error, "the node's credentials for registries cannot be read");
        Keyring::default()
    })
}
