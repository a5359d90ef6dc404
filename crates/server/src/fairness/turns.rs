//! The turns of one user's watches. A change that thousands of them show would wake all of them at once, and what others asked for would come
//! after all of that. So a watch sleeps until it is its turn: a change moves those that sleep to the end of a line, and only so many of the
//! line are awake at a time.
//!
//! ```text
//! asleep ──(change)──▶ in line ──(a turn is free)──▶ awake: prepares what it sends ──▶ asleep
//! ```
//!
//! A turn outlasts that work: the watch goes to the end of what is ready to run, and only then makes room for the next.

use futures::channel::oneshot;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use stead_store::{Listener, Watch};

/// Watches of one user that prepare what they send at a time.
const SENDING_MAX: usize = 4;

/// The line of one user's watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Sending>>,
    /// By what they watch.
    crowds: HashMap<Arc<str>, Weak<Crowd>>,
}

/// Watches of one user that watch the same.
#[derive(Debug)]
pub(crate) struct Crowd {
    turns: Turns,
    asleep: Mutex<Asleep>,
}

#[derive(Debug, Default)]
struct Asleep {
    /// How many changes there were.
    changes: u64,
    watches: Vec<oneshot::Sender<Sending>>,
}

/// A turn; the next watch's when it is dropped.
#[derive(Debug)]
pub(crate) struct Sending(Option<Turns>);

impl Turns {
    /// Waits for a turn. Whoever waits longest is next.
    pub(crate) async fn take(&self) -> Sending {
        let (called, turn) = oneshot::channel();
        self.queue([called]);
        given(turn).await
    }

    /// Those that watch what this one watches.
    pub(crate) fn crowd(&self, prefix: &str, watch: &Watch) -> Arc<Crowd> {
        let mut line = lock(&self.0);
        let known = line.crowds.get(prefix).and_then(Weak::upgrade);
        let crowd = known.unwrap_or_else(|| {
            line.crowds.retain(|_, crowd| crowd.strong_count() > 0);
            let crowd = Arc::new(Crowd { turns: self.clone(), asleep: Mutex::default() });
            line.crowds.insert(Arc::from(prefix), Arc::downgrade(&crowd));
            crowd
        });
        drop(line);
        watch.listen(&crowd);
        crowd
    }

    fn queue(&self, watches: impl IntoIterator<Item = oneshot::Sender<Sending>>) {
        lock(&self.0).waiting.extend(watches);
        self.call();
    }

    /// Calls those that may be awake.
    fn call(&self) {
        loop {
            // The lock is not held while one is called, which may give its turn back there and then.
            let next = lock(&self.0).next();
            let Some(next) = next else { return };
            if let Err(mut unwanted) = next.send(Sending(Some(self.clone()))) {
                unwanted.0 = None;
                lock(&self.0).taken -= 1;
            }
        }
    }
}

impl Line {
    /// Who has the next turn, which is taken then.
    fn next(&mut self) -> Option<oneshot::Sender<Sending>> {
        while self.taken < SENDING_MAX {
            let next = self.waiting.pop_front()?;
            // It has gone away otherwise.
            if !next.is_canceled() {
                self.taken += 1;
                return Some(next);
            }
        }
        None
    }
}

impl Crowd {
    /// Waits until there is something for this watch, and it is its turn. Cancel safe.
    pub(crate) async fn turn(&self, watch: &Watch) -> Sending {
        let changes = lock(&self.asleep).changes;
        let (called, turn) = oneshot::channel();
        if let Some(awake) = self.sleep(watch.has_next(), changes, called) {
            self.turns.queue([awake]);
        }
        given(turn).await
    }

    /// Lets a watch sleep that has seen so many changes; it is given back if it need not.
    fn sleep(&self, has_next: bool, changes: u64, watch: oneshot::Sender<Sending>) -> Option<oneshot::Sender<Sending>> {
        let mut asleep = lock(&self.asleep);
        if has_next || asleep.changes != changes {
            return Some(watch);
        }
        // Those that went away in their sleep are not to be too many where nothing ever changes.
        if asleep.watches.len() == asleep.watches.capacity() {
            asleep.watches.retain(|other| !other.is_canceled());
        }
        asleep.watches.push(watch);
        None
    }
}

impl Listener for Crowd {
    fn changed(&self) {
        let watches = {
            let mut asleep = lock(&self.asleep);
            asleep.changes += 1;
            std::mem::take(&mut asleep.watches)
        };
        self.turns.queue(watches);
    }
}

impl Sending {
    /// Ends it, once all that is ready now has gone on.
    pub(crate) async fn end(self) {
        super::all_that_is_ready().await;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            lock(&turns.0).taken -= 1;
            turns.call();
        }
    }
}

/// A turn once it is given: whoever is in line or asleep is called before the line is gone.
async fn given(turn: oneshot::Receiver<Sending>) -> Sending {
    match turn.await {
        Ok(sending) => sending,
        Err(oneshot::Canceled) => std::future::pending().await,
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use stead_store::{Durability, Expect, NewValue, Store};

    fn all_taken(turns: &Turns) -> Vec<Sending> {
        (0..SENDING_MAX).map(|_| turns.take().now_or_never().expect("there is a turn")).collect()
    }

    fn put(store: &Store, key: &str) {
        let value = NewValue { bytes: b"{}".to_vec(), stamp: None };
        store.put(key, Expect::Anything, value, Durability::Durable).now_or_never().unwrap().unwrap();
    }

    /// A watch that sleeps until it has a turn.
    fn asleep<'a>(turns: &Turns, watch: &'a Watch) -> BoxFuture<'a, Sending> {
        let crowd = turns.crowd("/a/", watch);
        let mut turn = async move { crowd.turn(watch).await }.boxed();
        assert!((&mut turn).now_or_never().is_none(), "nothing has changed");
        turn
    }

    fn awake(waiting: &mut Vec<BoxFuture<'_, Sending>>) -> Vec<Sending> {
        let mut called = Vec::new();
        waiting.retain_mut(|turn| turn.now_or_never().map(|turn| called.push(turn)).is_none());
        called
    }

    #[test]
    fn watches_of_one_user_take_turns_and_those_of_another_do_not_wait_for_them() {
        let (eve, bob) = (Turns::default(), Turns::default());
        let taken = all_taken(&eve);
        let mut next = Box::pin(eve.take());
        assert!((&mut next).now_or_never().is_none());
        assert!(bob.take().now_or_never().is_some());
        drop(taken);
        assert!(next.now_or_never().is_some());
    }

    /// What is done when a watch is called, in the middle of the call: whether the line can be had then.
    struct Looks(Turns, Mutex<Option<bool>>);

    impl std::task::Wake for Looks {
        fn wake(self: Arc<Self>) {
            *lock(&self.1) = Some(self.0.0.try_lock().is_ok());
        }
    }

    #[test]
    fn nobody_is_called_with_the_line_locked() {
        // Whoever is called may go away at once, which gives the turn back.
        let turns = Turns::default();
        let taken = all_taken(&turns);
        let looks = Arc::new(Looks(turns.clone(), Mutex::new(None)));
        let waker = Arc::clone(&looks).into();
        let mut next = Box::pin(turns.take());
        assert!(next.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
        drop(taken);
        assert_eq!(*lock(&looks.1), Some(true));
    }

    #[test]
    fn a_turn_ends_after_what_is_ready_has_gone_on() {
        let turns = Turns::default();
        let mut taken = all_taken(&turns);
        let mut ending = Box::pin(taken.pop().unwrap().end());
        assert!((&mut ending).now_or_never().is_none());
        assert!(turns.take().now_or_never().is_none(), "it is not the next one's turn yet");
        assert!(ending.now_or_never().is_some());
        assert!(turns.take().now_or_never().is_some());
    }

    #[test]
    fn a_change_wakes_as_many_as_have_a_turn_and_the_others_after_them() {
        let (store, turns) = (Store::memory(), Turns::default());
        let watches: Vec<Watch> = (0..3 * SENDING_MAX).map(|_| store.watch("/a/", store.revision()).unwrap()).collect();
        let mut waiting: Vec<_> = watches.iter().map(|watch| asleep(&turns, watch)).collect();
        put(&store, "/b/x");
        assert!(awake(&mut waiting).is_empty());
        put(&store, "/a/x");
        for _ in 0..3 {
            let called = awake(&mut waiting);
            assert_eq!(called.len(), SENDING_MAX);
            assert!(awake(&mut waiting).is_empty(), "the turns are taken");
        }
        assert!(waiting.is_empty());
    }

    #[test]
    fn who_goes_away_asleep_in_line_or_called_leaves_its_turn_to_others() {
        let (store, turns) = (Store::memory(), Turns::default());
        let watches: Vec<Watch> = (0..3 * SENDING_MAX).map(|_| store.watch("/a/", store.revision()).unwrap()).collect();
        let mut waiting: Vec<_> = watches.iter().map(|watch| asleep(&turns, watch)).collect();
        drop(waiting.drain(..4));
        put(&store, "/a/x");
        // The first of these are called, the last wait in line.
        drop(waiting.drain(..2 * SENDING_MAX));
        assert_eq!(awake(&mut waiting).len(), SENDING_MAX - 4);
        assert_eq!(lock(&turns.0).taken, 0);
        assert_eq!(all_taken(&turns).len(), SENDING_MAX);
    }

    #[test]
    fn a_change_before_a_watch_sleeps_keeps_it_awake() {
        let (store, turns) = (Store::memory(), Turns::default());
        let watch = store.watch("/a/", store.revision()).unwrap();
        let crowd = turns.crowd("/a/", &watch);
        let (called, _turn) = oneshot::channel();
        put(&store, "/a/x");
        let called = crowd.sleep(false, 0, called).expect("it was looked at before the change");
        assert!(crowd.sleep(false, 1, called).is_none());
        assert!(crowd.turn(&watch).now_or_never().is_some(), "there is something for it");
    }

    #[test]
    fn watches_hear_of_changes_after_others_of_theirs_have_gone() {
        let (store, turns) = (Store::memory(), Turns::default());
        let first = store.watch("/a/", store.revision()).unwrap();
        let crowd = turns.crowd("/a/", &first);
        // With its last watch a prefix is forgotten, not yet the crowd.
        drop(first);
        let watch = store.watch("/a/", store.revision()).unwrap();
        let mut waiting = vec![asleep(&turns, &watch)];
        put(&store, "/a/x");
        assert_eq!(awake(&mut waiting).len(), 1);
        drop(crowd);
    }

    #[test]
    fn the_end_of_the_store_wakes_those_that_sleep() {
        let (store, turns) = (Store::memory(), Turns::default());
        let watch = store.watch("/a/", store.revision()).unwrap();
        let mut waiting = vec![asleep(&turns, &watch)];
        store.close().now_or_never().unwrap().unwrap();
        assert_eq!(awake(&mut waiting).len(), 1);
    }
}
