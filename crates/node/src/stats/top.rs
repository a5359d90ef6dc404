//! What the metrics API tells (STAT-5): rates between the last two samples. Pure. A pod that lacks one of them is left out.

use super::{Samples, nano_cores};
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// Processor in billionths, memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub cpu_nano_cores: u64,
    pub memory_bytes: u64,
}

/// Of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTop {
    pub at: Timestamp,
    pub window: Duration,
    pub usage: Amount,
}

/// Of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodTop {
    pub namespace: String,
    pub name: String,
    pub at: Timestamp,
    pub window: Duration,
    /// By name.
    pub containers: Vec<(String, Amount)>,
}

pub fn node_top(samples: &Samples) -> Option<NodeTop> {
    let (now, before) = (samples.last.as_deref()?, samples.before.as_deref()?);
    let window_us = now.at.0 - before.at.0;
    let cpu_nano_cores = nano_cores(before.host.cpu_ns, now.host.cpu_ns, window_us)?;
    let usage = Amount { cpu_nano_cores, memory_bytes: now.host.memory.working_set };
    Some(NodeTop { at: now.at, window: window(window_us), usage })
}

pub fn pod_tops(samples: &Samples) -> Vec<PodTop> {
    let (Some(now), Some(before)) = (samples.last.as_deref(), samples.before.as_deref()) else { return Vec::new() };
    let window_us = now.at.0 - before.at.0;
    let mut tops = Vec::new();
    for (uid, pod) in &now.pods {
        let then = before.pods.get(uid);
        let containers: Option<Vec<_>> = pod
            .containers
            .iter()
            .map(|(name, container)| {
                let then = then?.containers.get(name).filter(|then| then.attempt == container.attempt)?;
                let cpu_nano_cores = nano_cores(then.usage.cpu_ns, container.usage.cpu_ns, window_us)?;
                Some((name.clone(), Amount { cpu_nano_cores, memory_bytes: container.usage.working_set_bytes }))
            })
            .collect();
        let meta = &pod.object["metadata"];
        if let Some(containers) = containers.filter(|containers| !containers.is_empty()) {
            let (namespace, name) = (meta.str("namespace").to_owned(), meta.str("name").to_owned());
            tops.push(PodTop { namespace, name, at: now.at, window: window(window_us), containers });
        }
    }
    tops
}

fn window(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or_default())
}
