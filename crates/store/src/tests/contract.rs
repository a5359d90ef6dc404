//! The contract, example by example, on the memory store, polled by hand: no runtime.

use super::now;
use crate::{Clock, Durability, Entry, Event, Expect, Limits, NewValue, Page, ReadError, Store, Watch, WatchError, WriteError};
use bytes::Bytes;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

fn value(text: &str) -> NewValue {
    NewValue { bytes: text.as_bytes().to_vec(), stamp: None }
}

fn put(store: &Store, key: &str, text: &str) -> Entry {
    now(store.put(key, Expect::Anything, value(text), Durability::Durable)).unwrap()
}

fn keys(page: &Page) -> Vec<&str> {
    page.entries.iter().map(|entry| &*entry.key).collect()
}

#[test]
fn numbers_changes_from_one_counter() {
    let store = Store::memory();
    // 0 means "any" to a client, so an empty store is not at 0.
    assert_eq!(store.revision(), 1);
    let a = put(&store, "/a", "1");
    let b = put(&store, "/b", "2");
    let a2 = put(&store, "/a", "3");
    assert_eq!((a.revision, b.revision, a2.revision), (2, 3, 4));
    assert_eq!((a2.created, store.revision()), (2, 4));
    assert_eq!(store.get("/a"), Some(a2));
}

#[test]
fn inserts_the_revision_into_the_value() {
    let store = Store::memory();
    let stamped = NewValue { bytes: br#"{"v":"","x":1}"#.to_vec(), stamp: Some(6) };
    let entry = now(store.put("/a", Expect::Absent, stamped.clone(), Durability::Durable)).unwrap();
    assert_eq!(entry.value, Bytes::from_static(br#"{"v":"2","x":1}"#));
    let last = now(store.delete("/a", Expect::Revision(2), stamped)).unwrap();
    assert_eq!(last.value, Bytes::from_static(br#"{"v":"3","x":1}"#));
    assert_eq!((last.created, last.revision), (2, 3));
}

#[test]
fn refuses_what_is_not_expected_and_changes_nothing() {
    let store = Store::memory();
    let a = put(&store, "/a", "1");
    for expect in [Expect::Absent, Expect::Revision(1), Expect::Revision(3)] {
        let answer = now(store.put("/a", expect, value("2"), Durability::Durable));
        assert!(matches!(answer, Err(WriteError::Conflict { current: Some(current) }) if current == a));
    }
    let answer = now(store.put("/b", Expect::Revision(2), value("2"), Durability::Durable));
    assert!(matches!(answer, Err(WriteError::Conflict { current: None })));
    let answer = now(store.delete("/b", Expect::Anything, value("")));
    assert!(matches!(answer, Err(WriteError::Conflict { current: None })));
    assert_eq!((store.revision(), store.get("/b")), (2, None));
}

// api.md L4: all pages show the revision of the first.
#[test]
fn pages_are_a_snapshot() {
    let store = Store::memory();
    for key in ["/p/a", "/p/b", "/p/c", "/p/d", "/q/a"] {
        put(&store, key, "1");
    }
    let first = store.range("/p/", None, 2, None).unwrap();
    assert_eq!((keys(&first), first.remaining, first.revision), (vec!["/p/a", "/p/b"], 2, 6));
    put(&store, "/p/bb", "new");
    put(&store, "/p/c", "changed");
    now(store.delete("/p/d", Expect::Anything, value(""))).unwrap();
    let second = store.range("/p/", Some("/p/b"), 2, Some(first.revision)).unwrap();
    assert_eq!((keys(&second), second.remaining, second.revision), (vec!["/p/c", "/p/d"], 0, 6));
    assert_eq!(second.entries[0].value, Bytes::from_static(b"1"));
    assert_eq!(keys(&store.range("/p/", None, 0, None).unwrap()), ["/p/a", "/p/b", "/p/bb", "/p/c"]);
    assert_eq!(store.range("/", None, 0, Some(99)).unwrap_err(), ReadError::Future { asked: 99, newest: 9 });
}

#[test]
fn watches_see_each_change_once_and_in_order() {
    let store = Store::memory();
    let a = put(&store, "/p/a", "1");
    let mut watch = store.watch("/p/", a.revision).unwrap();
    let mut early = store.watch("/p/", 1).unwrap();
    assert_eq!(watch.try_next(), Ok(None));
    put(&store, "/q/b", "other");
    let a2 = put(&store, "/p/a", "2");
    let last = now(store.delete("/p/a", Expect::Anything, value("gone"))).unwrap();
    assert_eq!(watch.revision(), a.revision);
    let expected = [
        Event::Put { entry: a.clone(), previous: None },
        Event::Put { entry: a2.clone(), previous: Some(a) },
        Event::Delete { last: last.clone(), previous: a2 },
    ];
    for event in &expected {
        assert_eq!(now(early.next()).as_ref(), Ok(event));
    }
    for event in &expected[1..] {
        assert_eq!(now(watch.next()).as_ref(), Ok(event));
    }
    assert_eq!((watch.try_next(), watch.revision()), (Ok(None), last.revision));
    // What is not below the prefix still moves the bookmark.
    let other = put(&store, "/q/b", "other");
    assert_eq!(watch.revision(), other.revision);
}

#[test]
fn a_waiting_watch_wakes_only_for_its_prefix() {
    let store = Store::memory();
    let mut watch = store.watch("/p/", 1).unwrap();
    let (waker, count) = counting();
    let mut context = Context::from_waker(&waker);
    let mut next = pin!(watch.next());
    assert!(next.as_mut().poll(&mut context).is_pending());
    put(&store, "/q/a", "1");
    assert_eq!(count.get(), 0);
    let entry = put(&store, "/p/a", "1");
    assert_eq!(count.get(), 1);
    assert!(matches!(next.poll(&mut context), Poll::Ready(Ok(Event::Put { entry: seen, .. })) if seen == entry));
}

/// A waker and how often it was woken.
fn counting() -> (Waker, Arc<Count>) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count).into(), count)
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn history_is_bounded_and_slow_watches_end() {
    let store = Store::memory_with(Limits { events_max: 4, ..Limits::default() });
    let mut slow = store.watch("/p/", 1).unwrap();
    let mut idle = store.watch("/idle/", 1).unwrap();
    for n in 0..10 {
        put(&store, "/p/a", &n.to_string());
    }
    assert_eq!(slow.try_next(), Err(WatchError::Lagged));
    // A watch that missed nothing does not lag, however old its position is.
    let entry = put(&store, "/idle/a", "1");
    assert!(matches!(idle.try_next(), Ok(Some(Event::Put { entry: seen, .. })) if seen == entry));
    let compacted = ReadError::Compacted { asked: 7, oldest: 8 };
    assert_eq!(store.range("/", None, 0, Some(7)).unwrap_err(), compacted);
    assert_eq!(store.watch("/", 7).unwrap_err(), compacted);
    assert_eq!(store.range("/", None, 0, Some(8)).unwrap().entries[0].value, Bytes::from_static(b"6"));
}

#[test]
fn a_closed_store_ends_its_watches() {
    let store = Store::memory();
    let mut watch = store.watch("/", 1).unwrap();
    put(&store, "/a", "1");
    drop(store);
    assert!(matches!(watch.try_next(), Ok(Some(_))));
    assert_eq!(watch.try_next(), Err(WatchError::Closed));
    assert_eq!(now(watch.next()), Err(WatchError::Closed));
}

#[test]
fn history_is_bounded_by_bytes() {
    let store = Store::memory_with(Limits { bytes_max: 10_000, ..Limits::default() });
    let mut watch = store.watch("/", 1).unwrap();
    for n in 0..4 {
        put(&store, &format!("/{n}"), &"x".repeat(4_000));
    }
    assert_eq!(watch.try_next(), Err(WatchError::Lagged));
    assert_eq!(store.watch("/", 2).unwrap_err(), ReadError::Compacted { asked: 2, oldest: 3 });
    assert!(store.watch("/", 3).is_ok());
}

// api.md L14: several minutes of history.
#[test]
fn history_ages() {
    let time = Arc::new(AtomicUsize::new(0));
    let clock = Arc::clone(&time);
    let clock = Clock::new(move || Duration::from_secs(clock.load(Ordering::SeqCst) as u64));
    let store = Store::memory_with(Limits { clock, ..Limits::default() });
    put(&store, "/a", "1");
    time.store(300, Ordering::SeqCst);
    put(&store, "/a", "2");
    assert!(store.watch("/", 1).is_ok());
    time.store(700, Ordering::SeqCst);
    put(&store, "/a", "3");
    assert_eq!(store.watch("/", 1).unwrap_err(), ReadError::Compacted { asked: 1, oldest: 2 });
    assert!(store.watch("/", 2).is_ok());
}

#[test]
fn a_watch_that_starts_earlier_than_others_of_its_prefix_gets_what_they_have_not() {
    let store = Store::memory();
    for n in 0..5 {
        put(&store, "/p/a", &n.to_string());
    }
    let mut late = store.watch("/p/", 5).unwrap();
    let mut early = store.watch("/p/", 2).unwrap();
    let revisions = |watch: &mut Watch| {
        let mut revisions = Vec::new();
        while let Some(event) = watch.try_next().unwrap() {
            revisions.push(event.entry().revision);
        }
        revisions
    };
    assert_eq!(revisions(&mut late), [6]);
    assert_eq!(revisions(&mut early), [3, 4, 5, 6]);
}
