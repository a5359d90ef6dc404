//! Who works in a played world: the controllers, the scheduler and the agent of all nodes, each as itself.

use super::stage::Stage;
use crate::inprocess;
use anyhow::Context;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use stead_client::Client;
use stead_control::Explainer;
use stead_node::agent::{self, Storage};
use stead_node::disks::SimulatedDisks;
use stead_node::eviction::thresholds::Config;
use stead_node::questions;
use stead_node::registration::Machine;
use stead_node::shutdown::Shutdown;
use stead_node::stats::Stats;
use stead_server::{Environment, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// They end when this is dropped.
pub struct Crew {
    pub explainer: Explainer,
    tasks: JoinSet<String>,
    /// Nobody tells the agent to stop.
    _stop: watch::Sender<bool>,
}

impl Crew {
    pub fn start(
        server: &Server,
        clock: Arc<dyn Environment>,
        machines: Vec<Machine>,
        stage: Stage,
        disk_bytes: u64,
    ) -> anyhow::Result<Self> {
        let (mut tasks, (stop, stopped)) = (JoinSet::new(), watch::channel(false));
        let (explainer, asked) = stead_control::questions();
        let now = Arc::clone(&clock);
        let options = stead_control::Options {
            controllers: "*".parse().context("choose the controllers")?,
            scheduler: true,
            root_ca: "none".to_owned(),
            clock: Arc::new(move || now.now()),
        };
        let service = server.service();
        let clients: stead_control::Clients = Box::new(move |user| inprocess::client(service.clone(), user, "kube-controller-manager"));
        tasks.spawn(async move {
            stead_control::run(clients, options, asked, pending()).await;
            "the controllers".to_owned()
        });
        let acting = |user: &str, agent| Client::new(inprocess::client(server.service(), user, agent), agent);
        let storage = Storage {
            api: acting(stead_node::provisioner::USER, "stead-provisioner"),
            disks: Arc::new(SimulatedDisks::new(disk_bytes)),
            default_pool: PathBuf::from("/simulated"),
        };
        let options = agent::Options {
            api: acting(stead_server::SIMULATED_NODES, "kubelet"),
            machines,
            runtime: stage,
            volumes: None,
            storage: Some(storage),
            clock: Arc::new(move || clock.now()),
            stats: Stats::default(),
            data_dir: None,
            eviction: Config::default(),
            questions: questions::questions().1,
            shutdown: Shutdown::never(),
            caught_up: watch::Sender::new(false),
        };
        tasks.spawn(async move { format!("the nodes: {:?}", agent::run(options, stopped).await) });
        Ok(Self { explainer, tasks, _stop: stop })
    }

    /// Which of them ended, though none should.
    pub async fn first_end(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Ok(who)) => who,
            Some(Err(error)) => error.to_string(),
            None => pending().await,
        }
    }
}
