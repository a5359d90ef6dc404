//! What to do next for one pod: a pure function of its object, its state and the time, run again after everything that happens.
//!
//! Up: the steps in order, ephemeral containers, init containers one by one, then the others in order. Down: hooks, stop signals, kills
//! when the grace is over, the steps in reverse, done. What is under way already is planned again; the machine does nothing twice.

mod stop;

use super::resize::{self, Resizing};
pub use super::restart::sidecar;
use super::restart::{Following, following, policy};
use super::state::{ContainerState, PodState, ProbeKind, Progress, Stop};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
pub use stop::grace;
use stop::{When, down, stop};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Bring up the step of that index.
    Up(usize),
    /// Start the next attempt of a container; `restart` if it ran before, with the end of that run.
    Start { container: String, restart: Option<Duration> },
    /// Begin to stop a container: its preStop hook, if it has one.
    Stop { container: String, cause: StopCause },
    /// Its preStop hook takes longer than its grace.
    AbandonHook { container: String },
    /// Ask a container to end.
    Signal { container: String },
    /// Kill what is left of it.
    Kill { container: String, cause: StopCause },
    /// Ask the node for room for changed resources.
    Allot,
    /// Change resources in place.
    Resize,
    /// Everything has the resources that the pod asks for.
    Resized,
    /// All containers have ended that a rule wants to start anew.
    StartAnew,
    /// Take down the step of that index.
    Down(usize),
    /// Nothing of the pod is left on this machine: write its last status, then remove its object.
    Finish,
}

/// Why a container is stopped (KILL-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// Its pod is over.
    PodEnds,
    /// Its image was changed.
    DefinitionChanged,
    /// A probe failed for good; whether another run follows.
    ProbeFailed(ProbeKind, bool),
    /// Its postStart hook failed.
    PostStartHook,
    /// All containers of the pod start anew.
    AllRestart,
    /// Its resize policy wants a restart.
    Resize,
}

/// What to do, in order, and when to look again though nothing happens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub actions: Vec<Action>,
    pub wake: Option<Duration>,
}

impl Plan {
    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub fn wake_at(&mut self, at: Duration) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

/// Whether the pod is being taken down, or is to be.
pub fn going_down(pod: &Value, state: &PodState) -> bool {
    let terminal = matches!(pod["status"].str("phase"), "Succeeded" | "Failed"); // POD-1
    pod["metadata"].has("deletionTimestamp") || terminal || state.ended.is_some() || over(pod, state)
}

/// Decides the next actions; `now` is on the steady clock.
pub fn plan(now: Duration, pod: &Value, state: &PodState) -> Plan {
    let mut plan = Plan::default();
    if going_down(pod, state) {
        down(now, pod, state, &mut plan);
    } else {
        up(now, pod, state, &mut plan);
    }
    plan
}

/// Whether every container has ended for good, or an init container has failed for good.
pub fn over(pod: &Value, state: &PodState) -> bool {
    if state.restarting_all {
        return false;
    }
    let spec = &pod["spec"];
    let done = |container: &Value| {
        let known = state.container(container.str("name"));
        known.is_some_and(|c| {
            if c.running() { is_last_failure(spec, container, c) } else { c.exit().is_some() && !restarts(spec, container, c) }
        })
    };
    let regular = spec.items("containers");
    if !regular.is_empty() && regular.iter().all(done) {
        return true;
    }
    !initialized(spec, state)
        && inits(spec).any(|init| !sidecar(init) && state.container(init.str("name")).is_some_and(|c| init_failed(spec, init, c)))
}

/// A probe has failed, and no run follows this one.
fn is_last_failure(spec: &Value, container: &Value, known: &ContainerState) -> bool {
    known.unhealthy.is_some() && policy(spec, container) == "Never"
}

fn init_failed(spec: &Value, init: &Value, state: &ContainerState) -> bool {
    !state.stale && state.exit().is_some_and(|exit| exit.code != 0) && !restarts(spec, init, state)
}

fn inits(spec: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    spec.items("initContainers").iter()
}

/// Whether a container that has ended is to start again (RST-1).
pub fn restarts(spec: &Value, container: &Value, state: &ContainerState) -> bool {
    let Some(exit) = state.exit() else { return true };
    state.again.is_some() || following(spec, container, exit.code) != Following::Nothing
}

/// Some regular container has started in this sandbox, so init containers are behind us (INIT-4).
pub fn initialized(spec: &Value, state: &PodState) -> bool {
    spec.items("containers").iter().any(|c| state.container(c.str("name")).is_some_and(|c| c.current.is_some() && !c.stale))
}

fn up(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    for (index, progress) in state.steps.iter().enumerate() {
        match progress {
            Progress::Up => {}
            Progress::Failed { retry_at } if now < *retry_at => return plan.wake_at(*retry_at),
            Progress::Absent | Progress::Failed { .. } | Progress::Down => return plan.act(Action::Up(index)),
        }
    }
    let spec = &pod["spec"];
    if state.restarting_all {
        return start_anew(now, pod, state, plan);
    }
    resize(now, pod, state, plan);
    // INIT-8: as soon as the sandbox is there, once.
    let fresh = spec.items("ephemeralContainers").iter().filter(|c| state.container(c.str("name")).is_none_or(|c| c.current.is_none()));
    fresh.for_each(|container| start_if_due(now, spec, container, state, plan));
    let behind = initialized(spec, state);
    for init in inits(spec) {
        if !init_passed(now, pod, init, state, behind, plan) {
            return;
        }
    }
    for container in spec.items("containers") {
        keep_running(now, pod, container, state, plan);
    }
}

/// CG-14.
fn resize(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    let generation = resize::generation(pod);
    let wanted = resize::is_wanted(pod, state);
    match &state.resizing {
        Resizing::No if !wanted => {}
        Resizing::InProgress { .. } if !wanted => plan.act(Action::Resized),
        Resizing::Pending { .. } if !wanted => plan.act(Action::Resized),
        Resizing::Pending { generation: of, retry_at, .. } if *of == generation && now < *retry_at => plan.wake_at(*retry_at),
        Resizing::InProgress { generation: of, retry_at, .. } if *of == generation => {
            if now < *retry_at {
                plan.wake_at(*retry_at);
            } else if !resize::changes(pod, state).steps.is_empty() {
                plan.act(Action::Resize);
            }
        }
        _ => plan.act(Action::Allot),
    }
}

/// RST-2: what runs is stopped, all together; then everything starts as in a new pod.
fn start_anew(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    let containers = inits(&pod["spec"]).chain(pod["spec"].items("containers"));
    let running: Vec<&str> =
        containers.map(|c| c.str("name")).filter(|name| state.container(name).is_some_and(ContainerState::running)).collect();
    for name in &running {
        stop(now, name, state, grace(pod), When::Now, StopCause::AllRestart, plan);
    }
    if running.is_empty() && state.starting.is_none() {
        plan.act(Action::StartAnew);
    }
}

/// Whether the containers after this init container may start; plans its own start where that is due.
fn init_passed(now: Duration, pod: &Value, init: &Value, state: &PodState, behind: bool, plan: &mut Plan) -> bool {
    let known = state.container(init.str("name"));
    if sidecar(init) {
        keep_running(now, pod, init, state, plan);
        return behind || known.is_some_and(ContainerState::is_started);
    }
    if behind || known.is_some_and(|c| !c.stale && c.exit().is_some_and(|exit| exit.code == 0)) {
        return true; // INIT-4: never again
    }
    start_if_due(now, &pod["spec"], init, state, plan);
    false
}

/// Starts a container that does not run; stops one whose time has come.
fn keep_running(now: Duration, pod: &Value, container: &Value, state: &PodState, plan: &mut Plan) {
    let name = container.str("name");
    let Some(known) = state.container(name).filter(|known| known.running()) else {
        return start_if_due(now, &pod["spec"], container, state, plan);
    };
    if let Some((cause, grace)) = doom(pod, container, known, state) {
        stop(now, name, state, grace, When::Now, cause, plan);
    }
}

/// Why a container that runs must not go on, and its grace.
fn doom(pod: &Value, container: &Value, known: &ContainerState, state: &PodState) -> Option<(StopCause, Duration)> {
    let of_pod = grace(pod);
    if let Some(cause) = known.doomed {
        return Some((cause, of_pod));
    }
    if changed(container, known) {
        return Some((StopCause::DefinitionChanged, of_pod));
    }
    if let Some(unhealthy) = known.unhealthy {
        let again = policy(&pod["spec"], container) != "Never";
        return Some((StopCause::ProbeFailed(unhealthy.probe, again), stop::probe_grace(pod, unhealthy)));
    }
    if matches!(state.resizing, Resizing::InProgress { generation, .. } if generation == resize::generation(pod))
        && resize::restarts(container, known)
    {
        return Some((StopCause::Resize, of_pod));
    }
    // What made it stop may be over; what was begun is not.
    (known.stop != Stop::NotAsked).then_some((StopCause::DefinitionChanged, of_pod))
}

/// The newest run has another image than the pod now asks for.
pub fn changed(container: &Value, known: &ContainerState) -> bool {
    known.current.as_ref().is_some_and(|run| !run.image.is_empty() && run.image != container.str("image"))
}

/// Plans the start of a container that does not run, once what made it wait and its back-off are over.
fn start_if_due(now: Duration, spec: &Value, container: &Value, state: &PodState, plan: &mut Plan) {
    let name = container.str("name");
    let fresh = ContainerState::default();
    let known = state.container(name).unwrap_or(&fresh);
    if known.running() {
        return;
    }
    let init_again = known.stale && !sidecar(container) && inits(spec).any(|init| init.str("name") == name);
    if known.exit().is_some() && !init_again && !restarts(spec, container, known) {
        return;
    }
    let finished = known.ended_at.filter(|_| !starts_afresh(container, known));
    // Another image than the one that failed need not wait for it.
    let waiting = known.waiting.as_ref().filter(|_| known.waiting_for == container.str("image")).map(|waiting| waiting.retry_at);
    let backoff = finished.and_then(|finished| known.backoff.until(finished));
    match waiting.max(backoff) {
        Some(at) if now < at => plan.wake_at(at),
        _ => plan.act(Action::Start { container: name.to_owned(), restart: finished }),
    }
}

/// RST-5: a new definition has no back-off, nor have containers that all start anew.
fn starts_afresh(container: &Value, known: &ContainerState) -> bool {
    known.again == Some(super::state::Again::Afresh) || changed(container, known)
}

#[cfg(test)]
mod tests;
