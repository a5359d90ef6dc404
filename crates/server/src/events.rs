//! The budget of Events (V4): they live for an hour after their last change, and there are never more than a bound.
//! Input: what was written, the time. Output: which keys are to be removed. Nothing runs by itself: writers of Events remove a
//! few old ones each, and whoever owns the server removes the rest now and then.

use crate::app::Core;
use crate::registry::finish;
use crate::{keys, object};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
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
    /// By time of the write, oldest first; an Event that was written again stands in it twice, and only the newer counts.
    ends: Mutex<VecDeque<End>>,
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
        let end = End { at: now.plus_millis(LIFE_S * 1000), key: entry.key.clone(), revision: entry.revision };
        self.ends.lock().expect("nothing panics while it holds the ends").push_back(end);
    }

    /// The next Event whose time has come, or that is one too many.
    fn next_due(&self, now: Timestamp) -> Option<End> {
        let mut ends = self.ends.lock().expect("nothing panics while it holds the ends");
        let due = ends.front().is_some_and(|end| end.at <= now) || ends.len() > EVENTS_MAX;
        if due { ends.pop_front() } else { None }
    }
}

/// Notes the Events that the store holds already.
pub(crate) fn adopt(core: &Core, kind: &'static Kind) -> Result<(), Status> {
    let page = core.store.range(&keys::prefix(kind, ""), None, 0, None).map_err(|error| Status::internal(&error.to_string()))?;
    let mut entries: Vec<(Timestamp, Entry)> =
        page.entries.into_iter().map(|entry| (last_seen(&object::from_store(kind, &entry.value)), entry)).collect();
    entries.sort_by_key(|(at, entry)| (*at, entry.revision));
    for (at, entry) in entries {
        core.events.wrote(&entry, at);
    }
    Ok(())
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
        let mut last = object::from_store(kind, &entry.value);
        // Whoever overtakes has written it anew, and noted that.
        drop(finish::remove(core, kind, &entry, &mut last).await?);
    }
    Ok(())
}
