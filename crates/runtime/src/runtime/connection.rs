//! The connection to one shim: a task that owns the socket, and handles to it.
//!
//! Everything a shim says is applied to the sandbox's state here, in the order it was said, before any caller hears of it. When the
//! connection breaks it is made again; a shim that turns out dead, or does not answer for long, is handed to `sandboxes`.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::greeting::{self, Greeted, Link};
use super::{Entry, Event, Inner, sandboxes};
use crate::container::{ContainerState, Exit};
use crate::error::{Error, Result};
use crate::protocol::{Answer, Call, FIRST_VERSION, Message, Refusal, Status};
use crate::record::{ExitRecord, ShimRecord, StartedRecord, from_ns};

/// Requests that may wait for the task.
const REQUESTS_MAX: usize = 64;
/// How long a shim may take to answer what needs no waiting.
const ANSWER: Duration = Duration::from_secs(5);
/// A silent shim is asked for a sign of life this often within its patience.
const PINGS: u32 = 3;

/// A handle; the task ends with the last one.
#[derive(Debug, Clone)]
pub struct Connection {
    requests: mpsc::Sender<QueuedRequest>,
    /// Of the protocol, agreed on when the shim was last greeted.
    version: Arc<AtomicU32>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Answered = Result<Answer, Refusal>;

#[derive(Debug)]
struct QueuedRequest {
    call: Call,
    reply: oneshot::Sender<Answered>,
}

/// A reply that is on its way. Dropping it does not take the request back.
pub struct Reply(oneshot::Receiver<Answered>);

impl Reply {
    /// Waits for it. An error says that there will be none: the shim is gone, or nothing came of the request.
    pub async fn wait(self, sandbox: &str) -> Result<Answered> {
        self.0.await.map_err(|_| broken(sandbox))
    }
}

fn broken(sandbox: &str) -> Error {
    Error::Connection { sandbox: sandbox.to_owned(), source: io::ErrorKind::ConnectionAborted.into() }
}

impl Connection {
    /// The version of the protocol that the shim speaks with us.
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    /// Sends a request that a shim answers at once, and waits for its reply.
    pub async fn call(&self, sandbox: &str, call: Call) -> Result<Answered> {
        let (reply, answer) = oneshot::channel();
        let exchange = async {
            self.requests.send(QueuedRequest { call, reply }).await.map_err(|_| broken(sandbox))?;
            Reply(answer).wait(sandbox).await
        };
        let silent = |_| Error::Connection { sandbox: sandbox.to_owned(), source: io::ErrorKind::TimedOut.into() };
        tokio::time::timeout(ANSWER, exchange).await.map_err(silent)?
    }

    /// Sends a request from a thread that may block.
    pub fn send_blocking(&self, sandbox: &str, call: Call) -> Result<Reply> {
        let (reply, answer) = oneshot::channel();
        self.requests.blocking_send(QueuedRequest { call, reply }).map_err(|_| broken(sandbox))?;
        Ok(Reply(answer))
    }
}

/// Starts the task of a greeted link.
pub fn run(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord, greeted: Greeted) -> Connection {
    let (requests, queue) = mpsc::channel(REQUESTS_MAX);
    let version = Arc::new(AtomicU32::new(greeted.version));
    let mut task = Task {
        inner: Arc::downgrade(inner),
        entry: Arc::downgrade(entry),
        interval: inner.options.shim_patience / PINGS,
        start_max: inner.options.start_max,
        shim,
        version: Arc::clone(&version),
        waiting: BTreeMap::new(),
        number: 0,
    };
    task.expect_starts(&greeted.containers);
    let handle = tokio::spawn(task.run(greeted.link, queue));
    Connection { requests, version, _task: Arc::new(AbortOnDrop(handle.abort_handle())) }
}

struct PendingReply {
    /// The container, if it is a start.
    start: Option<String>,
    since: Instant,
    /// None for a start that was found under way.
    reply: Option<oneshot::Sender<Answered>>,
}

/// Holds weak references only, so that a dropped runtime ends it.
struct Task {
    inner: Weak<Inner>,
    entry: Weak<Entry>,
    /// Silence after which the shim is asked for a sign of life.
    interval: Duration,
    start_max: Duration,
    shim: ShimRecord,
    /// Of the protocol.
    version: Arc<AtomicU32>,
    waiting: BTreeMap<u64, PendingReply>,
    number: u64,
}

/// Why a link is not served any more.
enum Break {
    /// The socket failed.
    Broken(io::Error),
    /// The shim lives and does not do what it should.
    Hung(String),
    /// Nobody can ask any more.
    Gone,
}

impl Task {
    async fn run(mut self, mut link: Link, mut queue: mpsc::Receiver<QueuedRequest>) {
        loop {
            let reason = match self.serve(&mut link, &mut queue).await {
                Break::Gone => return,
                Break::Hung(reason) => reason,
                Break::Broken(error) => match self.reconnect(&error).await {
                    Some(Ok(new)) => {
                        link = new;
                        continue;
                    }
                    Some(Err(reason)) => reason,
                    None => return,
                },
            };
            let (Some(inner), Some(entry)) = (self.inner.upgrade(), self.entry.upgrade()) else { return };
            sandboxes::mark_dead(&entry);
            // Only now do those who wait learn that nothing will come: what they see of the sandbox is settled.
            self.waiting.clear();
            sandboxes::shim_died(&inner, &entry, &reason).await;
            return;
        }
    }

    /// A new link to the same shim, or why there is none. None: the runtime is gone.
    async fn reconnect(&mut self, error: &io::Error) -> Option<Result<Link, String>> {
        let (inner, entry) = (self.inner.upgrade()?, self.entry.upgrade()?);
        tracing::debug!(sandbox = entry.id(), %error, "connection to the shim broke");
        match greeting::greet(&inner, &entry.dir, &self.shim).await {
            Ok(greeted) => {
                self.version.store(greeted.version, Ordering::Relaxed);
                self.settle_waiting(&entry, &greeted.containers);
                apply_list(&inner, &entry, greeted.containers);
                Some(Ok(greeted.link))
            }
            Err(error) => Some(Err(error.to_string())),
        }
    }

    /// Nothing but starts outlives a link, and those as the shim's list says.
    fn settle_waiting(&mut self, entry: &Entry, list: &[Status]) {
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            let (Some(id), Some(reply)) = (waiting.start, waiting.reply) else { continue };
            match list.iter().find(|status| status.id == id) {
                Some(Status { started: Some(started), .. }) => reply.send(Ok(Answer::Started(started.clone()))).unwrap_or_default(),
                Some(Status { exit: Some(exit), .. }) => {
                    reply.send(Err(Refusal::Start { message: exit.message.clone(), exit: exit.clone() })).unwrap_or_default();
                }
                Some(_) => self.expect(Some(id), Some(reply)),
                // Its request never reached the shim, or was refused: nothing of it was ever run.
                None => forget(entry, &id),
            }
        }
        self.expect_starts(list);
    }

    /// Starts that are under way and that nobody waits for yet must come to an end too.
    fn expect_starts(&mut self, list: &[Status]) {
        for status in list.iter().filter(|status| status.started.is_none() && status.exit.is_none()) {
            if !self.waiting.values().any(|waiting| waiting.start.as_ref() == Some(&status.id)) {
                self.expect(Some(status.id.clone()), None);
            }
        }
    }

    fn expect(&mut self, start: Option<String>, reply: Option<oneshot::Sender<Answered>>) {
        self.number += 1;
        self.waiting.insert(self.number, PendingReply { start, since: Instant::now(), reply });
    }

    /// Serves until the link breaks or the shim turns out to hang.
    async fn serve(&mut self, link: &mut Link, queue: &mut mpsc::Receiver<QueuedRequest>) -> Break {
        let mut silent = 0;
        let mut look = Instant::now() + self.interval;
        loop {
            // What has been said comes first: a server that stood still itself must not take that for the shim's silence.
            tokio::select! {
                biased;
                message = link.next() => match message {
                    Ok(message) => {
                        silent = 0;
                        if self.handle_message(message).is_none() {
                            return Break::Gone;
                        }
                    }
                    Err(error) => return Break::Broken(error),
                },
                request = queue.recv() => {
                    let Some(QueuedRequest { call, reply }) = request else { return Break::Gone };
                    let start = if let Call::Start { id } = &call { Some(id.clone()) } else { None };
                    self.expect(start, Some(reply));
                    if let Err(error) = self.send(link, call).await {
                        return Break::Broken(error);
                    }
                }
                () = tokio::time::sleep_until(look) => {
                    look = Instant::now() + self.interval;
                    if let Some(reason) = self.hang_reason(silent) {
                        return Break::Hung(reason);
                    }
                    silent += 1;
                    self.expect(None, None);
                    if let Err(error) = self.send(link, self.ping()).await {
                        return Break::Broken(error);
                    }
                }
            }
        }
    }

    async fn send(&self, link: &mut Link, call: Call) -> io::Result<()> {
        tokio::time::timeout(ANSWER, link.send(self.number, call)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn ping(&self) -> Call {
        // Version 1 has no question for nothing; to forget what was never there comes closest.
        if self.version.load(Ordering::Relaxed) == FIRST_VERSION { Call::Forget { id: String::new() } } else { Call::Ping }
    }

    /// After that many signs of life that were asked for in vain: why the shim is taken for hanging, if it is.
    fn hang_reason(&self, silent: u32) -> Option<String> {
        let waited = self.interval * silent;
        if silent == 1 {
            let sandbox = self.entry.upgrade();
            let sandbox = sandbox.as_ref().map(|entry| entry.id()).unwrap_or_default();
            let patience_s = (self.interval * PINGS).as_secs();
            tracing::warn!(sandbox, pid = self.shim.pid, patience_s, "a shim does not answer; it is killed unless it does soon");
        }
        if silent >= PINGS {
            return Some(format!("it did not answer for {} s", waited.as_secs()));
        }
        let late = self.waiting.values().find(|waiting| waiting.start.is_some() && waiting.since.elapsed() > self.start_max)?;
        let id = late.start.as_deref().unwrap_or_default();
        Some(format!("it did not finish the start of container {id} within {} s", self.start_max.as_secs()))
    }

    /// None if the runtime is gone.
    fn handle_message(&mut self, message: Message) -> Option<()> {
        let (inner, entry) = (self.inner.upgrade()?, self.entry.upgrade()?);
        let (id, result) = match message {
            Message::Reply { number, result } => {
                let Some(waiting) = self.waiting.remove(&number) else { return Some(()) };
                if let Some(id) = &waiting.start {
                    apply_start(&entry, id, &result);
                }
                // A caller that went away has nothing to learn: the state says it all.
                waiting.reply.map(|reply| reply.send(result).unwrap_or_default()).unwrap_or_default();
                return Some(());
            }
            Message::Started { id, started } => {
                if let Some(container) = entry.state().containers.get_mut(&id) {
                    apply_started(container, &started);
                }
                (id, Ok(Answer::Started(started)))
            }
            Message::Exited { id, exit } => {
                apply_exit(&inner, &entry, &id, exit.clone());
                (id, Err(Refusal::Start { message: exit.message.clone(), exit }))
            }
            Message::NotMade { id } => {
                forget(&entry, &id);
                (id, Err(Refusal::Create("the container could not be made".to_owned())))
            }
        };
        self.start_settled(&id, result);
        Some(())
    }

    /// A start that was asked for over an earlier link is over.
    fn start_settled(&mut self, id: &str, result: Answered) {
        let number = self.waiting.iter().find(|(_, waiting)| waiting.start.as_deref() == Some(id)).map(|(number, _)| *number);
        if let Some(reply) = number.and_then(|number| self.waiting.remove(&number)).and_then(|waiting| waiting.reply) {
            reply.send(result).unwrap_or_default();
        }
    }
}

fn apply_start(entry: &Entry, id: &str, result: &Answered) {
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
        Err(Refusal::Create(_) | Refusal::Other(_) | Refusal::NotRunning | Refusal::Version { .. }) => {
            drop(state);
            forget(entry, id);
        }
        Ok(Answer::Containers(_) | Answer::Welcome { .. } | Answer::ExecEnded { .. } | Answer::Attached { .. } | Answer::Done)
        | Err(Refusal::Exists) => {}
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

fn apply_list(inner: &Inner, entry: &Entry, list: Vec<Status>) {
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
