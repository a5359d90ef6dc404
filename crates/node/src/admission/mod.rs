//! Whether this node takes a pod that is bound to it (POD-17): what there is room for, and whom it is for. Pure; the words are a kubelet's.
//!
//! A pod is judged once, when it is new to the node; from then on it counts until it has ended.

mod preempt;
mod resize;
mod sysctls;

pub use sysctls::normal as sysctl_name;

use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::kinds::pod_spec::amount::{self, Amounts};
use stead_api::kinds::pod_spec::node_selection::{self, Candidate};
use stead_api::kinds::pod_spec::qos::QosClass;
use stead_api::kinds::pod_spec::{is_native_resource, totals};
use stead_api::quantity::Quantity;
use stead_api::value::Access;

/// A priority from which on a pod is critical (system-cluster-critical).
pub const CRITICAL: i64 = 2_000_000_000;

/// Why a pod is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: &'static str,
    pub message: String,
    /// It was judged by labels or taints, which may have been changed a moment ago: look at the node again before this is said.
    pub by_node: bool,
}

impl Rejection {
    fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), by_node: false }
    }
}

/// What a node gives to pods, and what they have taken.
#[derive(Debug, Clone, Default)]
pub struct Room {
    node: String,
    allocatable: Amounts,
    labels: BTreeMap<String, String>,
    taints: Vec<Value>,
    /// Conditions of pressure that hold now: `MemoryPressure`.
    pressures: Vec<&'static str>,
    shutting_down: bool,
    /// By pod uid.
    taken: BTreeMap<String, Taken>,
}

/// What one pod has taken.
#[derive(Debug, Clone, PartialEq)]
struct Taken {
    requests: Amounts,
    ports: Vec<Port>,
    priority: i64,
    class: QosClass,
}

impl Taken {
    /// As it counts: of CPU thousandths.
    fn amount(&self, name: &str) -> i64 {
        if name == "pods" { 1 } else { self.requests.get(name).map_or(0, |amount| number(name, amount)) }
    }
}

/// What there is not enough of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lack {
    name: String,
    requested: i64,
    used: i64,
    capacity: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    protocol: String,
    ip: String,
    number: i64,
}

impl Room {
    /// Of a node with that `status.allocatable` and those labels.
    pub fn new(node: &str, allocatable: &Value, labels: &Value) -> Self {
        let mut room = Self { node: node.to_owned(), allocatable: amount::amounts(allocatable.as_object()), ..Self::default() };
        room.labels = texts(labels);
        room
    }

    /// The Node as the API has it: others set labels and taints.
    pub fn node_is(&mut self, node: &Value) {
        self.labels = texts(&node["metadata"]["labels"]);
        self.taints = node["spec"].items("taints").to_vec();
    }

    /// Which conditions of pressure hold.
    pub fn under_pressure(&mut self, pressures: Vec<&'static str>) {
        self.pressures = pressures;
    }

    pub fn pressures(&self) -> &[&'static str] {
        &self.pressures
    }

    /// From now on no pod is taken.
    pub fn shut_down(&mut self) {
        self.shutting_down = true;
    }

    /// Pods are taken again.
    pub fn open(&mut self) {
        self.shutting_down = false;
    }

    pub fn is_shutting_down(&self) -> bool {
        self.shutting_down
    }

    /// Whether a NodeSelector's terms select this node.
    pub fn is_selected(&self, selector: &Value) -> bool {
        let node = Candidate { name: &self.node, labels: &self.labels };
        selector.items("nodeSelectorTerms").iter().any(|term| node_selection::term_matches(term, node))
    }

    /// Takes the pod, or says why not.
    pub fn admit(&mut self, pod: &Value) -> Result<(), Rejection> {
        self.judge(pod)?;
        self.take(pod);
        Ok(())
    }

    /// Counts a pod that was taken before.
    pub fn take(&mut self, pod: &Value) {
        let spec = &pod["spec"];
        let priority = spec.int("priority").unwrap_or_default();
        let taken = Taken { requests: totals::pod_requests(spec), ports: ports(spec), priority, class: QosClass::of(pod) };
        self.taken.insert(pod["metadata"].str("uid").to_owned(), taken);
    }

    /// The pod has ended: what it took is free.
    pub fn free(&mut self, uid: &str) {
        self.taken.remove(uid);
    }

    fn judge(&self, pod: &Value) -> Result<(), Rejection> {
        self.permits(pod)?;
        self.fits(pod)?;
        self.suits(&pod["spec"])?;
        self.is_open()
    }

    /// Whatever speaks against a pod but lack of room.
    fn objects(&self, pod: &Value) -> Result<(), Rejection> {
        self.permits(pod)?;
        self.suits(&pod["spec"])?;
        self.is_open()
    }

    fn permits(&self, pod: &Value) -> Result<(), Rejection> {
        let spec = &pod["spec"];
        self.stable(pod)?;
        if let Some(sysctl) = sysctls::forbidden(spec) {
            return Err(Rejection::new("SysctlForbidden", format!("forbidden sysctl: {sysctl}")));
        }
        if pod["metadata"]["labels"].get("kubernetes.io/os").is_some_and(|os| os != "linux") {
            let message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
            return Err(Rejection::new("PodOSSelectorNodeLabelDoesNotMatch", message));
        }
        if !matches!(spec["os"].str("name"), "" | "linux") {
            return Err(Rejection::new("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"));
        }
        Ok(())
    }

    fn is_open(&self) -> Result<(), Rejection> {
        if self.shutting_down {
            return Err(Rejection::new("NodeShutdown", "Pod was rejected as the node is shutting down."));
        }
        Ok(())
    }

    /// NODE-14.
    fn stable(&self, pod: &Value) -> Result<(), Rejection> {
        if self.pressures.is_empty() || pod["spec"].int("priority").is_some_and(|priority| priority >= CRITICAL) {
            return Ok(());
        }
        let tolerated = || tolerates(&pod["spec"], "node.kubernetes.io/memory-pressure", "", "NoSchedule");
        if self.pressures == ["MemoryPressure"] && (QosClass::of(pod) != QosClass::BestEffort || tolerated()) {
            return Ok(());
        }
        Err(Rejection::new("Evicted", format!("The node had condition: [{}]. ", self.pressures.join(" "))))
    }

    /// Of several lacks the first is named.
    fn fits(&self, pod: &Value) -> Result<(), Rejection> {
        self.lacks(pod).first().map_or(Ok(()), |lack| Err(lack.rejection()))
    }

    /// Everything that there is not enough of for the pod.
    fn lacks(&self, pod: &Value) -> Vec<Lack> {
        let others = || self.taken.iter().filter(|(uid, _)| *uid != pod["metadata"].str("uid")).map(|(_, taken)| taken);
        let capacity = |name: &str| self.allocatable.get(name).map_or(0, |amount| number(name, amount));
        let mut wanted: Vec<(String, Quantity)> = totals::pod_requests(&pod["spec"]).into_iter().collect();
        let rank = |name: &str| ["cpu", "memory", "ephemeral-storage"].iter().position(|first| *first == name).unwrap_or(3);
        wanted.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
        // A resource that this node does not have may be one of the whole cluster.
        let elsewhere = |name: &str| !is_native_resource(name) && !self.allocatable.contains_key(name);
        let wanted = wanted.into_iter().filter(|(name, requested)| !elsewhere(name) && !requested.is_zero());
        let wanted = wanted.map(|(name, requested)| (number(&name, &requested), name));
        let all = std::iter::once((1, "pods".to_owned())).chain(wanted).map(|(requested, name)| {
            let used = others().map(|taken| taken.amount(&name)).fold(0, i64::saturating_add);
            Lack { requested, used, capacity: capacity(&name), name }
        });
        all.filter(|lack| lack.requested > lack.capacity.saturating_sub(lack.used)).collect()
    }

    fn suits(&self, spec: &Value) -> Result<(), Rejection> {
        let failed = |reason: &'static str, text: &str| Rejection::new(reason, format!("Predicate {reason} failed: {text}"));
        if !node_selection::selects(spec, Candidate { name: &self.node, labels: &self.labels }) {
            return Err(Rejection { by_node: true, ..failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector") });
        }
        if ports(spec).iter().any(|port| self.taken.values().flat_map(|taken| &taken.ports).any(|other| clash(port, other))) {
            return Err(failed("NodePorts", "node(s) didn't have free ports for the requested pod ports"));
        }
        let evicting = self.taints.iter().filter(|taint| taint.str("effect") == "NoExecute");
        if evicting.into_iter().any(|taint| !tolerates(spec, taint.str("key"), taint.str("value"), "NoExecute")) {
            return Err(Rejection { by_node: true, ..failed("TaintToleration", "node(s) had taints that the pod didn't tolerate") });
        }
        Ok(())
    }
}

/// As resources are counted: CPU in thousandths.
fn number(name: &str, amount: &Quantity) -> i64 {
    if name == "cpu" { amount.milli_value_ceil() } else { amount.value_ceil() }
}

impl Lack {
    fn rejection(&self) -> Rejection {
        let Self { name, requested, used, capacity } = self;
        let reason = match name.as_str() {
            "cpu" => "OutOfcpu",
            "memory" => "OutOfmemory",
            "ephemeral-storage" => "OutOfephemeral-storage",
            "pods" => "OutOfpods",
            "hugepages-2Mi" => "OutOfhugepages-2Mi",
            "hugepages-1Gi" => "OutOfhugepages-1Gi",
            _ => "UnexpectedPredicateFailureType",
        };
        let message = format!("Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}");
        Rejection::new(reason, message)
    }

    /// How much more must be free.
    fn need(self) -> preempt::Need {
        let missing = self.requested.saturating_sub(self.capacity.saturating_sub(self.used));
        preempt::Need { name: self.name, missing }
    }
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let members = map.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn tolerates(spec: &Value, key: &str, value: &str, effect: &str) -> bool {
    spec.items("tolerations").iter().any(|toleration| {
        let of_effect = matches!(toleration.str("effect"), "") || toleration.str("effect") == effect;
        let of_key = toleration.str("key") == key;
        of_effect
            && match toleration.str("operator") {
                "Exists" => of_key || toleration.str("key").is_empty(),
                "" | "Equal" => of_key && toleration.str("value") == value,
                _ => false,
            }
    })
}

fn ports(spec: &Value) -> Vec<Port> {
    let sidecars = spec.items("initContainers").iter().filter(|init| stead_api::kinds::pod_spec::is_sidecar(init));
    let ports = spec.items("containers").iter().chain(sidecars).flat_map(|container| container.items("ports"));
    let on_host = ports.filter_map(|port| Some((port, port.int("hostPort").filter(|number| *number > 0)?)));
    on_host
        .map(|(port, number)| {
            let protocol = if port.str("protocol").is_empty() { "TCP" } else { port.str("protocol") };
            Port { protocol: protocol.to_owned(), ip: port.str("hostIP").to_owned(), number }
        })
        .collect()
}

fn clash(a: &Port, b: &Port) -> bool {
    let any = |ip: &str| matches!(ip, "" | "0.0.0.0" | "::");
    a.protocol == b.protocol && a.number == b.number && (a.ip == b.ip || any(&a.ip) || any(&b.ip))
}

#[cfg(test)]
mod tests;
