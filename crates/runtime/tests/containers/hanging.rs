//! Shims, helpers and readers that hang or die in the middle: nothing waits for them for ever. Needs root.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use stead_runtime::{ContainerState, Error, Event, ExitReason, SandboxState, StartError};
use stead_sys::process::PidFd;

use crate::harness::{LONG, Machine, host_everything, on_machine};
use crate::needs_root;
use crate::recovery::wait_for;

/// The running server notices it, kills it with its containers, and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_that_stands_still_is_killed_by_the_running_server() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let process = PidFd::open(started.pid).unwrap();
        PidFd::open(machine.runtime.sandbox("s").unwrap().shim_pid).unwrap().signal(nix::libc::SIGSTOP).unwrap();
        let exit = machine.exit_of("sleeper").await;
        assert!(process.has_ended().unwrap());
        assert_eq!((exit.code, exit.reason), (137, ExitReason::Lost));
        assert!(exit.message.contains("did not answer for 3 s"), "{exit:?}");
        let Some(Event::SandboxDied { reason, .. }) = machine.events.next().await else { panic!("no event") };
        assert!(reason.contains("did not answer"), "{reason}");
        assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Stopped);
    })
    .await;
}

/// A start that such a shim was asked for ends too, and says that another sandbox is needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_does_not_wait_for_ever_for_a_shim_that_stands_still() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        PidFd::open(machine.runtime.sandbox("s").unwrap().shim_pid).unwrap().signal(nix::libc::SIGSTOP).unwrap();
        let start = machine.runtime.start("s", machine.container_spec("s", "late", &["true"]));
        let result = tokio::time::timeout(LONG, start).await.unwrap();
        assert!(matches!(result, Err(StartError::Runtime(Error::SandboxNotReady(_)))), "{result:?}");
    })
    .await;
}

/// A shim that stood still for less than its patience goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_that_goes_on_in_time_is_left_in_peace() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let shim = PidFd::open(machine.runtime.sandbox("s").unwrap().shim_pid).unwrap();
        for _ in 0..3 {
            shim.signal(nix::libc::SIGSTOP).unwrap();
            tokio::time::sleep(Duration::from_millis(1500)).await; // half of its patience
            shim.signal(nix::libc::SIGCONT).unwrap();
            machine.runtime.signal(&started.id, 0).await.unwrap();
        }
        assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Ready);
        assert!(matches!(machine.runtime.container(&started.id).unwrap().state, ContainerState::Running { .. }));
    })
    .await;
}

/// Whoever waits for the start learns at once that another sandbox is needed, once everything of this one has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_killed_in_the_middle_of_a_start_says_that_the_sandbox_is_gone() {
    needs_root!();
    on_machine(async |machine| {
        for wait_ms in [0, 2, 5, 10, 20, 40] {
            let id = format!("s{wait_ms}");
            machine.sandbox(&id).await;
            let shim = PidFd::open(machine.runtime.sandbox(&id).unwrap().shim_pid).unwrap();
            let spec = machine.container_spec(&id, "c", &["sleep", "infinity"]);
            let (runtime, sandbox) = (machine.runtime.clone(), id.clone());
            let start = tokio::spawn(async move { runtime.start(&sandbox, spec).await });
            tokio::time::sleep(Duration::from_millis(wait_ms)).await; // any moment will do
            shim.signal(nix::libc::SIGKILL).unwrap();
            match tokio::time::timeout(LONG, start).await.unwrap().unwrap() {
                Ok(started) => wait_for(|| PidFd::open(started.pid).map_or(true, |process| process.has_ended().unwrap())).await,
                Err(StartError::Runtime(Error::SandboxNotReady(_))) => {
                    assert_eq!(machine.runtime.sandbox(&id).unwrap().state, SandboxState::Stopped);
                }
                Err(error) => panic!("after {wait_ms} ms: {error:?}"),
            }
        }
    })
    .await;
}

/// The helper that makes a container of that sandbox, once the container's first process exists.
fn helper_with_init(root: &Path) -> Option<i32> {
    let read = |pid: i32, file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let contains = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| contains(&read(*pid, "comm"), b"2:INIT")).find_map(|init| {
        let stat = String::from_utf8(read(init, "stat")).ok()?;
        let parent: i32 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
        let words = read(parent, "cmdline");
        (contains(&words, b"create-container") && contains(&words, root.to_str()?.as_bytes())).then_some(parent)
    })
}

/// Kills helpers as soon as they have made a first process, until told to stop; gives how many.
fn kill_helpers(root: PathBuf, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<usize> {
    tokio::task::spawn_blocking(move || {
        let mut killed = 0;
        while !stop.load(Ordering::Relaxed) {
            if let Some(handle) = helper_with_init(&root).and_then(|helper| PidFd::open(helper).ok()) {
                killed += usize::from(handle.signal(nix::libc::SIGKILL).is_ok());
            }
        }
        killed
    })
}

/// The attempt ends as one that could not be started, nothing of it is left, and the sandbox can be used.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_helper_killed_after_the_first_process_exists_ends_the_attempt() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let stop = Arc::new(AtomicBool::new(false));
        let killer = kill_helpers(machine.root(), Arc::clone(&stop));
        let mut failed = 0;
        for attempt in 0..200 {
            let mut spec = machine.container_spec("s", "c", &["true"]);
            spec.attempt = attempt;
            match tokio::time::timeout(LONG, machine.runtime.start("s", spec)).await.expect("it hangs") {
                Ok(_) => {}
                Err(StartError::Start { id, message }) => {
                    assert!(message.contains("helper ended without a report (signal 9)"), "{message}");
                    let ContainerState::Exited(exit) = machine.runtime.container(&id).unwrap().state else { panic!() };
                    assert_eq!((exit.code, exit.reason), (128, ExitReason::StartFailed));
                    failed += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
            if failed == 3 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(killer.await.unwrap() >= 3 && failed == 3, "no helper was killed in time");
        let shim = machine.runtime.sandbox("s").unwrap().shim_pid;
        assert!(stead_sys::process::children(shim).unwrap().is_empty(), "first processes are left");
        let mut spec = machine.container_spec("s", "after", &["true"]);
        spec.attempt = 1000;
        assert_eq!(machine.run("s", spec).await.0.code, 0);
    })
    .await;
}

/// LOG-4: whoever else holds a container's output cannot hold up its end, however much is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_surviving_writer_does_not_hold_up_the_end() {
    needs_root!();
    on_machine(async |machine| {
        machine.runtime.create_sandbox(host_everything(machine.sandbox_spec("s"))).await.unwrap();
        let started = machine.runtime.start("s", machine.container_spec("s", "loud", &["sleep", "infinity"])).await.unwrap();
        let mut output = fs::OpenOptions::new().write(true).open(format!("/proc/{}/fd/1", started.pid)).unwrap();
        let writer = tokio::task::spawn_blocking(move || while output.write_all(&[b'x'; 4096]).is_ok() {});
        let log = machine.logs("s").join("loud/0.log");
        wait_for(|| fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 100_000)).await;
        let begun = Instant::now();
        machine.runtime.kill(&started.id).await.unwrap();
        assert_eq!(machine.exit_of("loud").await.code, 137);
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        writer.await.unwrap();
        still_answers(machine).await;
    })
    .await;
}

async fn still_answers(machine: &mut Machine) {
    assert_eq!(machine.run("s", machine.container_spec("s", "after", &["true"])).await.0.code, 0);
}
