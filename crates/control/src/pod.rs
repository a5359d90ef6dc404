//! What controllers and the scheduler read of a pod, parsed once when it arrives.
//! Input: the pod's JSON. Output: [`PodFacts`]; the value keeps what is read seldom (tolerations, affinity, conditions).

use std::collections::BTreeMap;
use stead_api::quantity::Quantity;
use stead_api::{Map, Value, time::Timestamp, value::Access};

/// Parsed facts of a pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodFacts {
    /// Name without `-<ordinal>` (ID-2); empty if the name has none.
    pub parent: String,
    /// -1 if the name has none or it is too large.
    pub ordinal: i32,
    /// Empty until the server gave it one.
    pub phase: String,
    /// Condition Ready is True.
    pub ready: bool,
    /// When Ready last changed.
    pub ready_since: Option<Timestamp>,
    /// spec.nodeName.
    pub node: String,
    /// What it asks of a node: milli-units of cpu, units of everything else; `pods` not included.
    pub requests: BTreeMap<String, i64>,
    /// (protocol, hostIP, hostPort) of its containers.
    pub host_ports: Vec<(String, String, i64)>,
    /// It requires or refuses the company of other pods.
    pub social: bool,
}

impl PodFacts {
    pub(crate) const NONE: Self = Self {
        parent: String::new(),
        ordinal: -1,
        phase: String::new(),
        ready: false,
        ready_since: None,
        node: String::new(),
        requests: BTreeMap::new(),
        host_ports: Vec::new(),
        social: false,
    };

    /// Reads the facts and drops the containers from the value.
    pub(crate) fn take(name: &str, value: &mut Value) -> Self {
        let (parent, ordinal) = identity(name);
        let spec = value.get("spec").unwrap_or(&Value::Null);
        let status = value.get("status").unwrap_or(&Value::Null);
        let ready = status.items("conditions").iter().find(|c| c.str("type") == "Ready");
        let facts = Self {
            parent: parent.to_owned(),
            ordinal,
            phase: status.str("phase").to_owned(),
            ready: ready.is_some_and(|c| c.str("status") == "True"),
            ready_since: ready.and_then(|c| Timestamp::parse(c.str("lastTransitionTime"))),
            node: spec.str("nodeName").to_owned(),
            requests: requests(spec),
            host_ports: host_ports(spec),
            social: ["podAffinity", "podAntiAffinity"]
                .iter()
                .any(|kind| spec["affinity"][kind].has("requiredDuringSchedulingIgnoredDuringExecution")),
        };
        trim(value);
        facts
    }

    /// Whether the node has not started all of it yet (ST-1).
    pub fn pending(&self) -> bool {
        self.phase == "Pending"
    }

    pub fn terminal(&self) -> bool {
        matches!(self.phase.as_str(), "Failed" | "Succeeded")
    }
}

/// Parent and ordinal of a pod's name (ID-2).
pub fn identity(name: &str) -> (&str, i32) {
    match name.rsplit_once('-') {
        Some((parent, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            (parent, digits.parse().unwrap_or(-1))
        }
        _ => ("", -1),
    }
}

/// Members of a pod's spec that are kept; containers are gone once their requests are summed.
const KEPT: &[&str] = &["nodeSelector", "affinity", "tolerations", "schedulingGates", "schedulerName", "volumes", "priority"];

/// There may be ten thousand pods: only what is read stays.
fn trim(value: &mut Value) {
    keep(value, "metadata", &["labels"]);
    keep(value, "spec", KEPT);
    keep(value, "status", &["conditions"]);
    if let Some(Value::Array(volumes)) = value.get_mut("spec").and_then(|spec| spec.get_mut("volumes")) {
        volumes.retain(|volume| volume.has("persistentVolumeClaim"));
        volumes.shrink_to_fit();
    }
}

fn keep(value: &mut Value, part: &str, names: &[&str]) {
    if let Some(members) = value.get_mut(part).and_then(Value::as_object_mut) {
        let kept: Map<String, Value> = names.iter().filter_map(|name| members.shift_remove_entry(*name)).collect();
        *members = kept;
    }
}

/// Sum over containers, or the largest init container (sidecars count on), plus overhead.
fn requests(spec: &Value) -> BTreeMap<String, i64> {
    let mut total = BTreeMap::new();
    for container in spec.items("containers") {
        add(&mut total, &amounts(container));
    }
    let mut sidecars = BTreeMap::new();
    let mut peak: BTreeMap<String, i64> = BTreeMap::new();
    for container in spec.items("initContainers") {
        let mut own = amounts(container);
        if container.str("restartPolicy") == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add(&mut own, &sidecars);
        }
        raise(&mut peak, own);
    }
    raise(&mut total, peak);
    if let Some(overhead) = spec.map("overhead") {
        add(&mut total, &overhead.iter().map(|(name, value)| (name.clone(), amount(name, value))).collect());
    }
    total
}

fn amounts(container: &Value) -> BTreeMap<String, i64> {
    let requests = container.get("resources").and_then(|r| r.map("requests"));
    requests.into_iter().flatten().map(|(name, value)| (name.clone(), amount(name, value))).collect()
}

/// A quantity in the unit that this resource is counted in, rounded up; what cannot be read counts as nothing.
pub fn amount(name: &str, value: &Value) -> i64 {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Ok(quantity) = Quantity::parse(&text) else { return 0 };
    if name == "cpu" { quantity.milli_value_ceil() } else { quantity.value_ceil() }
}

fn add(total: &mut BTreeMap<String, i64>, more: &BTreeMap<String, i64>) {
    for (name, value) in more {
        let sum = total.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*value);
    }
}

fn raise(total: &mut BTreeMap<String, i64>, least: BTreeMap<String, i64>) {
    for (name, value) in least {
        let most = total.entry(name).or_default();
        *most = value.max(*most);
    }
}

fn host_ports(spec: &Value) -> Vec<(String, String, i64)> {
    let containers =
        spec.items("containers").iter().chain(spec.items("initContainers").iter().filter(|c| c.str("restartPolicy") == "Always"));
    let ports = containers.flat_map(|c| c.items("ports"));
    ports
        .filter_map(|port| Some((port.str("protocol").to_owned(), port.str("hostIP").to_owned(), port.int("hostPort").filter(|p| *p > 0)?)))
        .collect()
}
