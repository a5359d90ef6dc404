//! Images and devices, for which the tests need root and loop devices.

use super::*;
use crate::left_out::left_out;
use crate::loops::Loop;
use crate::{checker, ext4};
use nix::sched::{CloneFlags, unshare};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::mpsc;

macro_rules! needs_images {
    ($place:expr) => {
        if let Err(why) = $place.open().probe(&$place.pool()).unwrap().image {
            return left_out("", &why);
        }
    };
}

/// Writes until there is no room for more; how many bytes there were.
fn fill(path: &Path) -> u64 {
    let mut file = File::create(path).unwrap();
    let mut bytes = 0;
    loop {
        match file.write(&[0x5a; 1 << 16]) {
            Ok(written) => bytes += written as u64,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                break;
            }
        }
    }
    file.sync_all().unwrap();
    bytes
}

/// The image of a disk, judged while nobody has it.
fn check(disks: &Disks, place: &Place, name: &str) {
    disks.detach(name).unwrap();
    checker::check(&place.pool().join(name).join("disk.img"));
}

#[test]
fn an_image_has_the_room_that_was_wanted_and_no_more() {
    // LOCV-5
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    for bytes in [MIB, 20 * MIB, 130 * MIB] {
        let name = format!("of-{bytes}");
        let made = disks.create(&Wanted { bytes, ..place.image(&name) }).unwrap();
        assert_eq!((made.enforcement, made.bytes), (Enforcement::Image, bytes));
        assert_eq!(fs::read_dir(&made.path).unwrap().count(), 0, "no lost+found");
        let found = fs::metadata(&made.path).unwrap();
        assert_eq!((found.permissions().mode() & 0o7777, found.uid()), (0o777, 0));
        let usage = disks.usage(&name).unwrap();
        assert!(usage.available_bytes >= bytes && usage.used_bytes < MIB, "{usage:?}");
        let filled = fill(&made.path.join("f"));
        assert!((bytes..bytes + bytes / 20 + 2 * MIB).contains(&filled), "{filled} of {bytes}");
        assert!(disks.usage(&name).unwrap().available_bytes < 1 << 16);
        check(&disks, &place, &name);
    }
}

#[test]
fn an_image_takes_only_what_was_written() {
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let bytes = disks.room(&place.pool()).unwrap().available_bytes.min(20 << 30) / 2;
    disks.create(&Wanted { bytes, ..place.image("a") }).unwrap();
    let taken = || fs::metadata(place.pool().join("a/disk.img")).unwrap().blocks() * 512;
    assert!(taken() < 3 * MIB, "{}", taken());
}

#[test]
fn what_was_written_is_there_after_each_start() {
    let place = Place::new();
    needs_images!(place);
    let made = place.open().create(&place.image("a")).unwrap();
    fs::write(made.path.join("f"), "data").unwrap();
    for _ in 0..2 {
        let disks = place.open();
        disks.detach("a").unwrap();
        disks.detach("a").unwrap();
        assert!(!made.path.exists(), "nobody writes where nothing is mounted");
        assert_eq!(disks.attach("a").unwrap().path, made.path);
        assert_eq!(disks.attach("a").unwrap().path, made.path);
        assert_eq!(fs::read(made.path.join("f")).unwrap(), b"data");
    }
    assert_eq!(place.open().attach_all().len(), 0);
}

#[test]
fn an_image_grows_with_all_that_is_in_it() {
    // LOCV-7
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let made = disks.create(&place.image("a")).unwrap();
    let before = fill(&made.path.join("f"));
    for bytes in [30 * MIB, 200 * MIB, 2500 * MIB] {
        assert_eq!(disks.expand("a", bytes).unwrap(), Expanded { bytes, waits: None });
        let usage = disks.usage("a").unwrap();
        assert!(usage.available_bytes + before >= bytes, "{usage:?}");
        assert_eq!(fs::metadata(made.path.join("f")).unwrap().len(), before);
        check(&disks, &place, "a");
        disks.attach("a").unwrap();
    }
    assert!(fs::read(made.path.join("f")).unwrap().iter().all(|byte| *byte == 0x5a));
    fs::write(made.path.join("more"), vec![1; 100 << 20]).unwrap();
    check(&disks, &place, "a");
}

#[test]
fn an_image_that_is_used_grows_at_once_or_as_soon_as_it_is_not() {
    // STO-15
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let made = disks.create(&place.image("a")).unwrap();
    let mut user = File::create(made.path.join("f")).unwrap();
    let expanded = disks.expand("a", 200 * MIB).unwrap();
    user.write_all(b"data").unwrap();
    if expanded.waits.is_some() {
        assert_eq!(expanded.bytes, 20 * MIB);
        assert!(matches!(disks.detach("a"), Err(Error::InUse { .. })));
        assert_eq!(disks.attach("a").unwrap().waits, expanded.waits);
    }
    drop(user);
    disks.detach("a").unwrap();
    drop(disks);
    let disks = place.open();
    assert_eq!(disks.attach("a").unwrap(), Attached { path: made.path.clone(), bytes: 200 * MIB, waits: None });
    assert_eq!(fs::read(made.path.join("f")).unwrap(), b"data");
    assert!(disks.usage("a").unwrap().available_bytes > 190 * MIB);
    check(&disks, &place, "a");
}

#[test]
fn an_image_that_is_mounted_elsewhere_too_is_in_use_and_stays() {
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let made = disks.create(&place.image("a")).unwrap();
    let container = place.dir.path().join("container");
    fs::create_dir(&container).unwrap();
    let bind = nix::mount::MsFlags::MS_BIND;
    nix::mount::mount(Some(&made.path), &container, None::<&str>, bind, None::<&str>).unwrap();
    let (detached, expanded, removed) = (disks.detach("a"), disks.expand("a", 200 * MIB), disks.remove("a", NOW));
    fs::write(container.join("f"), "data").unwrap();
    let seen = fs::read(made.path.join("f"));
    nix::mount::umount(&container).unwrap();
    assert!(matches!(detached, Err(Error::InUse { .. })), "{detached:?}");
    assert!(expanded.is_ok(), "{expanded:?}");
    assert!(matches!(removed, Err(Error::InUse { .. })), "{removed:?}");
    assert_eq!(seen.unwrap(), b"data");
    assert_eq!(disks.sweep(NOW, 1000).failures, vec![]);
    assert!(place.names().is_empty());
}

/// Does something while somebody has a copy of all mounts, as whoever starts a container has for a moment: until it is done, or `enough`.
fn with_a_copy_of_mounts<T>(enough: impl Fn() -> bool + Send, during: impl FnOnce() -> T) -> T {
    let ((made, is_made), (end, ended)) = (mpsc::channel(), mpsc::channel::<()>());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS).unwrap();
            made.send(()).unwrap();
            while ended.try_recv() == Err(mpsc::TryRecvError::Empty) && !enough() {
                std::thread::yield_now();
            }
        });
        is_made.recv().unwrap();
        let done = during();
        drop(end);
        done
    })
}

#[test]
fn who_has_a_copy_of_a_probes_mount_does_not_hold_probes_up() {
    let place = Place::new();
    needs_images!(place);
    // One that was cut short.
    let record = probe::record(&place.pool());
    image::make(&record, 0o600, &Owner::of(place.dir.path()), &Steps::default()).unwrap();
    let probed = with_a_copy_of_mounts(|| false, || place.open().probe(&place.pool()));
    assert_eq!(probed.unwrap().image, Ok(()));
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn who_starts_a_container_meanwhile_does_not_hold_a_growth_up() {
    // STO-15
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let made = disks.create(&place.image("a")).unwrap();
    let mount = made.path.parent().unwrap().canonicalize().unwrap();
    let process = i32::try_from(std::process::id()).unwrap();
    let is_unmounted = || stead_sys::mount_table::read_of(process).unwrap().iter().all(|mounted| mounted.place != mount);
    let expanded = with_a_copy_of_mounts(is_unmounted, || disks.expand("a", 200 * MIB));
    assert_eq!(expanded.unwrap(), Expanded { bytes: 200 * MIB, waits: None });
    check(&disks, &place, "a");
}

#[test]
fn what_is_attached_is_found_and_given_back_when_its_records_are_gone() {
    let (place, other) = (Place::new(), Place::new());
    needs_images!(place);
    let (disks, others) = (place.open(), other.open());
    let device = Wanted { content: Content::Device, ..place.image("device") };
    let (image, device) = (disks.create(&place.image("image")).unwrap(), disks.create(&device).unwrap());
    others.create(&other.image("image")).unwrap();
    let shown = |path: &Path| Loop::find(path).unwrap().map(|device| device.path);
    let files = [image.path.ancestors().nth(2), device.path.parent()].map(|home| home.unwrap().join("disk.img"));
    let state = place.dir.path().join("state");
    fs::remove_dir_all(&state).unwrap();

    let user = File::create(image.path.join("f")).unwrap();
    let kept = detach_owned(&state).unwrap();
    assert!(matches!(kept.as_slice(), [Error::InUse { .. }]), "{kept:?}");
    assert!(shown(&files[0]).is_some());
    drop(user);
    assert!(detach_owned(&state).unwrap().is_empty());
    assert!(!image.path.exists());
    // A device goes when nobody has it open any more, and other tests look at all of them.
    let began = std::time::Instant::now();
    while files.iter().any(|file| shown(file).is_some()) {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "devices stay");
        std::thread::yield_now();
    }
    others.usage("image").expect("another's is as it was");
}

#[test]
fn an_image_that_is_made_grown_or_removed_may_stop_anywhere() {
    // LOCV-12
    let place = Place::new();
    needs_images!(place);
    let kept = place.open().create(&place.image("kept")).unwrap();
    fs::write(kept.path.join("f"), "kept").unwrap();
    // A start of the machine, not only of the program, comes between.
    let restart = |disks: &Disks| {
        detach_all(disks);
        disks.attach("kept").unwrap();
        assert_eq!(fs::read(kept.path.join("f")).unwrap(), b"kept");
    };
    stopped_everywhere(&place, |disks| disks.create(&place.image("a")).map(|_made| ()), restart);
    let made = place.open().attach("a").unwrap();
    fs::write(made.path.join("f"), "data").unwrap();
    let grown = |disks: &Disks| disks.expand("a", 200 * MIB).map(|expanded| assert_eq!(expanded.waits, None));
    stopped_everywhere(&place, grown, |disks| {
        restart(disks);
        // What has stopped in the middle is finished or as it was.
        checker::check_if_whole(&place.pool().join("a"));
    });
    let disks = place.open();
    let attached = disks.attach("a").unwrap();
    assert_eq!((attached.bytes, fs::read(made.path.join("f")).unwrap()), (200 * MIB, b"data".to_vec()));
    check(&disks, &place, "a");
    drop(disks);
    let removed = |disks: &Disks| {
        disks.remove("a", NOW)?;
        match disks.sweep(NOW, 1000).failures.is_empty() {
            true => Ok(()),
            false => Err(Error::Stopped("in the sweep")),
        }
    };
    stopped_everywhere(&place, removed, restart);
    assert_eq!(place.names(), ["kept"]);
}

#[test]
fn what_has_errors_is_not_mounted_and_not_touched() {
    // STO-16
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    disks.create(&place.image("a")).unwrap();
    disks.detach("a").unwrap();
    let image = place.pool().join("a/disk.img");
    File::options().write(true).open(&image).unwrap().write_all_at(&[0xff; 48], 1024).unwrap();
    let before = fs::read(&image).unwrap();
    let error = disks.attach("a").unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().ends_with("the checksum of its superblock is wrong; e2fsck -f repairs it from a copy"), "{error}");
    assert!(fs::read(&image).unwrap() == before);
}

#[test]
fn what_the_kernel_has_found_errors_in_is_repaired_or_not_mounted() {
    // STO-16
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let made = disks.create(&place.image("a")).unwrap();
    fs::write(made.path.join("f"), "data").unwrap();
    disks.detach("a").unwrap();
    let image = File::options().read(true).write(true).open(place.pool().join("a/disk.img")).unwrap();
    let mut first_block = vec![0; 4096];
    image.read_exact_at(&mut first_block, 0).unwrap();
    image.write_all_at(&ext4::with_errors(&first_block), 0).unwrap();
    match disks.attach("a") {
        Ok(_) => assert_eq!(fs::read(made.path.join("f")).unwrap(), b"data"),
        Err(error) => assert!(error.to_string().contains("there is no e2fsck here"), "{error}"),
    }
}

#[test]
fn a_device_keeps_its_bytes_and_grows() {
    // STO-16
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let wanted = Wanted { content: Content::Device, demand: Demand::Auto, bytes: 3 * MIB + 1, ..place.wanted("a") };
    let made = disks.create(&wanted).unwrap();
    assert_eq!((made.path.clone(), made.bytes), (place.pool().join("a/device"), 3 * MIB + 4096));
    let device = File::options().write(true).open(&made.path).unwrap();
    device.write_all_at(b"data", 0).unwrap();
    drop(device);
    disks.detach("a").unwrap();
    let disks = place.open();
    let attached = disks.attach("a").unwrap();
    assert_eq!((fs::read_link(&made.path).unwrap(), disks.attach("a").unwrap()), (attached.path.clone(), attached.clone()));
    assert_eq!(disks.expand("a", 5 * MIB).unwrap(), Expanded { bytes: 5 * MIB, waits: None });
    let mut bytes = Vec::new();
    File::open(&attached.path).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!((bytes.len() as u64, &bytes[..4]), (5 * MIB, &b"data"[..]));
    assert_eq!(disks.usage("a").unwrap().bytes, 5 * MIB);
    disks.remove("a", NOW).unwrap();
    assert_eq!((disks.sweep(NOW, 1000), disks.list()), (Swept { has_cleared: true, ..Swept::default() }, vec![]));
}

#[test]
fn no_more_is_promised_than_there_is() {
    // STO-22
    let place = Place::new();
    needs_images!(place);
    let disks = place.open();
    let room = disks.room(&place.pool()).unwrap();
    let most = |bytes: u64| bytes.min(Disks::BYTES_MAX);
    let error = disks.create(&Wanted { bytes: most(room.bytes), ..place.image("a") }).unwrap_err();
    assert!(matches!(error, Error::NotEnoughRoom { .. }) && error.may_succeed_elsewhere(), "{error}");
    assert!(place.names().is_empty() && disks.list().is_empty());
    // Others use this machine too, so not to the last byte.
    let bytes = most(room.available_bytes / 10 * 9);
    disks.create(&Wanted { bytes, ..place.image("a") }).unwrap();
    let another = disks.create(&Wanted { bytes: room.available_bytes / 5, ..place.image("b") });
    assert!(matches!(another, Err(Error::NotEnoughRoom { .. })), "{another:?}");
    let more = disks.expand("a", most(room.available_bytes / 10 * 12));
    assert!(matches!(more, Err(Error::NotEnoughRoom { .. })), "{more:?}");
    assert_eq!(disks.attach("a").unwrap().bytes, bytes.next_multiple_of(4096));
}
