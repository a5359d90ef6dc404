//! Whom it hits first (NODE-11), and what is said of it (NODE-12).

use super::thresholds::{Signal, Threshold};
use crate::stats::{PodSample, Sample};
use std::cmp::Reverse;
use stead_api::kinds::pod_spec::{is_sidecar, totals};
use stead_api::quantity::{Format, Quantity};
use stead_api::value::Access;

/// The pods, the first to go first: those over their request, then by priority, then by what they use beyond it.
pub fn ranked<'a>(signal: Signal, pods: &[(&'a String, &'a PodSample)]) -> Vec<(&'a String, &'a PodSample)> {
    let mut pods = pods.to_vec();
    pods.sort_by_key(|(_, pod)| {
        let used = i128::from(usage(signal, pod));
        let beyond = used - i128::from(request(signal, pod));
        let priority = pod.object["spec"].int("priority").unwrap_or_default();
        // Of processes nobody asks for a number.
        let within = signal != Signal::Pids && beyond <= 0;
        (within, priority, Reverse(if signal == Signal::Pids { used } else { beyond }))
    });
    pods
}

fn usage(signal: Signal, pod: &PodSample) -> u64 {
    match signal {
        Signal::Memory => pod.total.working_set_bytes,
        Signal::Pids => pod.total.processes,
        Signal::NodeFs | Signal::ImageFs => pod.ephemeral_bytes(),
        Signal::NodeFsInodes | Signal::ImageFsInodes => pod.ephemeral_inodes(),
    }
}

fn request(signal: Signal, pod: &PodSample) -> u64 {
    let requests = totals::pod_requests(&pod.object["spec"]);
    requests.get(signal.resource()).and_then(|amount| u64::try_from(amount.value_ceil()).ok()).unwrap_or_default()
}

/// NODE-12.
pub fn message(threshold: &Threshold, sample: &Sample, pod: &PodSample) -> String {
    let (signal, resource) = (threshold.signal, threshold.signal.resource());
    let mut text = format!("The node was low on resource: {resource}. ");
    if let Some((available, capacity)) = signal.observed(sample) {
        let quantity = signal.text(threshold.limit.of(capacity));
        text.push_str(&format!("Threshold quantity: {quantity}, available: {}. ", signal.text(available)));
    }
    let spec = &pod.object["spec"];
    let containers = spec.items("containers").iter().chain(spec.items("initContainers").iter().filter(|init| is_sidecar(init)));
    for container in containers {
        let Some(found) = pod.containers.get(container.str("name")) else { continue };
        let used = match signal {
            Signal::Memory => found.usage.working_set_bytes,
            Signal::NodeFs | Signal::ImageFs => found.disk.layer_bytes + found.disk.log_bytes,
            Signal::NodeFsInodes | Signal::ImageFsInodes | Signal::Pids => continue,
        };
        let request = Quantity::parse(container["resources"]["requests"].str(resource)).unwrap_or(Quantity::ZERO);
        let used = Quantity::from_value(i64::try_from(used).unwrap_or(i64::MAX), Format::BinarySi);
        if used > request {
            let name = container.str("name");
            text.push_str(&format!("Container {name} was using {used}, request is {request}, has larger consumption of {resource}. "));
        }
    }
    text
}
