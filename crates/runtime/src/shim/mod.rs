//! The role `shim`: the process that owns a sandbox's containers and outlives the server.
//!
//! Holds their output pipes and writes their logs, waits for their first processes, records how they ended, and says so to whoever is
//! connected. Single-threaded: one poll loop. Never calls libcontainer (the create helper does), never decides what to run.

mod client;
mod log;
mod sandbox;
mod task;

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

pub use self::sandbox::{FAILED, READY, complain};

use self::client::Client;
use self::task::{Asker, StartOutcome, Task};
use crate::cgroup::Layout;
use crate::protocol::{Answer, Call, Message, Refusal, Request, Status, VERSION};
use crate::record::SandboxDir;

/// Connections at once; one more than a server needs when it restarts.
const CLIENTS_MAX: usize = 8;
/// How long to wait before trying again what a full disk refused.
const RETRY: Duration = Duration::from_millis(250);

/// Runs the role. The calling process ends at once; the shim itself goes on as a daemon.
pub fn run(words: &[OsString]) -> ExitCode {
    let [dir] = words else { return ExitCode::from(2) };
    let dir = SandboxDir(PathBuf::from(dir));
    match sandbox::become_daemon() {
        Ok(sandbox::Daemon::Caller) => ExitCode::SUCCESS,
        Ok(sandbox::Daemon::Shim) => match sandbox::set_up(&dir) {
            Ok(listener) => serve(dir, listener),
            Err(message) => {
                sandbox::say_failed(&message);
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            sandbox::say_failed(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn serve(dir: SandboxDir, listener: UnixListener) -> ExitCode {
    let mut shim = match Shim::new(dir, listener) {
        Ok(shim) => shim,
        Err(message) => {
            sandbox::say_failed(&message);
            return ExitCode::FAILURE;
        }
    };
    if let Err(message) = sandbox::say_ready(&shim.dir) {
        sandbox::say_failed(&message);
        return ExitCode::FAILURE;
    }
    while !shim.done {
        shim.turn();
    }
    ExitCode::SUCCESS
}

struct Shim {
    dir: SandboxDir,
    layout: Layout,
    /// This program, as the helper runs it. Until its own program is executed a container's first process is still ours, and
    /// `/proc/self/exe` in it leads to our file: through this view nobody can write to that.
    program: OwnedFd,
    listener: UnixListener,
    signals: SignalFd,
    clients: Vec<Client>,
    next_client: u64,
    tasks: Vec<Task>,
    done: bool,
}

/// What a poll entry belongs to.
#[derive(Debug, Clone, Copy)]
enum Source {
    Listener,
    Signals,
    Client(usize),
    Report(usize),
    Output(usize, usize),
}

impl Shim {
    fn new(dir: SandboxDir, listener: UnixListener) -> Result<Shim, String> {
        let layout = Layout::probe().map_err(|error| error.to_string())?;
        listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        mask.thread_block().map_err(|error| format!("block signals: {error}"))?;
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .map_err(|error| format!("make a signal descriptor: {error}"))?;
        let program =
            stead_sys::mount::read_only_view(Path::new("/proc/self/exe")).map_err(|error| format!("open the program: {error}"))?;
        Ok(Shim { dir, layout, program, listener, signals, clients: Vec::new(), next_client: 0, tasks: Vec::new(), done: false })
    }

    fn turn(&mut self) {
        let ready = self.wait();
        for source in ready {
            match source {
                Source::Listener => self.accept(),
                Source::Signals => {
                    // The count does not matter: every ended child is reaped below.
                    while matches!(self.signals.read_signal(), Ok(Some(_))) {}
                    self.reap();
                }
                Source::Client(index) => {
                    let (number, requests) = {
                        let client = &mut self.clients[index];
                        client.flush();
                        (client.number, client.read())
                    };
                    for request in requests {
                        self.answer(number, request);
                    }
                }
                Source::Report(index) => self.read_reports(index),
                Source::Output(task, output) => self.tasks[task].read_output(output),
            }
        }
        for task in &mut self.tasks {
            if task.log.is_stalled() {
                task.log.retry();
            }
            if task.exit.is_some() && !task.exit_saved {
                task.save_exit();
            }
        }
        self.clients.retain(|client| !client.is_broken());
        self.tasks.retain(|task| !task.forgotten);
    }

    fn wait(&self) -> Vec<Source> {
        let mut sources = vec![Source::Listener, Source::Signals];
        let mut entries = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN), PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        for (index, client) in self.clients.iter().enumerate() {
            let flags = if client.has_output() { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN };
            sources.push(Source::Client(index));
            entries.push(PollFd::new(client.stream.as_fd(), flags));
        }
        let mut trouble = false;
        for (index, task) in self.tasks.iter().enumerate() {
            if let Some(report) = &task.report {
                sources.push(Source::Report(index));
                entries.push(PollFd::new(report.as_fd(), PollFlags::POLLIN));
            }
            trouble |= task.log.is_stalled() || (task.exit.is_some() && !task.exit_saved);
            if task.log.is_stalled() {
                continue;
            }
            for (number, output) in task.outputs.iter().enumerate() {
                if let Some(pipe) = &output.pipe {
                    sources.push(Source::Output(index, number));
                    entries.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
                }
            }
        }
        let timeout = if trouble { PollTimeout::try_from(RETRY).unwrap_or(PollTimeout::NONE) } else { PollTimeout::NONE };
        match poll(&mut entries, timeout) {
            Ok(_) => sources.into_iter().zip(&entries).filter(|(_, entry)| entry.any().unwrap_or(true)).map(|(source, _)| source).collect(),
            Err(Errno::EINTR) => Vec::new(),
            Err(error) => {
                sandbox::complain(&format!("poll: {error}"));
                std::thread::sleep(RETRY);
                Vec::new()
            }
        }
    }

    fn accept(&mut self) {
        match self.listener.accept() {
            Ok((stream, _)) if self.clients.len() < CLIENTS_MAX => match Client::new(self.next_client, stream) {
                Ok(client) => {
                    self.next_client += 1;
                    self.clients.push(client);
                }
                Err(error) => sandbox::complain(&format!("accept: {error}")),
            },
            Ok(_) => sandbox::complain("too many connections"),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => sandbox::complain(&format!("accept: {error}")),
        }
    }

    fn reap(&mut self) {
        loop {
            let (pid, code, signal) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid.as_raw(), code, None),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid.as_raw(), 128 + signal as i32, Some(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(error) => {
                    sandbox::complain(&format!("wait: {error}"));
                    return;
                }
            };
            self.child_ended(pid, code, signal);
        }
    }

    /// A container's first process can only be reaped after its helper has ended (it was the helper's child until then), so all that the
    /// helper had to report is in the pipe by now.
    fn child_ended(&mut self, pid: i32, code: i32, signal: Option<i32>) {
        for index in 0..self.tasks.len() {
            self.read_reports(index);
        }
        let layout = &self.layout;
        let Some(task) = self.tasks.iter_mut().find(|task| task.is_first_process(pid)) else { return };
        if task.first_process_ended(code, signal, layout)
            && let Some(exit) = task.exit.clone()
        {
            let message = Message::Exited { id: task.record.id.clone(), exit };
            for client in self.clients.iter_mut().filter(|client| client.greeted) {
                client.send(&message);
            }
        }
    }

    fn read_reports(&mut self, index: usize) {
        let Some(outcome) = self.tasks[index].read_reports(&self.layout) else { return };
        let asker = self.tasks[index].asker.take();
        let id = self.tasks[index].record.id.clone();
        let (result, message) = match outcome {
            StartOutcome::Started(started) => (Ok(Answer::Started(started.clone())), Message::Started { id, started }),
            StartOutcome::StartFailed(message, exit) => (Err(Refusal::Start { message, exit: exit.clone() }), Message::Exited { id, exit }),
            StartOutcome::CreateFailed(message) => {
                // Nothing of it was run, and nothing is kept: the same attempt may be asked for again.
                self.tasks[index].forgotten = true;
                (Err(Refusal::Create(message)), Message::NotMade { id })
            }
        };
        // Whoever greeted while it was being made has only seen that it is.
        let asking = asker.as_ref().map(|asker| asker.client);
        for client in self.clients.iter_mut().filter(|client| client.greeted && Some(client.number) != asking) {
            client.send(&message);
        }
        if let Some(Asker { client, request }) = asker {
            self.reply(client, request, result);
        }
    }

    fn reply(&mut self, client: u64, number: u64, result: Result<Answer, Refusal>) {
        if let Some(client) = self.clients.iter_mut().find(|known| known.number == client) {
            client.send(&Message::Reply { number, result });
        }
    }

    fn answer(&mut self, client: u64, request: Request) {
        let number = request.number;
        let result = match request.call {
            Call::Hello { version } => self.hello(client, version),
            Call::Start { id } => match self.start(&id, Asker { client, request: number }) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            },
            Call::Signal { id, signal } => match self.task(&id) {
                Some(task) => task.signal(signal).map(|()| Answer::Done).map_err(Refusal::Other),
                None => Err(unknown(&id)),
            },
            Call::ReopenLog { id } => match self.task(&id) {
                Some(task) => task.log.reopen().map(|()| Answer::Done).map_err(|error| Refusal::Other(format!("reopen the log: {error}"))),
                None => Err(unknown(&id)),
            },
            Call::Forget { id } => self.forget(&id),
            Call::Shutdown => {
                if self.tasks.iter().any(|task| task.is_live() && !task.forgotten) {
                    Err(Refusal::Other("containers are running".to_owned()))
                } else {
                    self.done = true;
                    Ok(Answer::Done)
                }
            }
        };
        self.reply(client, number, result);
    }

    fn task(&mut self, id: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.record.id == id && !task.forgotten)
    }

    fn hello(&mut self, client: u64, version: u32) -> Result<Answer, Refusal> {
        if version != VERSION {
            return Err(Refusal::Other(format!("this shim speaks version {VERSION} of the protocol, not {version}")));
        }
        // A server that died may have left requests in its socket: they come first, so that the list below is the last word on them.
        let others: Vec<usize> = (0..self.clients.len()).filter(|index| self.clients[*index].number != client).collect();
        for index in others {
            let (number, requests) = (self.clients[index].number, self.clients[index].read());
            for request in requests {
                self.answer(number, request);
            }
        }
        if let Some(client) = self.clients.iter_mut().find(|known| known.number == client) {
            client.greeted = true;
        }
        let status = |task: &Task| Status { id: task.record.id.clone(), started: task.started.clone(), exit: task.exit.clone() };
        Ok(Answer::Containers(self.tasks.iter().filter(|task| !task.forgotten).map(status).collect()))
    }

    fn start(&mut self, id: &str, asker: Asker) -> Result<(), Refusal> {
        if self.task(id).is_some() {
            return Err(Refusal::Exists);
        }
        let task = Task::start(&self.dir, id, &self.program, asker).map_err(Refusal::Create)?;
        self.tasks.push(task);
        Ok(())
    }

    fn forget(&mut self, id: &str) -> Result<Answer, Refusal> {
        match self.task(id) {
            Some(task) if task.is_live() => Err(Refusal::Other("the container is running".to_owned())),
            Some(task) => {
                task.forgotten = true;
                Ok(Answer::Done)
            }
            None => Ok(Answer::Done),
        }
    }
}

fn unknown(id: &str) -> Refusal {
    Refusal::Other(format!("no container {id}"))
}
