//! Owns the decision about one write: whether its expectation holds, and the change that it is under a number. Pure: it sees
//! what the key is, and touches neither state nor disk. In: a request and the key's current state. Out: a numbered change.

use crate::index::Stored;
use crate::{Durability, Entry, Event, Expect, NewValue, WriteError};
use bytes::Bytes;
use std::sync::Arc;

/// A write that waits for its answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub key: Arc<str>,
    expect: Expect,
    operation: Operation,
}

#[derive(Debug)]
pub(crate) enum Operation {
    Put(NewValue, Durability),
    /// With the key's last value for watchers.
    Delete(NewValue),
}

pub(crate) type Answer = Result<Entry, WriteError>;

/// The expectation did not hold, or there is nothing to delete.
#[derive(Debug)]
pub(crate) struct Conflict;

/// What a key is for its next write.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub entry: Option<Entry>,
    pub stored: Stored,
}

/// A numbered change on its way to the backend.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub event: Arc<Event>,
    /// What it does to the key's durable row.
    pub row: Row,
    /// Where in the value its revision stands.
    stamp: Option<usize>,
}

/// What a change does to the durable row of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Put,
    Delete,
    /// A volatile value, or the end of a key that has no row.
    Untouched,
}

impl Row {
    /// Whether the key has a row afterwards.
    pub(crate) fn after(self, before: Stored, revision: u64) -> Stored {
        match self {
            Self::Put => Stored::Row { revision },
            Self::Delete => Stored::Nothing,
            Self::Untouched => before,
        }
    }
}

impl Request {
    pub(crate) fn new(key: &str, expect: Expect, operation: Operation) -> Self {
        let (Operation::Put(value, _) | Operation::Delete(value)) = &operation;
        assert!(value.stamp.is_none_or(|at| at <= value.bytes.len()), "the stamp of {key} lies behind its value");
        Self { key: Arc::from(key), expect, operation }
    }

    /// The change that this write is under that number, if its expectation holds. `key` is the request's, as others hold it.
    pub(crate) fn apply(self, key: Arc<str>, current: Current, revision: u64) -> Result<Change, Conflict> {
        let holds = match self.expect {
            Expect::Anything => true,
            Expect::Absent => current.entry.is_none(),
            Expect::Revision(revision) => current.entry.as_ref().is_some_and(|entry| entry.revision == revision),
        };
        if !holds {
            return Err(Conflict);
        }
        match self.operation {
            Operation::Put(value, durability) => {
                let previous = current.entry;
                let created = previous.as_ref().map_or(revision, |entry| entry.created);
                let row = if durability == Durability::Durable { Row::Put } else { Row::Untouched };
                let stamp = value.stamp;
                let entry = Entry { key, value: stamped(value, revision), created, revision };
                Ok(Change { event: Arc::new(Event::Put { entry, previous }), row, stamp })
            }
            Operation::Delete(last) => {
                let previous = current.entry.ok_or(Conflict)?;
                let row = if current.stored == Stored::Nothing { Row::Untouched } else { Row::Delete };
                let stamp = last.stamp;
                let last = Entry { key, value: stamped(last, revision), created: previous.created, revision };
                Ok(Change { event: Arc::new(Event::Delete { last, previous }), row, stamp })
            }
        }
    }
}

impl Change {
    pub(crate) fn entry(&self) -> &Entry {
        self.event.entry()
    }

    /// What the key is after this change, given what it was before.
    pub(crate) fn after(&self, before: Stored) -> Current {
        let entry = match &*self.event {
            Event::Put { entry, .. } => Some(entry.clone()),
            Event::Delete { .. } => None,
        };
        Current { entry, stored: self.row.after(before, self.entry().revision) }
    }

    /// The change under the revision that the backend gave it, over what the key really was.
    pub(crate) fn renumbered(&self, revision: u64, previous: Option<&Entry>) -> Arc<Event> {
        let proposed = self.event.previous().map(|entry| entry.revision);
        if revision == self.entry().revision && proposed == previous.map(|entry| entry.revision) {
            return Arc::clone(&self.event);
        }
        let old = self.entry();
        let created = previous.map_or(revision, |entry| entry.created);
        let entry = Entry { key: Arc::clone(&old.key), value: self.restamped(revision), created, revision };
        Arc::new(match (&*self.event, previous) {
            (Event::Delete { .. }, Some(previous)) => Event::Delete { last: entry, previous: previous.clone() },
            (Event::Delete { previous, .. }, None) => Event::Delete { last: entry, previous: previous.clone() },
            (Event::Put { .. }, previous) => Event::Put { entry, previous: previous.cloned() },
        })
    }

    fn restamped(&self, revision: u64) -> Bytes {
        let old = self.entry();
        let Some(at) = self.stamp else { return old.value.clone() };
        let end = at + old.revision.to_string().len();
        stamped(NewValue { bytes: [&old.value[..at], &old.value[end..]].concat(), stamp: Some(at) }, revision)
    }
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
