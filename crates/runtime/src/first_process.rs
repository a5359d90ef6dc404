//! The role `sandbox-init`: the first process of a process namespace that a sandbox's containers share.
//!
//! Reaps what loses its parent, and does nothing else. Containers see it and may be allowed to look into it, so it has nothing: an empty root of
//! its own that cannot be written, no descriptor, no capability, nobody's user. The shim notices when it ends; the namespace ends with it.

use std::path::Path;
use std::process::ExitCode;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use stead_sys::capability::{self, CapabilitySet};

/// Nobody, as sandboxes of other runtimes have it.
const NOBODY: u32 = 65_535;
const NO_PATH: Option<&str> = None;

/// Runs the role in a directory that may be mounted over.
pub fn run() -> ExitCode {
    match give_everything_up() {
        Ok(()) => reap_for_ever(),
        Err(_) => ExitCode::FAILURE,
    }
}

fn give_everything_up() -> std::io::Result<()> {
    nix::sys::prctl::set_name(c"pause")?;
    stead_sys::fd::close_from(3)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NO_PATH, "/", NO_PATH, MsFlags::MS_PRIVATE | MsFlags::MS_REC, NO_PATH)?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let here = std::env::current_dir()?;
    mount(Some("none"), &here, Some("tmpfs"), flags, Some("size=0,mode=555"))?;
    std::env::set_current_dir(&here)?;
    nix::unistd::pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    std::env::set_current_dir(Path::new("/"))?;
    capability::limit_bounding(CapabilitySet::default())?;
    nix::unistd::setgroups(&[])?;
    capability::set_user(NOBODY, NOBODY)?;
    capability::set(CapabilitySet::default())?;
    nix::sys::prctl::set_no_new_privs()?;
    nix::sys::prctl::set_dumpable(false)?;
    Ok(())
}

fn reap_for_ever() -> ExitCode {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    if children.thread_block().is_err() {
        return ExitCode::FAILURE;
    }
    loop {
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        if children.wait().is_err() {
            return ExitCode::FAILURE;
        }
    }
}
