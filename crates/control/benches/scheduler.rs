//! What placing pods costs the scheduler and its engine on a large cluster: pods per second, with every call answered at once and every report included. Owns the
//! measuring, no limits. There is no server in it: what a server does for each pod comes on top.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::Call;
use stead_client::resource::{NAMESPACES, NODES, PODS, Resource, STATEFUL_SETS};
use stead_control::engine::{Engine, Input, Now, Report, Start};
use stead_control::object::Object;
use stead_control::scheduler::Scheduler;

const NODES_COUNT: usize = 5_000;
/// Pods that are there before.
const PLACED: usize = 20_000;
/// Pods that come, so many at a time.
const COMING: usize = 10_000;
const BATCH: usize = 500;
const RESOURCES: &[Resource] = &[PODS, NODES, NAMESPACES, STATEFUL_SETS];

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]}});
    let zones = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}}]);
    for (what, count, spec) in [
        ("pods of a StatefulSet", COMING, json!({})),
        ("the same, spread over zones", COMING, json!({"topologySpreadConstraints": zones})),
        ("the same, never two on a node", NODES_COUNT / 2, json!({"affinity": apart})),
        ("pods that fit nowhere, each once", COMING / 10, json!({"nodeSelector": {"no": "such"}})),
    ] {
        let mut cluster = Cluster::new();
        let took = cluster.place(count, &spec);
        let rate = count as f64 / took.as_secs_f64();
        writeln!(out, "{what:<34} {rate:>8.0} per second ({} of {count} have a node)", cluster.bound)?;
    }
    Ok(())
}

struct Cluster {
    engine: Engine,
    started: Instant,
    version: u64,
    bound: usize,
    calls: VecDeque<Start>,
    pods: std::collections::BTreeMap<String, Value>,
}

impl Cluster {
    fn new() -> Self {
        let engine = Engine::new(vec![Box::new(Scheduler::new(RESOURCES))]);
        let mut cluster =
            Self { engine, started: Instant::now(), version: 1, bound: 0, calls: VecDeque::new(), pods: std::collections::BTreeMap::new() };
        let nodes = (0..NODES_COUNT).map(node).collect();
        cluster.replace(NODES, nodes);
        cluster.replace(NAMESPACES, vec![json!({"metadata": {"name": "default"}})]);
        let set = json!({"metadata": {"name": "web", "namespace": "default", "uid": "set"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}});
        cluster.replace(STATEFUL_SETS, vec![set]);
        let placed = |n: usize| pod(&format!("old-{n}"), "old", &json!({"nodeName": format!("node-{}", n % NODES_COUNT)}));
        cluster.replace(PODS, (0..PLACED).map(placed).collect());
        cluster
    }

    fn now(&self) -> Now {
        let steady = self.started.elapsed();
        let micros = i64::try_from(steady.as_micros()).unwrap_or(i64::MAX);
        Now { wall: Timestamp(1_800_000_000_000_000 + micros), steady }
    }

    fn object(&mut self, resource: Resource, mut value: Value) -> Object {
        self.version += 1;
        let name = value["metadata"].str("name").to_owned();
        let meta = &mut value["metadata"];
        meta["resourceVersion"] = self.version.to_string().into();
        if meta.get("uid").is_none() {
            meta["uid"] = format!("{}-{name}", resource.plural).into();
        }
        Object::parse(resource, value).expect("it has a name")
    }

    fn replace(&mut self, resource: Resource, values: Vec<Value>) {
        let objects = values.into_iter().map(|value| self.object(resource, value)).collect();
        let report = Report::Replaced { objects, version: self.version };
        self.input(Input::Watch { resource, report });
    }

    fn put(&mut self, value: Value) {
        let object = self.object(PODS, value);
        self.input(Input::Watch { resource: PODS, report: Report::Put(object) });
    }

    fn input(&mut self, input: Input) {
        let now = self.now();
        self.calls.extend(self.engine.take(input, now));
    }

    /// Time until all of these were tried and the calls are done.
    fn place(&mut self, count: usize, spec: &Value) -> Duration {
        let began = Instant::now();
        for first in (0..count).step_by(BATCH) {
            for n in first..(first + BATCH).min(count) {
                let name = format!("web-{n}");
                let value = pod(&name, "web", spec);
                self.pods.insert(name, value.clone());
                self.put(value);
            }
            self.settle();
        }
        began.elapsed()
    }

    fn settle(&mut self) {
        loop {
            let now = self.now();
            self.calls.extend(self.engine.work(now));
            if self.calls.is_empty() {
                match self.engine.next_timer().map(|at| at.saturating_sub(self.started.elapsed())) {
                    // Attempts that go on in a moment; back-off and the five minutes are none.
                    Some(left) if left < Duration::from_millis(20) => continue,
                    _ => return,
                }
            }
            while let Some(start) = self.calls.pop_front() {
                let answer = self.answer(&start.call);
                self.input(Input::Outcome { id: start.id, result: Ok(answer) });
            }
        }
    }

    /// What a server does.
    fn answer(&mut self, call: &Call) -> Value {
        match call {
            Call::Create { subresource: (name, "binding"), body, .. } => {
                if let Some(mut pod) = self.pods.get(name).cloned() {
                    pod["spec"]["nodeName"] = body["target"]["name"].clone();
                    self.bound += 1;
                    self.put(pod);
                }
                json!({"kind": "Status"})
            }
            Call::Create { body, .. } => body.clone(),
            _ => json!({"kind": "Pod", "metadata": {"resourceVersion": self.version.to_string()}}),
        }
    }
}

fn node(n: usize) -> Value {
    let name = format!("node-{n}");
    let labels =
        json!({"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": format!("zone-{}", n % 3), "kubernetes.io/os": "linux"});
    let allocatable = json!({"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi", "pods": "110"});
    json!({"metadata": {"name": name, "labels": labels}, "spec": {}, "status": {"allocatable": allocatable}})
}

fn pod(name: &str, app: &str, more: &Value) -> Value {
    let container = json!({"name": "c", "image": "web:1", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}});
    let mut spec = json!({"schedulerName": "default-scheduler", "containers": [container]});
    for (member, value) in more.as_object().into_iter().flatten() {
        spec[member] = value.clone();
    }
    let owner = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": app, "uid": "set", "controller": true});
    let meta = json!({"name": name, "namespace": "default", "labels": {"app": app}, "ownerReferences": [owner],
        "creationTimestamp": "2027-01-15T08:00:00Z"});
    json!({"metadata": meta, "spec": spec, "status": {"phase": "Pending"}})
}
