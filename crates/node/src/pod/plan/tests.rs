use super::*;
use crate::pod::state::{Again, Starting, WaitingReason};
use crate::pod::steps::STEPS;
use crate::runtime::{Exit, Instance, InstanceState};
use proptest::prelude::*;
use stead_api::json;
use stead_api::time::Timestamp;

const NOW: Duration = Duration::from_secs(1_000_000);
const WALL: Timestamp = Timestamp(1_800_000_000_000_000);

fn at(seconds: u64) -> Duration {
    NOW + Duration::from_secs(seconds)
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p"}, "spec": spec})
}

fn running(attempt: u32) -> Instance {
    Instance { attempt, id: format!("id{attempt}"), image: String::new(), user: None, state: InstanceState::Running { started_at: WALL } }
}

fn exited(attempt: u32, code: i32) -> Instance {
    let exit = Exit { code, oom: false, started_at: Some(WALL), finished_at: WALL, message: String::new(), reason: None };
    Instance { attempt, id: format!("id{attempt}"), image: String::new(), user: None, state: InstanceState::Exited(exit) }
}

fn killed() -> Exit {
    Exit { code: 137, oom: false, started_at: None, finished_at: WALL, message: String::new(), reason: None }
}

fn state(runs: &[(&str, Instance)]) -> PodState {
    let mut state = PodState { steps: [Progress::Up; STEPS.len()], ..PodState::default() };
    for (name, run) in runs {
        state.container_mut(name).started(run.clone(), NOW);
    }
    state
}

fn start(name: &str) -> Action {
    Action::Start { container: name.into(), restart: None }
}

fn restart(name: &str) -> Action {
    Action::Start { container: name.into(), restart: Some(NOW) }
}

#[test]
fn the_sandbox_comes_first_and_a_failed_one_is_tried_again() {
    let pod = pod(json!({"containers": [{"name": "a"}]}));
    assert_eq!(plan(NOW, &pod, &PodState::default()).actions, [Action::Up(0)]);
    let failed = PodState { steps: [Progress::Failed { retry_at: at(5) }; STEPS.len()], ..PodState::default() };
    assert_eq!(plan(NOW, &pod, &failed), Plan { actions: vec![], wake: Some(at(5)) });
    assert_eq!(plan(at(5), &pod, &failed).actions, [Action::Up(0)]);
}

#[test]
fn regular_containers_start_in_order() {
    // INIT-3
    let pod = pod(json!({"containers": [{"name": "b"}, {"name": "a"}]}));
    assert_eq!(plan(NOW, &pod, &state(&[])).actions, [start("b"), start("a")]);
    assert_eq!(plan(NOW, &pod, &state(&[("b", running(0))])).actions, [start("a")]);
}

#[test]
fn init_containers_run_one_at_a_time() {
    // INIT-1
    let pod = pod(json!({"initContainers": [{"name": "i"}, {"name": "j"}], "containers": [{"name": "a"}]}));
    assert_eq!(plan(NOW, &pod, &state(&[])).actions, [start("i")]);
    assert_eq!(plan(NOW, &pod, &state(&[("i", running(0))])).actions, []);
    assert_eq!(plan(NOW, &pod, &state(&[("i", exited(0, 0))])).actions, [start("j")]);
    assert_eq!(plan(NOW, &pod, &state(&[("i", exited(0, 0)), ("j", exited(0, 0))])).actions, [start("a")]);
    assert_eq!(plan(NOW, &pod, &state(&[("i", exited(0, 3))])).actions, [restart("i")]);
}

#[test]
fn an_init_container_that_fails_for_good_ends_the_pod() {
    // POD-3
    let pod = pod(json!({"restartPolicy": "Never", "initContainers": [{"name": "i"}], "containers": [{"name": "a"}]}));
    let state = state(&[("i", exited(0, 3))]);
    assert!(over(&pod, &state));
    assert_eq!(plan(NOW, &pod, &state).actions, [Action::Down(STEPS.len() - 1)]);
}

#[test]
fn a_sidecar_runs_before_the_next_and_always_restarts() {
    // INIT-2
    let pod = pod(json!({"restartPolicy": "Never", "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}],
        "containers": [{"name": "a"}]}));
    assert_eq!(plan(NOW, &pod, &state(&[])).actions, [start("s")]);
    assert_eq!(plan(NOW, &pod, &state(&[("s", running(0))])).actions, [start("i")]);
    let later = state(&[("s", exited(0, 1)), ("i", exited(0, 0)), ("a", running(0))]);
    assert_eq!(plan(NOW, &pod, &later).actions, [restart("s")]);
}

#[test]
fn restart_policies() {
    // RST-1, POD-6
    for (policy, code, again) in
        [("Always", 0, true), ("Always", 1, true), ("OnFailure", 0, false), ("OnFailure", 1, true), ("Never", 1, false)]
    {
        let pod = pod(json!({"restartPolicy": policy, "containers": [{"name": "a"}]}));
        let state = state(&[("a", exited(0, code))]);
        assert_eq!(over(&pod, &state), !again, "{policy} {code}");
        let expected = if again { restart("a") } else { Action::Down(STEPS.len() - 1) };
        assert_eq!(plan(NOW, &pod, &state).actions, [expected], "{policy} {code}");
    }
}

#[test]
fn back_off_and_failed_starts_are_waited_for() {
    let pod = pod(json!({"containers": [{"name": "a"}]}));
    let mut crashed = state(&[("a", exited(1, 1))]);
    crashed.container_mut("a").backoff.raise(NOW, NOW);
    assert_eq!(plan(at(1), &pod, &crashed), Plan { actions: vec![], wake: Some(at(10)) }); // RST-3
    assert_eq!(plan(at(10), &pod, &crashed).actions, [restart("a")]);
    let mut waiting = state(&[]);
    waiting.container_mut("a").waiting = Some(WaitingReason { reason: "ErrImagePull", message: String::new(), retry_at: at(7) });
    assert_eq!(plan(NOW, &pod, &waiting), Plan { actions: vec![], wake: Some(at(7)) });
    assert_eq!(plan(at(7), &pod, &waiting).actions, [start("a")]);
}

#[test]
fn deletion_signals_waits_kills_and_removes() {
    // KILL-1, KILL-3, KILL-6
    let mut pod = pod(json!({"terminationGracePeriodSeconds": 5, "containers": [{"name": "a"}, {"name": "b"}]}));
    pod["metadata"]["deletionTimestamp"] = "x".into();
    let mut state = state(&[("a", running(0)), ("b", running(0))]);
    let signal = |name: &str| Action::Stop { container: name.into(), cause: StopCause::PodEnds };
    let kill = |name: &str| Action::Kill { container: name.into(), cause: StopCause::PodEnds };
    assert_eq!(plan(NOW, &pod, &state).actions, [signal("a"), signal("b")]);
    state.container_mut("a").stop = Stop::Signalled { since: NOW, at: NOW };
    state.container_mut("b").stop = Stop::Signalled { since: NOW, at: NOW };
    assert_eq!(plan(at(1), &pod, &state), Plan { actions: vec![], wake: Some(at(5)) });
    pod["metadata"]["deletionGracePeriodSeconds"] = 1.into(); // KILL-4: a second DELETE
    assert_eq!(plan(at(1), &pod, &state), Plan { actions: vec![], wake: Some(at(2)) });
    assert_eq!(plan(at(2), &pod, &state).actions, [kill("a"), kill("b")]);
    pod["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    assert_eq!(plan(at(1), &pod, &state).actions, [kill("a"), kill("b")]);
    state.container_mut("a").stop = Stop::Killed(at(1));
    state.container_mut("b").ended(0, killed(), at(2));
    assert_eq!(plan(at(2), &pod, &state), Plan { actions: vec![], wake: Some(at(11)) });
    state.container_mut("a").ended(0, killed(), at(2));
    assert_eq!(plan(at(2), &pod, &state).actions, [Action::Down(STEPS.len() - 1)]);
    state.steps = [Progress::Down; STEPS.len()];
    assert_eq!(plan(at(2), &pod, &state).actions, [Action::Finish]);
}

#[test]
fn grace_zero_kills_at_once() {
    let mut pod = pod(json!({"containers": [{"name": "a"}]}));
    pod["metadata"] = json!({"name": "p", "deletionTimestamp": "x", "deletionGracePeriodSeconds": 0});
    assert_eq!(plan(NOW, &pod, &state(&[("a", running(0))])).actions, [Action::Kill { container: "a".into(), cause: StopCause::PodEnds }]);
}

#[test]
fn sidecars_stop_last_in_reverse() {
    // INIT-5: hooks all at once, signals in turn.
    let mut pod = pod(json!({"initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "t", "restartPolicy": "Always"}],
        "containers": [{"name": "a"}]}));
    pod["metadata"]["deletionTimestamp"] = "x".into();
    let stop = |name: &str| Action::Stop { container: name.into(), cause: StopCause::PodEnds };
    let signal = |name: &str| Action::Signal { container: name.into() };
    let mut state = state(&[("s", running(0)), ("t", running(0)), ("a", running(0))]);
    assert_eq!(plan(NOW, &pod, &state).actions, [stop("a"), stop("t"), stop("s")]);
    state.containers.values_mut().for_each(|c| c.stop = Stop::Turn { since: NOW });
    assert_eq!(plan(NOW, &pod, &state), Plan { actions: vec![signal("a")], wake: Some(at(30)) });
    // At the end of the grace nobody waits any more.
    assert_eq!(plan(at(30), &pod, &state).actions, [signal("a"), signal("t"), signal("s")]);
    state.container_mut("a").ended(0, killed(), at(1));
    assert_eq!(plan(at(1), &pod, &state).actions, [signal("t")]);
    state.container_mut("t").ended(0, killed(), at(2));
    assert_eq!(plan(at(2), &pod, &state).actions, [signal("s")]);
    // One grace for all, and two seconds in any case.
    state.container_mut("s").stop = Stop::Signalled { since: NOW, at: at(29) };
    assert_eq!(plan(at(29), &pod, &state), Plan { actions: vec![], wake: Some(at(31)) });
}

#[test]
fn an_init_container_that_runs_is_stopped_with_the_others() {
    // INIT-5
    let mut pod = pod(json!({"initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}], "containers": [{"name": "a"}]}));
    pod["metadata"]["deletionTimestamp"] = "x".into();
    let mut state = state(&[("s", running(0)), ("i", running(0))]);
    state.containers.values_mut().for_each(|c| c.stop = Stop::Turn { since: NOW });
    assert_eq!(plan(NOW, &pod, &state).actions, [Action::Signal { container: "i".into() }]);
}

#[test]
fn a_hook_that_outlasts_the_grace_is_abandoned() {
    // HOOK-4
    let mut pod = pod(json!({"terminationGracePeriodSeconds": 5, "containers": [{"name": "a"}]}));
    pod["metadata"]["deletionTimestamp"] = "x".into();
    let mut state = state(&[("a", running(0))]);
    state.container_mut("a").stop = Stop::Hook { since: NOW };
    assert_eq!(plan(at(4), &pod, &state), Plan { actions: vec![], wake: Some(at(5)) });
    assert_eq!(plan(at(5), &pod, &state).actions, [Action::AbandonHook { container: "a".into() }]);
    state.container_mut("a").stop = Stop::Turn { since: NOW };
    assert_eq!(plan(at(5), &pod, &state).actions, [Action::Signal { container: "a".into() }]);
    // What the hook took is deducted.
    state.container_mut("a").stop = Stop::Signalled { since: NOW, at: at(1) };
    assert_eq!(plan(at(1), &pod, &state).wake, Some(at(5)));
}

#[test]
fn ephemeral_containers_start_once_and_before_init_containers_are_done() {
    // INIT-8
    let pod = pod(json!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}], "ephemeralContainers": [{"name": "e"}]}));
    assert_eq!(plan(NOW, &pod, &state(&[])).actions, [start("e"), start("i")]);
    assert_eq!(plan(NOW, &pod, &state(&[("i", running(0)), ("e", exited(0, 1))])).actions, []);
    assert!(!over(&pod, &state(&[("a", running(0)), ("e", exited(0, 1))])));
}

#[test]
fn a_corrected_image_does_not_wait_for_the_one_that_failed() {
    let pod = pod(json!({"containers": [{"name": "a", "image": "i:2"}]}));
    let mut state = state(&[]);
    let a = state.container_mut("a");
    a.waiting = Some(WaitingReason { reason: "ErrImagePull", message: String::new(), retry_at: at(300) });
    a.waiting_for = "i:2".into();
    assert_eq!(plan(NOW, &pod, &state).actions, []);
    state.container_mut("a").waiting_for = "i:1".into();
    assert_eq!(plan(NOW, &pod, &state).actions, [start("a")]);
}

#[test]
fn a_corrected_image_does_not_wait_for_the_back_off_of_the_one_that_crashed() {
    // RST-5
    let pod = pod(json!({"containers": [{"name": "a", "image": "i:2"}]}));
    let mut state = state(&[("a", Instance { image: "i:1".into(), ..exited(3, 1) })]);
    state.container_mut("a").backoff.raise(NOW, NOW);
    assert_eq!(plan(at(1), &pod, &state).actions, [start("a")]);
}

#[test]
fn all_containers_start_anew_when_a_rule_says_so() {
    // RST-2
    let pod = pod(json!({"restartPolicy": "Never", "initContainers": [{"name": "i"}], "containers": [{"name": "a"}, {"name": "b"}]}));
    let mut state = state(&[("i", exited(0, 0)), ("a", exited(0, 9)), ("b", running(0))]);
    state.restarting_all = true;
    assert_eq!(plan(NOW, &pod, &state).actions, [Action::Stop { container: "b".into(), cause: StopCause::AllRestart }]);
    state.container_mut("b").ended(0, killed(), at(1));
    assert_eq!(plan(at(1), &pod, &state).actions, [Action::StartAnew]);
    state.restarting_all = false;
    state.containers.values_mut().for_each(ContainerState::start_anew);
    assert_eq!(plan(at(1), &pod, &state).actions, [start("i")]);
    assert_eq!(state.container("i").unwrap().next_attempt(), 1);
}

#[test]
fn a_finished_pod_keeps_its_object_and_loses_its_sandbox() {
    let pod = pod(json!({"restartPolicy": "Never", "containers": [{"name": "a"}]}));
    let mut state = state(&[("a", exited(0, 0))]);
    assert_eq!(plan(NOW, &pod, &state).actions, [Action::Down(STEPS.len() - 1)]);
    state.steps = [Progress::Down; STEPS.len()];
    assert_eq!(plan(NOW, &pod, &state), Plan::default());
}

#[test]
fn a_lost_sandbox_runs_inits_again() {
    // RST-10
    let pod = pod(json!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]}));
    let mut state = state(&[("i", exited(0, 0)), ("a", exited(0, 137))]);
    state.steps = [Progress::Absent; STEPS.len()];
    state.containers.values_mut().for_each(|c| c.stale = true);
    assert_eq!(plan(NOW, &pod, &state).actions, [Action::Up(0)]);
    state.steps = [Progress::Up; STEPS.len()];
    assert_eq!(plan(NOW, &pod, &state).actions, [restart("i")]);
}

fn runs() -> impl Strategy<Value = Option<Instance>> {
    prop_oneof![Just(None), (0u32..3).prop_map(|n| Some(running(n))), (0u32..3, 0i32..2).prop_map(|(n, code)| Some(exited(n, code)))]
}

proptest! {
    /// A container that runs is never started, whatever else is true: an identity runs at most once.
    #[test]
    fn never_two_runs_of_one_container(
        a in runs(), i in runs(), s in runs(), deleting: bool, stale: bool, policy in prop_oneof![Just("Always"), Just("Never"), Just("OnFailure")], seconds in 0u64..400,
    ) {
        let mut pod = pod(json!({"restartPolicy": policy, "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}],
            "containers": [{"name": "a"}]}));
        if deleting {
            pod["metadata"]["deletionTimestamp"] = "x".into();
        }
        let mut state = PodState { steps: [Progress::Up; STEPS.len()], ..PodState::default() };
        for (name, run) in [("a", a), ("i", i), ("s", s)] {
            if let Some(run) = run {
                state.container_mut(name).started(run, NOW);
                state.container_mut(name).stale = stale;
            }
        }
        for action in plan(at(seconds), &pod, &state).actions {
            match action {
                Action::Start { container, .. } => {
                    prop_assert!(!deleting);
                    prop_assert!(!state.container(&container).is_some_and(ContainerState::running));
                }
                Action::Down(_) | Action::Finish => prop_assert!(!state.any_running()),
                _ => {}
            }
        }
    }
}

#[test]
fn a_grace_without_end_is_not_over_at_once() {
    // KILL-1: the largest number the API takes.
    let mut pod = pod(json!({"containers": [{"name": "a"}]}));
    pod["metadata"]["deletionTimestamp"] = WALL.rfc3339().into();
    pod["metadata"]["deletionGracePeriodSeconds"] = i64::MAX.into();
    let mut state = state(&[("a", running(0))]);
    state.container_mut("a").stop = Stop::Signalled { since: NOW, at: NOW };
    assert_eq!(plan(at(60), &pod, &state).actions, []);
}

#[test]
fn neither_a_killed_container_nor_a_start_is_waited_for_without_end() {
    // A shim that stands still tells no end and answers no start.
    let mut pod = pod(json!({"terminationGracePeriodSeconds": 5, "containers": [{"name": "a"}]}));
    pod["metadata"]["deletionTimestamp"] = "x".into();
    let mut killed = state(&[("a", running(0))]);
    killed.container_mut("a").stop = Stop::Killed(NOW);
    assert_eq!(plan(at(9), &pod, &killed), Plan { actions: vec![], wake: Some(at(10)) });
    assert_eq!(plan(at(10), &pod, &killed).actions, [Action::Down(STEPS.len() - 1)]);
    let mut starting = state(&[]);
    starting.down_since = Some(NOW);
    starting.starting = Some(Starting { container: "a".into(), committed: true, ..Starting::default() });
    assert_eq!(plan(at(4), &pod, &starting), Plan { actions: vec![], wake: Some(at(5)) });
    assert_eq!(plan(at(5), &pod, &starting).actions, [Action::Down(STEPS.len() - 1)]);
}

#[test]
fn a_changed_image_stops_a_running_container_and_starts_it_anew() {
    // RST-5, KILL-5: whatever the restart policy says, and without back-off.
    let pod = pod(json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": "i:2"}, {"name": "b", "image": "i:1"}]}));
    let with_image = |run: Instance| Instance { image: "i:1".into(), ..run };
    let mut state = state(&[("a", with_image(running(0))), ("b", with_image(running(0)))]);
    let signal = Action::Stop { container: "a".into(), cause: StopCause::DefinitionChanged };
    assert_eq!(plan(NOW, &pod, &state).actions, [signal]);
    let a = state.container_mut("a");
    a.stop = Stop::Signalled { since: NOW, at: NOW };
    assert_eq!(plan(at(1), &pod, &state), Plan { actions: vec![], wake: Some(at(30)) });
    let a = state.container_mut("a");
    a.again = Some(Again::Afresh);
    a.backoff.raise(NOW, NOW);
    a.ended(0, killed(), at(2));
    assert_eq!(plan(at(2), &pod, &state).actions, [start("a")]);
}

#[test]
fn what_had_succeeded_does_not_run_again_in_a_new_sandbox() {
    // RST-10 under OnFailure
    let pod = pod(json!({"restartPolicy": "OnFailure", "containers": [{"name": "a"}, {"name": "b"}]}));
    let mut state = state(&[("a", exited(0, 0)), ("b", exited(0, 137))]);
    state.containers.values_mut().for_each(|c| c.stale = true);
    assert_eq!(plan(NOW, &pod, &state).actions, [restart("b")]);
}
