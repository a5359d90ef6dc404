//! What the tests with real containers share: a runtime in a directory of its own, waiting for events, and proof that nothing is left.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use stead_runtime::{
    ContainerSpec, Event, Events, Exit, NamespaceMode, Options, Runtime, SandboxSpec, TerminationLog, default_capabilities,
    default_masked_paths, default_readonly_paths,
};

/// Ends a test that needs root where there is none, loudly.
#[macro_export]
macro_rules! needs_root {
    () => {
        if !nix::unistd::geteuid().is_root() {
            $crate::harness::left_out(std::thread::current().name().unwrap_or("a test"), "needs root");
            return;
        }
    };
}

/// Notes for `cargo xtask test` that a test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
pub fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    let mut past_the_capture = std::io::stderr();
    writeln!(past_the_capture, "LEFT OUT {test}: {reason}").unwrap();
}

pub const IMAGE: &str = "localhost/stead:1";
/// Nothing here takes long; whatever does not happen in this time never will.
pub const LONG: Duration = Duration::from_secs(30);

/// Runs a test on a machine of its own. Afterwards, also if it failed, everything is removed, and that is checked.
pub async fn on_machine(test: impl AsyncFnOnce(&mut Machine)) {
    let mut machine = Machine::new().await;
    let result = AssertUnwindSafe(test(&mut machine)).catch_unwind().await;
    machine.runtime.remove_all().await.unwrap();
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
    assert_nothing_left(machine.dir.path());
}

/// A directory and the runtime in it.
pub struct Machine {
    pub dir: tempfile::TempDir,
    pub runtime: Runtime,
    pub events: Events,
}

pub fn options() -> Options {
    Options { executable: PathBuf::from(env!("CARGO_BIN_EXE_stead-shim")), shim_patience: Duration::from_secs(3), ..Options::default() }
}

impl Machine {
    pub async fn new() -> Machine {
        Machine::with(tempfile::tempdir().unwrap(), options()).await
    }

    pub async fn with(dir: tempfile::TempDir, options: Options) -> Machine {
        let runtime = Runtime::open(&dir.path().join("root"), options).await.unwrap();
        runtime.builtin(IMAGE).await.unwrap();
        let events = runtime.events();
        Machine { dir, runtime, events }
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub fn logs(&self, sandbox: &str) -> PathBuf {
        self.dir.path().join("logs").join(sandbox)
    }

    pub fn sandbox_spec(&self, id: &str) -> SandboxSpec {
        SandboxSpec {
            id: id.to_owned(),
            labels: BTreeMap::from([("app".to_owned(), "test".to_owned())]),
            hostname: id.to_owned(),
            cgroup_parent: format!("pods/{id}"),
            log_dir: self.logs(id),
            ..SandboxSpec::default()
        }
    }

    pub async fn sandbox(&self, id: &str) {
        self.runtime.create_sandbox(self.sandbox_spec(id)).await.unwrap();
    }

    pub fn container_spec(&self, sandbox: &str, name: &str, argv: &[&str]) -> ContainerSpec {
        ContainerSpec {
            name: name.to_owned(),
            image: IMAGE.to_owned(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            capabilities: default_capabilities(),
            log_path: self.logs(sandbox).join(name).join("0.log"),
            termination_log: Some(TerminationLog { path: "/dev/termination-log".to_owned(), output_on_failure: false }),
            masked_paths: default_masked_paths(),
            readonly_paths: default_readonly_paths(),
            ..ContainerSpec::default()
        }
    }

    /// The next end of a container of that name.
    pub async fn exit_of(&mut self, name: &str) -> Exit {
        exit_of(&mut self.events, name).await
    }

    /// The contents of a log, without times.
    pub fn log(&self, sandbox: &str, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.logs(sandbox).join(name).join("0.log")).unwrap_or_default();
        text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    /// Runs to the end and gives how it ended and what it printed.
    pub async fn run(&mut self, sandbox: &str, spec: ContainerSpec) -> (Exit, Vec<String>) {
        let name = spec.name.clone();
        self.runtime.start(sandbox, spec).await.unwrap();
        let exit = self.exit_of(&name).await;
        (exit, self.log(sandbox, &name))
    }
}

pub async fn exit_of(events: &mut Events, wanted: &str) -> Exit {
    let search = async {
        loop {
            match events.next().await.unwrap() {
                Event::Exited { name, exit, .. } if name == wanted => return exit,
                _ => {}
            }
        }
    };
    tokio::time::timeout(LONG, search).await.unwrap_or_else(|_| panic!("{wanted} did not end"))
}

/// No mount, process, cgroup or record that mentions the directory.
pub fn assert_nothing_left(dir: &Path) {
    let text = dir.to_str().unwrap();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(text), "mounts are left:\n{mounts}");
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        assert!(!command.contains(text), "process {:?} is left: {command}", process.file_name());
    }
    let left: Vec<_> = fs::read_dir(dir.join("root/sandboxes")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let logs: Vec<_> = fs::read_dir(dir.join("logs")).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    assert!(logs.iter().all(|name| name == "control"), "log directories are left: {logs:?}");
    let journal = fs::read_to_string(dir.join("root/journal")).unwrap();
    let made = journal.lines().filter(|line| line.contains("Made")).count();
    let gone = journal.lines().filter(|line| line.contains("Gone")).count();
    assert_eq!(made, gone, "{journal}");
    for line in journal.lines().filter(|line| line.contains("Made\":{\"Cgroup")) {
        let cgroup = line.split('"').nth(5).unwrap();
        for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let path = hierarchy.path().join(cgroup.trim_start_matches('/'));
            assert!(!path.exists(), "{} is left", path.display());
        }
    }
}

pub fn host_everything(mut spec: SandboxSpec) -> SandboxSpec {
    (spec.network, spec.ipc, spec.uts, spec.pid) = (NamespaceMode::Host, NamespaceMode::Host, NamespaceMode::Host, NamespaceMode::Host);
    spec
}
