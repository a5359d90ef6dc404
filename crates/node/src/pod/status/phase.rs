//! The phase of a pod (POD-1 to POD-6).

use crate::pod::plan::{going_down, initialized, restarts};
use crate::pod::restart::sidecar;
use crate::pod::state::{ContainerState, PodState};
use stead_api::Value;
use stead_api::value::Access;

/// A phase as it follows from the containers, and as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// What the containers, or whoever ended the pod, make of it; conditions go by it.
    pub computed: &'static str,
    /// A terminal phase is not shown as long as anything of the pod may run.
    pub shown: &'static str,
    /// Nothing runs any more, and nothing will.
    pub over: bool,
}

/// The phase of a pod in this state; a terminal one is never left (POD-1).
pub fn phase(pod: &Value, state: &PodState) -> Phase {
    let old = known(pod["status"].str("phase"));
    let over = going_down(pod, state) && state.is_nothing_left();
    let settled = old.filter(|old| is_terminal(old));
    let computed = match (of_containers(&pod["spec"], state, over), settled) {
        _ if state.ended.is_some() => settled.unwrap_or("Failed"),
        (phase, Some(settled)) if is_terminal(phase) || !over => settled,
        (phase, _) => phase,
    };
    let shown = match (is_terminal(computed), over) {
        (true, true) => computed,
        (true, false) => old.unwrap_or("Pending"),
        (false, true) => settled.unwrap_or("Failed"), // KILL-9: whatever never ran did not succeed
        (false, false) => computed,
    };
    Phase { computed, shown, over }
}

fn is_terminal(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

fn known(phase: &str) -> Option<&'static str> {
    ["Pending", "Running", "Succeeded", "Failed"].into_iter().find(|known| *known == phase)
}

/// What containers count for (POD-2).
#[derive(Debug, Default)]
struct Count {
    waiting: usize,
    running: usize,
    stopped: usize,
    succeeded: usize,
    over: usize,
}

/// POD-3 to POD-6; `over`: nothing starts any more, whatever the restart policy says.
fn of_containers(spec: &Value, state: &PodState, over: bool) -> &'static str {
    let fresh = ContainerState::default();
    let known = |container: &Value| state.container(container.str("name")).unwrap_or(&fresh);
    let mut count = Count::default();
    let (mut init_pending, mut sidecar_pending) = (false, false);
    for init in spec.items("initContainers") {
        let known = known(init);
        if sidecar(init) {
            sidecar_pending |= known.running() && !known.is_started() || !known.has_run();
            count.running += usize::from(known.running());
            count.waiting += usize::from(!known.has_run());
            continue;
        }
        match known.exit() {
            Some(exit) if exit.code != 0 && !restarts(spec, init, known) => return "Failed",
            Some(_) => {}
            None => init_pending |= known.running() || !known.has_run(),
        }
    }
    for container in spec.items("containers") {
        let known = known(container);
        match known.exit().or_else(|| known.previous_exit().filter(|_| known.current.is_none())) {
            _ if known.running() => count.running += 1,
            None => count.waiting += 1,
            Some(exit) => {
                count.stopped += 1;
                count.succeeded += usize::from(exit.code == 0);
                count.over += usize::from(known.exit().is_some() && !restarts(spec, container, known));
            }
        }
    }
    if init_pending || (sidecar_pending && !initialized(spec, state)) || count.waiting > 0 {
        return "Pending";
    }
    if count.running > 0 || (count.over < count.stopped && !over) {
        return "Running";
    }
    if count.succeeded == count.stopped { "Succeeded" } else { "Failed" }
}
