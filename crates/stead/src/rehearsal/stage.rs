//! Containers of a world that is only played: they run once they are told to, after as long as that takes somewhere; what ran in the copied
//! cluster runs here from the beginning. Nothing of the machine is touched.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_images::{Keyring, Progress, Reference};
use stead_node::pod::probes::{Check, Probed};
use stead_node::registration::Machine;
use stead_node::runtime::{
    ContainerSpec, ExecEnd, ExecError, Heard, Image, Instance, Pulled, Runtime, SandboxRecord, SandboxSpec, StartError,
};
use stead_node::simulated::Simulated;
use stead_server::Environment;

/// How long things take, so that one is seen after the other.
const PULL: Duration = Duration::from_secs(5);
const START: Duration = Duration::from_secs(1);

/// The runtime of all nodes.
#[derive(Clone)]
pub struct Stage {
    simulated: Simulated,
    /// By full name; `None`: whatever is asked for.
    images: Option<Arc<Mutex<BTreeSet<String>>>>,
    /// What ran in the copied cluster.
    records: Arc<Vec<SandboxRecord>>,
}

impl Stage {
    pub fn new(
        environment: Arc<dyn Environment>,
        machines: &[Machine],
        images: Option<BTreeSet<String>>,
        records: Vec<SandboxRecord>,
    ) -> Self {
        let ranges = |machine: &Machine| machine.pod_ranges.iter().filter_map(|range| range.parse().ok()).collect();
        let simulated =
            Simulated::new(Arc::new(move || environment.now()), machines.iter().map(|machine| (machine.name.clone(), ranges(machine))));
        for record in &records {
            for (container, runs) in &record.containers {
                runs.iter().for_each(|run| simulated.adopt(&record.id, container, run.clone()));
            }
        }
        Self { simulated, images: images.map(|images| Arc::new(Mutex::new(images))), records: Arc::new(records) }
    }

    fn has(&self, reference: &str) -> bool {
        self.images.as_ref().is_none_or(|images| images.lock().unwrap_or_else(PoisonError::into_inner).contains(&full_name(reference)))
    }
}

/// `nginx:1.25` as registries know it.
pub fn full_name(reference: &str) -> String {
    reference.parse::<Reference>().map_or_else(|_| reference.to_owned(), |reference| reference.key())
}

impl Runtime for Stage {
    fn version(&self) -> String {
        self.simulated.version()
    }

    fn misses_volumes(&self) -> bool {
        true
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, String> {
        if self.has(reference) { self.simulated.image(reference).await } else { Ok(None) }
    }

    async fn pull_image(&self, reference: &str, _keyring: Keyring, _progress: Arc<dyn Progress>) -> Result<Pulled, String> {
        tokio::time::sleep(PULL).await;
        if let Some(images) = &self.images {
            images.lock().unwrap_or_else(PoisonError::into_inner).insert(full_name(reference));
        }
        let image = self.simulated.image(reference).await?.ok_or_else(|| format!("there is no image {reference}"))?;
        Ok(Pulled { image, size_bytes: 0 })
    }

    async fn create_sandbox(&self, spec: SandboxSpec) -> Result<Vec<IpAddr>, String> {
        self.simulated.create_sandbox(spec).await
    }

    async fn stop_sandbox(&self, id: &str) -> Result<(), String> {
        self.simulated.stop_sandbox(id).await
    }

    async fn remove_sandbox(&self, id: &str) -> Result<(), String> {
        self.simulated.remove_sandbox(id).await
    }

    async fn start(&self, sandbox: &str, spec: ContainerSpec) -> Result<Instance, StartError> {
        tokio::time::sleep(START).await;
        self.simulated.start(sandbox, spec).await
    }

    async fn signal(&self, sandbox: &str, container: &str, attempt: u32, signal: &str) -> Result<(), String> {
        tokio::time::sleep(START).await;
        self.simulated.signal(sandbox, container, attempt, signal).await
    }

    async fn kill(&self, sandbox: &str, container: &str, attempt: u32) -> Result<(), String> {
        self.simulated.kill(sandbox, container, attempt).await
    }

    async fn exec(&self, sandbox: &str, container: &str, attempt: u32, argv: Vec<String>, timeout: Duration) -> Result<ExecEnd, ExecError> {
        self.simulated.exec(sandbox, container, attempt, argv, timeout).await
    }

    async fn probe(&self, check: &Check) -> Probed {
        self.simulated.probe(check).await
    }

    async fn forget_runs(&self, sandbox: &str, container: &str, before: u32) -> Result<(), String> {
        self.simulated.forget_runs(sandbox, container, before).await
    }

    async fn list(&self) -> Result<Vec<SandboxRecord>, String> {
        Ok(self.records.to_vec())
    }

    async fn hear(&self) -> Option<Heard> {
        self.simulated.hear().await
    }
}
