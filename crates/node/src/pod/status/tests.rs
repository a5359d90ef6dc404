use super::*;
use crate::pod::state::{Progress, TerminalReason, WaitingReason};
use crate::pod::steps::STEPS;
use crate::runtime::{Exit, Instance, InstanceState};
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const STEADY: Duration = Duration::from_secs(1_000_000);

fn facts() -> NodeFacts {
    NodeFacts { host_ips: vec!["192.0.2.1".into()], runtime_name: "stead".into(), ..NodeFacts::default() }
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "n", "uid": "u", "generation": 1}, "spec": spec, "status": {}})
}

fn run(attempt: u32, state: InstanceState) -> Instance {
    Instance { attempt, id: "1".repeat(64), image: String::new(), user: None, state }
}

fn running() -> InstanceState {
    InstanceState::Running { started_at: NOW }
}

fn exit(code: i32) -> InstanceState {
    InstanceState::Exited(Exit { code, oom: false, started_at: Some(NOW), finished_at: NOW, message: String::new(), reason: None })
}

fn with(runs: &[(&str, InstanceState)]) -> PodState {
    let mut state = PodState { steps: [Progress::Up; STEPS.len()], start_time: Some(NOW), ..PodState::default() };
    for (name, run_state) in runs {
        state.container_mut(name).started(run(0, run_state.clone()), STEADY);
    }
    state
}

fn condition<'a>(status: &'a Value, ty: &str) -> (&'a str, &'a str, &'a str) {
    let found = status.items("conditions").iter().find(|c| c.str("type") == ty).expect("the condition is there");
    (found.str("status"), found.str("reason"), found.str("message"))
}

#[test]
fn before_anything_runs() {
    let status = status(NOW, &pod(json!({"containers": [{"name": "c", "image": "i:1"}]})), &with(&[]), &facts());
    assert_eq!(status.str("phase"), "Pending");
    let expected = json!({"name": "c", "image": "i:1", "imageID": "", "restartCount": 0, "ready": false, "started": false,
        "state": {"waiting": {"reason": "ContainerCreating"}}});
    assert_eq!(status["containerStatuses"][0], expected); // CS-3
    assert_eq!(condition(&status, "Ready"), ("False", "ContainersNotReady", "containers with unready status: [c]")); // COND-4
    assert_eq!(condition(&status, "PodReadyToStartContainers"), ("True", "", ""));
    assert_eq!(status.str("hostIP"), "192.0.2.1");
    assert!(!status.has("podIP"));
}

#[test]
fn running_is_ready() {
    let status = status(NOW, &pod(json!({"containers": [{"name": "c"}]})), &with(&[("c", running())]), &facts());
    assert_eq!(status.str("phase"), "Running");
    assert_eq!(status["containerStatuses"][0]["started"], true);
    assert_eq!(status["containerStatuses"][0]["containerID"], format!("stead://{}", "1".repeat(64)));
    for ty in ["Initialized", "Ready", "ContainersReady", "PodScheduled", "PodReadyToStartContainers"] {
        assert_eq!(condition(&status, ty), ("True", "", ""), "{ty}");
    }
}

#[test]
fn a_crash_under_back_off() {
    let mut state = with(&[("c", exit(3))]);
    state.container_mut("c").backoff.raise(STEADY, STEADY);
    state.container_mut("c").end_told = true;
    let status = status(NOW, &pod(json!({"restartPolicy": "Always", "containers": [{"name": "c"}]})), &state, &facts());
    assert_eq!(status.str("phase"), "Running"); // POD-6
    let c = &status["containerStatuses"][0];
    let message = "back-off 10s restarting failed container=c pod=p_n(u)"; // RST-6
    assert_eq!(c["state"], json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}));
    assert_eq!(c["lastState"]["terminated"]["exitCode"], 3); // CS-8
    assert_eq!(c["lastState"]["terminated"]["reason"], "Error");
}

#[test]
fn ends_for_good() {
    // POD-5, COND-6
    for (code, phase, reason) in [(0, "Succeeded", "PodCompleted"), (1, "Failed", "PodFailed")] {
        let mut state = with(&[("c", exit(code))]);
        state.steps = [Progress::Down; STEPS.len()];
        let status = status(NOW, &pod(json!({"restartPolicy": "Never", "containers": [{"name": "c"}]})), &state, &facts());
        assert_eq!(status.str("phase"), phase);
        assert_eq!(condition(&status, "Ready"), ("False", reason, ""));
        let sandbox = condition(&status, "PodReadyToStartContainers");
        assert_eq!(sandbox, ("False", "PodSandboxNotReady", "pod sandbox is not ready"));
    }
}

#[test]
fn init_containers() {
    let spec = json!({"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]});
    let first = status(NOW, &pod(spec.clone()), &with(&[("i", running())]), &facts());
    assert_eq!(first.str("phase"), "Pending"); // POD-3
    assert_eq!(first["initContainerStatuses"][0]["started"], true);
    assert_eq!(first["initContainerStatuses"][0]["ready"], false);
    assert_eq!(first["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing"); // CS-3
    assert_eq!(condition(&first, "Initialized"), ("False", "ContainersNotInitialized", "containers with incomplete status: [i]"));
    let second = status(NOW, &pod(spec), &with(&[("i", exit(0)), ("c", running())]), &facts());
    assert_eq!(second["initContainerStatuses"][0]["ready"], true); // CS-12
    assert_eq!(condition(&second, "Initialized"), ("True", "", ""));
}

#[test]
fn an_image_that_is_not_there() {
    let mut state = with(&[]);
    state.container_mut("c").waiting = Some(WaitingReason { reason: "ErrImageNeverPull", message: "m".into(), retry_at: STEADY });
    let status = status(NOW, &pod(json!({"containers": [{"name": "c"}]})), &state, &facts());
    assert_eq!(status["containerStatuses"][0]["state"], json!({"waiting": {"reason": "ErrImageNeverPull", "message": "m"}}));
}

#[test]
fn a_deleted_pod_ends_in_a_terminal_phase() {
    // KILL-9, COND-6, CS-9
    let mut deleted = pod(json!({"restartPolicy": "Always", "containers": [{"name": "c"}]}));
    deleted["metadata"]["deletionTimestamp"] = "x".into();
    let still = status(NOW, &deleted, &with(&[("c", running())]), &facts());
    assert_eq!(still.str("phase"), "Running");
    let mut state = with(&[("c", exit(0))]);
    state.steps = [Progress::Down; STEPS.len()];
    assert_eq!(status(NOW, &deleted, &state, &facts()).str("phase"), "Succeeded");
    let mut never = with(&[]);
    never.steps = [Progress::Down; STEPS.len()];
    let never = status(NOW, &deleted, &never, &facts());
    assert_eq!(never.str("phase"), "Failed");
    assert_eq!(never["containerStatuses"][0]["state"]["terminated"]["reason"], "ContainerStatusUnknown");
}

#[test]
fn a_rejected_pod_says_why() {
    // POD-17
    let state = PodState {
        ended: Some(TerminalReason { reason: "OutOfcpu", message: "m".into(), ..TerminalReason::default() }),
        ..PodState::default()
    };
    let status = status(NOW, &pod(json!({"containers": [{"name": "c"}]})), &state, &facts());
    assert_eq!((status.str("phase"), status.str("reason"), status.str("message")), ("Failed", "OutOfcpu", "m"));
}

#[test]
fn transition_times_stay_while_the_status_does() {
    // COND-2
    let spec = json!({"containers": [{"name": "c"}]});
    let state = with(&[("c", running())]);
    let mut object = pod(spec);
    object["status"] = status(NOW, &object, &state, &facts());
    let later = NOW.plus_millis(60_000);
    assert!(same(&status(later, &object, &state, &facts()), &object["status"]));
}

#[test]
fn conditions_of_others_are_kept_and_gates_are_heeded() {
    // COND-1, COND-5
    let mut object = pod(json!({"containers": [{"name": "c"}], "readinessGates": [{"conditionType": "x/y"}]}));
    let state = with(&[("c", running())]);
    let before = status(NOW, &object, &state, &facts());
    let message = "corresponding condition of pod readiness gate \"x/y\" does not exist.";
    assert_eq!(condition(&before, "Ready"), ("False", "ReadinessGatesNotReady", message));
    object["status"] = json!({"conditions": [{"type": "x/y", "status": "True"}]});
    let after = status(NOW, &object, &state, &facts());
    assert_eq!(condition(&after, "Ready").0, "True");
    assert_eq!(condition(&after, "x/y").0, "True");
}

#[test]
fn an_out_of_memory_kill_is_named() {
    // CS-7
    let state = with(&[(
        "c",
        InstanceState::Exited(Exit { code: 137, oom: true, started_at: Some(NOW), finished_at: NOW, message: String::new(), reason: None }),
    )]);
    let status = status(NOW, &pod(json!({"restartPolicy": "Never", "containers": [{"name": "c"}]})), &state, &facts());
    assert_eq!(status["containerStatuses"][0]["state"]["terminated"]["reason"], "OOMKilled");
}

#[test]
fn statuses_are_compared_as_a_round_trip_leaves_them() {
    let a = json!({"phase": "Running", "message": null, "conditions": [{"type": "Ready", "at": "1"}], "list": [null]});
    let b = json!({"conditions": [{"at": "1", "type": "Ready", "reason": null}], "phase": "Running", "list": [null]});
    assert!(same(&a, &b) && same(&b, &a));
    for other in [
        json!({"phase": "Running", "conditions": [{"type": "Ready", "at": "1"}]}),
        json!({"phase": null, "conditions": [{"type": "Ready", "at": "1"}], "list": [null]}),
        json!({"phase": "Running", "conditions": [{"type": "Ready", "at": "2"}], "list": [null]}),
        json!({"phase": "Running", "conditions": [], "list": [null]}),
        json!({"phase": "Running", "conditions": [{"type": "Ready", "at": "1"}], "list": []}),
        json!({"phase": "Running", "conditions": [{"type": "Ready", "at": "1"}], "list": [null], "more": 1}),
    ] {
        assert!(!same(&a, &other) && !same(&other, &a), "{other}");
    }
    let later = json!({"phase": "Running", "conditions": [{"type": "Ready", "at": "2", "more": null}], "list": [null]});
    assert!(same_but_for(Some("at"), &a, &later) && !same_but_for(Some("type"), &a, &later));
}

#[test]
fn a_pod_has_its_sandboxs_addresses_and_keeps_them() {
    // POD-11, NETW-11
    let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<std::net::IpAddr>>();
    let mut object = pod(json!({"containers": [{"name": "c"}]}));
    let connected = PodState { addresses: ips(&["10.42.0.2", "fd00:42::2"]), ..with(&[("c", running())]) };
    object["status"] = status(NOW, &object, &connected, &facts());
    assert_eq!(object["status"]["podIP"], "10.42.0.2");
    assert_eq!(object["status"]["podIPs"], json!([{"ip": "10.42.0.2"}, {"ip": "fd00:42::2"}]));
    // Its sandbox is gone, as of a pod that has ended before the agent was started anew.
    assert_eq!(status(NOW, &object, &with(&[("c", exit(0))]), &facts())["podIPs"], object["status"]["podIPs"]);
    // Another sandbox has another address: it does not stand beside the first.
    let moved = PodState { addresses: ips(&["10.42.0.7"]), ..with(&[("c", running())]) };
    let patch = status_patch(&object, &status(NOW, &object, &moved, &facts()));
    assert_eq!(patch["status"]["podIPs"], json!([{"$patch": "replace"}, {"ip": "10.42.0.7"}]));
    assert_eq!(patch["status"]["hostIPs"], json!([{"ip": "192.0.2.1"}]));
}

#[test]
fn a_pod_on_the_hosts_network_keeps_the_hosts_addresses() {
    // POD-11
    let mut object = pod(json!({"hostNetwork": true, "containers": [{"name": "c"}]}));
    object["status"] = status(NOW, &object, &with(&[]), &facts());
    assert_eq!((object["status"].str("podIP"), &object["status"]["podIPs"]), ("192.0.2.1", &json!([{"ip": "192.0.2.1"}])));
    let elsewhere = NodeFacts { host_ips: vec!["192.0.2.9".into()], ..facts() };
    let later = status(NOW, &object, &with(&[]), &elsewhere);
    assert_eq!((later.str("hostIP"), later.str("podIP")), ("192.0.2.9", "192.0.2.1"));
}
