//! Lifecycle hooks in the life of a pod.

use super::*;
use crate::pod::hooks::HookFailure;

fn with(hooks: Value) -> Value {
    json!({"restartPolicy": "Always", "terminationGracePeriodSeconds": 20, "containers": [
        {"name": "c", "image": "i", "lifecycle": hooks}, {"name": "d", "image": "i"}]})
}

fn exec() -> Value {
    json!({"exec": {"command": ["x"]}})
}

impl Bench {
    /// Ends everything but hooks as it should end.
    fn go_on_but_hooks(&mut self) {
        while let Some((_, operation)) = self.under_way.iter().find(|(_, operation)| operation.name() != "hook") {
            self.perform(operation.name());
        }
    }

    fn fail_hook(&mut self) {
        self.fail("hook", Outcome::Hook(Err(HookFailure::of_command(&["x".to_owned()], 3, b"why\n"))));
    }
}

#[test]
fn a_post_start_hook_holds_up_what_follows() {
    // HOOK-2, INIT-3
    let mut bench = Bench::new(with(json!({"postStart": exec()})));
    bench.go_on_but_hooks();
    assert_eq!(bench.names(), ["hook"], "d does not start");
    assert_eq!(bench.told().last().unwrap(), "Pending c:waiting(ContainerCreating) d:waiting(ContainerCreating)");
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running* d:running*");
}

#[test]
fn a_post_start_hook_that_fails_kills_its_container() {
    // HOOK-2, KILL-5
    let mut bench = Bench::new(with(json!({"postStart": exec()})));
    bench.go_on_but_hooks();
    bench.fail_hook();
    bench.go_on_but_hooks();
    assert_eq!(bench.told().last().unwrap(), "Pending c:waiting(ContainerCreating) d:waiting(ContainerCreating)");
    assert!(bench.events.contains(&"FailedPostStartHook: PostStartHook failed".to_owned()), "{:?}", bench.events);
    assert!(bench.events.contains(&"Killing: FailedPostStartHook".to_owned()), "{:?}", bench.events);
    bench.exit("c", 0, 0);
    for name in ["inspect image", "fetch sources", "start container", "write status"] {
        bench.perform(name); // d starts first
    }
    let message =
        "Exec lifecycle hook ([x]) for Container \"c\" in Pod \"p_ns(u)\" failed - error: command 'x' exited with 3: , message: \"why\\n\"";
    let status = bench.object["status"]["containerStatuses"][0].clone();
    assert_eq!(status["state"], json!({"waiting": {"reason": "PostStartHookError", "message": message}}));
    assert_eq!(status["lastState"]["terminated"]["reason"], "Completed");
    bench.go_on_but_hooks();
    bench.fail_hook();
    bench.go_on_but_hooks();
    bench.exit("c", 1, 0);
    bench.go_on_but_hooks();
    assert!(bench.told().last().unwrap().contains("c:waiting(CrashLoopBackOff)#1"), "{:?}", bench.told());
}

#[test]
fn a_pod_that_never_restarts_ends_with_its_post_start_hook() {
    // HOOK-2
    let mut spec = with(json!({"postStart": exec()}));
    spec["restartPolicy"] = "Never".into();
    spec["containers"].as_array_mut().unwrap().truncate(1);
    let mut bench = Bench::new(spec);
    bench.go_on_but_hooks();
    bench.fail_hook();
    bench.go_on_but_hooks();
    bench.exit("c", 0, 0);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Succeeded c:terminated(Completed,0)");
}

#[test]
fn a_pod_deleted_during_a_post_start_hook_does_not_wait_for_it() {
    // HOOK-2, KILL-7
    let mut bench = Bench::new(with(json!({"postStart": exec()})));
    bench.go_on_but_hooks();
    bench.delete();
    assert_eq!(bench.cancelled, ["hook"]);
    bench.go_on_but_hooks();
    bench.exit("c", 0, 0);
    bench.perform_all();
    // d was lost to it: the pod had begun.
    assert_eq!(bench.told().last().unwrap(), "Failed c:terminated(Completed,0) d:terminated(ContainerStatusUnknown,137)");
}

#[test]
fn a_pre_stop_hook_comes_before_the_signal_and_within_the_grace() {
    // HOOK-4
    let mut bench = Bench::running(with(json!({"preStop": exec()})));
    bench.delete();
    bench.go_on_but_hooks();
    assert_eq!(bench.names(), ["hook"], "d is signalled, c is not");
    bench.pass(15);
    bench.perform("hook");
    assert!(bench.names().contains(&"signal"), "{:?}", bench.names());
    bench.perform_all();
    bench.exit("d", 0, 0);
    bench.pass(4);
    assert_eq!(bench.names(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.names(), ["kill"], "of 20 seconds the hook took 15");
}

#[test]
fn a_pre_stop_hook_that_fails_or_takes_too_long_stops_nothing() {
    // HOOK-4
    let mut bench = Bench::running(with(json!({"preStop": exec()})));
    bench.delete();
    bench.fail_hook();
    assert!(bench.events.contains(&"FailedPreStopHook: PreStopHook failed".to_owned()), "{:?}", bench.events);
    assert_eq!(bench.names().iter().filter(|name| **name == "signal").count(), 2);

    let mut bench = Bench::running(with(json!({"preStop": exec()})));
    bench.delete();
    bench.go_on_but_hooks();
    bench.pass(20);
    assert_eq!(bench.cancelled, ["hook"]);
    assert!(bench.names().contains(&"signal"), "{:?}", bench.names());
    bench.perform_all();
    bench.pass(1);
    assert!(!bench.names().contains(&"kill"), "two seconds are left in any case");
    bench.pass(1);
    assert!(bench.names().contains(&"kill"), "{:?}", bench.names());
}

#[test]
fn without_grace_there_is_no_pre_stop_hook() {
    // HOOK-4
    let mut bench = Bench::running(with(json!({"preStop": exec()})));
    bench.edit(|pod| {
        pod["metadata"]["deletionTimestamp"] = "x".into();
        pod["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    });
    assert_eq!(bench.names(), ["kill", "kill"]);
}

#[test]
fn a_container_that_is_replaced_runs_its_pre_stop_hook() {
    // HOOK-4, KILL-5
    let mut bench = Bench::running(with(json!({"preStop": exec()})));
    bench.edit(|pod| pod["spec"]["containers"][0]["image"] = "j".into());
    assert_eq!(bench.names(), ["hook"]);
    bench.exit("c", 0, 0);
    assert_eq!(bench.cancelled, ["hook"], "there is nothing left to run it in");
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*#1 d:running*");
}
