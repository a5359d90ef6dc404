//! Images that the node has: told to the API (IMG-20), and removed when the disk fills up (GC-1). What is removed is decided without I/O.

use crate::node::{Node, of_node};
use crate::runtime::{DiskRoom, PresentImage, Runtime};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_api::{Value, json};
use stead_client::resource::NODES;
use stead_client::{Key, Patch};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(60);
/// Looks at the disk are made at each of so many.
const COLLECT_EVERY_LOOKS: u32 = 5;
/// At so much of the disk in use, images are removed until so much is.
const HIGH_PERCENT: u64 = 85;
const LOW_PERCENT: u64 = 80;
/// An image younger than this is not removed.
const AGE_MIN: Duration = Duration::from_secs(120);
/// Images that a Node shows, and names of each.
const SHOWN_MAX: usize = 50;
const NAMES_MAX: usize = 5;

/// When an image was seen first, and when it was last in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    first: Duration,
    used: Duration,
}

/// What is known of images over time.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    by_id: BTreeMap<String, Seen>,
}

impl Uses {
    /// Moments are on the steady clock.
    fn look(&mut self, images: &[PresentImage], now: Duration) {
        self.by_id.retain(|id, _| images.iter().any(|image| image.id == *id));
        for image in images {
            let seen = self.by_id.entry(image.id.clone()).or_insert(Seen { first: now, used: Duration::ZERO });
            if image.in_use {
                seen.used = now;
            }
        }
    }

    /// The images that may go, the longest unused first.
    fn candidates<'a>(&self, images: &'a [PresentImage], now: Duration) -> Vec<&'a PresentImage> {
        let may_go = images.iter().filter(|image| !image.pinned && !image.in_use);
        let old = may_go.filter_map(|image| Some((self.by_id.get(&image.id)?, image))).filter(|(seen, _)| now >= seen.first + AGE_MIN);
        let mut old: Vec<_> = old.collect();
        old.sort_by_key(|(seen, image)| (seen.used, seen.first, image.id.clone()));
        old.into_iter().map(|(_, image)| image).collect()
    }
}

/// The [`Uses`] of a node.
pub(crate) type Known = Mutex<Uses>;

/// How many bytes are to be freed, if the disk is too full.
fn excess(room: DiskRoom) -> Option<u64> {
    let used = room.capacity_bytes.checked_sub(room.available_bytes).filter(|_| room.capacity_bytes > 0)?;
    let percent = used.saturating_mul(100) / room.capacity_bytes;
    (percent >= HIGH_PERCENT).then(|| used - room.capacity_bytes / 100 * LOW_PERCENT)
}

/// `status.images`: the largest first.
fn shown(images: &[PresentImage]) -> Value {
    let mut images: Vec<&PresentImage> = images.iter().collect();
    images.sort_by(|a, b| b.size_bytes.cmp(&a.size_bytes).then_with(|| a.id.cmp(&b.id)));
    let one =
        |image: &&PresentImage| json!({"names": image.names.iter().take(NAMES_MAX).collect::<Vec<_>>(), "sizeBytes": image.size_bytes});
    images.iter().take(SHOWN_MAX).map(one).collect::<Vec<_>>().into()
}

/// Looks after the images of this machine's node.
pub async fn keep<R: Runtime>(node: Option<Arc<Node<R>>>) {
    let Some(node) = node else { return std::future::pending().await };
    let mut told = Value::Null;
    for look in (0..COLLECT_EVERY_LOOKS).cycle() {
        match node.runtime.images().await {
            Ok(images) => {
                let removable = look_at(&node, &images);
                if look == COLLECT_EVERY_LOOKS - 1 {
                    collect(&node, &removable).await;
                }
                tell(&node, &images, &mut told).await;
            }
            Err(error) => tracing::warn!(error, "the images cannot be listed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn tell<R: Runtime>(node: &Node<R>, images: &[PresentImage], told: &mut Value) {
    let images = shown(images);
    if images == *told {
        return;
    }
    let patch = Patch::Merge(json!({"status": {"images": images}}));
    // Before the Node is registered there is nobody to tell it of.
    if node.api.patch(NODES, &Key::cluster(node.facts.name.as_str()), "status", patch).await.is_ok() {
        *told = images;
    }
}

/// Removes every image that may go: the disk is short, and images go before pods (GC-4).
pub(crate) async fn remove_unused<R: Runtime>(node: &Node<R>) {
    match node.runtime.images().await {
        Ok(images) => {
            remove(node, &look_at(node, &images), u64::MAX).await;
        }
        Err(error) => tracing::warn!(error, "the images cannot be listed"),
    }
}

/// The images that may go.
fn look_at<R: Runtime>(node: &Node<R>, images: &[PresentImage]) -> Vec<PresentImage> {
    let now = node.now().steady;
    let mut uses = node.image_uses.lock().unwrap_or_else(PoisonError::into_inner);
    uses.look(images, now);
    uses.candidates(images, now).into_iter().cloned().collect()
}

async fn collect<R: Runtime>(node: &Node<R>, removable: &[PresentImage]) {
    let Some(room) = node.runtime.image_room().await else { return };
    if room.capacity_bytes == 0 {
        return node.record_event(of_node(
            &node.facts.name,
            "Warning",
            "InvalidDiskCapacity",
            "invalid capacity 0 on image filesystem".to_owned(),
        ));
    }
    let Some(wanted) = excess(room) else { return };
    let freed = remove(node, removable, wanted).await;
    if freed >= wanted {
        return;
    }
    let message = format!(
        "Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, but only found {freed} bytes eligible to free."
    );
    node.record_event(of_node(&node.facts.name, "Warning", "FreeDiskSpaceFailed", message.clone()));
    node.record_event(of_node(&node.facts.name, "Warning", "ImageGCFailed", message));
}

/// Removes images until so many bytes are free; gives how many became so.
async fn remove<R: Runtime>(node: &Node<R>, removable: &[PresentImage], wanted: u64) -> u64 {
    let mut freed = 0;
    for image in removable {
        match node.runtime.remove_image(&image.id).await {
            Ok(()) => freed += image.size_bytes,
            Err(error) => tracing::warn!(image = image.id, error, "an image cannot be removed"),
        }
        if freed >= wanted {
            break;
        }
    }
    freed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str, size_bytes: u64) -> PresentImage {
        PresentImage { id: id.to_owned(), names: vec![format!("{id}:1")], size_bytes, pinned: false, in_use: false }
    }

    #[test]
    fn the_longest_unused_go_first_and_pinned_used_and_young_ones_never() {
        // GC-1
        let at = Duration::from_secs;
        let (mut uses, mut images) = (Uses::default(), vec![image("a", 1), image("b", 1), image("c", 1), image("d", 1)]);
        images[0].in_use = true;
        uses.look(&images, at(0));
        images[0].in_use = false;
        images[2].pinned = true;
        images[3].in_use = true;
        uses.look(&images, at(60));
        let ids = |uses: &Uses, images: &[PresentImage], now| {
            uses.candidates(images, now).iter().map(|image| image.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&uses, &images, at(119)), [""; 0]);
        images.push(image("young", 1));
        uses.look(&images, at(100));
        assert_eq!(ids(&uses, &images, at(120)), ["a", "b"]);
        images[1].in_use = true;
        uses.look(&images, at(130));
        images[1].in_use = false;
        images.swap(0, 1);
        assert_eq!(ids(&uses, &images, at(140)), ["a", "b"]);
    }

    #[test]
    fn the_disk_is_freed_from_85_to_80_percent() {
        // GC-1
        let room = |used: u64| DiskRoom { capacity_bytes: 1000, available_bytes: 1000 - used };
        assert_eq!([excess(room(849)), excess(room(850)), excess(room(1000))], [None, Some(50), Some(200)]);
        assert_eq!(excess(DiskRoom { capacity_bytes: 0, available_bytes: 0 }), None);
    }

    #[test]
    fn a_node_shows_fifty_images_the_largest_first() {
        // IMG-20
        let images: Vec<PresentImage> = (0..60).map(|n| image(&n.to_string(), n)).collect();
        let shown = shown(&images);
        let shown = shown.as_array().unwrap();
        assert_eq!((shown.len(), shown[0]["names"][0].as_str(), shown[49]["sizeBytes"].as_u64()), (50, Some("59:1"), Some(10)));
    }
}
