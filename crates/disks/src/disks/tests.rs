mod chance;
mod images;

use super::*;
use crate::wanted::{Content, Demand, Enforcement, FileSystem};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const NOW: u64 = 1_800_000_000;
const MIB: u64 = 1 << 20;

struct Place {
    dir: tempfile::TempDir,
    settings: Settings,
}

impl Place {
    fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap(), settings: Settings::default() }
    }

    /// As a start would.
    fn open(&self) -> Disks {
        Disks::open(&self.dir.path().join("state"), self.settings).unwrap()
    }

    fn pool(&self) -> PathBuf {
        self.dir.path().join("pool")
    }

    fn wanted(&self, name: &str) -> Wanted {
        let content = Content::Directory { permissions: 0o777, file_system: FileSystem::Ext4 };
        Wanted { name: name.to_owned(), pool: self.pool(), bytes: MIB, demand: Demand::Unenforced, content }
    }

    fn image(&self, name: &str) -> Wanted {
        Wanted { demand: Demand::Image, bytes: 20 * MIB, ..self.wanted(name) }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.pool()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| name != ".trash").collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    /// Nothing that was attached stays behind a test, not even behind one that fails.
    fn drop(&mut self) {
        let disks = self.open();
        if std::thread::panicking() {
            println!("{:?}, unmounted: {:?}", disks.detach_all(), stead_volumes::unmount_below(self.dir.path()));
        } else {
            detach_all(&disks);
        }
    }
}

/// As a start of the machine would, in which nobody has anything. Others on this one, who start containers, have copies of all mounts for a moment.
fn detach_all(disks: &Disks) {
    let began = Instant::now();
    loop {
        match disks.detach_all() {
            left if left.is_empty() => return,
            left => assert!(began.elapsed() < Duration::from_secs(60), "{left:?}"),
        }
    }
}

/// Runs a change that stops before its first step, then, after a start, before its second, and so on until one comes through.
fn stopped_everywhere(place: &Place, mut change: impl FnMut(&Disks) -> Result<()>, mut between: impl FnMut(&Disks)) {
    for steps in 0.. {
        let disks = place.open();
        *disks.steps.left.lock().unwrap() = Some(steps);
        let result = change(&disks);
        drop(disks);
        match result {
            Ok(()) => {
                assert!(steps > 1, "a change has steps");
                return;
            }
            Err(Error::Stopped(_)) => between(&place.open()),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_directory_is_made_once_and_has_its_mode() {
    // LOCV-1
    let place = Place::new();
    let disks = place.open();
    let made = disks.create(&place.wanted("a")).unwrap();
    assert_eq!((made.path.clone(), made.bytes), (place.pool().join("a"), MIB));
    assert_eq!(made.enforcement, Enforcement::Unenforced { why: "asked for without".to_owned() });
    assert_eq!(fs::metadata(&made.path).unwrap().permissions().mode() & 0o7777, 0o777);
    assert_eq!(fs::metadata(place.pool()).unwrap().permissions().mode() & 0o7777, 0o700);
    fs::write(made.path.join("f"), "data").unwrap();
    assert_eq!(disks.create(&place.wanted("a")).unwrap(), made);
    drop(disks);
    let disks = place.open();
    assert_eq!(disks.create(&place.wanted("a")).unwrap(), made);
    assert_eq!(disks.attach("a").unwrap(), Attached { path: made.path.clone(), bytes: MIB, waits: None });
    assert_eq!(fs::read(made.path.join("f")).unwrap(), b"data");
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let disks = place.open();
    let wanted = place.wanted("a");
    let cases = [
        Wanted { name: String::new(), ..wanted.clone() },
        Wanted { name: "../a".to_owned(), ..wanted.clone() },
        Wanted { name: ".trash".to_owned(), ..wanted.clone() },
        Wanted { name: "a".repeat(201), ..wanted.clone() },
        Wanted { pool: "relative".into(), ..wanted.clone() },
        Wanted { pool: "/tmp/../etc".into(), ..wanted.clone() },
        Wanted { bytes: MIB - 1, ..wanted.clone() },
        Wanted { bytes: u64::MAX, ..wanted.clone() },
    ];
    for case in cases {
        assert!(matches!(disks.create(&case), Err(Error::Invalid(_))), "{case:?}");
    }
    assert!(!place.pool().exists() && disks.list().is_empty());
}

#[test]
fn what_this_program_has_not_made_is_left_alone() {
    let place = Place::new();
    fs::create_dir_all(place.pool().join("a")).unwrap();
    fs::write(place.pool().join("a/f"), "data").unwrap();
    let disks = place.open();
    assert!(matches!(disks.create(&place.wanted("a")), Err(Error::InTheWay { .. })));
    disks.remove("a", NOW).unwrap();
    disks.sweep(NOW, 1000);
    assert_eq!(fs::read(place.pool().join("a/f")).unwrap(), b"data");
}

#[test]
fn a_creation_that_stops_anywhere_is_finished_by_the_next() {
    // LOCV-12
    let place = Place::new();
    stopped_everywhere(
        &place,
        |disks| disks.create(&place.wanted("a")).map(|_made| ()),
        |disks| {
            assert!(matches!(disks.attach("a"), Ok(_) | Err(Error::NotFound(_))));
            assert!(place.names().iter().all(|name| name == "a"));
        },
    );
    assert!(place.pool().join("a").is_dir());
}

#[test]
fn a_creation_that_stops_anywhere_can_be_undone() {
    // LOCV-12
    let place = Place::new();
    for steps in 0..4 {
        let disks = place.open();
        *disks.steps.left.lock().unwrap() = Some(steps);
        let created = disks.create(&place.wanted("a"));
        assert!(matches!(created, Ok(_) | Err(Error::Stopped(_))), "{created:?}");
        drop(disks);
        let disks = place.open();
        disks.remove("a", NOW).unwrap();
        assert_eq!(Swept { has_cleared: false, ..disks.sweep(NOW, 1000) }, Swept::default());
        assert_eq!((place.names(), disks.list()), (vec![], vec![]), "{steps}");
    }
}

#[test]
fn a_removal_that_stops_anywhere_is_finished_and_no_other_disk_is_touched() {
    // LOCV-1 LOCV-12
    let place = Place::new();
    for name in ["a", "b"] {
        let made = place.open().create(&place.wanted(name)).unwrap();
        fs::write(made.path.join("f"), name).unwrap();
    }
    stopped_everywhere(
        &place,
        |disks| {
            disks.remove("a", NOW)?;
            let swept = disks.sweep(NOW, 1000);
            match disks.list().len() {
                1 => Ok(()),
                _ if swept.failures.len() == 1 => Err(Error::Stopped("in the sweep")),
                _ => panic!("{swept:?}"),
            }
        },
        |_disks| {
            // Whole or out of sight.
            let (home, trash) = (place.pool().join("a/f"), place.pool().join(".trash/a/f"));
            assert!(!(home.exists() && trash.exists()));
            assert_eq!(fs::read(place.pool().join("b/f")).unwrap(), b"b");
        },
    );
    assert_eq!(place.names(), ["b"]);
    assert_eq!(fs::read_dir(place.pool().join(".trash")).unwrap().count(), 0);
    place.open().attach("b").unwrap();
}

#[test]
fn the_trash_is_kept_as_long_as_it_shall_be() {
    let mut place = Place::new();
    place.settings.trash_retention_s = 60;
    let disks = place.open();
    disks.create(&place.wanted("a")).unwrap();
    disks.remove("a", NOW).unwrap();
    assert!(matches!(disks.attach("a"), Err(Error::Removed(_))));
    assert!(matches!(disks.create(&place.wanted("a")), Err(Error::Removed(_))));
    assert_eq!(disks.sweep(NOW + 59, 1000).next_unix_s, Some(NOW + 60));
    assert!(place.pool().join(".trash/a").is_dir());
    assert_eq!(disks.sweep(NOW + 60, 1000), Swept { has_cleared: true, ..Swept::default() });
    assert!(!place.pool().join(".trash/a").exists() && disks.list().is_empty());
    disks.create(&place.wanted("a")).unwrap();
}

#[test]
fn a_sweep_removes_no_more_than_it_may() {
    let place = Place::new();
    let disks = place.open();
    let made = disks.create(&place.wanted("a")).unwrap();
    for number in 0..2500 {
        fs::write(made.path.join(format!("f{number}")), "").unwrap();
    }
    disks.remove("a", NOW).unwrap();
    for left in [1500, 500] {
        assert_eq!(disks.sweep(NOW, 1000), Swept { more: true, ..Swept::default() });
        assert_eq!(fs::read_dir(place.pool().join(".trash/a")).unwrap().count(), left);
    }
    assert_eq!((disks.sweep(NOW, 1000), disks.list()), (Swept { has_cleared: true, ..Swept::default() }, vec![]));
    assert_eq!(disks.sweep(NOW, 1000), Swept::default());
}

#[test]
fn a_disk_that_is_not_there_is_not_made_anew() {
    let place = Place::new();
    let disks = place.open();
    let made = disks.create(&place.wanted("a")).unwrap();
    fs::remove_dir(&made.path).unwrap();
    assert!(matches!(disks.attach("a"), Err(Error::Missing { .. })));
    assert!(!made.path.exists());
    assert_eq!(disks.attach_all().len(), 1);
}

#[test]
fn what_was_removed_while_nothing_could_be_written_down_stays_removed() {
    let place = Place::new();
    let made = place.open().create(&place.wanted("a")).unwrap();
    fs::rename(made.path, place.pool().join(".trash/a")).unwrap();
    let disks = place.open();
    assert!(matches!(disks.attach("a"), Err(Error::Removed(_))));
    disks.sweep(u64::MAX, 1000);
    assert_eq!((disks.list(), place.names()), (vec![], vec![]));
}

#[test]
fn directories_grow_in_words_and_never_shrink() {
    // LOCV-7
    let place = Place::new();
    let disks = place.open();
    disks.create(&place.wanted("a")).unwrap();
    assert_eq!(disks.expand("a", 3 * MIB).unwrap(), Expanded { bytes: 3 * MIB, waits: None });
    assert_eq!(disks.expand("a", MIB).unwrap(), Expanded { bytes: 3 * MIB, waits: None });
    assert_eq!(place.open().attach("a").unwrap().bytes, 3 * MIB);
    assert!(matches!(disks.expand("b", MIB), Err(Error::NotFound(_))));
}
