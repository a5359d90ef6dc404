//! One more program in a container, as the shim sees it: a helper, then a process to be reaped.
//!
//! ```text
//!   Entering ──helper reported the process and ended──▶ Running ──reaped──▶ over
//!       └─────── helper ended without a report ───────────────────────────▶ over
//! ```
//!
//! Ends with its connection. Never sees what the program is, reads or writes: that is between the helper and whoever asked.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::libc::{SIGHUP, SIGKILL};
use stead_sys::fd::keep_on_exec;
use stead_sys::process::PidFd;

use super::task::{Helpers, Process, Requester, pipe, read_available, spawn_helper};
use crate::exec::Arguments;
use crate::roles::{EXEC_IN_CONTAINER, to_word};

/// Longest report of the helper, in bytes: a process id.
const REPORT_BYTES_MAX: usize = 32;

/// A program.
#[derive(Debug)]
pub struct Exec {
    /// Who asked for it, and waits for its end.
    pub requester: Requester,
    helper: Option<Process>,
    /// None once it has been read.
    report: Option<File>,
    report_text: Vec<u8>,
    process: Option<Process>,
    /// See [`crate::ExecSpec::grace`].
    grace: Option<Duration>,
    /// Set once nobody waits for it any more.
    kill_at: Option<Instant>,
    abandoned: bool,
}

impl Exec {
    /// Starts the helper; `first` is the container's first process, `control` the socket to whoever asked.
    pub fn start(
        helpers: &Helpers<'_>,
        id: &str,
        first: &PidFd,
        control: &OwnedFd,
        grace: Option<Duration>,
        requester: Requester,
    ) -> Result<Exec, String> {
        let Helpers { dir, program, layout } = *helpers;
        let (report, report_end) = pipe()?;
        // A copy: the shim's own handle must not reach other helpers.
        let first = first.descriptor().map_err(|error| format!("copy a process handle: {error}"))?;
        let arguments = Arguments {
            sandbox: dir.0.clone(),
            id: id.to_owned(),
            parent: i32::try_from(std::process::id()).unwrap_or(0),
            first: first.as_raw_fd(),
            control: control.as_raw_fd(),
            report: report_end.as_raw_fd(),
            layout: layout.clone(),
        };
        for end in [&first, control, &report_end] {
            keep_on_exec(end).map_err(|error| format!("pass a descriptor: {error}"))?;
        }
        let helper =
            spawn_helper(program, EXEC_IN_CONTAINER, to_word(&arguments)?).map_err(|error| format!("start the exec helper: {error}"))?;
        let helper = Some(Process::new(helper));
        let report = Some(report);
        Ok(Exec { requester, helper, report, report_text: Vec::new(), process: None, grace, kill_at: None, abandoned: false })
    }

    /// The children of the shim that belong to it.
    pub fn processes(&self) -> impl Iterator<Item = i32> {
        [&self.helper, &self.process].into_iter().flatten().map(|process| process.pid)
    }

    /// A child of the shim has been reaped. Gives the end if that was it. The process is the helper's child until the helper has ended,
    /// so what the helper had to report is in the pipe by now.
    pub fn child_ended(&mut self, pid: i32, code: i32) -> Option<Result<i32, String>> {
        self.read_report();
        let is = |process: &Option<Process>| process.as_ref().is_some_and(|process| process.pid == pid);
        if is(&self.process) {
            self.process = None;
            return Some(Ok(code));
        }
        if is(&self.helper) {
            self.helper = None;
            // One that had to give up has said why to whoever asked.
            return self.process.is_none().then(|| Err("the exec helper ended without a report".to_owned()));
        }
        None
    }

    fn read_report(&mut self) {
        let Some(report) = &mut self.report else { return };
        let ended = read_available(report, &mut self.report_text, REPORT_BYTES_MAX);
        let line = self.report_text.strip_suffix(b"\n");
        if ended || line.is_some() {
            self.report = None;
            self.process = line.and_then(|line| std::str::from_utf8(line).ok()?.parse().ok()).map(Process::new);
        }
    }

    /// Nobody waits for it any more: tells the program, which has lost its input and output too. Only the first call counts.
    pub fn abandon(&mut self, now: Instant) {
        if self.abandoned {
            return;
        }
        self.abandoned = true;
        self.read_report();
        match (self.grace, &self.process) {
            (Some(grace), Some(process)) => {
                self.kill_at = Some(now + grace);
                signal(process, SIGHUP);
            }
            _ => self.kill_at = Some(now),
        }
    }

    /// Does what is due.
    pub fn advance(&mut self, now: Instant) {
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill_at = None;
            self.read_report();
            // A process that its helper has not let go yet ends when that does.
            [&self.helper, &self.process].into_iter().flatten().for_each(|process| signal(process, SIGKILL));
        }
    }

    /// When [`Exec::advance`] has something to do.
    pub fn kill_at(&self) -> Option<Instant> {
        self.kill_at
    }

    /// Whether nothing of it is left.
    pub fn is_over(&self) -> bool {
        self.helper.is_none() && self.process.is_none()
    }
}

/// One that has ended needs no signal.
fn signal(process: &Process, signal: i32) {
    if let Some(handle) = &process.handle {
        handle.signal(signal).unwrap_or_default();
    }
}
