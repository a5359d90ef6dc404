//! Owns the delivery of changes to watches. A *topic* is a prefix that somebody watches: its changes are queued once,
//! shared by all its watches, and each commit batch wakes it once. A watch is a position in its topic, so a slow one costs
//! nothing but the right to go on: what left the history window is gone, and the watch ends with `Lagged`.
//! In: committed events and evictions, from the state. Out: events in revision order, each exactly once.

use crate::compact::Window;
use crate::state::Shared;
use crate::{Entry, Event, ReadError};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use tokio::sync::Notify;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WatchError {
    /// The watcher was so slow that the window moved past it.
    #[error("the watcher fell behind the history window")]
    Lagged,
    #[error("the store is closed")]
    Closed,
}

/// Is told of each batch that changes something below a prefix, after it is published and by the thread that publishes it; and of the end.
pub trait Listener: Debug + Send + Sync {
    fn changed(&self);
}

/// A prefix that is watched.
#[derive(Debug)]
pub(crate) struct Topic {
    prefix: Arc<str>,
    queue: Mutex<Queue>,
    notify: Notify,
    listeners: Mutex<Vec<Weak<dyn Listener>>>,
}

/// The changes below a prefix that are inside the window.
#[derive(Debug)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    /// Every change after this revision was queued.
    since: u64,
    /// The newest change that was queued and left with the window.
    evicted: u64,
}

impl Topic {
    pub(crate) fn wake(&self) {
        self.notify.notify_waiters();
        let listeners = self.listeners().clone();
        listeners.iter().filter_map(Weak::upgrade).for_each(|listener| listener.changed());
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Weak<dyn Listener>>> {
        self.listeners.lock().expect("nothing panics with the listeners locked")
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nothing panics with a queue locked")
    }
}

impl Queue {
    /// The first change after a revision.
    fn after(&self, revision: u64) -> Option<&Arc<Event>> {
        let at = self.events.partition_point(|event| event.entry().revision <= revision);
        self.events.get(at)
    }
}

/// All topics, by prefix, with the number of their watches.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    topics: BTreeMap<Arc<str>, (Arc<Topic>, usize)>,
}

impl Topics {
    /// One more watch of `prefix`, from a revision inside the window.
    pub(crate) fn join(&mut self, prefix: &str, from: u64, newest: u64, window: &Window) -> Arc<Topic> {
        if !self.topics.contains_key(prefix) {
            let prefix: Arc<str> = Arc::from(prefix);
            let queue = Mutex::new(Queue { events: VecDeque::new(), since: newest, evicted: 0 });
            let topic = Arc::new(Topic { prefix: Arc::clone(&prefix), queue, notify: Notify::new(), listeners: Mutex::default() });
            self.topics.insert(prefix, (topic, 0));
        }
        let (topic, watches) = self.topics.get_mut(prefix).expect("just inserted");
        *watches += 1;
        let mut queue = topic.queue();
        if from < queue.since {
            for event in window.between(from, queue.since).rev().filter(|event| event.entry().key.starts_with(prefix)) {
                queue.events.push_front(Arc::clone(event));
            }
            queue.since = from;
        }
        drop(queue);
        Arc::clone(topic)
    }

    pub(crate) fn leave(&mut self, prefix: &str) {
        let Some((_, watches)) = self.topics.get_mut(prefix) else { return };
        *watches -= 1;
        if *watches == 0 {
            self.topics.remove(prefix);
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.topics.values().map(|(topic, _)| Arc::clone(topic)).collect()
    }

    /// Queues a change; the topics that had nothing of this batch before are added to `touched`.
    pub(crate) fn push(&self, event: &Arc<Event>, touched: &mut Vec<Arc<Topic>>) {
        for topic in self.covering(&event.entry().key) {
            topic.queue().events.push_back(Arc::clone(event));
            if !touched.iter().any(|other| Arc::ptr_eq(other, topic)) {
                touched.push(Arc::clone(topic));
            }
        }
    }

    /// The change of this entry left the window.
    pub(crate) fn evict(&self, entry: &Entry) {
        for topic in self.covering(&entry.key) {
            let mut queue = topic.queue();
            if queue.events.front().is_some_and(|event| event.entry().revision == entry.revision) {
                queue.events.pop_front();
                queue.evicted = entry.revision;
            }
        }
    }

    /// The topics whose prefix the key has. Steps down through the sorted prefixes: one that is smaller than the key but no
    /// prefix of it excludes every prefix longer than what both have in common.
    fn covering<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Arc<Topic>> {
        let mut bound = Bound::Included(key);
        std::iter::from_fn(move || {
            loop {
                let (prefix, (topic, _)) = self.topics.range::<str, _>((Bound::Unbounded, bound)).next_back()?;
                if key.starts_with(&**prefix) {
                    bound = Bound::Excluded(&key[..prefix.len()]);
                    return Some(topic);
                }
                bound = Bound::Included(&key[..common(key, prefix)]);
            }
        })
    }
}

/// How many bytes, in whole characters, both have in common.
fn common(a: &str, b: &str) -> usize {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    same.map(|(a, _)| a.len_utf8()).sum()
}

/// A stream of changes below a prefix.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    topic: Arc<Topic>,
    /// Every change up to this revision was returned.
    position: u64,
}

impl Watch {
    pub(crate) fn start(shared: &Arc<Shared>, prefix: &str, from: u64) -> Result<Self, ReadError> {
        let topic = shared.write().subscribe(prefix, from)?;
        Ok(Self { shared: Arc::clone(shared), topic, position: from })
    }

    /// The next change, waiting for it. Cancel safe.
    pub async fn next(&mut self) -> Result<Event, WatchError> {
        loop {
            self.ready().await;
            if let Some(event) = self.try_next()? {
                return Ok(event);
            }
        }
    }

    /// Waits until there is a change to be returned, or an error. Cancel safe.
    pub async fn ready(&self) {
        loop {
            let mut woken = std::pin::pin!(self.topic.notify.notified());
            woken.as_mut().enable();
            if self.has_next() {
                return;
            }
            woken.await;
        }
    }

    /// Tells a listener whenever there is something for watches of this prefix, from now on and as long as one of them goes on. Once is
    /// enough for all of them, again does no harm.
    pub fn listen<L: Listener + 'static>(&self, listener: &Arc<L>) {
        let listener: Weak<dyn Listener> = Arc::downgrade(listener) as _;
        let mut listeners = self.topic.listeners();
        if !listeners.iter().any(|known| Weak::ptr_eq(known, &listener)) {
            listeners.retain(|known| known.strong_count() > 0);
            listeners.push(listener);
        }
    }

    /// Whether there is a change to be returned, or an error.
    pub fn has_next(&self) -> bool {
        let closed = self.shared.is_closed();
        let queue = self.topic.queue();
        closed || queue.evicted > self.position || queue.after(self.position).is_some()
    }

    /// The next change if there is one already.
    pub fn try_next(&mut self) -> Result<Option<Event>, WatchError> {
        let closed = self.shared.is_closed();
        // Before the queue: what is published is queued.
        let published = self.shared.published();
        let queue = self.topic.queue();
        if queue.evicted > self.position {
            return Err(WatchError::Lagged);
        }
        if let Some(event) = queue.after(self.position) {
            self.position = event.entry().revision;
            return Ok(Some(Event::clone(event)));
        }
        self.position = self.position.max(published);
        if closed {
            return Err(WatchError::Closed);
        }
        Ok(None)
    }

    /// Every change up to this revision has been returned (for bookmarks).
    pub fn revision(&self) -> u64 {
        let published = self.shared.published();
        let queue = self.topic.queue();
        if queue.evicted > self.position || queue.after(self.position).is_some() {
            return self.position;
        }
        self.position.max(published)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.write().unsubscribe(&self.topic.prefix);
    }
}
