//! How pods and their containers end, as the API is told of it.

use super::*;
use crate::pod::state::RESTARTING_ALL;

fn never() -> Value {
    json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]})
}

#[test]
fn a_pod_that_completes_is_told_of_step_by_step() {
    // POD-5: a terminal phase only when nothing is left.
    let mut bench = Bench::running(never());
    bench.exit("c", 0, 0);
    bench.perform_all();
    let expected = ["Running ready c:running*", "Running c:terminated(Completed,0)", "Succeeded c:terminated(Completed,0)"];
    assert_eq!(bench.told()[1..], expected);
}

#[test]
fn sidecars_end_before_the_pod_is_said_to() {
    // INIT-6
    let mut bench = Bench::running(json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}],
        "initContainers": [{"name": "s", "image": "i", "restartPolicy": "Always"}]}));
    bench.exit("c", 0, 0);
    bench.perform_all();
    bench.exit("s", 0, 9);
    bench.perform_all();
    let told = bench.told();
    let expected = [
        "Running ready s:running* c:running*",
        "Running s:running* c:terminated(Completed,0)",
        "Running s:terminated(Error,9) c:terminated(Completed,0)",
        "Succeeded s:terminated(Error,9) c:terminated(Completed,0)",
    ];
    assert_eq!(told[told.len() - 4..], expected);
}

#[test]
fn a_sidecar_is_told_to_run_before_what_waits_for_it() {
    // INIT-2
    let bench = Bench::running(json!({"containers": [{"name": "c", "image": "i"}],
        "initContainers": [{"name": "s", "image": "i", "restartPolicy": "Always"}]}));
    let expected = ["Pending s:running* c:waiting(PodInitializing)", "Running ready s:running* c:running*"];
    assert_eq!(bench.told()[1..], expected);
}

#[test]
fn containers_that_start_together_are_told_of_together() {
    // INIT-3
    let mut bench = Bench::new(two());
    for name in ["write status", "create sandbox", "inspect image", "fetch sources", "start container"] {
        bench.perform(name);
    }
    bench.exit("a", 0, 4);
    bench.pass(1);
    bench.perform_all();
    assert!(bench.told()[1].starts_with("Running a:terminated(Error,4) b:running*"), "{:?}", bench.told());
}

#[test]
fn a_deleted_pod_is_shown_as_it_was_until_nothing_of_it_runs() {
    // KILL-7
    let mut bench = Bench::running(two());
    bench.delete();
    bench.perform_all();
    bench.exit("a", 0, 0);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready a:running* b:running*");
    bench.exit("b", 0, 137);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Failed a:terminated(Completed,0) b:terminated(Error,137)");
}

#[test]
fn a_deadline_is_failure_whatever_the_exit_code() {
    // POD-8
    let mut spec = one();
    spec["activeDeadlineSeconds"] = 4.into();
    let mut bench = Bench::running(spec);
    bench.pass(4);
    bench.perform_all();
    bench.exit("c", 0, 0);
    bench.perform_all();
    let expected = ["Running ready c:running*", "Running c:running*", "Failed c:terminated(Completed,0)"];
    assert_eq!(bench.told()[1..], expected);
    assert_eq!(bench.object["status"]["reason"], "DeadlineExceeded");
}

#[test]
fn a_deadline_before_the_start_is_failure_too() {
    // POD-8, CS-9
    let mut spec = one();
    spec["activeDeadlineSeconds"] = 4.into();
    let mut bench = Bench::new(spec);
    for name in ["write status", "create sandbox"] {
        bench.perform(name);
    }
    bench.fail("inspect image", Outcome::Image(Ok(None)));
    bench.pass(4);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Failed c:terminated(ContainerStatusUnknown,137)");
}

#[test]
fn a_pod_deleted_while_an_init_container_runs_never_was_initialised() {
    // KILL-9, CS-9
    let mut bench = Bench::running(json!({"initContainers": [{"name": "i", "image": "i"}], "containers": [{"name": "c", "image": "i"}]}));
    bench.delete();
    bench.perform_all();
    bench.exit("i", 0, 0);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Failed i:terminated(Completed,0)* c:waiting(PodInitializing)");
    let condition = |ty: &str| {
        let found = bench.object["status"].items("conditions").iter().find(|c| c["type"] == ty).unwrap();
        (found.str("status").to_owned(), found.str("reason").to_owned())
    };
    assert_eq!(condition("Initialized"), ("True".into(), String::new()));
    assert_eq!(condition("Ready"), ("False".into(), "ContainersNotReady".into()));
}

#[test]
fn a_crash_is_told_before_the_back_off_that_follows_it() {
    // CS-8, RST-3, RST-7
    let mut bench = Bench::running(one());
    bench.exit("c", 0, 3);
    bench.perform_all();
    bench.exit("c", 1, 3);
    bench.perform_all();
    let expected = [
        "Running ready c:running*",
        "Running c:terminated(Error,3)",
        "Running ready c:running*#1",
        "Running c:terminated(Error,3)#1",
        "Running c:waiting(CrashLoopBackOff)#1",
    ];
    assert_eq!(bench.told()[1..], expected);
    assert_eq!(bench.events.iter().filter(|event| event.starts_with("BackOff")).count(), 1);
}

#[test]
fn a_crash_nobody_hears_of_is_followed_by_the_next_run_all_the_same() {
    // SHIM-7: the API is away.
    let mut bench = Bench::running(one());
    bench.exit("c", 0, 3);
    assert!(!bench.names().contains(&"inspect image"));
    bench.pass(3);
    assert!(bench.names().contains(&"inspect image"), "{:?}", bench.names());
}

#[test]
fn a_program_that_cannot_be_run_waits_with_its_error_and_then_with_its_back_off() {
    // CS-5, CS-8
    let mut bench = Bench::new(one());
    let fail = |bench: &mut Bench| {
        for name in ["inspect image", "fetch sources"] {
            bench.perform(name);
        }
        let failure = StartError::Start { id: "1".into(), message: "no such program".into() };
        bench.fail("start container", Outcome::Started(Err(failure)));
    };
    for name in ["write status", "create sandbox"] {
        bench.perform(name);
    }
    fail(&mut bench);
    bench.perform("write status");
    fail(&mut bench);
    bench.perform_all();
    let told = bench.told();
    let expected =
        ["Running c:waiting(RunContainerError)", "Running c:waiting(RunContainerError)#1", "Running c:waiting(CrashLoopBackOff)#1"];
    assert_eq!(told[told.len() - 3..], expected);
    let last = &bench.object["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((last.str("reason"), last.int("exitCode")), ("StartError", Some(128)));
    assert_eq!(last.str("startedAt"), "1970-01-01T00:00:00Z");
    assert_eq!(bench.events.iter().filter(|event| *event == "Failed: Error: no such program").count(), 2);
}

#[test]
fn a_rule_restarts_a_container_of_a_pod_that_never_restarts() {
    // RST-2
    let mut spec = never();
    spec["containers"][0]["restartPolicy"] = "Never".into();
    spec["containers"][0]["restartPolicyRules"] = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]);
    let mut bench = Bench::running(spec);
    bench.exit("c", 0, 42);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*#1");
    bench.exit("c", 1, 1);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Failed c:terminated(Error,1)#1");
}

#[test]
fn a_rule_restarts_all_containers_of_a_pod() {
    // RST-2
    let mut bench = Bench::running(json!({"restartPolicy": "Never", "initContainers": [{"name": "i", "image": "i"}], "containers": [
        {"name": "c", "image": "i", "restartPolicy": "Never", "restartPolicyRules": [
            {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [9]}}]},
        {"name": "d", "image": "i"}]}));
    bench.exit("i", 0, 0);
    bench.perform_all();
    bench.exit("c", 0, 9);
    bench.perform_all();
    let condition = |bench: &Bench| {
        bench.object["status"].items("conditions").iter().find(|c| c["type"] == "AllContainersRestarting").unwrap().str("status").to_owned()
    };
    assert_eq!(condition(&bench), "True");
    bench.exit("d", 0, 143);
    bench.perform_all();
    assert_eq!(condition(&bench), "False");
    let init = &bench.object["status"]["initContainerStatuses"][0];
    assert_eq!((init.int("restartCount"), init["state"].has("running")), (Some(1), true));
    assert_eq!(init["lastState"]["terminated"]["reason"], RESTARTING_ALL);
    bench.exit("i", 1, 0);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready i:terminated(Completed,0)*#1 c:running*#1 d:running*#1");
}

#[test]
fn an_ephemeral_container_runs_once_and_counts_for_nothing() {
    // INIT-8
    let mut bench = Bench::running(one());
    bench.edit(|pod| pod["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "i"}]));
    bench.perform_all();
    bench.exit("debug", 0, 3);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running* debug:terminated(Error,3)");
    assert!(!bench.object["status"]["ephemeralContainerStatuses"][0].has("started"));
    assert_eq!(bench.names(), [""; 0]);
}

#[test]
fn termination_messages_share_their_room() {
    // CS-13
    let mut spec = never();
    spec["containers"] = ["a", "b", "c", "d"].map(|name| json!({"name": name, "image": "i"})).to_vec().into();
    let mut bench = Bench::running(spec);
    let message = "x".repeat(4096);
    let exit = Exit { code: 0, oom: false, started_at: None, finished_at: bench.now.wall, message, reason: None };
    bench.step(Event::Exited(Ended { sandbox: "u-0".into(), container: "a".into(), attempt: 0, exit }));
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["state"]["terminated"].str("message").len(), 3072);
}

#[test]
fn a_disruption_by_the_node_is_a_condition() {
    // COND-1
    let mut bench = Bench::running(one());
    let disruption = Some("The node was low on resource: memory.".to_owned());
    bench.machine.state.ended = Some(TerminalReason { reason: "Evicted", message: "m".into(), disruption, ..TerminalReason::default() });
    bench.step(Event::Tick);
    bench.perform_all();
    bench.exit("c", 0, 0);
    bench.perform_all();
    let condition = bench.object["status"].items("conditions").iter().find(|c| c["type"] == "DisruptionTarget").unwrap();
    assert_eq!((condition.str("status"), condition.str("reason")), ("True", "TerminationByKubelet"));
    assert_eq!(bench.object["status"]["reason"], "Evicted");
}

#[test]
fn a_sandbox_that_dies_is_said_and_replaced_at_once() {
    // RST-10
    let mut bench = Bench::running(one());
    bench.exit("c", 0, 137);
    bench.step(Event::SandboxDied { sandbox: "u-0".into(), reason: "its shim does not answer".into() });
    assert!(bench.events.contains(&"SandboxDied: The pod's sandbox died: its shim does not answer".to_owned()), "{:?}", bench.events);
    assert!(bench.names().contains(&"create sandbox"), "{:?}", bench.names());
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*#1");
    bench.step(Event::SandboxDied { sandbox: "u-0".into(), reason: "again".into() });
    assert_eq!(bench.names(), [""; 0], "that one was replaced long ago");
}
