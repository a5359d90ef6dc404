//! What the node does when its machine is about to shut down (NODE-15): takes no more pods, says that it is not ready, and ends its pods
//! in their order. Who says that the machine shuts down is [`logind`]'s part, or that of a signal; an end of this program alone is none.

mod bus;
pub mod logind;
pub mod plan;
#[cfg(test)]
mod tests;
mod wire;

use crate::node::{Node, of_node};
use crate::pod::state::TerminalReason;
use crate::roster::Order;
use crate::runtime::Runtime;
use plan::{Batch, Config};
use std::sync::Arc;
use stead_api::value::Access;
use tokio::sync::{mpsc, watch};

const REASON: &str = "Terminated";
const MESSAGE: &str = "Pod was terminated in response to imminent node shutdown.";
/// Troubles that wait to be said.
const TROUBLES_MAX: usize = 4;

/// With it others say that the machine shuts down. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    wanted: Arc<watch::Sender<bool>>,
    done: watch::Receiver<bool>,
    troubles: mpsc::Sender<String>,
}

/// The node's end of it.
#[derive(Debug)]
pub struct Shutdown {
    config: Config,
    wanted: watch::Receiver<bool>,
    done: watch::Sender<bool>,
    troubles: mpsc::Receiver<String>,
}

/// The two ends.
pub fn shutdown(config: Config) -> (Handle, Shutdown) {
    let (wanted, asked) = watch::channel(false);
    let (done, told) = watch::channel(false);
    let (troubles, heard) = mpsc::channel(TROUBLES_MAX);
    (Handle { wanted: Arc::new(wanted), done: told, troubles }, Shutdown { config, wanted: asked, done, troubles: heard })
}

impl Handle {
    /// The machine is about to shut down.
    pub fn begin(&self) {
        self.wanted.send_replace(true);
    }

    /// It is not.
    pub fn cancel(&self) {
        self.wanted.send_replace(false);
    }

    /// Waits until the pods have ended, or have had their time.
    pub async fn done(&self) {
        if self.done.clone().wait_for(|done| *done).await.is_err() {
            std::future::pending().await // the agent has gone
        }
    }

    /// Something will go wrong at a shutdown; said as an event of the node.
    fn trouble(&self, text: String) {
        tracing::warn!("{text}");
        if self.troubles.try_send(text).is_err() {
            tracing::debug!("nobody says what will go wrong at a shutdown");
        }
    }
}

impl Shutdown {
    /// For nodes whose pods are left alone.
    pub fn never() -> Self {
        shutdown(Config::default()).1
    }
}

/// Waits for the machine to shut down, and does what is to be done then; again if it was called off.
pub async fn look_out<R: Runtime>(node: Option<Arc<Node<R>>>, mut shutdown: Shutdown) {
    let Some(node) = node else { return std::future::pending().await };
    let event = |ty, reason, text: &str| node.record_event(of_node(&node.facts.name, ty, reason, text.to_owned()));
    loop {
        let asked = async { shutdown.wanted.wait_for(|wanted| *wanted).await.is_ok() };
        tokio::select! {
            asked = asked => if !asked {
                return std::future::pending().await; // nobody can say so any more
            },
            Some(trouble) = shutdown.troubles.recv() => {
                event("Warning", "ShutdownTooShort", &trouble);
                continue;
            }
        }
        event("Normal", "Shutdown", "Shutdown manager detected shutdown event");
        node.roster.room().shut_down();
        node.roster.hurry();
        let mut wanted = shutdown.wanted.clone();
        let called_off = async { wanted.wait_for(|wanted| !*wanted).await.map(drop) };
        tokio::pin!(called_off);
        let still = tokio::select! {
            () = end_pods(&node, &shutdown.config) => true,
            _ = &mut called_off => false,
        };
        if still {
            shutdown.done.send_replace(true);
            if called_off.await.is_err() {
                return std::future::pending().await;
            }
        }
        event("Normal", "Shutdown", "Shutdown manager detected shutdown cancellation");
        shutdown.done.send_replace(false);
        node.roster.room().open();
        node.roster.hurry();
    }
}

/// Ends one group after the other, and waits for each as long as it has.
async fn end_pods<R: Runtime>(node: &Node<R>, config: &Config) {
    node.roster.until(|_| true).await;
    let pods = node.roster.all();
    let running = pods.iter().filter(|(_, pod)| !is_terminal(&pod.object)).map(|(uid, pod)| (uid.as_str(), &*pod.object));
    for Batch { grace, pods: condemned } in config.batches(running) {
        for pod in &condemned {
            let reason = TerminalReason {
                reason: REASON,
                message: MESSAGE.to_owned(),
                disruption: Some(MESSAGE.to_owned()),
                grace_s: Some(pod.grace_s),
                rejected: false,
            };
            if pods.get(&pod.uid).is_some_and(|seen| seen.orders.try_send(Order::End(reason)).is_err()) {
                tracing::warn!(pod = pod.uid, "a pod could not be told that the machine shuts down");
            }
        }
        let ended = node.roster.until(|pods| condemned.iter().all(|pod| pods.get(&pod.uid).is_none_or(|seen| is_terminal(&seen.object))));
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::warn!(grace_s = grace.as_secs(), "some pods had not ended when their time before the shutdown was over");
        }
    }
}

/// The API knows that it has ended.
fn is_terminal(pod: &stead_api::Value) -> bool {
    matches!(pod["status"].str("phase"), "Succeeded" | "Failed")
}
