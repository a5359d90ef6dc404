//! The metrics API's numbers, from the samples of the nodes of this process.

use stead_api::Status;
use stead_node::stats::{Amount, Stats, node_top, pod_tops};
use stead_server::{MetricsSource, Used, UsedBy};

/// Answers from samples.
#[derive(Debug)]
pub struct Metrics(pub Stats);

impl MetricsSource for Metrics {
    fn nodes(&self) -> Result<Vec<UsedBy>, Status> {
        let tops = self.0.all().into_iter().filter_map(|(name, samples)| {
            let top = node_top(&samples)?;
            Some(UsedBy { namespace: String::new(), name, at: top.at, window: top.window, parts: vec![(String::new(), used(top.usage))] })
        });
        Ok(tops.collect())
    }

    fn pods(&self) -> Result<Vec<UsedBy>, Status> {
        let tops = self.0.all().into_values().flat_map(|samples| pod_tops(&samples)).map(|top| {
            let parts = top.containers.into_iter().map(|(name, amount)| (name, used(amount))).collect();
            UsedBy { namespace: top.namespace, name: top.name, at: top.at, window: top.window, parts }
        });
        Ok(tops.collect())
    }
}

fn used(amount: Amount) -> Used {
    Used { cpu_nano_cores: amount.cpu_nano_cores, memory_bytes: amount.memory_bytes }
}
