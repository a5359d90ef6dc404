//! A backend that numbers itself, with gaps, as a store shared over a network does: the store shows the numbers that it
//! reports, wherever a revision stands, however many writes were under way.

use super::{Seeded, now, options, submit};
use crate::backend::{Backend, BackendError, Compare, Contents};
use crate::pipeline::Pending;
use crate::txn::{Change, Request};
use crate::{Durability, Entry, Event, Expect, NewValue, Operation, Pipeline, Store, WatchError, durable};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The keys of the backend with the revisions that it gave.
type Rows = Arc<Mutex<BTreeMap<String, u64>>>;

#[derive(Debug)]
struct Numbering {
    newest: u64,
    gaps: Seeded,
    rows: Rows,
}

impl Backend for Numbering {
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<u64>, BackendError> {
        let mut rows = self.rows.lock().unwrap();
        let give = |change: &Change| {
            self.newest += 1 + self.gaps.below(3);
            match &*change.event {
                Event::Put { entry, .. } => drop(rows.insert(entry.key.to_string(), self.newest)),
                Event::Delete { last, .. } => drop(rows.remove(&*last.key)),
            }
            self.newest
        };
        Ok(changes.iter().map(give).collect())
    }

    fn reopen(&mut self, _newest: u64, _compare: Compare<'_>) -> Result<(), BackendError> {
        unreachable!("it never fails")
    }

    fn seal_anew(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
}

fn random_write(seeded: &mut Seeded, pipeline: &Pipeline) -> Request {
    let key = ["/a", "/b", "/c"][seeded.below(3) as usize];
    let seen = pipeline.latest(key).entry;
    let expect = match (seeded.below(3), &seen) {
        (0, _) => Expect::Anything,
        (_, Some(entry)) => Expect::Revision(entry.revision),
        (_, None) => Expect::Absent,
    };
    let value = NewValue { bytes: b"<>".to_vec(), stamp: Some(1) };
    let operation = if seeded.below(4) == 0 { Operation::Delete(value) } else { Operation::Put(value, Durability::Durable) };
    Request::new(key, expect, operation)
}

fn check(entry: &Entry) {
    assert_eq!(entry.value, format!("<{}>", entry.revision));
    assert!(entry.created <= entry.revision);
}

#[test]
fn the_numbers_that_the_backend_gave_are_the_ones_that_are_seen() {
    for seed in 0..200 {
        let mut seeded = Seeded(seed);
        let rows = Rows::default();
        let backend = Numbering { newest: 100, gaps: Seeded(seed + 1), rows: rows.clone() };
        let contents = Contents { entries: Vec::new(), reserved: 0, is_stale: false };
        let (pipeline, mut writer) = durable(Box::new(backend), contents, options(1_000));
        let mut watch = crate::Watch::start(pipeline.shared(), "", 1).unwrap();
        let mut written = 0;
        for _ in 0..12 {
            let pending: Vec<Pending> = (0..=seeded.below(5)).map(|_| submit(&pipeline, random_write(&mut seeded, &pipeline))).collect();
            writer.commit_waiting();
            for answer in pending.into_iter().filter_map(|pending| now(pending.durable()).ok()) {
                check(&answer);
                written += 1;
            }
        }
        let shown = pipeline.shared().read().range("", None, 0, None).unwrap().entries;
        let shown: BTreeMap<String, u64> = shown.iter().inspect(|entry| check(entry)).map(|e| (e.key.to_string(), e.revision)).collect();
        assert_eq!(shown, *rows.lock().unwrap());
        let (mut seen, mut last, mut keys) = (0, 1, BTreeMap::<String, u64>::new());
        while let Ok(Some(event)) = watch.try_next() {
            let entry = event.entry();
            check(entry);
            assert!(entry.revision > last, "events come in the order of their revisions");
            // Each change says truly what it replaced.
            assert_eq!(event.previous().map(|previous| previous.revision), keys.get(&*entry.key).copied());
            match &event {
                Event::Put { entry, .. } => drop(keys.insert(entry.key.to_string(), entry.revision)),
                Event::Delete { last, .. } => drop(keys.remove(&*last.key)),
            }
            (last, seen) = (entry.revision, seen + 1);
        }
        assert_eq!(seen, written);
        assert_eq!(watch.try_next(), Ok(None));
    }
}

#[test]
fn a_store_in_memory_ends_like_any_other() {
    let store = Store::memory();
    let mut watch = store.watch("", 1).unwrap();
    now(store.close()).unwrap();
    assert_eq!(watch.try_next(), Err(WatchError::Closed));
}
