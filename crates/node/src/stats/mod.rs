//! What a node and its pods use (STAT): samples taken now and then, kept two deep so that rates can be told, and shown as a kubelet's
//! `/stats/summary` and `/metrics/resource` and as the metrics API. Taking a sample is [`observe`]; everything else is pure.

mod metrics;
mod observe;
mod resource;
mod summary;
#[cfg(test)]
mod tests;
mod top;

pub use metrics::metrics;
pub use observe::Observer;
pub use resource::resource_metrics;
pub use summary::{Detail, summary};
pub use top::{Amount, NodeTop, PodTop, node_top, pod_tops};

use crate::host::{Disk, HostUsage, Interface};
use crate::pod::volumes::source::{Files, Medium, Source, claim_name, source};
use crate::runtime::{DiskUsage, Usage};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// What was seen at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    pub at: Timestamp,
    /// Since when the machine runs.
    pub booted_at: Timestamp,
    pub host: HostUsage,
    /// Bytes of all images.
    pub image_bytes: u64,
    /// By uid.
    pub pods: BTreeMap<String, PodSample>,
}

/// Of a pod whose sandbox is up.
#[derive(Debug, Clone, PartialEq)]
pub struct PodSample {
    pub object: Arc<Value>,
    pub total: Usage,
    /// Of the pod's own network.
    pub network: Vec<Interface>,
    pub containers: BTreeMap<String, ContainerSample>,
    pub volumes: BTreeMap<String, VolumeSample>,
}

/// Of a running container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerSample {
    pub attempt: u32,
    pub started_at: Timestamp,
    pub usage: Usage,
    pub disk: DiskUsage,
}

/// Of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VolumeSample {
    /// It is a block device: nobody knows more of it than its capacity.
    pub is_device: bool,
    pub used_bytes: u64,
    pub used_inodes: u64,
    /// What it lies on.
    pub disk: Disk,
}

impl PodSample {
    /// Writable layers, logs and what lies in volumes on the node's own disk (CG-13).
    pub fn ephemeral_bytes(&self) -> u64 {
        let containers = self.containers.values().map(|container| container.disk.layer_bytes + container.disk.log_bytes);
        let volumes = self.volumes.iter().filter(|(name, _)| is_ephemeral(&self.object, name)).map(|(_, volume)| volume.used_bytes);
        containers.chain(volumes).sum()
    }

    /// As [`Self::ephemeral_bytes`], counted in inodes.
    pub fn ephemeral_inodes(&self) -> u64 {
        let containers = self.containers.values().map(|container| container.disk.layer_inodes + container.disk.log_inodes);
        let volumes = self.volumes.iter().filter(|(name, _)| is_ephemeral(&self.object, name)).map(|(_, volume)| volume.used_inodes);
        containers.chain(volumes).sum()
    }
}

/// An emptyDir or files of objects, on disk: it goes with the pod.
fn is_ephemeral(pod: &Value, volume: &str) -> bool {
    let found = pod["spec"].items("volumes").iter().find(|other| other.str("name") == volume);
    found.is_some_and(|volume| match source(volume) {
        Source::EmptyDir { medium, .. } => medium == Medium::Disk,
        Source::Files(Files { in_memory, .. }) => !in_memory,
        Source::HostPath { .. } | Source::Image(_) | Source::Claim(_) | Source::Removed | Source::Absent(_) => false,
    })
}

/// The claim that a pod's volume stands for (STAT-2, VOL-18).
fn claim_of(pod: &Value, volume: &str) -> Option<String> {
    let volume = pod["spec"].items("volumes").iter().find(|other| other.str("name") == volume)?;
    match source(volume) {
        Source::Claim(claim) => Some(claim_name(pod, volume, claim)),
        _ => None,
    }
}

/// The last sample of a node and the one before.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    pub last: Option<Arc<Sample>>,
    pub before: Option<Arc<Sample>>,
}

/// The samples of every node of this process; every clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Stats(Arc<Mutex<BTreeMap<String, Samples>>>);

impl Stats {
    pub fn put(&self, node: &str, sample: Sample) -> Samples {
        let mut nodes = self.nodes();
        let samples = nodes.entry(node.to_owned()).or_default();
        samples.before = samples.last.replace(Arc::new(sample));
        samples.clone()
    }

    pub fn of(&self, node: &str) -> Samples {
        self.nodes().get(node).cloned().unwrap_or_default()
    }

    pub fn all(&self) -> BTreeMap<String, Samples> {
        self.nodes().clone()
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeMap<String, Samples>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Billionths of a processor between two readings; `None` if they are of different things.
fn nano_cores(before: u64, now: u64, window_us: i64) -> Option<u64> {
    let (used, window) = (now.checked_sub(before)?, u64::try_from(window_us).ok().filter(|window| *window > 0)?);
    Some(u64::try_from(u128::from(used) * 1_000_000 / u128::from(window)).unwrap_or(u64::MAX))
}
