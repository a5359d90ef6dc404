//! The budget of Events (V4): they live for an hour after their last change, and there are never more than a bound.
//! Input: what was written and removed, the time. Output: which keys are to be removed. Removes nothing itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use stead_api::time::Timestamp;
use stead_store::Entry;

const LIFE_S: i64 = 3600;
/// The oldest go when there are more than this.
const EVENTS_MAX: usize = 10_000;

/// When which Event ends.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    ends: Mutex<Ends>,
}

/// One end for each Event, in the order of their last writes.
#[derive(Debug, Default)]
struct Ends {
    next: u64,
    in_order: BTreeMap<u64, End>,
    places: HashMap<Arc<str>, u64>,
}

/// The end of the state of an Event.
#[derive(Debug)]
pub(crate) struct End {
    at: Timestamp,
    pub key: Arc<str>,
    pub revision: u64,
}

impl Budget {
    /// Notes that an Event was written.
    pub(crate) fn wrote(&self, entry: &Entry, now: Timestamp) {
        let mut ends = self.lock();
        let place = ends.next;
        ends.next += 1;
        if let Some(former) = ends.places.insert(entry.key.clone(), place) {
            ends.in_order.remove(&former);
        }
        let end = End { at: now.plus_millis(LIFE_S * 1000), key: entry.key.clone(), revision: entry.revision };
        ends.in_order.insert(place, end);
    }

    /// Notes that this state of an Event was its last; one of the same name may have come since.
    pub(crate) fn removed(&self, last: &Entry) {
        let mut ends = self.lock();
        let Some(place) = ends.places.get(&last.key).copied() else { return };
        if ends.in_order.get(&place).is_some_and(|end| end.revision == last.revision) {
            ends.in_order.remove(&place);
            ends.places.remove(&last.key);
        }
    }

    /// The next Event whose time has come, or that is one too many.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<End> {
        let mut ends = self.lock();
        let full = ends.in_order.len() > EVENTS_MAX;
        let first = ends.in_order.first_entry().filter(|first| full || first.get().at <= now)?;
        let end = first.remove();
        ends.places.remove(&end.key);
        Some(end)
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().expect("nothing panics while it holds the ends")
    }
}

#[cfg(test)]
mod tests {
    //! Tests of the budget itself.

    use super::*;

    fn entry(name: &str, revision: u64) -> Entry {
        Entry { key: name.into(), value: bytes::Bytes::new(), created: revision, revision }
    }

    #[test]
    fn an_event_written_often_takes_one_place() {
        // V4
        let budget = Budget::default();
        let now = Timestamp::from_seconds(0);
        budget.wrote(&entry("quiet", 1), now);
        for revision in 2..2 * EVENTS_MAX as u64 {
            budget.wrote(&entry("loud", revision), now);
        }
        assert!(budget.next_due(now).is_none());
        let later = Timestamp::from_seconds(LIFE_S);
        assert_eq!(budget.next_due(later).map(|end| end.key), Some("quiet".into()));
        assert_eq!(budget.next_due(later).map(|end| end.revision), Some(2 * EVENTS_MAX as u64 - 1));
        assert!(budget.next_due(later).is_none());
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let budget = Budget::default();
        let now = Timestamp::from_seconds(0);
        for i in 0..=EVENTS_MAX as u64 {
            budget.wrote(&entry(&i.to_string(), i), now);
        }
        budget.removed(&entry("1", 1));
        assert!(budget.next_due(now).is_none());
        budget.wrote(&entry("new", 1), now);
        assert_eq!(budget.next_due(now).map(|end| end.key), Some("0".into()));
    }
}
