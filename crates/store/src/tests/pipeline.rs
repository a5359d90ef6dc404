//! Writes of one key that do not wait for each other's sync: each builds on the one before, nobody else sees them before
//! they are durable, and a sync that fails fails all that was built on it. After it the store takes writes again by itself,
//! once it knows what is on disk.

use super::device::{Device, Plan};
use super::{Seeded, now, options, submit};
use crate::backend::Disk;
use crate::pipeline::{Latest, Pending, Pipeline};
use crate::txn::Request;
use crate::writer::Writer;
use crate::{Durability, Entry, Expect, NewValue, Operation, WriteError, durable};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const KEY: &str = "/counter";

fn open(device: &Device) -> (Arc<Pipeline>, Writer) {
    let (disk, contents) = Disk::open_device(device.opener(), Path::new("simulated")).unwrap();
    durable(Box::new(disk), contents, options(10_000))
}

fn number(entry: Option<&Entry>) -> u64 {
    entry.map_or(0, |entry| std::str::from_utf8(&entry.value).unwrap().parse().unwrap())
}

/// Counts on from the newest state of a key.
fn increment(pipeline: &Pipeline, key: &str) -> (u64, Pending) {
    let seen = pipeline.latest(key).entry;
    let next = number(seen.as_ref()) + 1;
    let expect = seen.map_or(Expect::Absent, |entry| Expect::Revision(entry.revision));
    let value = NewValue { bytes: next.to_string().into_bytes(), stamp: None };
    (next, submit(pipeline, Request::new(key, expect, Operation::Put(value, Durability::Durable))))
}

fn shown(pipeline: &Pipeline, key: &str) -> u64 {
    number(pipeline.shared().read().index().get(key))
}

fn is_pending(pipeline: &Pipeline, latest: &Latest) -> bool {
    use std::future::Future;
    let mut settled = std::pin::pin!(pipeline.settled(latest, KEY));
    settled.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending()
}

#[test]
fn the_next_writer_builds_on_what_is_not_durable_and_nobody_else_sees_it() {
    let device = Device::new();
    let (pipeline, mut writer) = open(&device);
    let syncs = device.syncs();
    let pending: Vec<Pending> = (1..=3).map(|_| increment(&pipeline, KEY).1).collect();
    assert_eq!(shown(&pipeline, KEY), 0);
    let latest = pipeline.latest(KEY);
    assert_eq!(number(latest.entry.as_ref()), 3);
    assert!(is_pending(&pipeline, &latest));
    writer.commit_waiting();
    let answers: Vec<u64> = pending.into_iter().map(|pending| number(Some(&now(pending.durable()).unwrap()))).collect();
    assert_eq!(answers, [1, 2, 3]);
    assert_eq!((shown(&pipeline, KEY), device.syncs()), (3, syncs + 1));
    now(pipeline.settled(&latest, KEY)).unwrap();
}

#[test]
fn a_failed_sync_fails_all_that_was_built_on_it() {
    let device = Device::new();
    let (pipeline, mut writer) = open(&device);
    let (_, first) = increment(&pipeline, KEY);
    writer.commit_waiting();
    now(first.durable()).unwrap();
    let (_, second) = increment(&pipeline, KEY);
    let (_, third) = increment(&pipeline, KEY);
    let latest = pipeline.latest(KEY);
    // A conflict with what is not durable tells of it only when it is.
    let stale = submit(&pipeline, Request::new(KEY, Expect::Absent, Operation::Delete(NewValue { bytes: Vec::new(), stamp: None })));
    device.plan(Plan::FailSync { sync: 1, seed: 0 });
    writer.commit_waiting();
    for pending in [second, third, stale] {
        assert!(matches!(now(pending.durable()), Err(WriteError::Refused { .. })));
    }
    assert!(now(pipeline.settled(&latest, KEY)).is_err());
    assert!(matches!(now(increment(&pipeline, KEY).1.durable()), Err(WriteError::Refused { .. })));
    assert_eq!((shown(&pipeline, KEY), number(pipeline.latest(KEY).entry.as_ref())), (1, 1));
    let refused = pipeline.newest();
    writer.recover().unwrap();
    let (next, again) = increment(&pipeline, KEY);
    writer.commit_waiting();
    let entry = now(again.durable()).unwrap();
    assert_eq!((number(Some(&entry)), entry.revision > refused), (next, true));
}

// What is on disk is the acknowledged state with a byte changed: not ours to go on from.
#[test]
fn does_not_go_on_from_what_was_not_acknowledged() {
    let device = Device::new();
    let (pipeline, mut writer) = open(&device);
    let (_, first) = increment(&pipeline, KEY);
    writer.commit_waiting();
    now(first.durable()).unwrap();
    let before = device.contents();
    let (_, second) = increment(&pipeline, KEY);
    writer.commit_waiting();
    now(second.durable()).unwrap();
    let (_, third) = increment(&pipeline, KEY);
    device.plan(Plan::FailSync { sync: 1, seed: 0 });
    writer.commit_waiting();
    assert!(now(third.durable()).is_err());
    device.replace(&before);
    let reason = writer.recover().unwrap_err();
    assert!(reason.ends_with("what it holds is not what was acknowledged, first at /counter"), "{reason}");
    assert!(pipeline.refusal().is_some());
    assert!(device.contents() == before, "the file was touched");
}

#[derive(Debug, Clone)]
enum Step {
    Increment { key: bool },
    Commit,
    FailSync { sync: u64, seed: u64 },
    FailFrom { act: u64 },
    Recover,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(|key| Step::Increment { key }),
        4 => Just(Step::Commit),
        1 => (1..3u64, any::<u64>()).prop_map(|(sync, seed)| Step::FailSync { sync, seed }),
        1 => (1..9u64).prop_map(|act| Step::FailFrom { act }),
        2 => Just(Step::Recover),
    ]
}

/// Two counters and what their writers were told.
struct Counters {
    device: Device,
    pipeline: Arc<Pipeline>,
    writer: Writer,
    pending: Vec<(usize, u64, Pending)>,
    /// The highest number that was acknowledged, and the highest that anybody tried, by key.
    acknowledged: [u64; 2],
    newest: u64,
}

const KEYS: [&str; 2] = [KEY, "/other"];

impl Counters {
    fn new() -> Self {
        let device = Device::new();
        let (pipeline, writer) = open(&device);
        Self { device, pipeline, writer, pending: Vec::new(), acknowledged: [0, 0], newest: 0 }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Increment { key } => {
                let key = usize::from(key);
                let (next, pending) = increment(&self.pipeline, KEYS[key]);
                self.pending.push((key, next, pending));
            }
            Step::Commit => self.commit(),
            Step::FailSync { sync, seed } => self.device.plan(Plan::FailSync { sync, seed }),
            Step::FailFrom { act } => self.device.plan(Plan::FailFrom { act }),
            Step::Recover => self.recover(),
        }
        for (key, acknowledged) in KEYS.iter().zip(self.acknowledged) {
            assert!(shown(&self.pipeline, key) >= acknowledged, "what was acknowledged is shown");
        }
    }

    fn commit(&mut self) {
        self.writer.commit_waiting();
        for (key, next, pending) in self.pending.drain(..) {
            match now(pending.durable()) {
                Ok(entry) => {
                    assert_eq!((number(Some(&entry)), next), (next, self.acknowledged[key] + 1), "every increment builds on the last");
                    assert!(entry.revision > self.newest, "no revision comes twice");
                    (self.newest, self.acknowledged[key]) = (entry.revision, next);
                }
                Err(WriteError::Refused { .. }) => {}
                Err(WriteError::Conflict { .. }) => panic!("nobody else writes"),
            }
        }
    }

    /// The disk works again, and so does the store.
    fn recover(&mut self) {
        self.commit();
        self.device.plan(Plan::Nothing);
        if self.pipeline.refusal().is_some() {
            self.writer.recover().unwrap();
        }
        // Writes that were refused may have been done.
        self.acknowledged = KEYS.map(|key| shown(&self.pipeline, key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn counters_never_lose_a_count(steps in prop::collection::vec(step(), 1..60), seed in any::<u64>()) {
        let mut counters = Counters::new();
        steps.into_iter().for_each(|step| counters.step(step));
        counters.commit();
        // The power goes: what was acknowledged is there, and nothing but whole batches.
        let acknowledged = counters.acknowledged;
        counters.device.plan(Plan::CutAt { sync: 1, seed: Seeded(seed).next() });
        increment(&counters.pipeline, KEY);
        counters.writer.commit_waiting();
        let (pipeline, _writer) = open(&counters.device.powered());
        for (key, acknowledged) in KEYS.iter().zip(acknowledged) {
            assert!(shown(&pipeline, key) >= acknowledged);
        }
    }
}
