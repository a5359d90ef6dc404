//! Owns the line between those who write and the one who makes it durable. A write is checked, numbered and seen by the next
//! writer of its key at once; it is answered, and seen by anybody else, only when it is durable. If a commit fails, it fails,
//! and so does all that was numbered after it. In: requests, from any thread. Out: batches for the writer, in order.
//!
//! ```text
//! submit ─▶ numbered (staged, queued) ─▶ taken as a batch ─▶ committed ─▶ published, answered
//!                     └─────────────────────────┴──────────▶ failed: all of them refused, numbers never used again
//! ```

use crate::state::Shared;
use crate::txn::{Answer, Change, Current, Request};
use crate::{Entry, WriteError};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How many writes wait for their commit before callers wait to ask.
const WAITING_MAX: usize = 4_096;
/// How many writes share one sync.
const BATCH_MAX: usize = 1_024;

/// A write that has its place in the order, and is answered when it is durable.
#[derive(Debug)]
pub struct Pending {
    entry: Option<Entry>,
    ticket: Ticket,
}

#[derive(Debug)]
enum Ticket {
    Answered(Answer),
    Waiting(oneshot::Receiver<Answer>),
}

impl Pending {
    fn answered(answer: Answer) -> Self {
        Self { entry: None, ticket: Ticket::Answered(answer) }
    }

    /// What the write put, as [`Store::latest`](crate::Store::latest) shows it; nothing if it is refused already, or deletes.
    pub fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// Waits until the write is durable. On success the entry with its final bytes.
    pub async fn durable(self) -> Result<Entry, WriteError> {
        match self.ticket {
            Ticket::Answered(answer) => answer,
            Ticket::Waiting(answered) => answered.await.unwrap_or_else(|_| Err(ended())),
        }
    }
}

/// What the next write of a key builds on. It may not be durable yet: whoever tells others of it waits for
/// [`Store::settled`](crate::Store::settled) first.
#[derive(Debug, Clone)]
pub struct Latest {
    pub entry: Option<Entry>,
    commit: CommitState,
}

/// Whether a state that was seen is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommitState {
    Committed,
    /// It is once everything up to this number is, unless a commit fails before.
    Staged {
        revision: u64,
        failures: u64,
    },
}

/// The line.
#[derive(Debug)]
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
    line: Mutex<Line>,
    /// Something for the writer to do.
    arrived: Condvar,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Line {
    /// The highest number that was given or that the backend reported. Never goes back.
    newest: u64,
    /// Keys whose newest state is not durable.
    staged: HashMap<Arc<str>, Staged>,
    queue: VecDeque<Item>,
    /// Everything numbered up to here is durable or has failed.
    settled: u64,
    /// Who waits until everything is sealed as it would be now.
    sealers: VecDeque<oneshot::Sender<Result<(), WriteError>>>,
    /// How many commits have failed.
    failures: u64,
    phase: Phase,
}

/// The newest state of a key on its way to the backend.
#[derive(Debug)]
struct Staged {
    current: Current,
    /// Number of the change that made it.
    revision: u64,
}

#[derive(Debug)]
enum Phase {
    Open,
    /// The backend failed; it is tried again.
    Refusing {
        reason: String,
    },
    /// Whoever asked waits for the answer; nothing is taken any more.
    Closing,
    Ended {
        reason: String,
    },
}

#[derive(Debug)]
struct Item {
    work: Work,
    answer: oneshot::Sender<Answer>,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Work {
    Write(Change),
    /// Nothing is written: the answer tells of a state that is durable only then.
    Conflict {
        key: Arc<str>,
    },
}

/// What the writer does next.
#[derive(Debug)]
pub(crate) enum Next {
    Commit(Batch),
    /// Have everything sealed as it would be now, and say so.
    SealAnew(oneshot::Sender<Result<(), WriteError>>),
    /// The backend has failed some time ago: find out what is durable.
    Recover,
    Close,
}

/// Writes that share one commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    items: Vec<Item>,
}

impl Batch {
    pub(crate) fn changes(&self) -> Vec<Change> {
        let change = |item: &Item| match &item.work {
            Work::Write(change) => Some(change.clone()),
            Work::Conflict { .. } => None,
        };
        self.items.iter().filter_map(change).collect()
    }
}

impl Pipeline {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let newest = shared.read().revision();
        let (staged, queue, sealers) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        let line = Line { newest, staged, queue, settled: newest, sealers, failures: 0, phase: Phase::Open };
        Self { shared, line: Mutex::new(line), arrived: Condvar::new(), places: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Numbers a write. Waits only while too many others wait for their commit.
    pub(crate) async fn submit(&self, request: Request) -> Pending {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
        let mut line = self.line();
        if let Some(refusal) = line.refusal() {
            return Pending::answered(Err(refusal));
        }
        let (key, current) = self.current(&line, request.key.as_ref());
        let is_staged = line.staged.contains_key(&key);
        let (shown, before) = (current.entry.clone(), current.stored);
        let revision = line.newest + 1;
        let mut put = None;
        let work = match request.apply(Arc::clone(&key), current, revision) {
            Ok(change) => {
                line.newest = revision;
                let after = change.after(before);
                put = after.entry.clone();
                line.staged.insert(key, Staged { current: after, revision });
                Work::Write(change)
            }
            Err(_) if is_staged => Work::Conflict { key },
            Err(_) => return Pending::answered(Err(WriteError::Conflict { current: shown })),
        };
        let (answer, answered) = oneshot::channel();
        line.queue.push_back(Item { work, answer, _place: place });
        if line.queue.len() == 1 {
            self.arrived.notify_one();
        }
        Pending { entry: put, ticket: Ticket::Waiting(answered) }
    }

    /// What the next write of a key builds on.
    pub(crate) fn latest(&self, key: &str) -> Latest {
        let line = self.line();
        match line.staged.get(key) {
            Some(staged) => Latest {
                entry: staged.current.entry.clone(),
                commit: CommitState::Staged { revision: staged.revision, failures: line.failures },
            },
            None => Latest { entry: self.shared.read().index().get(key).cloned(), commit: CommitState::Committed },
        }
    }

    /// Waits until what was seen is durable.
    pub(crate) async fn settled(&self, latest: &Latest, key: &str) -> Result<(), WriteError> {
        let CommitState::Staged { revision, failures } = latest.commit else { return Ok(()) };
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
        let answered = {
            let mut line = self.line();
            if line.failures != failures {
                return Err(line.refusal().unwrap_or_else(|| refused("a write before it failed")));
            }
            if revision <= line.settled {
                return Ok(());
            }
            let (answer, answered) = oneshot::channel();
            line.queue.push_back(Item { work: Work::Conflict { key: Arc::from(key) }, answer, _place: place });
            self.arrived.notify_one();
            answered
        };
        match answered.await {
            Ok(Ok(_) | Err(WriteError::Conflict { .. })) => Ok(()),
            Ok(Err(refusal @ WriteError::Refused { .. })) => Err(refusal),
            Err(_) => Err(ended()),
        }
    }

    /// Waits until everything that is durable is sealed as it would be now. While writes are refused, until they are taken again.
    pub(crate) async fn seal_anew(&self) -> Result<(), WriteError> {
        let (asker, sealed) = oneshot::channel();
        {
            let mut line = self.line();
            if matches!(line.phase, Phase::Closing | Phase::Ended { .. }) {
                return Err(ended());
            }
            line.sealers.push_back(asker);
            self.arrived.notify_one();
        }
        sealed.await.unwrap_or_else(|_| Err(ended()))
    }

    fn current(&self, line: &Line, key: &str) -> (Arc<str>, Current) {
        if let Some((key, staged)) = line.staged.get_key_value(key) {
            return (Arc::clone(key), staged.current.clone());
        }
        let state = self.shared.read();
        let index = state.index();
        let shared_key = index.key(key).cloned().unwrap_or_else(|| Arc::from(key));
        (shared_key, Current { entry: index.get(key).cloned(), stored: index.stored(key) })
    }

    /// Waits for something to do; for a recovery at most `retry_in`.
    pub(crate) fn next(&self, retry_in: Duration) -> Next {
        let mut line = self.line();
        loop {
            // Before the writes: there may always be more of them.
            if matches!(line.phase, Phase::Open)
                && let Some(asker) = line.sealers.pop_front()
            {
                return Next::SealAnew(asker);
            }
            if !line.queue.is_empty() {
                return Next::Commit(line.take());
            }
            match line.phase {
                Phase::Open => line = self.arrived.wait(line).expect("nothing panics with the line locked"),
                Phase::Refusing { .. } => {
                    let waited = self.arrived.wait_timeout(line, retry_in).expect("nothing panics with the line locked");
                    line = waited.0;
                    if waited.1.timed_out() && matches!(line.phase, Phase::Refusing { .. }) {
                        return Next::Recover;
                    }
                }
                Phase::Closing | Phase::Ended { .. } => return Next::Close,
            }
        }
    }

    /// What waits, without waiting for it.
    pub(crate) fn try_next(&self) -> Option<Batch> {
        let mut line = self.line();
        (!line.queue.is_empty()).then(|| line.take())
    }

    /// The batch is durable under these revisions, one for each of its changes: shows it, then answers.
    pub(crate) fn committed(&self, batch: Batch, changes: &[Change], revisions: &[u64]) {
        let entries = self.shared.publish(changes, revisions);
        {
            let mut line = self.line();
            for change in changes {
                let proposed = change.entry().revision;
                if line.staged.get(&change.entry().key).is_some_and(|staged| staged.revision == proposed) {
                    line.staged.remove(&change.entry().key);
                }
                line.settled = line.settled.max(proposed);
            }
            line.newest = line.newest.max(revisions.last().copied().unwrap_or_default());
        }
        let mut entries = entries.into_iter();
        for item in batch.items {
            let answer = match item.work {
                Work::Write(_) => Ok(entries.next().expect("one entry for each change")),
                Work::Conflict { key } => Err(WriteError::Conflict { current: self.shared.read().index().get(&key).cloned() }),
            };
            // An asker that gave up is told by the next read.
            drop(item.answer.send(answer));
        }
    }

    /// The batch is not known to be durable: it fails, and all that was numbered after it; writes are refused until
    /// [`Pipeline::recovered`].
    pub(crate) fn failed(&self, batch: Batch, reason: &str) {
        let mut items = batch.items;
        items.extend(self.refuse(Phase::Refusing { reason: reason.to_owned() }));
        refuse_all(items, reason);
    }

    /// The highest number that was given.
    pub(crate) fn newest(&self) -> u64 {
        self.line().newest
    }

    /// Writes are taken again.
    pub(crate) fn recovered(&self) {
        let mut line = self.line();
        if matches!(line.phase, Phase::Refusing { .. }) {
            line.phase = Phase::Open;
        }
    }

    /// Nothing is taken any more; what was taken before is still written.
    pub(crate) fn close(&self) {
        let mut line = self.line();
        if !matches!(line.phase, Phase::Ended { .. }) {
            line.phase = Phase::Closing;
        }
        self.arrived.notify_all();
    }

    /// Nothing is written any more.
    pub(crate) fn end(&self, reason: &str) {
        let items = self.refuse(Phase::Ended { reason: reason.to_owned() });
        self.line().sealers.clear();
        refuse_all(items, reason);
    }

    /// Why writes are refused, if they are.
    pub(crate) fn refusal(&self) -> Option<WriteError> {
        self.line().refusal()
    }

    fn refuse(&self, phase: Phase) -> Vec<Item> {
        let mut line = self.line();
        let closing = matches!(line.phase, Phase::Closing) && matches!(phase, Phase::Refusing { .. });
        if !closing && !matches!(line.phase, Phase::Ended { .. }) {
            line.phase = phase;
        }
        line.failures += 1;
        line.settled = line.newest;
        line.staged.clear();
        line.queue.drain(..).collect()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect("nothing panics with the line locked")
    }
}

impl Line {
    fn refusal(&self) -> Option<WriteError> {
        match &self.phase {
            Phase::Open => None,
            Phase::Refusing { reason } | Phase::Ended { reason } => Some(refused(reason)),
            Phase::Closing => Some(refused("it is closed")),
        }
    }

    fn take(&mut self) -> Batch {
        let count = self.queue.len().min(BATCH_MAX);
        Batch { items: self.queue.drain(..count).collect() }
    }
}

fn refuse_all(items: Vec<Item>, reason: &str) {
    for item in items {
        drop(item.answer.send(Err(refused(reason))));
    }
}

fn refused(reason: &str) -> WriteError {
    WriteError::Refused { reason: reason.to_owned() }
}

fn ended() -> WriteError {
    refused("its writer has ended")
}
