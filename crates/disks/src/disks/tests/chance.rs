//! Disks of all kinds that are made, written, grown and removed in any order, on a file system that is full at times, with a stop at any step.
//! What was written is there for as long as its disk is, and in no other.

use super::*;
use crate::left_out::left_out;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

const DISKS: usize = 4;
const PAGE: usize = 4096;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Directory,
    Image,
    Device,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Create(usize, Kind),
    Write(usize),
    Grow(usize),
    Remove(usize),
    Sweep,
}

/// One thing that is done, and what comes in between.
#[derive(Debug, Clone, Copy)]
struct Move {
    act: Act,
    /// The steps after which everything stops.
    stop: Option<usize>,
    /// Whether the machine starts anew then, not only the program.
    of_machine: bool,
    full: bool,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let kind = prop_oneof![Just(Kind::Directory), Just(Kind::Image), Just(Kind::Device)];
    let act = prop_oneof![
        4 => (0..DISKS, kind).prop_map(|(disk, kind)| Act::Create(disk, kind)),
        3 => (0..DISKS).prop_map(Act::Write),
        2 => (0..DISKS).prop_map(Act::Grow),
        2 => (0..DISKS).prop_map(Act::Remove),
        1 => Just(Act::Sweep),
    ];
    let one = (act, proptest::option::weighted(0.4, 0..14_usize), any::<bool>(), proptest::bool::weighted(0.2));
    proptest::collection::vec(one.prop_map(|(act, stop, of_machine, full)| Move { act, stop, of_machine, full }), 1..24)
}

/// A disk that its user knows of.
struct Live {
    name: String,
    kind: Kind,
    bytes: u64,
    writes: u64,
}

impl Live {
    /// What its user has written last.
    fn content(&self) -> Vec<u8> {
        format!("{} {};", self.name, self.writes).into_bytes().into_iter().cycle().take(PAGE).collect()
    }

    fn file(&self, path: &Path) -> PathBuf {
        if matches!(self.kind, Kind::Device) { path.to_owned() } else { path.join("f") }
    }

    fn write(&mut self, path: &Path) {
        self.writes += 1;
        let file = File::options().write(true).create(!matches!(self.kind, Kind::Device)).truncate(false).open(self.file(path)).unwrap();
        file.write_all_at(&self.content(), 0).unwrap();
        file.sync_all().unwrap();
    }

    /// All of its own is there, and nothing else.
    fn check(&self, path: &Path) {
        let file = File::open(self.file(path));
        if self.writes == 0 && !matches!(self.kind, Kind::Device) {
            assert_eq!(fs::read_dir(path).unwrap().count(), 0, "{}", self.name);
            return;
        }
        let mut found = vec![1; PAGE];
        file.unwrap().read_exact_at(&mut found, 0).unwrap();
        let expected = if self.writes == 0 { vec![0; PAGE] } else { self.content() };
        assert!(found == expected, "{} has {:?}", self.name, String::from_utf8_lossy(&found[..40]));
    }
}

/// Takes all room that there is.
fn fill_up(filler: &Path) {
    let file = File::create(filler).unwrap();
    let (mut end, mut step) = (0, 128 << 20);
    while step >= PAGE as i64 {
        match nix::fcntl::fallocate(&file, nix::fcntl::FallocateFlags::empty(), end, step) {
            Ok(()) => end += step,
            Err(nix::errno::Errno::ENOSPC) => step /= 2,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The machine: a place on a small file system of its own.
struct Machine {
    outer: Place,
    inner: PathBuf,
    disks: Option<Disks>,
    live: BTreeMap<usize, Live>,
    made: usize,
}

impl Machine {
    /// `None`: this machine has no loop devices.
    fn new() -> Option<Machine> {
        let outer = Place::new();
        let inner = outer.open().create(&Wanted { bytes: 200 * MIB, ..outer.image("outer") }).ok()?.path;
        let mut machine = Machine { outer, inner, disks: None, live: BTreeMap::new(), made: 0 };
        machine.open();
        Some(machine)
    }

    fn open(&mut self) {
        self.disks = None;
        self.disks = Some(Disks::open(&self.inner.join("state"), Settings::default()).unwrap());
    }

    fn disks(&self) -> &Disks {
        self.disks.as_ref().unwrap()
    }

    fn stop(&mut self, of_machine: bool) {
        self.open();
        if of_machine {
            detach_all(self.disks());
        }
    }

    /// A result, if it is one that may be: `None` after a stop, and where there is no room.
    fn allowed<T>(&mut self, made: Move, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Error::Stopped(_)) => {
                self.stop(made.of_machine);
                None
            }
            Err(Error::NotEnoughRoom { .. }) => None,
            Err(_) if made.full => None,
            Err(error) => panic!("{error} after {made:?}"),
        }
    }

    fn run(&mut self, made: Move) {
        let filler = self.inner.join("filler");
        if made.full {
            fill_up(&filler);
        }
        *self.disks().steps.left.lock().unwrap() = made.stop;
        self.act(made);
        *self.disks().steps.left.lock().unwrap() = None;
        if made.full {
            fs::remove_file(&filler).unwrap();
            // What it had is free when that is on disk, not before.
            nix::unistd::syncfs(File::open(&self.inner).unwrap()).unwrap();
        }
        for live in self.live.values() {
            let attached = self.disks().attach(&live.name).unwrap();
            assert!(attached.bytes >= live.bytes && attached.waits.is_none(), "{attached:?}");
            live.check(&attached.path);
        }
    }

    fn act(&mut self, made: Move) {
        match made.act {
            Act::Create(disk, kind) if !self.live.contains_key(&disk) => {
                self.made += 1;
                let name = format!("d{disk}-{}", self.made);
                let (demand, content) = match kind {
                    Kind::Directory => (Demand::Unenforced, self.outer.wanted("a").content),
                    Kind::Image => (Demand::Image, self.outer.wanted("a").content),
                    Kind::Device => (Demand::Auto, Content::Device),
                };
                let wanted = Wanted { name: name.clone(), pool: self.inner.join("pool"), bytes: MIB, demand, content };
                let result = self.disks().create(&wanted);
                match self.allowed(made, result) {
                    Some(_) => {
                        self.live.insert(disk, Live { name, kind, bytes: MIB, writes: 0 });
                    }
                    // Its user has not been told of it.
                    None => self.disks().remove(&name, NOW).unwrap(),
                }
            }
            // A full file system loses what was written into a hole of it, and says so: not what is proved here.
            Act::Write(disk) if !made.full => {
                if let Some(live) = self.live.get_mut(&disk) {
                    let path = self.disks.as_ref().unwrap().attach(&live.name);
                    match path {
                        Ok(attached) => live.write(&attached.path),
                        Err(Error::Stopped(_)) => self.stop(made.of_machine),
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Act::Grow(disk) if self.live.contains_key(&disk) => {
                let (name, bytes) = (self.live[&disk].name.clone(), self.live[&disk].bytes + 2 * MIB);
                let result = self.disks().expand(&name, bytes);
                if let Some(expanded) = self.allowed(made, result) {
                    assert_eq!(expanded, Expanded { bytes, waits: None });
                    self.live.get_mut(&disk).unwrap().bytes = bytes;
                }
            }
            Act::Remove(disk) => {
                let Some(live) = self.live.remove(&disk) else { return };
                let result = self.disks().remove(&live.name, NOW);
                let is_stopped = matches!(result, Err(Error::Stopped(_)));
                let removed = self.allowed(Move { full: false, ..made }, result);
                if is_stopped {
                    self.disks().remove(&live.name, NOW).unwrap();
                }
                assert!(is_stopped || removed.is_some());
                assert!(matches!(self.disks().attach(&live.name), Err(Error::Removed(_) | Error::NotFound(_))));
            }
            Act::Sweep => {
                let swept = self.disks().sweep(NOW, 1000);
                if !swept.failures.is_empty() {
                    self.stop(made.of_machine);
                }
            }
            _ => {}
        }
    }

    /// Nothing is left of what was removed.
    fn end(&mut self) {
        self.open();
        let names: Vec<String> = self.disks().list().into_iter().map(|disk| disk.name).collect();
        for name in names {
            self.disks().remove(&name, NOW).unwrap();
        }
        assert_eq!(Swept { has_cleared: false, ..self.disks().sweep(NOW, 1000) }, Swept::default());
        let pool = self.inner.join("pool");
        for place in [pool.join(".trash"), pool] {
            let left: Vec<_> = fs::read_dir(place).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect();
            assert!(left.iter().all(|name| name == ".trash"), "{left:?}");
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(disks) = self.disks.take() {
            if std::thread::panicking() {
                println!("{:?}", disks.detach_all());
            } else {
                detach_all(&disks);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_seen_by_others(moves in moves()) {
        // LOCV-12
        match Machine::new() {
            None => left_out("", "needs root and loop devices"),
            Some(mut machine) => {
                moves.into_iter().for_each(|made| machine.run(made));
                machine.end();
            }
        }
    }
}
