//! The event loop of a simulated world: the earliest action happens, and what follows from it is put in line.

use super::api::Api;
use super::chance::{Chance, VirtualEnvironment};
use super::claims::{self, Claims};
use super::crash;
use super::cron_jobs;
use super::deployments;
use super::endpoints;
use super::fault::{self, Fault};
use super::jobs;
use super::ledger::Ledger;
use super::node::{self, Node};
use super::process::{Arrival, Process};
use super::provisioner;
use super::script;
use super::truth::Truth;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{Arguments, Write};
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_client::resource::PODS;
use stead_client::wire::line;
use stead_client::{Call, Failure, Key, Refusal, Resource};
use stead_control::engine::{CallId, Input, Now, Report, Start};
use stead_control::object::Object;
use stead_server::{Config, Environment, SigningKey};
use stead_store::device::Device;

/// 2026-01-02T03:04:05Z.
const EPOCH: Timestamp = Timestamp(1_767_323_045_000_000);
pub(super) const NODES: &[&str] = &["n1", "n2"];
/// Faults end a little after the user rests.
const FAULTS_END: i64 = script::END + 10_000_000;
/// A world that is not well by then is stuck.
const END: i64 = FAULTS_END + 900_000_000;
/// How long a world with given faults is watched after the last of them.
const WATCHED: i64 = 70_000_000;
/// Notes kept to tell how a run failed.
const NOTES_MAX: usize = 120;

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunReport {
    /// Of everything that happened, in order.
    pub hash: u64,
    pub steps: u64,
    /// Microseconds of virtual time.
    pub ended: i64,
    /// How often a pod was marked as not ready though its container ran.
    pub marked_unready: u64,
    /// Claims that were bound.
    pub bound: usize,
    /// Disks that grew only when a pod was started.
    pub grown_at_start: usize,
    /// Jobs that ended.
    pub finished: usize,
    /// Why it failed, with the last things that happened.
    pub failure: Option<String>,
}

pub(super) enum Action {
    User(script::Act),
    Node {
        node: usize,
        /// The agent that it is for; 0 if it is not for an agent.
        agent: u64,
        act: node::Act,
    },
    /// A request reaches the server.
    Execute {
        process: u64,
        id: CallId,
        call: Call,
        user: Arc<str>,
        seen: u64,
    },
    Outcome {
        process: u64,
        id: CallId,
        call: Call,
        result: Result<Value, Failure>,
    },
    Line {
        process: u64,
        arrival: Arrival,
    },
    Connect {
        process: u64,
        resource: Resource,
        relist: bool,
    },
    Listed {
        process: u64,
        resource: Resource,
        number: u64,
        report: Box<Report>,
    },
    Tick {
        process: u64,
    },
    Fault(Fault),
    /// The controllers start.
    Restart,
    StoreRecovers,
    /// What filled the disk of a node is gone.
    RoomReturns(usize),
}

pub(super) struct World {
    /// Microseconds since the beginning, on the steady clock.
    pub(super) now: i64,
    /// By how much the wall clock has been set.
    wall_skew: i64,
    pub(super) chance: Chance,
    environment: Arc<VirtualEnvironment>,
    pub(super) api: Api,
    /// What the server's store is on.
    pub(super) device: Device,
    pub(super) server_back_at: i64,
    pub(super) truth: Truth,
    pub(super) claims: Claims,
    pub(super) ledger: Ledger,
    pub(super) process: Option<Process>,
    processes: u64,
    pub(super) nodes: Vec<Node>,
    /// What is in line for nodes and will come to an end.
    pub(super) node_acts: usize,
    /// Faults are drawn from the seed; else there are only those that were given.
    random_faults: bool,
    faults_end: i64,
    pub(super) queue: BTreeMap<(i64, u64), Action>,
    sequence: u64,
    pub(super) tick_at: Option<i64>,
    hash: u64,
    notes: VecDeque<String>,
}

/// Runs the world of this seed to its end.
pub fn run(seed: u64) -> RunReport {
    run_world(seed, World::new(seed))
}

/// Runs a world whose user has Deployments and a quota, to its end.
pub fn run_deployments(seed: u64) -> RunReport {
    run_world(seed, World::with_deployments(seed))
}

/// Runs a world whose user has Jobs, to its end.
pub fn run_jobs(seed: u64) -> RunReport {
    run_world(seed, World::with_jobs(seed))
}

/// Runs a world whose user has CronJobs, to its end.
pub fn run_cron_jobs(seed: u64) -> RunReport {
    run_world(seed, World::with_cron_jobs(seed))
}

/// Runs a world whose user makes a set of three and waits, with these faults and no others; times in microseconds.
pub fn run_with(seed: u64, faults: &[(i64, Fault)]) -> RunReport {
    run_world(seed, World::with_faults(seed, faults))
}

fn run_world(seed: u64, world: Result<World, String>) -> RunReport {
    let mut world = match world {
        Ok(world) => world,
        Err(why) => return RunReport { failure: Some(why), ..RunReport::default() },
    };
    let mut steps = 0;
    let failure = loop {
        match world.step() {
            Ok(true) => steps += 1,
            Ok(false) => break None,
            Err(why) => break Some(why),
        }
    };
    let failure = failure.map(|why| {
        let notes: Vec<String> = world.notes.drain(..).collect();
        format!("seed {seed}, {:.6} s: {why}\n{}", world.now as f64 / 1e6, notes.join("\n"))
    });
    RunReport {
        hash: world.hash,
        steps,
        ended: world.now,
        marked_unready: world.truth.marked_unready,
        bound: world.claims.bound(),
        grown_at_start: world.claims.grown_at_start,
        finished: world.ledger.finished,
        failure,
    }
}

impl World {
    fn new(seed: u64) -> Result<Self, String> {
        let mut world = Self::empty(seed, FAULTS_END)?;
        world.random_faults = true;
        for (at, act) in script::draw(&mut world.chance) {
            world.plan_at(at, Action::User(act));
        }
        if world.chance.one_in(2) {
            for (at, act) in claims::draw(&mut world.chance) {
                world.plan_at(at, Action::User(act));
            }
        }
        world.draw_faults();
        Ok(world)
    }

    fn with_deployments(seed: u64) -> Result<Self, String> {
        let mut world = Self::empty(seed, FAULTS_END)?;
        world.random_faults = true;
        for (at, act) in deployments::draw(&mut world.chance) {
            world.plan_at(at, Action::User(act));
        }
        world.draw_faults();
        Ok(world)
    }

    fn with_jobs(seed: u64) -> Result<Self, String> {
        let mut world = Self::empty(seed, FAULTS_END)?;
        world.random_faults = true;
        for (at, act) in jobs::draw(&mut world.chance) {
            world.plan_at(at, Action::User(act));
        }
        world.draw_faults();
        Ok(world)
    }

    fn with_cron_jobs(seed: u64) -> Result<Self, String> {
        let mut world = Self::empty(seed, cron_jobs::FAULTS_END)?;
        world.random_faults = true;
        for (at, act) in cron_jobs::draw(&mut world.chance) {
            world.plan_at(at, Action::User(act));
        }
        world.draw_faults();
        Ok(world)
    }

    fn draw_faults(&mut self) {
        for (at, fault) in fault::draw(&mut self.chance, NODES.len(), self.faults_end) {
            self.plan_at(at, Action::Fault(fault));
        }
    }

    fn with_faults(seed: u64, faults: &[(i64, Fault)]) -> Result<Self, String> {
        let last = faults.iter().map(|(at, _)| *at).max().unwrap_or(0);
        let mut world = Self::empty(seed, last + WATCHED)?;
        world.plan_at(1000, Action::User(script::service("default", "web")));
        world.plan_at(1000, Action::User(script::set_of_three()));
        for (at, fault) in faults {
            world.plan_at(*at, Action::Fault(*fault));
        }
        Ok(world)
    }

    /// Nodes, controllers, and nothing to do.
    fn empty(seed: u64, faults_end: i64) -> Result<Self, String> {
        let environment = Arc::new(VirtualEnvironment::new(seed, EPOCH));
        let device = Device::new();
        let config = Config {
            store: crash::open(&device)?,
            environment: environment.clone(),
            service_cidr: "10.43.0.0/16".to_owned(),
            advertise: "https://127.0.0.1:6443".to_owned(),
            token_key: Arc::new(SigningKey::fresh().map_err(|e| e.to_string())?),
            token_issuer: "https://kubernetes.default.svc".to_owned(),
            first_objects: Vec::new(),
        };
        let api = Api::new(config).map_err(|e| e.to_string())?;
        let (truth, claims, ledger) = (Truth::new(&api)?, Claims::new(&api)?, Ledger::new(&api)?);
        let mut world = Self {
            now: 0,
            wall_skew: 0,
            chance: Chance::new(seed),
            environment,
            api,
            device,
            server_back_at: 0,
            truth,
            claims,
            ledger,
            process: None,
            processes: 0,
            nodes: NODES.iter().zip(seed..).map(|(name, number)| Node::new(name, provisioner::best(number))).collect(),
            node_acts: 0,
            random_faults: false,
            faults_end,
            queue: BTreeMap::new(),
            sequence: 0,
            tick_at: None,
            hash: 0xcbf2_9ce4_8422_2325,
            notes: VecDeque::new(),
        };
        for node in 0..NODES.len() {
            world.plan_node(0, node, 0, node::Act::Start);
        }
        world.plan_at(0, Action::Restart);
        Ok(world)
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.environment.now()
    }

    pub(super) fn is_server_down(&self) -> bool {
        self.now < self.server_back_at
    }

    /// Small faults are drawn now.
    pub(super) fn faulty(&self) -> bool {
        self.random_faults && self.now < self.faults_end
    }

    pub(super) fn plan_at(&mut self, at: i64, action: Action) {
        self.sequence += 1;
        self.queue.insert((at.max(self.now), self.sequence), action);
    }

    /// Adds a line to what happened.
    pub(super) fn note(&mut self, what: Arguments<'_>) {
        let mut text = String::new();
        if write!(text, "{:>12} {what}", self.now).is_ok() {
            self.hash = text.bytes().fold(self.hash, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
            if self.notes.len() == NOTES_MAX {
                self.notes.pop_front();
            }
            self.notes.push_back(text);
        }
    }

    /// Does the next action. `false`: the world is at rest, and as it was asked to be.
    fn step(&mut self) -> Result<bool, String> {
        if self.now >= self.faults_end && self.at_rest() && self.unmet()?.is_empty() {
            return Ok(false);
        }
        let Some(((at, _), action)) = self.queue.pop_first() else { return Err(self.stuck()?) };
        self.now = self.now.max(at);
        self.set_wall_clock();
        if self.now > END {
            return Err(self.stuck()?);
        }
        self.perform(action)?;
        if self.device.is_off() {
            self.lose_power()?;
        }
        Ok(true)
    }

    fn set_wall_clock(&self) {
        self.environment.set(Timestamp(EPOCH.0 + self.now + self.wall_skew));
    }

    fn stuck(&self) -> Result<String, String> {
        Ok(format!("not as asked after the faults stopped:\n  {}", self.unmet()?.join("\n  ")))
    }

    /// What is not as it was asked to be; what is published is looked at once the pods are.
    fn unmet(&self) -> Result<Vec<String>, String> {
        let mut unmet = self.truth.unmet();
        if unmet.is_empty() {
            unmet = endpoints::unmet(&self.api)?;
            unmet.extend(deployments::unmet(&self.api)?);
            unmet.extend(self.ledger.unmet(&self.api, self.wall())?);
        }
        if let Some(process) = self.process.as_ref().filter(|_| unmet.is_empty()) {
            let events = self.api.get("/api/v1/events").map_err(|e| e.to_string())?;
            unmet = self.claims.unmet(&process.engine, self.clock(), &events);
            unmet.extend(self.unmet_disks());
        }
        Ok(unmet)
    }

    fn at_rest(&self) -> bool {
        self.node_acts == 0 && self.process.as_ref().is_some_and(|p| p.engine.is_idle())
    }

    fn perform(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::User(act) if self.is_server_down() => {
                self.plan_at(self.now + 1_000_000, Action::User(act));
                Ok(())
            }
            Action::User(act) => {
                let result = self.api.write(act.method, &act.path, act.content_type, &act.body);
                let said = result.map_or_else(|e| e.to_string(), |_| "done".to_owned());
                self.note(format_args!("user {} {} {}: {said}", act.method, act.path, act.body));
                self.pump()
            }
            Action::Node { node, agent, act } => self.node_act(node, agent, act),
            Action::Execute { process, id, call, user, seen } => self.execute(process, id, (&user, call), seen),
            Action::Outcome { process, id, call, result } if self.lives(process) => {
                if let (Some(process), Ok(answer)) = (&mut self.process, &result) {
                    process.answered(&call, answer);
                    self.ledger.answered(&call, answer)?;
                }
                self.feed(Input::Outcome { id, result })
            }
            Action::Line { process, arrival } if self.lives(process) => self.deliver(&arrival),
            Action::Connect { process, resource, relist } if self.lives(process) => self.connect(resource, relist),
            Action::Listed { process, resource, number, report } if self.is_newest(process, resource, number) => {
                self.note(format_args!("listed {}", resource.plural));
                self.feed(Input::Watch { resource, report: *report })
            }
            Action::Tick { process } if self.lives(process) => {
                self.tick_at = None;
                self.feed(Input::Tick)
            }
            Action::Fault(fault) => self.fault(fault),
            Action::Restart if self.process.is_none() => self.restart(),
            Action::StoreRecovers => self.recover_store(),
            Action::RoomReturns(node) => {
                self.nodes[node].disks.fill(0);
                Ok(())
            }
            Action::Restart
            | Action::Outcome { .. }
            | Action::Line { .. }
            | Action::Connect { .. }
            | Action::Listed { .. }
            | Action::Tick { .. } => Ok(()),
        }
    }

    fn fault(&mut self, fault: Fault) -> Result<(), String> {
        self.note(format_args!("{fault:?}"));
        match fault {
            Fault::ControllersCrash => {
                self.process = None;
                let back = self.now + self.chance.between(1000, 3_000_000);
                self.plan_at(back, Action::Restart);
            }
            Fault::AgentCrash(node) => self.crash_agent(node),
            Fault::AgentStall(node, length) => self.nodes[node].stalled_until = self.now + length,
            Fault::ServerCrash => return self.crash_server(),
            Fault::PowerCut => return self.lose_power(),
            Fault::PowerCutInWrite => self.cut_in_write(),
            Fault::StoreFailure(length) => self.fail_store(length),
            Fault::DiskFull(node, length) => self.fill_disks(node, length),
            Fault::Stall(length) => {
                self.now += length;
                self.set_wall_clock();
            }
            Fault::ClockJump(by) => {
                self.wall_skew += by;
                self.set_wall_clock();
            }
        }
        Ok(())
    }

    fn is_newest(&self, process: u64, resource: Resource, list: u64) -> bool {
        self.process.as_ref().is_some_and(|p| p.id == process && p.is_newest(resource, list))
    }

    fn lives(&self, process: u64) -> bool {
        self.process.as_ref().is_some_and(|p| p.id == process)
    }

    fn restart(&mut self) -> Result<(), String> {
        self.tick_at = None;
        if self.is_server_down() {
            self.plan_at(self.server_back_at, Action::Restart);
            return Ok(());
        }
        let environment = Arc::clone(&self.environment);
        let process = Process::new(self.processes + 1, &self.api, Arc::new(move || environment.now()))?;
        self.processes += 1;
        let (id, resources) = (process.id, process.engine.resources());
        self.process = Some(process);
        self.note(format_args!("the controllers start, process {id}"));
        for resource in resources {
            let at = self.now + self.chance.between(100, 20_000);
            self.plan_at(at, Action::Connect { process: id, resource, relist: true });
        }
        Ok(())
    }

    fn clock(&self) -> Now {
        Now { wall: self.wall(), steady: Duration::from_micros(u64::try_from(self.now).unwrap_or(0)) }
    }

    /// Gives the engine an input; its calls set out.
    fn feed(&mut self, input: Input) -> Result<(), String> {
        let now = self.clock();
        let Some(process) = &mut self.process else { return Ok(()) };
        let (id, starts) = (process.id, process.engine.step(input, now));
        let starts = starts.into_iter().map(|start| Ok((process.seen(&start)?, start))).collect::<Result<Vec<(u64, Start)>, String>>()?;
        let timer = process.engine.next_timer().map(|at| i64::try_from(at.as_micros()).unwrap_or(i64::MAX));
        for (seen, Start { id: call_id, call, user, .. }) in starts {
            let at = self.now + self.latency();
            self.plan_at(at, Action::Execute { process: id, id: call_id, call, user, seen });
        }
        if let Some(at) = timer
            && self.tick_at.is_none_or(|planned| at < planned)
        {
            self.tick_at = Some(at);
            self.plan_at(at, Action::Tick { process: id });
        }
        Ok(())
    }

    /// Of one way, mostly short.
    pub(super) fn latency(&mut self) -> i64 {
        if self.faulty() && self.chance.one_in(20) { self.chance.between(1000, 2_000_000) } else { self.chance.between(50, 2000) }
    }

    /// A controller's request reaches the server, or does not.
    fn execute(&mut self, process: u64, id: CallId, (user, call): (&str, Call), seen: u64) -> Result<(), String> {
        let fault = if self.faulty() { self.chance.below(40) } else { u64::MAX };
        let lost = || Err(Failure::NoAnswer("the connection broke".to_owned()));
        // A request that was on its way when its sender died may still arrive.
        let sent = self.lives(process) || self.chance.one_in(2);
        let result = match fault {
            _ if !sent => return Ok(()),
            _ if self.is_server_down() => lost(),
            0 => Err(refusal(500, "InternalError")),
            1 => Err(refusal(409, "Conflict")),
            2 => lost(),
            _ => {
                let result = self.api.call(user, &call);
                self.note(format_args!("{}: {}", brief(&call), outcome(&result)));
                self.pump()?;
                if result.is_ok() {
                    self.check(&call, seen)?;
                    if self.lives(process) {
                        self.ledger.started(&call)?;
                    }
                }
                if fault == 3 { lost() } else { result }
            }
        };
        let at = self.now + self.latency();
        self.plan_at(at, Action::Outcome { process, id, call, result });
        Ok(())
    }

    fn check(&self, call: &Call, seen: u64) -> Result<(), String> {
        if let Some(name) = Ledger::releases(call) {
            return self.truth.at(&Key::new(jobs::NAMESPACE, name), seen).map_or(Ok(()), |pod| self.ledger.released(pod));
        }
        match call {
            Call::Create { resource: PODS, namespace, subresource: (_, ""), body } => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                self.truth.created(&Key::new(namespace.clone(), name), seen)
            }
            Call::Delete { resource: PODS, key, options } if options.propagation.is_none() && options.grace_period_s.is_none() => {
                self.truth.deleted(key, seen)
            }
            _ => Ok(()),
        }
    }

    /// After any write: what the server tells sets out to those who follow it.
    pub(super) fn pump(&mut self) -> Result<(), String> {
        self.truth.observe()?;
        self.claims.observe()?;
        self.ledger.observe()?;
        self.pump_nodes();
        let Some(process) = &mut self.process else { return Ok(()) };
        let (id, arrivals) = (process.id, process.pull());
        for arrival in arrivals {
            let resource = arrival.resource;
            let earliest = self.process.as_ref().map_or(0, |process| process.delivered_until(resource));
            let at = earliest.max(self.now + self.latency());
            let again = self.faulty() && self.chance.one_in(15);
            if again {
                let copy = Arrival { connection: arrival.connection, resource, line: arrival.line.clone() };
                self.plan_at(at, Action::Line { process: id, arrival: copy });
            }
            self.plan_at(at, Action::Line { process: id, arrival });
            let cut = self.faulty() && self.chance.one_in(60);
            let Some(process) = &mut self.process else { return Ok(()) };
            process.delivery_at(resource, at);
            if cut {
                process.cut(resource);
                let (delay, relist) = (self.chance.between(1000, 1_000_000), self.chance.one_in(3));
                self.note(format_args!("the watch of {} is cut", resource.plural));
                self.plan_at(self.now + delay, Action::Connect { process: id, resource, relist });
            }
        }
        Ok(())
    }

    fn connect(&mut self, resource: Resource, relist: bool) -> Result<(), String> {
        let down = self.is_server_down();
        let Some(process) = &mut self.process else { return Ok(()) };
        if down {
            let (process, at) = (process.id, self.server_back_at);
            self.plan_at(at, Action::Connect { process, resource, relist: true });
            return Ok(());
        }
        if relist {
            let (number, report) = process.list(&self.api, resource)?;
            let (process, at) = (process.id, self.now + self.latency());
            if let Some(p) = &mut self.process {
                p.delivery_at(resource, at);
            }
            self.plan_at(at, Action::Listed { process, resource, number, report: Box::new(report) });
        } else {
            process.resume(&self.api, resource)?;
        }
        self.pump()
    }

    fn deliver(&mut self, arrival: &Arrival) -> Result<(), String> {
        let Some(process) = self.process.as_mut().filter(|p| p.is_current(arrival)) else { return Ok(()) };
        let resource = arrival.resource;
        let line = line(&arrival.line, |value| Object::parse(resource, value)).map_err(|e| e.to_string())?;
        process.delivered(arrival, line.version)?;
        self.feed(Input::Watch { resource, report: line.report })
    }
}

pub(super) fn refusal(code: u16, reason: &str) -> Failure {
    Failure::Refused(Refusal { code, reason: reason.to_owned(), message: format!("injected {reason}") })
}

pub(super) fn outcome(result: &Result<Value, Failure>) -> String {
    match result {
        Ok(value) => value["metadata"]["resourceVersion"].as_str().unwrap_or("done").to_owned(),
        Err(failure) => failure.to_string(),
    }
}

/// A call in a few words.
fn brief(call: &Call) -> String {
    let plural = call.resource().plural;
    match call {
        Call::Get { key, .. } => format!("get {plural} {key}"),
        Call::List { namespace, .. } => format!("list {plural} {namespace}"),
        Call::Create { subresource: (name, sub), namespace, .. } if !name.is_empty() => format!("{sub} {plural} {namespace}/{name}"),
        Call::Create { namespace, body, .. } => {
            format!("create {plural} {namespace}/{}", body["metadata"]["name"].as_str().unwrap_or_default())
        }
        Call::Update { key, subresource, .. } => format!("update {plural} {key} {subresource}"),
        Call::Patch { key, subresource, patch, .. } => format!("patch {plural} {key} {subresource} {patch:?}"),
        Call::Delete { key, options, .. } => format!("delete {plural} {key} {}", options.propagation.unwrap_or_default()),
        Call::DeleteCollection { namespace, .. } => format!("delete all {plural} {namespace}"),
    }
}
