//! The Node object: labels, capacity, conditions and facts of a machine (NODE-1 to NODE-5). Pure; reading the machine is `host`'s part.

use crate::pod::files::DnsFacts;
use crate::pod::steps::NodeFacts;
use std::path::PathBuf;
use stead_api::time::Timestamp;
use stead_api::{Value, json};

/// What is known of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    pub name: String,
    pub addresses: Vec<String>,
    /// What the machine itself is called.
    pub hostname: String,
    /// How its pods resolve names.
    pub dns: DnsFacts,
    /// The ranges of its pods' addresses, of one family each, primary first.
    pub pod_ranges: Vec<String>,
    pub cpus: u64,
    pub memory_bytes: i64,
    pub storage_bytes: u64,
    /// Sizes of huge pages and how many there are, the smallest first.
    pub huge_pages: Vec<HugePages>,
    /// Whether pods can have users of their own.
    pub user_namespaces: bool,
    pub pods_max: u32,
    pub machine_id: String,
    pub system_uuid: String,
    pub boot_id: String,
    pub kernel: String,
    pub os_image: String,
    /// Go's name of the architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// `stead://0.1.0`.
    pub runtime_version: String,
    /// `v1.37.2`.
    pub kubernetes_version: String,
    /// Where its pods' directories are.
    pub pods_dir: PathBuf,
}

/// The huge pages of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HugePages {
    pub page_kib: u64,
    pub pages: u64,
}

/// What the rest of Kubernetes needs below the node's memory: the hard eviction threshold (NODE-2, NODE-10).
const MEMORY_RESERVED_BYTES: i64 = 100 << 20;

/// How a node is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeState {
    /// The conditions of pressure that hold: `MemoryPressure`.
    pub pressures: Vec<&'static str>,
    /// Why it is not ready, if it is not.
    pub not_ready: Option<&'static str>,
    /// Why packets of its pods cannot be judged, if they cannot.
    pub network_impairment: Option<String>,
}

impl Machine {
    /// The Node to create. The server adds the not-ready taint.
    pub fn node(&self) -> Value {
        let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name, "labels": self.labels()}});
        if let Some(spec) = self.spec() {
            node["spec"] = spec;
        }
        node
    }

    /// What the node says in its spec: the ranges of its pods, which are never changed once they are set.
    pub fn spec(&self) -> Option<Value> {
        let first = self.pod_ranges.first()?;
        Some(json!({"podCIDR": first, "podCIDRs": self.pod_ranges}))
    }

    /// Labels that the node keeps at these values.
    pub fn labels(&self) -> Value {
        json!({
            "kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": self.architecture,
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": self.architecture,
        })
    }

    fn amounts(&self, memory_bytes: i64) -> Value {
        let mut amounts = json!({
            "cpu": self.cpus.to_string(), "memory": format!("{}Ki", memory_bytes / 1024), "pods": self.pods_max.to_string(),
            "ephemeral-storage": format!("{}Ki", self.storage_bytes / 1024),
        });
        for size in &self.huge_pages {
            amounts[format!("hugepages-{}", binary(size.page_kib)).as_str()] = binary(size.page_kib * size.pages).into();
        }
        amounts
    }

    /// `status.allocatable`.
    pub fn allocatable(&self) -> Value {
        // Huge pages are set aside: nobody else can have that memory.
        let in_huge_pages = self.huge_pages.iter().map(|size| size.page_kib * size.pages * 1024).sum::<u64>();
        let left = self.memory_bytes.saturating_sub_unsigned(in_huge_pages);
        self.amounts((left - MEMORY_RESERVED_BYTES).max(0))
    }

    /// What the pods' steps know of it; `runtime_version` is `NAME://VERSION`.
    pub fn facts(&self, runtime_version: &str) -> NodeFacts {
        NodeFacts {
            name: self.name.clone(),
            hostname: self.hostname.clone(),
            host_ips: self.addresses.clone(),
            dns: self.dns.clone(),
            runtime_name: runtime_version.split("://").next().unwrap_or_default().to_owned(),
            memory_bytes: self.memory_bytes,
            allocatable: self.allocatable(),
            pods_dir: self.pods_dir.clone(),
        }
    }

    /// The status, given the conditions that the API has.
    pub fn status(&self, now: Timestamp, old_conditions: &[Value], state: &NodeState) -> Value {
        let mut addresses: Vec<Value> = self.addresses.iter().map(|ip| json!({"type": "InternalIP", "address": ip})).collect();
        addresses.push(json!({"type": "Hostname", "address": self.name}));
        json!({
            "addresses": addresses,
            "capacity": self.amounts(self.memory_bytes),
            "allocatable": self.allocatable(),
            "conditions": conditions(now, old_conditions, state),
            "nodeInfo": {
                "machineID": self.machine_id, "systemUUID": self.system_uuid, "bootID": self.boot_id, "kernelVersion": self.kernel,
                "osImage": self.os_image, "containerRuntimeVersion": self.runtime_version, "kubeletVersion": self.kubernetes_version,
                "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": self.architecture,
            },
            "runtimeHandlers": [{"name": "", "features": {"recursiveReadOnlyMounts": true, "userNamespaces": self.user_namespaces}}],
            "features": {"supplementalGroupsPolicy": true},
        })
    }

    /// The Lease that says that the node lives (NODE-6).
    pub fn lease(&self, now: Timestamp, node_uid: &str) -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": self.name, "namespace": "kube-node-lease",
                "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": self.name, "uid": node_uid}]},
            "spec": {"holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": now.rfc3339_micro()},
        })
    }
}

/// An amount as Kubernetes writes it.
fn binary(kib: u64) -> String {
    let units = ["Ki", "Mi", "Gi", "Ti"];
    let (mut amount, mut unit) = (kib, 0);
    while amount > 0 && amount.is_multiple_of(1024) && unit + 1 < units.len() {
        (amount, unit) = (amount / 1024, unit + 1);
    }
    if amount == 0 { "0".to_owned() } else { format!("{amount}{}", units[unit]) }
}

/// Shown only where it holds or once held. Not `NetworkUnavailable`: that taints the node, and pods of no policy are well here.
pub const PACKET_FILTER_UNAVAILABLE: &str = "PacketFilterUnavailable";

/// NODE-4, in this order.
fn conditions(now: Timestamp, old: &[Value], state: &NodeState) -> Vec<Value> {
    let held = |ty: &str| state.pressures.contains(&ty);
    let filter = match &state.network_impairment {
        Some(why) => Some((PACKET_FILTER_UNAVAILABLE, "True", "NoPacketFilter", why.as_str())),
        None if old.iter().any(|condition| condition["type"] == PACKET_FILTER_UNAVAILABLE) => {
            Some((PACKET_FILTER_UNAVAILABLE, "False", "HasPacketFilter", "packets of pods are judged"))
        }
        None => None,
    };
    let pressures = [
        if held("MemoryPressure") {
            ("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        } else {
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available")
        },
        if held("DiskPressure") {
            ("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
        } else {
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
        },
        if held("PIDPressure") {
            ("PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available")
        } else {
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available")
        },
    ];
    let ready = match state.not_ready {
        None => ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        Some(why) => ("Ready", "False", "KubeletNotReady", why),
    };
    let one = |(ty, status, reason, message): (&str, &str, &str, &str)| {
        let same = old.iter().find(|c| c["type"] == ty && c["status"] == status).and_then(|c| c["lastTransitionTime"].as_str());
        let since = same.map_or_else(|| now.rfc3339(), str::to_owned);
        json!({"type": ty, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now.rfc3339(), "lastTransitionTime": since})
    };
    pressures.into_iter().chain(filter).chain([ready]).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_keep_their_transition_time() {
        let machine = Machine { name: "n".into(), memory_bytes: 1 << 30, ..Machine::default() };
        let first = machine.status(Timestamp::from_seconds(1000), &[], &NodeState::default());
        let second = machine.status(Timestamp::from_seconds(2000), first["conditions"].as_array().unwrap(), &NodeState::default());
        assert_eq!(second["conditions"][3]["lastTransitionTime"], first["conditions"][3]["lastTransitionTime"]);
        assert_ne!(second["conditions"][3]["lastHeartbeatTime"], first["conditions"][3]["lastHeartbeatTime"]);
        assert_eq!(first["conditions"][3]["type"], "Ready"); // NODE-4: Ready last
    }

    #[test]
    fn allocatable_is_below_capacity() {
        // NODE-2
        let machine = Machine { cpus: 2, memory_bytes: 1 << 30, pods_max: 110, ..Machine::default() };
        let status = machine.status(Timestamp::default(), &[], &NodeState::default());
        assert_eq!(status["capacity"]["memory"], "1048576Ki");
        assert_eq!(status["allocatable"]["memory"], "946176Ki");
        assert_eq!(status["allocatable"]["pods"], "110");
        let huge_pages = vec![HugePages { page_kib: 2048, pages: 128 }, HugePages { page_kib: 1 << 20, pages: 0 }];
        let status = Machine { huge_pages, ..machine }.status(Timestamp::default(), &[], &NodeState::default());
        assert_eq!((&status["capacity"]["memory"], &status["allocatable"]["memory"]), (&"1048576Ki".into(), &"684032Ki".into()));
        for amounts in [&status["capacity"], &status["allocatable"]] {
            assert_eq!((&amounts["hugepages-2Mi"], &amounts["hugepages-1Gi"]), (&"256Mi".into(), &"0".into()));
        }
    }
}
