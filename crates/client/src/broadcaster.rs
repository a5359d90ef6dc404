//! Sends events: takes them from a channel, lets the recorder decide, makes its calls. A failure is logged and forgotten.

use crate::Client;
use crate::event::{Event, Recorder, Source};
use futures::stream::{FuturesUnordered, StreamExt};
use stead_api::time::Timestamp;
use tokio::sync::mpsc;

/// Events on their way at once: one disk write may then serve them all.
const CALLS_MAX: usize = 64;

/// Runs until the channel ends. Dropping it gives up what is on its way.
pub async fn broadcast(client: Client, now: impl Fn() -> Timestamp, mut events: mpsc::Receiver<(Source, Event)>) {
    let mut recorder = Recorder::default();
    let mut calls = FuturesUnordered::new();
    let make = |(ticket, call)| {
        let client = client.clone();
        async move { (ticket, client.carry_out(&call).await) }
    };
    loop {
        tokio::select! {
            Some((ticket, result)) = calls.next() => {
                if let Err(error) = &result {
                    tracing::debug!(%error, "an event was not recorded");
                }
                calls.extend(recorder.ended(ticket, &result).map(make));
            }
            event = events.recv(), if calls.len() < CALLS_MAX => {
                let Some((source, event)) = event else { return };
                calls.extend(recorder.record(&source, event, now()).map(make));
            }
        }
    }
}
