//! The budget of Events (V4): they live for an hour after their last change, and there are never more than a bound.
//! Input: what was written, the time. Output: which keys are to be removed. Nothing runs by itself: writers of Events remove a
//! few old ones each, and whoever owns the server removes the rest now and then.

use crate::app::Core;
use crate::registry::finish;
use crate::{keys, object};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value, time::Timestamp};
use stead_store::Entry;

const LIFE_S: i64 = 3600;
/// The oldest go when there are more than this.
const EVENTS_MAX: usize = 10_000;
/// How many old ones the writer of an Event removes.
const REMOVED_PER_WRITE_MAX: usize = 4;

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

#[derive(Debug)]
struct End {
    at: Timestamp,
    key: Arc<str>,
    revision: u64,
}

pub(crate) fn is_event(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.kind == "Event"
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
    fn next_due(&self, now: Timestamp) -> Option<End> {
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

/// Notes the Events that the store holds already.
pub(crate) fn adopt(core: &Core, kind: &'static Kind) -> Result<(), Status> {
    let page = core.store.range(&keys::prefix(kind, ""), None, 0, None).map_err(|error| Status::internal(&error.to_string()))?;
    let mut entries: Vec<(Timestamp, Entry)> = page.entries.into_iter().map(|entry| (last_write(kind, &entry), entry)).collect();
    entries.sort_by_key(|(at, entry)| (*at, entry.revision));
    for (at, entry) in entries {
        core.events.wrote(&entry, at);
    }
    Ok(())
}

/// One that cannot be read is of no use to anybody, and its time has come.
fn last_write(kind: &Kind, entry: &Entry) -> Timestamp {
    match object::from_store(kind, &entry.key, &entry.value) {
        Ok(event) => last_seen(&event),
        Err(status) => {
            tracing::error!(message = status.message, "an Event is removed");
            Timestamp::default()
        }
    }
}

fn last_seen(event: &Value) -> Timestamp {
    let times = [event["series"].str("lastObservedTime"), event.str("lastTimestamp"), event.str("eventTime")];
    let created = event["metadata"].str("creationTimestamp");
    times.into_iter().chain([created]).filter_map(Timestamp::parse).max().unwrap_or_default()
}

/// What the writer of an Event does for the budget.
pub(crate) async fn after_write(core: &Core, kind: &'static Kind) -> Result<(), Status> {
    expire(core, kind, REMOVED_PER_WRITE_MAX).await
}

/// Removes up to `most` Events whose time has come.
pub(crate) async fn expire(core: &Core, kind: &'static Kind, most: usize) -> Result<(), Status> {
    for _ in 0..most {
        let Some(end) = core.events.next_due(core.environment.now()) else { return Ok(()) };
        let Some(entry) = core.store.get(&end.key).filter(|entry| entry.revision == end.revision) else { continue };
        // Whoever comes first has written it anew, and noted that.
        drop(finish::remove_unread(core, kind, &entry).await?);
    }
    Ok(())
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
