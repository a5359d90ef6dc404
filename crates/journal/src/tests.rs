use super::*;
use serde::Deserialize;
use std::fs;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Made {
    Cgroup(String),
    Directory(PathBuf),
    Sysctl { name: String, before: String },
}

impl Thing for Made {
    fn outlives_power(&self) -> bool {
        matches!(self, Made::Directory(_))
    }
}

fn cgroup(name: &str) -> Made {
    Made::Cgroup(name.to_owned())
}

fn at() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    (dir, path)
}

#[test]
fn things_survive_reopening() {
    let (_dir, path) = at();
    let journal = Journal::<Made>::open(&path).unwrap();
    let sysctl = Made::Sysctl { name: "net.ipv4.ip_forward".into(), before: "0".into() };
    let things = [cgroup("/a"), Made::Directory("/d".into()), sysctl.clone()];
    journal.make(&things).unwrap();
    journal.make(&things).unwrap();
    journal.gone(&[cgroup("/a")]);
    drop(journal);
    assert_eq!(Journal::<Made>::open(&path).unwrap().live(), [Made::Directory("/d".into()), sysctl]);
}

#[test]
fn what_cannot_be_crossed_out_is_gone_all_the_same_and_crossed_out_later() {
    let (_dir, path) = at();
    let journal = Journal::<Made>::open(&path).unwrap();
    journal.make(&[cgroup("/a"), cgroup("/b"), cgroup("/c")]).unwrap();
    // A file that takes no writes, as on a full disk.
    let writable = std::mem::replace(&mut journal.lock().file, Arc::new(File::open(&path).unwrap()));
    journal.gone(&[cgroup("/a")]);
    assert_eq!(journal.live(), [cgroup("/b"), cgroup("/c")]);
    assert_eq!(Contents::<Made>::parse(&fs::read(&path).unwrap()).0.live().len(), 3);
    journal.lock().file = writable;
    journal.gone(&[cgroup("/b")]);
    assert_eq!(Journal::<Made>::open(&path).unwrap().live(), [cgroup("/c")]);
}

#[test]
fn lines_of_the_time_before_versions_are_read() {
    let (_dir, path) = at();
    fs::write(&path, "{\"Made\":{\"Cgroup\":\"/a\"}}\n{\"Made\":{\"Cgroup\":\"/b\"}}\n{\"Gone\":{\"Cgroup\":\"/a\"}}\n").unwrap();
    assert_eq!(Journal::<Made>::open(&path).unwrap().live(), [cgroup("/b")]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"Made\":{\"Cgroup\":\"/b\"},\"v\":1}\n");
}

#[test]
fn a_torn_last_line_is_dropped_and_the_next_stands_alone() {
    let (_dir, path) = at();
    Journal::<Made>::open(&path).unwrap().make(&[cgroup("/a")]).unwrap();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"Made\":{\"Cgr");
    fs::write(&path, text).unwrap();
    Journal::<Made>::open(&path).unwrap().make(&[cgroup("/b")]).unwrap();
    assert_eq!(Journal::<Made>::open(&path).unwrap().live(), [cgroup("/a"), cgroup("/b")]);
}

#[test]
fn what_is_not_understood_is_kept_and_said() {
    let (_dir, path) = at();
    let kept = [
        "not json",
        "{\"Made\":{\"Cgroup\":\"/later\"},\"v\":2}",
        "{\"Moved\":{\"Cgroup\":\"/x\"},\"v\":1}",
        "{\"Made\":{\"Link\":{\"name\":\"veth1\"}},\"v\":1}",
    ];
    let crossed_out = "{\"Made\":{\"Link\":\"veth0\"},\"v\":1}\n{\"Gone\":{\"Link\":\"veth0\"},\"v\":1}\n";
    fs::write(&path, format!("{crossed_out}{}\n{{\"Made\":{{\"Cgroup\":\"/a\"}}}}\n", kept.join("\n"))).unwrap();
    for _ in 0..2 {
        let journal = Journal::<Made>::open(&path).unwrap();
        assert_eq!(journal.live(), [cgroup("/a")]);
        assert_eq!(journal.not_understood(), kept);
    }
}

#[test]
fn a_journal_that_cannot_be_read_is_an_error_and_stays_as_it_is() {
    let (dir, path) = at();
    fs::create_dir(&path).unwrap();
    let error = Journal::<Made>::open(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("open {}", path.display()));
    let large = dir.path().join("large");
    File::create(&large).unwrap().set_len(BYTES_MAX + 1).unwrap();
    let error = Journal::<Made>::open(&large).unwrap_err();
    assert_eq!(error.to_string(), format!("read {}", large.display()));
    assert_eq!(fs::metadata(&large).unwrap().len(), BYTES_MAX + 1);
}

#[test]
fn a_journal_that_cannot_be_rewritten_goes_on() {
    let (_dir, path) = at();
    fs::write(&path, "{\"Made\":{\"Cgroup\":\"/a\"}}\n{\"Gone\":{\"Cgroup\":\"/a\"}}\n{\"Made\":{\"Cgroup\":\"/b\"}}\n").unwrap();
    // The path of a file in a process's descriptors can be opened, but nothing can be made beside it.
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let through = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)));
    let journal = Journal::open(&through).unwrap();
    journal.make(&[cgroup("/c")]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 4);
    assert_eq!(Journal::<Made>::open(&path).unwrap().live(), [cgroup("/b"), cgroup("/c")]);
}

#[test]
fn the_file_does_not_grow_without_bound() {
    let (_dir, path) = at();
    let journal = Journal::<Made>::open(&path).unwrap();
    for round in 0..3 * LINES_MAX {
        let made = [cgroup(&format!("/{round}"))];
        journal.make(&made).unwrap();
        journal.gone(&made);
    }
    assert!(fs::read_to_string(&path).unwrap().lines().count() <= LINES_MAX + 1);
}

/// A file that takes lines and cannot bring them to any disk.
fn without_disk() -> Arc<File> {
    Arc::new(OpenOptions::new().write(true).open("/dev/null").unwrap())
}

#[test]
fn what_did_not_reach_the_disk_is_written_down_again() {
    let (_dir, path) = at();
    let journal = Journal::<Made>::open(&path).unwrap();
    let directory = Made::Directory("/d".into());
    let disk = std::mem::replace(&mut journal.lock().file, without_disk());
    journal.make(&[cgroup("/a")]).unwrap();
    assert!(journal.make(std::slice::from_ref(&directory)).unwrap_err().to_string().starts_with("sync "));
    assert_eq!(journal.live(), [cgroup("/a")]);
    journal.lock().file = disk;
    journal.make(std::slice::from_ref(&directory)).unwrap();
    journal.make(std::slice::from_ref(&directory)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert_eq!(journal.live(), [cgroup("/a"), directory]);
}

#[test]
fn those_who_come_while_one_waits_for_the_disk_share_the_next_wait() {
    const COUNT: usize = 8;
    let (_dir, path) = at();
    let journal = Journal::<Made>::open(&path).unwrap();
    let mut synced = journal.synced.lock().unwrap();
    std::thread::scope(|scope| {
        let make = |n| journal.make(&[Made::Directory(format!("/{n}").into())]);
        let making: Vec<_> = (0..COUNT).map(|n| scope.spawn(move || make(n))).collect();
        // Nobody who waits keeps the others from writing.
        while journal.live().len() < COUNT {
            std::thread::yield_now();
        }
        // One has brought all of it to disk; any further attempt would fail.
        journal.lock().file = without_disk();
        *synced = journal.lock().written;
        drop(synced);
        for made in making {
            made.join().unwrap().unwrap();
        }
    });
    assert_eq!(Journal::<Made>::open(&path).unwrap().live().len(), COUNT);
}

#[test]
fn what_is_listed_can_be_read_beside_the_writer() {
    let (_dir, path) = at();
    assert_eq!(Journal::<Made>::read(&path).unwrap(), []);
    assert!(!path.exists());
    let journal = Journal::open(&path).unwrap();
    journal.make(&[cgroup("/a"), cgroup("/b")]).unwrap();
    journal.gone(&[cgroup("/a")]);
    let before = fs::read(&path).unwrap();
    assert_eq!(Journal::<Made>::read(&path).unwrap(), [cgroup("/b")]);
    assert_eq!(fs::read(&path).unwrap(), before);
}
