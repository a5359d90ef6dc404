//! Owns what readers see: index, window and topics, moved on together by one batch. Never checks an expectation and never
//! touches a disk. In: committed changes from the writer. Out: reads at a revision; wakes the watches of touched topics.

use crate::compact::{Limits, Window};
use crate::index::Index;
use crate::txn::Change;
use crate::watch::{Topic, Topics};
use crate::{Entry, Page, ReadError};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Debug)]
pub(crate) struct State {
    revision: u64,
    index: Index,
    window: Window,
    topics: Topics,
}

impl State {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Whether state and changes since `asked` are known.
    pub(crate) fn check(&self, asked: u64) -> Result<(), ReadError> {
        if asked > self.revision {
            return Err(ReadError::Future { asked, newest: self.revision });
        }
        if asked < self.window.floor() {
            return Err(ReadError::Compacted { asked, oldest: self.window.floor() });
        }
        Ok(())
    }

    pub(crate) fn range(&self, prefix: &str, after: Option<&str>, limit: usize, at: Option<u64>) -> Result<Page, ReadError> {
        if let Some(at) = at {
            self.check(at)?;
        }
        let revision = at.unwrap_or(self.revision);
        let slice = self.index.slice(prefix, after, limit, at.filter(|at| *at != self.revision));
        Ok(Page { entries: slice.entries, revision, remaining: slice.remaining })
    }

    pub(crate) fn subscribe(&mut self, prefix: &str, from: u64) -> Result<Arc<Topic>, ReadError> {
        self.check(from)?;
        Ok(self.topics.join(prefix, from, self.revision, &self.window))
    }

    pub(crate) fn unsubscribe(&mut self, prefix: &str) {
        self.topics.leave(prefix);
    }

    /// Moves on by one batch: the entries that it wrote, and the topics that have something new.
    fn apply(&mut self, changes: &[Change], revisions: &[u64]) -> (Vec<Entry>, Vec<Arc<Topic>>) {
        let (mut written, mut touched) = (Vec::with_capacity(changes.len()), Vec::new());
        for (change, revision) in changes.iter().zip(revisions) {
            let key = &change.entry().key;
            let event = change.renumbered(*revision, self.index.get(key));
            let stored = change.row.after(self.index.stored(key), *revision);
            self.revision = *revision;
            self.index.apply(&event, stored);
            self.topics.push(&event, &mut touched);
            written.push(event.entry().clone());
            self.window.push(event);
        }
        while let Some(old) = self.window.evict() {
            let entry = old.entry();
            self.index.prune(&entry.key, entry.revision);
            self.topics.evict(entry);
        }
        (written, touched)
    }
}

/// The state, shared by readers, the writer and the watches.
#[derive(Debug)]
pub(crate) struct Shared {
    state: RwLock<State>,
    /// The state's revision, for watches, which do not take the lock. Moves only after the topics have the changes.
    published: AtomicU64,
    closed: AtomicBool,
}

impl Shared {
    /// An empty state at a revision.
    pub(crate) fn new(limits: Limits, revision: u64) -> Self {
        Self::load(limits, revision, Index::default())
    }

    pub(crate) fn load(limits: Limits, revision: u64, index: Index) -> Self {
        let state = State { revision, index, window: Window::new(limits, revision), topics: Topics::default() };
        Self { state: RwLock::new(state), published: AtomicU64::new(revision), closed: AtomicBool::new(false) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("nothing panics with the state locked")
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().expect("nothing panics with the state locked")
    }

    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Makes a batch visible under the revisions that it got: readers see all of it or nothing, each touched topic is woken
    /// once. The entries that it wrote.
    pub(crate) fn publish(&self, changes: &[Change], revisions: &[u64]) -> Vec<Entry> {
        let (written, touched) = {
            let mut state = self.write();
            let (written, touched) = state.apply(changes, revisions);
            self.published.store(state.revision, Ordering::Release);
            (written, touched)
        };
        for topic in touched {
            topic.wake();
        }
        written
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends the watches once they have returned what is there.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let topics = self.write().topics.all();
        for topic in topics {
            topic.wake();
        }
    }
}
