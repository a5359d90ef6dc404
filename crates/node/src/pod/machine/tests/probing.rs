//! Probes in the life of a pod.

use super::*;
use crate::pod::probes::Probed;

fn probed(probes: Value) -> Value {
    let mut container = json!({"name": "c", "image": "i"});
    for (name, probe) in probes.as_object().unwrap() {
        container[name.as_str()] = probe.clone();
    }
    json!({"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "containers": [container]})
}

fn every_second(failures: i64) -> Value {
    json!({"exec": {"command": ["x"]}, "periodSeconds": 1, "failureThreshold": failures})
}

impl Bench {
    fn answer(&mut self, probed: Probed) {
        let (id, _) = self.take("probe");
        self.step(Event::Outcome(id, Outcome::Probed(probed)));
    }

    /// Ends everything but probes as it should end.
    fn go_on(&mut self) {
        while let Some((_, operation)) = self.under_way.iter().find(|(_, operation)| operation.name() != "probe") {
            self.perform(operation.name());
        }
    }

    fn fail_probes(&mut self, seconds: u64) {
        for _ in 0..seconds {
            while self.names().contains(&"probe") {
                self.answer(Probed::Failure("no".into()));
            }
            self.pass(1);
            self.go_on();
        }
    }

    fn said(&self, text: &str) -> bool {
        self.events.iter().any(|event| event == text)
    }
}

#[test]
fn a_pod_is_ready_once_its_probe_says_so_and_no_longer() {
    // PRB-3, PRB-7, PRB-13
    let mut bench = Bench::new(probed(json!({"readinessProbe": every_second(1)})));
    bench.go_on();
    assert_eq!((bench.ready(), bench.names()), ("False", vec!["probe"]));
    bench.answer(Probed::Success);
    bench.go_on();
    assert_eq!(bench.ready(), "True");
    bench.pass(1);
    bench.answer(Probed::Failure("out".into()));
    bench.go_on();
    assert_eq!(bench.ready(), "False");
    assert!(bench.said("Unhealthy: Readiness probe failed: out"), "{:?}", bench.events);
    bench.pass(1);
    bench.answer(Probed::Warning("moved".into()));
    assert!(bench.said("ProbeWarning: Readiness probe warning: moved"), "{:?}", bench.events);
    bench.go_on();
    assert_eq!(bench.ready(), "True");
    bench.pass(1);
    bench.answer(Probed::Unknown("broken".into()));
    assert!(bench.said("Unhealthy: Readiness probe errored and resulted in unknown state: broken"), "{:?}", bench.events);
}

#[test]
fn a_container_that_fails_its_liveness_probe_is_restarted() {
    // PRB-4, KILL-5
    let mut bench = Bench::new(probed(json!({"livenessProbe": every_second(2)})));
    bench.go_on();
    bench.fail_probes(3);
    assert!(bench.said("Killing: Container c failed liveness probe, will be restarted"), "{:?}", bench.events);
    assert_eq!(bench.events.iter().filter(|event| event.starts_with("Killing")).count(), 1);
    assert!(!bench.names().contains(&"probe"), "nothing is asked of the dying run");
    bench.exit("c", 0, 0);
    bench.go_on();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 1);
    assert!(bench.object["status"]["containerStatuses"][0]["state"].has("running"), "{}", bench.object);
}

#[test]
fn a_probe_may_have_a_grace_of_its_own() {
    // PRB-8
    let mut probe = every_second(1);
    probe["terminationGracePeriodSeconds"] = 3.into();
    let mut bench = Bench::new(probed(json!({ "livenessProbe": probe })));
    bench.go_on();
    bench.fail_probes(2);
    bench.pass(1);
    assert!(!bench.names().contains(&"kill"), "{:?}", bench.names());
    bench.pass(1);
    assert!(bench.names().contains(&"kill"), "{:?}", bench.names());
}

#[test]
fn without_a_restart_a_failed_probe_ends_the_pod_with_its_own_grace() {
    // KILL-1, KILL-5
    let mut probe = every_second(1);
    probe["terminationGracePeriodSeconds"] = 3.into();
    let mut spec = probed(json!({ "livenessProbe": probe }));
    spec["restartPolicy"] = "Never".into();
    let mut bench = Bench::new(spec);
    bench.go_on();
    bench.fail_probes(2);
    assert!(bench.said("Killing: Stopping container c"), "{:?}", bench.events);
    bench.pass(20);
    assert!(!bench.names().contains(&"kill"), "{:?}", bench.names());
    bench.exit("c", 0, 0);
    bench.go_on();
    assert_eq!(bench.object["status"]["phase"], "Succeeded");
}

#[test]
fn started_waits_for_the_startup_probe_and_so_do_those_behind_a_sidecar() {
    // CS-12, INIT-2, POD-4
    let spec = json!({"containers": [{"name": "c", "image": "i"}],
        "initContainers": [{"name": "s", "image": "i", "restartPolicy": "Always", "startupProbe": every_second(30)}]});
    let mut bench = Bench::new(spec);
    bench.go_on();
    let sidecar = bench.object["status"]["initContainerStatuses"][0].clone();
    assert_eq!((&sidecar["started"], &sidecar["ready"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(bench.object["status"]["phase"], "Pending");
    bench.answer(Probed::Success);
    bench.go_on();
    assert_eq!(bench.object["status"]["initContainerStatuses"][0]["started"], true);
    assert_eq!((bench.ready(), &bench.object["status"]["phase"]), ("True", &Value::from("Running")));
}

#[test]
fn the_probe_of_a_run_that_ended_is_given_up() {
    let mut bench = Bench::new(probed(json!({"readinessProbe": every_second(1)})));
    bench.go_on();
    bench.exit("c", 0, 1);
    assert_eq!(bench.cancelled, ["probe"]);
    bench.go_on();
    assert_eq!(bench.names(), ["probe"], "of the next run");
}

#[test]
fn a_pod_that_is_deleted_is_asked_for_readiness_to_the_end() {
    // PRB-6, KILL-7
    let mut bench = Bench::new(probed(json!({"readinessProbe": every_second(1), "livenessProbe": every_second(1)})));
    bench.go_on();
    bench.answer(Probed::Success);
    bench.go_on();
    bench.delete();
    bench.fail_probes(4);
    assert_eq!(bench.ready(), "False");
    assert!(bench.said("Unhealthy: Readiness probe failed: no"));
    assert!(!bench.said("Unhealthy: Liveness probe failed: no"));
}
