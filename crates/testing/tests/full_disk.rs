//! The store on a file system that others fill: it goes on for a while on what it keeps for itself, then refuses, and takes
//! writes again by itself when there is space. What it acknowledged is there. The file system is a tmpfs of its own.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use stead_store::{Durability, Expect, NewValue, Options, Store, WriteError};
use stead_testing::left_out;

const SIZE: &str = "size=32m";
/// Far more than the longest time between two looks at a backend that failed.
const LONG: Duration = Duration::from_secs(60);
/// How much the store goes on to take when there is no space any more: 20 kB each.
const RESERVED_WRITES: usize = 100;

async fn put(store: &Store, n: usize) -> Result<(), WriteError> {
    let value = NewValue { bytes: vec![b'x'; 20_000], stamp: None };
    store.put(&format!("/{n}"), Expect::Absent, value, Durability::Durable).await.map(drop)
}

fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).expect("a file");
    while file.write_all(&[1; 4_096]).is_ok() {}
}

/// Writes until the store refuses; how many it took.
async fn write_until_refused(store: &Store, from: usize) -> usize {
    for n in from.. {
        match put(store, n).await {
            Ok(()) => {}
            Err(WriteError::Refused { .. }) => return n - from,
            Err(conflict) => panic!("{conflict}"),
        }
    }
    unreachable!("the file system is small")
}

async fn scenario(directory: &Path) {
    let (data, filler) = (directory.join("store.redb"), directory.join("filler"));
    let store = Store::open(&data, Options::default()).expect("it opens");
    put(&store, 0).await.expect("there is space");
    fill(&filler);
    let taken = write_until_refused(&store, 1).await;
    assert!(taken >= RESERVED_WRITES, "only {taken} writes fitted into the reserve");
    let refusal = store.refusal().expect("it says so").to_string();
    assert!(refusal.contains("No space left on device"), "{refusal}");
    assert!(store.get("/0").is_some(), "reads go on");

    std::fs::remove_file(&filler).expect("it is there");
    let freed = Instant::now();
    let next = 1_000_000;
    while put(&store, next).await.is_err() {
        assert!(freed.elapsed() < LONG, "it still refuses: {:?}", store.refusal());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.refusal().is_none());
    // Ended without a word, as by a power cut: what was acknowledged is there.
    let kept = std::fs::read(&data).expect("it is there");
    drop(store);
    std::fs::write(&data, kept).expect("there is space");
    let store = Store::open(&data, Options::default()).expect("it opens");
    assert!((0..=taken).chain([next]).all(|n| store.get(&format!("/{n}")).is_some()));
}

#[test]
fn the_store_survives_a_full_disk() {
    if !nix::unistd::geteuid().is_root() {
        return left_out("the_store_survives_a_full_disk", "needs root for a file system of its own");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let scenario = || {
        unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace");
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).expect("mounts of its own");
        mount(Some("tmpfs"), directory.path(), Some("tmpfs"), MsFlags::empty(), Some(SIZE)).expect("a file system");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(scenario(directory.path()));
    };
    // The mounts of this thread, and of those that it starts, are their own.
    std::thread::scope(|threads| threads.spawn(scenario).join()).expect("the scenario holds");
}
