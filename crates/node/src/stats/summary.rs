//! `/stats/summary` (STAT-1, STAT-2). Pure.

use super::{ContainerSample, PodSample, Sample, Samples, VolumeSample, claim_of, nano_cores};
use crate::host::{Disk, Interface, Memory};
use crate::runtime::{Pressure, Pressures, Stall, Usage};
use stead_api::quantity::Quantity;
use stead_api::value::Access;
use stead_api::{Value, json};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Everything,
    CpuAndMemory,
}

/// The document; of a node that has no sample yet, an empty one.
pub fn summary(node: &str, samples: &Samples, detail: Detail) -> Value {
    let empty = Sample::default();
    let now = samples.last.as_deref().unwrap_or(&empty);
    let before = samples.before.as_deref();
    let pods: Vec<Value> = now.pods.iter().map(|(uid, pod)| pod_stats(now, before, uid, pod, detail)).collect();
    json!({"node": node_stats(node, now, before, detail), "pods": pods})
}

fn node_stats(name: &str, now: &Sample, before: Option<&Sample>, detail: Detail) -> Value {
    let at = now.at.rfc3339();
    let host = &now.host;
    let rate = before.and_then(|before| nano_cores(before.host.cpu_ns, host.cpu_ns, now.at.0 - before.at.0));
    let mut pods_usage = Usage::default();
    let mut pods_before = before.map(|_| 0);
    for (uid, pod) in &now.pods {
        pods_usage.cpu_ns += pod.total.cpu_ns;
        pods_usage.memory_bytes += pod.total.memory_bytes;
        pods_usage.working_set_bytes += pod.total.working_set_bytes;
        pods_usage.rss_bytes += pod.total.rss_bytes;
        let then = before.and_then(|before| before.pods.get(uid)).map_or(pod.total.cpu_ns, |then| then.total.cpu_ns);
        pods_before = pods_before.map(|sum| sum + then);
    }
    let pods_rate = before.zip(pods_before).and_then(|(before, then)| nano_cores(then, pods_usage.cpu_ns, now.at.0 - before.at.0));
    let pods = json!({"name": "pods", "startTime": now.booted_at.rfc3339(), "cpu": cpu(&at, pods_usage.cpu_ns, pods_rate),
        "memory": memory(&at, &pods_usage, Some(host.memory.total))});
    let mut node = json!({"nodeName": name, "systemContainers": [pods], "startTime": now.booted_at.rfc3339(),
        "cpu": cpu(&at, host.cpu_ns, rate), "memory": node_memory(&at, &host.memory)});
    say_pressure(&mut node, &at, host.pressure, detail);
    if detail == Detail::Everything {
        node["network"] = network(&at, &host.network);
        node["fs"] = disk(&at, &host.disk, host.disk.used_bytes, host.disk.inodes.saturating_sub(host.disk.inodes_free));
        let image_fs = disk(&at, &host.disk, now.image_bytes, host.disk.inodes.saturating_sub(host.disk.inodes_free));
        node["runtime"] = json!({"imageFs": image_fs, "containerFs": image_fs});
        node["rlimit"] = json!({"time": at, "maxpid": host.processes_max, "curproc": host.processes});
        node["swap"] = json!({"time": at, "swapAvailableBytes": host.memory.swap_total - host.memory.swap_usage, "swapUsageBytes": host.memory.swap_usage});
    }
    node
}

fn pod_stats(now: &Sample, before: Option<&Sample>, uid: &str, pod: &PodSample, detail: Detail) -> Value {
    let at = now.at.rfc3339();
    let meta = &pod.object["metadata"];
    let then = before.and_then(|before| Some((before.at, before.pods.get(uid)?)));
    let rate = then.and_then(|(then_at, then)| nano_cores(then.total.cpu_ns, pod.total.cpu_ns, now.at.0 - then_at.0));
    let containers: Vec<Value> = pod
        .containers
        .iter()
        .map(|(name, container)| {
            let then = then.and_then(|(at, then)| Some((at, then.containers.get(name)?))).filter(|(_, c)| c.attempt == container.attempt);
            let rate = then.and_then(|(then_at, then)| nano_cores(then.usage.cpu_ns, container.usage.cpu_ns, now.at.0 - then_at.0));
            container_stats(now, &pod.object, name, container, rate, detail)
        })
        .collect();
    let mut stats = json!({"podRef": {"name": meta["name"], "namespace": meta["namespace"], "uid": uid},
        "startTime": pod.object["status"]["startTime"], "containers": containers, "cpu": cpu(&at, pod.total.cpu_ns, rate),
        "memory": memory(&at, &pod.total, pod_memory_limit(&pod.object))});
    say_pressure(&mut stats, &at, pod.total.pressure, detail);
    if detail == Detail::Everything {
        if !pod.network.is_empty() {
            stats["network"] = network(&at, &pod.network);
        }
        stats["volume"] = pod.volumes.iter().map(|(name, volume)| volume_stats(&at, &pod.object, name, volume)).collect::<Vec<_>>().into();
        stats["ephemeral-storage"] = disk(&at, &now.host.disk, pod.ephemeral_bytes(), pod.ephemeral_inodes());
        stats["process_stats"] = json!({"process_count": pod.total.processes});
        stats["swap"] = json!({"time": at, "swapUsageBytes": pod.total.swap_bytes});
    }
    stats
}

fn container_stats(now: &Sample, pod: &Value, name: &str, container: &ContainerSample, rate: Option<u64>, detail: Detail) -> Value {
    let at = now.at.rfc3339();
    let limit = spec_of(pod, name).and_then(|spec| bytes(&spec["resources"]["limits"]["memory"]));
    let mut stats = json!({"name": name, "startTime": container.started_at.rfc3339(),
        "cpu": cpu(&at, container.usage.cpu_ns, rate), "memory": memory(&at, &container.usage, limit)});
    say_pressure(&mut stats, &at, container.usage.pressure, detail);
    if detail == Detail::Everything {
        stats["rootfs"] = disk(&at, &now.host.disk, container.disk.layer_bytes, container.disk.layer_inodes);
        stats["logs"] = disk(&at, &now.host.disk, container.disk.log_bytes, container.disk.log_inodes);
        stats["swap"] = json!({"time": at, "swapUsageBytes": container.usage.swap_bytes});
    }
    stats
}

fn spec_of<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| pod["spec"].items(list)).find(|container| container.str("name") == name)
}

fn bytes(amount: &Value) -> Option<u64> {
    let quantity = Quantity::parse(amount.as_str()?).ok()?;
    u64::try_from(quantity.value_ceil()).ok()
}

/// What the pod's cgroup is limited to, if every container is.
fn pod_memory_limit(pod: &Value) -> Option<u64> {
    u64::try_from(crate::pod::limits::pod_limits(pod).memory_bytes?).ok()
}

fn cpu(at: &str, total_ns: u64, rate: Option<u64>) -> Value {
    let mut cpu = json!({ "time": at });
    if let Some(rate) = rate {
        cpu["usageNanoCores"] = rate.into();
    }
    cpu["usageCoreNanoSeconds"] = total_ns.into();
    cpu
}

fn memory(at: &str, usage: &Usage, limit: Option<u64>) -> Value {
    let mut memory = json!({ "time": at });
    if let Some(limit) = limit {
        memory["availableBytes"] = limit.saturating_sub(usage.working_set_bytes).into();
    }
    memory["usageBytes"] = usage.memory_bytes.into();
    memory["workingSetBytes"] = usage.working_set_bytes.into();
    memory["rssBytes"] = usage.rss_bytes.into();
    memory["pageFaults"] = usage.page_faults.into();
    memory["majorPageFaults"] = usage.major_page_faults.into();
    memory
}

/// How long processes waited, where the kernel tells.
fn say_pressure(stats: &mut Value, at: &str, pressure: Pressures, detail: Detail) {
    for (name, pressure) in [("cpu", pressure.cpu), ("memory", pressure.memory)] {
        if let Some(pressure) = pressure {
            stats[name]["psi"] = psi(pressure);
        }
    }
    if let Some(pressure) = pressure.io.filter(|_| detail == Detail::Everything) {
        stats["io"] = json!({"time": at, "psi": psi(pressure)});
    }
}

fn psi(pressure: Pressure) -> Value {
    let percent = |hundredths: u32| f64::from(hundredths) / 100.0;
    let one = |stall: Stall| json!({"total": stall.total_us, "avg10": percent(stall.avg10), "avg60": percent(stall.avg60), "avg300": percent(stall.avg300)});
    json!({"full": one(pressure.full), "some": one(pressure.some)})
}

fn node_memory(at: &str, memory: &Memory) -> Value {
    json!({"time": at, "availableBytes": memory.total.saturating_sub(memory.working_set), "usageBytes": memory.usage,
        "workingSetBytes": memory.working_set, "rssBytes": memory.rss, "pageFaults": memory.page_faults,
        "majorPageFaults": memory.major_page_faults})
}

fn disk(at: &str, disk: &Disk, used_bytes: u64, used_inodes: u64) -> Value {
    json!({"time": at, "availableBytes": disk.available_bytes, "capacityBytes": disk.capacity_bytes, "usedBytes": used_bytes,
        "inodesFree": disk.inodes_free, "inodes": disk.inodes, "inodesUsed": used_inodes})
}

fn volume_stats(at: &str, pod: &Value, name: &str, volume: &VolumeSample) -> Value {
    let mut stats = match volume.is_device {
        true => json!({"time": at, "capacityBytes": volume.disk.capacity_bytes}),
        false => disk(at, &volume.disk, volume.used_bytes, volume.used_inodes),
    };
    stats["name"] = name.into();
    if let Some(claim) = claim_of(pod, name) {
        stats["pvcRef"] = json!({"name": claim, "namespace": pod["metadata"]["namespace"]});
    }
    stats
}

/// The first interface stands for all, as upstream has it.
fn network(at: &str, interfaces: &[Interface]) -> Value {
    let one = |interface: &Interface| {
        json!({"name": interface.name, "rxBytes": interface.rx_bytes, "rxErrors": interface.rx_errors,
            "txBytes": interface.tx_bytes, "txErrors": interface.tx_errors})
    };
    let mut network = interfaces.first().map_or_else(|| json!({"name": ""}), one);
    network["time"] = at.into();
    network["interfaces"] = interfaces.iter().map(one).collect::<Vec<_>>().into();
    network
}
