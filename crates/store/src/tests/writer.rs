//! The writer's thread: group commit, its end, and that idle means idle.

use super::device::{Device, Plan};
use super::options;
use crate::backend::Disk;
use crate::txn::Answer;
use crate::writer::WriterThread;
use crate::{Durability, Entry, Expect, Handle, NewValue, Place, Store, WatchError, WriteError, durable};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

fn store_on(device: &Device) -> Store {
    let path = Path::new("simulated");
    let (disk, contents) = Disk::open_device(device.opener(), path).unwrap();
    let (pipeline, writer) = durable(Box::new(disk), contents, options(10_000));
    let thread = WriterThread::start(writer, path).unwrap();
    Store(Arc::new(Handle { pipeline, place: Place::Thread(thread) }))
}

async fn put(store: &Store, key: &str, durability: Durability) -> Result<Entry, WriteError> {
    store.put(key, Expect::Anything, NewValue { bytes: b"1".to_vec(), stamp: None }, durability).await
}

// One request waits for one sync, and for nothing else.
#[tokio::test]
async fn a_lone_write_is_one_sync() {
    let device = Device::new();
    let store = store_on(&device);
    for n in 0..20 {
        let before = device.syncs();
        put(&store, &format!("/{n}"), Durability::Durable).await.unwrap();
        assert_eq!(device.syncs(), before + 1);
    }
}

// Many requests that wait share one sync.
#[tokio::test]
async fn waiting_writes_share_one_sync() {
    let device = Device::new();
    let store = store_on(&device);
    put(&store, "/first", Durability::Durable).await.unwrap();
    let before = device.syncs();
    device.close_gate();
    let mut writes: Vec<Pin<Box<dyn Future<Output = Answer>>>> = Vec::new();
    for n in 0..64 {
        let store = store.clone();
        let mut write = Box::pin(async move { put(&store, &format!("/{n}"), Durability::Durable).await });
        assert!(write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        writes.push(write);
        if n == 0 {
            device.await_sync();
        }
    }
    // Nothing is visible before it is durable.
    assert_eq!(store.range("/", None, 0, None).unwrap().entries.len(), 1);
    device.open_gate();
    let mut revisions = Vec::new();
    for write in writes {
        revisions.push(write.await.unwrap().revision);
    }
    assert!(revisions.is_sorted());
    assert_eq!(device.syncs(), before + 2);
}

// Nothing is written when nothing changes, and nothing for what is volatile.
#[tokio::test]
async fn conflicts_and_volatile_writes_do_not_touch_the_disk() {
    let device = Device::new();
    let store = store_on(&device);
    put(&store, "/a", Durability::Durable).await.unwrap();
    let before = device.acts();
    for _ in 0..50 {
        put(&store, "/lease", Durability::Volatile).await.unwrap();
        let value = NewValue { bytes: b"2".to_vec(), stamp: None };
        store.put("/a", Expect::Absent, value.clone(), Durability::Durable).await.unwrap_err();
        store.delete("/b", Expect::Anything, value).await.unwrap_err();
    }
    store.delete("/lease", Expect::Anything, NewValue { bytes: Vec::new(), stamp: None }).await.unwrap();
    assert_eq!(device.acts(), before);
}

// A volatile revision is never used again: the block it comes from is durable first.
#[tokio::test]
async fn volatile_revisions_are_reserved() {
    let device = Device::new();
    let store = store_on(&device);
    let entry = put(&store, "/lease", Durability::Volatile).await.unwrap();
    assert_eq!(entry.revision, 2);
    let after_cut = store_on(&device.powered());
    assert!(after_cut.revision() > entry.revision);
    assert_eq!(after_cut.get("/lease"), None);
}

#[tokio::test]
async fn a_dead_writer_refuses_writes_and_reads_go_on() {
    let device = Device::new();
    let store = store_on(&device);
    put(&store, "/a", Durability::Durable).await.unwrap();
    device.plan(Plan::Panic);
    let refused = put(&store, "/b", Durability::Durable).await.unwrap_err();
    assert!(matches!(refused, WriteError::Refused { .. }));
    device.plan(Plan::Nothing);
    let refused = put(&store, "/b", Durability::Durable).await.unwrap_err();
    assert_eq!(refused.to_string(), "the store refuses writes: its writer has ended");
    assert!(store.get("/a").is_some());
}

#[tokio::test]
async fn closing_ends_watches_and_writes() {
    for store in [store_on(&Device::new()), Store::memory()] {
        let mut watch = store.watch("/", store.revision()).unwrap();
        put(&store, "/a", Durability::Durable).await.unwrap();
        store.close().await.unwrap();
        assert!(watch.next().await.is_ok());
        assert_eq!(watch.next().await, Err(WatchError::Closed));
        assert!(matches!(put(&store, "/b", Durability::Durable).await, Err(WriteError::Refused { .. })));
        assert!(store.get("/a").is_some());
        store.close().await.unwrap();
    }
}

// Watches that begin while others write: no change is missed, none comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn watches_that_begin_among_writes_miss_nothing() {
    const WRITES: u64 = 400;
    for store in [store_on(&Device::new()), Store::memory()] {
        let last = store.revision() + 2 * WRITES;
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..2 {
            let store = store.clone();
            tasks.spawn(async move {
                for n in 0..WRITES {
                    put(&store, &format!("/{writer}/{}", n % 5), Durability::Volatile).await.unwrap();
                }
            });
        }
        for _ in 0..20 {
            // From a little ago, so that topics are extended backwards, too.
            let mut position = store.revision().saturating_sub(3).max(last - 2 * WRITES);
            let mut watch = store.watch("/", position).unwrap();
            tasks.spawn(async move {
                while position < last {
                    let event = watch.next().await.unwrap();
                    assert_eq!(event.entry().revision, position + 1);
                    position += 1;
                }
            });
            tokio::task::yield_now().await;
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}
