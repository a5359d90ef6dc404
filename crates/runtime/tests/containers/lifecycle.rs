//! Real containers: how they start, run, end and are removed. Needs root.

use std::time::{Duration, Instant};

use crate::harness::{self, IMAGE, on_machine};
use crate::needs_root;
use stead_runtime::{ContainerState, ExitReason, StartError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_exit_code_and_user_of_a_container() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("one").await;
        let (exit, log) = machine.run("one", machine.container_spec("one", "echo", &["echo", "hello"])).await;
        // CS-5, LOG-2
        assert_eq!((exit.code, exit.signal, exit.oom, exit.reason), (0, None, false, ExitReason::Exited));
        assert_eq!(log, ["stdout F hello"]);
        assert!(exit.started_at.unwrap() <= exit.finished_at);
        let (exit, log) = machine.run("one", machine.container_spec("one", "false", &["false"])).await;
        assert_eq!(exit.code, 1);
        assert!(log.is_empty());
        // OCI-12: the sandbox's host name
        let (_, log) = machine.run("one", machine.container_spec("one", "hostname", &["hostname"])).await;
        assert_eq!(log, ["stdout F one"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_takes_this_long() {
    needs_root!();
    on_machine(async |machine| {
        let mut splits = Vec::new();
        for number in 0..5 {
            let id = format!("t{number}");
            let begin = Instant::now();
            machine.sandbox(&id).await;
            let sandbox = begin.elapsed();
            machine.runtime.start(&id, machine.container_spec(&id, &id, &["sleep", "infinity"])).await.unwrap();
            let container = begin.elapsed() - sandbox;
            let begin = Instant::now();
            machine.runtime.remove_sandbox(&id).await.unwrap();
            splits.push((sandbox, container, begin.elapsed()));
            assert_eq!(machine.exit_of(&id).await.code, 137);
        }
        for (sandbox, container, removal) in &splits {
            eprintln!("sandbox {sandbox:?}, container {container:?}, together {:?}; removal {removal:?}", *sandbox + *container);
        }
        let best = splits.iter().map(|(sandbox, container, _)| *sandbox + *container).min().unwrap();
        // The aim is 60 ms on a quiet machine; this is no benchmark, but a time-out that somebody waits for would show.
        assert!(best < Duration::from_secs(5), "{best:?}");
    })
    .await;
}

/// What users and their tools know from other runtimes.
const START_FAILED: &str = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_errors_say_why_and_keep_a_record() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("bad").await;
        for (number, (argv, text)) in [
            (vec!["nothing-here"], "unable to start container process: exec: \"nothing-here\": executable file not found in $PATH"),
            (vec!["/nothing"], "unable to start container process: exec: \"/nothing\": stat /nothing: no such file or directory"),
            (vec!["/etc"], "unable to start container process: exec: \"/etc\": permission denied"),
            (vec!["/etc/passwd"], "unable to start container process: exec: \"/etc/passwd\": permission denied"),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("c{number}");
            let error = machine.runtime.start("bad", machine.container_spec("bad", &name, &argv)).await.unwrap_err();
            let StartError::Start { id, message } = error else { panic!("{error:?}") };
            let text = format!("{START_FAILED}{text}");
            assert_eq!(message, text);
            // CS-5
            let ContainerState::Exited(exit) = machine.runtime.container(&id).unwrap().state else { panic!() };
            assert_eq!((exit.code, exit.reason, exit.started_at), (128, ExitReason::StartFailed, None));
            assert_eq!(exit.message, text);
        }
        let mut spec = machine.container_spec("bad", "cwd", &["true"]);
        spec.cwd = Some("/etc/passwd".into());
        let error = machine.runtime.start("bad", spec).await.unwrap_err().to_string();
        let text = "unable to start container process: error during container init: mkdir /etc/passwd: not a directory";
        assert_eq!(error, format!("{START_FAILED}{text}"));
        let mut spec = machine.container_spec("bad", "mount", &["true"]);
        spec.mounts.push(stead_runtime::Mount { source: "/nothing/here".into(), destination: "/x".into(), ..Default::default() });
        let error = machine.runtime.start("bad", spec.clone()).await.unwrap_err();
        assert!(
            matches!(&error, StartError::Create(message) if message.contains("stat /nothing/here: no such file or directory")),
            "{error:?}"
        );
        // A failed creation leaves nothing: the same attempt can be made again.
        spec.mounts.clear();
        let (exit, _) = machine.run("bad", spec).await;
        assert_eq!(exit.code, 0);
        let mut spec = machine.container_spec("bad", "image", &["true"]);
        spec.image = "nowhere:1".into();
        assert_eq!(machine.runtime.start("bad", spec).await.unwrap_err().to_string(), "image nowhere:1 is not present");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_attempt_starts_once() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("twice").await;
        let spec = machine.container_spec("twice", "sleeper", &["sleep", "infinity"]);
        let (first, second) = tokio::join!(machine.runtime.start("twice", spec.clone()), machine.runtime.start("twice", spec.clone()));
        let results = [first, second];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert!(results.iter().any(|result| matches!(result, Err(StartError::Exists { attempt: 0, .. }))), "{results:?}");
        let id = results.into_iter().find_map(Result::ok).unwrap().id;
        machine.runtime.kill(&id).await.unwrap();
        assert_eq!(machine.exit_of("sleeper").await.code, 137);
        assert!(matches!(machine.runtime.start("twice", spec.clone()).await, Err(StartError::Exists { .. })));
        let next = stead_runtime::ContainerSpec { attempt: 1, argv: vec!["true".into()], ..spec };
        let (exit, _) = machine.run("twice", next).await;
        assert_eq!(exit.code, 0);
        assert_eq!(machine.runtime.containers(Some("twice")).len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_reach_the_first_process() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("signals").await;
        let httpd = machine.runtime.start("signals", machine.container_spec("signals", "httpd", &[])).await.unwrap();
        let sleeper = machine.runtime.start("signals", machine.container_spec("signals", "sleeper", &["sleep", "infinity"])).await.unwrap();
        // KILL-2. A program that has only just been executed may not have its handler yet, so the signal is repeated until it counts.
        for (id, name, code) in [(&httpd.id, "httpd", 0), (&sleeper.id, "sleeper", 143)] {
            let exit = loop {
                machine.runtime.signal(id, nix::libc::SIGTERM).await.unwrap();
                if let Ok(exit) = tokio::time::timeout(Duration::from_millis(50), machine.exit_of(name)).await {
                    break exit;
                }
            };
            assert_eq!((exit.code, exit.signal), (code, None), "{name}");
        }
        machine.runtime.signal(&httpd.id, nix::libc::SIGTERM).await.unwrap();
        let killed = machine.runtime.start("signals", machine.container_spec("signals", "killed", &["sleep", "infinity"])).await.unwrap();
        machine.runtime.signal(&killed.id, nix::libc::SIGKILL).await.unwrap();
        let exit = machine.exit_of("killed").await;
        assert_eq!((exit.code, exit.signal), (137, Some(9)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_groups_environment_and_privileges() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("who").await;
        let mut spec = machine.container_spec("who", "root", &["cat", "/proc/self/status", "/proc/self/environ"]);
        spec.env = vec![("B".into(), "1".into()), ("A".into(), "2".into())];
        let (_, log) = machine.run("who", spec).await;
        let find = |log: &[String], key: &str| log.iter().find_map(|line| line.split_once(key)).map(|(_, rest)| rest.trim().to_owned());
        // SEC-9, SEC-10
        assert_eq!(find(&log, "CapEff:").unwrap(), "00000000a80425fb");
        assert_eq!(find(&log, "CapBnd:").unwrap(), "00000000a80425fb");
        assert_eq!(find(&log, "CapInh:").unwrap(), "0000000000000000");
        assert_eq!(find(&log, "CapAmb:").unwrap(), "0000000000000000");
        assert_eq!(find(&log, "NoNewPrivs:").unwrap(), "0");
        assert_eq!(find(&log, "SigIgn:").unwrap(), "0000000000001000", "cat is Rust and ignores SIGPIPE itself");
        assert_eq!(find(&log, "Groups:").unwrap(), "0");
        // ENV-10
        let environment = log.last().unwrap().trim_start_matches("stdout P ").to_owned();
        assert_eq!(
            environment.split('\0').filter(|word| !word.is_empty()).collect::<Vec<_>>(),
            ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "B=1", "A=2", "HOME=/root"]
        );
        let mut spec = machine.container_spec("who", "user", &["cat", "/proc/self/status"]);
        spec.user = stead_runtime::User { uid: Some(1000), gid: Some(2000), groups: vec![3000], ..Default::default() };
        spec.no_new_privs = true;
        let started = machine.runtime.start("who", spec).await.unwrap();
        assert_eq!((started.user.uid, started.user.gid, started.user.groups), (1000, 2000, vec![2000, 3000]));
        machine.exit_of("user").await;
        let log = machine.log("who", "user");
        assert_eq!(find(&log, "Uid:").unwrap(), "1000\t1000\t1000\t1000");
        assert_eq!(find(&log, "Gid:").unwrap(), "2000\t2000\t2000\t2000");
        assert_eq!(find(&log, "Groups:").unwrap(), "2000 3000");
        assert_eq!(find(&log, "CapEff:").unwrap(), "0000000000000000");
        assert_eq!(find(&log, "CapBnd:").unwrap(), "00000000a80425fb");
        assert_eq!(find(&log, "NoNewPrivs:").unwrap(), "1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mounts_and_limits() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("mounts").await;
        let volume = machine.dir.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        std::fs::write(volume.join("file"), "content\n").unwrap();
        let mut spec = machine.container_spec(
            "mounts",
            "cat",
            &[
                "cat",
                "/data/file",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/proc/self/limits",
                "/proc/self/oom_score_adj",
                "/proc/self/mounts",
            ],
        );
        spec.mounts.push(stead_runtime::Mount {
            source: volume.clone(),
            destination: "/data".into(),
            read_only: true,
            ..Default::default()
        });
        spec.resources.memory_limit_bytes = Some(64 << 20);
        spec.read_only_rootfs = true;
        spec.oom_score_adj = -997;
        spec.cwd = Some("/data".into());
        let started = machine.runtime.start("mounts", spec).await.unwrap();
        machine.exit_of("cat").await;
        let log: Vec<String> = machine.log("mounts", "cat").iter().map(|line| line.trim_start_matches("stdout F ").to_owned()).collect();
        assert_eq!(log[0], "content");
        if machine.runtime.facts().cgroup_version == 1 {
            assert_eq!(log[1], (64 << 20).to_string());
        }
        let nofile = machine.runtime.facts().nofile_limit.to_string();
        assert!(log.iter().any(|line| line.starts_with("Max open files") && line.contains(&nofile)), "{log:#?}");
        // CG-1, MACH-1: what could be set is what is reported
        assert!(log.contains(&started.oom_score_adj.to_string()), "{log:#?}");
        let mount = |place: &str| {
            log.iter().rfind(|line| line.split(' ').nth(1) == Some(place)).unwrap_or_else(|| panic!("{place}: {log:#?}")).clone()
        };
        for place in ["/", "/data", "/sys", "/sys/fs/cgroup", "/proc/sys"] {
            assert!(mount(place).split(' ').nth(3).unwrap().starts_with("ro"), "{}", mount(place));
        }
        for place in ["/dev", "/dev/shm", "/dev/termination-log", "/dev/pts", "/dev/mqueue", "/proc"] {
            assert!(mount(place).split(' ').nth(3).unwrap().starts_with("rw"), "{}", mount(place));
        }
        // Nothing of the machine shows but what was asked for.
        let ours = format!(" {}", machine.dir.path().display());
        assert!(!log.iter().any(|line| line.contains("/var/lib") || line.contains(&ours)), "{log:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removal_is_complete_and_idempotent() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("gone").await;
        machine.sandbox("gone").await;
        let started = machine.runtime.start("gone", machine.container_spec("gone", "sleeper", &["sleep", "infinity"])).await.unwrap();
        let log = machine.logs("gone").join("sleeper/0.log");
        assert!(log.exists());
        machine.runtime.remove_container(&started.id).await.unwrap();
        machine.runtime.remove_container(&started.id).await.unwrap();
        assert_eq!(machine.exit_of("sleeper").await.code, 137);
        assert!(!log.exists());
        assert!(machine.runtime.containers(None).is_empty());
        machine.runtime.start("gone", machine.container_spec("gone", "other", &["sleep", "infinity"])).await.unwrap();
        machine.runtime.stop_sandbox("gone").await.unwrap();
        machine.runtime.stop_sandbox("gone").await.unwrap();
        // KILL-13: the record stays
        let containers = machine.runtime.containers(Some("gone"));
        assert!(matches!(&containers[0].state, ContainerState::Exited(exit) if exit.code == 137), "{containers:?}");
        assert!(matches!(
            machine.runtime.start("gone", machine.container_spec("gone", "late", &["true"])).await,
            Err(StartError::Runtime(stead_runtime::Error::SandboxNotReady(_)))
        ));
        machine.runtime.remove_sandbox("gone").await.unwrap();
        machine.runtime.remove_sandbox("gone").await.unwrap();
        assert!(machine.runtime.sandboxes().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_namespaces_of_the_machine() {
    needs_root!();
    on_machine(async |machine| {
        let spec = harness::host_everything(machine.sandbox_spec("host"));
        let sandbox = machine.runtime.create_sandbox(spec).await.unwrap();
        assert_eq!(sandbox.network_namespace, None);
        let mut spec = machine.container_spec("host", "see", &["cat", "/proc/1/comm"]);
        spec.image = IMAGE.into();
        let (_, log) = machine.run("host", spec).await;
        let first = std::fs::read_to_string("/proc/1/comm").unwrap();
        assert_eq!(log, [format!("stdout F {}", first.trim_end())]);
        let id = machine.runtime.start("host", machine.container_spec("host", "sleeper", &["sleep", "infinity"])).await.unwrap().id;
        machine.runtime.kill(&id).await.unwrap();
        assert_eq!(machine.exit_of("sleeper").await.code, 137);
    })
    .await;
}

/// A container whose program is `/proc/self/exe` runs the machine's own program, and must not be able to change it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_s_program_cannot_be_written_from_a_container() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let argv = ["/proc/self/exe", "may-write-for-test", "/proc/self/exe"];
        let (_, log) = machine.run("s", machine.container_spec("s", "evil", &argv)).await;
        assert_eq!(log, ["stdout F Err(EROFS)"]);
        let (_, log) = machine.run("s", machine.container_spec("s", "own", &["/bin/stead", "may-write-for-test", "/bin/stead"])).await;
        assert_eq!(log, ["stdout F Ok(())"], "the image's copy is the container's own");
    })
    .await;
}

/// SEC-11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privileged_containers_have_everything() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let mut spec = machine.container_spec("s", "all", &["cat", "/proc/self/status", "/proc/self/mounts"]);
        spec.privileged = true;
        let (_, log) = machine.run("s", spec).await;
        let own = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = own.lines().find(|line| line.starts_with("CapPrm:")).unwrap().replace("CapPrm", "CapEff");
        assert!(log.contains(&format!("stdout F {line}")), "{log:#?}");
        assert!(log.iter().any(|line| line.contains(" /sys sysfs rw")), "{log:#?}");
        assert!(!log.iter().any(|line| line.contains(" /proc/sys ")), "{log:#?}");
        let mut spec = machine.container_spec("s", "devices", &["ls", "/dev"]);
        spec.privileged = true;
        let (_, log) = machine.run("s", spec).await;
        assert!(log.contains(&"stdout F kmsg".to_owned()), "{log:?}");
        let mut spec = machine.container_spec("s", "device", &["ls", "/dev", "/dev/mine"]);
        spec.devices.push(stead_runtime::Device {
            host_path: "/dev/zero".into(),
            container_path: "/dev/mine".into(),
            permissions: "r".into(),
        });
        let (exit, log) = machine.run("s", spec).await;
        assert_eq!(exit.code, 0);
        assert!(log.contains(&"stdout F mine".to_owned()) && !log.contains(&"stdout F kmsg".to_owned()), "{log:?}");
    })
    .await;
}

/// OCI-9
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mounts_made_later_show_where_asked_only() {
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use stead_runtime::{Mount, Propagation};
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let shared = machine.dir.path().join("shared");
        std::fs::create_dir_all(shared.join("sub")).unwrap();
        let none: Option<&str> = None;
        mount(Some(&shared), &shared, none, MsFlags::MS_BIND, none).unwrap();
        mount(none, &shared, none, MsFlags::MS_SHARED, none).unwrap();
        let bind = |destination: &str, propagation| Mount {
            source: shared.clone(),
            destination: destination.into(),
            read_only: false,
            propagation,
            ..Mount::default()
        };
        // Ends when the file shows below /slave, unless it shows below /private, which it then would have before.
        let argv = ["/bin/stead", "which-for-test", "/private/sub/file", "/slave/sub/file"];
        let mut spec = machine.container_spec("s", "see", &argv);
        spec.mounts = vec![bind("/private", Propagation::Private), bind("/slave", Propagation::HostToContainer)];
        machine.runtime.start("s", spec).await.unwrap();
        mount(Some("later"), &shared.join("sub"), Some("tmpfs"), MsFlags::empty(), none).unwrap();
        std::fs::write(shared.join("sub/file"), "").unwrap();
        let exit = machine.exit_of("see").await;
        umount2(&shared.join("sub"), MntFlags::MNT_DETACH).unwrap();
        umount2(&shared, MntFlags::MNT_DETACH).unwrap();
        assert_eq!(exit.code, 2, "it showed below the path of that number");
    })
    .await;
}
