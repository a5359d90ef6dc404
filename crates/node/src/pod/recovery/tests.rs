use super::*;
use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::json;

const NOW: Now = Now { wall: Timestamp(1_800_000_000_000_000), steady: Duration::from_secs(1000) };

fn record(containers: Vec<(&str, Vec<Instance>)>) -> SandboxRecord {
    let containers: BTreeMap<String, Vec<Instance>> = containers.into_iter().map(|(name, runs)| (name.to_owned(), runs)).collect();
    SandboxRecord { id: "u-1".into(), labels: BTreeMap::new(), addresses: Vec::new(), ready: true, containers }
}

fn running(attempt: u32) -> Instance {
    let state = InstanceState::Running { started_at: NOW.wall };
    Instance { attempt, id: format!("id{attempt}"), image: "i".into(), user: None, state }
}

#[test]
fn the_last_end_is_known_though_its_sandbox_was_removed() {
    let ended = json!({"exitCode": 3, "reason": "Error", "startedAt": "2026-11-28T10:00:00Z", "finishedAt": "2026-11-28T10:00:05Z",
        "containerID": "stead://id0", "message": "m"});
    let object = json!({"spec": {"containers": [{"name": "c"}]}, "status": {"containerStatuses": [
        {"name": "c", "restartCount": 1, "imageID": "x", "state": {"running": {}}, "lastState": {"terminated": ended}}]}});
    let state = recovered(&[record(vec![("c", vec![running(1)])])], &object, NOW);
    let exit = state.container("c").unwrap().previous_exit().unwrap();
    assert_eq!((exit.code, exit.message.as_str(), exit.reason), (3, "m", None));
    assert_eq!(state.container("c").unwrap().previous.as_ref().unwrap().id, "id0");
}

#[test]
fn a_container_that_vanished_counts_as_restarted() {
    // CS-10
    let object = json!({"spec": {"containers": [{"name": "c"}]}, "status": {"containerStatuses": [
        {"name": "c", "restartCount": 4, "imageID": "x", "containerID": "stead://id4", "state": {"running": {}}}]}});
    let state = recovered(&[], &object, NOW);
    let known = state.container("c").unwrap();
    assert_eq!((known.current.as_ref(), known.next_attempt()), (None, 5));
    assert_eq!(known.previous_exit().unwrap().reason, Some(STATUS_UNKNOWN));
}

#[test]
fn an_init_container_without_a_record_ended_well_if_others_follow() {
    // CS-11
    let object =
        json!({"spec": {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "c"}]}});
    let state = recovered(&[record(vec![("c", vec![running(0)])])], &object, NOW);
    let exit = state.container("i").unwrap().exit().unwrap();
    assert_eq!((exit.code, exit.message.as_str()), (0, INFERRED));
    assert!(state.container("s").is_none());
}
