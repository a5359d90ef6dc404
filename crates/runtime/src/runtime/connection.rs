//! The connection to one shim: a task that owns the socket, and handles to it.
//!
//! Everything a shim says is applied to the sandbox's state here, in the order it was said, before any caller hears of it. When the
//! connection breaks it is made again; when the shim turns out dead, that is handed to `sandboxes`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

use stead_sys::process::PidFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::{Entry, Event, Inner, sandboxes};
use crate::container::{ContainerState, Exit};
use crate::error::{Error, Result};
use crate::protocol::{Answer, Call, Message, Refusal, Request, Status, VERSION, encode, take_frame};
use crate::record::{ExitRecord, SandboxDir, ShimRecord, StartedRecord, from_ns};

/// Requests that may wait for the task.
const REQUESTS_MAX: usize = 64;
/// How long a shim may take to answer what needs no waiting.
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A handle; the task ends with the last one.
#[derive(Debug, Clone)]
pub struct Connection {
    requests: mpsc::Sender<Asked>,
    _task: Arc<Ending>,
}

#[derive(Debug)]
struct Ending(AbortHandle);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
struct Asked {
    call: Call,
    reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// A reply that is on its way. Dropping it does not take the request back.
pub struct Reply(oneshot::Receiver<Result<Answer, Refusal>>);

impl Reply {
    /// Waits for it.
    pub async fn wait(self, sandbox: &str) -> Result<Result<Answer, Refusal>> {
        self.0.await.map_err(|_| broken(sandbox))
    }
}

fn broken(sandbox: &str) -> Error {
    Error::Connection { sandbox: sandbox.to_owned(), source: io::ErrorKind::ConnectionAborted.into() }
}

impl Connection {
    /// Sends a request that a shim answers at once, and waits for its reply.
    pub async fn call(&self, sandbox: &str, call: Call) -> Result<Result<Answer, Refusal>> {
        let (reply, answer) = oneshot::channel();
        let exchange = async {
            self.requests.send(Asked { call, reply }).await.map_err(|_| broken(sandbox))?;
            Reply(answer).wait(sandbox).await
        };
        let silent = |_| Error::Connection { sandbox: sandbox.to_owned(), source: io::ErrorKind::TimedOut.into() };
        tokio::time::timeout(ANSWER, exchange).await.map_err(silent)?
    }

    /// Sends a request from a thread that may block.
    pub fn send_blocking(&self, sandbox: &str, call: Call) -> Result<Reply> {
        let (reply, answer) = oneshot::channel();
        self.requests.blocking_send(Asked { call, reply }).map_err(|_| broken(sandbox))?;
        Ok(Reply(answer))
    }
}

/// Whether the process of that record still lives.
pub fn is_alive(shim: &ShimRecord, boot_id: &str) -> bool {
    shim.boot_id == boot_id
        && stead_sys::process::start_ticks(shim.pid).is_ok_and(|ticks| ticks == shim.start_ticks)
        && PidFd::open(shim.pid).and_then(|handle| handle.has_ended()).is_ok_and(|ended| !ended)
}

/// A connected socket and what has been read ahead of it.
pub struct Link {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Link {
    async fn next(&mut self) -> io::Result<Message> {
        loop {
            if let Some(body) = take_frame(&mut self.buffer)? {
                return serde_json::from_slice(&body).map_err(io::Error::other);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn send(&mut self, number: u64, call: Call) -> io::Result<()> {
        self.stream.write_all(&encode(&Request { number, call })).await
    }
}

/// Connects and greets, as long as the shim lives and answers in time. Gives the list of its containers too.
pub async fn greet(inner: &Inner, dir: &SandboxDir, shim: &ShimRecord) -> io::Result<(Link, Vec<Status>)> {
    let boot_id = &inner.facts.boot_id;
    let attempt = async {
        loop {
            match greet_once(dir).await {
                Ok(greeted) => return Ok(greeted),
                Err(error) if !is_alive(shim, boot_id) => return Err(error),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::time::timeout(inner.options.shim_patience, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn greet_once(dir: &SandboxDir) -> io::Result<(Link, Vec<Status>)> {
    // A socket's path may have 107 bytes only; through the directory's descriptor it has a few.
    let directory = File::open(&dir.0)?;
    let stream = UnixStream::connect(format!("/proc/self/fd/{}/shim.sock", directory.as_raw_fd())).await?;
    let mut link = Link { stream, buffer: Vec::new() };
    link.send(0, Call::Hello { version: VERSION }).await?;
    match link.next().await? {
        Message::Reply { result: Ok(Answer::Containers(list)), .. } => Ok((link, list)),
        Message::Reply { result: Err(Refusal::Other(message)), .. } => Err(io::Error::other(message)),
        _ => Err(io::Error::other("unexpected answer to the greeting")),
    }
}

/// Starts the task of a greeted link.
pub fn run(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord, link: Link) -> Connection {
    let (requests, asked) = mpsc::channel(REQUESTS_MAX);
    let task = Task { inner: Arc::downgrade(inner), entry: Arc::downgrade(entry), shim, waiting: BTreeMap::new(), number: 0 };
    let handle = tokio::spawn(task.run(link, asked));
    Connection { requests, _task: Arc::new(Ending(handle.abort_handle())) }
}

struct Waiting {
    start: Option<String>,
    reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// Holds weak references only, so that a dropped runtime ends it.
struct Task {
    inner: Weak<Inner>,
    entry: Weak<Entry>,
    shim: ShimRecord,
    waiting: BTreeMap<u64, Waiting>,
    number: u64,
}

impl Task {
    async fn run(mut self, mut link: Link, mut asked: mpsc::Receiver<Asked>) {
        loop {
            let error = self.serve(&mut link, &mut asked).await;
            let Some(error) = error else { return };
            // Whoever waits learns that the outcome is unknown; the list of the next greeting settles it.
            let unanswered: Vec<String> = std::mem::take(&mut self.waiting).into_values().filter_map(|waiting| waiting.start).collect();
            let (Some(inner), Some(entry)) = (self.inner.upgrade(), self.entry.upgrade()) else { return };
            tracing::debug!(sandbox = entry.id(), %error, "connection to the shim broke");
            match greet(&inner, &entry.dir, &self.shim).await {
                Ok((new, list)) => {
                    apply_list(&inner, &entry, list, &unanswered);
                    link = new;
                }
                Err(error) => {
                    sandboxes::shim_died(&inner, &entry, &error).await;
                    return;
                }
            }
        }
    }

    /// Serves until the link breaks, with the error, or nobody can ask any more, with None.
    async fn serve(&mut self, link: &mut Link, asked: &mut mpsc::Receiver<Asked>) -> Option<io::Error> {
        loop {
            tokio::select! {
                message = link.next() => match message {
                    Ok(message) => self.said(message)?,
                    Err(error) => return Some(error),
                },
                request = asked.recv() => {
                    let Asked { call, reply } = request?;
                    self.number += 1;
                    let start = if let Call::Start { id } = &call { Some(id.clone()) } else { None };
                    self.waiting.insert(self.number, Waiting { start, reply });
                    if let Err(error) = link.send(self.number, call).await {
                        return Some(error);
                    }
                }
            }
        }
    }

    /// None if the runtime is gone.
    fn said(&mut self, message: Message) -> Option<()> {
        let (inner, entry) = (self.inner.upgrade()?, self.entry.upgrade()?);
        match message {
            Message::Exited { id, exit } => apply_exit(&inner, &entry, &id, exit),
            Message::Started { id, started } => {
                if let Some(container) = entry.state().containers.get_mut(&id) {
                    apply_started(container, &started);
                }
            }
            Message::NotMade { id } => forget(&entry, &id),
            Message::Reply { number, result } => {
                let Some(waiting) = self.waiting.remove(&number) else { return Some(()) };
                if let Some(id) = &waiting.start {
                    apply_start(&entry, id, &result);
                }
                // A caller that went away has nothing to learn: the state says it all.
                waiting.reply.send(result).unwrap_or_default();
            }
        }
        Some(())
    }
}

fn apply_start(entry: &Entry, id: &str, result: &Result<Answer, Refusal>) {
    let mut state = entry.state();
    match result {
        Ok(Answer::Started(started)) => {
            if let Some(container) = state.containers.get_mut(id) {
                apply_started(container, started);
            }
        }
        Err(Refusal::Start { exit, .. }) => {
            if let Some(container) = state.containers.get_mut(id) {
                container.state = ContainerState::Exited(exit.clone().into());
            }
        }
        Err(Refusal::Create(_) | Refusal::Other(_)) => {
            drop(state);
            forget(entry, id);
        }
        Ok(Answer::Containers(_) | Answer::Done) | Err(Refusal::Exists) => {}
    }
}

/// Forgets a container that never was. Only its record is there; the next opening removes what is left.
fn forget(entry: &Entry, id: &str) {
    entry.state().containers.remove(id);
    std::fs::remove_dir_all(entry.dir.container(id)).unwrap_or_default();
}

/// Takes over what is known of a running program.
pub fn apply_started(container: &mut crate::Container, started: &StartedRecord) {
    container.user = Some(started.user.clone());
    if !matches!(container.state, ContainerState::Exited(_)) {
        container.state = ContainerState::Running { pid: started.pid, started_at: from_ns(started.started_at_ns) };
    }
}

/// Takes over an end, once, and tells of it.
pub fn apply_exit(inner: &Inner, entry: &Entry, id: &str, exit: ExitRecord) {
    let exit: Exit = exit.into();
    let event = {
        let mut state = entry.state();
        let Some(container) = state.containers.get_mut(id) else { return };
        if matches!(container.state, ContainerState::Exited(_)) {
            return;
        }
        container.state = ContainerState::Exited(exit.clone());
        Event::Exited {
            sandbox: entry.id().to_owned(),
            container: id.to_owned(),
            name: container.spec.name.clone(),
            attempt: container.spec.attempt,
            exit,
        }
    };
    inner.emit(event);
}

fn apply_list(inner: &Inner, entry: &Entry, list: Vec<Status>, unanswered: &[String]) {
    for id in unanswered.iter().filter(|id| !list.iter().any(|status| status.id == **id)) {
        // Its request never reached the shim, or was refused: nothing of it was ever run.
        forget(entry, id);
    }
    for status in list {
        if let Some(started) = &status.started
            && let Some(container) = entry.state().containers.get_mut(&status.id)
        {
            apply_started(container, started);
        }
        if let Some(exit) = status.exit {
            apply_exit(inner, entry, &status.id, exit);
        }
    }
}
