use super::*;
use crate::pod::state::Progress;
use crate::runtime::{Instance, InstanceState};
use stead_api::time::Timestamp;

fn resources(cpu: &str, memory: &str) -> Value {
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}})
}

fn pod(a: Value, b: Value) -> Value {
    json!({"metadata": {"generation": 2}, "spec": {"containers": [{"name": "a", "resources": a}, {"name": "b", "resources": b}]}})
}

fn running(given: &[(&str, Value)]) -> PodState {
    let mut state = PodState { steps: std::array::from_fn(|_| Progress::Up), ..PodState::default() };
    for (name, resources) in given {
        let known = state.container_mut(name);
        let run = Instance {
            attempt: 0,
            id: String::new(),
            image: String::new(),
            user: None,
            state: InstanceState::Running { started_at: Timestamp::default() },
        };
        known.started(run, Duration::ZERO);
        known.resources = Some(resources.clone());
    }
    state
}

fn memory(changes: &Changes) -> Vec<(Option<&str>, Option<i64>)> {
    let step = |change: &Change| change.limits.memory_bytes.map(|bytes| bytes >> 20);
    changes.steps.iter().map(|change| (change.run.as_ref().map(|(name, _)| name.as_str()), step(change))).collect()
}

#[test]
fn the_pod_grows_first_and_shrinks_last() {
    // CG-14
    let state = running(&[("a", resources("1", "100Mi")), ("b", resources("1", "100Mi"))]);
    let grown = changes(&pod(resources("1", "200Mi"), resources("1", "100Mi")), &state);
    assert_eq!(memory(&grown), [(None, Some(300)), (Some("a"), Some(200))]);
    let shrunk = changes(&pod(resources("1", "50Mi"), resources("1", "100Mi")), &state);
    assert_eq!(memory(&shrunk), [(Some("a"), Some(50)), (None, Some(150))]);
    let moved = changes(&pod(resources("1", "150Mi"), resources("1", "50Mi")), &state);
    assert_eq!(memory(&moved), [(Some("b"), Some(50)), (Some("a"), Some(150))]);
}

#[test]
fn what_is_written_differently_is_not_changed() {
    let state = running(&[("a", resources("1", "1Gi")), ("b", resources("1", "1Gi"))]);
    assert!(!is_wanted(&pod(resources("1000m", "1024Mi"), resources("1", "1Gi")), &state));
    assert!(is_wanted(&pod(resources("1001m", "1024Mi"), resources("1", "1Gi")), &state));
}

#[test]
fn a_policy_may_want_a_restart() {
    // CG-14
    let state = running(&[("a", resources("1", "100Mi")), ("b", resources("1", "100Mi"))]);
    let mut wanted = pod(resources("1", "200Mi"), resources("2", "100Mi"));
    wanted["spec"]["containers"][0]["resizePolicy"] = json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
    let container = |index: usize| &wanted["spec"]["containers"][index];
    assert!(restarts(container(0), state.container("a").unwrap()));
    assert!(!restarts(container(1), state.container("b").unwrap()));
    let changes = changes(&wanted, &state);
    assert_eq!(changes.given.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b"]);
}
