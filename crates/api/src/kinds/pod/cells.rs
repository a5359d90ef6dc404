//! The printed columns of a pod: how many containers are ready, one word for its state, restarts, and where it is.

use crate::{
    Value, json,
    kinds::pod_spec::is_sidecar,
    time::{Timestamp, age, human_duration},
    value::Access,
};

const NONE: &str = "<none>";

/// What the containers say about the pod.
#[derive(Debug, Default)]
struct Summary {
    ready: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<Timestamp>,
}

/// The cells of a pod.
pub fn of(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let summary = summary(object);
    let sidecars = spec.items("initContainers").iter().filter(|c| is_sidecar(c)).count();
    let total = spec.items("containers").len() + sidecars;
    let restarts = match summary.last_restart {
        Some(at) if summary.restarts != 0 => {
            format!("{} ({} ago)", summary.restarts, human_duration(now.seconds() - at.seconds()))
        }
        _ => summary.restarts.to_string(),
    };
    let or_none = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
    vec![
        object["metadata"].str("name").into(),
        format!("{}/{total}", summary.ready).into(),
        summary.reason.into(),
        restarts.into(),
        age(object, now).into(),
        or_none(status.items("podIPs").first().map_or("", |ip| ip.str("ip"))).into(),
        or_none(spec.str("nodeName")).into(),
        or_none(status.str("nominatedNodeName")).into(),
        gates(spec, status).into(),
    ]
}

/// Finished pods are marked, so that clients can leave them out.
pub fn conditions(object: &Value) -> Option<Value> {
    let phase = object["status"].str("phase");
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

fn gates(spec: &Value, status: &Value) -> String {
    let gates = spec.items("readinessGates");
    if gates.is_empty() {
        return NONE.to_owned();
    }
    let open = gates.iter().filter(|gate| is_true(status, gate.str("conditionType"))).count();
    format!("{open}/{}", gates.len())
}

fn is_true(status: &Value, condition: &str) -> bool {
    status.items("conditions").iter().any(|c| c.str("type") == condition && c.str("status") == "True")
}

fn summary(object: &Value) -> Summary {
    let status = &object["status"];
    let phase = status.str("phase");
    let reason = match status.str("reason") {
        "" => phase,
        reason => reason,
    };
    let mut summary = Summary { reason: reason.to_owned(), ..Summary::default() };
    let gated = |c: &Value| c.str("type") == "PodScheduled" && c.str("reason") == "SchedulingGated";
    if status.items("conditions").iter().any(gated) {
        summary.reason = "SchedulingGated".to_owned();
    }
    let (initializing, sidecars) = init_containers(object, &mut summary);
    if !initializing || is_true(status, "Initialized") {
        summary.restarts = sidecars.restarts;
        summary.last_restart = sidecars.last_restart;
        containers(status, &mut summary);
    }
    if object["metadata"].has("deletionTimestamp") {
        if status.str("reason") == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            summary.reason = "Terminating".to_owned();
        }
    }
    summary
}

impl Summary {
    fn count_restarts(&mut self, container: &Value) {
        self.restarts += container.int("restartCount").unwrap_or_default();
        let ended = container.get("lastState").and_then(|s| s.get("terminated")).map_or("", |t| t.str("finishedAt"));
        self.last_restart = self.last_restart.max(Timestamp::parse(ended));
    }
}

/// How a container ended, in a word.
fn ending(terminated: &Value) -> String {
    let (reason, signal) = (terminated.str("reason"), terminated.int("signal").unwrap_or_default());
    if !reason.is_empty() {
        reason.to_owned()
    } else if signal != 0 {
        format!("Signal:{signal}")
    } else {
        format!("ExitCode:{}", terminated.int("exitCode").unwrap_or_default())
    }
}

/// Looks at init containers up to the first that is not done. Returns whether there is one, and the restarts of sidecars.
fn init_containers(object: &Value, summary: &mut Summary) -> (bool, Summary) {
    let declared = object["spec"].items("initContainers");
    let mut sidecars = Summary::default();
    for (i, container) in object["status"].items("initContainerStatuses").iter().enumerate() {
        let sidecar = declared.iter().any(|c| c.str("name") == container.str("name") && is_sidecar(c));
        summary.count_restarts(container);
        if sidecar {
            sidecars.count_restarts(container);
        }
        let state = |name: &str| container.get("state").and_then(|s| s.get(name));
        let waiting = state("waiting").map_or("", |w| w.str("reason"));
        if let Some(ended) = state("terminated") {
            if ended.int("exitCode").unwrap_or_default() == 0 {
                continue;
            }
            if sidecar && container.flag("started") {
                summary.ready += usize::from(container.flag("ready"));
                continue;
            }
            summary.reason = format!("Init:{}", ending(ended));
        } else if sidecar && container.flag("started") {
            summary.ready += usize::from(container.flag("ready"));
            continue;
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            summary.reason = format!("Init:{waiting}");
        } else {
            summary.reason = format!("Init:{i}/{}", declared.len());
        }
        return (true, sidecars);
    }
    (false, sidecars)
}

/// Looks at the containers from the last to the first, so the first with something to say has the word.
fn containers(status: &Value, summary: &mut Summary) {
    let mut running = false;
    for container in status.items("containerStatuses").iter().rev() {
        summary.count_restarts(container);
        let state = |name: &str| container.get("state").and_then(|s| s.get(name));
        let waiting = state("waiting").map_or("", |w| w.str("reason"));
        if !waiting.is_empty() {
            summary.reason = waiting.to_owned();
        } else if let Some(ended) = state("terminated") {
            summary.reason = ending(ended);
        } else if container.flag("ready") && state("running").is_some() {
            running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" && running {
        let ready = is_true(status, "Ready");
        summary.reason = if ready { "Running" } else { "NotReady" }.to_owned();
    }
}
