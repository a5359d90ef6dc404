//! How many long requests there are at a time: watches, logs, and what is passed on. They take no seat, but each costs memory and a
//! share of every change that it shows. So their number is bounded, for one user and altogether, and the watches of one user send what
//! they have in turns: a change that thousands of them show does not keep the requests of others waiting until all have shown it.
//!
//! A change wakes all watches that show it at once, and each would do its work as soon as a thread takes it up. So a turn outlasts that work:
//! the watch goes to the end of the line of what is ready, and only then makes room for the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of one user. A client-go program has some fifty.
const OF_A_USER_MAX: usize = 6_000;
/// Of all users.
const LASTING_MAX: usize = 4 * OF_A_USER_MAX;
/// Watches of one user that prepare what they send at a time.
const SENDING_MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Lasting(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of_users: HashMap<String, Own>,
}

/// What one user has.
#[derive(Debug)]
struct Own {
    count: usize,
    turns: Turns,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Arc<Mutex<Counts>>,
    user: String,
    turns: Turns,
}

/// The turns of one user's watches.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

/// A turn; the next watch's when it is dropped.
#[derive(Debug)]
pub(crate) struct Sending(#[expect(dead_code, reason = "it is held")] Option<OwnedSemaphorePermit>);

impl Turns {
    /// Waits for a turn. Whoever waits longest is next.
    pub(crate) async fn take(&self) -> Sending {
        // It is never closed.
        Sending(Arc::clone(&self.0).acquire_owned().await.ok())
    }
}

impl Sending {
    /// Ends it, once all that is ready now has gone on.
    pub(crate) async fn end(self) {
        let mut has_waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl Place {
    pub(crate) fn turns(&self) -> Turns {
        self.turns.clone()
    }
}

impl Lasting {
    /// A place, if there is one for that user.
    pub(super) fn enter(&self, user: &str) -> Option<Place> {
        let mut counts = lock(&self.0);
        let is_full = counts.of_users.get(user).is_some_and(|own| own.count >= OF_A_USER_MAX);
        if is_full || counts.all >= LASTING_MAX {
            return None;
        }
        counts.all += 1;
        let fresh = || Own { count: 0, turns: Turns(Arc::new(Semaphore::new(SENDING_MAX))) };
        let own = counts.of_users.entry(user.to_owned()).or_insert_with(fresh);
        own.count += 1;
        Some(Place { counts: Arc::clone(&self.0), user: user.to_owned(), turns: own.turns.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.all -= 1;
        if let Some(own) = counts.of_users.get_mut(&self.user) {
            own.count -= 1;
            if own.count == 0 {
                counts.of_users.remove(&self.user);
            }
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn one_user_has_so_many_and_leaves_some_to_others() {
        let lasting = Lasting::default();
        let mut of_eve: Vec<Place> = std::iter::from_fn(|| lasting.enter("eve")).collect();
        assert_eq!(of_eve.len(), OF_A_USER_MAX);
        let of_bob = lasting.enter("bob");
        assert!(of_bob.is_some());
        drop(of_eve.pop());
        of_eve.extend(lasting.enter("eve"));
        assert!(lasting.enter("eve").is_none());
        drop((of_eve, of_bob));
        let counts = lock(&lasting.0);
        assert_eq!((counts.all, counts.of_users.len()), (0, 0));
    }

    #[test]
    fn watches_of_one_user_take_turns_and_those_of_another_do_not_wait_for_them() {
        let lasting = Lasting::default();
        let (one, another) = (lasting.enter("eve").unwrap(), lasting.enter("eve").unwrap());
        let taken: Vec<_> = (0..SENDING_MAX).map(|_| one.turns().take().now_or_never().expect("there is a turn")).collect();
        let turns = another.turns();
        let mut next = Box::pin(turns.take());
        assert!((&mut next).now_or_never().is_none());
        assert!(lasting.enter("bob").unwrap().turns().take().now_or_never().is_some());
        drop(taken);
        assert!(next.now_or_never().is_some());
    }

    #[test]
    fn a_turn_ends_after_what_is_ready_has_gone_on() {
        let lasting = Lasting::default();
        let place = lasting.enter("eve").unwrap();
        let mut taken: Vec<_> = (0..SENDING_MAX).map(|_| place.turns().take().now_or_never().expect("there is a turn")).collect();
        let mut ending = Box::pin(taken.pop().unwrap().end());
        assert!((&mut ending).now_or_never().is_none());
        assert!(place.turns().take().now_or_never().is_none(), "it is not the next one's turn yet");
        assert!(ending.now_or_never().is_some());
        assert!(place.turns().take().now_or_never().is_some());
    }

    #[test]
    fn all_users_together_have_a_bound() {
        let lasting = Lasting::default();
        let all: Vec<Place> =
            (0..10).flat_map(|user| std::iter::from_fn(|| lasting.enter(&user.to_string())).collect::<Vec<_>>()).collect();
        assert_eq!(all.len(), LASTING_MAX);
    }
}
