//! Namespaces that containers share, settings of the kernel in them, and mounts that are shared with the machine. Needs root.

use std::fs;
use std::path::Path;

use crate::harness::{Machine, on_machine};
use crate::needs_root;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use stead_runtime::{Mount, NamespaceMode, Propagation, SandboxSpec};

/// What a container prints that tries something.
async fn attempt(machine: &mut Machine, sandbox: &str, name: &str, words: &[&str]) -> Vec<String> {
    let argv: Vec<&str> = std::iter::once("/bin/stead").chain(words.iter().copied()).collect();
    let (exit, log) = machine.run(sandbox, machine.container_spec(sandbox, name, &argv)).await;
    assert_eq!(exit.code, 0, "{log:?}");
    log.into_iter().map(|line| line.trim_start_matches("stdout F ").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_kernel_hold_in_the_sandbox_alone() {
    needs_root!();
    on_machine(async |machine| {
        // SEC-16
        let host = fs::read_to_string("/proc/sys/kernel/shm_rmid_forced").unwrap();
        let other = if host.trim() == "0" { "1" } else { "0" };
        let sysctls = [("net.ipv4.ip_local_port_range", "20000 30000"), ("kernel.shm_rmid_forced", other)];
        let sysctls = sysctls.map(|(name, value)| (name.to_owned(), value.to_owned()));
        machine.runtime.create_sandbox(SandboxSpec { sysctls: sysctls.into(), ..machine.sandbox_spec("s") }).await.unwrap();
        let paths = ["/proc/sys/net/ipv4/ip_local_port_range", "/proc/sys/kernel/shm_rmid_forced"];
        let said = attempt(machine, "s", "c", &["read-for-test", paths[0], paths[1]]).await;
        assert_eq!(said, [format!("{}=20000\t30000", paths[0]), format!("{}={other}", paths[1])]);
        assert_eq!(fs::read_to_string("/proc/sys/kernel/shm_rmid_forced").unwrap(), host);
        let sysctls = [("net.ipv4.no_such_thing".to_owned(), "1".to_owned())].into();
        let error = machine.runtime.create_sandbox(SandboxSpec { sysctls, ..machine.sandbox_spec("t") }).await.unwrap_err();
        let text = "write sysctl key net.ipv4.no_such_thing: open /proc/sys/net/ipv4/no_such_thing: no such file or directory";
        assert!(error.to_string().contains(text), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_that_share_processes_see_each_other_and_a_first_one_that_has_nothing() {
    needs_root!();
    on_machine(async |machine| {
        // SEC-20
        let spec = SandboxSpec { pid: NamespaceMode::Sandbox, ..machine.sandbox_spec("s") };
        machine.runtime.create_sandbox(spec).await.unwrap();
        let other = machine.runtime.start("s", machine.container_spec("s", "other", &["sleep", "infinity"])).await.unwrap();
        let mut spec = machine.container_spec("s", "look", &["/bin/stead", "read-for-test", "/proc/1/comm", "/proc/2/cmdline"]);
        spec.capabilities.push("CAP_SYS_PTRACE".to_owned());
        let (_, log) = machine.run("s", spec.clone()).await;
        assert_eq!(log[0], "stdout F /proc/1/comm=pause");
        assert!(log[1].starts_with("stdout F /proc/2/cmdline=sleep"), "{log:?}");
        // Whoever may look into it finds an empty root that cannot be written, and a program that cannot be written.
        (spec.name, spec.argv) = ("list".into(), ["/bin/stead", "list-for-test", "/proc/1/root", "/proc/1/fd"].map(str::to_owned).into());
        spec.log_path = machine.logs("s").join("list/0.log");
        assert_eq!(machine.run("s", spec.clone()).await.1, ["stdout F /proc/1/root=0", "stdout F /proc/1/fd=3"]);
        (spec.name, spec.argv) = ("write".into(), ["/bin/stead", "open-to-write-for-test", "/proc/1/exe"].map(str::to_owned).into());
        spec.log_path = machine.logs("s").join("write/0.log");
        let (_, log) = machine.run("s", spec).await;
        assert!(log == ["stdout F /proc/1/exe=EROFS"] || log == ["stdout F /proc/1/exe=ETXTBSY"], "{log:?}");
        machine.runtime.kill(&other.id).await.unwrap();
        assert_eq!(machine.exit_of("other").await.code, 137);
        // The namespace outlives its containers.
        assert_eq!(attempt(machine, "s", "again", &["read-for-test", "/proc/1/comm"]).await, ["/proc/1/comm=pause"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mounts_are_shared_both_ways_where_that_is_asked_for() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-9
        let source = machine.dir.path().join("shared");
        fs::create_dir(&source).unwrap();
        machine.sandbox("s").await;
        let spec = |machine: &Machine, name: &str, propagation| {
            let mut spec = machine.container_spec("s", name, &["/bin/stead", "mount-for-test", "/m/inside"]);
            spec.privileged = true;
            spec.mounts = vec![Mount { source: source.clone(), destination: "/m".into(), propagation, ..Mount::default() }];
            spec
        };
        let refused = machine.runtime.start("s", spec(machine, "refused", Propagation::Bidirectional)).await.unwrap_err();
        let none: Option<&str> = None;
        mount(Some("shared"), &source, Some("tmpfs"), MsFlags::empty(), Some("size=64k")).unwrap();
        mount(none, &source, none, MsFlags::MS_SHARED, none).unwrap();
        fs::create_dir(source.join("inside")).unwrap();
        let is_mounted = |path: &Path| fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&format!(" {} ", path.display()));
        let one_way = machine.run("s", spec(machine, "slave", Propagation::HostToContainer)).await.1;
        let seen_one_way = is_mounted(&source.join("inside"));
        let both = machine.run("s", spec(machine, "both", Propagation::Bidirectional)).await.1;
        let seen = is_mounted(&source.join("inside"));
        umount2(&source.join("inside"), MntFlags::MNT_DETACH).unwrap_or_default();
        umount2(&source, MntFlags::MNT_DETACH).unwrap();
        assert!(refused.to_string().contains("it is not a shared mount"), "{refused}");
        assert_eq!((one_way, seen_one_way), (vec!["stdout F /m/inside=mounted".to_owned()], false));
        assert_eq!((both, seen), (vec!["stdout F /m/inside=mounted".to_owned()], true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mount_is_read_only_with_or_without_what_is_below_it() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-10
        let source = machine.dir.path().join("source");
        fs::create_dir_all(source.join("below")).unwrap();
        mount(Some("below"), &source.join("below"), Some("tmpfs"), MsFlags::empty(), Some("size=64k")).unwrap();
        machine.sandbox("s").await;
        let mut said = Vec::new();
        for (name, recursive_read_only) in [("top", false), ("all", true)] {
            let mut spec = machine.container_spec("s", name, &["/bin/stead", "make-for-test", "/m/x", "/m/below/x"]);
            let mount =
                Mount { source: source.clone(), destination: "/m".into(), read_only: true, recursive_read_only, ..Mount::default() };
            spec.mounts = vec![mount];
            said.push(machine.run("s", spec).await.1);
        }
        umount2(&source.join("below"), MntFlags::MNT_DETACH).unwrap();
        assert_eq!(said[0], ["stdout F /m/x=EROFS", "stdout F /m/below/x=made"]);
        assert_eq!(said[1], ["stdout F /m/x=EROFS", "stdout F /m/below/x=EROFS"]);
    })
    .await;
}
