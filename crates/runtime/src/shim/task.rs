//! One container in the shim: its helper, its pipes, its log, its end.
//!
//! ```text
//!   Making ──Running report──▶ Running ──first process reaped──▶ Ended
//!      └──failure report, or helper gone without one──────────────▶ Ended
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use stead_sys::fd::keep_on_exec;
use stead_sys::process::PidFd;

use super::log::{Boundary, LineBuffer, LogFile, ROTATION, Stream};
use crate::cgroup::Layout;
use crate::container::ExitReason;
use crate::create::{Arguments, Report};
use crate::record::{self, ContainerRecord, Durability, ExitRecord, SandboxDir, StartedRecord};
use crate::roles::CREATE_CONTAINER;

/// Longest last message that is kept, in bytes.
const MESSAGE_BYTES_MAX: u64 = 4096;
/// Exit code of a container that could not be started, and of one whose end nobody saw.
const START_FAILED: i32 = 128;
/// Bytes read from one pipe before others get their turn.
const READ_BYTES_MAX: usize = 64 * 1024;

/// One of the container's outputs.
#[derive(Debug)]
pub struct Output {
    /// The pipe; none once it has ended.
    pub pipe: Option<File>,
    lines: LineBuffer,
}

/// Who asked for the start, and waits for the answer.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// The connection's number.
    pub client: u64,
    /// The request's number.
    pub request: u64,
}

/// What became of the start.
#[derive(Debug)]
pub enum StartOutcome {
    /// The program runs.
    Started(StartedRecord),
    /// It could not be described.
    CreateFailed(String),
    /// It could not be run.
    StartFailed(String, ExitRecord),
}

/// A container.
#[derive(Debug)]
pub struct Task {
    /// As written down.
    pub record: ContainerRecord,
    /// Its directory.
    pub dir: PathBuf,
    /// Reports of the helper; none once it is done.
    pub report: Option<File>,
    report_text: Vec<u8>,
    /// Standard output and standard error.
    pub outputs: [Output; 2],
    /// Its log.
    pub log: LogFile,
    /// Who waits for the start.
    pub asker: Option<Asker>,
    made: Option<i32>,
    handle: Option<PidFd>,
    /// Once its program was executed.
    pub started: Option<StartedRecord>,
    /// Once it has ended.
    pub exit: Option<ExitRecord>,
    /// Whether `exit.json` holds it.
    pub exit_saved: bool,
    /// Nothing of it is to be kept; dropped at the end of the loop's turn.
    pub forgotten: bool,
}

impl Task {
    /// Starts the helper for a container whose record is on disk; `program` is this program.
    pub fn start(dir: &SandboxDir, id: &str, program: &OwnedFd, asker: Asker) -> Result<Task, String> {
        let base = dir.container(id);
        let record: ContainerRecord = record::read(&base.join("container.json"))
            .map_err(|error| crate::create::chain(&error))?
            .ok_or_else(|| format!("container {id} has no record"))?;
        let log_path = &record.spec.log_path;
        let log = LogFile::open(log_path, ROTATION).map_err(|error| format!("open log {}: {error}", log_path.display()))?;
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let (report, report_end) = pipe()?;
        let arguments = Arguments {
            sandbox: dir.0.clone(),
            id: id.to_owned(),
            parent: i32::try_from(std::process::id()).unwrap_or(0),
            stdout: stdout_end.as_raw_fd(),
            stderr: stderr_end.as_raw_fd(),
            report: report_end.as_raw_fd(),
        };
        for end in [&stdout_end, &stderr_end, &report_end] {
            keep_on_exec(end).map_err(|error| format!("pass a pipe: {error}"))?;
        }
        spawn_helper(program, &arguments).map_err(|error| format!("start the create helper: {error}"))?;
        Ok(Task {
            record,
            dir: base,
            report: Some(report),
            report_text: Vec::new(),
            outputs: [(Stream::Stdout, stdout), (Stream::Stderr, stderr)]
                .map(|(stream, pipe)| Output { pipe: Some(pipe), lines: LineBuffer::new(stream) }),
            log,
            asker: Some(asker),
            made: None,
            handle: None,
            started: None,
            exit: None,
            exit_saved: false,
            forgotten: false,
        })
    }

    /// Whether `pid` is this container's first process.
    pub fn is_first_process(&self, pid: i32) -> bool {
        self.made == Some(pid) && self.exit.is_none()
    }

    /// Reads the helper's reports. Gives the outcome of the start once it is known.
    pub fn read_reports(&mut self, layout: &Layout) -> Option<StartOutcome> {
        let report = self.report.as_mut()?;
        let ended = read_available(report, &mut self.report_text, usize::MAX);
        let mut outcome = None;
        while let Some(end) = self.report_text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.report_text.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(Report::Made { pid }) => {
                    self.made = Some(pid);
                    // Still our own child or the helper's: the id cannot have been given to another process.
                    self.handle = PidFd::open(pid).ok();
                }
                Ok(Report::Running(started)) => outcome = Some(self.running(started)),
                Ok(Report::CreateFailed(message)) => outcome = Some(StartOutcome::CreateFailed(message)),
                Ok(Report::StartFailed(message)) => outcome = Some(self.start_failed(message, layout)),
                Err(error) => outcome = Some(self.start_failed(format!("create helper: {error}"), layout)),
            }
        }
        if outcome.is_none() && ended && self.started.is_none() && self.exit.is_none() {
            outcome = Some(self.start_failed("the create helper ended without a report".to_owned(), layout));
        }
        if ended || outcome.is_some() {
            self.report = None;
        }
        outcome
    }

    fn running(&mut self, started: StartedRecord) -> StartOutcome {
        // Only read back while the machine runs: need not withstand a loss of power. If it cannot be written, the list of the shim still has it.
        record::write(&self.dir.join("started.json"), &started, Durability::Process).unwrap_or_default();
        self.started = Some(started.clone());
        StartOutcome::Started(started)
    }

    fn start_failed(&mut self, message: String, layout: &Layout) -> StartOutcome {
        // Something of it may have been left behind by a helper that died.
        layout.kill(&self.record.cgroup).and_then(|()| layout.remove(&self.record.cgroup)).unwrap_or_default();
        let exit = ExitRecord {
            code: START_FAILED,
            signal: None,
            oom: false,
            started_at_ns: None,
            finished_at_ns: now_ns(),
            message: message.clone(),
            reason: ExitReason::StartFailed,
        };
        self.exit = Some(exit.clone());
        self.save_exit();
        StartOutcome::StartFailed(message, exit)
    }

    /// The first process has been reaped, after the helper's reports were read. Only a container that was started ends this way; gives that.
    pub fn first_process_ended(&mut self, code: i32, signal: Option<i32>, layout: &Layout) -> bool {
        let Some(started) = self.started.clone() else { return false };
        self.drain_outputs();
        let oom = layout.oom_kills(&self.record.cgroup) > 0;
        // Without a process namespace of its own others of it may live on.
        layout.kill(&self.record.cgroup).and_then(|()| layout.remove(&self.record.cgroup)).unwrap_or_default();
        self.handle = None;
        self.exit = Some(ExitRecord {
            code,
            signal,
            oom,
            started_at_ns: Some(started.started_at_ns),
            finished_at_ns: now_ns(),
            message: self.last_message(code),
            reason: ExitReason::Exited,
        });
        self.save_exit();
        true
    }

    /// What it left in its termination log, else (if that was asked for, and it failed) the end of its output (CS-13).
    fn last_message(&self, code: i32) -> String {
        let Some(wanted) = &self.record.spec.termination_log else { return String::new() };
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(self.dir.join("termination-log")) {
            // An unreadable message is an empty one.
            file.take(MESSAGE_BYTES_MAX).read_to_end(&mut bytes).unwrap_or_default();
        }
        if bytes.is_empty() && wanted.output_on_failure && code != 0 {
            return self.log.tail().unwrap_or_default();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes `exit.json`; to be tried again while [`Task::exit_saved`] is false.
    pub fn save_exit(&mut self) {
        if let Some(exit) = &self.exit {
            self.exit_saved = record::write(&self.dir.join("exit.json"), exit, Durability::Power).is_ok();
        }
    }

    /// Reads output that is there, once.
    pub fn read_output(&mut self, index: usize) {
        let output = &mut self.outputs[index];
        let Some(pipe) = output.pipe.as_mut() else { return };
        let mut bytes = Vec::new();
        let ended = read_available(pipe, &mut bytes, READ_BYTES_MAX);
        let now = stead_sys::clock::now();
        let mut lines = Vec::new();
        output.lines.push(&bytes, now, &mut lines);
        if ended {
            output.pipe = None;
            output.lines.finish(now, &mut lines);
        }
        self.log.write(&lines);
        let in_part = self.outputs.iter().any(|output| output.lines.boundary() == Boundary::Part);
        if let Err(error) = self.log.rotate_if_full(if in_part { Boundary::Part } else { Boundary::Line }, now) {
            super::complain(&format!("rotate {}: {error}", self.record.spec.log_path.display()));
        }
    }

    /// Reads all output that is there now. A pipe that is still open is held by a process of another container or of the machine.
    fn drain_outputs(&mut self) {
        for index in 0..self.outputs.len() {
            while self.outputs[index].pipe.as_ref().is_some_and(has_input) {
                self.read_output(index);
            }
        }
    }

    /// Sends a signal to the first process.
    pub fn signal(&self, signal: i32) -> Result<(), String> {
        let Some(handle) = &self.handle else { return Ok(()) };
        match handle.signal(signal) {
            Err(error) if error.raw_os_error() != Some(nix::libc::ESRCH) => Err(format!("signal {signal}: {error}")),
            _ => Ok(()),
        }
    }

    /// Whether it still has a process or a helper.
    pub fn is_live(&self) -> bool {
        self.exit.is_none()
    }
}

fn now_ns() -> u64 {
    record::to_ns(stead_sys::clock::now())
}

fn pipe() -> Result<(File, OwnedFd), String> {
    let make = || -> nix::Result<(OwnedFd, OwnedFd)> {
        let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok((reader, writer))
    };
    make().map(|(reader, writer)| (File::from(reader), writer)).map_err(|error| format!("make a pipe: {error}"))
}

/// The shim's loop reaps it.
#[expect(clippy::disallowed_methods, reason = "the program runs itself, no other one")]
fn spawn_helper(program: &OwnedFd, arguments: &Arguments) -> io::Result<()> {
    Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()))
        .arg(CREATE_CONTAINER)
        .args(arguments.words())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map(drop)
}

/// Appends what can be read without waiting, up to about `limit` bytes; true at the end.
fn read_available(file: &mut File, into: &mut Vec<u8>, limit: usize) -> bool {
    let mut chunk = [0; 16 * 1024];
    while into.len() < limit {
        match file.read(&mut chunk) {
            Ok(0) => return true,
            Ok(count) => into.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
    false
}

fn has_input(pipe: &File) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    let mut entries = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    matches!(poll(&mut entries, PollTimeout::ZERO), Ok(count) if count > 0)
}
