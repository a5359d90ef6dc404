//! Volumes that are mounts; as root only, and in a mount namespace of the test's own, so that nothing shows on the machine.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use stead_volumes::{Change, Content, Error, File, Group, Outside, Payload, Shape, Sharing, Store, SubPath, Volume};

const NONE: Option<&str> = None;

#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
/// A mount namespace for this test's thread; without root the test is left out, loudly.
fn own_mounts() -> bool {
    if !nix::unistd::geteuid().is_root() {
        println!("left out: root is needed");
        return false;
    }
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS).expect("root may");
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).expect("root may");
    true
}

fn volume(name: &str, content: Content, gid: Option<u32>) -> Volume {
    let group = gid.map(|gid| Group { gid, read_only: false, change: Change::Always });
    Volume { name: name.to_owned(), kind: "memory", content, group, mount_points: Vec::new() }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o7777
}

/// The places of this thread's mounts.
fn mounts() -> String {
    fs::read_to_string("/proc/thread-self/mountinfo").expect("it can be read")
}

#[test]
fn a_volume_in_memory_has_its_size_and_outlives_the_store() {
    // VOL-3, VOL-21
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let wanted = volume("v", Content::Memory { size_bytes: 8 << 20 }, None);
    store.set_up("u", &wanted).unwrap();
    let place = store.place("u", "memory", "v");
    assert_eq!(mode(&place), 0o1777);
    let size = nix::sys::statvfs::statvfs(&place).unwrap();
    assert_eq!(size.blocks() as u64 * size.fragment_size() as u64, 8 << 20);
    fs::write(place.join("f"), "kept").unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    store.set_up("u", &wanted).unwrap();
    assert_eq!(fs::read(place.join("f")).unwrap(), b"kept");
    store.tear_down("u").unwrap();
    assert!(!mounts().contains(place.to_str().unwrap()));
    assert!(!place.exists());
}

#[test]
fn a_volume_in_memory_gets_its_group_though_a_crash_came_between() {
    // SEC-6
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let content = Content::Memory { size_bytes: 1 << 20 };
    // As far as it came: mounted, and given to nobody.
    store.set_up("u", &volume("v", content.clone(), None)).unwrap();
    store.set_up("u", &volume("v", content.clone(), Some(3000))).unwrap();
    let place = store.place("u", "memory", "v");
    assert_eq!((fs::metadata(&place).unwrap().gid(), mode(&place)), (3000, 0o3777));
    // What its users made of it since is theirs.
    fs::write(place.join("f"), "").unwrap();
    fs::set_permissions(place.join("f"), fs::Permissions::from_mode(0o600)).unwrap();
    store.set_up("u", &volume("v", content, Some(3000))).unwrap();
    assert_eq!(mode(&place.join("f")), 0o600);
    store.remove("u").unwrap();
}

#[test]
fn secrets_are_files_in_memory_that_a_group_may_read() {
    // VOL-8, SEC-6
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut payload = Payload::default();
    payload.insert("token", File { content: b"t".to_vec(), mode: 0o600, owner: Some(1000) }).unwrap();
    let files = Content::Files { payload, memory_bytes: Some(1 << 20) };
    let group = Some(Group { gid: 3000, read_only: true, change: Change::Always });
    store.set_up("u", &Volume { group, ..volume("v", files, None) }).unwrap();
    let place = store.place("u", "memory", "v");
    let found = fs::metadata(place.join("token")).unwrap();
    assert_eq!((found.mode() & 0o7777, found.uid(), found.gid()), (0o640, 1000, 3000));
    assert_eq!((mode(&place.join("..data")), mode(&place)), (0o2755, 0o3777));
    store.remove("u").unwrap();
}

#[test]
fn nothing_is_deleted_through_a_mount() {
    // VOL-2: a bind of the same file system too, which has the same device number.
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, data) = (dir.path().join("pods"), dir.path().join("data"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("precious"), "x").unwrap();
    let store = Store::open(&root).unwrap();
    store.set_up("u", &volume("v", Content::Directory, None)).unwrap();
    let point = store.place("u", "memory", "v").join("deep/point");
    fs::create_dir_all(&point).unwrap();
    // Nobody wrote it down.
    mount(Some(&data), &point, NONE, MsFlags::MS_BIND, NONE).unwrap();
    store.remove("u").unwrap();
    assert!(!store.directory("u").exists());
    assert_eq!(fs::read(data.join("precious")).unwrap(), b"x");
}

#[test]
fn a_path_in_a_volume_is_bound_anew_for_each_run() {
    // VOL-14
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.set_up("u", &volume("v", Content::Directory, None)).unwrap();
    let root = store.place("u", "memory", "v");
    fs::write(root.join("f"), "one").unwrap();
    let sub = |path: &str| SubPath { root: root.clone(), path: path.to_owned(), volume: "v".into(), container: "c".into(), index: 0 };
    let place: PathBuf = store.bind("u", &sub("f")).unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"one");
    // The same place, now for a directory.
    let again = store.bind("u", &sub("d/e")).unwrap();
    assert_eq!((again.as_path(), again.is_dir()), (place.as_path(), true));
    assert_eq!(mounts().matches(place.to_str().unwrap()).count(), 1);
    std::os::unix::fs::symlink("/etc", root.join("evil")).unwrap();
    store.bind("u", &sub("evil")).unwrap_err();
    store.bind("u", &sub("evil/passwd")).unwrap_err();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
    store.remove("u").unwrap();
    assert!(!mounts().contains(dir.path().to_str().unwrap()));
    assert!(Path::new("/etc/passwd").exists());
}

#[test]
fn everything_can_be_unmounted_at_once() {
    // VOL-21: `stead down`.
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for owner in ["a", "b"] {
        store.set_up(owner, &volume("v", Content::Memory { size_bytes: 1 << 20 }, None)).unwrap();
    }
    assert_eq!(store.unmount_all().unwrap(), 2);
    assert!(!mounts().contains(dir.path().to_str().unwrap()));
    assert_eq!(stead_volumes::unmount_below(dir.path()).unwrap(), 0);
}

#[test]
fn what_somebody_else_mounts_is_written_down_and_goes_with_its_owner() {
    // VOL-19, VOL-21
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let place = store.begin_mount("u", "image", "v").unwrap().unwrap();
    assert_eq!(place, store.place("u", "image", "v"));
    assert!(fs::read_to_string(dir.path().join("journal")).unwrap().contains(place.to_str().unwrap()));
    // It was not mounted: nothing is in the way of doing it again.
    assert_eq!(store.begin_mount("u", "image", "v").unwrap().as_ref(), Some(&place));
    mount(Some("tmpfs"), &place, Some("tmpfs"), MsFlags::MS_RDONLY, NONE).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.begin_mount("u", "image", "v").unwrap(), None);
    store.tear_down("u").unwrap();
    assert!(!mounts().contains(place.to_str().unwrap()) && !place.exists());
}

fn outside(source: &Path, sharing: Sharing) -> Outside {
    Outside { name: "data".into(), kind: "outside", source: source.to_owned(), shape: Shape::Directory, sharing, group: None }
}

#[test]
fn what_lies_elsewhere_is_bound_and_stays_when_its_users_go() {
    // VOL-2, VOL-17, VOL-21
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("precious"), "x").unwrap();
    let store = Store::open(&dir.path().join("pods")).unwrap();
    let shared = outside(&data, Sharing::Shared);
    for owner in ["a", "b", "a"] {
        store.bind_outside(owner, &shared).unwrap();
    }
    let place = store.place("a", "outside", "data");
    assert_eq!(fs::read(place.join("precious")).unwrap(), b"x");
    assert_eq!(mounts().matches(place.to_str().unwrap()).count(), 1);
    store.remove("a").unwrap();
    drop(store);
    let store = Store::open(&dir.path().join("pods")).unwrap();
    assert_eq!(store.users_of(&data), ["b"]);
    store.tear_down("b").unwrap();
    assert_eq!((store.users_of(&data), fs::read(data.join("precious")).unwrap()), (Vec::<String>::new(), b"x".to_vec()));
    assert!(!mounts().contains(dir.path().join("pods").to_str().unwrap()));
}

#[test]
fn what_is_wanted_alone_has_one_user() {
    // STO-13
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let store = Store::open(&dir.path().join("pods")).unwrap();
    let alone = outside(&data, Sharing::Alone);
    store.bind_outside("a", &alone).unwrap();
    let refused = |store: &Store| matches!(store.bind_outside("b", &alone), Err(Error::InUse { owner, .. }) if owner == "a");
    assert!(refused(&store));
    drop(store);
    let store = Store::open(&dir.path().join("pods")).unwrap();
    assert!(refused(&store));
    store.bind_outside("a", &alone).unwrap();
    store.remove("a").unwrap();
    store.bind_outside("b", &alone).unwrap();
    store.remove("b").unwrap();
}

#[test]
fn what_is_not_there_or_of_another_kind_is_said_and_leaves_nothing() {
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pods")).unwrap();
    let text = |outside: &Outside| store.bind_outside("a", outside).unwrap_err().to_string();
    assert_eq!(text(&outside(Path::new("/nowhere"), Sharing::Shared)), "path \"/nowhere\" does not exist");
    assert_eq!(text(&outside(Path::new("/dev/null"), Sharing::Shared)), "path \"/dev/null\" is not a directory");
    let device = Outside { shape: Shape::BlockDevice, ..outside(Path::new("/dev/null"), Sharing::Shared) };
    assert_eq!(text(&device), "path \"/dev/null\" is not a block device");
    assert_eq!(store.users_of(Path::new("/")), [""; 0]);
}

#[test]
fn a_directory_from_elsewhere_is_given_to_a_group() {
    // SEC-5, SEC-6
    if !own_mounts() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("f"), "x").unwrap();
    let store = Store::open(&dir.path().join("pods")).unwrap();
    let group = Group { gid: 3000, read_only: false, change: Change::OnRootMismatch };
    store.bind_outside("a", &Outside { group: Some(group), ..outside(&data, Sharing::Shared) }).unwrap();
    assert_eq!((fs::metadata(data.join("f")).unwrap().gid(), mode(&data) & 0o2070), (3000, 0o2070));
    store.remove("a").unwrap();
}
