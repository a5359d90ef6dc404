//! The namespaces of a sandbox with users of its own: its user namespace first, in which all others are made, so that they are its.
//!
//! A process that has entered it may not bind anything on the machine any more. So one makes the namespaces, and another one, its parent, says
//! who its users are and pins what it made.
//!
//! ```text
//!   founder: user namespace ▶ says so ▶ waits ▶ becomes its root ▶ other namespaces ▶ says so ▶ waits ▶ ends
//!   parent:  ................ waits ▶ maps ids ▶ lets it go ▶ ......................... waits ▶ binds ▶ lets it go
//! ```

use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use stead_sys::capability;
use stead_sys::process::{Fork, exit_immediately, fork_single_threaded};

use super::{REASON_BYTES_MAX, bind, make};
use crate::executor::plain;
use crate::ids::IdRange;
use crate::record::{SandboxDir, SandboxRecord};

/// What one says to the other when it has done its part.
const DONE: u8 = b'.';
/// What the founder says before a reason.
const FAILED: u8 = b'!';
/// A directory that everybody reaches and that may be mounted over.
const ANYWHERE: &str = "/proc";

type Kinds<'a> = &'a [(&'static str, CloneFlags)];

/// Makes and pins them all. Gives the first process of a shared process namespace.
pub fn pin(dir: &SandboxDir, sandbox: &SandboxRecord, kinds: Kinds, users: IdRange, program: &OwnedFd) -> Result<Option<i32>, String> {
    let pipe = || std::io::pipe().map_err(|error| format!("make a pipe: {error}"));
    let ((heard, say), (go, let_go)) = (pipe()?, pipe()?);
    match fork_single_threaded().map_err(|error| format!("fork: {error}"))? {
        Fork::Child => {
            drop((heard, let_go));
            exit_immediately(found(sandbox, kinds, program, say, go))
        }
        Fork::Parent(founder) => {
            drop((say, go));
            let pinned = follow(dir, kinds, users, founder, heard, let_go);
            waitpid(Pid::from_raw(founder), None).map_err(|error| format!("wait: {error}"))?;
            pinned
        }
    }
}

fn follow(
    dir: &SandboxDir,
    kinds: Kinds,
    users: IdRange,
    founder: i32,
    mut heard: PipeReader,
    mut let_go: PipeWriter,
) -> Result<Option<i32>, String> {
    hear(&mut heard)?;
    for file in ["uid_map", "gid_map"] {
        let path = format!("/proc/{founder}/{file}");
        // All of it in one piece, as the kernel wants it.
        let mapped = File::options().write(true).open(&path).and_then(|mut file| file.write_all(users.line().as_bytes()));
        mapped.map_err(|error| format!("write {path}: {error}"))?;
    }
    let_go.write_all(&[DONE]).map_err(|error| format!("let the founder go: {error}"))?;
    let first = hear(&mut heard)?;
    bind(dir, &[("user", CloneFlags::CLONE_NEWUSER)], founder, None)?;
    bind(dir, kinds, founder, first)?;
    Ok(first)
}

/// That a part is done, and of which process it tells, if of any.
fn hear(heard: &mut PipeReader) -> Result<Option<i32>, String> {
    let mut word = [0; 1 + size_of::<i32>()];
    heard.read_exact(&mut word[..1]).map_err(|_| "user namespace: its founder ended, see shim.log".to_owned())?;
    if word[0] == FAILED {
        let mut reason = String::new();
        heard.take(REASON_BYTES_MAX).read_to_string(&mut reason).map_err(|error| format!("user namespace: {error}"))?;
        return Err(reason);
    }
    heard.read_exact(&mut word[1..]).map_err(|error| format!("user namespace: {error}"))?;
    let process = i32::from_ne_bytes(word[1..].try_into().expect("four bytes are left"));
    Ok(Some(process).filter(|process| *process > 0))
}

/// The founder: gives its exit code.
fn found(sandbox: &SandboxRecord, kinds: Kinds, program: &OwnedFd, mut say: PipeWriter, mut go: PipeReader) -> i32 {
    let told = match make_all(sandbox, kinds, program, &mut say, &mut go) {
        Ok(first) => tell(&mut say, first),
        Err(reason) => say.write_all(&[&[FAILED], reason.as_bytes()].concat()),
    };
    drop(say);
    // Ends when its parent has seen all there is: the pipe's other end closes.
    let waited = go.read(&mut [0]);
    i32::from(told.is_err() || waited.is_err())
}

fn tell(say: &mut PipeWriter, process: Option<i32>) -> std::io::Result<()> {
    let mut word = vec![DONE];
    word.extend(process.unwrap_or(0).to_ne_bytes());
    say.write_all(&word)
}

fn make_all(
    sandbox: &SandboxRecord,
    kinds: Kinds,
    program: &OwnedFd,
    say: &mut PipeWriter,
    go: &mut PipeReader,
) -> Result<Option<i32>, String> {
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| refused(error as i32))?;
    let alone = |error: std::io::Error| format!("user namespace: {error}");
    tell(say, None).map_err(alone)?;
    go.read_exact(&mut [0]).map_err(alone)?;
    capability::set_user(0, 0).map_err(|error| format!("become root of the user namespace: {error}"))?;
    make(&sandbox.spec, kinds, program, Path::new(ANYWHERE))
}

/// What the kernel says, and what it may mean by that.
fn refused(error: i32) -> String {
    let most = fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    let hint = match (fs::exists("/proc/self/ns/user").unwrap_or(false), most.trim()) {
        (false, _) => " (the kernel has no user namespaces)",
        (true, "0") => " (user.max_user_namespaces is 0)",
        (true, _) => "",
    };
    format!("make a user namespace: {}{hint}", plain(error))
}
