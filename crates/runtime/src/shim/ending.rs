//! How a container is brought to its end: one small step at a time, each with a deadline, so that the shim's loop never waits.
//!
//! ```text
//!   Kill ──nothing is left, or it takes too long──▶ (end is known) ──▶ Remove ──▶ over
//! ```
//!
//! Input: how its first process ended, or why it was not started. Never reaps and never says anything to clients: the loop does.

use std::fs;
use std::time::{Duration, Instant};

use stead_sys::process::PidFd;

use crate::cgroup::Layout;
use crate::error::log_error;

/// How long processes may take to die, and cgroups to become removable, before the shim goes on without.
const STEP_MAX: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(4);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Why a container ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its first process ended.
    Exited {
        /// Its exit code, or 128 + the signal's number.
        code: i32,
        /// The signal.
        signal: Option<i32>,
    },
    /// Its program was not executed.
    NotStarted {
        /// As users see it.
        message: String,
    },
}

/// What is still to be done.
#[derive(Debug)]
enum Step {
    Kill,
    Remove,
}

/// A container's way to its end.
#[derive(Debug)]
pub struct Ending {
    pub cause: Cause,
    step: Step,
    give_up_at: Instant,
    /// When to look again.
    pub next: Instant,
    pause: Duration,
}

/// What a look brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Look again, see [`Ending::next`].
    Waiting,
    /// No process is left: the end can be recorded and told.
    Dead,
    /// Nothing is left.
    Over,
}

/// What may still belong to a container.
#[derive(Debug)]
pub struct Remains<'a> {
    pub layout: &'a Layout,
    /// Its cgroup.
    pub cgroup: &'a str,
    /// The shim's own, in which a container's processes are before they have one of their own.
    pub shim_cgroup: &'a str,
    /// Its create helper, if that has not been reaped.
    pub helper: Option<&'a PidFd>,
    /// Children of the shim that belong to others.
    pub others: &'a [i32],
}

impl Ending {
    pub fn new(cause: Cause, now: Instant) -> Ending {
        Ending { cause, step: Step::Kill, give_up_at: now + STEP_MAX, next: now, pause: PAUSE }
    }

    /// Does what can be done at once.
    pub fn advance(&mut self, now: Instant, remains: &Remains<'_>) -> Progress {
        let done = match self.step {
            Step::Kill => self.kill(remains),
            Step::Remove => remains.layout.try_remove(remains.cgroup).map_err(|error| crate::error::chain(&error)),
        };
        match done {
            Ok(true) => {}
            Ok(false) if now < self.give_up_at => {
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                self.next = now + self.pause;
                return Progress::Waiting;
            }
            Ok(false) => log_error(&format!("{} is still in use after {} s", remains.cgroup, STEP_MAX.as_secs())),
            Err(message) => log_error(&message),
        }
        match self.step {
            Step::Kill => {
                (self.step, self.give_up_at, self.next, self.pause) = (Step::Remove, now + STEP_MAX, now, PAUSE);
                Progress::Dead
            }
            Step::Remove => Progress::Over,
        }
    }

    /// Whether every process is gone.
    fn kill(&self, remains: &Remains<'_>) -> Result<bool, String> {
        // Without a process namespace of its own others of it may live on.
        let mut left = remains.layout.kill_present(remains.cgroup).map_err(|error| crate::error::chain(&error))?;
        if let (Cause::NotStarted { .. }, Some(helper)) = (&self.cause, remains.helper) {
            helper.signal(nix::libc::SIGKILL).unwrap_or_default();
            left += 1;
        } else if matches!(self.cause, Cause::NotStarted { .. }) {
            left += kill_strays(remains);
        }
        Ok(left == 0)
    }
}

/// Kills what a create helper left that died: its children are the shim's now, and may not be in the container's cgroup yet. They keep
/// their ids until the shim reaps them.
fn kill_strays(remains: &Remains<'_>) -> usize {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let children = stead_sys::process::children(own).unwrap_or_default();
    let strays: Vec<i32> = children
        .into_iter()
        .filter(|pid| !remains.others.contains(pid) && cgroup_of(*pid, remains.layout).as_deref() == Some(remains.shim_cgroup))
        .collect();
    for handle in strays.iter().filter_map(|pid| PidFd::open(*pid).ok()) {
        handle.signal(nix::libc::SIGKILL).unwrap_or_default();
    }
    strays.len()
}

/// The cgroup in which a process's memory counts.
fn cgroup_of(pid: i32, layout: &Layout) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let memory = |controllers: &str| match layout.version {
        2 => controllers.is_empty(),
        _ => controllers.split(',').any(|controller| controller == "memory"),
    };
    text.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        memory(controllers).then(|| path.to_owned())
    })
}
