//! Pods: all that controllers and the scheduler read of them; the value keeps node selector, affinity and spread constraints alone.

use super::job_pod::JobPodFacts;
use super::node::Taint;
use super::{Facts, Index, Kind, in_units, keep};
use std::collections::BTreeMap;
use stead_api::kinds::pod_spec::totals;
use stead_api::{Value, quantity::Quantity, time::Timestamp, value::Access};
use stead_client::Key;
use stead_client::resource::PODS;

pub const KIND: Kind = Kind {
    resource: PODS,
    read: |key, value| Facts::Pod(Box::new(PodFacts::take(&key.name, value))),
    indexes: &[BY_NODE, BY_CLAIM, BY_POD_AFFINITY],
};

/// By spec.nodeName; those without a node under the empty name.
pub const BY_NODE: Index = Index { resource: PODS, name: "node", terms: |_, facts| vec![facts.pod().node.clone()] };

/// By the claims that a pod which has not ended uses, each `namespace/name`.
pub const BY_CLAIM: Index = Index {
    resource: PODS,
    name: "claim",
    terms: |key, facts| match facts.pod().terminal() {
        true => Vec::new(),
        false => facts.pod().claim_keys(&key.namespace).map(|claim| claim.to_string()).collect(),
    },
};

/// Pods with terms of affinity to or against other pods, by [`REQUIRED`] and [`PREFERRED`].
pub const BY_POD_AFFINITY: Index = Index {
    resource: PODS,
    name: "pod affinity",
    terms: |_, facts| {
        let facts = facts.pod();
        let terms = [(facts.has_required_pod_affinity, REQUIRED), (facts.has_preferred_pod_affinity, PREFERRED)];
        terms.iter().filter(|(has, _)| *has).map(|(_, term)| (*term).to_owned()).collect()
    },
};

/// Terms of [`BY_POD_AFFINITY`].
pub const REQUIRED: &str = "required";
pub const PREFERRED: &str = "preferred";

/// spec.schedulerName of the pods that this scheduler places.
pub const SCHEDULER: &str = "default-scheduler";

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
    /// Condition PodScheduled.
    pub scheduled: Option<Scheduled>,
    /// spec.nodeName.
    pub node: String,
    pub priority: i64,
    /// Pods of lower priority may go in its favour.
    pub preempts: bool,
    /// It is for this scheduler, and nothing gates it.
    pub is_schedulable: bool,
    /// status.nominatedNodeName; empty if not set.
    pub nominated: String,
    /// Condition DisruptionTarget says that the scheduler ends it for another.
    pub is_preempted: bool,
    /// Since when condition DisruptionTarget says that somebody else than its node ends it.
    pub disrupted_at: Option<Timestamp>,
    /// status.startTime.
    pub started: Option<Timestamp>,
    /// The images of its containers, with a tag; only while it has no node.
    pub images: Vec<String>,
    /// Cpu and memory as scores count them: a container that asks for nothing counts for something (SCH-93).
    pub scored: (i64, i64),
    /// What it asks of a node: milli-units of cpu, units of everything else; `pods` not included.
    pub requests: BTreeMap<String, i64>,
    /// (protocol, hostIP, hostPort) of its containers.
    pub host_ports: Vec<(String, String, i64)>,
    /// Names of the claims that it uses, those of its ephemeral volumes among them.
    pub claims: Vec<String>,
    pub ephemeral: Vec<EphemeralVolume>,
    pub tolerations: Vec<Toleration>,
    /// status.podIPs, the first of them status.podIP.
    pub addresses: Vec<String>,
    /// spec.hostname and spec.subdomain; empty if not set.
    pub hostname: String,
    pub subdomain: String,
    /// The named ports of its containers, then those of its sidecars.
    pub named_ports: Vec<NamedPort>,
    /// It requires or refuses the company of other pods.
    pub has_required_pod_affinity: bool,
    /// It prefers or avoids the company of other pods.
    pub has_preferred_pod_affinity: bool,
    /// Annotation [`DELETION_COST`]; 0 if there is none.
    pub deletion_cost: i32,
    /// The most that any container was restarted, and any sidecar.
    pub restarts: (i64, i64),
    /// Of pods that a Job has, or might adopt.
    pub job: Option<Box<JobPodFacts>>,
}

/// Of pods of a set that shrinks those with a lower one go first (RS-4).
pub const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// A container's port that Services may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPort {
    pub name: String,
    pub protocol: String,
    pub number: i64,
}

/// A volume whose claim is made for this pod (EPH-1).
#[derive(Debug, Clone, PartialEq)]
pub struct EphemeralVolume {
    pub name: String,
    /// volumeClaimTemplate.
    pub template: Value,
}

impl EphemeralVolume {
    fn of(volume: &Value) -> Option<Self> {
        let template = volume.get("ephemeral")?.get("volumeClaimTemplate")?.clone();
        Some(Self { name: volume.str("name").to_owned(), template })
    }

    /// Name of its claim, given the pod's.
    pub fn claim(&self, pod: &str) -> String {
        format!("{pod}-{}", self.name)
    }
}

/// Condition PodScheduled; why it is so is kept only while it says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    pub status: bool,
    pub reason: String,
    pub message: String,
    pub since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    pub key: String,
    pub operator: Operator,
    pub effect: String,
    /// tolerationSeconds.
    pub seconds: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    Exists,
    Equal(String),
    /// One that this version does not know: it tolerates nothing.
    Unknown,
}

impl Toleration {
    pub(crate) fn of(value: &Value) -> Self {
        let operator = match value.str("operator") {
            "Exists" => Operator::Exists,
            "" | "Equal" => Operator::Equal(value.str("value").to_owned()),
            _ => Operator::Unknown,
        };
        Self { key: value.str("key").to_owned(), operator, effect: value.str("effect").to_owned(), seconds: value.int("tolerationSeconds") }
    }

    /// SCH-43.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let effect = self.effect.is_empty() || self.effect == taint.effect;
        let key = match &self.operator {
            Operator::Exists => self.key.is_empty() || self.key == taint.key,
            Operator::Equal(value) => self.key == taint.key && *value == taint.value,
            Operator::Unknown => false,
        };
        effect && key
    }
}

impl PodFacts {
    pub(crate) const NONE: Self = Self {
        parent: String::new(),
        ordinal: -1,
        phase: String::new(),
        ready: false,
        ready_since: None,
        scheduled: None,
        node: String::new(),
        priority: 0,
        preempts: true,
        is_schedulable: false,
        nominated: String::new(),
        is_preempted: false,
        disrupted_at: None,
        started: None,
        images: Vec::new(),
        scored: (0, 0),
        requests: BTreeMap::new(),
        host_ports: Vec::new(),
        claims: Vec::new(),
        ephemeral: Vec::new(),
        tolerations: Vec::new(),
        addresses: Vec::new(),
        hostname: String::new(),
        subdomain: String::new(),
        named_ports: Vec::new(),
        has_required_pod_affinity: false,
        has_preferred_pod_affinity: false,
        deletion_cost: 0,
        restarts: (0, 0),
        job: None,
    };

    /// Reads the facts and drops from the value what they hold.
    fn take(name: &str, value: &mut Value) -> Self {
        let (parent, ordinal) = identity(name);
        let spec = value.get("spec").unwrap_or(&Value::Null);
        let status = value.get("status").unwrap_or(&Value::Null);
        let condition = |ty: &str| status.items("conditions").iter().find(|c| c.str("type") == ty);
        let ready = condition("Ready");
        let has_terms = |member: &str| ["podAffinity", "podAntiAffinity"].iter().any(|kind| spec["affinity"][kind].has(member));
        let ephemeral: Vec<EphemeralVolume> = spec.items("volumes").iter().filter_map(EphemeralVolume::of).collect();
        let named = spec.items("volumes").iter().map(|volume| volume["persistentVolumeClaim"].str("claimName").to_owned());
        let claims = named.filter(|claim| !claim.is_empty()).chain(ephemeral.iter().map(|volume| volume.claim(name)));
        let facts = Self {
            parent: parent.to_owned(),
            ordinal,
            phase: status.str("phase").to_owned(),
            ready: ready.is_some_and(|c| c.str("status") == "True"),
            ready_since: ready.and_then(|c| Timestamp::parse(c.str("lastTransitionTime"))),
            scheduled: condition("PodScheduled").map(Scheduled::of),
            node: spec.str("nodeName").to_owned(),
            priority: spec.int("priority").unwrap_or(0),
            preempts: spec.str("preemptionPolicy") != "Never",
            is_schedulable: matches!(spec.str("schedulerName"), SCHEDULER | "") && spec.items("schedulingGates").is_empty(),
            nominated: status.str("nominatedNodeName").to_owned(),
            is_preempted: condition("DisruptionTarget").is_some_and(|c| c.str("reason") == "PreemptionByScheduler"),
            disrupted_at: condition("DisruptionTarget").and_then(disrupted_at),
            started: Timestamp::parse(status.str("startTime")),
            images: if spec.str("nodeName").is_empty() { images(spec) } else { Vec::new() },
            scored: scored(spec),
            requests: requests(spec, status),
            host_ports: host_ports(spec),
            claims: claims.collect(),
            ephemeral,
            tolerations: spec.items("tolerations").iter().map(Toleration::of).collect(),
            addresses: addresses(status),
            hostname: spec.str("hostname").to_owned(),
            subdomain: spec.str("subdomain").to_owned(),
            named_ports: named_ports(spec),
            has_required_pod_affinity: has_terms("requiredDuringSchedulingIgnoredDuringExecution"),
            has_preferred_pod_affinity: has_terms("preferredDuringSchedulingIgnoredDuringExecution"),
            deletion_cost: value["metadata"]["annotations"].str(DELETION_COST).parse().unwrap_or(0),
            restarts: restarts(spec, status),
            job: JobPodFacts::of(value),
        };
        trim(value);
        facts
    }

    /// The claims that it uses, in its namespace.
    pub fn claim_keys(&self, namespace: &str) -> impl Iterator<Item = Key> {
        self.claims.iter().map(move |name| Key::new(namespace, name.as_str()))
    }

    /// What the Job controller reads of it.
    pub fn job(&self) -> &JobPodFacts {
        static NONE: JobPodFacts = JobPodFacts::NONE;
        self.job.as_deref().unwrap_or(&NONE)
    }

    /// Whether the node has not started all of it yet (ST-1).
    pub fn pending(&self) -> bool {
        self.phase == "Pending"
    }

    /// When it got its node; the beginning of time if nothing says so.
    pub fn scheduled_at(&self) -> Timestamp {
        self.scheduled.as_ref().filter(|scheduled| scheduled.status).and_then(|scheduled| scheduled.since).unwrap_or_default()
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

impl Scheduled {
    fn of(condition: &Value) -> Self {
        let status = condition.str("status") != "False";
        // What is so of every running pod is not kept ten thousand times.
        let text = |name: &str| if status { String::new() } else { condition.str(name).to_owned() };
        let since = Timestamp::parse(condition.str("lastTransitionTime"));
        Self { status, reason: text("reason"), message: text("message"), since }
    }
}

/// Of a condition DisruptionTarget; a node's own mark stays however long the node takes.
fn disrupted_at(condition: &Value) -> Option<Timestamp> {
    let counts = condition.str("status") == "True" && condition.str("reason") != "TerminationByKubelet";
    counts.then(|| Timestamp::parse(condition.str("lastTransitionTime")).unwrap_or_default())
}

fn trim(value: &mut Value) {
    keep(value, "spec", &["nodeSelector", "affinity", "topologySpreadConstraints"]);
    let spec = value.get_mut("spec").map(Value::take).filter(|spec| spec.as_object().is_some_and(|members| !members.is_empty()));
    *value = spec.map_or(Value::Null, |spec| stead_api::json!({ "spec": spec }));
}

/// Pod-level requests, else those of the containers together, and the overhead (SCH-55).
fn requests(spec: &Value, status: &Value) -> BTreeMap<String, i64> {
    totals::pod_requests_and_given(spec, status).into_iter().map(|(name, quantity)| (name.clone(), in_units(&name, &quantity))).collect()
}

/// What a container counts for in scores if it asks for nothing: milli-units of cpu, bytes of memory.
const LEAST: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "200Mi")];

fn scored(spec: &Value) -> (i64, i64) {
    let least = LEAST.iter().filter_map(|(name, amount)| Some(((*name).to_owned(), Quantity::parse(amount).ok()?))).collect();
    let total = totals::pod_requests_of_at_least(spec, &least);
    let of = |name: &str| total.get(name).map_or(0, |quantity| in_units(name, quantity));
    (of("cpu"), of("memory"))
}

/// Names as nodes tell them: with a tag.
fn images(spec: &Value) -> Vec<String> {
    let containers = spec.items("initContainers").iter().chain(spec.items("containers"));
    let tagged = |image: &str| {
        let has_tag = image.contains('@') || image.rsplit('/').next().is_some_and(|last| last.contains(':'));
        if has_tag { image.to_owned() } else { format!("{image}:latest") }
    };
    containers.map(|container| tagged(container.str("image"))).collect()
}

/// The ports of its containers, then those of its sidecars.
fn container_ports(spec: &Value) -> impl Iterator<Item = &Value> {
    let sidecars = spec.items("initContainers").iter().filter(|c| c.str("restartPolicy") == "Always");
    spec.items("containers").iter().chain(sidecars).flat_map(|c| c.items("ports"))
}

fn named_ports(spec: &Value) -> Vec<NamedPort> {
    let named = container_ports(spec).filter(|port| !port.str("name").is_empty());
    let read = |port: &Value| {
        let number = port.int("containerPort")?;
        Some(NamedPort { name: port.str("name").to_owned(), protocol: port.str("protocol").to_owned(), number })
    };
    named.filter_map(read).collect()
}

fn restarts(spec: &Value, status: &Value) -> (i64, i64) {
    let most = |counts: &mut dyn Iterator<Item = &Value>| counts.filter_map(|c| c.int("restartCount")).max().unwrap_or(0);
    let is_sidecar = |name: &str| spec.items("initContainers").iter().any(|c| c.str("name") == name && c.str("restartPolicy") == "Always");
    let mut sidecars = status.items("initContainerStatuses").iter().filter(|c| is_sidecar(c.str("name")));
    (most(&mut status.items("containerStatuses").iter()), most(&mut sidecars))
}

fn addresses(status: &Value) -> Vec<String> {
    let all = status.items("podIPs").iter().map(|item| item.str("ip"));
    let all: Vec<String> = all.filter(|ip| !ip.is_empty()).map(str::to_owned).collect();
    let only = status.str("podIP");
    if all.is_empty() && !only.is_empty() { vec![only.to_owned()] } else { all }
}

fn host_ports(spec: &Value) -> Vec<(String, String, i64)> {
    container_ports(spec)
        .filter_map(|port| Some((port.str("protocol").to_owned(), port.str("hostIP").to_owned(), port.int("hostPort").filter(|p| *p > 0)?)))
        .collect()
}
