//! What to do next for one pod: a pure function of its object, its state and the time, run again after everything that happens.
//!
//! Up: sandbox, init containers one by one, then the others in order. Down: stop signals, kills when the grace is over, sandbox, done.

use super::state::{ContainerState, PodState, Sandbox, Stop};
use crate::runtime::InstanceState;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// Longer graces are cut to this: 68 years.
const GRACE_S_MAX: i64 = i32::MAX as i64;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    CreateSandbox,
    /// Start the next attempt of a container; `restart` if it ran before, with the end of that run.
    Start {
        container: String,
        restart: Option<Timestamp>,
    },
    /// Ask a container to end.
    Signal {
        container: String,
    },
    /// Kill what is left of it.
    Kill {
        container: String,
    },
    RemoveSandbox,
    /// Nothing of the pod is left on this machine: write its last status, then remove its object.
    Finish,
}

/// The next steps, in order, and when to look again though nothing happens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub actions: Vec<Action>,
    pub wake: Option<Timestamp>,
}

impl Plan {
    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

/// Decides the next steps.
pub fn plan(now: Timestamp, pod: &Value, state: &PodState) -> Plan {
    let mut plan = Plan::default();
    let deleting = pod["metadata"].has("deletionTimestamp");
    let terminal = matches!(pod["status"].str("phase"), "Succeeded" | "Failed"); // POD-1
    if deleting || terminal || state.ended.is_some() || over(pod, state) {
        down(now, pod, state, deleting, &mut plan);
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
    if sidecar(container) {
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

fn up(now: Timestamp, pod: &Value, state: &PodState, plan: &mut Plan) {
    match state.sandbox {
        Sandbox::Ready => {}
        Sandbox::Failed { retry_at } if now < retry_at => return plan.wake_at(retry_at),
        Sandbox::Absent | Sandbox::Failed { .. } | Sandbox::Removed => return plan.act(Action::CreateSandbox),
    }
    let spec = &pod["spec"];
    let behind = initialized(spec, state);
    for init in inits(spec) {
        if !init_passed(now, spec, init, state, behind, plan) {
            return;
        }
    }
    for container in spec.items("containers") {
        start_if_due(now, spec, container, state, plan);
    }
}

/// Whether the containers after this init container may start; plans its own start where that is due.
fn init_passed(now: Timestamp, spec: &Value, init: &Value, state: &PodState, behind: bool, plan: &mut Plan) -> bool {
    let known = state.container(init.str("name"));
    if sidecar(init) {
        if !known.is_some_and(ContainerState::running) {
            start_if_due(now, spec, init, state, plan);
        }
        return behind || known.is_some_and(ContainerState::running);
    }
    if behind || known.is_some_and(|c| !c.stale && c.exit().is_some_and(|exit| exit.code == 0)) {
        return true; // INIT-4: never again
    }
    start_if_due(now, spec, init, state, plan);
    false
}

/// Plans the start of a container that does not run, once its trouble and back-off are over.
fn start_if_due(now: Timestamp, spec: &Value, container: &Value, state: &PodState, plan: &mut Plan) {
    let name = container.str("name");
    let fresh = ContainerState::default();
    let known = state.container(name).unwrap_or(&fresh);
    let finished = match &known.current {
        Some(run) => match &run.state {
            InstanceState::Running { .. } => return,
            InstanceState::Exited(exit) => Some(exit.finished_at),
        },
        None => None,
    };
    if finished.is_some() && !known.stale && !restarts(spec, container, known) {
        return;
    }
    let trouble = known.trouble.as_ref().map(|trouble| trouble.retry_at);
    let backoff = finished.and_then(|finished| known.backoff.until(finished));
    match trouble.max(backoff) {
        Some(at) if now < at => plan.wake_at(at),
        _ => plan.act(Action::Start { container: name.to_owned(), restart: finished }),
    }
}

fn down(now: Timestamp, pod: &Value, state: &PodState, deleting: bool, plan: &mut Plan) {
    let spec = &pod["spec"];
    let grace_s = grace_s(pod);
    for container in spec.items("containers") {
        stop(now, container.str("name"), state, grace_s, plan);
    }
    let regular_running = spec.items("containers").iter().any(|c| state.container(c.str("name")).is_some_and(ContainerState::running));
    if !regular_running {
        // INIT-5: sidecars one by one in reverse, after the others; an init container that runs is stopped as well.
        let last = spec.items("initContainers").iter().rev().find(|c| state.container(c.str("name")).is_some_and(ContainerState::running));
        if let Some(container) = last {
            stop(now, container.str("name"), state, grace_s, plan);
        }
    }
    if state.any_running() {
        return;
    }
    match state.sandbox {
        Sandbox::Ready | Sandbox::Failed { .. } => plan.act(Action::RemoveSandbox),
        // An absent one may still have left something behind: removing it is harmless.
        Sandbox::Absent if deleting => plan.act(Action::RemoveSandbox),
        Sandbox::Absent => {}
        Sandbox::Removed if deleting => plan.act(Action::Finish),
        Sandbox::Removed => {}
    }
}

/// Seconds between the stop signal and the kill (KILL-1); a second, shorter DELETE shows here at once (KILL-4).
pub fn grace_s(pod: &Value) -> i64 {
    let given = pod["metadata"].int("deletionGracePeriodSeconds");
    given.or_else(|| pod["spec"].int("terminationGracePeriodSeconds")).unwrap_or(30).clamp(0, GRACE_S_MAX)
}

fn stop(now: Timestamp, name: &str, state: &PodState, grace_s: i64, plan: &mut Plan) {
    let Some(known) = state.container(name).filter(|c| c.running()) else { return };
    let container = name.to_owned();
    match known.stop {
        Stop::NotAsked if grace_s == 0 => plan.act(Action::Kill { container }),
        Stop::NotAsked => plan.act(Action::Signal { container }),
        Stop::Signalled(at) => {
            let kill_at = at.plus_millis(grace_s * 1000);
            if now < kill_at { plan.wake_at(kill_at) } else { plan.act(Action::Kill { container }) }
        }
        Stop::Killed => {}
    }
}

#[cfg(test)]
mod tests;
