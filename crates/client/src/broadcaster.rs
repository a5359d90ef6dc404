//! Sends events: takes them from a channel, lets the recorder decide, makes its calls. Waiting for the next try takes a call's place.

use crate::Client;
use crate::event::{Again, Event, Recorder, Source};
use futures::stream::{FuturesUnordered, StreamExt};
use std::time::Duration;
use stead_api::time::Timestamp;
use tokio::sync::mpsc;

/// Events on their way at once, for which one disk write may then do, and those that wait to be sent again.
const CALLS_MAX: usize = 256;

/// Runs until the channel ends. Dropping it gives up what is on its way.
pub async fn broadcast(client: Client, now: impl Fn() -> Timestamp, mut events: mpsc::Receiver<(Source, Event)>) {
    let mut recorder = Recorder::default();
    let mut calls = FuturesUnordered::new();
    let make = |Again { ticket, call, after }| {
        let client = client.clone();
        async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let result = client.carry_out(&call).await;
            (ticket, call, result)
        }
    };
    loop {
        tokio::select! {
            Some((ticket, call, result)) = calls.next() => {
                if let Err(error) = &result {
                    tracing::debug!(%error, "an event was not recorded");
                }
                calls.extend(recorder.ended(ticket, call, &result).map(make));
            }
            event = events.recv(), if calls.len() < CALLS_MAX => {
                let Some((source, event)) = event else { return };
                let call = recorder.record(&source, event, now());
                calls.extend(call.map(|(ticket, call)| make(Again { ticket, call, after: Duration::ZERO })));
            }
        }
    }
}
