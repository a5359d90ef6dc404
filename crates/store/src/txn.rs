//! Owns the order of writes: checks expectations, numbers and stamps changes, has the backend make them durable, then
//! publishes them. Never shows a change that is not durable, not even in a conflict. In: a batch of requests. Out: one
//! answer for each. Once the backend has failed, every later request is refused.

use crate::backend::{Backend, BackendError, Row};
use crate::index::Stored;
use crate::revision::{Revisions, Spare};
use crate::state::{Change, Shared};
use crate::{CloseError, Durability, Entry, Event, Expect, NewValue, WriteError};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// A write that waits for its answer.
#[derive(Debug)]
pub(crate) struct Request {
    key: Arc<str>,
    expect: Expect,
    operation: Operation,
}

#[derive(Debug)]
pub(crate) enum Operation {
    Put(NewValue, Durability),
    /// With the key's last value for watchers.
    Delete(NewValue),
}

impl Request {
    pub(crate) fn new(key: &str, expect: Expect, operation: Operation) -> Self {
        let (Operation::Put(value, _) | Operation::Delete(value)) = &operation;
        assert!(value.stamp.is_none_or(|at| at <= value.bytes.len()), "the stamp of {key} lies behind its value");
        Self { key: Arc::from(key), expect, operation }
    }
}

pub(crate) type Answer = Result<Entry, WriteError>;

/// The one that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    backend: Box<dyn Backend>,
    revisions: Revisions,
    /// Why nothing is written any more.
    refused: Option<String>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, backend: Box<dyn Backend>, revisions: Revisions) -> Self {
        Self { shared, backend, revisions, refused: None }
    }

    /// Carries out requests in order, all durable ones with one commit.
    pub(crate) fn process(&mut self, requests: Vec<Request>) -> Vec<Answer> {
        let count = requests.len();
        if self.refused.is_none() {
            let mut batch = Batch::new(&self.shared, self.revisions.newest());
            let answers = requests.into_iter().map(|request| batch.add(request)).collect();
            let Batch { changes, rows, .. } = batch;
            match self.commit(&rows, &changes) {
                Ok(()) => return answers,
                Err(reason) => self.refused = Some(reason),
            }
        }
        let reason = self.refused.as_deref().unwrap_or_default();
        (0..count).map(|_| Err(WriteError::Refused { reason: reason.to_owned() })).collect()
    }

    /// Releases the backend; later requests are refused.
    pub(crate) fn close(&mut self) -> Result<(), CloseError> {
        self.refused.get_or_insert_with(|| "it is closed".to_owned());
        self.backend.close().map_err(|error| CloseError { reason: explain(&error) })
    }

    fn commit(&mut self, rows: &[Row], changes: &[Change]) -> Result<(), String> {
        let Some(last) = changes.last() else { return Ok(()) };
        let spare = if rows.is_empty() { Spare::Costly } else { Spare::Free };
        let reserve = self.revisions.reserve(changes.len() as u64, spare);
        if !rows.is_empty() || reserve.is_some() {
            self.backend.commit(rows, reserve).map_err(|error| {
                let reason = explain(&error);
                tracing::error!(reason, "store refuses writes from now on");
                reason
            })?;
        }
        self.revisions.advance(last.event.entry().revision, reserve);
        self.shared.publish(changes);
        Ok(())
    }
}

/// Changes on their way to the backend, and what keys look like after them.
struct Batch<'a> {
    shared: &'a Shared,
    newest: u64,
    changes: Vec<Change>,
    rows: Vec<Row>,
    /// Keys that the batch changed.
    staged: HashMap<Arc<str>, (Option<Entry>, Stored)>,
}

impl<'a> Batch<'a> {
    fn new(shared: &'a Shared, newest: u64) -> Self {
        Self { shared, newest, changes: Vec::new(), rows: Vec::new(), staged: HashMap::new() }
    }

    fn add(&mut self, request: Request) -> Answer {
        let (key, current, stored) = self.current(request.key);
        let holds = match request.expect {
            Expect::Anything => true,
            Expect::Absent => current.is_none(),
            Expect::Revision(revision) => current.as_ref().is_some_and(|entry| entry.revision == revision),
        };
        if !holds {
            return Err(WriteError::Conflict { current });
        }
        match request.operation {
            Operation::Put(value, durability) => Ok(self.put(key, current, stored, value, durability)),
            Operation::Delete(last) => match current {
                Some(previous) => Ok(self.delete(previous, stored, last)),
                None => Err(WriteError::Conflict { current: None }),
            },
        }
    }

    fn current(&self, key: Arc<str>) -> (Arc<str>, Option<Entry>, Stored) {
        if let Some((entry, stored)) = self.staged.get(&key) {
            return (key, entry.clone(), *stored);
        }
        let state = self.shared.read();
        let index = state.index();
        (index.key(&key).cloned().unwrap_or_else(|| Arc::clone(&key)), index.get(&key).cloned(), index.stored(&key))
    }

    fn put(&mut self, key: Arc<str>, previous: Option<Entry>, stored: Stored, value: NewValue, durability: Durability) -> Entry {
        let revision = self.newest + 1;
        let created = previous.as_ref().map_or(revision, |entry| entry.created);
        let entry = Entry { key, value: stamped(value, revision), created, revision };
        let stored = match durability {
            Durability::Durable => {
                self.rows.push(Row::Put(entry.clone()));
                Stored::Row
            }
            Durability::Volatile => stored,
        };
        self.staged.insert(Arc::clone(&entry.key), (Some(entry.clone()), stored));
        self.stage(Event::Put { entry: entry.clone(), previous }, stored);
        entry
    }

    fn delete(&mut self, previous: Entry, stored: Stored, last: NewValue) -> Entry {
        let revision = self.newest + 1;
        let key = Arc::clone(&previous.key);
        if stored == Stored::Row {
            self.rows.push(Row::Delete(Arc::clone(&key)));
        }
        let last = Entry { key: Arc::clone(&key), value: stamped(last, revision), created: previous.created, revision };
        self.staged.insert(key, (None, Stored::Nothing));
        self.stage(Event::Delete { last: last.clone(), previous }, Stored::Nothing);
        last
    }

    fn stage(&mut self, event: Event, stored: Stored) {
        self.newest += 1;
        self.changes.push(Change { event: Arc::new(event), stored });
    }
}

fn explain(error: &BackendError) -> String {
    format!("{error}: {}", error.cause)
}

fn stamped(value: NewValue, revision: u64) -> Bytes {
    let NewValue { bytes, stamp } = value;
    let Some(at) = stamp else { return Bytes::from(bytes.into_boxed_slice()) };
    let digits = revision.to_string();
    let mut out = Vec::with_capacity(bytes.len() + digits.len());
    out.extend_from_slice(&bytes[..at]);
    out.extend_from_slice(digits.as_bytes());
    out.extend_from_slice(&bytes[at..]);
    Bytes::from(out)
}
