//! The provisioner of this node's own volumes (STO-6 to STO-8, STO-11, STO-15): makes the disk of a claim that was given to a node and
//! the PersistentVolume for it, grows and removes them. It never binds a claim, and never touches a disk that it has not made.
//!
//! [`machine`] and everything below it is pure; [`run`] is the thin layer around it: three watches, the disks and the API.

pub mod capacity;
pub mod class;
pub mod facts;
pub mod machine;
mod objects;
pub mod plan;
mod reclaim;
mod resize;
mod room;
#[cfg(test)]
mod tests;

use crate::clock::Now;
use crate::disks::NodeDisks;
use crate::node::Clock;
use crate::pod::runner::without_managed_fields;
use crate::volumes::blocking;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use machine::{Command, DiskFailure, Event, Machine, Outcome};
use plan::Operation;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_client::event::{Event as Recorded, Source};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES};
use stead_client::{Client, Key, Scope};
use stead_volumes::Store;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

/// The user that it acts as.
pub const USER: &str = "system:serviceaccount:kube-system:provisioner";
/// Pause after something could not be cleared away.
const SWEEP_AGAIN: Duration = Duration::from_secs(60);
/// The wall clock, by which the trash is kept, may be set.
const SWEEP_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// What a provisioner is made of.
pub struct Options {
    pub api: Client,
    pub nodes: Vec<String>,
    pub disks: Arc<dyn NodeDisks>,
    /// Who uses what of them; none for nodes without containers.
    pub store: Option<Arc<Store>>,
    /// Where volumes lie whose class names no directory.
    pub default_pool: PathBuf,
    pub clock: Clock,
    /// The zero of the steady clock.
    pub began: Instant,
    pub events: mpsc::Sender<(Source, Recorded)>,
}

/// Works for as long as the API can be followed.
pub async fn run(options: Options) {
    let options = Arc::new(options);
    let (pools, pools_out) = watch::channel(Vec::new());
    let trash = Trash::default();
    tokio::select! {
        () = provision(Arc::clone(&options), pools, trash.clone()) => {}
        () = room::keep_told(&options, pools_out) => {}
        () = empty_trash(&options, &trash) => {}
    }
}

/// What those who fill the trash and who empties it let each other know.
#[derive(Debug, Clone, Default)]
struct Trash {
    /// Something is in it.
    filled: Arc<Notify>,
    /// Something of it is gone for good.
    cleared: Arc<Notify>,
}

async fn provision(options: Arc<Options>, pools: watch::Sender<Vec<capacity::Pool>>, trash: Trash) {
    let machine = Machine::new(options.nodes.clone(), options.default_pool.clone(), options.disks.retention());
    let follow = |resource| stead_client::follow(options.api.clone(), Scope::all(resource), |o| Some(Arc::new(without_managed_fields(o))));
    let (mut claims, mut volumes) = (follow(PERSISTENT_VOLUME_CLAIMS), follow(PERSISTENT_VOLUMES));
    let mut classes = follow(STORAGE_CLASSES);
    let grown = options.disks.grown();
    let cleared = Arc::clone(&trash.cleared);
    let mut work = Work { machine, under_way: FuturesUnordered::new(), pools, trash, options: Arc::clone(&options) };
    work.read_disks().await;
    loop {
        let wake = work.machine.wake().map(|at| options.began + at);
        let event = tokio::select! {
            Some(report) = claims.next() => Event::Claims(report),
            Some(report) = volumes.next() => Event::Volumes(report),
            Some(report) = classes.next() => Event::Classes(report),
            Some((name, outcome)) = work.under_way.next() => Event::Ended(name, outcome),
            () = grown.notified() => {
                work.read_disks().await;
                continue;
            }
            () = cleared.notified() => Event::RoomGained,
            () = until(wake) => Event::Tick,
        };
        work.step(event);
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The machine and what is under way for it.
struct Work {
    machine: Machine,
    under_way: FuturesUnordered<BoxFuture<'static, (String, Outcome)>>,
    pools: watch::Sender<Vec<capacity::Pool>>,
    trash: Trash,
    options: Arc<Options>,
}

impl Work {
    /// Lets the machine know which disks there are.
    async fn read_disks(&mut self) {
        for node in self.options.nodes.clone() {
            let (disks, of) = (Arc::clone(&self.options.disks), node.clone());
            let (disks, unrecorded) = blocking(move || (disks.list(&of), disks.unrecorded())).await;
            self.step(Event::Disks { node, disks, unrecorded });
        }
    }

    fn step(&mut self, event: Event) {
        let now = Now { wall: (self.options.clock)(), steady: self.options.began.elapsed() };
        for command in self.machine.step(now, event) {
            match command {
                Command::Begin { volume, operation } => {
                    let options = Arc::clone(&self.options);
                    self.under_way.push(async move { (volume, perform(&options, operation).await) }.boxed());
                }
                Command::Tell(event) => self.tell(event),
                Command::RoomChanged => {
                    self.pools.send_replace(self.machine.pools());
                    self.trash.filled.notify_one();
                }
            }
        }
    }

    fn tell(&self, event: Recorded) {
        let source = Source { component: facts::PROVISIONER.to_owned(), host: String::new() };
        if self.options.events.try_send((source, event)).is_err() {
            tracing::warn!("an event was dropped: too many wait");
        }
    }
}

/// Performs one step to its end.
async fn perform(options: &Options, operation: Operation) -> Outcome {
    let disks = Arc::clone(&options.disks);
    match operation {
        Operation::CreateDisk { node, wanted } => Outcome::Made(blocking(move || disks.create(&node, &wanted).map_err(Into::into)).await),
        Operation::ExpandDisk { disk, bytes } => Outcome::Expanded(blocking(move || disks.expand(&disk, bytes).map_err(Into::into)).await),
        Operation::Record(disk) => {
            blocking(move || disks.recorded(&disk)).await;
            Outcome::Done(Ok(()))
        }
        Operation::RemoveUnrecorded { disk, volume } => Outcome::Unrecorded(remove_unrecorded(options, disk, &volume).await),
        Operation::RemoveDisk { disk, path } => {
            let (store, now_unix_s) = (options.store.clone(), unix_s(options));
            Outcome::Done(blocking(move || remove(disks.as_ref(), store.as_deref(), &disk, &path, now_unix_s)).await)
        }
        Operation::ConfirmGone(path) => Outcome::Done(blocking(move || confirm_gone(&path)).await),
        Operation::Call(call) => Outcome::Called(options.api.call(&call).await),
        Operation::Refuse(error) => Outcome::Done(Err(DiskFailure::here(error))),
    }
}

async fn remove_unrecorded(options: &Options, disk: String, volume: &str) -> Result<Option<Arc<Value>>, String> {
    let found = options.api.find(PERSISTENT_VOLUMES, &Key::cluster(volume)).await.map_err(|failure| failure.to_string())?;
    if let Some(found) = found {
        return Ok(Some(Arc::new(found)));
    }
    let (disks, now_unix_s) = (Arc::clone(&options.disks), unix_s(options));
    blocking(move || disks.remove(&disk, now_unix_s)).await.map(|()| None).map_err(|error| error.to_string())
}

fn remove(disks: &dyn NodeDisks, store: Option<&Store>, disk: &str, path: &Path, now_unix_s: u64) -> Result<(), DiskFailure> {
    // Of a path that cannot be resolved nobody has anything.
    let used = store.zip(path.canonicalize().ok()).map(|(store, path)| store.users_of(&path)).unwrap_or_default();
    if let Some(pod) = used.first() {
        return Err(DiskFailure::here(format!("the volume is still mounted into the pod {pod}")));
    }
    disks.remove(disk, now_unix_s).map_err(Into::into)
}

/// What this node has not made stays.
fn confirm_gone(path: &Path) -> Result<(), DiskFailure> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(DiskFailure::here(format!("{}: {error}", path.display()))),
        Ok(_) => {
            let why = "is not among the disks that this node has made; remove it, or change the volume's reclaim policy to Retain";
            Err(DiskFailure::here(format!("{} {why}", path.display())))
        }
    }
}

/// Removes what may go, piece by piece.
async fn empty_trash(options: &Options, trash: &Trash) {
    loop {
        let (disks, now_unix_s) = (Arc::clone(&options.disks), unix_s(options));
        let swept = blocking(move || disks.sweep(now_unix_s)).await;
        for (disk, error) in &swept.failures {
            tracing::warn!(disk, error, "what was removed cannot be cleared away yet");
        }
        if swept.has_cleared {
            trash.cleared.notify_one();
        }
        if swept.more {
            continue;
        }
        let next = swept.next_unix_s.map(|next| Duration::from_secs(next.saturating_sub(now_unix_s).max(1)));
        let again = (!swept.failures.is_empty()).then_some(SWEEP_AGAIN);
        let pause = next.into_iter().chain(again).min();
        tokio::select! {
            () = trash.filled.notified() => {}
            () = until(pause.map(|pause| Instant::now() + pause.min(SWEEP_PAUSE_MAX))) => {}
        }
    }
}

fn unix_s(options: &Options) -> u64 {
    u64::try_from((options.clock)().0 / 1_000_000).unwrap_or(0)
}
