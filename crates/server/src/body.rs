//! Bodies of requests and responses. Input: bytes or a stream of them. Output: [`Body`], or the bytes of a request within the limit (T5).

use crate::Body;
use bytes::Bytes;
use futures::Stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use stead_api::Status;

/// The largest request body (T5).
pub(crate) const REQUEST_BYTES_MAX: usize = 3 * 1024 * 1024;

/// A body of known bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is sent chunk by chunk, each flushed at once.
pub(crate) fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    use futures::StreamExt;
    StreamBody::new(chunks.map(|chunk| Ok(http_body::Frame::data(chunk)))).boxed_unsync()
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
