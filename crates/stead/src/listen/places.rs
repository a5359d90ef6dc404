//! Who has a connection. There are so many places; when all are taken, the one that has been there longest without showing who it is
//! makes room: a flood of connections that say nothing, or nothing true, locks out nobody who has a name. Nor does one who has a name: of
//! one user only so many connections are known, and those beyond make room as strangers' do. Pure but for the signal.
//!
//! ```text
//! accepted ─▶ Stranger ──(a certificate or credentials that hold, of a user with few connections)──▶ Known ─▶ closed
//!                └──(all places are taken, it is the oldest)──▶ told to close
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// The places of a listener.
#[derive(Debug, Clone)]
pub struct Places {
    max: usize,
    taken: Arc<Mutex<Taken>>,
    /// Told when a place becomes free, or may be had from a stranger.
    freed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// How many connections there are that were not told to close.
    count: usize,
    /// In the order in which they came, with the way to tell them to close.
    strangers: BTreeMap<u64, oneshot::Sender<()>>,
    /// How many connections each user has that are known.
    known: HashMap<String, usize>,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Places,
    state: Mutex<State>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Stranger,
    /// As that user's.
    Known(String),
}

impl Places {
    /// That many, at least one.
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), taken: Arc::default(), freed: Arc::new(Notify::new()) }
    }

    /// How many connections of one user are known at a time.
    fn of_a_user_max(&self) -> usize {
        (self.max - self.max / 4).max(1)
    }

    /// Waits for a place; the other end is told when the connection is to make room.
    pub async fn take(&self) -> (Place, oneshot::Receiver<()>) {
        loop {
            let freed = self.freed.notified();
            if let Some(taken) = self.try_take() {
                return taken;
            }
            freed.await;
        }
    }

    /// A free place, or that of the oldest stranger.
    fn try_take(&self) -> Option<(Place, oneshot::Receiver<()>)> {
        let mut taken = self.lock();
        if taken.count >= self.max {
            let (_, oldest) = taken.strangers.pop_first()?;
            // It may have ended by itself just now.
            oldest.send(()).unwrap_or_default();
            taken.count -= 1;
        }
        let number = taken.next;
        let (close, closed) = oneshot::channel();
        taken.next += 1;
        taken.count += 1;
        taken.strangers.insert(number, close);
        Some((Place { number, places: self.clone(), state: Mutex::new(State::Stranger) }, closed))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// From now on the connection is nobody's to close: that user is at its other end. If the user has too many already, it remains as
    /// it was.
    pub fn is_of(&self, user: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state != State::Stranger {
            return;
        }
        let mut taken = self.places.lock();
        let count = taken.known.get(user).copied().unwrap_or_default();
        if count < self.places.of_a_user_max() && taken.strangers.remove(&self.number).is_some() {
            taken.known.insert(user.to_owned(), count + 1);
            *state = State::Known(user.to_owned());
        }
    }
}

impl Taken {
    /// Gives the place of a known connection back.
    fn leave(&mut self, user: &str) {
        self.count -= 1;
        if let Some(count) = self.known.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.known.remove(user);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.places.lock();
        match &*state {
            State::Known(user) => taken.leave(user),
            State::Stranger if taken.strangers.remove(&self.number).is_some() => taken.count -= 1,
            // It was told to close, and has given its place away.
            State::Stranger => return,
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn take(places: &Places) -> (Place, oneshot::Receiver<()>) {
        places.take().now_or_never().expect("there is a place")
    }

    #[test]
    fn the_oldest_stranger_makes_room_and_who_is_known_does_not() {
        let places = Places::new(3);
        let (known, mut of_known) = take(&places);
        known.is_of("ann");
        let (_first, mut of_first) = take(&places);
        let (_second, mut of_second) = take(&places);
        let (_third, mut of_third) = take(&places);
        assert_eq!(of_first.try_recv(), Ok(()), "the oldest is told");
        for still in [&mut of_known, &mut of_second, &mut of_third] {
            assert!(still.try_recv().is_err());
        }
        assert_eq!(places.lock().count, 3);
    }

    #[test]
    fn where_all_are_known_the_next_waits_for_one_to_end() {
        let places = Places::new(1);
        let (known, _closed) = take(&places);
        known.is_of("ann");
        let mut next = Box::pin(places.take());
        assert!((&mut next).now_or_never().is_none());
        drop(known);
        assert!(next.now_or_never().is_some());
    }

    #[test]
    fn every_place_is_given_back_once() {
        let places = Places::new(2);
        let all: Vec<_> = (0..100).map(|_| take(&places)).collect();
        all.iter().for_each(|(place, _)| place.is_of("ann"));
        assert_eq!(places.lock().count, 2, "the others had gone already");
        drop(all);
        let taken = places.lock();
        assert_eq!((taken.count, taken.strangers.len(), taken.known.len()), (0, 0, 0));
    }

    #[test]
    fn one_user_cannot_have_all_places() {
        let places = Places::new(4);
        let mut of_eve: Vec<_> = (0..4).map(|_| take(&places)).collect();
        of_eve.iter().for_each(|(place, _)| place.is_of("eve"));
        let (of_bob, mut told_bob) = take(&places);
        assert_eq!(of_eve[3].1.try_recv(), Ok(()), "the last makes room: three of four may be one user's");
        of_bob.is_of("bob");
        assert!(places.take().now_or_never().is_none(), "all that are there are known");
        // Of what eve has one ends, and another one of hers becomes known.
        drop(of_eve.remove(0));
        let (next, mut told) = take(&places);
        next.is_of("eve");
        assert!(places.take().now_or_never().is_none());
        assert!(told.try_recv().is_err() && told_bob.try_recv().is_err());
    }
}
