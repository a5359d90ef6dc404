//! The one task that works on one pod: observes, plans, acts, writes the status, waits. It decides nothing; [`super::plan`] does.

use super::container::container_spec;
use super::environment::{Sources, references};
use super::plan::{Action, grace_s, plan};
use super::state::{ContainerState, PodState, Sandbox, Stop, Trouble, Verdict};
use super::status::{Facts, same, status};
use super::{backoff::Backoff, limits::pod_limits};
use crate::agent::Node;
use crate::runtime::{Ended, Exit, Image, Instance, InstanceState, QosClass, Runtime, SandboxSpec, StartError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::event::{Event, Reference};
use stead_client::resource::{CONFIG_MAPS, PODS, SECRETS};
use stead_client::{DeleteOptions, Failure, Key, Patch, Refusal, Resource};
use tokio::sync::{mpsc, watch};

/// How long a failed step waits before it is tried again.
const RETRY_S: i64 = 10;
/// Grace of a container whose pod object has gone (KILL-10).
const ORPHAN_GRACE_S: i64 = 1;
/// Rounds of steps after which the status is written though more steps follow.
const ROUNDS_UNSAID_MAX: u32 = 3;
const STATUS_RETRY: Duration = Duration::from_secs(1);

/// What a worker is told.
#[derive(Debug, Clone)]
pub enum News {
    /// The object as it is now.
    Object(Arc<Value>),
    /// The object is gone from the API.
    Gone,
}

/// One pod's worker.
pub struct Worker<R> {
    pub node: Arc<Node<R>>,
    pub news: watch::Receiver<News>,
    pub exits: mpsc::Receiver<Ended>,
    pub state: PodState,
    /// Every sandbox made for this pod, the newest last.
    pub sandboxes: Vec<String>,
    /// The object last seen, with the status as this worker last wrote it.
    pub object: Value,
    gone: bool,
    finished: bool,
    written: Option<Value>,
    /// The runs whose back-off has been told of.
    held_back: BTreeMap<String, u32>,
}

impl<R: Runtime> Worker<R> {
    /// A worker of a pod that is new to this node, or known from before a restart.
    pub fn new(
        node: Arc<Node<R>>,
        object: Arc<Value>,
        news: watch::Receiver<News>,
        exits: mpsc::Receiver<Ended>,
        state: PodState,
        sandboxes: Vec<String>,
    ) -> Self {
        let object = Value::clone(&object);
        Self { node, news, exits, state, sandboxes, object, gone: false, finished: false, written: None, held_back: BTreeMap::new() }
    }

    /// Works until nothing of the pod is left here and its object is gone.
    pub async fn run(mut self) {
        if self.state.start_time.is_none() {
            self.state.start_time = Some(self.node.now());
        }
        let mut rounds_unsaid = 0;
        loop {
            self.take_news();
            let now = self.node.now();
            self.judge(now);
            let next = plan(now, &self.object, &self.state);
            let acting = !next.actions.is_empty();
            // While one step follows another at once, not every one of them is worth a write.
            let mut retry = None;
            if !acting || rounds_unsaid >= ROUNDS_UNSAID_MAX || !self.object["status"].has("startTime") {
                retry = self.write_status(now).await;
                rounds_unsaid = 0;
            }
            rounds_unsaid += 1;
            for action in next.actions {
                self.act(action).await;
            }
            if self.over() {
                return;
            }
            if !acting {
                self.tell_of_backoff(now);
                let wake = [next.wake, retry, self.deadline()].into_iter().flatten().min();
                self.wait(wake).await;
            }
        }
    }

    /// Everything is gone: the object, and what ran for it.
    fn over(&self) -> bool {
        self.gone && self.finished
    }

    fn take_news(&mut self) {
        while let Ok(ended) = self.exits.try_recv() {
            self.note_exit(ended);
        }
        if !self.news.has_changed().unwrap_or(false) {
            return;
        }
        let news = self.news.borrow_and_update().clone();
        match news {
            News::Object(object) => {
                let status = self.written.clone();
                self.object = Value::clone(&object);
                if let Some(status) = status {
                    self.object["status"] = with_foreign_conditions(status, &object["status"]);
                }
            }
            News::Gone if !self.gone => {
                self.gone = true;
                let meta = &mut self.object["metadata"];
                meta.default_to("deletionTimestamp", self.node.now().rfc3339());
                meta["deletionGracePeriodSeconds"] =
                    meta.int("deletionGracePeriodSeconds").unwrap_or(ORPHAN_GRACE_S).min(ORPHAN_GRACE_S).into();
            }
            News::Gone => {}
        }
    }

    fn note_exit(&mut self, ended: Ended) {
        // Attempts are counted through all sandboxes of a pod; the end of a run may be told after a new sandbox was made.
        if self.sandboxes.contains(&ended.sandbox) {
            self.state.container_mut(&ended.container).ended(ended.attempt, ended.exit);
        }
    }

    async fn wait(&mut self, wake: Option<Timestamp>) {
        let now = self.node.now();
        let timer = async {
            match wake {
                Some(at) => tokio::time::sleep(Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or_default())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.news.changed() => match changed {
                Ok(()) => self.news.mark_changed(), // seen by take_news
                Err(_) => self.gone = true,
            },
            ended = self.exits.recv() => if let Some(ended) = ended { self.note_exit(ended) },
            () = timer => {}
        }
    }

    /// When the pod's own deadline ends it (POD-8).
    fn deadline(&self) -> Option<Timestamp> {
        let seconds = self.object["spec"].int("activeDeadlineSeconds")?;
        let ending = self.state.ended.is_some() || self.object["metadata"].has("deletionTimestamp");
        let over = matches!(self.object["status"].str("phase"), "Succeeded" | "Failed");
        self.state.start_time.filter(|_| !ending && !over).map(|start| start.plus_millis(seconds * 1000))
    }

    fn judge(&mut self, now: Timestamp) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let message = "Pod was active on the node longer than the specified deadline".to_owned();
            self.tell("Normal", "DeadlineExceeded", message.clone(), "");
            self.state.ended = Some(Verdict { reason: "DeadlineExceeded", message });
        }
    }

    fn facts(&self) -> Facts {
        self.node.facts()
    }

    /// Writes the status if it changed. `Some`: it could not be written, try again then.
    async fn write_status(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.gone {
            return None;
        }
        let new = status(now, &self.object, &self.state, &self.facts());
        if same(&new, &self.object["status"]) {
            return None;
        }
        let patch = patch(&self.object, &new);
        match self.node.api.patch(PODS, &self.key(), "status", Patch::Strategic(patch)).await {
            Ok(_) => {}
            Err(error) if error.is_gone() => return None, // the watch will tell
            Err(Failure::Refused(Refusal { code: 400..=428 | 430..=499, message, .. })) => {
                tracing::warn!(pod = self.name(), message, "a pod's status was refused")
            }
            Err(error) => {
                tracing::warn!(pod = self.name(), %error, "a pod's status could not be written");
                return Some(now.plus_millis(i64::try_from(STATUS_RETRY.as_millis()).unwrap_or(1000)));
            }
        }
        self.object["status"] = new.clone();
        self.written = Some(new);
        None
    }

    fn key(&self) -> Key {
        let meta = &self.object["metadata"];
        Key::new(meta.str("namespace"), meta.str("name"))
    }

    fn name(&self) -> &str {
        self.object["metadata"].str("name")
    }

    fn tell(&self, ty: &'static str, reason: &'static str, message: String, container: &str) {
        let meta = &self.object["metadata"];
        let regarding = Reference {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: meta.str("namespace").to_owned(),
            name: meta.str("name").to_owned(),
            uid: meta.str("uid").to_owned(),
            resource_version: meta.str("resourceVersion").to_owned(),
            field_path: field_path(&self.object, container),
        };
        self.node.record_event(Event { ty, reason, message, regarding });
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::CreateSandbox => self.create_sandbox().await,
            Action::Start { container, restart } => self.start(&container, restart).await,
            Action::Signal { container } => self.signal(&container).await,
            Action::Kill { container } => self.kill(&container).await,
            Action::RemoveSandbox => self.stop_sandbox().await,
            Action::Finish => self.finish().await,
        }
    }

    async fn create_sandbox(&mut self) {
        let meta = &self.object["metadata"];
        let again = !self.sandboxes.is_empty();
        let id = format!("{}-{}", meta.str("uid"), self.sandboxes.len());
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let spec = &self.object["spec"];
        let sandbox = SandboxSpec {
            id: id.clone(),
            pod: meta.str("uid").to_owned(),
            labels: BTreeMap::from([
                label("namespace", meta.str("namespace")),
                label("name", meta.str("name")),
                label("uid", meta.str("uid")),
            ]),
            hostname: self.hostname(),
            host_network: spec.flag("hostNetwork"),
            host_ipc: spec.flag("hostIPC"),
            qos: QosClass::of(&self.object),
            limits: pod_limits(&self.object),
        };
        if again && self.state.sandbox == Sandbox::Absent {
            self.tell("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.".to_owned(), "");
        }
        match self.node.runtime.create_sandbox(sandbox).await {
            Ok(()) => {
                self.sandboxes.push(id);
                self.state.sandbox = Sandbox::Ready;
            }
            Err(error) => {
                self.tell("Warning", "FailedCreatePodSandBox", format!("Failed to create pod sandbox: {error}"), "");
                self.state.sandbox = Sandbox::Failed { retry_at: self.retry_at() };
            }
        }
    }

    /// The pod's host name (FILE-5).
    fn hostname(&self) -> String {
        let spec = &self.object["spec"];
        if spec.flag("hostNetwork") {
            return self.node.name.clone();
        }
        let name =
            [spec.str("hostnameOverride"), spec.str("hostname"), self.name()].into_iter().find(|n| !n.is_empty()).unwrap_or_default();
        name.chars().take(63).collect::<String>().trim_end_matches(['-', '.']).to_owned()
    }

    fn retry_at(&self) -> Timestamp {
        self.node.now().plus_millis(RETRY_S * 1000)
    }

    async fn start(&mut self, name: &str, restart: Option<Timestamp>) {
        let Some(container) = find(&self.object, name).cloned() else { return };
        let Some(image) = self.image(name, &container).await else { return };
        let known = self.state.container_mut(name);
        let attempt = known.next_attempt();
        let backoff = known.backoff;
        if let Some(finished) = restart {
            let now = self.node.now();
            known.backoff.raise(now, finished);
        }
        let sources = match self.sources(&container).await {
            Ok(sources) => sources,
            Err(error) => return self.trouble(name, "CreateContainerConfigError", error, "Error: "),
        };
        let spec = match container_spec(&self.object, &container, attempt, &image, &sources, self.node.memory_bytes) {
            Ok(spec) => spec,
            Err(error) => return self.trouble(name, "CreateContainerConfigError", error, "Error: "),
        };
        let Some(sandbox) = self.sandboxes.last().cloned() else { return };
        let begun = self.node.now();
        let started = self.node.runtime.start(&sandbox, spec).await;
        let known = self.state.container_mut(name);
        known.image = Some((image.reference.clone(), image.id.clone()));
        match started {
            Ok(instance) => {
                known.started(instance);
                self.tell("Normal", "Created", "Container created".to_owned(), name);
                self.tell("Normal", "Started", "Container started".to_owned(), name);
                self.forget_runs(name, attempt).await;
            }
            Err(StartError::Create(message)) => self.trouble(name, "CreateContainerError", message, "Error: "),
            Err(StartError::SandboxGone) => {
                // Not the container's failure: its restart is still to come.
                known.backoff = backoff;
                self.state.sandbox_gone();
            }
            Err(StartError::Start { id, message }) => {
                let exit = Exit {
                    code: 128,
                    oom: false,
                    started_at: None,
                    finished_at: begun,
                    message: message.clone(),
                    reason: Some("StartError"),
                };
                known.started(Instance { attempt, id, state: InstanceState::Exited(exit) });
                self.tell("Normal", "Created", "Container created".to_owned(), name);
                self.tell("Warning", "Failed", format!("Error: {message}"), name);
            }
        }
    }

    /// Of the runs before this attempt only the last is kept (GC-2). What could not be removed is tried again at the next restart.
    async fn forget_runs(&self, name: &str, attempt: u32) {
        let Some(before) = attempt.checked_sub(1).filter(|before| *before > 0) else { return };
        for sandbox in &self.sandboxes {
            if let Err(error) = self.node.runtime.forget_runs(sandbox, name, before).await {
                tracing::warn!(pod = self.name(), container = name, error, "an old run could not be removed");
            }
        }
    }

    /// Says once per run that its restart is being held back (RST-7).
    fn tell_of_backoff(&mut self, now: Timestamp) {
        let meta = &self.object["metadata"];
        let pod = format!("{}_{}({})", meta.str("name"), meta.str("namespace"), meta.str("uid"));
        let held = self.state.containers.iter().filter_map(|(name, known)| {
            let run = known.current.as_ref()?;
            let until = known.backoff.until(known.exit()?.finished_at)?;
            (until > now && self.held_back.get(name) != Some(&run.attempt)).then(|| (name.clone(), run.attempt))
        });
        let held: Vec<(String, u32)> = held.collect();
        for (name, attempt) in held {
            self.tell("Warning", "BackOff", format!("Back-off restarting failed container {name} in pod {pod}"), &name);
            self.held_back.insert(name, attempt);
        }
    }

    /// Records why a container does not start; tried again after a while.
    fn trouble(&mut self, name: &str, reason: &'static str, message: String, prefix: &str) {
        let retry_at = self.retry_at();
        self.tell("Warning", "Failed", format!("{prefix}{message}"), name);
        self.state.container_mut(name).trouble = Some(Trouble { reason, message, retry_at });
    }

    /// The image of a container, or `None` after noting why it cannot be had. Images come from this machine only.
    async fn image(&mut self, name: &str, container: &Value) -> Option<Image> {
        let reference = container.str("image").to_owned();
        match self.node.runtime.image(&reference).await {
            Ok(Some(image)) => {
                let message = format!("Container image {reference:?} already present on machine and can be accessed by the pod");
                self.tell("Normal", "Pulled", message, name);
                Some(image)
            }
            Ok(None) if container.str("imagePullPolicy") == "Never" => {
                let message = format!("Container image {reference:?} is not present with pull policy of Never");
                self.tell("Warning", "ErrImageNeverPull", message.clone(), name);
                self.trouble(name, "ErrImageNeverPull", message, "Error: ");
                None
            }
            Ok(None) => {
                self.pull_failed(name, &reference);
                None
            }
            Err(error) => {
                self.trouble(name, "ImageInspectError", error, "Failed to inspect image: ");
                None
            }
        }
    }

    /// Images are not pulled by this version: the pull fails, with the back-off and words of one that failed (IMG-6 to IMG-8).
    fn pull_failed(&mut self, name: &str, reference: &str) {
        let now = self.node.now();
        let error = format!("image {reference:?} is not on this machine, and this version does not pull images from registries");
        let known = self.state.container_mut(name);
        known.pull_failures += 1;
        let retry_at = now.plus_millis((RETRY_S << known.pull_failures.saturating_sub(1).min(5)).min(300) * 1000);
        let first = known.pull_failures == 1;
        let message = if first { error.clone() } else { format!("Back-off pulling image {reference:?}: ErrImagePull: {error}") };
        known.trouble = Some(Trouble { reason: if first { "ErrImagePull" } else { "ImagePullBackOff" }, message, retry_at });
        self.tell("Normal", "Pulling", format!("Pulling image {reference:?}"), name);
        self.tell("Warning", "Failed", format!("Failed to pull image {reference:?}: {error}"), name);
        self.tell("Warning", "Failed", format!("Error: {}", if first { "ErrImagePull" } else { "ImagePullBackOff" }), name);
        if !first {
            self.tell("Normal", "BackOff", format!("Back-off pulling image {reference:?}"), name);
        }
    }

    /// The objects that the container's environment refers to, as they are now (ENV-9: services at start only).
    async fn sources(&self, container: &Value) -> Result<Sources, String> {
        let namespace = self.object["metadata"].str("namespace");
        let (config_maps, secrets) = references(&json!({"spec": {"containers": [container]}}));
        let fetch = |resource: Resource, names: Vec<String>| async move {
            let mut found = BTreeMap::new();
            for name in names {
                let object = self.node.optional(resource, namespace, &name).await?;
                found.insert(name, object);
            }
            Ok::<_, String>(found)
        };
        let facts = self.facts();
        Ok(Sources {
            config_maps: fetch(CONFIG_MAPS, config_maps).await?,
            secrets: fetch(SECRETS, secrets).await?,
            services: self.node.services(namespace).await?,
            node_name: self.node.name.clone(),
            pod_ips: if self.object["spec"].flag("hostNetwork") { facts.host_ips.clone() } else { Vec::new() },
            host_ips: facts.host_ips,
            allocatable: self.node.allocatable.clone(),
            hostname: self.hostname(),
        })
    }

    async fn signal(&mut self, name: &str) {
        let Some((sandbox, attempt)) = self.newest(name) else { return };
        let signal = self.stop_signal(name).await;
        self.tell("Normal", "Killing", format!("Stopping container {name}"), name);
        if let Err(error) = self.node.runtime.signal(&sandbox, name, attempt, &signal).await {
            tracing::warn!(pod = self.name(), container = name, error, "a container could not be told to stop");
        }
        let now = self.node.now();
        self.state.container_mut(name).stop = Stop::Signalled(now);
        tracing::debug!(pod = self.name(), container = name, grace_s = grace_s(&self.object), "told a container to stop");
    }

    /// The image's stop signal, else SIGTERM (KILL-2).
    async fn stop_signal(&self, name: &str) -> String {
        let reference = find(&self.object, name).map(|c| c.str("image").to_owned()).unwrap_or_default();
        let image = self.node.runtime.image(&reference).await.ok().flatten();
        image.map(|image| image.stop_signal).filter(|signal| !signal.is_empty()).unwrap_or_else(|| "SIGTERM".to_owned())
    }

    async fn kill(&mut self, name: &str) {
        let Some((sandbox, attempt)) = self.newest(name) else { return };
        match self.node.runtime.kill(&sandbox, name, attempt).await {
            Ok(()) => self.state.container_mut(name).stop = Stop::Killed,
            Err(error) => {
                tracing::warn!(pod = self.name(), container = name, error, "a container could not be killed");
                self.tell("Warning", "FailedKillPod", format!("error killing pod: {error}"), "");
                tokio::time::sleep(STATUS_RETRY).await;
            }
        }
    }

    fn newest(&self, name: &str) -> Option<(String, u32)> {
        let attempt = self.state.container(name)?.current.as_ref()?.attempt;
        Some((self.sandboxes.last()?.clone(), attempt))
    }

    async fn stop_sandbox(&mut self) {
        let ids = self.sandboxes.clone();
        for id in ids {
            if let Err(error) = self.node.runtime.stop_sandbox(&id).await {
                tracing::warn!(pod = self.name(), error, "a sandbox could not be stopped");
                self.tell("Warning", "FailedKillPod", format!("error killing pod: {error}"), "");
                tokio::time::sleep(STATUS_RETRY).await;
                return;
            }
        }
        self.state.sandbox = Sandbox::Removed;
    }

    /// KILL-7, KILL-8: write the terminal status; remove what is left, then the object.
    async fn finish(&mut self) {
        if self.write_status(self.node.now()).await.is_some() {
            return tokio::time::sleep(STATUS_RETRY).await;
        }
        if !self.finished {
            let ids = std::mem::take(&mut self.sandboxes);
            for id in ids {
                if let Err(error) = self.node.runtime.remove_sandbox(&id).await {
                    tracing::warn!(pod = self.name(), error, "a sandbox could not be removed");
                    self.sandboxes.push(id);
                }
            }
            if !self.sandboxes.is_empty() {
                return tokio::time::sleep(STATUS_RETRY).await;
            }
            self.finished = true;
        }
        if self.gone {
            return;
        }
        let uid = self.object["metadata"].str("uid").to_owned();
        let options = DeleteOptions { grace_period_s: Some(0), uid: Some(uid), ..DeleteOptions::default() };
        match self.node.api.delete(PODS, &self.key(), options).await {
            Ok(_) => {}
            Err(error) if error.is_gone() => {}
            Err(error) => {
                tracing::warn!(pod = self.name(), %error, "a pod's object could not be removed");
                return tokio::time::sleep(STATUS_RETRY).await;
            }
        }
        // Until its finalizers are gone the object stays; nothing is left to do here but to wait for that.
        match self.news.changed().await {
            Ok(()) => self.news.mark_changed(), // seen by take_news
            Err(_) => self.gone = true,
        }
    }
}

fn find<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let spec = &pod["spec"];
    spec.items("initContainers").iter().chain(spec.items("containers")).find(|c| c.str("name") == name)
}

fn field_path(pod: &Value, container: &str) -> String {
    if container.is_empty() {
        return String::new();
    }
    let init = pod["spec"].items("initContainers").iter().any(|c| c.str("name") == container);
    if init { format!("spec.initContainers{{{container}}}") } else { format!("spec.containers{{{container}}}") }
}

/// Our status with the conditions that others have set meanwhile.
fn with_foreign_conditions(mut ours: Value, theirs: &Value) -> Value {
    const OWNED: [&str; 5] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let mut conditions: Vec<Value> = ours.items("conditions").iter().filter(|c| OWNED.contains(&c.str("type"))).cloned().collect();
    conditions.extend(theirs.items("conditions").iter().filter(|c| !OWNED.contains(&c.str("type"))).cloned());
    ours["conditions"] = conditions.into();
    ours
}

/// A strategic merge patch from the status that the object has to the new one; members that went are null.
fn patch(object: &Value, new: &Value) -> Value {
    let mut status = new.clone();
    for name in object.map("status").into_iter().flatten().map(|(name, _)| name) {
        if !new.has(name) && name != "conditions" {
            status[name.as_str()] = Value::Null;
        }
    }
    for condition in status.items_mut("conditions") {
        for member in ["reason", "message"] {
            condition.default_to(member, Value::Null);
        }
    }
    json!({"metadata": {"uid": object["metadata"].str("uid")}, "status": status})
}

/// A state made from what the runtime still has of a pod, its sandboxes oldest first.
pub fn recovered(records: &[crate::runtime::SandboxRecord], object: &Value) -> (PodState, Vec<String>) {
    let start = Timestamp::parse(object["status"].str("startTime"));
    let mut state = PodState { start_time: start, ..PodState::default() };
    for record in records {
        let one = PodState::recovered(record, start);
        state.sandbox = one.sandbox;
        for (name, container) in one.containers {
            let known: &mut ContainerState = state.container_mut(&name);
            for run in [container.previous, container.current].into_iter().flatten() {
                // A start whose outcome was never heard is made again, under the same number, in the next sandbox: that one counts.
                if known.current.as_ref().is_some_and(|current| current.attempt == run.attempt) {
                    known.current = None;
                }
                known.started(run);
            }
            known.stale = container.stale;
            known.backoff = Backoff::default(); // RST-5: lost at restart
        }
    }
    for statuses in ["containerStatuses", "initContainerStatuses"] {
        for status in object["status"].items(statuses) {
            let (image, id) = (status.str("image").to_owned(), status.str("imageID").to_owned());
            if !id.is_empty() {
                state.container_mut(status.str("name")).image = Some((image, id));
            }
        }
    }
    (state, records.iter().map(|r| r.id.clone()).collect())
}
