//! Tests that reach below the contract: the model, and disks that fail.

mod contract;
mod numbering;
mod open;
mod pipeline;
mod power;
mod property;
mod sealed;
mod writer;

use crate::device::{self, Seeded};
use crate::pipeline::{Pending, Pipeline};
use crate::txn::{Answer, Request};
use crate::writer::Writer;
use crate::{Entry, Limits, Options, WriteError};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn options(events_max: usize) -> Options {
    Options { limits: Limits { events_max, ..Limits::default() }, seal: None }
}

/// An answer as the model gives it; `None` if the store refused.
fn plain(answer: Answer) -> Option<Result<Entry, Option<Entry>>> {
    match answer {
        Ok(entry) => Some(Ok(entry)),
        Err(WriteError::Conflict { current }) => Some(Err(current)),
        Err(WriteError::Refused { .. }) => None,
    }
}

/// The outcome of a future that must be ready when first polled.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready when first polled"),
    }
}

fn submit(pipeline: &Pipeline, request: Request) -> Pending {
    now(pipeline.submit(request))
}

/// The answers to requests that share one commit.
fn process(pipeline: &Pipeline, writer: &mut Writer, requests: Vec<Request>) -> Vec<Answer> {
    let pending: Vec<Pending> = requests.into_iter().map(|request| submit(pipeline, request)).collect();
    writer.commit_waiting();
    pending.into_iter().map(|pending| now(pending.durable())).collect()
}
