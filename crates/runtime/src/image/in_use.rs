//! Which images the containers of a root directory run on, told from its files, so that it can be asked beside a server that has it open.

use super::shown;
use crate::record::{self, ContainerRecord};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use stead_images::InUse;

/// By the mounts and the containers' records; with one that is not understood, it may be any.
pub fn images_in_use(root: &Path) -> InUse {
    let mut images: BTreeSet<String> = shown().collect();
    let Ok(sandboxes) = fs::read_dir(root.join("sandboxes")) else { return InUse::Images(images) };
    for sandbox in sandboxes.flatten() {
        for container in fs::read_dir(sandbox.path().join("containers")).into_iter().flatten().flatten() {
            match record::read::<ContainerRecord>(&container.path().join("container.json")) {
                Ok(found) => images.extend(found.map(|record| record.image.digest)),
                Err(_) => return InUse::Unknown,
            }
        }
    }
    InUse::Images(images)
}
