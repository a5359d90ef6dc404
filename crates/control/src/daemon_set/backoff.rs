//! How long a failed pod stays before it is replaced (DS-8): twice as long each time, for each set, generation and node. Time is given.

use std::collections::BTreeMap;
use stead_api::time::Timestamp;

const FIRST_MS: i64 = 1000;
const LAST_MS: i64 = 15 * 60 * 1000;
/// Pods whose failures are remembered; the oldest are forgotten first.
const REMEMBERED_MAX: usize = 10_000;

/// Whose pod failed: the set's uid, its generation, the node.
pub type Place = (String, i64, String);

#[derive(Debug, Default)]
pub struct Backoff(BTreeMap<Place, Failure>);

#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Timestamp,
    wait_ms: i64,
}

impl Failure {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.at.plus_millis(2 * LAST_MS) < now
    }
}

impl Backoff {
    /// When the pod there may go, if not yet; else it goes now, and this is remembered.
    pub fn hold(&mut self, place: Place, now: Timestamp) -> Option<Timestamp> {
        let former = self.0.get(&place).filter(|former| !former.is_forgotten(now));
        if let Some(until) = former.map(|former| former.at.plus_millis(former.wait_ms)).filter(|until| *until > now) {
            return Some(until);
        }
        let wait_ms = former.map_or(FIRST_MS, |former| (2 * former.wait_ms).min(LAST_MS));
        self.0.retain(|_, failure| !failure.is_forgotten(now));
        if self.0.len() >= REMEMBERED_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, failure)| failure.at).map(|(place, _)| place.clone())
        {
            self.0.remove(&oldest);
        }
        self.0.insert(place, Failure { at: now, wait_ms });
        None
    }
}
