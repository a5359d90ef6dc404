//! Makes a sandbox's namespaces and pins them by bind mounts: they live on without any process in them. Only a process namespace needs one.
//!
//! A child does it, since entering them cannot be undone, while the shim does something else. It says what became of it through a pipe: nothing, the first
//! process of a shared process namespace, or why it failed.

mod users;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use stead_sys::process::{Fork, exit_immediately, fork_single_threaded};

use crate::record::{SandboxDir, SandboxRecord};
use crate::roles::SANDBOX_INIT;
use crate::sandbox::{NamespaceMode, SandboxSpec};

const NO_PATH: Option<&str> = None;
/// Longest reason that is read.
const REASON_BYTES_MAX: u64 = 4096;
/// What the first process is called in the containers.
const FIRST_NAME: &str = "/pause";

/// The child.
#[derive(Debug)]
pub struct Maker {
    child: Pid,
    said: OwnedFd,
}

/// Starts the child, if any namespace is to be made.
pub fn begin(dir: &SandboxDir, sandbox: &SandboxRecord) -> Result<Option<Maker>, String> {
    let spec = &sandbox.spec;
    let kinds = kinds(spec);
    if kinds.is_empty() {
        return Ok(None);
    }
    let (said, say) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| format!("make a pipe: {error}"))?;
    match fork_single_threaded().map_err(|error| format!("fork: {error}"))? {
        Fork::Child => {
            let (text, code) = match pin(dir, sandbox, &kinds) {
                Ok(first) => (first.map_or(String::new(), |pid| pid.to_string()), 0),
                Err(reason) => (reason, 1),
            };
            let code = File::from(say).write_all(text.as_bytes()).map_or(1, |()| code);
            exit_immediately(code)
        }
        Fork::Parent(child) => Ok(Some(Maker { child: Pid::from_raw(child), said })),
    }
}

fn kinds(spec: &SandboxSpec) -> Vec<(&'static str, CloneFlags)> {
    let mut kinds = Vec::new();
    for (name, flag, mode) in [
        ("net", CloneFlags::CLONE_NEWNET, spec.network),
        ("ipc", CloneFlags::CLONE_NEWIPC, spec.ipc),
        ("uts", CloneFlags::CLONE_NEWUTS, spec.uts),
    ] {
        if mode == NamespaceMode::Own {
            kinds.push((name, flag));
        }
    }
    if spec.pid == NamespaceMode::Sandbox {
        kinds.push(("pid", CloneFlags::CLONE_NEWPID));
    }
    kinds
}

impl Maker {
    /// Waits for the child. Gives the first process of a shared process namespace, which has become the shim's child.
    pub fn finish(self) -> Result<Option<i32>, String> {
        let ended = waitpid(self.child, None).map_err(|error| format!("wait: {error}"))?;
        let mut text = String::new();
        // The first process holds no end of the pipe: it closes what it does not need at once.
        File::from(self.said)
            .take(REASON_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| format!("read what became of namespaces: {error}"))?;
        match ended {
            WaitStatus::Exited(_, 0) => Ok(text.parse().ok()),
            _ if text.is_empty() => Err("namespaces could not be made, see shim.log".to_owned()),
            _ => Err(text),
        }
    }
}

fn pin(dir: &SandboxDir, sandbox: &SandboxRecord, kinds: &[(&'static str, CloneFlags)]) -> Result<Option<i32>, String> {
    let places = dir.0.join("ns");
    fs::create_dir_all(&places).map_err(|error| format!("create {}: {error}", places.display()))?;
    let program = stead_sys::mount::read_only_view(Path::new("/proc/self/exe")).map_err(|error| format!("open the program: {error}"))?;
    match sandbox.users {
        None => {
            let first = make(&sandbox.spec, kinds, &program, &places)?;
            bind(dir, kinds, std::process::id().cast_signed(), first)?;
            Ok(first)
        }
        Some(users) => users::pin(dir, sandbox, kinds, users, &program),
    }
}

/// Makes the namespaces and enters them. Gives the first process of a process namespace, which works in a directory that may be mounted over.
fn make(spec: &SandboxSpec, kinds: &[(&'static str, CloneFlags)], program: &OwnedFd, directory: &Path) -> Result<Option<i32>, String> {
    let flags = kinds.iter().fold(CloneFlags::empty(), |all, (_, flag)| all | *flag);
    unshare(flags).map_err(|error| format!("make namespaces: {error}"))?;
    if flags.contains(CloneFlags::CLONE_NEWUTS) && !spec.hostname.is_empty() {
        nix::unistd::sethostname(&spec.hostname).map_err(|error| format!("set host name {:?}: {error}", spec.hostname))?;
    }
    if flags.contains(CloneFlags::CLONE_NEWNET) {
        stead_sys::network::loopback_up().map_err(|error| format!("bring the loopback device up: {error}"))?;
    }
    for (name, value) in &spec.sysctls {
        set_sysctl(name, value)?;
    }
    if !flags.contains(CloneFlags::CLONE_NEWPID) {
        return Ok(None);
    }
    start_first(program, directory).map(Some).map_err(|error| format!("start the sandbox's first process: {error}"))
}

/// Pins the namespaces of a process, that of processes by the first one in it.
fn bind(dir: &SandboxDir, kinds: &[(&'static str, CloneFlags)], process: i32, first: Option<i32>) -> Result<(), String> {
    for (name, flag) in kinds {
        let of = if *flag == CloneFlags::CLONE_NEWPID { first.unwrap_or(process) } else { process };
        let source = format!("/proc/{of}/ns/{name}");
        let place = dir.namespace(name);
        File::create(&place).map_err(|error| format!("create {}: {error}", place.display()))?;
        mount(Some(source.as_str()), &place, NO_PATH, MsFlags::MS_BIND, NO_PATH)
            .map_err(|error| format!("bind {source} to {}: {error}", place.display()))?;
    }
    Ok(())
}

/// The files of `/proc/sys` show the namespaces of whoever opens them.
fn set_sysctl(name: &str, value: &str) -> Result<(), String> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    let bad = name.is_empty() || name.contains("..") || name.contains('/');
    if bad {
        return Err(format!("sysctl {name:?} is not known"));
    }
    // Not made if missing: there is no such setting then.
    let file = File::options().write(true).open(&path);
    file.and_then(|mut file| file.write_all(value.as_bytes())).map_err(|error| {
        let reason = crate::executor::plain(error.raw_os_error().unwrap_or(0));
        format!("write sysctl key {name}: open {path}: {reason}")
    })
}

/// Runs this program, through a view that cannot be written: `/proc/1/exe` in the containers leads to it.
#[expect(clippy::disallowed_methods, reason = "the program runs itself, no other one")]
fn start_first(program: &OwnedFd, directory: &Path) -> std::io::Result<i32> {
    let child = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()))
        .arg0(FIRST_NAME)
        .arg(SANDBOX_INIT)
        .env_clear()
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    i32::try_from(child.id()).map_err(std::io::Error::other)
}
