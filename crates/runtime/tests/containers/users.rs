//! Sandboxes with users of their own (SEC-19): root inside is nobody outside. Needs root.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::exec;
use crate::harness::{Machine, on_machine};
use crate::needs_root;
use stead_runtime::{ContainerSpec, Mount, NamespaceMode, Propagation, Rlimit, SandboxSpec, StartError, User, Users};

fn own_users(spec: SandboxSpec) -> SandboxSpec {
    SandboxSpec { users: Users::Own, ..spec }
}

async fn sandbox(machine: &Machine, id: &str) {
    machine.runtime.create_sandbox(own_users(machine.sandbox_spec(id))).await.unwrap();
}

/// The number that its users begin with on the machine, as the sandbox's record says.
fn first_id(machine: &Machine, sandbox: &str) -> u32 {
    let record = fs::read(machine.root().join("sandboxes").join(sandbox).join("sandbox.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    record["users"]["first"].as_u64().unwrap().try_into().unwrap()
}

fn bind(source: &Path, destination: &str) -> Mount {
    Mount { source: source.to_owned(), destination: destination.to_owned(), ..Mount::default() }
}

async fn tried(machine: &mut Machine, spec: ContainerSpec) -> Vec<String> {
    let (exit, log) = machine.run("one", spec).await;
    assert_eq!(exit.code, 0, "{log:?} {}", exit.message);
    log.into_iter().map(|line| line.trim_start_matches("stdout F ").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_in_a_user_namespace_is_nobody_outside() {
    needs_root!();
    on_machine(async |machine| {
        sandbox(machine, "one").await;
        let first = first_id(machine, "one");
        assert!(first >= 65_536 && first.is_multiple_of(65_536), "{first}");
        let argv = ["/bin/stead", "read-for-test", "/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups"];
        let log = tried(machine, machine.container_spec("one", "maps", &argv)).await;
        let map = |line: &str| line.split_once('=').unwrap().1.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let expected = ["0".to_owned(), first.to_string(), "65536".to_owned()];
        assert_eq!((map(&log[0]), map(&log[1])), (expected.to_vec(), expected.to_vec()));
        assert!(log[2].ends_with("=allow"), "{log:?}");

        machine.runtime.start("one", machine.container_spec("one", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let all = machine.runtime.containers(Some("one"));
        let sleeper = all.iter().find(|container| container.spec.name == "sleeper").unwrap();
        let stead_runtime::ContainerState::Running { pid, .. } = sleeper.state else { panic!("{sleeper:?}") };
        assert_eq!(fs::metadata(format!("/proc/{pid}")).unwrap().uid(), first);
        // Every namespace is one of the user namespace's, but for that of processes and groups of them, which libcontainer makes before.
        let users = fs::metadata(format!("/proc/{pid}/ns/user")).unwrap().ino();
        assert_ne!(users, fs::metadata("/proc/self/ns/user").unwrap().ino());
        for kind in ["net", "ipc", "uts", "mnt"] {
            let namespace = fs::File::open(format!("/proc/{pid}/ns/{kind}")).unwrap();
            assert_eq!(stead_sys::namespace::owner(&namespace).unwrap(), users, "{kind}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_show_the_owners_that_they_have() {
    needs_root!();
    on_machine(async |machine| {
        sandbox(machine, "one").await;
        let first = first_id(machine, "one");
        let volume = machine.dir.path().join("volume");
        fs::create_dir_all(volume.join("of-7")).unwrap();
        chown(volume.join("of-7"), Some(7), Some(8)).unwrap();
        let hosts = machine.dir.path().join("hosts");
        fs::write(&hosts, "127.0.0.1 localhost").unwrap();
        let paths = ["/", "/bin/stead", "/a", "/a/volume", "/a/volume/of-7", "/etc", "/etc/hosts", "/dev/shm", "/dev/termination-log"];
        let argv: Vec<&str> = ["/bin/stead", "owners-for-test"].into_iter().chain(paths).collect();
        let mounts = vec![bind(&volume, "/a/volume"), bind(&hosts, "/etc/hosts")];
        let spec = ContainerSpec { mounts: mounts.clone(), ..machine.container_spec("one", "owners", &argv) };
        let log = tried(machine, spec).await;
        let expected = paths.map(|path| format!("{path}={}", if path == "/a/volume/of-7" { "7:8" } else { "0:0" }));
        assert_eq!(log, expected);

        let made = ["/a/volume/by-root", "/by-root", "/dev/shm/by-root", "/bin/by-root", "/a/volume/of-7/by-root"];
        let argv: Vec<&str> = ["/bin/stead", "make-for-test"].into_iter().chain(made).collect();
        let spec = ContainerSpec { mounts: mounts.clone(), ..machine.container_spec("one", "maker", &argv) };
        assert_eq!(tried(machine, spec).await, made.map(|path| format!("{path}=made")));
        assert_eq!(fs::metadata(volume.join("by-root")).unwrap().uid(), 0);
        let all = machine.runtime.containers(Some("one"));
        let maker = all.iter().find(|container| container.spec.name == "maker").unwrap();
        let upper = machine.root().join("sandboxes/one/containers").join(&maker.id).join("upper");
        assert_eq!(fs::metadata(upper.join("by-root")).unwrap().uid(), first);

        let user = User { uid: Some(7), gid: Some(8), groups: vec![9], ..User::default() };
        let argv = ["/bin/stead", "make-for-test", "/a/volume/of-7/by-7", "/a/volume/not-by-7"];
        let spec = ContainerSpec { mounts, user, ..machine.container_spec("one", "user", &argv) };
        assert_eq!(tried(machine, spec).await, ["/a/volume/of-7/by-7=made", "/a/volume/not-by-7=EACCES"]);
        let made = fs::metadata(volume.join("of-7/by-7")).unwrap();
        assert_eq!((made.uid(), made.gid()), (7, 8));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_machine_s_root_may_do_is_refused() {
    needs_root!();
    on_machine(async |machine| {
        sandbox(machine, "one").await;
        let secret = machine.dir.path().join("secret");
        fs::create_dir(&secret).unwrap();
        // Of somebody who has no id inside.
        chown(&secret, Some(70_000), Some(70_000)).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
        let volume = machine.dir.path().join("volume");
        fs::create_dir(&volume).unwrap();
        let capabilities = stead_runtime::all_capabilities();
        // With every capability, which are those of the user namespace only.
        let argv = ["/bin/stead", "make-for-test", "/secret/made"];
        let mounts = vec![bind(&secret, "/secret"), bind(&volume, "/v")];
        let spec = ContainerSpec {
            mounts: mounts.clone(),
            capabilities: capabilities.clone(),
            masked_paths: Vec::new(),
            readonly_paths: Vec::new(),
            ..machine.container_spec("one", "maker", &argv)
        };
        assert_eq!(tried(machine, spec).await, ["/secret/made=EACCES"]);
        let argv = ["/bin/stead", "open-to-write-for-test", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness"];
        let spec = ContainerSpec {
            capabilities: capabilities.clone(),
            masked_paths: Vec::new(),
            readonly_paths: Vec::new(),
            ..machine.container_spec("one", "writer", &argv)
        };
        let log = tried(machine, spec).await;
        assert!(log.iter().all(|line| line.ends_with("=EACCES")), "{log:?}");
        let spec =
            ContainerSpec { capabilities, mounts, ..machine.container_spec("one", "mounter", &["/bin/stead", "mount-for-test", "/v"]) };
        assert_eq!(tried(machine, spec).await, ["/v=mounted"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_run_later_is_among_the_same_users() {
    needs_root!();
    on_machine(async |machine| {
        // LC-10
        sandbox(machine, "one").await;
        let user = User { uid: Some(1234), gid: Some(99), ..User::default() };
        let argv = ["sleep", "infinity"];
        let rlimits = vec![Rlimit { name: "RLIMIT_NOFILE".into(), soft: 77, hard: 99 }];
        let spec = ContainerSpec { user, rlimits, ..machine.container_spec("one", "sleeper", &argv) };
        let id = machine.runtime.start("one", spec).await.unwrap().id;
        let (code, text) = exec::run(machine, &id, &["/bin/stead", "read-for-test", "/proc/self/uid_map"], "").await;
        assert!(code == 0 && text.contains(&first_id(machine, "one").to_string()), "{text}");
        let (_, text) = exec::run(machine, &id, &["/bin/stead", "describe-for-test"], "").await;
        assert!(text.contains("Uid:\t1234\t1234\t1234\t1234") && text.contains("99"), "{text}");
        // Its output is its own: it can be opened again.
        assert_eq!(exec::run(machine, &id, &["/bin/stead", "open-to-write-for-test", "/dev/stdout"], "").await.1, "/dev/stdout=opened\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_process_is_it_can_open_its_output() {
    needs_root!();
    on_machine(async |machine| {
        machine.runtime.create_sandbox(machine.sandbox_spec("machine")).await.unwrap();
        machine.runtime.create_sandbox(own_users(machine.sandbox_spec("own"))).await.unwrap();
        for (sandbox, uid) in [("machine", 1234), ("own", 0), ("own", 1234)] {
            let user = User { uid: Some(uid), ..User::default() };
            let argv = ["/bin/stead", "open-to-write-for-test", "/dev/stdout", "/dev/stderr"];
            let spec = ContainerSpec { user, ..machine.container_spec(sandbox, &format!("{sandbox}-{uid}"), &argv) };
            let (_, log) = machine.run(sandbox, spec).await;
            assert_eq!(log, ["stdout F /dev/stdout=opened", "stdout F /dev/stderr=opened"], "{sandbox} {uid}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_belongs_to_its_user() {
    needs_root!();
    on_machine(async |machine| {
        sandbox(machine, "one").await;
        let user = User { uid: Some(7), ..User::default() };
        let argv = ["/bin/stead", "owners-for-test", "/proc/self/fd/0"];
        let spec = ContainerSpec { tty: true, user, ..machine.container_spec("one", "terminal", &argv) };
        assert_eq!(tried(machine, spec).await, ["/proc/self/fd/0=7:5"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_the_console() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-6
        machine.runtime.create_sandbox(machine.sandbox_spec("machine")).await.unwrap();
        machine.runtime.create_sandbox(own_users(machine.sandbox_spec("own"))).await.unwrap();
        for (sandbox, uid) in [("machine", 1234), ("own", 1234), ("own", 0)] {
            let name = |what: &str| format!("{sandbox}-{uid}-{what}");
            let user = User { uid: Some(uid), ..User::default() };
            let argv = ["/bin/stead", "devices-for-test", "/dev/console", "/proc/self/fd/0"];
            let spec = ContainerSpec { tty: true, user: user.clone(), ..machine.container_spec(sandbox, &name("is"), &argv) };
            let spec = ContainerSpec { read_only_rootfs: true, ..spec };
            assert_eq!(machine.run(sandbox, spec).await.1, ["stdout F /dev/console=136:0", "stdout F /proc/self/fd/0=136:0"]);
            let argv = ["/bin/stead", "open-to-write-for-test", "/dev/console"];
            let spec = ContainerSpec { tty: true, user: user.clone(), ..machine.container_spec(sandbox, &name("opened"), &argv) };
            assert_eq!(machine.run(sandbox, spec).await.1, ["stdout F /dev/console=opened"]);
            let spec = ContainerSpec { user, ..machine.container_spec(sandbox, &name("none"), &argv) };
            assert_eq!(machine.run(sandbox, spec).await.1, ["stdout F /dev/console=ENOENT"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_can_be_the_devices() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-8
        machine.runtime.create_sandbox(machine.sandbox_spec("machine")).await.unwrap();
        let (devices, trap) = (machine.dir.path().join("devices"), machine.dir.path().join("trap"));
        fs::create_dir_all(devices.join("pts")).unwrap();
        fs::create_dir_all(&trap).unwrap();
        fs::write(devices.join("mark"), "").unwrap();
        let sub = machine.dir.path().join("sub");
        fs::create_dir(&sub).unwrap();
        fs::write(sub.join("inside"), "").unwrap();
        let argv = ["/bin/stead", "read-for-test", "/dev/mark", "/dev/sub/inside", "/dev/zero"];
        let mounts = vec![bind(&devices, "/dev"), bind(&sub, "/dev/sub")];
        let spec = ContainerSpec { mounts: mounts.clone(), ..machine.container_spec("machine", "reader", &argv) };
        let (exit, log) = machine.run("machine", spec).await;
        assert_eq!(exit.code, 0, "{}", exit.message);
        assert_eq!(log, ["/dev/mark=nothing", "/dev/sub/inside=nothing", "/dev/zero=ENOENT"].map(|line| format!("stdout F {line}")));
        let argv = ["/bin/stead", "make-for-test", "/dev/shm/x", "/dev/made", "/dev/termination-log"];
        let spec = ContainerSpec { mounts: mounts.clone(), ..machine.container_spec("machine", "writer", &argv) };
        assert!(machine.run("machine", spec).await.1.iter().all(|line| line.ends_with("=made")));
        assert!(devices.join("made").exists() && !devices.join("shm/x").exists());
        let mut read_only = mounts.clone();
        read_only[0].read_only = true;
        let argv = ["/bin/stead", "make-for-test", "/dev/more", "/dev/shm/y"];
        let spec = ContainerSpec { mounts: read_only, ..machine.container_spec("machine", "guarded", &argv) };
        assert_eq!(machine.run("machine", spec).await.1, ["stdout F /dev/more=EROFS", "stdout F /dev/shm/y=made"]);
        // A link in the volume leads nowhere.
        fs::remove_dir(devices.join("sub")).unwrap();
        std::os::unix::fs::symlink(&trap, devices.join("sub")).unwrap();
        let spec = ContainerSpec { mounts, ..machine.container_spec("machine", "link", &argv) };
        let refused = machine.runtime.start("machine", spec).await;
        assert!(matches!(&refused, Err(StartError::Start { message, .. }) if message.contains("mount /dev/sub: ")), "{refused:?}");
        assert_eq!(fs::read_dir(&trap).unwrap().count(), 0);
        // The machine's own.
        let argv = ["/bin/stead", "devices-for-test", "/dev/null", "/dev/console", "/proc/self/fd/0"];
        let mounts = vec![bind(Path::new("/dev"), "/dev")];
        let spec = ContainerSpec { tty: true, privileged: true, mounts, ..machine.container_spec("machine", "own", &argv) };
        let spec = ContainerSpec { termination_log: None, ..spec };
        let log = machine.run("machine", spec).await.1;
        assert_eq!(log, ["/dev/null=1:3", "/dev/console=136:0", "/proc/self/fd/0=136:0"].map(|line| format!("stdout F {line}")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sandboxes_share_no_users() {
    needs_root!();
    on_machine(async |machine| {
        let ids: Vec<String> = (0..4).map(|number| format!("s{number}")).collect();
        futures::future::join_all(ids.iter().map(|id| sandbox(machine, id))).await;
        let first: BTreeSet<u32> = ids.iter().map(|id| first_id(machine, id)).collect();
        assert_eq!(first.len(), ids.len());
        machine.runtime.remove_sandbox("s1").await.unwrap();
        let gone = first.iter().find(|first| !["s0", "s2", "s3"].iter().any(|id| first_id(machine, id) == **first)).unwrap();
        sandbox(machine, "s4").await;
        assert_eq!(first_id(machine, "s4"), *gone);
        // Asked for again it is the same.
        sandbox(machine, "s2").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_can_be_shared_among_users_of_their_own() {
    needs_root!();
    on_machine(async |machine| {
        let spec = SandboxSpec { pid: NamespaceMode::Sandbox, ..own_users(machine.sandbox_spec("one")) };
        machine.runtime.create_sandbox(spec).await.unwrap();
        machine.runtime.start("one", machine.container_spec("one", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let argv = ["/bin/stead", "read-for-test", "/proc/1/comm", "/proc/1/uid_map"];
        let log = tried(machine, machine.container_spec("one", "looker", &argv)).await;
        assert_eq!(log[0], "/proc/1/comm=pause");
        assert!(log[1].contains(&first_id(machine, "one").to_string()), "{log:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_with_users_of_its_own_is_said() {
    needs_root!();
    on_machine(async |machine| {
        let spec = SandboxSpec { ipc: NamespaceMode::Host, ..own_users(machine.sandbox_spec("host")) };
        let error = machine.runtime.create_sandbox(spec).await.unwrap_err();
        assert!(error.to_string().contains("namespaces of the machine"), "{error}");
        sandbox(machine, "one").await;
        let refused = async |spec: ContainerSpec| match machine.runtime.start("one", spec).await {
            Err(StartError::Create(message)) => message,
            other => panic!("{other:?}"),
        };
        let spec = |name: &str| machine.container_spec("one", name, &["/bin/stead", "true"]);
        let user = User { uid: Some(65_536), ..User::default() };
        assert!(refused(ContainerSpec { user, ..spec("user") }).await.contains("user 65536 is not in the user namespace"));
        let proc = bind(Path::new("/proc/sys"), "/host");
        let message = refused(ContainerSpec { mounts: vec![proc], ..spec("proc") }).await;
        assert!(message.contains("failed to set MOUNT_ATTR_IDMAP on /proc/sys: invalid argument"), "{message}");
        let shared = Mount { propagation: Propagation::Bidirectional, ..bind(machine.dir.path(), "/shared") };
        assert!(refused(ContainerSpec { mounts: vec![shared], ..spec("shared") }).await.contains("cannot be shared both ways"));
    })
    .await;
}
