//! Lost and damaged files below the root directory, and a root directory that was removed. Needs root.

use std::fs;
use std::path::Path;

use stead_runtime::{ContainerState, Runtime, SandboxState};
use stead_sys::process::PidFd;

use crate::harness::{IMAGE, Machine, assert_nothing_left, on_machine, options};
use crate::needs_root;
use crate::recovery::reopen;

enum Damage {
    Lost,
    Empty,
    Torn,
}

impl Damage {
    fn is_done_to(&self, path: &Path) {
        match self {
            Damage::Lost => fs::remove_file(path).unwrap(),
            Damage::Empty => fs::write(path, "").unwrap(),
            Damage::Torn => {
                let bytes = fs::read(path).unwrap();
                fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            }
        }
    }
}

const DAMAGES: [Damage; 3] = [Damage::Lost, Damage::Empty, Damage::Torn];

/// The sandbox that lost its record goes, with all that runs in it; it can be made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_sandbox_without_its_record_is_ended() {
    needs_root!();
    on_machine(async |machine| {
        for damage in DAMAGES {
            for name in ["s", "other"] {
                machine.sandbox(name).await;
            }
            let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
            let kept = machine.runtime.start("other", machine.container_spec("other", "sleeper", &["sleep", "infinity"])).await.unwrap();
            let (process, other) = (PidFd::open(started.pid).unwrap(), PidFd::open(kept.pid).unwrap());
            damage.is_done_to(&machine.root().join("sandboxes/s/sandbox.json"));
            reopen(machine).await;
            assert!(process.has_ended().unwrap() && !other.has_ended().unwrap());
            assert_eq!(machine.runtime.sandboxes().len(), 1);
            machine.sandbox("s").await;
            assert_eq!(machine.run("s", machine.container_spec("s", "again", &["true"])).await.0.code, 0);
            for name in ["s", "other"] {
                machine.runtime.remove_sandbox(name).await.unwrap();
            }
        }
    })
    .await;
}

/// The container that lost its record is ended and can be started anew, in the same sandbox; others do not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_container_without_its_record_is_ended() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let kept = machine.runtime.start("s", machine.container_spec("s", "kept", &["sleep", "infinity"])).await.unwrap();
        for damage in DAMAGES {
            let spec = machine.container_spec("s", "sleeper", &["sleep", "infinity"]);
            let started = machine.runtime.start("s", spec.clone()).await.unwrap();
            let process = PidFd::open(started.pid).unwrap();
            damage.is_done_to(&machine.root().join("sandboxes/s/containers").join(&started.id).join("container.json"));
            reopen(machine).await;
            assert!(process.has_ended().unwrap());
            assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Ready);
            assert_eq!(machine.runtime.containers(Some("s")).len(), 1);
            let again = machine.runtime.start("s", spec).await.unwrap();
            assert_eq!(again.id, started.id);
            machine.runtime.remove_container(&again.id).await.unwrap();
        }
        assert!(matches!(machine.runtime.container(&kept.id).unwrap().state, ContainerState::Running { pid, .. } if pid == kept.pid));
    })
    .await;
}

/// Whatever else is lost while containers run, they run on or are ended, and a container can be started afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_other_lost_file_ends_in_a_usable_sandbox() {
    needs_root!();
    on_machine(async |machine| {
        for (number, lost) in
            ["journal", "sandboxes/s/shim.json", "images", "sandboxes/s/ns", "sandboxes/s/shim.log"].into_iter().enumerate()
        {
            machine.sandbox("s").await;
            machine.runtime.start("s", machine.container_spec("s", &format!("c{number}"), &["sleep", "infinity"])).await.unwrap();
            let path = machine.root().join(lost);
            // Mounts in it are busy.
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.unwrap_or_default();
            reopen(machine).await;
            machine.runtime.builtin(IMAGE).await.unwrap();
            machine.sandbox("s").await;
            let spec = machine.container_spec("s", &format!("after{number}"), &["true"]);
            assert_eq!(machine.run("s", spec).await.0.code, 0, "{lost}");
        }
    })
    .await;
}

/// As `rm -rf` does it: what is busy stays.
fn remove_what_can_be(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            remove_what_can_be(&entry.path());
            fs::remove_dir(entry.path()).unwrap_or_default();
        } else {
            fs::remove_file(entry.path()).unwrap_or_default();
        }
    }
}

/// A running sandbox whose directory has been removed, and its container's process.
async fn without_directory(machine: &Machine) -> PidFd {
    machine.sandbox("s").await;
    let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
    remove_what_can_be(&machine.root());
    PidFd::open(started.pid).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_found_without_its_directory() {
    needs_root!();
    let Machine { dir, runtime, events } = {
        let machine = Machine::new().await;
        let process = without_directory(&machine).await;
        let found = stead_runtime::survey(&machine.root()).unwrap();
        assert_eq!((found.shims.len(), found.mounts.len()), (1, 4), "{found:?}");
        assert!(!process.has_ended().unwrap());
        machine
    };
    let root = dir.path().join("root");
    // A server that has another directory of this name open must be gone first.
    assert!(matches!(Runtime::open(&root, options()).await, Err(stead_runtime::Error::Locked(_))));
    drop((runtime, events));
    let found = stead_runtime::clean(&root).unwrap();
    assert_eq!(found.sandboxes().into_iter().collect::<Vec<_>>(), ["s"]);
    assert!(stead_runtime::survey(&root).unwrap().is_empty());
    remove_what_can_be(&root);
    fs::create_dir_all(root.join("sandboxes")).unwrap();
    fs::write(root.join("journal"), "").unwrap();
    fs::remove_dir_all(dir.path().join("logs")).unwrap();
    assert_nothing_left(dir.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_was_removed_can_be_opened_again() {
    needs_root!();
    on_machine(async |machine| {
        let process = without_directory(machine).await;
        reopen(machine).await;
        assert!(process.has_ended().unwrap());
        assert!(machine.runtime.sandboxes().is_empty());
        machine.runtime.builtin(IMAGE).await.unwrap();
        machine.sandbox("s").await;
        assert_eq!(machine.run("s", machine.container_spec("s", "again", &["true"])).await.0.code, 0);
    })
    .await;
}
