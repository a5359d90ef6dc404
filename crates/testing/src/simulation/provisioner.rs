//! The provisioner of a simulated node's agent: the very machine of the real one, over disks that outlive it. Its three watches are
//! delayed and cut, its requests lost, its disks fail, as all else of the node.

use super::api::Watch;
use super::claims;
use super::node::Act as NodeAct;
use super::world::{Action, NODES, World, outcome, refusal};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use stead_api::Value;
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES};
use stead_client::wire::{line, list_path, page, watch_path};
use stead_client::{Call, Failure, Key, Report, Resource, Scope};
use stead_disks::Enforcement;
use stead_node::disks::NodeDisks;
use stead_node::pod::runner::without_managed_fields;
use stead_node::provisioner::machine::{Command, DiskFailure, Event, Machine, Outcome};
use stead_node::provisioner::plan::Operation;

const MS: i64 = 1000;
const SECOND: i64 = 1_000_000;
/// Longer pauses are of what does not come right by itself.
const LATE: i64 = 60 * SECOND;
/// What it follows.
const FOLLOWED: [Resource; 3] = [PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES];

/// What happens to it, or reaches it; a stream is named by its place in [`FOLLOWED`].
#[derive(Debug)]
pub enum Act {
    Follow(usize),
    Listed {
        stream: usize,
        connection: u64,
        report: Report<Arc<Value>>,
    },
    Line {
        stream: usize,
        connection: u64,
        line: Bytes,
    },
    /// A step takes effect.
    Perform(String, Operation),
    Ended(String, Outcome),
    /// A growth that waited has come to its end.
    Grown,
    Tick,
    /// The same of what has failed again and again, and may do so for ever.
    LateTick,
}

/// What can hold claims to their size on a node: each of the kinds by turns.
pub fn best(number: u64) -> Enforcement {
    match number % 3 {
        0 => Enforcement::Image,
        1 => Enforcement::ProjectQuota,
        _ => Enforcement::Unenforced { why: "this node has neither".to_owned() },
    }
}

#[derive(Debug)]
pub struct Provisioner {
    machine: Machine,
    streams: [Stream; 3],
    /// When a tick is planned.
    tick: Option<i64>,
}

#[derive(Debug, Default)]
struct Stream {
    watch: Option<Watch>,
    connection: u64,
    last_delivery: i64,
}

impl Provisioner {
    /// One that finds these disks.
    pub fn new(node: &str) -> Self {
        let machine = Machine::new([node.to_owned()], PathBuf::from("/simulated"), None);
        Self { machine, streams: Default::default(), tick: None }
    }
}

impl World {
    /// The agent of a node has started.
    pub(super) fn start_provisioner(&mut self, node: usize, agent: u64) {
        let event = self.disks_of(node);
        self.feed_provisioner(node, agent, event);
        self.follow_claims(node, agent);
    }

    fn disks_of(&self, node: usize) -> Event {
        let disks = &self.nodes[node].disks;
        Event::Disks { node: NODES[node].to_owned(), disks: disks.list(NODES[node]), unrecorded: disks.unrecorded() }
    }

    /// Others take all the room of a node for a while.
    pub(super) fn fill_disks(&mut self, node: usize, length: i64) {
        self.nodes[node].disks.fill(u64::MAX);
        self.plan_at(self.now + length, Action::RoomReturns(node));
    }

    fn follow_claims(&mut self, node: usize, agent: u64) {
        for stream in 0..FOLLOWED.len() {
            let at = self.now + self.chance.between(MS, SECOND);
            self.plan_node(at, node, agent, NodeAct::Provision(Act::Follow(stream)));
        }
    }

    /// Its connections break; what is on its way is lost.
    pub(super) fn cut_provisioner(&mut self, node: usize) {
        let Some(agent) = &mut self.nodes[node].agent else { return };
        for stream in &mut agent.provisioner.streams {
            stream.watch = None;
            stream.connection += 1;
        }
        let id = agent.id;
        self.follow_claims(node, id);
    }

    /// Something happens to the provisioner of an agent that lives.
    pub(super) fn provisioner_act(&mut self, node: usize, agent: u64, act: Act) -> Result<(), String> {
        let event = match act {
            Act::Follow(stream) => return self.follow_stream(node, agent, stream),
            Act::Perform(volume, operation) => return self.provide(node, agent, volume, operation),
            Act::Listed { stream, connection, report } if self.is_stream(node, stream, connection) => told(stream, report),
            Act::Line { stream, connection, line: bytes } if self.is_stream(node, stream, connection) => {
                told(stream, line(&bytes, parse).map_err(|e| e.to_string())?.report)
            }
            Act::Listed { .. } | Act::Line { .. } => return Ok(()),
            Act::Ended(volume, outcome) => Event::Ended(volume, outcome),
            Act::Grown => self.disks_of(node),
            Act::Tick | Act::LateTick => {
                if let Some(agent) = &mut self.nodes[node].agent {
                    agent.provisioner.tick = None;
                }
                Event::Tick
            }
        };
        self.feed_provisioner(node, agent, event);
        Ok(())
    }

    fn is_stream(&self, node: usize, stream: usize, connection: u64) -> bool {
        self.nodes[node].agent.as_ref().is_some_and(|agent| agent.provisioner.streams[stream].connection == connection)
    }

    fn feed_provisioner(&mut self, node: usize, agent: u64, event: Event) {
        let now = self.clocks();
        let Some(running) = &mut self.nodes[node].agent else { return };
        let provisioner = &mut running.provisioner;
        let commands = provisioner.machine.step(now, event);
        let wake = provisioner.machine.wake().map(|at| i64::try_from(at.as_micros()).unwrap_or(i64::MAX));
        let tick = wake.filter(|at| provisioner.tick.is_none_or(|planned| *at < planned));
        provisioner.tick = tick.or(provisioner.tick);
        if let Some(at) = tick {
            let act = if at > self.now + LATE { Act::LateTick } else { Act::Tick };
            self.plan_node(at, node, agent, NodeAct::Provision(act));
        }
        for command in commands {
            match command {
                Command::Begin { volume, operation } => {
                    let at = self.now + if self.faulty() && self.chance.one_in(20) { 5 * SECOND } else { self.latency() };
                    self.plan_node(at, node, agent, NodeAct::Provision(Act::Perform(volume, operation)));
                }
                Command::Tell(event) => {
                    self.note(format_args!("{} {}: {}", NODES[node], event.reason, event.message));
                    self.claims.told_of(event.regarding.uid);
                }
                Command::RoomChanged => {}
            }
        }
    }

    fn follow_stream(&mut self, node: usize, agent: u64, stream: usize) -> Result<(), String> {
        if self.is_server_down() {
            self.plan_node(self.now + 200 * MS, node, agent, NodeAct::Provision(Act::Follow(stream)));
            return Ok(());
        }
        let scope = Scope::all(FOLLOWED[stream]);
        let list = self.api.get(&list_path(&scope, "")).map_err(|e| e.to_string())?;
        let page = page(FOLLOWED[stream], list, parse).map_err(|e| e.to_string())?;
        let watch = self.api.watch(&watch_path(&scope, page.version, 290)).map_err(|e| e.to_string())?;
        let at = self.now + self.latency();
        let Some(running) = &mut self.nodes[node].agent else { return Ok(()) };
        let known = &mut running.provisioner.streams[stream];
        *known = Stream { watch: Some(watch), connection: known.connection + 1, last_delivery: at };
        let connection = known.connection;
        let report = Report::Replaced { objects: page.objects, version: page.version };
        self.plan_node(at, node, agent, NodeAct::Provision(Act::Listed { stream, connection, report }));
        Ok(())
    }

    /// What the server has sent to it sets out.
    pub(super) fn pump_provisioner(&mut self, node: usize) {
        for stream in 0..FOLLOWED.len() {
            let Some(agent) = &mut self.nodes[node].agent else { return };
            let (id, known) = (agent.id, &mut agent.provisioner.streams[stream]);
            let (connection, mut at) = (known.connection, known.last_delivery);
            for line in known.watch.as_mut().map(Watch::lines).unwrap_or_default() {
                at = at.max(self.now + self.latency());
                self.plan_node(at, node, id, NodeAct::Provision(Act::Line { stream, connection, line }));
            }
            if let Some(agent) = &mut self.nodes[node].agent {
                agent.provisioner.streams[stream].last_delivery = at;
            }
        }
    }

    /// A step takes effect, or fails.
    pub(super) fn provide(&mut self, node: usize, agent: u64, volume: String, operation: Operation) -> Result<(), String> {
        let fails = self.faulty() && self.chance.one_in(20);
        let failure = || DiskFailure::here("injected failure");
        if let Operation::RemoveDisk { disk, .. } | Operation::RemoveUnrecorded { disk, .. } = &operation {
            self.note(format_args!("{} is to remove {disk}", NODES[node]));
        }
        let outcome = match operation {
            Operation::Refuse(error) => Outcome::Done(Err(DiskFailure::here(error))),
            Operation::Call(call) => Outcome::Called(self.call_of(node, &call)?),
            Operation::CreateDisk { .. } if fails => Outcome::Made(Err(failure())),
            Operation::ExpandDisk { .. } if fails => Outcome::Expanded(Err(failure())),
            Operation::RemoveUnrecorded { .. } if fails => Outcome::Unrecorded(Err("injected failure".to_owned())),
            _ if fails => Outcome::Done(Err(failure())),
            Operation::CreateDisk { node: of, wanted } => {
                Outcome::Made(self.nodes[node].disks.create(&of, &wanted).map_err(DiskFailure::from))
            }
            Operation::ExpandDisk { disk, bytes } => {
                Outcome::Expanded(self.nodes[node].disks.expand(&disk, bytes).map_err(DiskFailure::from))
            }
            Operation::Record(disk) => {
                self.nodes[node].disks.recorded(&disk);
                Outcome::Done(Ok(()))
            }
            Operation::RemoveUnrecorded { disk, volume } => {
                let get = Call::Get { resource: PERSISTENT_VOLUMES, key: Key::cluster(volume.as_str()) };
                match self.call_of(node, &get)? {
                    Ok(found) => Outcome::Unrecorded(Ok(Some(Arc::new(found)))),
                    Err(failure) if failure.is_not_found() => Outcome::Unrecorded(self.remove_disk(node, &volume, &disk)?.map(|()| None)),
                    Err(failure) => Outcome::Unrecorded(Err(failure.to_string())),
                }
            }
            Operation::RemoveDisk { disk, .. } => Outcome::Done(self.remove_disk(node, &volume, &disk)?.map_err(DiskFailure::here)),
            Operation::ConfirmGone(_) => Outcome::Done(Ok(())),
        };
        let at = self.now + self.chance.between(10, MS);
        self.plan_node(at, node, agent, NodeAct::Provision(Act::Ended(volume, outcome)));
        Ok(())
    }

    /// A disk goes; whoever has it must have given it up.
    fn remove_disk(&mut self, node: usize, volume: &str, disk: &str) -> Result<Result<(), String>, String> {
        if let Some(claim) = self.claims.user_of(volume) {
            return Err(format!("{} removes {disk}, which claim {claim} has", NODES[node]));
        }
        Ok(self.nodes[node].disks.remove(disk, 0).map_err(|error| error.to_string()))
    }

    /// A request of a provisioner: it may be lost, or its answer.
    fn call_of(&mut self, node: usize, call: &Call) -> Result<Result<Value, Failure>, String> {
        let fault = if self.faulty() { self.chance.below(40) } else { u64::MAX };
        let lost = || Err(Failure::NoAnswer("the connection broke".to_owned()));
        if self.is_server_down() || fault == 0 {
            return Ok(lost());
        }
        if fault == 1 {
            return Ok(Err(refusal(500, "InternalError")));
        }
        let result = self.api.call(stead_node::provisioner::USER, call);
        self.note(format_args!("{} {call:?}: {}", NODES[node], outcome(&result)));
        self.pump()?;
        Ok(if fault == 2 { lost() } else { result })
    }

    /// Disks without a volume, and volumes without a disk.
    pub(super) fn unmet_disks(&self) -> Vec<String> {
        let disks = NODES.iter().enumerate().flat_map(|(node, name)| self.nodes[node].disks.list(name));
        claims::unmet_disks(&self.claims, &disks.collect::<Vec<_>>())
    }
}

fn told(stream: usize, report: Report<Arc<Value>>) -> Event {
    match stream {
        0 => Event::Claims(report),
        1 => Event::Volumes(report),
        _ => Event::Classes(report),
    }
}

fn parse(object: Value) -> Option<Arc<Value>> {
    Some(Arc::new(without_managed_fields(object)))
}
