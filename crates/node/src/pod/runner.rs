//! The one task that works for one pod: feeds its machine, performs the machine's operations side by side, and wakes it in time.
//! It decides nothing.

use super::environment::Sources;
use super::files::write::write;
use super::hooks::{Hook, HookFailure};
use super::machine::{Command, Event, Explanation, Machine, PodUpdate};
use super::operation::{Operation, OperationId, Outcome, WriteFailure};
use super::resize::Change;
use super::state::TerminalReason;
use super::steps::about;
use super::{pull_progress, pull_secrets, runtime_class};
use crate::admission::Rejection;
use crate::following::{Followed, any_changed};
use crate::image_volumes;
use crate::node::Node;
use crate::probe::http;
use crate::roster::{ORDERS_MAX, Order, Seen};
use crate::runtime::{Heard, LimitError, Runtime, SandboxRecord};
use crate::volumes::{PodVolumes, blocking};
use futures::future::{AbortHandle, Abortable, Aborted, BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::resource::{CONFIG_MAPS, NODES, PODS, SECRETS};
use stead_client::{DeleteOptions, Failure, Key, Patch, Refusal, Resource};
use tokio::sync::{mpsc, watch};

/// A hook has no time of its own: the pod's grace, or its deletion, ends it. This is longer than anybody waits.
const HOOK_MAX: Duration = Duration::from_secs(86_400);

/// One pod's runner.
pub struct Runner<R> {
    node: Arc<Node<R>>,
    machine: Machine,
    volumes: Arc<PodVolumes>,
    /// What its volumes refer to.
    followed: Vec<Followed>,
    updates: watch::Receiver<PodUpdate>,
    heard: mpsc::Receiver<Heard>,
    /// What others on the node want, and their way to tell it.
    orders: (mpsc::Sender<Order>, mpsc::Receiver<Order>),
    under_way: FuturesUnordered<BoxFuture<'static, Result<(OperationId, Outcome), Aborted>>>,
    cancels: BTreeMap<OperationId, AbortHandle>,
}

impl<R: Runtime> Runner<R> {
    /// For a pod of which the runtime has these sandboxes, oldest first.
    pub fn new(
        node: Arc<Node<R>>,
        object: Arc<Value>,
        records: &[SandboxRecord],
        updates: watch::Receiver<PodUpdate>,
        heard: mpsc::Receiver<Heard>,
    ) -> Self {
        let machine = Machine::new(Arc::clone(&node.facts), object, records, node.now());
        let volumes = Arc::new(PodVolumes::new(node.volumes.clone(), machine.object()));
        let followed = volumes.followed();
        let orders = mpsc::channel(ORDERS_MAX);
        let runner =
            Self { node, machine, volumes, followed, updates, heard, orders, under_way: FuturesUnordered::new(), cancels: BTreeMap::new() };
        runner.show();
        runner
    }

    /// Works until nothing of the pod is left here and its object is gone.
    pub async fn run(mut self) {
        let mut event = Event::Tick;
        loop {
            for command in self.machine.step(self.node.now(), event) {
                self.perform(command);
            }
            if self.machine.is_over() {
                return self.node.roster.forget(self.machine.object()["metadata"].str("uid"));
            }
            self.show();
            event = self.next().await;
        }
    }

    /// Lets those who look at all pods see this one as it is now.
    fn show(&self) {
        let seen = Seen {
            object: Arc::clone(self.machine.object()),
            sandbox: self.machine.sandbox().map(str::to_owned),
            runs: self.machine.runs(),
            ended: self.machine.has_ended(),
            overstated: self.machine.is_overstated(),
            orders: self.orders.0.clone(),
        };
        self.node.roster.saw(self.machine.object()["metadata"].str("uid"), seen);
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Run(id, operation) => {
                let (cancel, registration) = AbortHandle::new_pair();
                let node = Arc::clone(&self.node);
                let (pod, volumes) = (Arc::clone(self.machine.object()), Arc::clone(&self.volumes));
                let running = async move {
                    let what = operation.name();
                    let outcome = perform(&node, &volumes, &pod, operation).await;
                    log_failure(pod["metadata"].str("name"), what, &outcome);
                    (id, outcome)
                };
                self.under_way.push(Abortable::new(running, registration).boxed());
                self.cancels.insert(id, cancel);
            }
            Command::Cancel(id) => {
                if let Some(cancel) = self.cancels.remove(&id) {
                    cancel.abort();
                }
            }
            Command::RecordEvent(event) => self.node.record_event(event),
        }
    }

    fn explain(&self) -> Explanation {
        let pulls = self.node.pulls.of(self.machine.object()["metadata"].str("uid"));
        self.machine.explain(self.node.now()).with_pulls(pulls)
    }

    async fn next(&mut self) -> Event {
        loop {
            let wake = self.machine.wake().map(|at| self.node.instant(at));
            let tick = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(heard) = self.heard.recv() => return match heard {
                    Heard::Ended(ended) => Event::Exited(ended),
                    Heard::SandboxDied { sandbox, reason } => Event::SandboxDied { sandbox, reason },
                },
                Some(ended) = self.under_way.next() => if let Ok((id, outcome)) = ended {
                    self.cancels.remove(&id);
                    return Event::Outcome(id, outcome);
                },
                Some(order) = self.orders.1.recv() => match order {
                    Order::End(reason) => return Event::End(reason),
                    // Who asked may have gone.
                    Order::Explain(answer) => drop(answer.send(self.explain())),
                },
                changed = self.updates.changed() => return Event::Update(match changed {
                    Ok(()) => self.updates.borrow_and_update().clone(),
                    Err(_) => std::future::pending().await, // the agent stops
                }),
                () = any_changed(&mut self.followed) => return Event::SourcesChanged,
                () = tick => return Event::Tick,
            }
        }
    }
}

/// Performs one operation to its end.
async fn perform<R: Runtime>(node: &Node<R>, volumes: &PodVolumes, pod: &Arc<Value>, operation: Operation) -> Outcome {
    match operation {
        Operation::Admit(pod) => Outcome::Admitted(admit(node, &pod).await),
        Operation::SetUpVolumes { seen } => Outcome::Volumes(volumes.set_up(node, pod, seen).await),
        Operation::MountImages(images) => Outcome::ImagesMounted(image_volumes::mount(node, pod, images).await),
        Operation::TearDownVolumes => Outcome::Done(volumes.tear_down(pod).await),
        Operation::RemovePodDirectory => Outcome::Done(volumes.remove(pod).await),
        Operation::BindSubPaths(sub_paths) => Outcome::Done(volumes.bind(pod, sub_paths).await),
        Operation::CreateSandbox(spec) => Outcome::Sandbox(match runtime_class::check(node, pod).await {
            Ok(()) => node.runtime.create_sandbox(spec).await,
            Err(error) => Err(error),
        }),
        Operation::StopSandbox(id) => Outcome::Done(node.runtime.stop_sandbox(&id).await),
        Operation::RemoveSandbox(id) => Outcome::Done(node.runtime.remove_sandbox(&id).await),
        Operation::InspectImage(reference) => Outcome::Image(node.runtime.image(&reference).await),
        Operation::PullImage { reference, container, namespace, secrets } => {
            let (keyring, missing_secrets) = pull_secrets::keyring(node, &namespace, &secrets).await;
            Outcome::Pulled { missing_secrets, pulled: pull_progress::pull(node, pod, &container, &reference, keyring).await }
        }
        Operation::FetchSources { namespace, config_maps, secrets, files } => {
            let fetched = sources(node, &namespace, config_maps, secrets).await;
            let files = volumes.read(files).await;
            Outcome::Sources(fetched.map(|fetched| Sources { files, ..fetched }))
        }
        // A simulated node has no directories of pods.
        Operation::WriteFiles(_) if node.volumes.is_none() => Outcome::Files(Ok(Vec::new())),
        Operation::WriteFiles(files) => Outcome::Files(blocking(move || write(&files)).await),
        Operation::Refuse(reason) => Outcome::Done(Err(reason)),
        Operation::StartContainer { sandbox, spec } => Outcome::Started(node.runtime.start(&sandbox, *spec).await),
        Operation::ForgetRuns { sandboxes, container, before } => {
            let mut result = Ok(());
            for sandbox in &sandboxes {
                result = result.and(node.runtime.forget_runs(sandbox, &container, before).await);
            }
            Outcome::Done(result)
        }
        Operation::Allot(pod) => Outcome::Allotted(node.roster.room().regrant(&pod)),
        Operation::Resize { sandbox, changes } => Outcome::Done(change_limits(&node.runtime, &sandbox, changes).await),
        Operation::Hook { sandbox, container, attempt, hook } => {
            Outcome::Hook(perform_hook(&node.runtime, &sandbox, &container, attempt, hook).await)
        }
        Operation::Signal { sandbox, container, attempt, image } => {
            let signal = stop_signal(node, &image).await;
            Outcome::Done(node.runtime.signal(&sandbox, &container, attempt, &signal).await)
        }
        Operation::Kill { sandbox, container, attempt } => Outcome::Done(node.runtime.kill(&sandbox, &container, attempt).await),
        Operation::Probe(check) => Outcome::Probed(node.runtime.probe(&check).await),
        Operation::WriteStatus { namespace, name, patch } => {
            let written = node.api.patch(PODS, &Key::new(namespace, name), "status", Patch::Strategic(patch)).await;
            Outcome::Written(written.map(|pod| Arc::new(without_managed_fields(pod))).map_err(write_failure))
        }
        Operation::DeleteObject { namespace, name, uid } => {
            let options = DeleteOptions { grace_period_s: Some(0), uid: Some(uid), ..DeleteOptions::default() };
            match node.api.delete(PODS, &Key::new(namespace, name), options).await {
                Err(failure) if !failure.is_gone() => Outcome::Done(Err(failure.to_string())),
                Ok(_) | Err(_) => Outcome::Done(Ok(())),
            }
        }
    }
}

/// HOOK-3: one attempt, as long as it takes; whoever gives it up ends it.
async fn perform_hook<R: Runtime>(runtime: &R, sandbox: &str, container: &str, attempt: u32, hook: Hook) -> Result<(), HookFailure> {
    match hook {
        Hook::Exec { command } => match runtime.exec(sandbox, container, attempt, command.clone(), HOOK_MAX).await {
            Ok(end) if end.code == 0 => Ok(()),
            Ok(end) => Err(HookFailure::of_command(&command, end.code, &end.output)),
            Err(error) => Err(HookFailure::new(error.to_string())),
        },
        Hook::Get(get) => match http::get(&get, HOOK_MAX).await {
            Ok(_) => Ok(()),
            Err(http::Failure::Request(error)) if get.scheme == http::Scheme::Https && error.ends_with(http::PLAIN_ANSWER) => {
                let plain = http::Get { scheme: http::Scheme::Http, ..get };
                http::get(&plain, HOOK_MAX).await.map(drop).map_err(request_failure)
            }
            Err(failure) => Err(request_failure(failure)),
        },
        Hook::Sleep(time) => {
            tokio::time::sleep(time).await;
            Ok(())
        }
        Hook::Unusable(error) => Err(HookFailure::new(error)),
    }
}

async fn change_limits<R: Runtime>(runtime: &R, sandbox: &str, changes: Vec<Change>) -> Result<(), String> {
    for Change { run, limits } in changes {
        let changed = match run {
            Some((container, attempt)) => runtime.update_limits(sandbox, &container, attempt, limits).await,
            None => runtime.update_sandbox_limits(sandbox, limits).await,
        };
        match changed {
            // It has ended: what follows it is given what the pod asks for then.
            Ok(()) | Err(LimitError::NotRunning) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

fn request_failure(failure: http::Failure) -> HookFailure {
    let (http::Failure::Request(error) | http::Failure::Body(error)) = failure;
    HookFailure::new(error)
}

/// What a pod's own status and events do not show.
fn log_failure(pod: &str, what: &'static str, outcome: &Outcome) {
    match outcome {
        Outcome::Done(Err(error))
        | Outcome::Sandbox(Err(error))
        | Outcome::Written(Err(WriteFailure::Refused(error) | WriteFailure::Failed(error))) => {
            tracing::warn!(pod, what, error, "an operation for a pod failed");
        }
        Outcome::Done(Ok(()))
        | Outcome::Sandbox(Ok(_))
        | Outcome::Volumes(_)
        | Outcome::ImagesMounted(_)
        | Outcome::Image(_)
        | Outcome::Pulled { .. }
        | Outcome::Sources(_)
        | Outcome::Files(_)
        | Outcome::Started(_)
        | Outcome::Admitted(_)
        | Outcome::Probed(_)
        | Outcome::Hook(_)
        | Outcome::Allotted(_)
        | Outcome::Written(_) => {}
    }
}

/// Whether the node takes the pod; labels and taints that speak against it are looked at again, for they may just have been changed.
/// For a critical pod others end, and are waited for (NODE-14).
async fn admit<R: Runtime>(node: &Node<R>, pod: &Value) -> Result<(), Rejection> {
    let mut judged = node.roster.room().admit(pod);
    if judged.as_ref().is_err_and(|rejection| rejection.by_node) {
        if let Ok(Some(object)) = node.optional(NODES, "", &node.facts.name).await {
            node.roster.room().node_is(&object);
        }
        judged = node.roster.room().admit(pod);
    }
    let Err(rejection) = judged else { return Ok(()) };
    let preempted = node.roster.room().preempt(pod).unwrap_or(Err(rejection))?;
    let seen = node.roster.all();
    for pod in preempted.iter().filter_map(|uid| seen.get(uid)) {
        let message = "Preempted in order to admit critical pod".to_owned();
        node.record_event(about(&pod.object, "", "Warning", "Preempting", message.clone()));
        let disruption = Some("Pod was preempted by Kubelet to accommodate a critical pod.".to_owned());
        let reason = TerminalReason { reason: "Preempting", message, disruption, ..TerminalReason::default() };
        if pod.orders.try_send(Order::End(reason)).is_err() {
            tracing::warn!(pod = pod.object["metadata"].str("name"), "a pod that is to make room could not be told");
        }
    }
    node.roster.until(|pods| preempted.iter().all(|uid| pods.get(uid).is_none_or(|seen| seen.ended))).await;
    Ok(())
}

/// Nothing on the node reads them.
pub fn without_managed_fields(mut pod: Value) -> Value {
    if let Some(meta) = pod["metadata"].as_object_mut() {
        meta.shift_remove("managedFields");
    }
    pod
}

/// What a failed write means for the pod.
pub fn write_failure(failure: Failure) -> WriteFailure {
    match failure {
        failure if failure.is_gone() => WriteFailure::Gone,
        Failure::Refused(Refusal { code: 400..=428 | 430..=499, message, .. }) => WriteFailure::Refused(message),
        failure => WriteFailure::Failed(failure.to_string()),
    }
}

/// The image's stop signal, else SIGTERM (KILL-2).
async fn stop_signal<R: Runtime>(node: &Node<R>, reference: &str) -> String {
    let image = node.runtime.image(reference).await.ok().flatten();
    image.map(|image| image.stop_signal).filter(|signal| !signal.is_empty()).unwrap_or_else(|| "SIGTERM".to_owned())
}

async fn sources<R: Runtime>(node: &Node<R>, namespace: &str, config_maps: Vec<String>, secrets: Vec<String>) -> Result<Sources, String> {
    let fetch = |resource: Resource, names: Vec<String>| async move {
        let mut found = BTreeMap::new();
        for name in names {
            let object = node.optional(resource, namespace, &name).await?;
            found.insert(name, object);
        }
        Ok::<_, String>(found)
    };
    Ok(Sources {
        config_maps: fetch(CONFIG_MAPS, config_maps).await?,
        secrets: fetch(SECRETS, secrets).await?,
        services: node.services(namespace).await?,
        ..Sources::default()
    })
}
