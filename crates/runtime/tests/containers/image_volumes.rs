//! The files of an image shown to containers that run on any. Needs root.

use crate::harness::{IMAGE, on_machine};
use crate::needs_root;
use nix::mount::{MntFlags, umount2};
use std::fs;
use stead_images::InUse;
use stead_runtime::{ContainerSpec, Mount, SandboxSpec, Users, images_in_use};

/// SEC-19, VOL-19
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_shown_to_users_of_their_own() {
    needs_root!();
    on_machine(async |machine| {
        let (place, part) = (machine.dir.path().join("place"), machine.dir.path().join("part"));
        fs::create_dir(&place).unwrap();
        fs::create_dir(&part).unwrap();
        machine.runtime.mount_image(IMAGE, &place).await.unwrap();
        let none: Option<&str> = None;
        nix::mount::mount(Some(&place.join("etc")), &part, none, nix::mount::MsFlags::MS_BIND, none).unwrap();
        machine.runtime.create_sandbox(SandboxSpec { users: Users::Own, ..machine.sandbox_spec("s") }).await.unwrap();
        let argv = ["/bin/stead", "owners-for-test", "/image", "/image/bin/stead", "/part/passwd"];
        let mount = |source: &std::path::Path, destination: &str| Mount {
            source: source.to_owned(),
            destination: destination.to_owned(),
            read_only: true,
            ..Mount::default()
        };
        let mounts = vec![mount(&place, "/image"), mount(&part, "/part")];
        let result = machine.runtime.start("s", ContainerSpec { mounts, ..machine.container_spec("s", "c", &argv) }).await;
        let ended = if result.is_ok() { Some(machine.exit_of("c").await) } else { None };
        umount2(&part, MntFlags::empty()).unwrap();
        umount2(&place, MntFlags::empty()).unwrap();
        assert_eq!(ended.unwrap_or_else(|| panic!("{result:?}")).code, 0);
        let log = machine.log("s", "c");
        assert_eq!(log, argv[2..].iter().map(|path| format!("stdout F {path}=0:0")).collect::<Vec<_>>());
    })
    .await;
}

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
