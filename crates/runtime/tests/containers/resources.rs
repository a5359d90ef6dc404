//! What containers use, and limits of running ones. Needs root.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{LONG, Machine, left_out, on_machine};
use crate::needs_root;
use stead_runtime::{CgroupUsage, ContainerSpec, ContainerState, Error, ExecSpec, HugePages, Resources, SandboxSpec, Stdio};

const MIB: u64 = 1 << 20;

/// Starts a container that takes so much memory and waits until it has it.
async fn hold(machine: &Machine, sandbox: &str, mebibytes: u64, resources: Resources) -> String {
    let mut spec = machine.container_spec(sandbox, "holder", &["/bin/stead", "hold-for-test", &mebibytes.to_string()]);
    spec.resources = resources;
    let id = machine.runtime.start(sandbox, spec).await.unwrap().id;
    let held = async {
        while machine.log(sandbox, "holder") != ["stdout F held"] {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, held).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_of_a_sandbox_and_its_containers_is_read() {
    needs_root!();
    on_machine(async |machine| {
        // STAT-3, CG-13
        machine.sandbox("s").await;
        let empty = machine.runtime.usage("s").await.unwrap();
        assert_eq!(empty.containers, []);
        let id = hold(machine, "s", 24, Resources::default()).await;
        let used = machine.runtime.usage("s").await.unwrap();
        // The kernel brings what is below into a parent's statistics only now and then, but never late into its sums.
        let is_plausible = |usage: &CgroupUsage| {
            usage.memory_bytes >= 24 * MIB && usage.memory_bytes >= usage.working_set_bytes && usage.cpu_ns > 0 && usage.processes == 1
        };
        assert!(is_plausible(&used.cgroup), "{used:?}");
        assert!(used.containers.len() == 1 && used.containers[0].0 == id && is_plausible(&used.containers[0].1), "{used:?}");
        assert_eq!(used.cgroup.oom_kills, 0);
        let disk = machine.runtime.disk_usage(&id).await.unwrap();
        assert!(disk.writable_layer.inodes > 0 && disk.log.inodes == 1 && disk.log.bytes > 0, "{disk:?}");
        machine.runtime.stop_sandbox("s").await.unwrap();
        assert!(machine.runtime.usage("s").await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_running_containers_and_sandboxes_change() {
    needs_root!();
    on_machine(async |machine| {
        // CG-14
        let limits = |mebibytes: u64, cpu_quota_us| Resources {
            cpu_shares: Some(512),
            cpu_quota_us,
            memory_limit_bytes: Some((mebibytes * MIB).cast_signed()),
            ..Resources::default()
        };
        let spec = |resources| stead_runtime::SandboxSpec { resources, ..machine.sandbox_spec("s") };
        machine.runtime.create_sandbox(spec(limits(64, Some(50_000)))).await.unwrap();
        let id = hold(machine, "s", 24, limits(64, Some(50_000))).await;
        machine.runtime.update_sandbox_limits("s", limits(128, None)).await.unwrap();
        machine.runtime.update_limits(&id, limits(96, None)).await.unwrap();
        assert_eq!(machine.runtime.container(&id).unwrap().spec.resources, limits(96, None));
        assert_eq!(machine.runtime.sandbox("s").unwrap().spec.resources, limits(128, None));
        // Found again as it was asked for at first.
        machine.runtime.create_sandbox(spec(limits(64, None))).await.unwrap();
        let refused = machine.runtime.update_limits(&id, limits(8, None)).await.unwrap_err();
        assert!(matches!(refused, Error::LimitBelowUsage { limit_bytes, usage_bytes } if limit_bytes == 8 * MIB && usage_bytes > 24 * MIB));
        machine.runtime.update_limits(&id, limits(80, Some(20_000))).await.unwrap();
        machine.runtime.update_sandbox_limits("s", limits(80, Some(20_000))).await.unwrap();
        // What was set is in force: a container that takes more is killed.
        machine.runtime.kill(&id).await.unwrap();
        machine.exit_of("holder").await;
        assert!(matches!(machine.runtime.update_limits(&id, limits(96, None)).await, Err(Error::ContainerNotRunning(_))));
        assert!(matches!(machine.runtime.update_sandbox_limits("none", limits(96, None)).await, Err(Error::SandboxNotFound(_))));
    })
    .await;
}

/// What the controller of huge pages says of a cgroup: of 2 MiB pages its limit, and its processes. It may be of either version, whatever the others are.
fn huge_pages(part: &str) -> Option<(String, Vec<i32>)> {
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/hugetlb"].map(PathBuf::from);
    let mut directories = roots.to_vec();
    while let Some(directory) = directories.pop() {
        let limit =
            ["max", "limit_in_bytes"].iter().find_map(|file| fs::read_to_string(directory.join(format!("hugetlb.2MB.{file}"))).ok());
        if let Some(limit) = limit.filter(|_| directory.ends_with(part)) {
            let processes = fs::read_to_string(directory.join("cgroup.procs")).unwrap();
            return Some((limit.trim().to_owned(), processes.lines().map(|line| line.parse().unwrap()).collect()));
        }
        let below = fs::read_dir(&directory).into_iter().flatten().flatten();
        directories.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_pages_are_limited_and_programs_run_later_are_too() {
    needs_root!();
    if !Path::new("/sys/kernel/mm/hugepages/hugepages-2048kB").exists() {
        return left_out("huge_pages_are_limited_and_programs_run_later_are_too", "needs huge pages of 2 MiB");
    }
    on_machine(async |machine| {
        // CG-10
        let pages = |limit_bytes| vec![HugePages { page_bytes: 2 * MIB, limit_bytes }];
        machine.runtime.create_sandbox(SandboxSpec { huge_pages: pages(8 * MIB), ..machine.sandbox_spec("huge") }).await.unwrap();
        let spec = ContainerSpec { huge_pages: pages(4 * MIB), ..machine.container_spec("huge", "c", &["sleep", "infinity"]) };
        let started = machine.runtime.start("huge", spec).await.unwrap();
        assert_eq!(huge_pages("pods/huge").unwrap(), ((8 * MIB).to_string(), Vec::new()));
        assert_eq!(huge_pages(&started.id).unwrap(), ((4 * MIB).to_string(), vec![started.pid]));
        let (stdin, input) = std::io::pipe().unwrap();
        let order = ExecSpec { argv: vec!["cat".to_owned()], grace: None };
        let stdio = Stdio::Pipes { stdin: Some(stdin.into()), stdout: None, stderr: None };
        let mut exec = machine.runtime.exec(&started.id, order, stdio).await.unwrap();
        assert_eq!(huge_pages(&started.id).unwrap().1.len(), 2);
        drop(input);
        exec.wait().await.unwrap();
        let other = vec![HugePages { page_bytes: 3 * MIB, limit_bytes: 3 * MIB }];
        let error = machine.runtime.create_sandbox(SandboxSpec { huge_pages: other, ..machine.sandbox_spec("t") }).await.unwrap_err();
        assert!(error.to_string().contains("no huge pages of 3MB"), "{error}");
    })
    .await;
}

/// The files of a container's cgroup that say what becomes of it without memory, as far as this kernel has them.
fn memory_files(container: &str) -> Vec<(&'static str, String)> {
    let mut directories = vec![PathBuf::from(if is_version_2() { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" })];
    while let Some(directory) = directories.pop() {
        if directory.ends_with(container) {
            let names = ["memory.memsw.limit_in_bytes", "memory.swap.max", "memory.oom.group"];
            let read = |name: &'static str| Some((name, fs::read_to_string(directory.join(name)).ok()?.trim().to_owned()));
            return names.into_iter().filter_map(read).collect();
        }
        let below = fs::read_dir(&directory).into_iter().flatten().flatten();
        directories.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    panic!("no cgroup of {container}");
}

fn is_version_2() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

/// CG-8, CG-9: on version 2 a container dies as a whole of one program's want of memory, on version 1 that program alone; neither swaps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dies_when_a_program_runs_out_of_memory() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let limit = Resources { memory_limit_bytes: Some((32 * MIB).cast_signed()), ..Resources::default() };
        let sleeper = ContainerSpec { resources: limit, ..machine.container_spec("s", "c", &["sleep", "infinity"]) };
        let id = machine.runtime.start("s", sleeper).await.unwrap().id;
        let expected = [("memory.memsw.limit_in_bytes", "33554432"), ("memory.swap.max", "0"), ("memory.oom.group", "1")];
        for (name, value) in memory_files(&id) {
            assert!(expected.contains(&(name, value.as_str())), "{name} is {value}");
        }
        let order = ExecSpec { argv: vec!["/bin/stead".to_owned(), "eat-memory-for-test".to_owned()], grace: None };
        let mut exec = machine.runtime.exec(&id, order, Stdio::Pipes { stdin: None, stdout: None, stderr: None }).await.unwrap();
        let code = tokio::time::timeout(LONG, exec.wait()).await.unwrap();
        if is_version_2() {
            let exit = machine.exit_of("c").await;
            assert_eq!((exit.code, exit.oom), (137, true));
        } else {
            assert_eq!(code.unwrap(), 137);
            let state = machine.runtime.container(&id).unwrap().state;
            assert!(matches!(state, ContainerState::Running { .. }), "{state:?}");
            assert_eq!(machine.runtime.usage("s").await.unwrap().containers[0].1.oom_kills, 1);
        }
    })
    .await;
}

/// CG-11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_has_no_more_processes_than_it_may() {
    needs_root!();
    on_machine(async |machine| {
        let resources = Resources { pids_limit: Some(4), ..Resources::default() };
        machine.runtime.create_sandbox(SandboxSpec { resources, ..machine.sandbox_spec("s") }).await.unwrap();
        let id = machine.runtime.start("s", machine.container_spec("s", "c", &["sleep", "infinity"])).await.unwrap().id;
        let (mut running, mut refused) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            let order = ExecSpec { argv: ["sleep", "infinity"].map(str::to_owned).into(), grace: None };
            match machine.runtime.exec(&id, order, Stdio::Pipes { stdin: None, stdout: None, stderr: None }).await {
                Ok(exec) => running.push(exec),
                Err(error) => refused.push(error.to_string()),
            }
        }
        assert!((1..=3).contains(&running.len()), "{} run", running.len());
        assert!(refused.iter().all(|text| text.contains("process: fork: ")), "{refused:?}");
    })
    .await;
}
