//! How the shim comes up: daemon, own cgroup, namespaces pinned by bind mounts, shared memory, socket.
//!
//! What is made here was written down by the caller before. Input: the sandbox's directory; output: one line on standard output, `ready`
//! or `failed REASON`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use stead_sys::process::{Fork, exit_immediately, fork_single_threaded};

use super::namespaces;
use crate::cgroup::Layout;
use crate::record::{self, Durability, SandboxDir, SandboxRecord, ShimRecord};
use crate::sandbox::NamespaceMode;

/// The line that says that the shim serves.
pub const READY: &str = "ready";
/// The beginning of the line that says that it does not.
pub const FAILED: &str = "failed ";
/// Where the kernel may look for a victim last, if that can be set.
const OOM_SCORE_ADJ: i32 = -998;
const DEFAULT_SHM_BYTES: u64 = 64 << 20;

/// Beside the containers' cgroups: that of the first process of a shared process namespace.
const FIRST_CGROUP: &str = "first";

/// Which process this is after becoming a daemon.
pub enum Daemon {
    /// The one that was started: it has nothing more to do.
    Caller,
    /// The shim.
    Shim,
}

/// Leaves the caller's session, so that nothing that ends the server ends the shim.
pub fn become_daemon() -> io::Result<Daemon> {
    stead_sys::fd::close_from(3)?;
    if let Fork::Parent(_) = fork_single_threaded()? {
        return Ok(Daemon::Caller);
    }
    nix::unistd::setsid()?;
    if let Fork::Parent(_) = fork_single_threaded()? {
        exit_immediately(0);
    }
    for signal in [nix::libc::SIGHUP, nix::libc::SIGINT, nix::libc::SIGTERM, nix::libc::SIGQUIT, nix::libc::SIGPIPE] {
        stead_sys::signal::ignore(signal);
    }
    Ok(Daemon::Shim)
}

/// What the shim has of its sandbox once that is set up.
#[derive(Debug)]
pub struct SetUp {
    /// On `shim.sock`.
    pub listener: UnixListener,
    pub layout: Layout,
    /// The shim's own cgroup.
    pub cgroup: String,
    /// The first process of the process namespace that the containers share, if they do.
    pub first: Option<i32>,
}

/// Makes everything that a sandbox's containers share.
pub fn set_up(dir: &SandboxDir) -> Result<SetUp, String> {
    let text = |what: &'static str| move |error: nix::Error| format!("{what}: {error}");
    let sandbox: SandboxRecord = record::read(&dir.record())
        .map_err(|error| crate::error::chain(&error))?
        .ok_or_else(|| format!("{} is missing", dir.record().display()))?;
    nix::sys::stat::umask(Mode::from_bits_truncate(0o022));
    nix::sys::prctl::set_child_subreaper(true).map_err(text("become a subreaper"))?;
    nix::sys::prctl::set_name(c"stead-shim").map_err(text("set the process's name"))?;
    lower_oom_score();
    // Moving between cgroups waits for the kernel to settle (some ten milliseconds): the namespaces are made meanwhile, by a child.
    let maker = namespaces::begin(dir, &sandbox)?;
    let layout = Layout::probe().map_err(|error| crate::error::chain(&error))?;
    layout.join(&sandbox.shim_cgroup).map_err(|error| crate::error::chain(&error))?;
    if sandbox.spec.ipc == NamespaceMode::Own {
        make_shm(dir, &sandbox)?;
    }
    let listener = listen(&dir.0).map_err(|error| format!("listen on {}/shim.sock: {error}", dir.0.display()))?;
    let first = maker.map_or(Ok(None), namespaces::Maker::finish)?;
    if let Some(pid) = first {
        layout.admit(&format!("{}/{FIRST_CGROUP}", sandbox.cgroup), pid).map_err(|error| crate::error::chain(&error))?;
    }
    Ok(SetUp { listener, layout, cgroup: sandbox.shim_cgroup, first })
}

/// Without the privilege to lower it, the score stays what it was inherited as.
fn lower_oom_score() {
    fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJ.to_string()).unwrap_or_default();
}

fn make_shm(dir: &SandboxDir, sandbox: &SandboxRecord) -> Result<(), String> {
    let place = dir.shm();
    fs::create_dir_all(&place).map_err(|error| format!("create {}: {error}", place.display()))?;
    let size = if sandbox.spec.shm_size_bytes == 0 { DEFAULT_SHM_BYTES } else { sandbox.spec.shm_size_bytes };
    let owner = sandbox.users.map_or(0, |users| users.first);
    let options = format!("mode=1777,uid={owner},gid={owner},size={size}");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("shm"), &place, Some("tmpfs"), flags, Some(options.as_str())).map_err(|error| format!("mount {}: {error}", place.display()))
}

/// A socket's path may have 107 bytes only; through the directory's descriptor it has a few, wherever the directory lies.
fn listen(dir: &Path) -> io::Result<UnixListener> {
    let directory = File::open(dir)?;
    record::unless_missing(fs::remove_file(dir.join("shim.sock")))?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/shim.sock", directory.as_raw_fd()))?;
    fs::set_permissions(dir.join("shim.sock"), fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Records that this shim serves, and tells the caller.
pub fn report_ready(dir: &SandboxDir) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    let pid = i32::try_from(std::process::id()).map_err(|error| error.to_string())?;
    let shim = ShimRecord {
        pid,
        start_ticks: stead_sys::process::start_ticks(pid).map_err(text)?,
        boot_id: stead_sys::process::boot_id().map_err(text)?,
    };
    record::write(&dir.shim(), &shim, Durability::Process).map_err(|error| crate::error::chain(&error))?;
    writeln!(io::stdout(), "{READY}").map_err(text)?;
    let nowhere = File::options().write(true).open("/dev/null").map_err(text)?;
    nix::unistd::dup2_stdout(&nowhere).map_err(|error| error.to_string())
}

/// Tells the caller that there will be no shim.
pub fn report_failure(message: &str) {
    writeln!(io::stdout(), "{FAILED}{message}").unwrap_or_default();
}
