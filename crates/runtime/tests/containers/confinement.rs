//! What a container cannot reach, even as root: disks of the machine, limits of its sandbox, keys of others. Needs root.

use std::fs;
use std::path::PathBuf;

use crate::harness::{self, LONG, on_machine};
use crate::needs_root;
use stead_runtime::Resources;

/// Where a cgroup of a controller lies on this machine, by a part of its path; on version 2 that is the same for all of them.
fn cgroup(controller: &str, part: &str) -> PathBuf {
    let root = PathBuf::from("/sys/fs/cgroup");
    let root = if root.join("cgroup.controllers").exists() { root } else { root.join(controller) };
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        if directory.ends_with(part) {
            return directory;
        }
        let below = fs::read_dir(&directory).into_iter().flatten().flatten();
        directories.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    panic!("no cgroup {part}");
}

fn is_version_2() -> bool {
    fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap()
}

/// Major and minor number of a block device that can be opened outside of containers: a disk, else a loop device.
fn disk() -> Option<(String, String)> {
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};
    let dir = tempfile::tempdir().unwrap();
    let partitions = fs::read_to_string("/proc/partitions").unwrap();
    let numbers = |line: &str| {
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    let mut all = partitions.lines().skip(2).filter_map(numbers).chain([("7".to_owned(), "0".to_owned())]);
    all.find(|(major, minor)| {
        let path = dir.path().join(format!("{major}-{minor}"));
        let number = makedev(major.parse().unwrap(), minor.parse().unwrap());
        mknod(&path, SFlag::S_IFBLK, Mode::from_bits_truncate(0o600), number).unwrap();
        fs::File::open(&path).is_ok()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_in_a_container_opens_no_disk() {
    needs_root!();
    let Some((major, minor)) = disk() else {
        return harness::left_out("root_in_a_container_opens_no_disk", "needs a block device");
    };
    on_machine(async |machine| {
        // OCI-6, LC-24
        machine.sandbox("one").await;
        let eperm = nix::libc::EPERM;
        let cases = [
            ("disk", ["b", &major, &minor], format!("mknod Ok(()) open Err(Some({eperm}))")),
            ("console", ["c", "5", "1"], format!("mknod Ok(()) open Err(Some({eperm}))")),
            ("tunnel", ["c", "10", "200"], format!("mknod Ok(()) open Err(Some({eperm}))")),
            ("null", ["c", "1", "3"], "mknod Ok(()) open Ok(())".to_owned()),
            ("urandom", ["c", "1", "9"], "mknod Ok(()) open Ok(())".to_owned()),
        ];
        for (name, [kind, major, minor], expected) in cases {
            let argv = ["/bin/stead", "open-device-for-test", kind, major, minor];
            let (exit, log) = machine.run("one", machine.container_spec("one", name, &argv)).await;
            assert_eq!((exit.code, log), (0, vec![format!("stdout F {expected}")]), "{name}");
        }
        let mut spec = machine.container_spec("one", "privileged", &["/bin/stead", "open-device-for-test", "b", &major, &minor]);
        spec.privileged = true;
        let (_, log) = machine.run("one", spec).await;
        assert_eq!(log, ["stdout F mknod Ok(()) open Ok(())"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_lifts_its_own_limit_meets_its_sandbox_s() {
    needs_root!();
    on_machine(async |machine| {
        // CG-7, CG-9
        let limits = Resources { memory_limit_bytes: Some(64 << 20), ..Resources::default() };
        let mut sandbox = machine.sandbox_spec("escape");
        sandbox.resources = limits.clone();
        machine.runtime.create_sandbox(sandbox).await.unwrap();
        let mut spec = machine.container_spec("escape", "c", &["/bin/stead", "lift-limits-for-test"]);
        spec.resources = limits;
        let (exit, log) = machine.run("escape", spec).await;
        assert_eq!((exit.code, exit.oom), (137, true), "{log:?}");
        let attempts = log.first().expect("it says what it could write");
        assert!(!attempts.contains("release_agent=written") && !attempts.contains("devices.allow=written"), "{attempts}");
        // The container's own limit is in its reach; a machine where it is not has nothing to prove.
        assert!(attempts.contains("memory."), "{attempts}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cgroups_of_sandboxes_and_above_have_their_settings() {
    needs_root!();
    on_machine(async |machine| {
        // CG-4 to CG-7, CG-9, CG-17
        let mut sandbox = machine.sandbox_spec("set");
        sandbox.cgroup_parent = "pods/batch/set-here".into();
        sandbox.resources = Resources {
            cpu_shares: Some(512),
            cpu_quota_us: Some(50_000),
            memory_limit_bytes: Some(32 << 20),
            pids_limit: Some(100),
            ..Resources::default()
        };
        machine.runtime.create_sandbox(sandbox).await.unwrap();
        let weight = Resources { cpu_shares: Some(1024), ..Resources::default() };
        machine.runtime.limit_cgroup("pods/batch", weight.clone()).await.unwrap();
        machine.runtime.limit_cgroup("", weight).await.unwrap();
        assert!(machine.runtime.limit_cgroup("pods/../up", Resources::default()).await.is_err());
        let expected: &[(&str, &str, &str)] = if is_version_2() {
            &[
                ("cpu", "batch/set-here/cpu.weight", "59"),
                ("cpu", "batch/set-here/cpu.max", "50000 100000"),
                ("memory", "batch/set-here/memory.max", "33554432"),
                ("pids", "batch/set-here/pids.max", "100"),
                ("cpu", "batch/cpu.weight", "100"),
            ]
        } else {
            &[
                ("cpu", "batch/set-here/cpu.shares", "512"),
                ("cpu", "batch/set-here/cpu.cfs_quota_us", "50000"),
                ("memory", "batch/set-here/memory.limit_in_bytes", "33554432"),
                ("pids", "batch/set-here/pids.max", "100"),
                ("cpu", "batch/cpu.shares", "1024"),
            ]
        };
        for (controller, path, value) in expected {
            let (part, file) = path.rsplit_once('/').unwrap();
            let text = fs::read_to_string(cgroup(controller, part).join(file)).unwrap();
            assert_eq!(text.trim_end(), *value, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_frozen_from_inside_can_be_stopped() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("frozen").await;
        let started = machine.runtime.start("frozen", machine.container_spec("frozen", "c", &["sleep", "infinity"])).await.unwrap();
        let own = cgroup("freezer", &started.id);
        let below = own.join("below");
        fs::create_dir(&below).unwrap();
        fs::write(below.join("cgroup.procs"), started.pid.to_string()).unwrap();
        let (file, value) = if is_version_2() { ("cgroup.freeze", "1") } else { ("freezer.state", "FROZEN") };
        fs::write(own.join(file), value).unwrap();
        tokio::time::timeout(LONG, machine.runtime.stop_sandbox("frozen")).await.expect("it is killed at once").unwrap();
        assert_eq!(machine.exit_of("c").await.code, 137);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_have_key_rings_of_their_own() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-13
        machine.sandbox("keys").await;
        let mut rings = vec![stead_sys::keyring::session().map(|ring| format!("stdout F {ring}")).unwrap_or_default()];
        for name in ["one", "two"] {
            let (exit, log) = machine.run("keys", machine.container_spec("keys", name, &["/bin/stead", "session-for-test"])).await;
            assert_eq!(exit.code, 0);
            assert!(!rings.contains(&log[0]), "{log:?} {rings:?}");
            rings.push(log[0].clone());
        }
    })
    .await;
}
