//! What the store costs on a disk, printed beside the disk's own fdatasync: puts per second with 1 and 64 writers, opening
//! with 10,000 objects, and the delivery of changes to 1,000 watches. Owns the measuring, no limits. The directory to measure
//! in is the first argument that is no option, else the working directory (not /tmp, which is often in memory).

use anyhow::Result;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};
use stead_store::{Durability, Expect, NewValue, Options, Store};

const SYNCS: usize = 300;
const PUTS: usize = 1_000;
const WRITERS: usize = 64;
const OBJECTS: usize = 10_000;
const WATCHES: usize = 1_000;
const CHANGES: usize = 500;

fn main() -> Result<()> {
    let place = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_else(|| ".".to_owned());
    let directory = tempfile::Builder::new().prefix("stead-bench").tempdir_in(place)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let mut out = std::io::stdout().lock();
    let mut syncs = fdatasync(directory.path())?;
    syncs.sort();
    writeln!(out, "fdatasync of 4 kB        p50 {:?}, p99 {:?}", syncs[SYNCS / 2], syncs[SYNCS * 99 / 100])?;
    for writers in [1, WRITERS] {
        let took = runtime.block_on(puts(directory.path(), writers))?;
        let count = PUTS * writers.min(16);
        writeln!(out, "puts of 1 kB, {writers:2} writers  {:.0} per second", count as f64 / took.as_secs_f64())?;
    }
    writeln!(out, "open with {OBJECTS} objects  {:?}", runtime.block_on(open(directory.path()))?)?;
    let took = runtime.block_on(watches())?;
    writeln!(out, "delivery to {WATCHES} watches  {:.0} events per second", (WATCHES * CHANGES) as f64 / took.as_secs_f64())?;
    Ok(())
}

fn value(len: usize) -> NewValue {
    NewValue { bytes: vec![b'x'; len], stamp: Some(0) }
}

fn fdatasync(directory: &Path) -> Result<Vec<Duration>> {
    let file = std::fs::File::create(directory.join("bare"))?;
    let mut times = Vec::new();
    for n in 0..SYNCS {
        let start = Instant::now();
        file.write_all_at(&[n as u8; 4_096], (n as u64 % 64) * 4_096)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(times)
}

async fn puts(directory: &Path, writers: usize) -> Result<Duration> {
    let store = Store::open(directory.join(format!("puts-{writers}.redb")), Options::default())?;
    let each = PUTS * writers.min(16) / writers;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.spawn(async move {
            for n in 0..each {
                store.put(&format!("/registry/configmaps/{writer}/{n}"), Expect::Absent, value(1_000), Durability::Durable).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed())
}

async fn open(directory: &Path) -> Result<Duration> {
    let file = directory.join("open.redb");
    let store = Store::open(&file, Options::default())?;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..OBJECTS {
        let store = store.clone();
        tasks.spawn(async move { store.put(&format!("/registry/pods/{n}"), Expect::Absent, value(2_000), Durability::Durable).await });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    store.close().await?;
    drop(store);
    let start = Instant::now();
    drop(Store::open(&file, Options::default())?);
    Ok(start.elapsed())
}

async fn watches() -> Result<Duration> {
    let store = Store::memory();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WATCHES {
        let mut watch = store.watch("/registry/pods/", store.revision())?;
        tasks.spawn(async move {
            for _ in 0..CHANGES {
                watch.next().await?;
            }
            anyhow::Ok(())
        });
    }
    let start = Instant::now();
    for n in 0..CHANGES {
        store.put(&format!("/registry/pods/{}", n % 10), Expect::Anything, value(1_000), Durability::Durable).await?;
        tokio::task::yield_now().await;
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed())
}
