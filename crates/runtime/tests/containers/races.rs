//! Links that take a directory's place, and give it back, while containers start: as another container that shares the volume may do at any
//! time. Each loop also shows that somebody who looks first and then acts would be caught by it. Needs root.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use stead_runtime::{ContainerSpec, ContainerState, Mount};

use crate::exec;
use crate::harness::{LONG, Machine, on_machine};
use crate::needs_root;

/// Starts of one loop; each is also given up after so long.
const STARTS_MAX: usize = 24;
const LOOP: Duration = Duration::from_secs(3);

/// Exchanges two names of a directory until it is dropped.
struct Swapper {
    ends: Arc<AtomicBool>,
    swaps: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Swapper {
    #[expect(clippy::disallowed_methods, reason = "it is joined when this is dropped")]
    fn start(one: &Path, other: &Path) -> Swapper {
        let (ends, swaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (one, other, end, count) = (one.to_owned(), other.to_owned(), Arc::clone(&ends), Arc::clone(&swaps));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                renameat2(AT_FDCWD, &one, AT_FDCWD, &other, RenameFlags::RENAME_EXCHANGE).unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
        Swapper { ends, swaps, thread: Some(thread) }
    }
}

impl Drop for Swapper {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A volume in which `a` is a directory at one moment and a link at the next, and a directory that nothing may reach.
struct Scene {
    volume: PathBuf,
    outside: PathBuf,
}

impl Scene {
    fn new(machine: &Machine, name: &str, target: &Path) -> Scene {
        let scene = Scene { volume: machine.dir.path().join(name), outside: machine.dir.path().join("outside") };
        fs::create_dir_all(scene.volume.join("a/attr")).unwrap();
        fs::create_dir_all(&scene.outside).unwrap();
        symlink(target, scene.volume.join("b")).unwrap();
        scene
    }

    fn swap(&self) -> Swapper {
        Swapper::start(&self.volume.join("a"), &self.volume.join("b"))
    }

    /// Looks whether `a` is a directory, then makes one in it: until that was done through the link.
    fn catches_the_careless(&self, swapper: &Swapper) {
        let (careless, began) = (self.volume.join("a/careless"), Instant::now());
        while !self.outside.join("careless").exists() {
            assert!(began.elapsed() < LONG, "nobody was caught in {} swaps", swapper.swaps.load(Ordering::Relaxed));
            if fs::symlink_metadata(self.volume.join("a")).is_ok_and(|found| found.is_dir()) {
                // It may be there already, and the link's target may be.
                fs::create_dir(&careless).unwrap_or_default();
                for place in ["a", "b"] {
                    fs::remove_dir(self.volume.join(place).join("careless")).unwrap_or_default();
                }
                if fs::create_dir(&careless).is_ok() && self.outside.join("careless").exists() {
                    break;
                }
            }
        }
        fs::remove_dir(self.outside.join("careless")).unwrap();
    }
}

fn bind(source: &Path, destination: &str) -> Mount {
    Mount { source: source.to_owned(), destination: destination.to_owned(), ..Mount::default() }
}

/// Where something is mounted at or below `/proc` or `/sys`, as a container's program sees it.
fn covered(log: &[String]) -> BTreeSet<String> {
    let text = log.join(" ");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let places = words.windows(3).filter(|words| words[0].starts_with('/') && words[2].contains("relatime") || words[2].starts_with("ro,"));
    places.map(|words| words[1].to_owned()).filter(|place| place.starts_with("/proc") || place.starts_with("/sys")).collect()
}

/// Starts containers like that one for a while; gives what those printed that ran.
async fn start_often(machine: &mut Machine, spec: &ContainerSpec) -> Vec<Vec<String>> {
    let (mut ran, mut refused, began) = (Vec::new(), String::new(), Instant::now());
    for number in 0..STARTS_MAX {
        if began.elapsed() > LOOP && !ran.is_empty() {
            break;
        }
        let name = format!("{}-{number}", spec.name);
        let log_path = machine.logs("s").join(&name).join("0.log");
        let again = ContainerSpec { name: name.clone(), log_path, ..spec.clone() };
        match machine.runtime.start("s", again).await {
            Ok(_) => {
                machine.exit_of(&name).await;
                ran.push(machine.log("s", &name));
            }
            Err(error) => refused = error.to_string(),
        }
    }
    assert!(!ran.is_empty(), "not one start out of {STARTS_MAX} hit a moment in which there was a directory; the last: {refused}");
    ran
}

/// CVE-2021-30465, CVE-2024-45310: a mount's place, and what is made for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mount_s_place_that_becomes_a_link_leads_nowhere_outside() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let scene = Scene::new(machine, "volume", &machine.dir.path().join("outside"));
        let source = machine.dir.path().join("source");
        fs::create_dir(&source).unwrap();
        let swapper = scene.swap();
        scene.catches_the_careless(&swapper);
        let mounts = vec![bind(&scene.volume, "/v"), bind(&source, "/v/a/made/here")];
        let spec = ContainerSpec { mounts, ..machine.container_spec("s", "c", &["/bin/stead", "link-for-test", "/proc/self/cwd"]) };
        start_often(machine, &spec).await;
        drop(swapper);
        assert_eq!(fs::read_dir(&scene.outside).unwrap().count(), 0, "something was made outside");
    })
    .await;
}

/// CVE-2019-16884, CVE-2025-52881: a mount over what `/proc` tells and takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mount_s_place_that_becomes_a_link_covers_nothing_of_proc() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let scene = Scene::new(machine, "volume", Path::new("/proc/self"));
        let argv = ["/bin/stead", "read-for-test", "/proc/self/mountinfo"];
        let plain = machine.run("s", machine.container_spec("s", "plain", &argv)).await.1;
        let expected = covered(&plain);
        assert!(expected.contains("/proc") && expected.contains("/proc/sys"), "{plain:?}");
        let swapper = scene.swap();
        let mounts = vec![bind(&scene.volume, "/v"), bind(&scene.volume.join("b"), "/v/a/attr")];
        // The source is one of the two as well: a link to the machine's own `/proc/self` at some moments.
        let first = ContainerSpec { mounts, ..machine.container_spec("s", "both", &argv) };
        let mounts = vec![bind(&scene.volume, "/v"), bind(&scene.outside, "/v/a/attr")];
        let second = ContainerSpec { mounts, ..machine.container_spec("s", "place", &argv) };
        for log in [start_often(machine, &first).await, start_often(machine, &second).await].concat() {
            assert_eq!(covered(&log), expected, "{log:?}");
        }
        assert!(swapper.swaps.load(Ordering::Relaxed) > 100);
    })
    .await;
}

/// CVE-2024-21626: the working directory, of a container's first program and of those that are run later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_working_directory_that_becomes_a_link_is_inside() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let scene = Scene::new(machine, "volume", &machine.dir.path().join("outside"));
        let swapper = scene.swap();
        scene.catches_the_careless(&swapper);
        let mounts = vec![bind(&scene.volume, "/v")];
        let argv = ["/bin/stead", "link-for-test", "/proc/self/cwd"];
        let spec = ContainerSpec { mounts, cwd: Some("/v/a".into()), ..machine.container_spec("s", "c", &argv) };
        let is_inside = |line: &str| ["/v/a", "/v/b"].iter().any(|path| line.ends_with(&format!("/proc/self/cwd={path}")));
        for log in start_often(machine, &spec).await {
            assert!(log.len() == 1 && is_inside(&log[0]), "{log:?}");
        }
        let argv = ["sleep", "infinity"].map(str::to_owned).into();
        let id = loop {
            let name = format!("sleeper{}", machine.runtime.containers(Some("s")).len());
            let log_path = machine.logs("s").join(&name).join("0.log");
            let sleeper = ContainerSpec { argv: Vec::clone(&argv), name, log_path, ..spec.clone() };
            if let Ok(started) = machine.runtime.start("s", sleeper).await {
                break started.id;
            }
        };
        let began = Instant::now();
        while began.elapsed() < LOOP {
            let argv = ["/bin/stead", "link-for-test", "/proc/self/cwd"];
            if let Ok(text) = exec::output(machine, &id, &argv).await {
                assert!(is_inside(text.trim()), "{text:?}");
            }
        }
        assert!(matches!(machine.runtime.container(&id).unwrap().state, ContainerState::Running { .. }));
        drop(swapper);
        assert_eq!(fs::read_dir(&scene.outside).unwrap().count(), 0, "something was made outside");
    })
    .await;
}
