//! A claim that asks for more than it has (STO-14, STO-15). Pure. A disk grows in one step, so of the states that a status can name these
//! occur: in progress, infeasible, and waiting for its pods to go.

use super::facts::{KnownDisk, PROVISIONER, bytes};
use super::objects::{about_claim, patch, quantity};
use super::plan::{Operation, Past, Purpose, Step};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::event::Event;
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES};

const IN_PROGRESS: &str = "ControllerResizeInProgress";
const INFEASIBLE: &str = "ControllerResizeInfeasible";
const WAITS: &str = "NodeResizePending";
const RESIZING: &str = "Resizing";
const FILE_SYSTEM_PENDING: &str = "FileSystemResizePending";

/// The next step, if there is one.
pub fn plan(volume: &Value, claim: &Value, disk: &KnownDisk, past: Past) -> Option<Step> {
    let (spec, status, name) = (&claim["spec"], &claim["status"], volume["metadata"].str("name"));
    if spec.str("volumeName") != name || status.str("phase") != "Bound" || claim["metadata"].has("deletionTimestamp") {
        return None;
    }
    let asked = &spec["resources"]["requests"]["storage"];
    let (wanted, has) = (bytes(asked), bytes(&status["capacity"]["storage"]));
    let state = status["allocatedResourceStatuses"].str("storage");
    if wanted <= has {
        // What could not be had was taken back.
        return (!state.is_empty()).then(|| Step::call(Purpose::FinishResize, settled(claim, &status["capacity"]["storage"])));
    }
    if disk.bytes >= wanted {
        let amount = quantity(disk.bytes, asked);
        if bytes(&volume["spec"]["capacity"]["storage"]) < disk.bytes {
            let body = json!({"spec": {"capacity": {"storage": amount}}});
            return Some(Step::call(Purpose::RaiseVolume, patch(PERSISTENT_VOLUMES, volume, "", body)));
        }
        return Some(Step::call(Purpose::FinishResize, settled(claim, &volume["spec"]["capacity"]["storage"])));
    }
    let is_marked = |wanted_state: &str| bytes(&status["allocatedResources"]["storage"]) == wanted && state == wanted_state;
    if past.waits_with == Some(wanted) {
        return (!is_marked(WAITS)).then(|| {
            let message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
            let told = Event::normal(about_claim(claim), "FileSystemResizeRequired", "Require file system resize of volume on node");
            Step::call(Purpose::MarkResize, mark(claim, past.now, WAITS, (FILE_SYSTEM_PENDING, message))).telling(told)
        });
    }
    if past.not_grown_to == Some(wanted) && !is_marked(INFEASIBLE) {
        return Some(Step::call(Purpose::MarkResize, mark(claim, past.now, INFEASIBLE, (RESIZING, ""))));
    }
    if is_marked(IN_PROGRESS) || is_marked(INFEASIBLE) {
        return Some(Step::new(Purpose::Expand, Operation::ExpandDisk { disk: disk.name.clone(), bytes: wanted }));
    }
    let told = Event::normal(about_claim(claim), "Resizing", format!("External resizer is resizing volume {name}"));
    Some(Step::call(Purpose::MarkResize, mark(claim, past.now, IN_PROGRESS, (RESIZING, ""))).telling(told))
}

/// The status of a claim in a state of its resize.
fn mark(claim: &Value, now: Timestamp, state: &str, (condition, message): (&str, &str)) -> stead_client::Call {
    let mut conditions = others(claim);
    let mut one = json!({"type": condition, "status": "True", "lastTransitionTime": now.rfc3339()});
    if !message.is_empty() {
        one["message"] = message.into();
    }
    conditions.push(one);
    let body = json!({"status": {"allocatedResources": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "allocatedResourceStatuses": {"storage": state}, "conditions": conditions}});
    patch(PERSISTENT_VOLUME_CLAIMS, claim, "status", body)
}

/// The status of a claim that has what it asked for.
fn settled(claim: &Value, capacity: &Value) -> stead_client::Call {
    let body = json!({"status": {"capacity": {"storage": capacity}, "allocatedResources": {"storage": capacity},
        "allocatedResourceStatuses": null, "conditions": others(claim)}});
    patch(PERSISTENT_VOLUME_CLAIMS, claim, "status", body)
}

/// The conditions that say nothing of a resize.
fn others(claim: &Value) -> Vec<Value> {
    let conditions = claim["status"].items("conditions").iter();
    conditions.filter(|one| ![RESIZING, FILE_SYSTEM_PENDING].contains(&one.str("type"))).cloned().collect()
}

/// Said when a claim has got what it asked for; nothing if it has only taken back what it could not have.
pub fn finished(claim: &Value, node: &str) -> Vec<Event> {
    let volume = claim["spec"].str("volumeName");
    if bytes(&claim["spec"]["resources"]["requests"]["storage"]) <= bytes(&claim["status"]["capacity"]["storage"]) {
        return Vec::new();
    }
    let grown = format!("MountVolume.NodeExpandVolume succeeded for volume {volume:?} {node}");
    vec![
        Event::normal(about_claim(claim), "VolumeResizeSuccessful", "Resize volume succeeded"),
        Event::normal(about_claim(claim), "FileSystemResizeSuccessful", grown),
    ]
}

/// Said when the disk could not grow.
pub fn failed(claim: &Value, error: &str) -> Event {
    let volume = claim["spec"].str("volumeName");
    let message = format!("resize volume {volume:?} by resizer {PROVISIONER:?} failed: {error}");
    Event::warning(about_claim(claim), "VolumeResizeFailed", message)
}
