//! What a machine says of itself when it is asked.

use super::*;

fn said(bench: &Bench) -> Explanation {
    bench.machine.explain(bench.now)
}

#[test]
fn what_keeps_a_pod_from_starting_is_said() {
    let volumes = json!([{"name": "v", "configMap": {"name": "m"}}]);
    let spec = json!({"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v"}]}], "volumes": volumes});
    let mut bench = Bench::begun(spec);
    let failure = VolumeFailure::of("v", Stage::SetUp, "configmap \"m\" not found");
    bench.fail("set up volumes", Outcome::Volumes(Err(vec![failure])));
    let explained = said(&bench);
    assert_eq!(explained.reasons, ["volume \"v\" could not be set up: configmap \"m\" not found", "container c has not started"]);
    assert!(explained.waits_for.contains(&"setting up the volumes to be tried again in 500ms".to_owned()), "{explained:?}");
    assert!(explained.looks_again_at.is_some_and(|at| at > WALL));

    let mut bench = Bench::new(one());
    bench.fail("create sandbox", Outcome::Sandbox(Err("no address is left".to_owned())));
    let explained = said(&bench);
    assert_eq!(explained.reasons[0], "making the sandbox failed: no address is left");
    bench.pass(10);
    bench.perform("create sandbox");
    bench.pass(3);
    let explained = said(&bench);
    assert_eq!(explained.reasons, ["container c has not started"]);
    assert!(explained.waits_for.contains(&"start of container c: inspect image i, for 3s".to_owned()), "{explained:?}");
}

#[test]
fn containers_say_how_they_are() {
    let mut bench = Bench::running(json!({
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "containers": [
            {"name": "a", "image": "i", "readinessProbe": {"exec": {"command": ["x"]}, "initialDelaySeconds": 100}},
            {"name": "b", "image": "i"},
        ],
    }));
    assert_eq!(said(&bench).reasons, ["container a runs, and its readiness probe does not pass", "container b runs"]);
    bench.exit("b", 0, 3);
    bench.perform_all();
    bench.exit("b", 1, 4);
    let explained = said(&bench);
    assert_eq!(explained.reasons[1], "container b ended with exit code 4, and waits 10s before it is started again");
    bench.delete();
    bench.perform("signal");
    bench.pass(2);
    let explained = said(&bench);
    assert_eq!(explained.reasons[0], "it is being deleted, with 30s for its containers to end");
    assert_eq!(explained.reasons[1], "container a is being stopped: it was signalled 2s ago and runs still");
}

#[test]
fn an_object_that_finalizers_hold_says_which() {
    // KILL-8
    let mut bench = Bench::running(one());
    bench.edit(|pod| {
        pod["metadata"]["deletionTimestamp"] = "x".into();
        pod["metadata"]["finalizers"] = json!(["example.com/hold"]);
    });
    bench.perform("signal");
    bench.exit("c", 0, 0);
    bench.perform_all();
    assert_eq!(said(&bench).waits_for, ["its finalizers to be taken away: example.com/hold"]);
}
