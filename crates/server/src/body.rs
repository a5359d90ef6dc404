//! Bodies of requests and responses. Input: bytes or a stream of them. Output: [`Body`], or the bytes of a request within the limit (T5).

use crate::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use stead_api::Status;

/// The largest request body (T5).
pub(crate) const REQUEST_BYTES_MAX: usize = 3 * 1024 * 1024;

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

/// Reads a whole request body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Status> {
    match Limited::new(body, REQUEST_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {REQUEST_BYTES_MAX}")))
        }
        Err(error) => Err(Status::bad_request(format!("the request body could not be read: {error}"))),
    }
}
