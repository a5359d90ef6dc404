//! How whoever connects sandboxes asks for their verdicts: a sandbox's packets pass only once what is said of them is in force.

use crate::world::Sandbox;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Sandboxes that wait to be heard of.
pub(crate) const COMMANDS_MAX: usize = 1024;
/// For the pod's object to be told of, and the kernel to take it.
const VERDICT_MAX: Duration = Duration::from_secs(20);

/// A sandbox that is connected.
pub type Connected = Sandbox;

#[derive(Debug)]
pub(crate) enum Command {
    Admit(Connected, oneshot::Sender<Result<(), String>>),
    Forget { uid: String, link: String },
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    pub(crate) commands: mpsc::Sender<Command>,
}

impl Gate {
    /// Returns when the sandbox's packets are judged as its pod's policies want. Until then none pass. Idempotent. On a machine that cannot
    /// judge packets, a pod that a policy is for is refused.
    pub async fn admit(&self, connected: Connected) -> Result<(), String> {
        let (done, is_done) = oneshot::channel();
        let asked = async {
            self.commands.send(Command::Admit(connected, done)).await.ok()?;
            is_done.await.ok()
        };
        match tokio::time::timeout(VERDICT_MAX, asked).await {
            Ok(Some(verdict)) => verdict,
            Ok(None) => Err("nobody judges packets any more".to_owned()),
            Err(_) => Err(format!("its packets were not judged within {} s", VERDICT_MAX.as_secs())),
        }
    }

    /// Says that there is a sandbox, and waits for nothing.
    pub async fn announce(&self, connected: Connected) {
        let (done, _) = oneshot::channel();
        self.send(Command::Admit(connected, done)).await;
    }

    /// The sandbox's link is about to go, and its addresses may be given to another one after this.
    pub async fn forget(&self, uid: &str, link: &str) {
        self.send(Command::Forget { uid: uid.to_owned(), link: link.to_owned() }).await;
    }

    async fn send(&self, command: Command) {
        if self.commands.send(command).await.is_err() {
            tracing::debug!("nobody judges packets any more");
        }
    }
}
