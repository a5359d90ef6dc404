//! One resource followed for ever: a list, then a watch from its version; a broken watch is taken up where it ended, an
//! expired one begins with a new list. Output: a stream of engine inputs.
//!
//! ```text
//! List ──pages──▶ Connect ──▶ Stream ──end──▶ Connect        410 anywhere ─▶ List
//! ```

#[cfg(test)]
mod tests;

use super::{AGENT, get};
use crate::api::{self, Failure, list_path, watch_path};
use crate::engine::{Input, Report};
use crate::object::Object;
use crate::plan::Resource;
use bytes::BytesMut;
use futures::stream::{self, Stream};
use http_body_util::BodyExt;
use kube::client::Body;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

const WAIT_FIRST: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The server ends a watch after so long; a dead connection is noticed by then.
const WATCH_TIMEOUT_S: u32 = 290;
/// A server that says nothing for longer than its own timeout is gone.
const SILENCE_MAX: Duration = Duration::from_secs(310);
/// A list or the beginning of a watch takes no longer.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// A longer watch event is a broken stream.
const LINE_MAX: usize = 16 << 20;

/// Every change of a resource, beginning with a whole list.
pub fn reports(client: kube::Client, resource: Resource) -> Pin<Box<dyn Stream<Item = Input> + Send>> {
    let follower = Follower { client, resource, phase: Phase::List, wait: WAIT_FIRST };
    Box::pin(stream::unfold(follower, |mut follower| async {
        let report = follower.next().await;
        Some((Input::Watch { resource: follower.resource, report }, follower))
    }))
}

struct Follower {
    client: kube::Client,
    resource: Resource,
    phase: Phase,
    /// Before the next attempt, if this one fails.
    wait: Duration,
}

enum Phase {
    List,
    /// To be watched from a version.
    Connect(String),
    Stream {
        lines: Lines,
        version: String,
    },
}

/// Why a phase ended.
enum Broken {
    /// The version is too old.
    Expired,
    /// The connection ended in order.
    Ended,
    Failed(Failure),
}

impl Follower {
    async fn next(&mut self) -> Report {
        loop {
            let broken = match &mut self.phase {
                Phase::List => match in_time(ANSWER_MAX, list(&self.client, self.resource)).await {
                    Ok((objects, version)) => {
                        self.phase = Phase::Connect(version.clone());
                        return Report::Replaced { objects, version: version.parse().unwrap_or(0) };
                    }
                    Err(broken) => broken,
                },
                Phase::Connect(version) => match in_time(ANSWER_MAX, connect(&self.client, self.resource, version)).await {
                    Ok(lines) => {
                        self.phase = Phase::Stream { lines, version: std::mem::take(version) };
                        continue;
                    }
                    Err(broken) => broken,
                },
                Phase::Stream { lines, version } => match in_time(SILENCE_MAX, event(lines, version, self.resource)).await {
                    Ok(Some(report)) => {
                        self.wait = WAIT_FIRST;
                        return report;
                    }
                    Ok(None) => continue,
                    Err(broken) => broken,
                },
            };
            self.recover(broken).await;
        }
    }

    async fn recover(&mut self, broken: Broken) {
        match std::mem::replace(&mut self.phase, Phase::List) {
            Phase::Stream { version, .. } | Phase::Connect(version) if !matches!(broken, Broken::Expired) => {
                self.phase = Phase::Connect(version);
            }
            Phase::List | Phase::Connect(_) | Phase::Stream { .. } => {}
        }
        match &broken {
            Broken::Expired => tracing::info!(resource = self.resource.plural, "the watch expired, listing again"),
            Broken::Ended => tracing::debug!(resource = self.resource.plural, "the watch ended, taking it up again"),
            Broken::Failed(error) => tracing::warn!(resource = self.resource.plural, %error, "cannot watch, will try again"),
        }
        let in_order = matches!(broken, Broken::Ended);
        tokio::time::sleep(if in_order { WAIT_FIRST } else { self.wait }).await;
        if !in_order {
            self.wait = (self.wait * 2).min(WAIT_MAX);
        }
    }
}

/// Gives up on what takes too long.
async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, Broken>>) -> Result<T, Broken> {
    let late = |_| Err(Broken::Failed(Failure::NoAnswer(format!("nothing within {} s", limit.as_secs()))));
    tokio::time::timeout(limit, work).await.unwrap_or_else(late)
}

/// Reads a whole list, page by page.
async fn list(client: &kube::Client, resource: Resource) -> Result<(Vec<Object>, String), Broken> {
    let mut objects = Vec::new();
    let mut token = String::new();
    loop {
        let page = api::page(resource, get(client, &list_path(resource, &token)).await.map_err(refused)?);
        objects.extend(page.objects);
        token = page.continue_token;
        if token.is_empty() {
            return Ok((objects, page.version));
        }
    }
}

fn refused(failure: Failure) -> Broken {
    match &failure {
        Failure::Refused(refusal) if refusal.code == 410 => Broken::Expired,
        Failure::Refused(_) | Failure::NoAnswer(_) => Broken::Failed(failure),
    }
}

async fn connect(client: &kube::Client, resource: Resource, version: &str) -> Result<Lines, Broken> {
    let failed = |error: String| Broken::Failed(Failure::NoAnswer(error));
    let path = watch_path(resource, version, WATCH_TIMEOUT_S);
    let request = http::Request::get(path).header("Accept", "application/json").header("User-Agent", AGENT);
    let request = request.body(Body::empty()).map_err(|e| failed(e.to_string()))?;
    let answer = client.send(request).await.map_err(|e| failed(e.to_string()))?;
    let code = answer.status().as_u16();
    if code == 200 {
        return Ok(Lines { body: answer.into_body(), buffer: BytesMut::new(), searched: 0 });
    }
    let body = answer.into_body().collect().await.map_err(|e| failed(e.to_string()))?.to_bytes();
    match crate::api::outcome(code, &body) {
        Ok(_) => Err(failed(format!("a watch was answered with {code}"))),
        Err(failure) => Err(refused(failure)),
    }
}

/// The next event; `None` for one that says nothing.
async fn event(lines: &mut Lines, version: &mut String, resource: Resource) -> Result<Option<Report>, Broken> {
    let Some(line) = lines.next().await? else { return Err(Broken::Ended) };
    let line = api::line(resource, &line).map_err(refused)?;
    if let Some(seen) = line.version {
        *version = seen;
    }
    Ok(line.report)
}

/// The lines of a body.
struct Lines {
    body: Body,
    buffer: BytesMut,
    /// So much of the buffer holds no newline.
    searched: usize,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<BytesMut>, Broken> {
        let failed = |error: String| Broken::Failed(Failure::NoAnswer(error));
        loop {
            if let Some(found) = self.buffer[self.searched..].iter().position(|b| *b == b'\n') {
                let line = self.buffer.split_to(self.searched + found + 1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.searched > LINE_MAX {
                return Err(failed("a watch event is too long".to_owned()));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(failed(error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}
