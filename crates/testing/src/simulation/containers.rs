//! The containers of one simulated node. They outlive the node's agent, as real ones do, but not its machine's power; what was asked of
//! them twice is done once.

use super::chance::Chance;
use std::collections::BTreeMap;
use std::net::IpAddr;
use stead_api::time::Timestamp;
use stead_client::Key;
use stead_node::runtime::{ContainerSpec, Ended, Exit, Instance, InstanceState, SandboxRecord, SandboxSpec, StartError};

/// One run of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    pub sandbox: String,
    pub container: String,
    pub attempt: u32,
}

#[derive(Debug)]
struct Sandbox {
    labels: BTreeMap<String, String>,
    /// Nothing starts in it any more.
    dead: bool,
    containers: BTreeMap<String, Vec<Instance>>,
}

#[derive(Debug, Default)]
pub struct Containers {
    sandboxes: BTreeMap<String, Sandbox>,
}

impl Containers {
    pub fn create(&mut self, spec: SandboxSpec) {
        self.sandboxes.entry(spec.id).or_insert(Sandbox { labels: spec.labels, dead: false, containers: BTreeMap::new() });
    }

    /// Starts a run, or finds it started before. The pod of the new run, if there is one.
    pub fn start(&mut self, sandbox: &str, spec: &ContainerSpec, now: Timestamp) -> (Result<Instance, StartError>, Option<(Key, String)>) {
        let Some(found) = self.sandboxes.get_mut(sandbox) else { return (Err(StartError::SandboxGone), None) };
        let runs = found.containers.entry(spec.name.clone()).or_default();
        if let Some(run) = runs.iter().find(|run| run.attempt == spec.attempt) {
            return (Ok(run.clone()), None);
        }
        if found.dead {
            return (Err(StartError::SandboxGone), None);
        }
        let id = format!("{sandbox}/{}/{}", spec.name, spec.attempt);
        let state = InstanceState::Running { started_at: now };
        let instance = Instance { attempt: spec.attempt, id, image: spec.image_named.clone(), user: None, state };
        runs.push(instance.clone());
        (Ok(instance), Some(pod(&found.labels)))
    }

    /// A run ends, if it still runs: its end, and its pod.
    pub fn end(&mut self, run: &Run, code: i32, now: Timestamp) -> Option<(Ended, Key, String)> {
        let sandbox = self.sandboxes.get_mut(&run.sandbox)?;
        let instance = sandbox.containers.get_mut(&run.container)?.iter_mut().find(|instance| instance.attempt == run.attempt)?;
        let InstanceState::Running { started_at } = instance.state else { return None };
        let exit = Exit { code, oom: false, started_at: Some(started_at), finished_at: now, message: String::new(), reason: None };
        instance.state = InstanceState::Exited(exit.clone());
        let (key, uid) = pod(&sandbox.labels);
        let ended = Ended { sandbox: run.sandbox.clone(), container: run.container.clone(), attempt: run.attempt, exit };
        Some((ended, key, uid))
    }

    /// Nothing starts in a sandbox any more; the runs that are to end now.
    pub fn stop(&mut self, id: &str) -> Vec<Run> {
        let Some(sandbox) = self.sandboxes.get_mut(id) else { return Vec::new() };
        sandbox.dead = true;
        let runs = sandbox.containers.iter().flat_map(|(name, runs)| runs.iter().map(move |run| (name, run)));
        let running = runs.filter(|(_, run)| matches!(run.state, InstanceState::Running { .. }));
        running.map(|(name, run)| Run { sandbox: id.to_owned(), container: name.clone(), attempt: run.attempt }).collect()
    }

    /// The machine was off: nothing runs. Some of what was written last is not even on record.
    pub fn reboot(&mut self, chance: &mut Chance, now: Timestamp) {
        self.sandboxes.retain(|_, _| !chance.one_in(4));
        for sandbox in self.sandboxes.values_mut() {
            sandbox.dead = true;
            for run in sandbox.containers.values_mut().flatten() {
                if let InstanceState::Running { started_at } = run.state {
                    let reason = Some("ContainerStatusUnknown");
                    let exit =
                        Exit { code: 137, oom: false, started_at: Some(started_at), finished_at: now, message: String::new(), reason };
                    run.state = InstanceState::Exited(exit);
                }
            }
        }
    }

    pub fn remove(&mut self, id: &str) {
        self.sandboxes.remove(id);
    }

    /// What an agent that starts finds.
    pub fn records(&self) -> Vec<SandboxRecord> {
        let record = |(id, sandbox): (&String, &Sandbox)| SandboxRecord {
            id: id.clone(),
            labels: sandbox.labels.clone(),
            ready: !sandbox.dead,
            addresses: addresses(id),
            containers: sandbox.containers.clone(),
        };
        let mut records: Vec<SandboxRecord> = self.sandboxes.iter().map(record).collect();
        records.sort_by_key(|record| record.id.rsplit_once('-').and_then(|(_, n)| n.parse::<u32>().ok()));
        records
    }
}

/// A sandbox's own address, which no other of any node has.
pub fn addresses(sandbox: &str) -> Vec<IpAddr> {
    let hash = sandbox.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [_, a, b, c] = hash.to_be_bytes();
    vec![IpAddr::from([10, a, b, c])]
}

fn pod(labels: &BTreeMap<String, String>) -> (Key, String) {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    (Key::new(label("namespace"), label("name")), label("uid"))
}
