//! What the world does for its nodes: carries out what their agents want, on their containers and at the server, in time and with
//! faults.

use super::containers::{self, Run};
use super::jobs;
use super::node::{Act, Wanted};
use super::world::{Action, NODES, World, outcome, refusal};
use std::sync::Arc;
use std::time::Duration;
use stead_api::{Value, json, value::Access};
use stead_client::resource::PODS;
use stead_client::wire::{line, list_path, page, watch_path};
use stead_client::{Failure, Report, Scope};
use stead_node::clock::Now;
use stead_node::disks::NodeDisks;
use stead_node::heartbeat::BEAT;
use stead_node::pod::environment::Sources;
use stead_node::pod::hooks::HookFailure;
use stead_node::pod::machine::{Command, Event};
use stead_node::pod::operation::{Operation, OperationId, Outcome, WriteFailure};
use stead_node::pod::probes::Probed;
use stead_node::pod::runner::{without_managed_fields, write_failure};
use stead_node::pod::volumes::{Stage, VolumeFailure, VolumesUp};
use stead_node::runtime::{ContainerSpec, Image, Instance, Pulled, StartError};
use stead_server::Identity;

/// Who a node is.
fn identity(node: &str) -> Identity {
    Identity::component(&format!("system:node:{node}"))
}

const MS: i64 = 1000;
const SECOND: i64 = 1_000_000;
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";

impl World {
    pub(super) fn clocks(&self) -> Now {
        Now { wall: self.wall(), steady: Duration::from_micros(u64::try_from(self.now).unwrap_or(0)) }
    }

    /// Puts something that happens to a node in line; `agent` is whom it is for.
    pub(super) fn plan_node(&mut self, at: i64, node: usize, agent: u64, act: Act) {
        if !is_background(&act) {
            self.node_acts += 1;
        }
        self.plan_at(at, Action::Node { node, agent, act });
    }

    pub(super) fn node_act(&mut self, node: usize, agent: u64, act: Act) -> Result<(), String> {
        if !is_background(&act) {
            self.node_acts -= 1;
        }
        let stalled_until = self.nodes[node].stalled_until;
        if agent != 0 && self.now < stalled_until {
            self.plan_node(stalled_until, node, agent, act);
            return Ok(());
        }
        let lives = self.nodes[node].agent.as_ref().is_some_and(|running| running.id == agent);
        match act {
            Act::Ends { run, code } => return self.end(node, &run, code),
            Act::SandboxDies(id) => return self.stop(node, &id),
            Act::Start if self.nodes[node].agent.is_none() => return self.start_agent(node),
            // What was on its way when the agent died may still take effect.
            Act::Perform { uid, id, operation } if lives || self.chance.one_in(2) => {
                return self.perform_operation(node, agent, uid, id, operation);
            }
            Act::Provision(super::provisioner::Act::Perform(volume, operation)) if lives || self.chance.one_in(2) => {
                return self.provide(node, agent, volume, operation);
            }
            _ if !lives => return Ok(()),
            Act::Provision(act) => return self.provisioner_act(node, agent, act),
            Act::Follow => return self.follow(node, agent),
            Act::Beat => return self.beat(node, agent),
            _ => {}
        }
        let now = self.clocks();
        let wanted = match act {
            Act::Listed { connection, report } if self.is_connected(node, connection) => self.nodes[node].changed(report, now),
            Act::Line { connection, line: bytes } if self.is_connected(node, connection) => {
                let line = line(&bytes, parse).map_err(|e| e.to_string())?;
                self.nodes[node].changed(line.report, now)
            }
            Act::Tick(uid) => {
                if let Some(agent) = &mut self.nodes[node].agent {
                    agent.ticked(&uid);
                }
                self.nodes[node].feed(&uid, Event::Tick, now)
            }
            Act::Outcome { uid, id, outcome } => self.nodes[node].feed(&uid, Event::Outcome(id, outcome), now),
            Act::Exited(ended) => self.nodes[node].exited(ended, now),
            Act::Listed { .. }
            | Act::Line { .. }
            | Act::Start
            | Act::Follow
            | Act::Beat
            | Act::Perform { .. }
            | Act::Ends { .. }
            | Act::Provision(_)
            | Act::SandboxDies(_) => Wanted::new(),
        };
        self.carry_out(node, agent, wanted);
        Ok(())
    }

    fn start_agent(&mut self, node: usize) -> Result<(), String> {
        self.nodes[node].start();
        let id = self.nodes[node].agents;
        self.note(format_args!("the agent of {} starts", NODES[node]));
        for act in [Act::Beat, Act::Follow] {
            let at = self.now + self.chance.between(100, 20 * MS);
            self.plan_node(at, node, id, act);
        }
        self.start_provisioner(node, id);
        Ok(())
    }

    fn carry_out(&mut self, node: usize, agent: u64, wanted: Wanted) {
        for (uid, command) in wanted {
            match command {
                Command::Run(id, operation) => {
                    let at = self.now + self.duration(&operation);
                    self.plan_node(at, node, agent, Act::Perform { uid, id, operation });
                }
                Command::Cancel(_) => {} // only what has no effect here is ever cancelled
                Command::RecordEvent(event) => {
                    self.note(format_args!("{} {uid}: {} {}", NODES[node], event.reason, event.message));
                }
            }
        }
        let ticks = self.nodes[node].agent.as_mut().map(super::node::Agent::new_ticks).unwrap_or_default();
        for (at, uid) in ticks {
            self.plan_node(at, node, agent, Act::Tick(uid));
        }
    }

    /// How long an operation takes until it takes effect.
    fn duration(&mut self, operation: &Operation) -> i64 {
        let slow = self.faulty() && self.chance.one_in(20);
        match operation {
            Operation::InspectImage(_) | Operation::CreateSandbox(_) if slow => self.chance.between(SECOND, 20 * SECOND),
            Operation::CreateSandbox(_) | Operation::StartContainer { .. } => self.chance.between(MS, 150 * MS),
            Operation::StopSandbox(_) | Operation::RemoveSandbox(_) => self.chance.between(MS, 50 * MS),
            Operation::WriteStatus { .. } | Operation::DeleteObject { .. } => self.latency(),
            _ => self.chance.between(50, 2 * MS),
        }
    }

    fn perform_operation(&mut self, node: usize, agent: u64, uid: String, id: OperationId, operation: Operation) -> Result<(), String> {
        let outcome = match operation {
            Operation::WriteStatus { namespace, name, patch } => {
                let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/status");
                Outcome::Written(
                    self.send(node, "PATCH", &path, STRATEGIC, &patch)?
                        .map(|pod| Arc::new(without_managed_fields(pod)))
                        .map_err(write_failure),
                )
            }
            Operation::DeleteObject { namespace, name, uid } => {
                let body = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": uid}});
                let sent = self.send(node, "DELETE", &format!("/api/v1/namespaces/{namespace}/pods/{name}"), "application/json", &body)?;
                Outcome::Done(match sent.map_err(write_failure) {
                    Ok(_) | Err(WriteFailure::Gone) => Ok(()),
                    Err(failure) => Err(format!("{failure:?}")),
                })
            }
            Operation::SetUpVolumes { .. } => Outcome::Volumes(self.set_up_volumes(node, agent, &uid)),
            Operation::TearDownVolumes => {
                self.nodes[node].disks.give_up(&uid);
                Outcome::Done(Ok(()))
            }
            other => self.perform_here(node, other)?,
        };
        let at = self.now + self.chance.between(10, MS);
        self.plan_node(at, node, agent, Act::Outcome { uid, id, outcome });
        Ok(())
    }

    /// What is done on the node itself.
    fn perform_here(&mut self, node: usize, operation: Operation) -> Result<Outcome, String> {
        let fails = self.faulty() && self.chance.one_in(30);
        let failure = || "injected failure".to_owned();
        Ok(match operation {
            Operation::Admit(_) => Outcome::Admitted(Ok(())),
            Operation::InspectImage(_) if fails => Outcome::Image(Ok(None)),
            Operation::InspectImage(reference) => {
                Outcome::Image(Ok(Some(Image { reference, entrypoint: vec!["/simulated".to_owned()], ..Image::default() })))
            }
            Operation::PullImage { .. } if fails => Outcome::Pulled { missing_secrets: Vec::new(), pulled: Err(failure()) },
            Operation::PullImage { reference, .. } => {
                let image = Image { reference, entrypoint: vec!["/simulated".to_owned()], ..Image::default() };
                Outcome::Pulled { missing_secrets: Vec::new(), pulled: Ok(Pulled { image, size_bytes: 0 }) }
            }
            Operation::MountImages(images) => Outcome::ImagesMounted(images.into_iter().map(|image| (image, Ok(()))).collect()),
            Operation::FetchSources { .. } if fails => Outcome::Sources(Err(failure())),
            Operation::FetchSources { .. } => Outcome::Sources(Ok(Sources::default())),
            Operation::WriteFiles(_) if fails => Outcome::Files(Err(failure())),
            Operation::WriteFiles(_) => Outcome::Files(Ok(Vec::new())),
            Operation::Refuse(reason) => Outcome::Done(Err(reason)),
            Operation::StartContainer { .. } if fails && self.chance.one_in(2) => Outcome::Started(Err(StartError::Create(failure()))),
            Operation::StartContainer { sandbox, spec } => {
                let started = self.start_container(node, sandbox, *spec)?;
                // It runs, and nobody hears that it does.
                if fails { Outcome::Started(Err(StartError::Create("the answer was lost".to_owned()))) } else { Outcome::Started(started) }
            }
            Operation::Hook { .. } if fails => Outcome::Hook(Err(HookFailure::new(failure()))),
            Operation::Hook { .. } => Outcome::Hook(Ok(())),
            Operation::Allot(_) => Outcome::Allotted(Ok(())),
            Operation::Probe(_) if fails => Outcome::Probed(Probed::Failure(failure())),
            Operation::Probe(_) => Outcome::Probed(Probed::Success),
            _ if fails => Outcome::Done(Err(failure())),
            Operation::CreateSandbox(spec) => {
                let addresses = containers::addresses(&spec.id);
                self.nodes[node].containers.create(spec);
                Outcome::Sandbox(Ok(addresses))
            }
            Operation::StopSandbox(id) => {
                self.stop(node, &id)?;
                Outcome::Done(Ok(()))
            }
            Operation::RemoveSandbox(id) => {
                self.stop(node, &id)?;
                self.nodes[node].containers.remove(&id);
                Outcome::Done(Ok(()))
            }
            Operation::Signal { sandbox, container, attempt, .. } => {
                let deaf = self.faulty() && self.chance.one_in(10);
                if !deaf {
                    let at = self.now + self.chance.between(MS, 1500 * MS);
                    self.plan_node(at, node, 0, Act::Ends { run: Run { sandbox, container, attempt }, code: 143 });
                }
                Outcome::Done(Ok(()))
            }
            Operation::Kill { sandbox, container, attempt } => {
                self.end(node, &Run { sandbox, container, attempt }, 137)?;
                Outcome::Done(Ok(()))
            }
            Operation::RemovePodDirectory | Operation::BindSubPaths(_) | Operation::Resize { .. } | Operation::ForgetRuns { .. } => {
                Outcome::Done(Ok(()))
            }
            Operation::SetUpVolumes { .. }
            | Operation::TearDownVolumes
            | Operation::WriteStatus { .. }
            | Operation::DeleteObject { .. } => return Err("a pod's own operation came to its node".to_owned()),
        })
    }

    fn start_container(&mut self, node: usize, sandbox: String, spec: ContainerSpec) -> Result<Result<Instance, StartError>, String> {
        let wall = self.wall();
        let (started, new) = self.nodes[node].containers.start(&sandbox, &spec, wall);
        if let Some((key, uid)) = new {
            let name = NODES[node];
            self.truth.start(&key, &uid, name, &spec.name)?;
            let pod = self.api.get(&format!("/api/v1/namespaces/{}/pods/{}", key.namespace, key.name));
            let disks = self.nodes[node].disks.list(name);
            pod.map_or(Ok(()), |pod| self.claims.write(&pod, name, &disks))?;
            self.note(format_args!("{key} runs on {name}, attempt {}", spec.attempt));
            let run = Run { sandbox, container: spec.name, attempt: spec.attempt };
            if key.namespace == jobs::NAMESPACE {
                let faulty = self.faulty();
                let (after, code) = jobs::fate(&key.name, &mut self.chance, faulty);
                self.plan_node(self.now + after, node, 0, Act::Ends { run: run.clone(), code });
            }
            self.will_fail(node, run);
        }
        Ok(started)
    }

    /// A pod is given its claims, those that have a disk here. The provisioner hears of one that has grown by that.
    fn set_up_volumes(&mut self, node: usize, agent: u64, uid: &str) -> Result<VolumesUp, Vec<VolumeFailure>> {
        if self.faulty() && self.chance.one_in(30) {
            return Err(vec![VolumeFailure::of("v", Stage::SetUp, "injected failure".to_owned())]);
        }
        for path in self.claims.paths_of(uid) {
            let found = self.nodes[node].disks.list(NODES[node]).into_iter().find(|disk| disk.made.path.as_os_str() == path.as_str());
            let Some(disk) = found else { continue };
            let attached = self.nodes[node].disks.attach(&disk.name);
            let attached = attached.map_err(|error| vec![VolumeFailure::of("v", Stage::SetUp, error.to_string())])?;
            self.nodes[node].disks.hold(&disk.made.path, uid);
            if attached.bytes != disk.made.bytes {
                self.claims.grown_at_start += 1;
                self.plan_node(self.now, node, agent, Act::Provision(super::provisioner::Act::Grown));
            }
        }
        Ok(VolumesUp::default())
    }

    /// Draws what will go wrong with a container that has started.
    fn will_fail(&mut self, node: usize, run: Run) {
        if !self.faulty() {
            return;
        }
        let at = self.now + self.chance.between(MS, 8 * SECOND);
        match self.chance.below(24) {
            0..=3 => {
                let code = i32::from(self.chance.one_in(2));
                self.plan_node(at, node, 0, Act::Ends { run, code });
            }
            4 => self.plan_node(at, node, 0, Act::SandboxDies(run.sandbox)),
            _ => {}
        }
    }

    fn stop(&mut self, node: usize, sandbox: &str) -> Result<(), String> {
        for run in self.nodes[node].containers.stop(sandbox) {
            self.end(node, &run, 137)?;
        }
        Ok(())
    }

    fn end(&mut self, node: usize, run: &Run, code: i32) -> Result<(), String> {
        let wall = self.wall();
        let Some((ended, key, uid)) = self.nodes[node].containers.end(run, code, wall) else { return Ok(()) };
        self.truth.stop(&key, &uid, &run.container);
        self.note(format_args!("{key} ends with {code} on {}", NODES[node]));
        if let Some(agent) = self.nodes[node].agent.as_ref().map(|agent| agent.id) {
            let at = self.now + self.chance.between(50, 20 * MS);
            self.plan_node(at, node, agent, Act::Exited(ended));
        }
        Ok(())
    }

    /// A request of an agent: it may be lost, or its answer.
    fn send(&mut self, node: usize, method: &str, path: &str, content_type: &str, body: &Value) -> Result<Result<Value, Failure>, String> {
        let fault = if self.faulty() { self.chance.below(40) } else { u64::MAX };
        let lost = || Err(Failure::NoAnswer("the connection broke".to_owned()));
        if self.is_server_down() || fault == 0 {
            return Ok(lost());
        }
        if fault == 1 {
            return Ok(Err(refusal(500, "InternalError")));
        }
        let result = self.api.write_as(identity(NODES[node]), method, path, content_type, body);
        self.note(format_args!("{} {method} {path}: {}", NODES[node], outcome(&result)));
        self.pump()?;
        Ok(if fault == 2 { lost() } else { result })
    }

    fn follow(&mut self, node: usize, agent: u64) -> Result<(), String> {
        if self.is_server_down() {
            self.plan_node(self.now + 200 * MS, node, agent, Act::Follow);
            return Ok(());
        }
        let scope = Scope { field_selector: format!("spec.nodeName={}", NODES[node]), ..Scope::all(PODS) };
        let list = self.api.get(&list_path(&scope, "")).map_err(|e| e.to_string())?;
        let page = page(PODS, list, parse).map_err(|e| e.to_string())?;
        let watch = self.api.watch(&watch_path(&scope, page.version, 290)).map_err(|e| e.to_string())?;
        let report = Report::Replaced { objects: page.objects, version: page.version };
        let at = self.now + self.latency();
        let Some(running) = &mut self.nodes[node].agent else { return Ok(()) };
        running.watch = Some(watch);
        running.connection += 1;
        running.last_delivery = at;
        let connection = running.connection;
        self.plan_node(at, node, agent, Act::Listed { connection, report });
        self.pump()
    }

    fn is_connected(&self, node: usize, connection: u64) -> bool {
        self.nodes[node].agent.as_ref().is_some_and(|agent| agent.connection == connection)
    }

    /// What the server has sent to the agents sets out to them.
    pub(super) fn pump_nodes(&mut self) {
        for node in 0..self.nodes.len() {
            let Some(agent) = &mut self.nodes[node].agent else { continue };
            let (id, connection, earliest) = (agent.id, agent.connection, agent.last_delivery);
            let lines = agent.watch.as_mut().map(super::api::Watch::lines).unwrap_or_default();
            let mut at = earliest;
            for line in lines {
                at = at.max(self.now + self.latency());
                if self.faulty() && self.chance.one_in(15) {
                    self.plan_node(at, node, id, Act::Line { connection, line: line.clone() });
                }
                self.plan_node(at, node, id, Act::Line { connection, line });
                if self.faulty() && self.chance.one_in(60) {
                    self.cut_agent(node);
                    break;
                }
            }
            if let Some(agent) = &mut self.nodes[node].agent {
                agent.last_delivery = at;
            }
            self.pump_provisioner(node);
        }
    }

    /// The watch of a node's agent breaks; what is on its way is lost.
    pub(super) fn cut_agent(&mut self, node: usize) {
        let Some(agent) = &mut self.nodes[node].agent else { return };
        agent.watch = None;
        agent.connection += 1;
        let id = agent.id;
        let at = self.now + self.chance.between(MS, SECOND);
        self.note(format_args!("the watch of {} is cut", NODES[node]));
        self.plan_node(at, node, id, Act::Follow);
        self.cut_provisioner(node);
    }

    pub(super) fn crash_agent(&mut self, node: usize) {
        self.note(format_args!("the agent of {} crashes", NODES[node]));
        self.nodes[node].agent = None;
        // Sometimes for so long that the node is given up for lost.
        let away = if self.chance.one_in(4) { self.chance.between(40 * SECOND, 80 * SECOND) } else { self.chance.between(MS, 3 * SECOND) };
        self.plan_node(self.now + away, node, 0, Act::Start);
    }

    /// Renews the Lease and puts the Node's status right, as the real agent does.
    fn beat(&mut self, node: usize, agent: u64) -> Result<(), String> {
        let beat = if self.is_server_down() { Ok(false) } else { self.try_beat(node) };
        let ok = match beat {
            Err(_) if self.store_refuses() => false,
            beat => beat.map_err(|e| format!("a heartbeat failed: {e}"))?,
        };
        let pause = if ok { i64::try_from(BEAT.as_micros()).unwrap_or(SECOND) } else { 200 * MS };
        self.plan_node(self.now + pause, node, agent, Act::Beat);
        self.pump()
    }

    fn try_beat(&mut self, node: usize) -> Result<bool, Failure> {
        let now = self.clocks();
        let Some(machine) = self.nodes.get(node).map(|node| node.machine.clone()) else { return Ok(false) };
        let path = format!("/api/v1/nodes/{}", machine.name);
        let write = |method: &str, path: &str, content_type: &str, body: &Value| {
            self.api.write_as(identity(&machine.name), method, path, content_type, body)
        };
        let object = match self.api.get(&path) {
            Err(Failure::Refused(refusal)) if refusal.code == 404 => write("POST", "/api/v1/nodes", "application/json", &machine.node())?,
            other => other?,
        };
        let lease = machine.lease(now.wall, object["metadata"].str("uid"));
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        match write("PATCH", &format!("{leases}/{}", machine.name), MERGE, &json!({"spec": lease["spec"]})) {
            Err(Failure::Refused(refusal)) if refusal.code == 404 => {
                write("POST", leases, "application/json", &lease)?;
            }
            other => drop(other?),
        }
        let Some(agent) = &mut self.nodes[node].agent else { return Ok(false) };
        let beat = agent.heartbeat.beat(now, &machine, &object, &stead_node::registration::NodeState::default());
        if let Some(labels) = &beat.labels {
            write("PATCH", &path, MERGE, labels)?;
        }
        if let Some(status) = &beat.status {
            write("PATCH", &format!("{path}/status"), STRATEGIC, status)?;
        }
        agent.heartbeat.written(now, &beat);
        Ok(true)
    }
}

/// Goes on for ever, so that no world waits for its end.
fn is_background(act: &Act) -> bool {
    matches!(act, Act::Beat | Act::Provision(super::provisioner::Act::LateTick))
}

fn parse(pod: Value) -> Option<Arc<Value>> {
    Some(Arc::new(without_managed_fields(pod)))
}
