//! Removes Events whose time has come (V4). Nothing runs by itself: writers of Events remove a few old ones each, and whoever
//! owns the server removes the rest now and then. Input: the cluster. Output: fewer Events.

use crate::cluster::Cluster;
use crate::object;
use crate::registry::finish;
use stead_api::registry::{Kind, Retention};
use stead_api::value::Access;
use stead_api::{Status, Value, time::Timestamp};
use stead_store::Entry;

/// How many old ones the writer of an Event removes.
const REMOVED_PER_WRITE_MAX: usize = 4;

/// Notes the Events that the store holds already.
pub(crate) fn adopt(cluster: &Cluster, kind: &Kind) -> Result<(), Status> {
    let mut entries: Vec<(Timestamp, Entry)> =
        cluster.entries(kind, "")?.into_iter().map(|entry| (last_write(kind, &entry), entry)).collect();
    entries.sort_by_key(|(at, entry)| (*at, entry.revision));
    for (at, entry) in entries {
        cluster.events.wrote(&entry, at);
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
pub(crate) async fn after_write(cluster: &Cluster, kind: &Kind) -> Result<(), Status> {
    match kind.hooks.retention() {
        Retention::Kept => Ok(()),
        Retention::Hour => expire(cluster, kind, REMOVED_PER_WRITE_MAX).await,
    }
}

/// Removes up to `most` Events whose time has come.
pub(crate) async fn expire(cluster: &Cluster, kind: &Kind, most: usize) -> Result<(), Status> {
    for _ in 0..most {
        let Some(end) = cluster.events.next_due(cluster.environment.now()) else { return Ok(()) };
        let Some(entry) = cluster.store.get(&end.key).filter(|entry| entry.revision == end.revision) else { continue };
        // Whoever comes first has written it anew, and noted that.
        drop(finish::remove_unread(cluster, kind, &entry).await?);
    }
    Ok(())
}
