//! One simulated node: its containers, and its agent, which is made of the very machines that the real agent runs. A crash drops the
//! agent, not the containers.

use super::api::Watch;
use super::containers::{Containers, Run};
use super::provisioner::{self, Provisioner};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::Value;
use stead_client::Report;
use stead_disks::Enforcement;
use stead_node::clock::Now;
use stead_node::disks::SimulatedDisks;
use stead_node::heartbeat::Heartbeat;
use stead_node::pod::machine::{Command, Event, Machine};
use stead_node::pod::operation::{Operation, OperationId, Outcome};
use stead_node::pods::{Order, Pods};
use stead_node::runtime::{Ended, Heard};
use stead_node::{pod::steps::NodeFacts, registration};

/// Room for claims.
const DISK_BYTES: u64 = 12 << 30;

/// What happens to a node, or reaches it.
#[derive(Debug)]
pub enum Act {
    /// The agent's process starts.
    Start,
    /// It lists the pods and watches them from there.
    Follow,
    Listed {
        connection: u64,
        report: Report<Arc<Value>>,
    },
    Line {
        connection: u64,
        line: Bytes,
    },
    Beat,
    Tick(String),
    /// An operation takes effect.
    Perform {
        uid: String,
        id: OperationId,
        operation: Operation,
    },
    Outcome {
        uid: String,
        id: OperationId,
        outcome: Outcome,
    },
    Exited(Ended),
    /// A container ends by itself, or because it was told to.
    Ends {
        run: Run,
        code: i32,
    },
    SandboxDies(String),
    Provision(provisioner::Act),
}

#[derive(Debug)]
pub struct Node {
    pub machine: registration::Machine,
    facts: Arc<NodeFacts>,
    pub containers: Containers,
    pub disks: SimulatedDisks,
    pub agent: Option<Agent>,
    /// Agents so far.
    pub agents: u64,
    /// The agent stands still until then.
    pub stalled_until: i64,
}

/// The agent's process.
#[derive(Debug)]
pub struct Agent {
    pub id: u64,
    pods: Pods,
    machines: BTreeMap<String, Machine>,
    /// When each machine's tick is planned.
    ticks: BTreeMap<String, i64>,
    pub heartbeat: Heartbeat,
    pub provisioner: Provisioner,
    pub watch: Option<Watch>,
    pub connection: u64,
    pub last_delivery: i64,
}

impl Node {
    /// `best` is what can hold claims to their size on it.
    pub fn new(name: &str, best: Enforcement) -> Self {
        let machine = registration::Machine {
            name: name.to_owned(),
            addresses: vec!["192.0.2.1".to_owned()],
            cpus: 8,
            memory_bytes: 16 << 30,
            pods_max: 110,
            ..registration::Machine::default()
        };
        let facts = Arc::new(machine.facts("simulated://1"));
        Self {
            machine,
            facts,
            containers: Containers::default(),
            disks: SimulatedDisks::new(DISK_BYTES).held_by(best),
            agent: None,
            agents: 0,
            stalled_until: 0,
        }
    }

    /// A new agent, in place of whatever was there.
    pub fn start(&mut self) {
        self.agents += 1;
        // Of a pod with volumes there is a directory.
        let directories = self.disks.users().into_iter().collect();
        let pods = Pods::new([self.machine.name.clone()], self.containers.records(), directories);
        self.agent = Some(Agent {
            id: self.agents,
            pods,
            machines: BTreeMap::new(),
            ticks: BTreeMap::new(),
            heartbeat: Heartbeat::default(),
            provisioner: Provisioner::new(&self.machine.name),
            watch: None,
            connection: 0,
            last_delivery: 0,
        });
    }
}

/// What the agent wants done, by the pod's uid.
pub type Wanted = Vec<(String, Command)>;

impl Node {
    pub fn changed(&mut self, report: Report<Arc<Value>>, now: Now) -> Wanted {
        let mut wanted = Wanted::new();
        let Some(agent) = &mut self.agent else { return wanted };
        let orders = agent.pods.change(report);
        agent.carry_out(orders, &self.facts, now, &mut wanted);
        wanted
    }

    pub fn exited(&mut self, ended: Ended, now: Now) -> Wanted {
        let uid = self.agent.as_mut().and_then(|agent| agent.pods.heard(&Heard::Ended(ended.clone())));
        uid.map(|uid| self.feed(&uid, Event::Exited(ended), now)).unwrap_or_default()
    }

    pub fn feed(&mut self, uid: &str, event: Event, now: Now) -> Wanted {
        let mut wanted = Wanted::new();
        if let Some(agent) = &mut self.agent {
            agent.feed(uid, event, &self.facts, now, &mut wanted);
        }
        wanted
    }
}

impl Agent {
    fn carry_out(&mut self, orders: Vec<Order>, facts: &Arc<NodeFacts>, now: Now, wanted: &mut Wanted) {
        for order in orders {
            match order {
                Order::Begin(begin) => {
                    let machine = Machine::new(Arc::clone(facts), begin.object, &begin.records, now);
                    self.machines.insert(begin.uid.clone(), machine);
                    self.feed(&begin.uid, Event::Tick, facts, now, wanted);
                }
                Order::Update { uid, update } => self.feed(&uid, Event::Update(update), facts, now, wanted),
            }
        }
    }

    fn feed(&mut self, uid: &str, event: Event, facts: &Arc<NodeFacts>, now: Now, wanted: &mut Wanted) {
        let Some(machine) = self.machines.get_mut(uid) else { return };
        wanted.extend(machine.step(now, event).into_iter().map(|command| (uid.to_owned(), command)));
        if machine.is_over() {
            self.machines.remove(uid);
            self.ticks.remove(uid);
            let orders = self.pods.over(uid);
            self.carry_out(orders, facts, now, wanted);
        }
    }

    /// Ticks to plan, in microseconds.
    pub fn new_ticks(&mut self) -> Vec<(i64, String)> {
        let mut new = Vec::new();
        for (uid, machine) in &self.machines {
            let Some(at) = machine.wake().map(|at| i64::try_from(at.as_micros()).unwrap_or(i64::MAX)) else { continue };
            if self.ticks.get(uid).is_none_or(|planned| at < *planned) {
                self.ticks.insert(uid.clone(), at);
                new.push((at, uid.clone()));
            }
        }
        new
    }

    /// A tick that was planned has come.
    pub fn ticked(&mut self, uid: &str) {
        self.ticks.remove(uid);
    }
}
