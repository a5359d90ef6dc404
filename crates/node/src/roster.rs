//! The pods of one node, for those who look at all of them at once: statistics, eviction, shutdown, admission. Written by the pods' own
//! runners; never decides.

use crate::admission::Room;
use crate::pod::machine::Explanation;
use crate::pod::state::TerminalReason;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use tokio::sync::{Notify, mpsc, oneshot};

/// Orders that wait for one pod.
pub const ORDERS_MAX: usize = 4;

/// What a pod's runner may be told by others on its node.
#[derive(Debug)]
pub enum Order {
    End(TerminalReason),
    Explain(oneshot::Sender<Explanation>),
}

/// One pod as its runner last saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub object: Arc<Value>,
    /// The newest sandbox, if it is up.
    pub sandbox: Option<String>,
    /// What runs in it, by container.
    pub runs: BTreeMap<String, RunSeen>,
    /// Nothing of it runs, and nothing will.
    pub ended: bool,
    /// The API calls it ready, and it is not.
    pub overstated: bool,
    pub orders: mpsc::Sender<Order>,
}

/// A container that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSeen {
    pub attempt: u32,
    pub started_at: Timestamp,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Roster {
    pods: Mutex<BTreeMap<String, Seen>>,
    room: Mutex<Room>,
    /// Every pod of the node has been seen that there was at the agent's start.
    complete: AtomicBool,
    /// Some pod is another.
    changed: Notify,
    /// What the node says of itself is another.
    hurry: Notify,
}

impl Roster {
    /// Of a node with that room.
    pub fn new(room: Room) -> Self {
        Self { room: Mutex::new(room), ..Self::default() }
    }

    pub fn saw(&self, uid: &str, seen: Seen) {
        if seen.ended {
            self.room().free(uid);
        }
        self.pods().insert(uid.to_owned(), seen);
        self.changed.notify_waiters();
    }

    pub fn forget(&self, uid: &str) {
        self.pods().remove(uid);
        self.room().free(uid);
        self.changed.notify_waiters();
    }

    /// No pod is missing any more.
    pub fn complete(&self) {
        self.complete.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Waits until no pod is missing and this is so of all.
    pub async fn until(&self, is_so: impl Fn(&BTreeMap<String, Seen>) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.complete.load(Ordering::Relaxed) && is_so(&self.pods()) {
                return;
            }
            changed.await;
        }
    }

    /// The node's status is not to wait for the next beat.
    pub fn hurry(&self) {
        self.hurry.notify_one();
    }

    /// Waits for [`Self::hurry`].
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }

    /// All pods, by uid.
    pub fn all(&self) -> BTreeMap<String, Seen> {
        self.pods().clone()
    }

    /// What may tell the runner of the pod of that name.
    pub fn orders_of(&self, namespace: &str, name: &str) -> Option<mpsc::Sender<Order>> {
        let is_it = |seen: &&Seen| seen.object["metadata"].str("name") == name && seen.object["metadata"].str("namespace") == namespace;
        self.pods().values().find(is_it).map(|seen| seen.orders.clone())
    }

    pub fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pods(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
