//! Disks that need of a machine what few have: project quotas, on the temporary directory's file system and on ext4 in a file where mke2fs can
//! make one; all capabilities.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../src/left_out.rs"]
mod left_out;

use left_out::left_out;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use stead_disks::{Content, Demand, Disks, Enforcement, Error, Expanded, FileSystem, Settings, Swept, Wanted};
use stead_sys::capability;
use stead_sys::loop_device::{self, Attachment};
use stead_sys::project_quota::{project, project_usage};

/// Mark of tests that run in the virtual machine at least.
const VM: &str = "vm: ";
const MIB: u64 = 1 << 20;
const NOW: u64 = 1_800_000_000;
/// What a sweep says that has left nothing.
const CLEARED: Swept = Swept { has_cleared: true, more: false, next_unix_s: None, failures: Vec::new() };

/// A pool and the records of its disks, below one directory.
struct Place(PathBuf);

impl Place {
    fn open(&self) -> Disks {
        Disks::open(&self.0.join("state"), Settings::default()).unwrap()
    }

    fn pool(&self) -> PathBuf {
        self.0.join("pool")
    }

    fn wanted(&self, name: &str, bytes: u64) -> Wanted {
        let content = Content::Directory { permissions: 0o777, file_system: FileSystem::Ext4 };
        Wanted { name: name.to_owned(), pool: self.pool(), bytes, demand: Demand::ProjectQuota, content }
    }
}

/// Fills a file until that is refused, as a container would, which has no `CAP_SYS_RESOURCE`: with it ext4 asks nobody. How many bytes there
/// were.
fn fill(path: &Path) -> u64 {
    std::thread::scope(|scope| scope.spawn(|| fill_as_user(path)).join().unwrap())
}

fn fill_as_user(path: &Path) -> u64 {
    capability::set(capability::permitted().unwrap().without(capability::SYS_RESOURCE)).unwrap();
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    let mut bytes = file.metadata().unwrap().len();
    loop {
        match file.write(&[0x5a; 1 << 16]) {
            Ok(written) => bytes += written as u64,
            Err(error) => {
                assert!(matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded), "{error}");
                return bytes;
            }
        }
    }
}

fn holds_to_its_size(place: &Place) {
    let disks = place.open();
    assert_eq!(disks.probe(&place.pool()).unwrap().project_quota, Ok(()));
    let before = disks.room(&place.pool()).unwrap();
    let a = disks.create(&place.wanted("a", 32 * MIB)).unwrap();
    let b = disks.create(&place.wanted("b", 32 * MIB)).unwrap();
    assert_eq!((&a.enforcement, a.bytes), (&Enforcement::ProjectQuota, 32 * MIB));
    assert_eq!(disks.usage("a").unwrap().bytes, 32 * MIB, "df inside is right");
    let numbers = [&a.path, &b.path].map(|path| project(File::open(path).unwrap().as_fd()).unwrap());
    assert!(numbers[0] >= 1 << 20 && numbers[1] >= 1 << 20 && numbers[0] != numbers[1], "{numbers:?}");

    let filled = fill(&a.path.join("f"));
    assert!((31 * MIB..=32 * MIB).contains(&filled), "{filled}");
    assert!(disks.usage("a").unwrap().available_bytes < MIB);
    fs::write(b.path.join("f"), vec![1; 16 << 20]).unwrap();
    let promised = disks.room(&place.pool()).unwrap().promised_bytes;
    assert!((15 * MIB..=17 * MIB).contains(&promised), "what is still to come of both: {promised}");

    assert_eq!(disks.expand("a", 48 * MIB).unwrap().bytes, 48 * MIB);
    assert_eq!(disks.usage("a").unwrap().bytes, 48 * MIB);
    assert!((47 * MIB..=48 * MIB).contains(&fill(&a.path.join("f"))));
    let error = disks.create(&place.wanted("c", before.bytes)).unwrap_err();
    assert!(matches!(error, Error::NotEnoughRoom { .. }), "{error}");

    drop(disks);
    let disks = place.open();
    assert_eq!(disks.attach("a").unwrap().bytes, 48 * MIB);
    assert_eq!(disks.usage("a").unwrap().bytes, 48 * MIB);
    disks.remove("a", NOW).unwrap();
    let c = disks.create(&place.wanted("c", 32 * MIB)).unwrap();
    let third = project(File::open(&c.path).unwrap().as_fd()).unwrap();
    assert!(!numbers.contains(&third), "what is in the trash has its number still");
    assert_eq!((disks.sweep(NOW, 1000), disks.list().len()), (CLEARED, 2));
    let pool = File::open(place.pool()).unwrap();
    // XFS gives back the inodes of what is removed a moment later.
    let began = std::time::Instant::now();
    let usage = loop {
        let usage = project_usage(pool.as_fd(), numbers[0]).unwrap();
        if usage.inodes == 0 || began.elapsed() > std::time::Duration::from_secs(30) {
            break usage;
        }
    };
    assert_eq!((usage.bytes, usage.inodes, usage.bytes_max, usage.inodes_max), (0, 0, 0, 0));
    assert_eq!(fs::read(b.path.join("f")).unwrap().len(), 16 << 20);
    for name in ["b", "c"] {
        disks.remove(name, NOW).unwrap();
    }
    assert_eq!((disks.sweep(NOW, 1000), disks.list().len()), (CLEARED, 0));
}

#[test]
fn an_image_grows_while_it_is_used() {
    // LOCV-7 STO-15
    let dir = tempfile::tempdir().unwrap();
    let place = Place(dir.path().to_owned());
    let disks = place.open();
    if let Err(why) = disks.probe(&place.pool()).unwrap().image {
        return left_out(VM, &why);
    }
    if !capability::permitted().unwrap().contains(capability::SYS_RESOURCE) {
        return left_out(VM, "needs CAP_SYS_RESOURCE");
    }
    let made = disks.create(&Wanted { demand: Demand::Image, ..place.wanted("a", 32 * MIB) }).unwrap();
    let mut user = File::create(made.path.join("f")).unwrap();
    for bytes in [40 * MIB, 300 * MIB, 700 * MIB] {
        assert_eq!(disks.expand("a", bytes).unwrap(), Expanded { bytes, waits: None });
        assert!(disks.usage("a").unwrap().available_bytes >= bytes - MIB);
        user.write_all(b"data").unwrap();
    }
    user.sync_all().unwrap();
    drop(user);
    disks.detach("a").unwrap();
    disks.attach("a").unwrap();
    assert_eq!(fs::read(made.path.join("f")).unwrap(), b"datadatadata");
    disks.remove("a", NOW).unwrap();
    assert_eq!((disks.sweep(NOW, 1000), disks.list().len()), (CLEARED, 0));
}

/// Two servers that know nothing of each other share a file system.
fn numbers_are_not_those_of_others(place: &Place) {
    let other = Place(place.0.join("other"));
    let (disks, others) = (place.open(), other.open());
    let a = disks.create(&place.wanted("a", 32 * MIB)).unwrap();
    let b = others.create(&other.wanted("b", 32 * MIB)).unwrap();
    let numbers = [&a.path, &b.path].map(|path| project(File::open(path).unwrap().as_fd()).unwrap());
    assert_ne!(numbers[0], numbers[1]);
    for (disks, name) in [(&disks, "a"), (&others, "b")] {
        disks.remove(name, NOW).unwrap();
        assert_eq!(disks.sweep(NOW, 1000), CLEARED);
    }
}

#[test]
fn a_quota_holds_a_disk_to_its_size() {
    // LOCV-3 LOCV-7 STO-22
    let dir = tempfile::tempdir().unwrap();
    let place = Place(dir.path().to_owned());
    if let Err(why) = place.open().probe(&place.pool()).unwrap().project_quota {
        return left_out(VM, &why);
    }
    holds_to_its_size(&place);
    numbers_are_not_those_of_others(&place);
}

#[test]
fn a_quota_of_ext4_holds_a_disk_to_its_size() {
    // LOCV-3 LOCV-4 LOCV-7 STO-22
    let dir = tempfile::tempdir().unwrap();
    let mounted = match ext4_with_quotas(dir.path()) {
        Ok(mounted) => mounted,
        Err(why) => return left_out(VM, &why),
    };
    let place = Place(mounted.0.clone());
    holds_to_its_size(&place);
    numbers_are_not_those_of_others(&place);
}

/// A mount that ends with its test.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = nix::mount::umount(&self.0);
        assert!(std::thread::panicking() || unmounted.is_ok(), "{unmounted:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "only mke2fs makes a file system that has quotas of projects")]
fn ext4_with_quotas(dir: &Path) -> Result<Mounted, String> {
    let program = ["/usr/sbin/mke2fs", "/sbin/mke2fs"].into_iter().find(|path| Path::new(path).exists()).ok_or("there is no mke2fs")?;
    let (image, place) = (dir.join("image"), dir.join("mounted"));
    File::create(&image).and_then(|file| file.set_len(512 << 20)).unwrap();
    let features = ["-q", "-F", "-t", "ext4", "-O", "quota,project", "-E", "quotatype=prjquota"];
    let made = std::process::Command::new(program).args(features).arg(&image).output().map_err(|error| error.to_string())?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::create_dir(&place).unwrap();
    let opened = |path: &Path| File::options().read(true).write(true).open(path);
    let control = opened(Path::new("/dev/loop-control")).map_err(|error| format!("/dev/loop-control: {error}"))?;
    // Other tests take devices at the same time.
    let (path, _device) = loop {
        let number = loop_device::free_number(control.as_fd()).unwrap();
        let path = PathBuf::from(format!("/dev/loop{number}"));
        let device = opened(&path).unwrap();
        let file = opened(&image).unwrap();
        match loop_device::attach(device.as_fd(), file.as_fd(), "test", 0, Attachment::WhileUsed) {
            Ok(()) => break (path, device),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ResourceBusy),
        }
    };
    let none = nix::mount::MsFlags::empty();
    nix::mount::mount(Some(&path), &place, Some("ext4"), none, Some("prjquota"))
        .map_err(|error| format!("ext4 with project quotas cannot be mounted: {error}"))?;
    Ok(Mounted(place))
}
