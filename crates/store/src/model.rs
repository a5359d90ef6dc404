//! The store as plainly as it can be said: a full copy of the keys at each revision and a list of all changes. For
//! property tests to compare with. Never used by the store itself.

use crate::txn::{Operation, Request};
use crate::{Durability, Entry, Event, Expect, NewValue, ReadError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A write, before it is a request.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub key: String,
    pub expect: Expect,
    pub operation: Act,
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    Put(NewValue, Durability),
    Delete(NewValue),
}

impl Write {
    pub(crate) fn request(&self) -> Request {
        let operation = match self.operation.clone() {
            Act::Put(value, durability) => Operation::Put(value, durability),
            Act::Delete(last) => Operation::Delete(last),
        };
        Request::new(&self.key, self.expect, operation)
    }
}

type Keys = BTreeMap<String, Entry>;

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub newest: u64,
    /// The oldest readable revision.
    pub floor: u64,
    /// The state at each revision.
    states: BTreeMap<u64, Keys>,
    events: Vec<Event>,
    /// What a restart keeps.
    pub durable: Keys,
    events_max: usize,
}

impl Model {
    pub(crate) fn new(newest: u64, durable: Keys, events_max: usize) -> Self {
        let states = BTreeMap::from([(newest, durable.clone())]);
        Self { newest, floor: newest, states, events: Vec::new(), durable, events_max }
    }

    pub(crate) fn current(&self) -> &Keys {
        &self.states[&self.newest]
    }

    /// The answer to a write; in a conflict the current entry.
    pub(crate) fn write(&mut self, write: &Write) -> Result<Entry, Option<Entry>> {
        let mut keys = self.current().clone();
        let previous = keys.get(&write.key).cloned();
        let holds = match (write.expect, &previous) {
            (Expect::Anything, _) | (Expect::Absent, None) => true,
            (Expect::Revision(revision), Some(entry)) => entry.revision == revision,
            (Expect::Absent, Some(_)) | (Expect::Revision(_), None) => false,
        };
        if !holds {
            return Err(previous);
        }
        let revision = self.newest + 1;
        let entry = |value: &NewValue, created| Entry {
            key: Arc::from(write.key.as_str()),
            value: final_bytes(value, revision),
            created,
            revision,
        };
        let (event, answer) = match (&write.operation, previous) {
            (Act::Delete(_), None) => return Err(None),
            (Act::Delete(last), Some(previous)) => {
                keys.remove(&write.key);
                self.durable.remove(&write.key);
                let last = entry(last, previous.created);
                (Event::Delete { last: last.clone(), previous }, last)
            }
            (Act::Put(value, durability), previous) => {
                let entry = entry(value, previous.as_ref().map_or(revision, |previous| previous.created));
                keys.insert(write.key.clone(), entry.clone());
                if *durability == Durability::Durable {
                    self.durable.insert(write.key.clone(), entry.clone());
                }
                (Event::Put { entry: entry.clone(), previous }, entry)
            }
        };
        self.newest = revision;
        self.states.insert(revision, keys);
        self.events.push(event);
        if self.events.len() > self.events_max {
            self.floor = self.events[self.events.len() - self.events_max - 1].entry().revision;
        }
        Ok(answer)
    }

    pub(crate) fn check(&self, asked: u64) -> Result<(), ReadError> {
        match asked {
            asked if asked > self.newest => Err(ReadError::Future { asked, newest: self.newest }),
            asked if asked < self.floor => Err(ReadError::Compacted { asked, oldest: self.floor }),
            _ => Ok(()),
        }
    }

    /// Entries, revision and remaining of a page.
    pub(crate) fn range(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        at: Option<u64>,
    ) -> Result<(Vec<Entry>, u64, u64), ReadError> {
        let revision = at.unwrap_or(self.newest);
        self.check(revision)?;
        let keys = self.states[&revision].values();
        let mut entries: Vec<Entry> =
            keys.filter(|entry| entry.key.starts_with(prefix) && after.is_none_or(|after| &*entry.key > after)).cloned().collect();
        let limit = if limit == 0 { entries.len() } else { limit.min(entries.len()) };
        let remaining = entries.split_off(limit).len() as u64;
        Ok((entries, revision, remaining))
    }

    /// What a watch at a position gets next: `Err` if it has missed something.
    pub(crate) fn next(&self, prefix: &str, position: u64) -> Result<Option<&Event>, ()> {
        let mut events = self.events.iter().filter(|event| event.entry().revision > position && event.entry().key.starts_with(prefix));
        match events.next() {
            Some(event) if event.entry().revision <= self.floor => Err(()),
            next => Ok(next),
        }
    }
}

fn final_bytes(value: &NewValue, revision: u64) -> Bytes {
    let mut text = String::from_utf8(value.bytes.clone()).unwrap();
    if let Some(at) = value.stamp {
        text.insert_str(at, &revision.to_string());
    }
    Bytes::from(text)
}
