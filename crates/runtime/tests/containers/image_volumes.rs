//! The files of an image shown to containers that run on any. Needs root.

use crate::harness::{IMAGE, on_machine};
use crate::needs_root;
use nix::mount::{MntFlags, umount2};
use std::fs;
use stead_images::InUse;
use stead_runtime::images_in_use;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_shown_read_only_and_is_in_use_meanwhile() {
    needs_root!();
    on_machine(async |machine| {
        // VOL-19
        let place = machine.dir.path().join("place");
        fs::create_dir(&place).unwrap();
        let digest = machine.runtime.image(IMAGE).unwrap().unwrap().digest;
        machine.runtime.mount_image(IMAGE, &place).await.unwrap();
        machine.runtime.mount_image(IMAGE, &place).await.unwrap();
        let shown = fs::read_dir(&place).unwrap().count();
        let written = fs::write(place.join("new"), "").map_err(|error| error.kind());
        let in_use = [machine.runtime.images_in_use(), images_in_use(&machine.root())];
        umount2(&place, MntFlags::empty()).unwrap();
        assert!(shown > 0);
        assert_eq!(written, Err(std::io::ErrorKind::ReadOnlyFilesystem));
        assert!(in_use.iter().all(|in_use| matches!(in_use, InUse::Images(ids) if ids.contains(&digest))));
        machine.runtime.mount_image("nobody/has:it", &place).await.unwrap_err();
    })
    .await;
}
