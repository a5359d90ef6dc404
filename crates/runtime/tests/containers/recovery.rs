//! What survives whose death: the server's, the shim's, a half-made sandbox's. Needs root.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stead_runtime::{ContainerState, Error, Event, ExitReason, Runtime, SandboxState, StartError};
use stead_sys::process::PidFd;

use crate::harness::{IMAGE, LONG, assert_nothing_left, exit_of, on_machine, options};
use crate::needs_root;

/// A server in a process of its own, which starts a container that floods its log until it is told to stop.
#[expect(clippy::disallowed_methods, reason = "a server that can be killed must be a process")]
fn server(root: &Path, logs: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_stead-shim")).arg("serve-for-test").args([root, logs]).stdout(Stdio::piped()).spawn().unwrap()
}

fn first_line(child: &mut Child) -> String {
    use std::io::BufRead;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// LOG-4, SHIM-1: kill -9 of the server loses no exit code and no line, and doubles nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_outlive_a_killed_server() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let (root, logs) = (dir.path().join("root"), dir.path().join("logs"));
    let mut first = server(&root, &logs);
    let flood: Vec<String> = first_line(&mut first).split(' ').map(str::to_owned).collect();
    let [flood_id, quick_id] = &flood[..] else { panic!("{flood:?}") };
    assert!(matches!(Runtime::open(&root, options()).await, Err(Error::Locked(_))));
    first.kill().unwrap();
    first.wait().unwrap();
    // `quick` ends while nobody is there to hear of it.
    let control = dir.path().join("logs/control");
    fs::write(control.join("end-quick"), "").unwrap();
    wait_for(|| root.join("sandboxes/s/containers").join(quick_id).join("exit.json").exists()).await;

    let runtime = Runtime::open(&root, options()).await.unwrap();
    let mut events = runtime.events();
    assert_eq!(runtime.sandbox("s").unwrap().state, SandboxState::Ready);
    let ContainerState::Exited(exit) = runtime.container(quick_id).unwrap().state else { panic!("quick runs") };
    assert_eq!((exit.code, exit.reason), (7, ExitReason::Exited));
    let container = runtime.container(flood_id).unwrap();
    assert!(matches!(container.state, ContainerState::Running { .. }), "{container:?}");
    assert_eq!(container.spec.labels["part"], "flood");
    // The same attempt is not started twice by the next server either.
    assert!(matches!(runtime.start("s", container.spec).await, Err(StartError::Exists { .. })));
    fs::write(control.join("end-flood"), "").unwrap();
    assert_eq!(exit_of(&mut events, "flood").await.code, 0);
    let log = fs::read_to_string(logs.join("s/flood/0.log")).unwrap();
    let numbers: Vec<u64> = log.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect();
    assert!(numbers.len() > 100, "{}", numbers.len());
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "lines are missing, doubled or out of order");
    runtime.remove_all().await.unwrap();
    assert_nothing_left(dir.path());
}

/// What was not synced may be empty after a loss of power.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_records_do_not_keep_the_server_from_starting() {
    needs_root!();
    on_machine(async |machine| {
        for spoilt in ["sandbox.json", "shim.json", "containers/ID/container.json", "containers/ID/started.json", "containers/ID/exit.json"]
        {
            machine.sandbox("s").await;
            let spec = machine.container_spec("s", "sleeper", &["sleep", "infinity"]);
            let started = machine.runtime.start("s", spec).await.unwrap();
            machine.runtime.stop_sandbox("s").await.unwrap();
            let dir = machine.root().join("sandboxes/s");
            fs::remove_file(dir.join("stopped")).unwrap();
            fs::write(dir.join(spoilt.replace("ID", &started.id)), "").unwrap();
            reopen(machine).await;
            let state = machine.runtime.container(&started.id).map(|container| container.state);
            match spoilt.rsplit('/').next().unwrap() {
                "sandbox.json" | "shim.json" | "container.json" => assert_eq!(state, None, "{spoilt}"),
                _ => assert!(matches!(state, Some(ContainerState::Exited(_))), "{spoilt}: {state:?}"),
            }
            machine.runtime.remove_sandbox("s").await.unwrap();
            assert!(!dir.exists(), "{spoilt}");
        }
    })
    .await;
}

/// A shim that hangs cannot keep its containers alive, neither now nor at the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_shim_is_got_rid_of() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let process = PidFd::open(started.pid).unwrap();
        let shim = PidFd::open(machine.runtime.sandbox("s").unwrap().shim_pid).unwrap();
        shim.signal(nix::libc::SIGSTOP).unwrap();
        machine.runtime.kill(&started.id).await.unwrap();
        assert!(process.has_ended().unwrap());
        reopen(machine).await;
        assert!(shim.has_ended().unwrap());
        let ContainerState::Exited(exit) = machine.runtime.container(&started.id).unwrap().state else { panic!("it runs") };
        assert_eq!((exit.code, exit.reason), (137, ExitReason::Lost));
    })
    .await;
}

pub async fn wait_for(condition: impl Fn() -> bool) {
    let polling = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, polling).await.expect("it never came true");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_shim_takes_its_containers_along() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let ended = machine.runtime.start("s", machine.container_spec("s", "ended", &["false"])).await.unwrap();
        assert_eq!(machine.exit_of("ended").await.code, 1);
        let process = PidFd::open(started.pid).unwrap();
        let shim = machine.runtime.sandbox("s").unwrap().shim_pid;
        PidFd::open(shim).unwrap().signal(nix::libc::SIGKILL).unwrap();
        // CS-9
        let exit = machine.exit_of("sleeper").await;
        assert_eq!((exit.code, exit.reason), (137, ExitReason::Lost));
        let Some(Event::SandboxDied { sandbox, .. }) = machine.events.next().await else { panic!("no event") };
        assert_eq!(sandbox, "s");
        // Invariant 2: it is reported as ended only once it has.
        assert!(process.has_ended().unwrap());
        assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Stopped);
        let ContainerState::Exited(exit) = machine.runtime.container(&ended.id).unwrap().state else { panic!() };
        assert_eq!((exit.code, exit.reason), (1, ExitReason::Exited));
        let late = machine.container_spec("s", "late", &["true"]);
        assert!(matches!(machine.runtime.start("s", late).await, Err(StartError::Runtime(Error::SandboxNotReady(_)))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_that_died_with_the_server_is_found_dead() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let (root, logs) = (dir.path().join("root"), dir.path().join("logs"));
    let mut first = server(&root, &logs);
    let line = first_line(&mut first);
    let flood = line.split(' ').next().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let shim: serde_json::Value = serde_json::from_slice(&fs::read(root.join("sandboxes/s/shim.json")).unwrap()).unwrap();
    let started: serde_json::Value =
        serde_json::from_slice(&fs::read(root.join("sandboxes/s/containers").join(flood).join("started.json")).unwrap()).unwrap();
    let pid = |value: &serde_json::Value| i32::try_from(value["pid"].as_i64().unwrap()).unwrap();
    let (shim, process) = (PidFd::open(pid(&shim)).unwrap(), PidFd::open(pid(&started)).unwrap());
    shim.signal(nix::libc::SIGKILL).unwrap();
    wait_for(|| shim.has_ended().unwrap()).await;
    let runtime = Runtime::open(&root, options()).await.unwrap();
    assert!(process.has_ended().unwrap());
    let ContainerState::Exited(exit) = runtime.container(flood).unwrap().state else { panic!("it runs") };
    assert_eq!((exit.code, exit.reason), (137, ExitReason::Lost));
    assert_eq!(runtime.sandbox("s").unwrap().state, SandboxState::Stopped);
    runtime.remove_all().await.unwrap();
    assert_nothing_left(dir.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_made_things_are_removed_at_the_next_start() {
    needs_root!();
    on_machine(async |machine| {
        let root = machine.root();
        let runtime = machine.runtime.clone();
        machine.sandbox("whole").await;
        machine.sandbox("half").await;
        let half = root.join("sandboxes/half");
        // As a server leaves things that dies before the shim is up, before a record is written, and before the shim is asked.
        let shim = runtime.sandbox("half").unwrap().shim_pid;
        fs::remove_file(half.join("shim.json")).unwrap();
        fs::create_dir(root.join("sandboxes/empty")).unwrap();
        let never_asked = root.join("sandboxes/whole/containers/ffff");
        fs::create_dir(&never_asked).unwrap();
        drop(runtime);
        reopen(machine).await;
        assert!(PidFd::open(shim).is_ok_and(|shim| shim.has_ended().unwrap()) || PidFd::open(shim).is_err());
        assert!(!half.exists() && !root.join("sandboxes/empty").exists() && !never_asked.exists());
        assert_eq!(machine.runtime.sandboxes().len(), 1);
        assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(half.to_str().unwrap()));
        let (exit, _) = machine.run("whole", machine.container_spec("whole", "after", &["true"])).await;
        assert_eq!(exit.code, 0);
    })
    .await;
}

/// Another server opens the directory after this one is gone.
pub async fn reopen(machine: &mut crate::harness::Machine) {
    let root = machine.root();
    // A second directory stands in meanwhile, since a field cannot be empty.
    let aside = Runtime::open(&machine.dir.path().join("aside"), options()).await.unwrap();
    drop(std::mem::replace(&mut machine.runtime, aside.clone()));
    machine.events = aside.events();
    let again = async {
        loop {
            match Runtime::open(&root, options()).await {
                Err(Error::Locked(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                other => return other.unwrap(),
            }
        }
    };
    machine.runtime = tokio::time::timeout(LONG, again).await.unwrap();
    machine.events = machine.runtime.events();
    aside.remove_all().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_boot_s_containers_are_lost() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        machine.runtime.stop_sandbox("s").await.unwrap();
        // As a loss of power leaves things: no end on record, and a shim of another boot.
        let dir = machine.root().join("sandboxes/s");
        fs::remove_file(dir.join("stopped")).unwrap();
        fs::remove_file(dir.join("containers").join(&started.id).join("exit.json")).unwrap();
        let shim = fs::read_to_string(dir.join("shim.json")).unwrap();
        let boot_id = machine.runtime.facts().boot_id.clone();
        fs::write(dir.join("shim.json"), shim.replace(&boot_id, "another-boot")).unwrap();
        reopen(machine).await;
        // SHIM-8
        let ContainerState::Exited(exit) = machine.runtime.container(&started.id).unwrap().state else { panic!("it runs") };
        assert_eq!((exit.code, exit.reason), (137, ExitReason::Lost));
        assert!(exit.started_at.is_some());
    })
    .await;
}

/// CS-7, T-13: a process of the container, not its first one, is killed for want of memory, or the first itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn want_of_memory_is_reported() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let mut spec = machine.container_spec("s", "hog", &["/bin/stead", "eat-memory-for-test"]);
        spec.resources.memory_limit_bytes = Some(32 << 20);
        let (exit, _) = machine.run("s", spec).await;
        assert_eq!((exit.code, exit.signal, exit.oom), (137, Some(9), true), "{exit:?}");
        let mut spec = machine.container_spec("s", "modest", &["true"]);
        spec.resources.memory_limit_bytes = Some(32 << 20);
        let (exit, _) = machine.run("s", spec).await;
        assert_eq!((exit.code, exit.oom), (0, false));
    })
    .await;
}

/// CS-13
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_message_is_kept() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let mut spec = machine.container_spec("s", "speaker", &["/bin/stead", "write-for-test", "/dev/termination-log", "the reason"]);
        spec.read_only_rootfs = true;
        spec.image = IMAGE.into();
        let (exit, _) = machine.run("s", spec).await;
        assert_eq!((exit.code, exit.message.as_str()), (0, "the reason"));
    })
    .await;
}

/// LOG-4: a log that cannot be written stalls the container's output and loses none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_no_line() {
    needs_root!();
    on_machine(async |machine| {
        let control = machine.dir.path().join("control");
        let small = machine.dir.path().join("small");
        fs::create_dir(&control).unwrap();
        fs::create_dir(&small).unwrap();
        let disk = SmallDisk::mount(&small);
        machine.sandbox("s").await;
        let mut spec = machine.container_spec("s", "flood", &["/bin/stead", "flood-for-test", "/control/end"]);
        spec.mounts.push(stead_runtime::Mount { source: control.clone(), destination: "/control".into(), ..Default::default() });
        spec.log_path = small.join("0.log");
        let log = spec.log_path.clone();
        machine.runtime.start("s", spec).await.unwrap();
        wait_for(|| nix::sys::statvfs::statvfs(&small).unwrap().blocks_available() == 0).await;
        let full = fs::metadata(&log).unwrap().len();
        disk.grow();
        wait_for(|| fs::metadata(&log).unwrap().len() > full).await;
        fs::write(control.join("end"), "").unwrap();
        assert_eq!(machine.exit_of("flood").await.code, 0);
        let text = fs::read_to_string(&log).unwrap();
        let numbers: Vec<u64> = text.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect();
        assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "lines are missing, doubled or out of order");
    })
    .await;
}

/// A file system of 64 KiB that can grow.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(path: &Path) -> SmallDisk<'_> {
        nix::mount::mount(Some("small"), path, Some("tmpfs"), nix::mount::MsFlags::empty(), Some("size=64k")).unwrap();
        SmallDisk(path)
    }

    fn grow(&self) {
        let none: Option<&str> = None;
        nix::mount::mount(none, self.0, none, nix::mount::MsFlags::MS_REMOUNT, Some("size=64m")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        nix::mount::umount2(self.0, nix::mount::MntFlags::MNT_DETACH).unwrap();
    }
}

/// Socket paths have 107 bytes; directories may be longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_path_is_no_obstacle() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("x".repeat(120)).join("root");
    let runtime = Runtime::open(&root, options()).await.unwrap();
    runtime.builtin(IMAGE).await.unwrap();
    let mut events = runtime.events();
    let logs = dir.path().join("logs");
    let spec = stead_runtime::SandboxSpec { id: "s".repeat(100), cgroup_parent: "p".into(), log_dir: logs.clone(), ..Default::default() };
    runtime.create_sandbox(spec.clone()).await.unwrap();
    let container = stead_runtime::ContainerSpec {
        name: "c".into(),
        image: IMAGE.into(),
        argv: vec!["true".into()],
        log_path: logs.join("c.log"),
        ..Default::default()
    };
    runtime.start(&spec.id, container).await.unwrap();
    assert_eq!(exit_of(&mut events, "c").await.code, 0);
    runtime.remove_all().await.unwrap();
}

/// LOG-5: rotation renames the file and has it opened anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_log_is_opened_anew() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let control = machine.dir.path().join("control");
        fs::create_dir(&control).unwrap();
        let mut spec = machine.container_spec("s", "flood", &["/bin/stead", "flood-for-test", "/control/end"]);
        spec.mounts.push(stead_runtime::Mount { source: control.clone(), destination: "/control".into(), ..Default::default() });
        let log = spec.log_path.clone();
        let started = machine.runtime.start("s", spec).await.unwrap();
        wait_for(|| fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 1000)).await;
        let rotated = log.with_file_name("0.log.old");
        fs::rename(&log, &rotated).unwrap();
        machine.runtime.reopen_log(&started.id).await.unwrap();
        wait_for(|| fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 1000)).await;
        fs::write(control.join("end"), "").unwrap();
        assert_eq!(machine.exit_of("flood").await.code, 0);
        let text = fs::read_to_string(&rotated).unwrap() + &fs::read_to_string(&log).unwrap();
        let numbers: Vec<u64> = text.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect();
        assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "lines are missing, doubled or out of order");
        machine.runtime.remove_container(&started.id).await.unwrap();
        assert!(!log.exists() && !rotated.exists());
    })
    .await;
}

/// Callers that give up at any moment leave nothing half-made behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_can_be_dropped_at_any_point() {
    needs_root!();
    on_machine(async |machine| {
        for wait_ms in [0, 1, 3, 8, 15, 25, 40] {
            let id = format!("s{wait_ms}");
            let wait = Duration::from_millis(wait_ms);
            // Whether it was done in time does not matter.
            let made = tokio::time::timeout(wait, machine.runtime.create_sandbox(machine.sandbox_spec(&id))).await;
            machine.sandbox(&id).await;
            let spec = machine.container_spec(&id, "c", &["sleep", "infinity"]);
            let started = tokio::time::timeout(wait, machine.runtime.start(&id, spec.clone())).await;
            match machine.runtime.start(&id, spec).await {
                Ok(_) => assert!(started.is_err(), "started twice after {wait_ms} ms, sandbox {made:?}"),
                Err(StartError::Exists { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            wait_for(|| {
                let containers = machine.runtime.containers(Some(&id));
                containers.len() == 1 && matches!(containers[0].state, ContainerState::Running { .. })
            })
            .await;
        }
        // One shim each is left, once the helpers that made the containers have ended.
        let ours = |process: &fs::DirEntry| {
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(machine.dir.path().to_str().unwrap())
        };
        wait_for(|| fs::read_dir("/proc").unwrap().flatten().filter(ours).count() == 7).await;
    })
    .await;
}

/// A server that goes while a container is being made: the next one finds it made, or hears of it when it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_outlives_its_server_is_heard_of() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        for (number, wait_ms) in [1, 3, 8, 15, 25].into_iter().enumerate() {
            let name = format!("c{number}");
            let spec = machine.container_spec("s", &name, &["sleep", "infinity"]);
            let asked = tokio::time::timeout(Duration::from_millis(wait_ms), machine.runtime.start("s", spec)).await;
            reopen(machine).await;
            let state = || machine.runtime.containers(Some("s")).into_iter().find(|c| c.spec.name == name).map(|c| c.state);
            if state().is_none() {
                assert!(asked.is_err(), "{name} was started and is unknown");
                continue; // never asked for
            }
            wait_for(|| matches!(state(), Some(ContainerState::Running { .. }))).await;
        }
    })
    .await;
}

/// Keeps what is logged as a warning or worse by its thread.
struct Warnings(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// What goes as it should is worth no warning: a sandbox that is stopped, a directory that is opened again, the cgroups of a tier in it.
#[tokio::test(flavor = "current_thread")]
async fn nothing_is_warned_of_where_all_is_well() {
    needs_root!();
    let warnings = std::sync::Arc::default();
    let _guard = tracing::subscriber::set_default(Warnings(std::sync::Arc::clone(&warnings)));
    on_machine(async |machine| {
        for round in 0..3 {
            let id = format!("s{round}");
            machine.sandbox(&id).await;
            machine.runtime.start(&id, machine.container_spec(&id, "c", &["sleep", "infinity"])).await.unwrap();
            reopen(machine).await;
            machine.runtime.stop_sandbox(&id).await.unwrap();
            // Of a tier that has no pod any more.
            fs::create_dir_all(directory_of_tier(machine)).unwrap();
            reopen(machine).await;
            machine.runtime.remove_sandbox(&id).await.unwrap();
        }
    })
    .await;
    assert_eq!(*warnings.lock().unwrap(), Vec::<String>::new());
}

fn directory_of_tier(machine: &crate::harness::Machine) -> std::path::PathBuf {
    let hierarchy = if machine.runtime.facts().cgroup_version == 1 { "/sys/fs/cgroup/memory" } else { "/sys/fs/cgroup" };
    let found = stead_runtime::survey(&machine.root()).unwrap();
    Path::new(hierarchy).join(found.cgroups.first().unwrap().trim_start_matches('/')).join("tier")
}
