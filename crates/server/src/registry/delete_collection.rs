//! DELETE of a collection (W35): each object that the selectors pick; the answer lists them as they were.

use crate::answer::{Answer, List};
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::query::{DeleteOptions, ListOptions, Match};
use crate::registry::delete::{self, Outcome};
use crate::registry::list;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use stead_api::{Status, Value};

/// Deletions under way at a time: together they share the disk's commits.
const AT_ONCE: usize = 32;

pub(crate) async fn delete(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let mut list_options = ListOptions::parse(&call.query, &kind)?;
    if list_options.resource_version_match == Match::Unset && !matches!(list_options.resource_version.as_str(), "" | "0") {
        // Upstream reads what it deletes page by page, which makes a version exact.
        list_options.resource_version_match = Match::Exact;
    }
    let reader = negotiation::content_type(&call.headers)?;
    let options = DeleteOptions::parse(&call.query, reader, &call.body)?;
    delete::warn(call, &options);
    let found = list::find(core, &kind, &call.target.namespace, &list_options).await?;
    let mut deletions: Vec<BoxFuture<'_, Result<Outcome, Status>>> = Vec::with_capacity(found.entries.len());
    for entry in &found.entries {
        // The last part of a storage key is the name.
        let name = entry.key.rsplit('/').next().unwrap_or_default();
        deletions.push(delete::delete_object(core, &kind, &call.target.namespace, name, &options).boxed());
    }
    let mut outcomes = futures::stream::iter(deletions).buffered(AT_ONCE);
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(_) => {}
            Err(status) if status.reason == "NotFound" => {}
            Err(status) => return Err(status),
        }
    }
    drop(outcomes);
    let mut metadata: Value = found.metadata;
    if list_options.limit == 0
        && let Some(map) = metadata.as_object_mut()
    {
        map.shift_remove("continue");
    }
    Ok(Answer::List(List { kind, metadata, items: found.entries }))
}
