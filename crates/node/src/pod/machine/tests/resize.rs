//! Resources that change while a pod runs.

use super::*;
use crate::pod::resize::Refusal;

fn with(memory: &str) -> Value {
    json!({"restartPolicy": "Always", "containers": [{"name": "c", "image": "i", "resources": {"limits": {"memory": memory}}}]})
}

impl Bench {
    fn resize(&mut self, memory: &str) {
        let limit: Value = memory.into();
        self.edit(|pod| {
            pod["metadata"]["generation"] = 2.into();
            pod["spec"]["containers"][0]["resources"]["limits"]["memory"] = limit;
        });
    }

    fn condition(&self, ty: &str) -> Option<(String, String)> {
        let found = self.told.last()?.items("conditions").iter().find(|c| c["type"] == ty && !c.has("$patch"))?;
        Some((found.str("status").to_owned(), found.str("reason").to_owned()))
    }
}

#[test]
fn limits_are_changed_in_place() {
    // CG-14
    let mut bench = Bench::running(with("1Gi"));
    bench.resize("2Gi");
    bench.perform("allot");
    let (_, operation) = bench.under_way.iter().find(|(_, operation)| operation.name() == "resize").expect("it is changed");
    let Operation::Resize { changes, .. } = operation else { panic!("not a resize") };
    assert_eq!(changes.len(), 2);
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["resources"]["limits"]["memory"], "2Gi");
    assert_eq!(bench.condition("PodResizeInProgress"), None);
    let expected = |word| format!("Resize{word}");
    assert!(bench.events.iter().any(|event| event.starts_with(&expected("Started"))), "{:?}", bench.events);
    assert!(bench.events.iter().any(|event| event.starts_with(&expected("Completed"))), "{:?}", bench.events);
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*");
}

#[test]
fn a_resize_without_room_waits() {
    // CG-14
    let mut bench = Bench::running(with("1Gi"));
    bench.resize("2Gi");
    let refusal = || Outcome::Allotted(Err(Refusal { reason: "Deferred", message: "m".into() }));
    bench.fail("allot", refusal());
    bench.perform_all();
    assert_eq!(bench.condition("PodResizePending"), Some(("True".into(), "Deferred".into())));
    assert_eq!(bench.object["status"]["containerStatuses"][0]["resources"]["limits"]["memory"], "1Gi");
    bench.pass(10);
    bench.fail("allot", refusal());
    assert_eq!(bench.events.iter().filter(|event| event.starts_with("ResizeDeferred")).count(), 1);
    bench.pass(10);
    bench.perform_all();
    assert_eq!(bench.condition("PodResizePending"), None);
    assert_eq!(bench.object["status"]["containerStatuses"][0]["resources"]["limits"]["memory"], "2Gi");
}

#[test]
fn a_limit_below_what_is_used_is_tried_again() {
    // CG-14
    let mut bench = Bench::running(with("1Gi"));
    bench.resize("512Mi");
    bench.perform("allot");
    bench.fail("resize", Outcome::Done(Err("it uses more".into())));
    bench.perform_all();
    assert_eq!(bench.condition("PodResizeInProgress"), Some(("True".into(), "Error".into())));
    bench.pass(10);
    bench.perform_all();
    assert_eq!(bench.condition("PodResizeInProgress"), None);
}

#[test]
fn a_policy_may_want_the_container_to_start_anew() {
    // CG-14, KILL-5
    let mut spec = with("1Gi");
    spec["containers"][0]["resizePolicy"] = json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
    let mut bench = Bench::running(spec);
    bench.resize("2Gi");
    bench.perform_all();
    assert!(bench.events.contains(&"Killing: Container c resize requires restart".to_owned()), "{:?}", bench.events);
    bench.exit("c", 0, 0);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*#1");
    assert_eq!(bench.object["status"]["containerStatuses"][0]["resources"]["limits"]["memory"], "2Gi");
    assert_eq!(bench.condition("PodResizeInProgress"), None);
}
