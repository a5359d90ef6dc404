//! How many long requests there are at a time: watches, logs, and what is passed on. They take no seat, but each costs memory and a
//! share of every change that it shows. So their number is bounded, for one user and altogether, and the watches of one user send what
//! they have in turns (`turns.rs`).

use super::turns::Turns;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of one user. A client-go program has some fifty.
const OF_A_USER_MAX: usize = 6_000;
/// Of all users.
const LASTING_MAX: usize = 4 * OF_A_USER_MAX;

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
        let fresh = || Own { count: 0, turns: Turns::default() };
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
    fn all_users_together_have_a_bound() {
        let lasting = Lasting::default();
        let all: Vec<Place> =
            (0..10).flat_map(|user| std::iter::from_fn(|| lasting.enter(&user.to_string())).collect::<Vec<_>>()).collect();
        assert_eq!(all.len(), LASTING_MAX);
    }
}
