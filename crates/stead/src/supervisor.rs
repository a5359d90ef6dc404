//! Runs the components as named tasks: one that ends before it was told to ends the process, visibly. No task is detached.

use anyhow::{Context, bail};
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// After the stop signal every component has this long; then the process leaves anyway.
const STOP_MAX: Duration = Duration::from_millis(4500);

/// The running components.
#[derive(Debug)]
pub struct Supervisor {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: watch::Sender<bool>,
}

impl Default for Supervisor {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), stop: watch::Sender::new(false) }
    }
}

impl Supervisor {
    /// Turns true when components shall end.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Runs a component that ends only when [`stopping`](Self::stopping) says so.
    pub fn spawn(&mut self, name: &'static str, component: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.tasks.spawn(async move { (name, component.await) });
    }

    /// Waits until a component ends by itself, which is always wrong.
    pub async fn first_death(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok((name, Ok(())))) => anyhow::anyhow!("{name} ended by itself"),
            Some(Ok((name, Err(error)))) => error.context(format!("{name} failed")),
            Some(Err(panic)) => anyhow::Error::new(panic).context("a component panicked"),
            None => std::future::pending().await,
        }
    }

    /// Tells every component to end and waits for them.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        let all = async {
            let mut first = Ok(());
            while let Some(ended) = self.tasks.join_next().await {
                let result = match ended {
                    Ok((name, result)) => result.with_context(|| format!("{name} failed while stopping")),
                    Err(panic) => Err(panic.into()),
                };
                first = first.and(result);
            }
            first
        };
        match tokio::time::timeout(STOP_MAX, all).await {
            Ok(result) => result,
            Err(_) => bail!("some components did not end within {} ms", STOP_MAX.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_component_that_ends_is_noticed() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("good", std::future::pending());
        supervisor.spawn("bad", async { bail!("broken") });
        assert_eq!(format!("{:#}", supervisor.first_death().await), "bad failed: broken");
    }

    #[tokio::test]
    async fn all_are_told_to_stop() {
        let mut supervisor = Supervisor::default();
        for name in ["a", "b"] {
            let mut stop = supervisor.stopping();
            supervisor.spawn(name, async move {
                stop.wait_for(|stop| *stop).await?;
                Ok(())
            });
        }
        supervisor.stop().await.unwrap();
    }
}
