//! The body of a log that is sent while it is read. It holds one piece at a time, and ends with whoever reads it: it has no task.

use super::Body;
use super::reader::{LogReader, Progress};
use futures::stream::{StreamExt, try_unfold};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use std::io;
use std::time::Duration;
use tokio::sync::watch;

/// How often a log that is followed is looked at. A look costs microseconds, and inotify has few instances for each user (LOG-11).
const LOOK: Duration = Duration::from_millis(50);

struct Following<F> {
    reader: LogReader,
    is_running: F,
    /// The container ended before the reader looked last: what it then found was all.
    ended: bool,
}

/// Sends a log; one that is followed ends when the container does, or when the node stops.
pub(super) fn body(reader: LogReader, is_running: impl Fn() -> bool + Send + 'static, mut stop: watch::Receiver<bool>) -> Body {
    let following = Following { reader, is_running, ended: false };
    let stopped = async move {
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await; // Nobody is left who could say stop.
        }
    };
    StreamBody::new(try_unfold(following, next).take_until(Box::pin(stopped))).boxed_unsync()
}

async fn next<F: Fn() -> bool>(mut following: Following<F>) -> io::Result<Option<(Frame<bytes::Bytes>, Following<F>)>> {
    loop {
        let mut reader = following.reader;
        let (reader, progress) = tokio::task::spawn_blocking(move || {
            let progress = reader.read();
            (reader, progress)
        })
        .await
        .map_err(io::Error::other)?;
        following.reader = reader;
        match progress? {
            Progress::Text(text) => return Ok(Some((Frame::data(text.into()), following))),
            Progress::End => return Ok(None),
            Progress::Idle if following.ended => return Ok(None),
            Progress::Idle if (following.is_running)() => tokio::time::sleep(LOOK).await,
            Progress::Idle => following.ended = true,
        }
    }
}
