//! The role `shim`: the process that owns a sandbox's containers and outlives the server.
//!
//! Holds their output pipes and writes their logs, waits for their first processes, records how they ended, and says so to whoever is
//! connected. Single-threaded: one poll loop, in which nothing waits. Never calls libcontainer (the create helper does), never decides what to run.

mod attach;
mod client;
mod ending;
mod exec;
mod log;
mod namespaces;
mod sandbox;
mod task;

use std::ffi::OsString;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

pub use self::sandbox::{FAILED, READY};

use self::client::Client;
use self::exec::Exec;
use self::sandbox::SetUp;
use self::task::{Helpers, Requester, StartOutcome, Task, TaskEvent};
use crate::cgroup::Layout;
use crate::protocol::{Answer, Call, FIRST_VERSION, Message, Refusal, Request, Status, agree};
use crate::record::SandboxDir;

/// Programs that are run in running containers at once.
const EXECS_MAX: usize = 256;
/// Connections at once: one for each of those, and more than a server needs when it restarts.
const CLIENTS_MAX: usize = EXECS_MAX + 8;
/// How long to wait before trying again what a full disk refused.
const RETRY: Duration = Duration::from_millis(250);

/// Runs the role, speaking these versions of the protocol. The calling process ends at once; the shim itself goes on as a daemon.
pub fn run(words: &[OsString], spoken: RangeInclusive<u32>) -> ExitCode {
    let [dir] = words else { return ExitCode::from(2) };
    let dir = SandboxDir(PathBuf::from(dir));
    match sandbox::become_daemon() {
        Ok(sandbox::Daemon::Caller) => ExitCode::SUCCESS,
        Ok(sandbox::Daemon::Shim) => match sandbox::set_up(&dir) {
            Ok(set_up) => serve(dir, set_up, spoken),
            Err(message) => {
                sandbox::report_failure(&message);
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            sandbox::report_failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn serve(dir: SandboxDir, set_up: SetUp, spoken: RangeInclusive<u32>) -> ExitCode {
    let mut shim = match Shim::new(dir, set_up, spoken) {
        Ok(shim) => shim,
        Err(message) => {
            sandbox::report_failure(&message);
            return ExitCode::FAILURE;
        }
    };
    if let Err(message) = sandbox::report_ready(&shim.dir) {
        sandbox::report_failure(&message);
        return ExitCode::FAILURE;
    }
    while !shim.done {
        shim.poll_once();
    }
    ExitCode::SUCCESS
}

struct Shim {
    dir: SandboxDir,
    layout: Layout,
    /// Its own.
    cgroup: String,
    spoken: RangeInclusive<u32>,
    /// This program, as the helper runs it. Until its own program is executed a container's first process is still ours, and
    /// `/proc/self/exe` in it leads to our file: through this view nobody can write to that.
    program: OwnedFd,
    listener: UnixListener,
    signals: SignalFd,
    clients: Vec<Client>,
    next_client: u64,
    tasks: Vec<Task>,
    execs: Vec<Exec>,
    /// The first process of the process namespace that the containers share, if they do. Without it nothing can be started any more.
    first: Option<i32>,
    first_has_ended: bool,
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
    fn new(dir: SandboxDir, SetUp { listener, layout, cgroup, first }: SetUp, spoken: RangeInclusive<u32>) -> Result<Shim, String> {
        listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        mask.thread_block().map_err(|error| format!("block signals: {error}"))?;
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .map_err(|error| format!("make a signal descriptor: {error}"))?;
        let program =
            stead_sys::mount::read_only_view(Path::new("/proc/self/exe")).map_err(|error| format!("open the program: {error}"))?;
        let (clients, tasks, execs) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Shim {
            dir,
            layout,
            cgroup,
            spoken,
            program,
            listener,
            signals,
            clients,
            next_client: 0,
            tasks,
            execs,
            first,
            first_has_ended: false,
            done: false,
        })
    }

    fn helpers(&self) -> Helpers<'_> {
        Helpers { dir: &self.dir, program: &self.program, layout: &self.layout }
    }

    fn poll_once(&mut self) {
        let ready = self.wait();
        let running = self.execs.len();
        for source in ready {
            match source {
                Source::Listener => self.accept(),
                Source::Signals => {
                    // The count does not matter: every ended child is reaped below.
                    while matches!(self.signals.read_signal(), Ok(Some(_))) {}
                    self.reap();
                }
                // Making a process takes time: the others are served before the next one, so that no silence is taken for a hang.
                Source::Client(index) if index > 0 && self.execs.len() > running => {}
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
        self.advance();
        for task in &mut self.tasks {
            if task.log.is_stalled() {
                task.log.retry();
            }
            if task.exit.is_some() && !task.exit_saved {
                task.save_exit();
            }
        }
        self.clients.retain(|client| !client.is_broken());
        let now = Instant::now();
        for exec in &mut self.execs {
            if !self.clients.iter().any(|client| client.number == exec.requester.client) {
                exec.abandon(now);
            }
            exec.advance(now);
        }
        self.execs.retain(|exec| !exec.is_over());
        for task in &mut self.tasks {
            task.detach(|number| self.clients.iter().any(|client| client.number == number));
        }
        self.tasks.retain(|task| !task.forgotten);
        // Its containers died with it. The runtime takes a shim that is gone for a sandbox that has died.
        self.done |= self.first_has_ended && !self.tasks.iter().any(|task| task.is_live() || !task.exit_saved);
    }

    fn wait(&self) -> Vec<Source> {
        let mut sources = vec![Source::Listener, Source::Signals];
        let mut entries = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN), PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        for (index, client) in self.clients.iter().enumerate() {
            let flags = if client.has_output() { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN };
            sources.push(Source::Client(index));
            entries.push(PollFd::new(client.stream.as_fd(), flags));
        }
        let now = Instant::now();
        let mut timeout: Option<Duration> =
            self.execs.iter().filter_map(|exec| exec.kill_at()).min().map(|at| at.saturating_duration_since(now));
        for (index, task) in self.tasks.iter().enumerate() {
            if let Some(report) = &task.report {
                sources.push(Source::Report(index));
                entries.push(PollFd::new(report.as_fd(), PollFlags::POLLIN));
            }
            let retry = (task.log.is_stalled() || (task.exit.is_some() && !task.exit_saved)).then_some(RETRY);
            let step = task.next_step().map(|at| at.saturating_duration_since(now));
            timeout = [timeout, retry, step].into_iter().flatten().min();
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
        // Rounded up: a poll that returns just before the time would be repeated without a pause.
        let timeout = timeout
            .map_or(PollTimeout::NONE, |timeout| PollTimeout::try_from(timeout + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX));
        match poll(&mut entries, timeout) {
            Ok(_) => sources.into_iter().zip(&entries).filter(|(_, entry)| entry.any().unwrap_or(true)).map(|(source, _)| source).collect(),
            Err(Errno::EINTR) => Vec::new(),
            Err(error) => {
                crate::error::log_error(&format!("poll: {error}"));
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
                Err(error) => crate::error::log_error(&format!("accept: {error}")),
            },
            Ok(_) => crate::error::log_error("too many connections"),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => crate::error::log_error(&format!("accept: {error}")),
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
                    crate::error::log_error(&format!("wait: {error}"));
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
        for task in &mut self.tasks {
            task.child_ended(pid, code, signal);
        }
        let ended: Vec<(Requester, Result<i32, String>)> =
            self.execs.iter_mut().filter_map(|exec| exec.child_ended(pid, code).map(|end| (exec.requester, end))).collect();
        for (Requester { client, request }, end) in ended {
            self.reply(client, request, end.map(|code| Answer::ExecEnded { code }).map_err(Refusal::Other));
        }
        self.first_has_ended |= self.first == Some(pid);
    }

    /// Lets every container that is being made or is ending take its next step.
    fn advance(&mut self) {
        let now = Instant::now();
        for index in 0..self.tasks.len() {
            if self.tasks[index].next_step().is_none_or(|at| at > now) {
                continue;
            }
            let of_others = self.tasks.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, task)| task.processes());
            let others: Vec<i32> = of_others.chain(self.execs.iter().flat_map(Exec::processes)).collect();
            let listeners: Vec<u64> = self.tasks[index].listeners().collect();
            let event = self.tasks[index].advance(now, &self.layout, &self.cgroup, &others);
            if event.is_some() {
                // That is how they learn of the end.
                self.clients.iter_mut().filter(|client| listeners.contains(&client.number)).for_each(Client::close);
            }
            match event {
                None => {}
                Some(TaskEvent::Exited(exit)) => {
                    let id = self.tasks[index].record.id.clone();
                    self.broadcast(&Message::Exited { id, exit }, None);
                }
                Some(TaskEvent::NotStarted(message, exit)) => {
                    let id = self.tasks[index].record.id.clone();
                    self.settle_start(index, Err(Refusal::Start { message, exit: exit.clone() }), &Message::Exited { id, exit });
                }
            }
        }
    }

    fn read_reports(&mut self, index: usize) {
        let Some(outcome) = self.tasks[index].read_reports() else { return };
        let id = self.tasks[index].record.id.clone();
        match outcome {
            StartOutcome::Started(started) => {
                self.settle_start(index, Ok(Answer::Started(started.clone())), &Message::Started { id, started });
            }
            StartOutcome::CreateFailed(message) => {
                // Nothing of it was run, and nothing is kept: the same attempt may be asked for again.
                self.tasks[index].forgotten = true;
                self.settle_start(index, Err(Refusal::Create(message)), &Message::NotMade { id });
            }
        }
    }

    /// Answers whoever asked for the start, and tells those who greeted while the container was being made: they have only seen that it is.
    fn settle_start(&mut self, index: usize, result: Result<Answer, Refusal>, message: &Message) {
        let requester = self.tasks[index].requester.take();
        self.broadcast(message, requester.as_ref().map(|requester| requester.client));
        if let Some(Requester { client, request }) = requester {
            self.reply(client, request, result);
        }
    }

    /// Tells all that have greeted, but for one.
    fn broadcast(&mut self, message: &Message, except: Option<u64>) {
        for client in self.clients.iter_mut().filter(|client| client.version.is_some() && Some(client.number) != except) {
            client.send(message);
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
            Call::Hello { version, newest } => self.hello(client, version, newest),
            Call::Ping => Ok(Answer::Done),
            Call::Start { id } => match self.start(&id, Requester { client, request: number }) {
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
            Call::Attach { id, input } => match self.attach(client, number, &id, input) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            },
            Call::EndInput { id } => match self.task(&id) {
                Some(task) => {
                    task.end_input();
                    Ok(Answer::Done)
                }
                None => Err(unknown(&id)),
            },
            Call::Exec { id, grace_ms } => match self.exec(&id, grace_ms, Requester { client, request: number }) {
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            },
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

    fn hello(&mut self, client: u64, oldest: u32, newest: Option<u32>) -> Result<Answer, Refusal> {
        let Some(version) = agree(&self.spoken, &(oldest..=newest.unwrap_or(oldest))) else {
            return Err(Refusal::Version { oldest: *self.spoken.start(), newest: *self.spoken.end() });
        };
        // A server that died may have left requests in its socket: they come first, so that the list below is the last word on them.
        let others: Vec<usize> = (0..self.clients.len()).filter(|index| self.clients[*index].number != client).collect();
        for index in others {
            let (number, requests) = (self.clients[index].number, self.clients[index].read());
            for request in requests {
                self.answer(number, request);
            }
        }
        if let Some(client) = self.clients.iter_mut().find(|known| known.number == client) {
            client.version = Some(version);
        }
        let status = |task: &Task| Status { id: task.record.id.clone(), started: task.started.clone(), exit: task.exit.clone() };
        let containers = self.tasks.iter().filter(|task| !task.forgotten).map(status).collect();
        Ok(if version == FIRST_VERSION { Answer::Containers(containers) } else { Answer::Welcome { version, containers } })
    }

    fn start(&mut self, id: &str, requester: Requester) -> Result<(), Refusal> {
        if self.task(id).is_some() {
            return Err(Refusal::Exists);
        }
        let task = Task::start(&self.helpers(), id, requester).map_err(Refusal::Create)?;
        self.tasks.push(task);
        Ok(())
    }

    fn attach(&mut self, client: u64, number: u64, id: &str, input: bool) -> Result<(), Refusal> {
        let Some(client) = self.clients.iter_mut().find(|known| known.number == client) else { return Ok(()) };
        let (Some(stdout), Some(stderr)) = (client.take_descriptor(), client.take_descriptor()) else {
            return Err(Refusal::Other("two descriptors are needed".to_owned()));
        };
        let task = self.tasks.iter_mut().find(|task| task.record.id == id && !task.forgotten && task.running().is_some());
        let task = task.ok_or(Refusal::NotRunning)?;
        let terminal = task.record.spec.tty;
        let input = task.attach(client.number, input, [stdout, stderr]).map_err(Refusal::Other)?;
        client.send_with(&Message::Reply { number, result: Ok(Answer::Attached { terminal }) }, input.map(AsFd::as_fd));
        Ok(())
    }

    fn exec(&mut self, id: &str, grace_ms: Option<u64>, requester: Requester) -> Result<(), Refusal> {
        let descriptor = self.clients.iter_mut().find(|known| known.number == requester.client).and_then(Client::take_descriptor);
        let control = descriptor.ok_or_else(|| Refusal::Other("no socket came with the request".to_owned()))?;
        if self.execs.len() >= EXECS_MAX {
            return Err(Refusal::Other(format!("{EXECS_MAX} programs are run in the sandbox's containers already")));
        }
        let task = self.tasks.iter().find(|task| task.record.id == id && !task.forgotten);
        let first = task.and_then(Task::running).ok_or(Refusal::NotRunning)?;
        let grace = grace_ms.map(Duration::from_millis);
        let exec = Exec::start(&self.helpers(), id, first, &control, grace, requester).map_err(Refusal::Other)?;
        self.execs.push(exec);
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
