//! Keeps the CSIStorageCapacity objects of the nodes as they are: looks when something was made or removed, and now and then.

use super::Options;
use super::capacity::{NAMESPACE, Pool, is_another, rounded};
use crate::volumes::blocking;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::json;
use stead_client::resource::CSI_STORAGE_CAPACITIES;
use stead_client::{DeleteOptions, Failure, Key, Patch};
use tokio::sync::watch;

/// How often it is looked, for others write to the same disks.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After the API could not be told: the namespace may not be there yet, or the server is just starting.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Changes that come together are told together.
const GATHER: Duration = Duration::from_millis(200);

/// Tells of these pools.
pub(super) async fn keep_told(options: &Options, mut pools: watch::Receiver<Vec<Pool>>) {
    let mut told: BTreeMap<Pool, u64> = BTreeMap::new();
    let mut retry = RETRY_FIRST;
    loop {
        let wanted = pools.borrow_and_update().clone();
        let mut pause = LOOK_EVERY;
        match tell(options, &wanted, &mut told).await {
            Ok(()) => retry = RETRY_FIRST,
            Err(error) => {
                tracing::warn!(%error, "the room for claims could not be told");
                pause = retry;
                retry = (retry * 2).min(LOOK_EVERY);
            }
        }
        tokio::select! {
            changed = pools.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn tell(options: &Options, pools: &[Pool], told: &mut BTreeMap<Pool, u64>) -> Result<(), Failure> {
    let gone: Vec<Pool> = told.keys().filter(|pool| !pools.contains(pool)).cloned().collect();
    for pool in gone {
        let deleted = options.api.delete(CSI_STORAGE_CAPACITIES, &Key::new(NAMESPACE, pool.name()), DeleteOptions::default()).await;
        if let Err(failure) = deleted
            && !failure.is_gone()
        {
            return Err(failure);
        }
        told.remove(&pool);
    }
    for pool in pools {
        let (disks, of) = (Arc::clone(&options.disks), pool.clone());
        let room = blocking(move || disks.room(&of.node, &of.path)).await;
        let available_bytes = room.map_or_else(
            |error| {
                tracing::warn!(class = pool.class, %error, "it is not known how much room there is for claims");
                0
            },
            |room| room.available_bytes,
        );
        if told.get(pool).is_none_or(|told| is_another(*told, available_bytes)) {
            write(options, pool, rounded(available_bytes)).await?;
            told.insert(pool.clone(), rounded(available_bytes));
        }
    }
    Ok(())
}

async fn write(options: &Options, pool: &Pool, bytes: u64) -> Result<(), Failure> {
    let object = pool.object(bytes);
    let patch = Patch::Merge(json!({"capacity": object["capacity"]}));
    match options.api.patch(CSI_STORAGE_CAPACITIES, &Key::new(NAMESPACE, pool.name()), "", patch).await {
        Err(failure) if failure.is_not_found() => options.api.create(CSI_STORAGE_CAPACITIES, NAMESPACE, object).await.map(drop),
        other => other.map(drop),
    }
}
