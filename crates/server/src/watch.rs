//! Watches (L6-L15). Input: a call with `watch`. Output: a stream of events, one JSON document a line.

use crate::answer::Answer;
use crate::app::Core;
use crate::registry::Call;
use crate::{body, keys, query};
use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use http::{HeaderValue, Response, header};
use stead_api::Status;
use stead_store::{Event, Watch};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

/// Where a stream stands.
struct Stream {
    watch: Watch,
    /// Events that are ready to be sent.
    ready: VecDeque<Bytes>,
    timeout: BoxFuture<'static, ()>,
}

pub(crate) fn watch(core: &Arc<Core>, call: &Call) -> Result<Answer, Status> {
    let prefix = keys::prefix(call.target.kind, &call.target.namespace);
    let from = query::value(&call.query, "resourceVersion").unwrap_or_default().parse::<u64>().unwrap_or_default();
    let mut ready = VecDeque::new();
    let from = if from == 0 {
        let page = core.store.range(&prefix, None, 0, None).map_err(|error| Status::internal(&error.to_string()))?;
        ready.extend(page.entries.iter().map(|entry| line("ADDED", &entry.value)));
        page.revision
    } else {
        from
    };
    let watch = core.store.watch(&prefix, from).map_err(|error| Status::new(410, "Expired", error.to_string()))?;
    let seconds = query::value(&call.query, "timeoutSeconds")
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|seconds| *seconds > 0)
        .unwrap_or_else(|| 1800 + core.environment.random(1800));
    let timeout = core.environment.sleep(seconds * 1000);
    let stream = futures::stream::unfold(Stream { watch, ready, timeout }, |mut stream| async move {
        let chunk = stream.next().await?;
        Some((chunk, stream))
    });
    let mut response = Response::new(body::streamed(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Answer::Response(response))
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.ready.pop_front() {
            return Some(chunk);
        }
        let event = {
            let next = pin!(self.watch.next());
            match select(next, &mut self.timeout).await {
                Either::Left((event, _)) => event.ok()?,
                Either::Right(((), _)) => return None,
            }
        };
        Some(match event {
            Event::Put { entry, previous: None } => line("ADDED", &entry.value),
            Event::Put { entry, previous: Some(_) } => line("MODIFIED", &entry.value),
            Event::Delete { last, .. } => line("DELETED", &last.value),
        })
    }
}

fn line(ty: &str, object: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(object.len() + 40);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(ty.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out.into()
}
