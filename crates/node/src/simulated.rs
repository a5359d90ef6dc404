//! A runtime without containers: everything asked for is so at once. For nodes that exist in the API only.

use crate::network;
use crate::node::Clock;
use crate::pod::probes::{Check, Probed};
use crate::runtime::{
    ContainerSpec, Ended, ExecEnd, ExecError, Exit, Heard, Image, Instance, InstanceState, Output, Outputs, Runtime, SandboxRecord,
    SandboxSpec, StartError,
};
use crate::streams::{Duplex, Process, Streams, Wanted};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use stead_network::{Pool, Range};
use tokio::sync::mpsc;

/// Ends that wait for the agent.
const EXITS_MAX: usize = 65_536;

/// Sandbox, container and attempt.
type Attempt = (String, String, u32);

/// Shared by all simulated nodes of one agent.
#[derive(Clone)]
pub struct Simulated {
    clock: Clock,
    running: Arc<Mutex<HashMap<Attempt, Instance>>>,
    addresses: Arc<Mutex<Addresses>>,
    exits_in: mpsc::Sender<Ended>,
    exits: Arc<tokio::sync::Mutex<mpsc::Receiver<Ended>>>,
}

/// The addresses of simulated sandboxes.
#[derive(Default)]
struct Addresses {
    /// By node.
    pools: HashMap<String, Pool>,
    /// The node of each sandbox.
    nodes: HashMap<String, String>,
}

impl Addresses {
    fn claim(&mut self, spec: &SandboxSpec) -> Result<Vec<IpAddr>, String> {
        let Some(pool) = self.pools.get_mut(&spec.node).filter(|_| !spec.host_network) else { return Ok(Vec::new()) };
        let place = pool.claim(&network::owner(&spec.labels), &spec.id).map_err(|error| network::failure(&spec.id, &error.to_string()))?;
        self.nodes.insert(spec.id.clone(), spec.node.clone());
        Ok(pool.addresses(place))
    }

    fn release(&mut self, sandbox: &str) {
        if let Some(pool) = self.nodes.remove(sandbox).and_then(|node| self.pools.get_mut(&node)) {
            pool.release(sandbox);
        }
    }
}

impl Simulated {
    /// For nodes whose pods have addresses of these ranges.
    pub fn new(clock: Clock, nodes: impl IntoIterator<Item = (String, Vec<Range>)>) -> Self {
        let (exits_in, exits) = mpsc::channel(EXITS_MAX);
        let pools = nodes.into_iter().map(|(node, ranges)| (node, Pool::new(ranges))).collect();
        let addresses = Arc::new(Mutex::new(Addresses { pools, nodes: HashMap::new() }));
        Self { clock, running: Arc::default(), addresses, exits_in, exits: Arc::new(tokio::sync::Mutex::new(exits)) }
    }

    /// Takes over a container that runs already.
    pub fn adopt(&self, sandbox: &str, container: &str, instance: Instance) {
        self.running().insert((sandbox.to_owned(), container.to_owned(), instance.attempt), instance);
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().expect("nothing panics while it holds this lock")
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Attempt, Instance>> {
        self.running.lock().expect("nothing panics while it holds this lock")
    }

    async fn end(&self, sandbox: &str, container: &str, attempt: u32, code: i32) {
        let removed = self.running().remove(&(sandbox.to_owned(), container.to_owned(), attempt));
        let Some(Instance { state: InstanceState::Running { started_at }, .. }) = removed else { return };
        let exit =
            Exit { code, oom: false, started_at: Some(started_at), finished_at: (self.clock)(), message: String::new(), reason: None };
        let ended = Ended { sandbox: sandbox.to_owned(), container: container.to_owned(), attempt, exit };
        if self.exits_in.send(ended).await.is_err() {
            tracing::debug!("nobody waits for ends of simulated containers");
        }
    }
}

impl Runtime for Simulated {
    fn version(&self) -> String {
        concat!("simulated://", env!("CARGO_PKG_VERSION")).to_owned()
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, String> {
        Ok(Some(Image {
            reference: reference.to_owned(),
            id: format!("{reference}@simulated"),
            entrypoint: vec!["/simulated".to_owned()],
            ..Image::default()
        }))
    }

    async fn create_sandbox(&self, spec: SandboxSpec) -> Result<Vec<IpAddr>, String> {
        self.addresses().claim(&spec)
    }

    async fn stop_sandbox(&self, id: &str) -> Result<(), String> {
        self.running().retain(|(sandbox, ..), _| sandbox != id);
        self.addresses().release(id);
        Ok(())
    }

    async fn remove_sandbox(&self, id: &str) -> Result<(), String> {
        self.stop_sandbox(id).await
    }

    async fn start(&self, sandbox: &str, spec: ContainerSpec) -> Result<Instance, StartError> {
        let name = format!("{sandbox}{}{}", spec.name, spec.attempt);
        let id: String = name.bytes().cycle().take(32).enumerate().map(|(n, b)| format!("{:02x}", b.wrapping_add(n as u8))).collect();
        let instance = Instance {
            attempt: spec.attempt,
            id,
            image: spec.image_named.clone(),
            user: None,
            state: InstanceState::Running { started_at: (self.clock)() },
        };
        self.running().insert((sandbox.to_owned(), spec.name, spec.attempt), instance.clone());
        Ok(instance)
    }

    async fn signal(&self, sandbox: &str, container: &str, attempt: u32, _signal: &str) -> Result<(), String> {
        self.end(sandbox, container, attempt, 0).await;
        Ok(())
    }

    async fn kill(&self, sandbox: &str, container: &str, attempt: u32) -> Result<(), String> {
        self.end(sandbox, container, attempt, 137).await;
        Ok(())
    }

    async fn exec(
        &self,
        sandbox: &str,
        container: &str,
        attempt: u32,
        _argv: Vec<String>,
        _timeout: Duration,
    ) -> Result<ExecEnd, ExecError> {
        let runs = self.running().contains_key(&(sandbox.to_owned(), container.to_owned(), attempt));
        if runs { Ok(ExecEnd { code: 0, output: Vec::new() }) } else { Err(ExecError::NotRunning) }
    }

    async fn forget_runs(&self, _sandbox: &str, _container: &str, _before: u32) -> Result<(), String> {
        Ok(()) // ended runs are not kept
    }

    async fn probe(&self, _check: &Check) -> Probed {
        Probed::Success
    }

    async fn list(&self) -> Result<Vec<SandboxRecord>, String> {
        Ok(Vec::new())
    }

    async fn hear(&self) -> Option<Heard> {
        self.exits.lock().await.recv().await.map(Heard::Ended)
    }
}

impl Outputs for Simulated {
    /// Ended runs are not kept, so every run is known.
    fn output(&self, id: &str) -> Option<Output> {
        Some(Output { log: None, running: self.running().values().any(|instance| instance.id == id) })
    }
}

/// Nothing runs, and nothing listens on any port.
impl Streams for Simulated {
    async fn run(&self, id: &str, _argv: Vec<String>, _wanted: Wanted) -> Result<Process, ExecError> {
        if !self.output(id).is_some_and(|output| output.running) {
            return Err(ExecError::NotRunning);
        }
        Err(ExecError::Failed("a simulated container runs no programs".to_owned()))
    }

    async fn attach(&self, _id: &str, _wanted: Wanted) -> Result<Process, String> {
        Err("a simulated container has neither input nor output".to_owned())
    }

    async fn connect(&self, _pod: &str, port: u16) -> Result<Box<dyn Duplex>, String> {
        Err(format!("nothing listens on port {port} of a simulated pod"))
    }
}
