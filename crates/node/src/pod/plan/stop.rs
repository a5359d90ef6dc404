//! How containers are stopped, one or all of a pod: hook, signal, kill, each in its time.
//!
//! ```text
//! not asked ─▶ preStop hook ─▶ its turn ─▶ signal ─▶ kill
//!              └─ all within one grace ────────────┘
//! ```

use super::{Action, Plan, StopCause};
use crate::pod::restart::sidecar;
use crate::pod::state::{ContainerState, PodState, Progress, Stop, Unhealthy};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// Longer graces are cut to this: 68 years.
const GRACE_S_MAX: i64 = i32::MAX as i64;
/// Whatever its hook or others have left of the grace, so long a container has after the signal (KILL-1).
const GRACE_MIN: Duration = Duration::from_secs(2);
/// How long a killed container may take to end before its sandbox is taken down under it.
const KILL_WAIT: Duration = Duration::from_secs(10);

/// When a container that is to be stopped may be signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Now,
    /// Others end first; at the end of the grace at the latest.
    AfterOthers,
}

/// Between the beginning of a stop and the kill (KILL-1); a second, shorter DELETE shows here at once (KILL-4).
pub fn grace(pod: &Value) -> Duration {
    let given = pod["metadata"].int("deletionGracePeriodSeconds");
    seconds(given.or_else(|| pod["spec"].int("terminationGracePeriodSeconds")).unwrap_or(30))
}

/// The grace of a pod that goes: what its end gives it, but never more than its deletion.
fn last_grace(pod: &Value, state: &PodState) -> Duration {
    let given = state.ended.as_ref().and_then(|ended| ended.grace_s).map(seconds);
    match given {
        Some(given) if pod["metadata"].has("deletionGracePeriodSeconds") => given.min(grace(pod)),
        Some(given) => given,
        None => grace(pod),
    }
}

/// The grace of a container whose probe failed.
pub fn probe_grace(pod: &Value, unhealthy: Unhealthy) -> Duration {
    let given = unhealthy.grace_s.filter(|_| !pod["metadata"].has("deletionGracePeriodSeconds"));
    given.map_or_else(|| grace(pod), seconds)
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds.clamp(0, GRACE_S_MAX)).unwrap_or_default())
}

/// The next step of stopping a container that runs.
pub fn stop(now: Duration, name: &str, state: &PodState, grace: Duration, turn: When, cause: StopCause, plan: &mut Plan) {
    let Some(known) = state.container(name).filter(|c| c.running()) else { return };
    let container = name.to_owned();
    let mut when = |at: Duration, action: Action| if now < at { plan.wake_at(at) } else { plan.act(action) };
    match known.stop {
        Stop::Killed(_) => {}
        _ if grace.is_zero() => plan.act(Action::Kill { container, cause }), // HOOK-4: without the hook
        Stop::NotAsked => plan.act(Action::Stop { container, cause }),
        Stop::Hook { since } => when(since + grace, Action::AbandonHook { container }),
        Stop::Turn { since } => when(if turn == When::Now { now } else { since + grace }, Action::Signal { container }),
        Stop::Signalled { since, at } => when((since + grace).max(at + GRACE_MIN), Action::Kill { container, cause }),
    }
}

/// Takes the pod down: its containers, then its steps.
pub fn down(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    stop_all(now, pod, state, plan);
    if may_still_run(now, state, last_grace(pod, state), plan) {
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

/// INIT-5, KILL-6: hooks all at once, then signals: sidecars one by one in reverse, after the others.
fn stop_all(now: Duration, pod: &Value, state: &PodState, plan: &mut Plan) {
    let spec = &pod["spec"];
    let grace = last_grace(pod, state);
    let runs = |container: &Value| state.container(container.str("name")).is_some_and(ContainerState::running);
    let regular = spec.items("containers").iter().chain(spec.items("initContainers").iter().filter(|c| !sidecar(c)));
    let mut others_run = false;
    for container in regular {
        others_run |= runs(container);
        stop(now, container.str("name"), state, grace, When::Now, StopCause::PodEnds, plan);
    }
    for container in spec.items("ephemeralContainers") {
        stop(now, container.str("name"), state, grace, When::Now, StopCause::PodEnds, plan);
    }
    for container in spec.items("initContainers").iter().rev().filter(|c| sidecar(c)) {
        let turn = if others_run { When::AfterOthers } else { When::Now };
        stop(now, container.str("name"), state, grace, turn, StopCause::PodEnds, plan);
        others_run |= runs(container);
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
            Stop::NotAsked | Stop::Hook { .. } | Stop::Turn { .. } | Stop::Signalled { .. } => None,
        });
    }
    if state.starting.as_ref().is_some_and(|starting| starting.committed && !starting.hook) {
        wait_until(Some(state.down_since.unwrap_or(now) + grace));
    }
    waiting
}
