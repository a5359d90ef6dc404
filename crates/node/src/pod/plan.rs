//! What to do next for one pod: a pure function of its object, its state and the time, run again after everything that happens.
//!
//! Up: the steps in order, init containers one by one, then the others in order. Down: stop signals, kills when the grace is over,
//! the steps in reverse, done. What is under way already is planned again; the machine does nothing twice.

use super::state::{ContainerState, PodState, ProbeKind, Progress, Stop};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// Longer graces are cut to this: 68 years.
const GRACE_S_MAX: i64 = i32::MAX as i64;
/// How long a killed container may take to end before its sandbox is taken down under it.
const KILL_WAIT: Duration = Duration::from_secs(10);

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Bring up the step of that index.
    Up(usize),
    /// Start the next attempt of a container; `restart` if it ran before, with the end of that run.
    Start { container: String, restart: Option<Duration> },
    /// Ask a container to end.
    Signal { container: String, cause: StopCause },
    /// Kill what is left of it.
    Kill { container: String, cause: StopCause },
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
    /// A probe has failed for good.
    Unhealthy { probe: ProbeKind, restarts: bool },
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
    let spec = &pod["spec"];
    let done = |container: &Value| {
        let known = state.container(container.str("name"));
        known.is_some_and(|c| c.exit().is_some() && !restarts(spec, container, c))
    };
    let regular = spec.items("containers");
    if !regular.is_empty() && regular.iter().all(done) {
        return true;
    }
    !initialized(spec, state)
        && inits(spec).any(|init| !sidecar(init) && state.container(init.str("name")).is_some_and(|c| init_failed(spec, init, c)))
}

fn init_failed(spec: &Value, init: &Value, state: &ContainerState) -> bool {
    !state.stale && state.exit().is_some_and(|exit| exit.code != 0) && !restarts(spec, init, state)
}

fn inits(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.items("initContainers").iter()
}

/// An init container that goes on running beside the others (INIT-2).
pub fn sidecar(container: &Value) -> bool {
    container.str("restartPolicy") == "Always"
}

/// Whether a container that has ended is to start again (RST-1).
pub fn restarts(spec: &Value, container: &Value, state: &ContainerState) -> bool {
    let Some(exit) = state.exit() else { return true };
    if sidecar(container) || state.replaced || (state.unhealthy.is_some() && spec.str("restartPolicy") != "Never") {
        return true;
    }
    match spec.str("restartPolicy") {
        "Never" => false,
        "OnFailure" => exit.code != 0,
        _ => true,
    }
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

/// Starts a container that does not run; stops one whose image was changed, so that it starts anew.
fn keep_running(now: Duration, pod: &Value, container: &Value, state: &PodState, plan: &mut Plan) {
    let name = container.str("name");
    match state.container(name).filter(|known| known.running()) {
        None => start_if_due(now, &pod["spec"], container, state, plan),
        Some(known) if known.unhealthy.is_none() && known.stop != Stop::NotAsked || changed(container, known) => {
            stop(now, name, state, grace(pod), StopCause::DefinitionChanged, plan);
        }
        Some(known) if known.unhealthy.is_some() => stop_unhealthy(now, pod, container, known, state, plan),
        Some(_) => {}
    }
}

/// PRB-4: its restart follows if its policy has any; if not, and nothing else of the pod goes on, the pod is over.
fn stop_unhealthy(now: Duration, pod: &Value, container: &Value, known: &ContainerState, state: &PodState, plan: &mut Plan) {
    let Some(unhealthy) = known.unhealthy else { return };
    let restarts = sidecar(container) || pod["spec"].str("restartPolicy") != "Never";
    let other = |other: &&Value| other.str("name") != container.str("name");
    let goes_on = |other: &Value| state.container(other.str("name")).is_some_and(|known| known.running() && known.unhealthy.is_none());
    if !restarts && !pod["spec"].items("containers").iter().filter(other).any(goes_on) {
        return stop(now, container.str("name"), state, grace(pod), StopCause::PodEnds, plan);
    }
    let own = unhealthy.grace_s.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
    let cause = StopCause::Unhealthy { probe: unhealthy.probe, restarts };
    stop(now, container.str("name"), state, own.unwrap_or_else(|| grace(pod)), cause, plan);
}

/// The newest run has another image than the pod now asks for.
fn changed(container: &Value, known: &ContainerState) -> bool {
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
    let finished = known.ended_at.filter(|_| !known.replaced); // RST-5: a new definition starts afresh
    let waiting = known.waiting.as_ref().map(|waiting| waiting.retry_at);
    let backoff = finished.and_then(|finished| known.backoff.until(finished));
    match waiting.max(backoff) {
        Some(at) if now < at => plan.wake_at(at),
        _ => plan.act(Action::Start { container: name.to_owned(), restart: finished }),
    }
}

fn down(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    let spec = &pod["spec"];
    let grace = grace(pod);
    for container in spec.items("containers") {
        stop(now, container.str("name"), state, grace, StopCause::PodEnds, plan);
    }
    let regular_running = spec.items("containers").iter().any(|c| state.container(c.str("name")).is_some_and(ContainerState::running));
    if !regular_running {
        // INIT-5: sidecars one by one in reverse, after the others; an init container that runs is stopped as well.
        let last = spec.items("initContainers").iter().rev().find(|c| state.container(c.str("name")).is_some_and(ContainerState::running));
        if let Some(container) = last {
            stop(now, container.str("name"), state, grace, StopCause::PodEnds, plan);
        }
    }
    if may_still_run(now, state, grace, plan) {
        return;
    }
    let deleting = pod["metadata"].has("deletionTimestamp");
    for (index, progress) in state.steps.iter().enumerate().rev() {
        match progress {
            Progress::Down => {}
            // What was begun may have left something behind, and taking down what is not there is harmless.
            Progress::Absent if !deleting => {}
            Progress::Up | Progress::Failed { .. } | Progress::Absent => return plan.act(Action::Down(index)),
        }
    }
    if deleting {
        plan.act(Action::Finish);
    }
}

/// Whether a container must be waited for before the steps are taken down. Nobody waits for ever: neither for the end of one that was
/// killed, nor for a start that the runtime does not answer.
fn may_still_run(now: Duration, state: &PodState, grace: Duration, plan: &mut Plan) -> bool {
    let mut waiting = false;
    let mut wait_until = |at: Option<Duration>| match at {
        Some(at) if at <= now => {}
        Some(at) => {
            plan.wake_at(at);
            waiting = true;
        }
        None => waiting = true,
    };
    for known in state.containers.values().filter(|known| known.running()) {
        wait_until(match known.stop {
            Stop::Killed(at) => Some(at + KILL_WAIT),
            Stop::NotAsked | Stop::Signalled(_) => None,
        });
    }
    if state.starting.as_ref().is_some_and(|starting| starting.committed) {
        wait_until(Some(state.down_since.unwrap_or(now) + grace));
    }
    waiting
}

/// Between the stop signal and the kill (KILL-1); a second, shorter DELETE shows here at once (KILL-4).
pub fn grace(pod: &Value) -> Duration {
    let given = pod["metadata"].int("deletionGracePeriodSeconds");
    let seconds = given.or_else(|| pod["spec"].int("terminationGracePeriodSeconds")).unwrap_or(30).clamp(0, GRACE_S_MAX);
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

fn stop(now: Duration, name: &str, state: &PodState, grace: Duration, cause: StopCause, plan: &mut Plan) {
    let Some(known) = state.container(name).filter(|c| c.running()) else { return };
    let container = name.to_owned();
    match known.stop {
        Stop::NotAsked if grace.is_zero() => plan.act(Action::Kill { container, cause }),
        Stop::NotAsked => plan.act(Action::Signal { container, cause }),
        Stop::Signalled(at) => {
            let kill_at = at + grace;
            if now < kill_at { plan.wake_at(kill_at) } else { plan.act(Action::Kill { container, cause }) }
        }
        Stop::Killed(_) => {}
    }
}

#[cfg(test)]
mod tests;
