//! The configuration as a whole, for the cases that differ.

use super::*;
use crate::container::{ContainerSpec, TerminationLog};
use crate::image::{Image, ImageConfig};
use crate::sandbox::SandboxSpec;

fn layout(version: u8) -> Layout {
    let mount = if version == 2 { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" };
    let controllers = if version == 2 { vec![] } else { vec!["memory".to_owned()] };
    Layout { version, hierarchies: vec![crate::cgroup::Hierarchy { mount: mount.into(), controllers }] }
}

fn config(version: u8, change: impl FnOnce(&mut SandboxSpec, &mut ContainerSpec)) -> Value {
    let (mut sandbox_spec, mut spec) = (SandboxSpec::default(), ContainerSpec::default());
    spec.masked_paths = crate::default_masked_paths();
    spec.readonly_paths = crate::default_readonly_paths();
    change(&mut sandbox_spec, &mut spec);
    let mounts = spec.mounts.clone();
    let sandbox = SandboxRecord { spec: sandbox_spec, cgroup: "/s/p".into(), shim_cgroup: "/s/shims/p".into(), users: None };
    let image = Image {
        reference: "i".into(),
        digest: "sha256:0".into(),
        config: ImageConfig::default(),
        layers: vec![],
        size_bytes: 0,
        repo_digests: vec![],
    };
    let container = ContainerRecord { id: "c".into(), spec, image, cgroup: "/s/p/c".into() };
    build(&Inputs {
        sandbox: &sandbox,
        sandbox_dir: &SandboxDir("/r/s".into()),
        container: &container,
        rootfs: Path::new("/r/rootfs"),
        layout: &layout(version),
        mounts: &mounts,
        termination_log: Path::new("/r/termination-log"),
        argv: &["sleep".to_owned()],
        cwd: "/",
        oom_score_adj: 1000,
        rlimits: &[],
        devices: &[],
        app_armor: None,
        processes: container.spec.processes_of.as_ref().map(|_| Path::new("/proc/1/fd/9")),
        unified: if version == 2 { &[("memory.oom.group", "1"), ("memory.swap.max", "0")] } else { &[] },
    })
}

fn destinations(config: &Value) -> Vec<&str> {
    config["mounts"].as_array().unwrap().iter().map(|mount| mount["destination"].as_str().unwrap()).collect()
}

fn kinds(config: &Value) -> Vec<&str> {
    config["linux"]["namespaces"].as_array().unwrap().iter().map(|namespace| namespace["type"].as_str().unwrap()).collect()
}

#[test]
fn libcontainer_reads_it() {
    for version in [1, 2] {
        let text = config(version, |_, _| {}).to_string();
        let spec: libcontainer::oci_spec::runtime::Spec = serde_json::from_str(&text).unwrap();
        // LC-13, LC-14: left unset, so that no_new_privs is the executor's business alone.
        assert_eq!(spec.process().as_ref().unwrap().no_new_privileges(), None);
        assert!(spec.process().as_ref().unwrap().capabilities().is_none());
    }
}

#[test]
fn namespaces_follow_the_sandbox() {
    // OCI-1
    assert_eq!(kinds(&config(1, |_, _| {})), ["mount", "pid", "network", "ipc", "uts"]);
    assert_eq!(kinds(&config(2, |_, _| {})), ["mount", "pid", "cgroup", "network", "ipc", "uts"]);
    let host = config(2, |sandbox, spec| {
        (sandbox.network, sandbox.pid, sandbox.ipc, sandbox.uts) =
            (NamespaceMode::Host, NamespaceMode::Host, NamespaceMode::Host, NamespaceMode::Host);
        spec.privileged = true;
    });
    assert_eq!(kinds(&host), ["mount"]);
    assert_eq!(host["mounts"].as_array().unwrap().last().unwrap()["source"], "/dev/shm");
}

#[test]
fn mounts_asked_for_replace_automatic_ones() {
    // OCI-2, OCI-4
    let config = config(1, |_, spec| {
        spec.termination_log = Some(TerminationLog { path: "/dev/termination-log".into(), output_on_failure: false });
        for destination in ["/data", "/dev/shm", "/dev/mqueue"] {
            spec.mounts.push(Mount { source: "/src".into(), destination: destination.into(), read_only: true, ..Mount::default() });
        }
    });
    assert_eq!(
        destinations(&config),
        [
            "/proc",
            "/dev",
            "/dev/pts",
            "/sys",
            "/sys/fs/cgroup",
            "/sys/fs/cgroup/memory",
            "/data",
            "/dev/shm",
            "/dev/mqueue",
            "/dev/termination-log"
        ]
    );
}

#[test]
fn a_container_cannot_write_its_own_limits() {
    let config = config(1, |_, _| {});
    let memory = config["mounts"].as_array().unwrap().iter().find(|mount| mount["destination"] == "/sys/fs/cgroup/memory").unwrap();
    assert!(memory["options"].as_array().unwrap().contains(&"ro".into()), "{memory}");
    assert!(config["linux"]["readonlyPaths"].as_array().unwrap().contains(&"/sys/fs/cgroup".into()));
}

#[test]
fn privileged_lifts_masks_and_devices() {
    // SEC-11
    let config = config(1, |_, spec| spec.privileged = true);
    assert_eq!(config["linux"]["maskedPaths"], json!([]));
    assert_eq!(config["linux"]["readonlyPaths"], json!([]));
    assert_eq!(config["linux"]["resources"]["devices"], json!([{"allow": true, "access": "rwm"}]));
}

#[test]
fn limits() {
    let config = config(2, |_, spec| {
        spec.resources = Resources {
            cpu_shares: Some(512),
            cpu_quota_us: Some(50_000),
            cpu_period_us: None,
            memory_limit_bytes: Some(1 << 26),
            pids_limit: Some(-1),
        };
    });
    let resources = &config["linux"]["resources"];
    assert_eq!(resources["cpu"], json!({"shares": 512, "quota": 50_000, "period": 100_000}));
    assert_eq!(resources["memory"], json!({"limit": 1 << 26}));
    // CG-8, CG-9, LC-16
    assert_eq!(resources["unified"], json!({"memory.oom.group": "1", "memory.swap.max": "0"}));
}

#[test]
fn the_termination_log_comes_where_every_runtime_has_it() {
    // OCI-4
    let order = |path: &str, asked: &[&str]| {
        let config = config(1, |_, spec| {
            spec.termination_log = Some(TerminationLog { path: path.into(), output_on_failure: false });
            let mount = |destination: &&str| Mount { source: "/src".into(), destination: (*destination).into(), ..Mount::default() };
            spec.mounts = asked.iter().map(mount).collect();
        });
        let all: Vec<String> = destinations(&config).into_iter().map(str::to_owned).collect();
        let wanted = |place: &String| place == path || asked.contains(&place.as_str());
        all.into_iter().filter(wanted).collect::<Vec<_>>()
    };
    let (log, files) = ("/dev/termination-log", ["/data", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]);
    assert_eq!(order(log, &files), ["/data", "/etc/hosts", log, "/etc/hostname", "/etc/resolv.conf"]);
    assert_eq!(order("/a/b/log", &["/etc/hostname", "/a/b"]), ["/etc/hostname", "/a/b", "/a/b/log"]);
    assert_eq!(order(log, &[log]), [log]);
}

#[test]
fn a_container_may_join_the_processes_of_another() {
    // INIT-8
    let config = config(2, |_, spec| spec.processes_of = Some("c".repeat(64)));
    let namespaces = config["linux"]["namespaces"].as_array().unwrap();
    assert!(namespaces.contains(&serde_json::json!({"type": "pid", "path": "/proc/1/fd/9"})), "{namespaces:?}");
}
