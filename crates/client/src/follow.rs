//! One resource followed for ever: a list, then a watch from its version; a broken watch is taken up where it ended, an
//! expired one begins with a new list. Output: a stream of [`Report`]s, each object parsed once. It keeps no object.
//!
//! ```text
//! List ──pages──▶ Connect ──▶ Stream ──end──▶ Connect        410 anywhere ─▶ List
//! ```

#[cfg(test)]
mod tests;

use crate::wire::{self, Report, list_path, watch_path};
use crate::{Client, Failure, Resource};
use bytes::BytesMut;
use futures::stream::{self, Stream};
use http_body_util::BodyExt;
use kube::client::Body;
use std::pin::Pin;
use std::time::Duration;
use stead_api::Value;

const WAIT_FIRST: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The server ends a watch after so long; a dead connection is noticed by then.
const WATCH_TIMEOUT_S: u32 = 290;
/// A server that says nothing for longer than its own timeout is gone.
const SILENCE_MAX: Duration = Duration::from_secs(310);
/// The beginning of a watch takes no longer.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// A longer watch event is a broken stream.
const LINE_MAX: usize = 16 << 20;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub resource: Resource,
    /// Empty: every namespace.
    pub namespace: String,
    /// As `--field-selector`; empty: every object.
    pub field_selector: String,
}

impl Scope {
    /// Every object of a resource.
    pub fn all(resource: Resource) -> Self {
        Self { resource, namespace: String::new(), field_selector: String::new() }
    }
}

/// Every change in a scope, beginning with a whole list. Objects are what `parse` makes of them; one of which it makes
/// nothing cannot be read, and its list or watch is begun again.
pub fn follow<T, P>(client: Client, scope: Scope, parse: P) -> Pin<Box<dyn Stream<Item = Report<T>> + Send>>
where
    T: Send + 'static,
    P: Fn(Value) -> Option<T> + Send + Sync + 'static,
{
    follow_while_wanted(client, scope, parse, || true)
}

/// The same, for those whose right to follow goes with their reason for it: refused for want of rights while it is not wanted, it ends
/// without a word.
pub fn follow_while_wanted<T, P, W>(client: Client, scope: Scope, parse: P, is_wanted: W) -> Pin<Box<dyn Stream<Item = Report<T>> + Send>>
where
    T: Send + 'static,
    P: Fn(Value) -> Option<T> + Send + Sync + 'static,
    W: Fn() -> bool + Send + Sync + 'static,
{
    let follower = Follower { client, scope, parse, is_wanted, phase: Phase::List, wait: WAIT_FIRST };
    Box::pin(stream::unfold(follower, |mut follower| async {
        let report = follower.next().await?;
        Some((report, follower))
    }))
}

struct Follower<P, W> {
    client: Client,
    scope: Scope,
    parse: P,
    is_wanted: W,
    phase: Phase,
    /// Before the next attempt, if this one fails.
    wait: Duration,
}

enum Phase {
    List,
    /// To be watched from a version.
    Connect(u64),
    Stream {
        lines: Lines,
        version: u64,
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

impl<P, W: Fn() -> bool> Follower<P, W> {
    /// `None`: it is over.
    async fn next<T>(&mut self) -> Option<Report<T>>
    where
        P: Fn(Value) -> Option<T>,
    {
        loop {
            let broken = match &mut self.phase {
                Phase::List => {
                    let path = |token: &str| list_path(&self.scope, token);
                    match self.client.pages(self.scope.resource, path, &self.parse).await.map_err(refused) {
                        Ok((objects, version)) => {
                            self.phase = Phase::Connect(version);
                            return Some(Report::Replaced { objects, version });
                        }
                        Err(broken) => broken,
                    }
                }
                Phase::Connect(version) => match in_time(ANSWER_MAX, connect(&self.client, &self.scope, *version)).await {
                    Ok(lines) => {
                        self.phase = Phase::Stream { lines, version: *version };
                        continue;
                    }
                    Err(broken) => broken,
                },
                Phase::Stream { lines, version } => match in_time(SILENCE_MAX, event(lines, version, &self.parse)).await {
                    Ok(report) => {
                        self.wait = WAIT_FIRST;
                        return Some(report);
                    }
                    Err(broken) => broken,
                },
            };
            if is_forbidden(&broken) && !(self.is_wanted)() {
                return None;
            }
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
        let resource = self.scope.resource.plural;
        match &broken {
            Broken::Expired => tracing::info!(resource, "the watch expired, listing again"),
            Broken::Ended => tracing::debug!(resource, "the watch ended, taking it up again"),
            Broken::Failed(error) => tracing::warn!(resource, %error, "cannot watch, will try again"),
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

fn refused(failure: Failure) -> Broken {
    match &failure {
        Failure::Refused(refusal) if refusal.code == 410 => Broken::Expired,
        Failure::Refused(_) | Failure::NoAnswer(_) => Broken::Failed(failure),
    }
}

fn is_forbidden(broken: &Broken) -> bool {
    matches!(broken, Broken::Failed(Failure::Refused(refusal)) if refusal.code == 403)
}

async fn connect(client: &Client, scope: &Scope, version: u64) -> Result<Lines, Broken> {
    let body = client.open(&watch_path(scope, version, WATCH_TIMEOUT_S)).await.map_err(refused)?;
    Ok(Lines { body, buffer: BytesMut::new(), searched: 0 })
}

async fn event<T>(lines: &mut Lines, version: &mut u64, parse: impl Fn(Value) -> Option<T>) -> Result<Report<T>, Broken> {
    let Some(line) = lines.next().await? else { return Err(Broken::Ended) };
    let line = wire::line(&line, parse).map_err(refused)?;
    *version = line.version;
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
