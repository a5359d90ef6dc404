//! Any sequence of writes, reads, watches and restarts gives what the model says, in memory and on disk.

use super::{options, plain};
use crate::model::{Act, Model, Write};
use crate::{Durability, Entry, Expect, Extent, NewValue, Page, Store, Watch, WatchError};
use proptest::prelude::*;
use std::path::Path;

const KEYS: [&str; 8] = ["/a/1", "/a/2", "/a/22", "/a-b/1", "/b/1", "/b/é", "/b/è/1", "/c"];
const PREFIXES: [&str; 8] = ["", "/", "/a", "/a/", "/a/2", "/b/", "/b/é", "/none/"];
const DIRECTORIES: [&str; 6] = ["/", "/a/", "/a-b/", "/b/", "/b/è/", "/none/"];
const EVENTS_MAX: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    Write { key: usize, expect: Guess, value: u8, stamp: bool, operation: Kind },
    Range { prefix: usize, after: Option<usize>, limit: usize, back: Option<u64> },
    Watch { prefix: usize, back: u64 },
    Poll { watch: usize, times: usize },
    Unwatch { watch: usize },
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Guess {
    Absent,
    Current,
    Stale,
    Anything,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Durable,
    Volatile,
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    let guess = prop_oneof![Just(Guess::Absent), Just(Guess::Current), Just(Guess::Stale), Just(Guess::Anything)];
    let kind = prop_oneof![3 => Just(Kind::Durable), 1 => Just(Kind::Volatile), 2 => Just(Kind::Delete)];
    let write = (0..KEYS.len(), guess, any::<u8>(), any::<bool>(), kind).prop_map(|(key, expect, value, stamp, operation)| Step::Write {
        key,
        expect,
        value,
        stamp,
        operation,
    });
    let range = (0..PREFIXES.len(), prop::option::of(0..KEYS.len()), 0..4usize, prop::option::of(0..9u64))
        .prop_map(|(prefix, after, limit, back)| Step::Range { prefix, after, limit, back });
    let watch = (0..PREFIXES.len(), 0..9u64).prop_map(|(prefix, back)| Step::Watch { prefix, back });
    let poll = (0..4usize, 1..4usize).prop_map(|(watch, times)| Step::Poll { watch, times });
    let unwatch = (0..4usize).prop_map(|watch| Step::Unwatch { watch });
    prop_oneof![24 => write, 8 => range, 4 => watch, 12 => poll, 1 => unwatch, 1 => Just(Step::Reopen)]
}

/// The store and the model side by side.
struct Pair<'a> {
    store: Store,
    model: Model,
    /// Each with its prefix and what the model knows of its position.
    watches: Vec<(Watch, &'static str, u64)>,
    file: Option<&'a Path>,
    /// The revision that the store opened with.
    opened: u64,
}

impl<'a> Pair<'a> {
    fn new(file: Option<&'a Path>) -> Self {
        let store = match file {
            Some(file) => Store::open(file, options(EVENTS_MAX)).unwrap(),
            None => Store::memory_with(options(EVENTS_MAX).limits),
        };
        let model = Model::new(store.revision(), Default::default(), EVENTS_MAX);
        let opened = store.revision();
        Self { store, model, watches: Vec::new(), file, opened }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write { key, expect, value, stamp, operation } => self.write(KEYS[key], expect, value, stamp, operation),
            Step::Range { prefix, after, limit, back } => {
                let at = back.map(|back| (self.model.newest + 1).saturating_sub(back));
                let after = after.map(|key| KEYS[key]);
                let page = self.store.range(PREFIXES[prefix], after, limit, at);
                let page = page.map(|Page { entries, revision, remaining }| (entries, revision, remaining));
                assert_eq!(page, self.model.range(PREFIXES[prefix], after, limit, at));
            }
            Step::Watch { prefix, back } => self.watch(PREFIXES[prefix], (self.model.newest + 1).saturating_sub(back)),
            Step::Poll { watch, times } => (0..times).for_each(|_| self.poll(watch)),
            Step::Unwatch { watch } if watch < self.watches.len() => drop(self.watches.remove(watch)),
            Step::Unwatch { .. } => {}
            Step::Reopen => self.reopen(),
        }
        assert_eq!(self.store.revision(), self.model.newest);
        DIRECTORIES.iter().for_each(|directory| self.measure(directory));
    }

    fn measure(&self, directory: &str) {
        let below = |key: &str| key.strip_prefix(directory).is_some_and(|rest| rest.matches('/').count() <= 1);
        let counted = self.model.current().iter().filter(|(key, _)| below(key));
        let add = |sum: Extent, entry: &Entry| Extent { keys: sum.keys + 1, bytes: sum.bytes + entry.value.len() as u64 };
        assert_eq!(self.store.extent(directory), counted.fold(Extent::default(), |sum, (_, entry)| add(sum, entry)));
    }

    fn write(&mut self, key: &str, guess: Guess, value: u8, stamp: bool, kind: Kind) {
        let current = self.model.current().get(key).map(|entry| entry.revision);
        let expect = match guess {
            Guess::Absent => Expect::Absent,
            Guess::Current => Expect::Revision(current.unwrap_or(1)),
            Guess::Stale => Expect::Revision(current.map_or(1, |revision| revision - 1)),
            Guess::Anything => Expect::Anything,
        };
        let value = NewValue { bytes: format!("<{value}>").into_bytes(), stamp: stamp.then_some(1) };
        let operation = match kind {
            Kind::Durable => Act::Put(value, Durability::Durable),
            Kind::Volatile => Act::Put(value, Durability::Volatile),
            Kind::Delete => Act::Delete(value),
        };
        let write = Write { key: key.to_owned(), expect, operation };
        let answer = block_on(async {
            match write.operation.clone() {
                Act::Put(value, durability) => self.store.put(key, expect, value, durability).await,
                Act::Delete(last) => self.store.delete(key, expect, last).await,
            }
        });
        assert_eq!(plain(answer), Some(self.model.write(&write)));
        assert_eq!(self.store.get(key).as_ref(), self.model.current().get(key));
    }

    fn watch(&mut self, prefix: &'static str, from: u64) {
        match (self.store.watch(prefix, from), self.model.check(from)) {
            (Ok(watch), Ok(())) if self.watches.len() < 4 => self.watches.push((watch, prefix, from)),
            (Ok(_), Ok(())) => {}
            (watch, checked) => assert_eq!(watch.map(drop), checked),
        }
    }

    fn poll(&mut self, watch: usize) {
        let Some((watch, prefix, position)) = self.watches.get_mut(watch) else { return };
        match self.model.next(prefix, *position) {
            Err(()) => {
                assert_eq!(watch.revision(), *position);
                assert_eq!(watch.try_next(), Err(WatchError::Lagged));
            }
            Ok(Some(event)) => {
                assert_eq!(watch.revision(), *position);
                assert_eq!(watch.try_next(), Ok(Some(event.clone())));
                *position = event.entry().revision;
            }
            Ok(None) => {
                assert_eq!(watch.revision(), self.model.newest);
                assert_eq!(watch.try_next(), Ok(None));
                *position = self.model.newest;
            }
        }
    }

    fn reopen(&mut self) {
        let Some(file) = self.file else { return };
        self.store = Store::memory();
        for (watch, prefix, position) in &mut self.watches {
            while let Ok(Some(event)) = self.model.next(prefix, *position) {
                assert_eq!(watch.try_next(), Ok(Some(event.clone())));
                *position = event.entry().revision;
            }
            let ended = if self.model.next(prefix, *position).is_err() { WatchError::Lagged } else { WatchError::Closed };
            assert_eq!(watch.try_next(), Err(ended));
        }
        self.watches.clear();
        self.store = Store::open(file, options(EVENTS_MAX)).unwrap();
        let first = self.store.revision();
        match self.model.newest > self.opened {
            true => assert!(first > self.model.newest),
            false => assert_eq!(first, self.opened),
        }
        self.opened = first;
        self.model = Model::new(self.store.revision(), self.model.durable.clone(), EVENTS_MAX);
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_the_model(steps in prop::collection::vec(step(), 1..120)) {
        let mut pair = Pair::new(None);
        steps.into_iter().for_each(|step| pair.step(step));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn disk_is_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("store.redb");
        let mut pair = Pair::new(Some(&file));
        steps.into_iter().for_each(|step| pair.step(step));
    }
}
