//! One container in the shim: its helper, its pipes, its log, its end.
//!
//! ```text
//!   Making ──Running report──▶ Running ──first process reaped──▶ Ending ──▶ Ended
//!      └──failure report, helper gone without one, or too slow───▶ Ending ──▶ Ended
//! ```

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use stead_sys::fd::keep_on_exec;
use stead_sys::process::PidFd;

use super::attach::{Attachment, Unheard};
use super::ending::{Cause, Ending, Progress, Remains};
use super::log::{Boundary, LineBuffer, LogFile, Stream};
use crate::cgroup::Layout;
use crate::container::ExitReason;
use crate::create::{Arguments, Report};
use crate::record::{self, ContainerRecord, Durability, ExitRecord, SandboxDir, StartedRecord};
use crate::roles::{CREATE_CONTAINER, to_word};

/// Longest last message that is kept, in bytes.
const MESSAGE_BYTES_MAX: u64 = 4096;
/// Exit code of a container that could not be started, and of one whose end nobody saw.
const START_FAILED: i32 = 128;
/// Bytes read from one pipe before others get their turn.
const READ_BYTES_MAX: usize = 64 * 1024;
/// Bytes taken from the pipe of a container that has ended: what the largest pipe holds that an unprivileged process can have.
const DRAIN_BYTES_MAX: usize = 1 << 20;
/// How long making a container may take: file systems that hang end in an error, not in silence.
const MAKING_MAX: Duration = Duration::from_secs(120);

/// One of the container's outputs.
#[derive(Debug)]
pub struct Output {
    /// The pipe; none once it has ended.
    pub pipe: Option<File>,
    lines: LineBuffer,
}

/// Who asked for the start, and waits for the answer.
#[derive(Debug, Clone, Copy)]
pub struct Requester {
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
}

/// A process of the shim's own, or one that will be.
#[derive(Debug)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// None if it could not be had.
    pub handle: Option<PidFd>,
}

impl Process {
    /// Takes a process that has not been reaped yet: its id cannot have been given to another one.
    pub fn new(pid: i32) -> Process {
        Process { pid, handle: PidFd::open(pid).ok() }
    }
}

/// What a look at a container brought.
#[derive(Debug)]
pub enum TaskEvent {
    /// It could not be started, and nothing of it is left.
    NotStarted(String, ExitRecord),
    /// It has ended.
    Exited(ExitRecord),
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
    /// Who listens.
    attachments: Vec<Attachment>,
    /// Kept for the first who will.
    unheard: Option<Unheard>,
    /// Where its input goes: the pipe's other end, or the terminal's master.
    input: Option<OwnedFd>,
    /// Over which the terminal's master comes.
    terminal: Option<OwnedFd>,
    /// Its log.
    pub log: LogFile,
    /// Who waits for the start.
    pub requester: Option<Requester>,
    helper: Option<Process>,
    making_ends: Instant,
    first: Option<Process>,
    ending: Option<Ending>,
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
    pub fn start(helpers: &Helpers<'_>, id: &str, requester: Requester) -> Result<Task, String> {
        let Helpers { dir, program, layout } = *helpers;
        let base = dir.container(id);
        let record: ContainerRecord = record::read(&base.join("container.json"))
            .map_err(|error| crate::error::chain(&error))?
            .ok_or_else(|| format!("container {id} has no record"))?;
        let log_path = &record.spec.log_path;
        let log = LogFile::open(log_path, record.spec.log_rotation).map_err(|error| format!("open log {}: {error}", log_path.display()))?;
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let (report, report_end) = pipe()?;
        let Input { ours: input, theirs: input_end } = Input::pipe(record.spec.stdin && !record.spec.tty)?;
        let Input { ours: terminal, theirs: terminal_end } = Input::socket(record.spec.tty)?;
        let number = |end: &Option<OwnedFd>| end.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let arguments = Arguments {
            sandbox: dir.0.clone(),
            id: id.to_owned(),
            parent: i32::try_from(std::process::id()).unwrap_or(0),
            stdin: number(&input_end),
            terminal: number(&terminal_end),
            stdout: stdout_end.as_raw_fd(),
            stderr: stderr_end.as_raw_fd(),
            report: report_end.as_raw_fd(),
            layout: layout.clone(),
        };
        for end in [&stdout_end, &stderr_end, &report_end].into_iter().chain(&input_end).chain(&terminal_end) {
            keep_on_exec(end).map_err(|error| format!("pass a pipe: {error}"))?;
        }
        let helper =
            spawn_helper(program, CREATE_CONTAINER, to_word(&arguments)?).map_err(|error| format!("start the create helper: {error}"))?;
        let unheard = record.spec.stdin_once.then(Unheard::default);
        Ok(Task {
            record,
            dir: base,
            report: Some(report),
            report_text: Vec::new(),
            outputs: [(Stream::Stdout, stdout), (Stream::Stderr, stderr)]
                .map(|(stream, pipe)| Output { pipe: Some(pipe), lines: LineBuffer::new(stream) }),
            attachments: Vec::new(),
            unheard,
            input,
            terminal,
            log,
            requester: Some(requester),
            helper: Some(Process::new(helper)),
            making_ends: Instant::now() + MAKING_MAX,
            first: None,
            ending: None,
            started: None,
            exit: None,
            exit_saved: false,
            forgotten: false,
        })
    }

    /// The children of the shim that belong to this container.
    pub fn processes(&self) -> impl Iterator<Item = i32> {
        [&self.helper, &self.first].into_iter().flatten().map(|process| process.pid)
    }

    /// Reads the helper's reports. Gives the outcome of the start once it is known and nothing is to be cleaned up.
    pub fn read_reports(&mut self) -> Option<StartOutcome> {
        let report = self.report.as_mut()?;
        let ended = read_available(report, &mut self.report_text, usize::MAX);
        let mut outcome = None;
        while let Some(end) = self.report_text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.report_text.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                // Still our own child or the helper's.
                Ok(Report::Made { pid }) => self.first = Some(Process::new(pid)),
                Ok(Report::Running(started)) => outcome = Some(self.begin_running(started)),
                Ok(Report::CreateFailed(message)) => outcome = Some(StartOutcome::CreateFailed(message)),
                Ok(Report::StartFailed(message)) => self.end(Cause::NotStarted { message }),
                Err(error) => self.end(Cause::NotStarted { message: format!("create helper: {error}") }),
            }
        }
        if ended || outcome.is_some() || self.ending.is_some() {
            self.report = None;
        }
        outcome
    }

    /// A child of the shim has been reaped, after the helper's reports were read.
    pub fn child_ended(&mut self, pid: i32, code: i32, signal: Option<i32>) {
        let is = |process: &Option<Process>| process.as_ref().is_some_and(|process| process.pid == pid);
        if is(&self.helper) {
            self.helper = None;
            if self.is_making() {
                let how = signal.map_or(format!("exit code {code}"), |signal| format!("signal {signal}"));
                self.end(Cause::NotStarted { message: format!("the create helper ended without a report ({how})") });
            }
        } else if is(&self.first) {
            self.first = None;
            // Otherwise its start failed, and that is how it ends.
            if self.started.is_some() {
                self.end(Cause::Exited { code, signal });
            }
        }
    }

    fn is_making(&self) -> bool {
        self.started.is_none() && self.ending.is_none() && self.exit.is_none() && !self.forgotten
    }

    fn end(&mut self, cause: Cause) {
        if self.ending.is_none() && self.exit.is_none() {
            self.ending = Some(Ending::new(cause, Instant::now()));
        }
    }

    /// When [`Task::advance`] has something to do at the latest.
    pub fn next_step(&self) -> Option<Instant> {
        match &self.ending {
            Some(ending) => Some(ending.next),
            None => self.is_making().then_some(self.making_ends),
        }
    }

    /// Does what is due; `others` are the children of the shim that belong to other containers.
    pub fn advance(&mut self, now: Instant, layout: &Layout, shim_cgroup: &str, others: &[i32]) -> Option<TaskEvent> {
        if self.is_making() && now >= self.making_ends {
            self.end(Cause::NotStarted { message: format!("the container was not made within {} s", MAKING_MAX.as_secs()) });
        }
        let ending = self.ending.as_mut().filter(|ending| ending.next <= now)?;
        let helper = self.helper.as_ref().and_then(|helper| helper.handle.as_ref());
        match ending.advance(now, &Remains { layout, cgroup: &self.record.cgroup, shim_cgroup, helper, others }) {
            Progress::Waiting => None,
            Progress::Dead => {
                let cause = ending.cause.clone();
                Some(self.ended(cause, layout))
            }
            Progress::Over => {
                self.ending = None;
                None
            }
        }
    }

    fn begin_running(&mut self, started: StartedRecord) -> StartOutcome {
        // Only read back while the machine runs: need not withstand a loss of power. If it cannot be written, the list of the shim still has it.
        record::write(&self.dir.join("started.json"), &started, Durability::Process).unwrap_or_default();
        self.started = Some(started.clone());
        self.take_terminal();
        StartOutcome::Started(started)
    }

    /// The terminal's master was handed over before the program was executed.
    fn take_terminal(&mut self) {
        let Some(socket) = self.terminal.take() else { return };
        let (mut byte, mut descriptors) = ([0], Vec::new());
        let received = stead_sys::socket::receive(&socket, &mut byte, &mut descriptors);
        match descriptors.pop().map(|master| set_nonblocking(&master).and_then(|()| master.try_clone()).map(|input| (master, input))) {
            Some(Ok((master, input))) => {
                self.outputs[0].pipe = Some(File::from(master));
                self.input = Some(input);
            }
            Some(Err(error)) => crate::error::log_error(&format!("take over a terminal: {error}")),
            None => crate::error::log_error(&format!("a container's terminal did not come: {received:?}")),
        }
    }

    /// Lets somebody listen; gives where input goes, if that is wanted.
    pub fn attach(&mut self, client: u64, input: bool, outputs: [OwnedFd; 2]) -> Result<Option<&OwnedFd>, String> {
        let terminal = self.record.spec.tty;
        let gives_input = input && self.record.spec.stdin;
        let mut attachment = Attachment::new(client, gives_input, outputs).map_err(|error| format!("attach: {error}"))?;
        if let Some(unheard) = self.unheard.take() {
            unheard.give(&mut attachment);
        }
        self.attachments.push(attachment);
        // A terminal's master is needed for its size too.
        Ok(self.input.as_ref().filter(|_| gives_input || terminal))
    }

    /// Forgets the listeners that are gone. The input of a container that wants one only once ends with the one that gave it.
    pub fn detach(&mut self, is_there: impl Fn(u64) -> bool) {
        let before = self.attachments.iter().filter(|attachment| attachment.input).count();
        self.attachments.retain(|attachment| is_there(attachment.client));
        let after = self.attachments.iter().filter(|attachment| attachment.input).count();
        if after < before {
            self.end_input();
        }
    }

    /// Whoever gives input has no more. A terminal does not end.
    pub fn end_input(&mut self) {
        if self.record.spec.stdin_once && !self.record.spec.tty {
            self.input = None;
        }
    }

    /// Who listens.
    pub fn listeners(&self) -> impl Iterator<Item = u64> {
        self.attachments.iter().map(|attachment| attachment.client)
    }

    /// Records the end, once no process is left.
    fn ended(&mut self, cause: Cause, layout: &Layout) -> TaskEvent {
        self.drain_outputs();
        self.attachments.clear();
        self.unheard = None;
        self.input = None;
        let exit = match &cause {
            Cause::Exited { code, signal } => ExitRecord {
                code: *code,
                signal: *signal,
                oom: layout.oom_kills(&self.record.cgroup) > 0,
                started_at_ns: self.started.as_ref().map(|started| started.started_at_ns),
                finished_at_ns: now_ns(),
                message: self.last_message(*code),
                reason: ExitReason::Exited,
            },
            Cause::NotStarted { message } => ExitRecord {
                code: START_FAILED,
                signal: None,
                oom: false,
                started_at_ns: None,
                finished_at_ns: now_ns(),
                message: message.clone(),
                reason: ExitReason::StartFailed,
            },
        };
        self.exit = Some(exit.clone());
        self.save_exit();
        match cause {
            Cause::Exited { .. } => TaskEvent::Exited(exit),
            Cause::NotStarted { message } => TaskEvent::NotStarted(message, exit),
        }
    }

    /// What it left in its termination log, else (if that was asked for, and it failed) the end of its output (CS-13).
    fn last_message(&self, code: i32) -> String {
        let Some(wanted) = &self.record.spec.termination_log else { return String::new() };
        let mut bytes = Vec::new();
        if let Ok(mut file) = File::open(self.dir.join("termination-log")) {
            // Its end counts; an unreadable message is an empty one.
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            if file.seek(SeekFrom::Start(length.saturating_sub(MESSAGE_BYTES_MAX))).is_ok() {
                file.take(MESSAGE_BYTES_MAX).read_to_end(&mut bytes).unwrap_or_default();
            }
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
        self.attachments.iter_mut().for_each(|attachment| attachment.give(index, &bytes));
        self.unheard = self.unheard.take().and_then(|unheard| unheard.keep(index, &bytes));
        if ended {
            output.pipe = None;
            output.lines.finish(now, &mut lines);
        }
        self.log.write(&lines);
        let in_part = self.outputs.iter().any(|output| output.lines.boundary() == Boundary::Part);
        if let Err(error) = self.log.rotate_if_full(if in_part { Boundary::Part } else { Boundary::Line }, now) {
            crate::error::log_error(&format!("rotate {}: {error}", self.record.spec.log_path.display()));
        }
    }

    /// Takes the output that is there now, and no more: whoever still holds the other end is a process of another container or of the machine.
    fn drain_outputs(&mut self) {
        for index in 0..self.outputs.len() {
            let available = |output: &Output| output.pipe.as_ref().map_or(0, |pipe| stead_sys::fd::readable_bytes(pipe).unwrap_or(0));
            let mut left = available(&self.outputs[index]).min(DRAIN_BYTES_MAX);
            while left > 0 {
                let before = available(&self.outputs[index]);
                if before == 0 {
                    break;
                }
                self.read_output(index);
                left = left.saturating_sub(before.min(READ_BYTES_MAX));
            }
            let output = &mut self.outputs[index];
            if output.pipe.take().is_some() {
                let mut lines = Vec::new();
                output.lines.finish(stead_sys::clock::now(), &mut lines);
                self.log.write(&lines);
            }
        }
        // A disk may have room again: whoever hears of the end finds the whole log where it can be had.
        if self.log.is_stalled() {
            self.log.retry();
        }
    }

    /// Sends a signal to the first process.
    pub fn signal(&self, signal: i32) -> Result<(), String> {
        let Some(handle) = self.first.as_ref().and_then(|first| first.handle.as_ref()) else { return Ok(()) };
        match handle.signal(signal) {
            Err(error) if error.raw_os_error() != Some(nix::libc::ESRCH) => Err(format!("signal {signal}: {error}")),
            _ => Ok(()),
        }
    }

    /// Its first process, if its program was executed and has not ended.
    pub fn running(&self) -> Option<&PidFd> {
        self.first.as_ref().filter(|_| self.started.is_some() && self.ending.is_none())?.handle.as_ref()
    }

    /// Whether it still has a process or a helper.
    pub fn is_live(&self) -> bool {
        self.exit.is_none()
    }
}

fn now_ns() -> u64 {
    record::to_ns(stead_sys::clock::now())
}

/// Something that the container's first process is given, and the end that stays here; neither if it is not wanted.
#[derive(Default)]
struct Input {
    ours: Option<OwnedFd>,
    theirs: Option<OwnedFd>,
}

impl Input {
    /// A pipe to write to. It is held open here, so that it does not end with whoever else writes to it.
    fn pipe(wanted: bool) -> Result<Input, String> {
        if !wanted {
            return Ok(Input::default());
        }
        let (theirs, ours) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| format!("make a pipe: {error}"))?;
        Ok(Input { ours: Some(ours), theirs: Some(theirs) })
    }

    /// A socket over which a terminal comes.
    fn socket(wanted: bool) -> Result<Input, String> {
        if !wanted {
            return Ok(Input::default());
        }
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(|error| format!("make a socket: {error}"))?;
        ours.set_nonblocking(true).map_err(|error| format!("make a socket: {error}"))?;
        Ok(Input { ours: Some(ours.into()), theirs: Some(theirs.into()) })
    }
}

fn set_nonblocking(file: &OwnedFd) -> io::Result<()> {
    fcntl(file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop).map_err(io::Error::from)
}

/// The end to read from does not block.
pub fn pipe() -> Result<(File, OwnedFd), String> {
    let make = || -> nix::Result<(OwnedFd, OwnedFd)> {
        let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok((reader, writer))
    };
    make().map(|(reader, writer)| (File::from(reader), writer)).map_err(|error| format!("make a pipe: {error}"))
}

/// What all helpers of a sandbox are started with.
#[derive(Debug, Clone, Copy)]
pub struct Helpers<'a> {
    pub dir: &'a SandboxDir,
    /// This program.
    pub program: &'a OwnedFd,
    pub layout: &'a Layout,
}

/// Gives its process id; the shim's loop reaps it.
#[expect(clippy::disallowed_methods, reason = "the program runs itself, no other one")]
pub fn spawn_helper(program: &OwnedFd, role: &str, arguments: OsString) -> io::Result<i32> {
    let child = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()))
        .arg(role)
        .arg(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    i32::try_from(child.id()).map_err(io::Error::other)
}

/// Appends what can be read without waiting, up to about `limit` bytes; true at the end.
pub fn read_available(file: &mut File, into: &mut Vec<u8>, limit: usize) -> bool {
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
