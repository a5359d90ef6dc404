//! Who has a connection. There are so many places; when all are taken, the one that has been there longest without showing who it is
//! makes room: a flood of connections that say nothing, or nothing true, locks out nobody who has a name. Pure but for the signal.
//!
//! ```text
//! accepted ─▶ Stranger ──(a certificate or credentials that hold)──▶ Known ─▶ closed
//!                └──(all places are taken, it is the oldest)──▶ told to close
//! ```

use std::collections::BTreeMap;
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
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Places,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stranger,
    Known,
}

impl Places {
    /// That many, at least one.
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), taken: Arc::default(), freed: Arc::new(Notify::new()) }
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
    /// From now on the connection is nobody's to close: whoever is at its other end has shown a name.
    pub fn is_known(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Stranger && self.places.lock().strangers.remove(&self.number).is_some() {
            *state = State::Known;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.places.lock();
        // A stranger that is not there any more was told to close, and has given its place away.
        if state == State::Known || taken.strangers.remove(&self.number).is_some() {
            taken.count -= 1;
            drop(taken);
            self.places.freed.notify_one();
        }
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
        known.is_known();
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
        known.is_known();
        let mut next = Box::pin(places.take());
        assert!((&mut next).now_or_never().is_none());
        drop(known);
        assert!(next.now_or_never().is_some());
    }

    #[test]
    fn every_place_is_given_back_once() {
        let places = Places::new(2);
        let all: Vec<_> = (0..100).map(|_| take(&places)).collect();
        all.iter().for_each(|(place, _)| place.is_known());
        assert_eq!(places.lock().count, 2, "the others had gone already");
        drop(all);
        let taken = places.lock();
        assert_eq!((taken.count, taken.strangers.len()), (0, 0));
    }
}
