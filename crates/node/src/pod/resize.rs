//! Resources of running containers that the pod has changed: what is to be done about them in place, and in which order (CG-14). Pure.
//!
//! ```text
//! spec differs ─▶ allotted? ─no─▶ pending (deferred, infeasible), asked for again
//!                     └─yes─▶ in progress: cgroups changed in place, or containers started anew ─▶ done
//! ```

use super::limits::{container_limits, pod_limits};
use super::restart::sidecar;
use super::state::{ContainerState, PodState};
use crate::runtime::Limits;
use std::time::Duration;
use stead_api::kinds::pod_spec::amount;
use stead_api::value::Access;
use stead_api::{Value, json};

/// How far a resize is. Each is of one generation of the pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Resizing {
    #[default]
    No,
    /// The node has no room for it.
    Pending { generation: i64, refusal: Refusal, retry_at: Duration },
    /// The node has room: it is being done. What it failed by, if it did.
    InProgress { generation: i64, error: Option<String>, retry_at: Duration },
}

/// Why there is no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `Deferred`: there may be some later; `Infeasible`: never.
    pub reason: &'static str,
    pub message: String,
}

/// One change of limits: of a run of a container, or of the pod's own cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub run: Option<(String, u32)>,
    pub limits: Limits,
}

/// What a resize changes in place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// In this order.
    pub steps: Vec<Change>,
    /// What the containers have then.
    pub given: Vec<(String, Value)>,
    /// And the pod's cgroup.
    pub of_pod: Limits,
}

/// The generation of the pod's spec.
pub fn generation(pod: &Value) -> i64 {
    pod["metadata"].int("generation").unwrap_or_default()
}

/// The containers that go on running.
fn lasting(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.items("initContainers").iter().filter(|init| sidecar(init)).chain(spec.items("containers"))
}

/// A container that runs with other resources than it is to have.
pub fn differs(container: &Value, known: &ContainerState) -> bool {
    known.running() && known.resources.as_ref().is_some_and(|given| changed(given, container, &["cpu", "memory"], &["requests", "limits"]))
}

fn changed(given: &Value, container: &Value, resources: &[&str], lists: &[&str]) -> bool {
    let amounts = |of: &Value, list: &str| amount::amounts(of.map(list));
    lists.iter().any(|list| {
        let (before, after) = (amounts(given, list), amounts(&container["resources"], list));
        resources.iter().any(|resource| before.get(*resource) != after.get(*resource))
    })
}

/// Its resize policy wants it to start anew for what has changed.
pub fn restarts(container: &Value, known: &ContainerState) -> bool {
    let Some(given) = known.resources.as_ref().filter(|_| differs(container, known)) else { return false };
    container.items("resizePolicy").iter().filter(|policy| policy.str("restartPolicy") == "RestartContainer").any(|policy| {
        match policy.str("resourceName") {
            "cpu" => changed(given, container, &["cpu"], &["requests", "limits"]),
            // The kernel is not told of what memory is asked for.
            "memory" => changed(given, container, &["memory"], &["limits"]),
            _ => false,
        }
    })
}

/// The limits that the pod's own cgroup has now.
fn current(pod: &Value, state: &PodState) -> Limits {
    state.limits.clone().unwrap_or_else(|| {
        let mut before = pod.clone();
        for list in ["initContainers", "containers"] {
            for container in before["spec"].items_mut(list) {
                let given = state.container(container.str("name")).and_then(|known| known.resources.clone());
                if let Some(given) = given {
                    container["resources"] = given;
                }
            }
        }
        pod_limits(&before)
    })
}

/// Whether anything is other than the pod's spec wants it.
pub fn is_wanted(pod: &Value, state: &PodState) -> bool {
    let container = |container: &Value| state.container(container.str("name")).is_some_and(|known| differs(container, known));
    lasting(&pod["spec"]).any(container) || (state.is_up() && current(pod, state) != pod_limits(pod))
}

/// What can be changed while everything runs: more for the pod first, less for it last. As long as a container is still to start anew, the
/// pod keeps what that one has.
pub fn changes(pod: &Value, state: &PodState) -> Changes {
    let (before, after) = (current(pod, state), pod_limits(pod));
    let most = at_least(&before, &after);
    let mut found = Changes::default();
    let mut restart_pending = false;
    let mut in_place: Vec<(Change, bool)> = Vec::new();
    for container in lasting(&pod["spec"]) {
        let Some(known) = state.container(container.str("name")).filter(|known| differs(container, known)) else { continue };
        if restarts(container, known) {
            restart_pending = true;
            continue;
        }
        let name = container.str("name").to_owned();
        let Some(attempt) = known.current.as_ref().map(|run| run.attempt) else { continue };
        let mut old = container.clone();
        old["resources"] = known.resources.clone().unwrap_or_default();
        let (had, has) = (container_limits(pod, &old), container_limits(pod, container));
        let more = at_least(&had, &has) != had;
        found.given.push((name.clone(), container["resources"].clone()));
        in_place.push((Change { run: Some((name, attempt)), limits: has }, more));
    }
    in_place.sort_by_key(|(_, more)| *more);
    let of_pod = if restart_pending { most.clone() } else { after };
    if most != before {
        found.steps.push(Change { run: None, limits: most.clone() });
    }
    found.steps.extend(in_place.into_iter().map(|(change, _)| change));
    if of_pod != most {
        found.steps.push(Change { run: None, limits: of_pod.clone() });
    }
    found.of_pod = of_pod;
    found
}

/// Enough for both.
fn at_least(a: &Limits, b: &Limits) -> Limits {
    let most = |a: Option<i64>, b: Option<i64>| a.zip(b).map(|(a, b)| a.max(b));
    Limits {
        cpu_shares: a.cpu_shares.max(b.cpu_shares),
        cpu_quota_us: most(a.cpu_quota_us, b.cpu_quota_us),
        memory_bytes: most(a.memory_bytes, b.memory_bytes),
    }
}

/// What events say of a resize.
pub fn summary(pod: &Value, error: Option<&str>) -> String {
    let spec = &pod["spec"];
    let container = |container: &Value| json!({"name": container["name"], "resources": container["resources"]});
    let list = |of: Vec<&Value>| Value::from(of.into_iter().map(container).collect::<Vec<_>>());
    let mut summary = json!({});
    let sidecars: Vec<&Value> = spec.items("initContainers").iter().filter(|init| sidecar(init)).collect();
    if !sidecars.is_empty() {
        summary["initContainers"] = list(sidecars);
    }
    summary["containers"] = list(spec.items("containers").iter().collect());
    summary["generation"] = generation(pod).into();
    if let Some(error) = error {
        summary["error"] = error.into();
    }
    summary.to_string()
}

#[cfg(test)]
mod tests;
