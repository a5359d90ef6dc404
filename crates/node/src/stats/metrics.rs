//! `/metrics`: the few numbers of a kubelet's own page that this node has (STAT-6, NODE-16). Pure.

use super::{Samples, claim_of};
use stead_api::value::Access;

/// The page.
pub fn metrics(node: &str, samples: &Samples) -> String {
    let mut page = String::new();
    let mut gauge = |name: &str, help: &str, lines: Vec<String>| {
        page.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        lines.into_iter().for_each(|line| page.push_str(&format!("{name}{line}\n")));
    };
    gauge("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", vec![format!("{{node=\"{node}\"}} 1")]);
    let Some(sample) = samples.last.as_deref() else { return page };
    let running: usize = sample.pods.values().map(|pod| pod.containers.len()).sum();
    gauge(
        "kubelet_running_containers",
        "[ALPHA] Number of containers currently running",
        vec![format!("{{container_state=\"running\"}} {running}")],
    );
    gauge("kubelet_running_pods", "[ALPHA] Number of pods that have a running pod sandbox", vec![format!(" {}", sample.pods.len())]);
    type Of = fn(&super::VolumeSample) -> u64;
    let volumes: [(&str, &str, Of); 6] = [
        ("available_bytes", "Number of available bytes in the volume", |v| v.disk.available_bytes),
        ("capacity_bytes", "Capacity in bytes of the volume", |v| v.disk.capacity_bytes),
        ("inodes", "Maximum number of inodes in the volume", |v| v.disk.inodes),
        ("inodes_free", "Number of free inodes in the volume", |v| v.disk.inodes_free),
        ("inodes_used", "Number of used inodes in the volume", |v| v.used_inodes),
        ("used_bytes", "Number of used bytes in the volume", |v| v.used_bytes),
    ];
    for (name, help, value) in volumes {
        let mut lines = Vec::new();
        for pod in sample.pods.values() {
            let told = |found: &super::VolumeSample| !found.is_device || name == "capacity_bytes";
            for (volume, found) in pod.volumes.iter().filter(|(_, found)| told(found)) {
                if let Some(claim) = claim_of(&pod.object, volume) {
                    let namespace = pod.object["metadata"].str("namespace");
                    lines.push(format!("{{namespace=\"{namespace}\",persistentvolumeclaim=\"{claim}\"}} {}", value(found)));
                }
            }
        }
        if !lines.is_empty() {
            gauge(&format!("kubelet_volume_stats_{name}"), &format!("[ALPHA] {help}"), lines);
        }
    }
    page
}
