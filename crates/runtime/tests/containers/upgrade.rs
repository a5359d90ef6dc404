//! Other versions of the program: the one before is taken over from, and what a later one left is not touched. Needs root.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use stead_runtime::{ContainerState, Error, ExitReason, Options, Runtime, SandboxState, StartError};
use stead_sys::process::PidFd;

use crate::harness::{IMAGE, Machine, assert_nothing_left, on_machine, options};
use crate::needs_root;
use crate::recovery::{reopen, wait_for};

/// All records below a directory.
fn records(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() && !["layer", "upper", "work", "rootfs", "oci", "ns", "shm"].iter().any(|name| path.ends_with(name)) {
            found.extend(records(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") && !path.ends_with("config.json") {
            found.push(path);
        }
    }
    found
}

/// Writes the records as the first version did.
fn write_as_version_1(root: &Path) {
    for path in records(root) {
        let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        value.as_object_mut().unwrap().remove("version").unwrap_or_else(|| panic!("{} has no version", path.display()));
        match path.file_name().unwrap().to_str().unwrap() {
            "names.json" => value = value["names"].take(),
            "shim.json" => value["version"] = 1.into(), // of the protocol: the only one
            _ => {}
        }
        fs::write(&path, value.to_string()).unwrap();
    }
}

/// SHIM-9: records and a live shim of the version before go on as if nothing had happened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_before_is_taken_over_from() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let former = dir.path().join("stead-shim-speaks-1");
    std::os::unix::fs::symlink(options().executable, &former).unwrap();
    let mut machine = Machine::with(dir, Options { executable: former, ..options() }).await;
    machine.sandbox("s").await;
    let running = machine.runtime.start("s", machine.container_spec("s", "running", &["sleep", "infinity"])).await.unwrap();
    let process = PidFd::open(running.pid).unwrap();
    let (exit, _) = machine.run("s", machine.container_spec("s", "ended", &["false"])).await;
    assert_eq!(exit.code, 1);
    let shim = machine.runtime.sandbox("s").unwrap().shim_pid;
    write_as_version_1(&machine.root());

    reopen(&mut machine).await;
    assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Ready);
    assert_eq!(machine.runtime.sandbox("s").unwrap().shim_pid, shim);
    assert!(matches!(machine.runtime.container(&running.id).unwrap().state, ContainerState::Running { pid, .. } if pid == running.pid));
    assert!(!process.has_ended().unwrap());
    let ended = machine.runtime.containers(Some("s")).into_iter().find(|container| container.spec.name == "ended").unwrap();
    assert!(matches!(ended.state, ContainerState::Exited(exit) if (exit.code, exit.reason) == (1, ExitReason::Exited)));
    assert!(machine.runtime.image(IMAGE).unwrap().is_some());
    // The shim goes on serving: a new container, a signal, an end.
    let (exit, _) = machine.run("s", machine.container_spec("s", "another", &["true"])).await;
    assert_eq!(exit.code, 0);
    machine.runtime.signal(&running.id, nix::libc::SIGKILL).await.unwrap();
    assert_eq!(machine.exit_of("running").await.code, 137);
    machine.runtime.remove_all().await.unwrap();
    assert_nothing_left(machine.dir.path());
}

/// What of a running sandbox is replaced by what a later version, or nobody, would have written.
const FOREIGN: [(&str, &str); 6] = [
    ("sandbox.json", r#"{"version":9,"spec":{"labels":{"app":"test"}}}"#),
    ("sandbox.json", "no record"),
    ("shim.json", r#"{"version":9}"#),
    ("containers/ID/container.json", r#"{"version":9,"id":"ID"}"#),
    ("containers/ID/container.json", r#"{"id":7}"#),
    ("containers/ID/started.json", r#"{"version":9}"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_is_left_alone() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        machine.sandbox("other").await;
        let spec = machine.container_spec("s", "sleeper", &["sleep", "infinity"]);
        let started = machine.runtime.start("s", spec.clone()).await.unwrap();
        let process = PidFd::open(started.pid).unwrap();
        for (file, text) in FOREIGN {
            let path = machine.root().join("sandboxes/s").join(file.replace("ID", &started.id));
            let ours = fs::read(&path).unwrap();
            fs::write(&path, text).unwrap();
            reopen(machine).await;
            assert_left_alone(machine, path.to_str().unwrap()).await;
            // An image that such a container may run on stays.
            machine.runtime.builtin(IMAGE).await.unwrap();
            assert!(!process.has_ended().unwrap(), "{file}");
            // One sandbox's trouble is no other's.
            let attempt = fs::read_dir(machine.root().join("sandboxes/other/containers")).unwrap().count();
            let name = format!("c{attempt}");
            assert_eq!(machine.run("other", machine.container_spec("other", &name, &["true"])).await.0.code, 0);
            fs::write(&path, ours).unwrap();
            reopen(machine).await;
            assert_eq!(machine.runtime.sandbox("s").unwrap().state, SandboxState::Ready, "{file}");
            assert!(matches!(machine.runtime.start("s", spec.clone()).await, Err(StartError::Exists { .. })));
        }
        assert!(!process.has_ended().unwrap());
    })
    .await;
}

/// Sandbox `s` is shown with that word in its reason, and nothing can be done to it.
async fn assert_left_alone(machine: &Machine, word: &str) {
    let sandbox = machine.runtime.sandbox("s").unwrap();
    assert_eq!(sandbox.spec.id, "s");
    let SandboxState::LeftAlone(reason) = sandbox.state else { panic!("{sandbox:?}") };
    assert!(reason.contains(word), "{reason}");
    let spec = machine.container_spec("s", "sleeper", &["sleep", "infinity"]);
    assert!(matches!(machine.runtime.start("s", spec).await, Err(StartError::Runtime(Error::LeftAlone { .. }))));
    assert!(matches!(machine.runtime.create_sandbox(machine.sandbox_spec("s")).await, Err(Error::LeftAlone { .. })));
    assert!(matches!(machine.runtime.stop_sandbox("s").await, Err(Error::LeftAlone { .. })));
    assert!(matches!(machine.runtime.remove_sandbox("s").await, Err(Error::LeftAlone { .. })));
}

/// SHIM-9: a shim that speaks other versions only is neither retried nor killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_of_a_later_version_is_left_alone() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let shim = PidFd::open(machine.runtime.sandbox("s").unwrap().shim_pid).unwrap();
        let socket = machine.root().join("sandboxes/s/shim.sock");
        let aside = socket.with_extension("aside");
        fs::rename(&socket, &aside).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let later = tokio::task::spawn_blocking(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let reply = br#"{"Reply":{"number":0,"result":{"Err":{"Version":{"oldest":8,"newest":9}}}}}"#;
            stream.write_all(&[&u32::try_from(reply.len()).unwrap().to_be_bytes()[..], reply].concat()).unwrap();
            String::from_utf8(request).unwrap()
        });
        reopen(machine).await;
        assert!(later.await.unwrap().contains("Hello"));
        assert_left_alone(machine, "speaks versions 8 to 9").await;
        assert!(!shim.has_ended().unwrap() && !PidFd::open(started.pid).unwrap().has_ended().unwrap());
        fs::rename(&aside, &socket).unwrap();
        reopen(machine).await;
        assert!(matches!(machine.runtime.container(&started.id).unwrap().state, ContainerState::Running { .. }));
    })
    .await;
}

/// What was asked for by hand ends what is not understood too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_everything_ends_what_is_not_understood() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", machine.container_spec("s", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let process = PidFd::open(started.pid).unwrap();
        let path = machine.root().join("sandboxes/s/sandbox.json");
        let ours = fs::read(&path).unwrap();
        fs::write(&path, r#"{"version":9}"#).unwrap();
        reopen(machine).await;
        assert_eq!(machine.runtime.stop_all().await.unwrap(), 1);
        wait_for(|| process.has_ended().unwrap()).await;
        assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"version":9}"#);
        fs::write(&path, ours).unwrap();
        reopen(machine).await;
    })
    .await;
}

/// A record's file name and what is in it.
type Kept = (&'static str, &'static str);

/// What the version before wrote. Part of the test program, which also runs where there are no sources.
const KEPT_SANDBOX: &[Kept] =
    &[("sandbox.json", include_str!("../data/v1/sandbox.json")), ("shim.json", include_str!("../data/v1/shim.json"))];
const KEPT_RUNNING: &[Kept] = &[
    ("container.json", include_str!("../data/v1/running/container.json")),
    ("started.json", include_str!("../data/v1/running/started.json")),
];
const KEPT_ENDED: &[Kept] = &[
    ("container.json", include_str!("../data/v1/ended/container.json")),
    ("started.json", include_str!("../data/v1/ended/started.json")),
    ("exit.json", include_str!("../data/v1/ended/exit.json")),
];

/// Opening alone, without the harness's image, on records of version 1 that describe nothing that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_records_of_version_1_are_opened() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let text = |kept: &str| kept.replace("/var/lib/stead/logs", dir.path().join("logs").to_str().unwrap());
    let id = |record: &serde_json::Value| record.as_str().unwrap().to_owned();
    let record: serde_json::Value = serde_json::from_str(KEPT_SANDBOX[0].1).unwrap();
    let sandbox = root.join("sandboxes").join(id(&record["spec"]["id"]));
    fs::create_dir_all(&sandbox).unwrap();
    for (name, kept) in KEPT_SANDBOX {
        fs::write(sandbox.join(name), text(kept)).unwrap();
    }
    for files in [KEPT_RUNNING, KEPT_ENDED] {
        let record: serde_json::Value = serde_json::from_str(files[0].1).unwrap();
        let place = sandbox.join("containers").join(id(&record["id"]));
        fs::create_dir_all(&place).unwrap();
        for (name, kept) in files {
            fs::write(place.join(name), text(kept)).unwrap();
        }
    }
    let runtime = Runtime::open(&root, options()).await.unwrap();
    assert_eq!(runtime.sandboxes()[0].state, SandboxState::Stopped);
    let codes: Vec<(String, i32)> =
        runtime.containers(None).into_iter().map(|container| (container.spec.name, code(&container.state))).collect();
    assert_eq!(codes, [("quick".to_owned(), 0), ("sleeper".to_owned(), 137)]);
    runtime.remove_all().await.unwrap();
    assert_nothing_left(dir.path());
}

fn code(state: &ContainerState) -> i32 {
    let ContainerState::Exited(exit) = state else { panic!("{state:?}") };
    exit.code
}
