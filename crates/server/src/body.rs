//! Bodies of requests and responses. Input: bytes or a stream of them. Output: [`Body`], or the bytes of a request within the limit (T5).

use crate::{Body, Environment};
use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use stead_api::{Status, json};

/// The largest request body (T5).
pub(crate) const REQUEST_BYTES_MAX: usize = 3 * 1024 * 1024;
/// For a request's body to come, once its head has; as long as upstream's handlers of writes have.
const REQUEST_COMES_MS: u64 = 34_000;

/// A body of known bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is sent chunk by chunk, each flushed at once. A panic of the stream breaks this body off and nothing else.
pub(crate) fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    let frames = AssertUnwindSafe(chunks).catch_unwind().map(|chunk| match chunk {
        Ok(chunk) => Ok(http_body::Frame::data(chunk)),
        Err(panic) => {
            let why = panic_text(&*panic);
            tracing::error!(why, "an answer panicked half-way");
            Err(std::io::Error::other("the answer broke off"))
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The same body, which keeps something until it is dropped.
pub(crate) fn holding<T: Send + Unpin + 'static>(body: Body, held: T) -> Body {
    Holding { body, _held: held }.boxed_unsync()
}

struct Holding<T> {
    body: Body,
    _held: T,
}

impl<T: Unpin> http_body::Body for Holding<T> {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

/// Reads a whole body of so many bytes at most; a longer one is given back with what was read of it, and so is one that breaks off.
pub(crate) async fn read_up_to(mut body: Body, max: usize) -> Result<Bytes, Body> {
    let (mut frames, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        length += frame.as_ref().ok().and_then(http_body::Frame::data_ref).map_or(0, Bytes::len);
        let breaks_off = frame.is_err();
        frames.push(frame);
        if breaks_off || length > max {
            let rest = http_body_util::BodyStream::new(body);
            return Err(StreamBody::new(futures::stream::iter(frames).chain(rest)).boxed_unsync());
        }
    }
    let data = frames.into_iter().flatten().filter_map(|frame| frame.into_data().ok());
    Ok(data.flatten().collect())
}

/// Reads a whole request body, which has to come in time: what waits for it holds a seat (T6).
pub(crate) async fn read_in_time(environment: &dyn Environment, body: Body) -> Result<Bytes, Status> {
    read_in_time_up_to(environment, body, REQUEST_BYTES_MAX).await
}

/// The same, of so many bytes at most.
pub(crate) async fn read_in_time_up_to(environment: &dyn Environment, body: Body, max: usize) -> Result<Bytes, Status> {
    let mut reading = pin!(read_whole(body, max).fuse());
    // Most are there already, and no timer is needed.
    if let Some(read) = (&mut reading).now_or_never() {
        return read;
    }
    futures::select_biased! {
        read = reading => read,
        () = environment.sleep(REQUEST_COMES_MS).fuse() => {
            let message = "Timeout: request did not complete within requested timeout - context deadline exceeded";
            Err(Status::new(504, "Timeout", message).with_details(json!({})))
        }
    }
}

/// Reads a whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Status> {
    read_whole(body, REQUEST_BYTES_MAX).await
}

async fn read_whole(body: Body, max: usize) -> Result<Bytes, Status> {
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {max}")))
        }
        Err(error) => Err(Status::bad_request(format!("the request body could not be read: {error}"))),
    }
}
