//! Which pods have a machine on this node, and who is told what: a pure state machine between the watch of pods, the runtime's exits
//! and the pods' machines. It makes sure that a pod waits until the former holder of its name has gone (KILL-11).

use crate::pod::machine::PodUpdate;
use crate::runtime::{Ended, Heard, InstanceState, SandboxRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::Report;

/// What follows for one pod.
#[derive(Debug)]
pub enum Order {
    /// Give it a machine.
    Begin(Begin),
    /// Tell its machine.
    Update { uid: String, update: PodUpdate },
}

/// A pod that is to have a machine.
#[derive(Debug)]
pub struct Begin {
    pub uid: String,
    /// The node that it is for.
    pub node: String,
    pub object: Arc<Value>,
    /// What the runtime has of it, oldest first.
    pub records: Vec<SandboxRecord>,
}

/// The pods of one agent's nodes.
#[derive(Debug, Default)]
pub struct Pods {
    nodes: BTreeSet<String>,
    /// Pods with a machine: `namespace/name` by uid.
    names: BTreeMap<String, String>,
    /// And their uids by name.
    holders: BTreeMap<String, String>,
    /// Pods that wait until the former holder of their name has gone.
    waiting: BTreeMap<String, Arc<Value>>,
    /// Sandboxes that no machine has taken over yet, by pod uid.
    found: BTreeMap<String, Vec<SandboxRecord>>,
}

impl Pods {
    /// The pods of these nodes; `records` are what the runtime has at the agent's start, oldest first, and `directories` the uids of
    /// pods of which there are files.
    pub fn new(nodes: impl IntoIterator<Item = String>, records: Vec<SandboxRecord>, directories: Vec<String>) -> Self {
        let mut found: BTreeMap<String, Vec<SandboxRecord>> = directories.into_iter().map(|uid| (uid, Vec::new())).collect();
        for record in records {
            found.entry(record.labels.get("uid").cloned().unwrap_or_default()).or_default().push(record);
        }
        Self { nodes: nodes.into_iter().collect(), found, ..Self::default() }
    }

    /// Takes in what the watch of pods says; the orders are to be carried out in turn.
    pub fn change(&mut self, report: Report<Arc<Value>>) -> Vec<Order> {
        let mut orders = Vec::new();
        match report {
            Report::Replaced { objects, .. } => self.replace_all(objects, &mut orders),
            Report::Put(pod) => self.object(pod, &mut orders),
            Report::Deleted(pod) => self.gone(pod["metadata"].str("uid"), &mut orders),
            Report::Bookmark { .. } => {}
        }
        orders
    }

    /// These are all pods that there are.
    fn replace_all(&mut self, pods: Vec<Arc<Value>>, orders: &mut Vec<Order>) {
        let listed: BTreeSet<String> = pods.iter().map(|pod| pod["metadata"].str("uid").to_owned()).collect();
        let waiting = self.waiting.values().map(|pod| pod["metadata"].str("uid").to_owned());
        let gone: Vec<String> = self.names.keys().cloned().chain(waiting).filter(|uid| !listed.contains(uid)).collect();
        gone.iter().for_each(|uid| self.gone(uid, orders));
        let orphans: Vec<String> = self.found.keys().filter(|uid| !listed.contains(*uid)).cloned().collect();
        // First of all: a pod that has an orphan's name waits for it.
        orphans.into_iter().for_each(|uid| self.end_orphan(uid, orders));
        pods.into_iter().for_each(|pod| self.object(pod, orders));
    }

    /// The uid of the pod that must be gone before the one that now has its name is begun.
    pub fn waits_for(&self, namespace: &str, pod: &str) -> Option<&str> {
        let name = format!("{namespace}/{pod}");
        self.waiting.get(&name).and_then(|_| self.holders.get(&name)).map(String::as_str)
    }

    fn object(&mut self, pod: Arc<Value>, orders: &mut Vec<Order>) {
        let node = pod["spec"].str("nodeName").to_owned();
        if !self.nodes.contains(&node) {
            return;
        }
        let uid = pod["metadata"].str("uid").to_owned();
        if self.names.contains_key(&uid) {
            return orders.push(Order::Update { uid, update: PodUpdate::Object(pod) });
        }
        let name = name(&pod);
        if let Some(former) = self.holders.get(&name) {
            orders.push(Order::Update { uid: former.clone(), update: PodUpdate::Gone });
            self.waiting.insert(name, pod);
            return;
        }
        self.begin(node, uid, name, pod, orders);
    }

    fn begin(&mut self, node: String, uid: String, name: String, object: Arc<Value>, orders: &mut Vec<Order>) {
        let records = self.found.remove(&uid).unwrap_or_default();
        self.names.insert(uid.clone(), name.clone());
        self.holders.insert(name, uid.clone());
        orders.push(Order::Begin(Begin { uid, node, object, records }));
    }

    /// Ends what runs for a pod that the API does not know (KILL-10). Its machine holds the pod's name until nothing is left (KILL-11).
    fn end_orphan(&mut self, uid: String, orders: &mut Vec<Order>) {
        let (Some(node), Some(records)) = (self.nodes.first().cloned(), self.found.get(&uid)) else { return };
        let pod = Arc::new(remembered(&uid, records));
        self.begin(node, uid.clone(), name(&pod), pod, orders);
        self.gone(&uid, orders);
    }

    fn gone(&mut self, uid: &str, orders: &mut Vec<Order>) {
        if self.names.contains_key(uid) {
            orders.push(Order::Update { uid: uid.to_owned(), update: PodUpdate::Gone });
        }
        self.waiting.retain(|_, pod| pod["metadata"].str("uid") != uid);
    }

    /// A container or a sandbox ended: the uid of the pod whose machine must hear of it, if it has one.
    pub fn heard(&mut self, heard: &Heard) -> Option<String> {
        let (Heard::Ended(Ended { sandbox, .. }) | Heard::SandboxDied { sandbox, .. }) = heard;
        let uid = sandbox.rsplit_once('-').map_or(sandbox.as_str(), |(uid, _)| uid);
        if self.names.contains_key(uid) {
            return Some(uid.to_owned());
        }
        // Its machine is still to come, and must not take it for running.
        self.found.get_mut(uid).into_iter().flatten().filter(|record| record.id == *sandbox).for_each(|record| note(record, heard));
        None
    }

    /// The machine of a pod is over.
    pub fn over(&mut self, uid: &str) -> Vec<Order> {
        let mut orders = Vec::new();
        if let Some(name) = self.forget(uid)
            && let Some(pod) = self.waiting.remove(&name)
        {
            self.object(pod, &mut orders);
        }
        orders
    }

    /// The machine of a pod was lost: another takes its place, from what the runtime has and what the pod was last told.
    pub fn replace(&mut self, uid: &str, records: Vec<SandboxRecord>, last: PodUpdate) -> Vec<Order> {
        let mut orders = Vec::new();
        if self.forget(uid).is_none() {
            return orders;
        }
        self.found.insert(uid.to_owned(), records);
        match last {
            PodUpdate::Object(pod) => self.object(pod, &mut orders),
            PodUpdate::Gone => self.end_orphan(uid.to_owned(), &mut orders),
        }
        orders
    }

    fn forget(&mut self, uid: &str) -> Option<String> {
        let name = self.names.remove(uid)?;
        self.holders.remove(&name);
        Some(name)
    }
}

fn name(pod: &Value) -> String {
    format!("{}/{}", pod["metadata"].str("namespace"), pod["metadata"].str("name"))
}

/// A pod as far as its sandboxes tell: enough to end it.
fn remembered(uid: &str, records: &[SandboxRecord]) -> Value {
    let label = |name: &str| records.iter().find_map(|record| record.labels.get(name)).map(String::as_str).unwrap_or_default();
    // Of files alone nobody knows whose they were.
    let name = Some(label("name")).filter(|name| !name.is_empty()).unwrap_or(uid);
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.containers.keys()).collect();
    let containers: Vec<Value> = names.into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": label("namespace"), "name": name, "uid": uid},
        "spec": {"containers": containers},
    })
}

/// Notes what was heard in a record made before it.
fn note(record: &mut SandboxRecord, heard: &Heard) {
    let Heard::Ended(ended) = heard else {
        record.ready = false;
        return;
    };
    let runs = record.containers.get_mut(&ended.container).into_iter().flatten();
    for run in runs.filter(|run| run.attempt == ended.attempt && matches!(run.state, InstanceState::Running { .. })) {
        run.state = InstanceState::Exited(ended.exit.clone());
    }
}
