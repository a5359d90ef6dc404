//! Pods that the node does not take, and pods that it ends.

use super::*;
use crate::admission::Rejection;
use crate::pod::state::TerminalReason;

fn rejected() -> Outcome {
    let text = "Node didn't have enough resource: cpu, requested: 2, used: 0, capacity: 1";
    Outcome::Admitted(Err(Rejection { reason: "OutOfcpu", message: text.into(), by_node: false }))
}

#[test]
fn a_pod_that_is_not_taken_fails_and_nothing_is_made_for_it() {
    // POD-17
    let mut bench = Bench::asked(one());
    assert_eq!(bench.names(), ["admit"]);
    bench.object["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "True"}, {"type": "of/others", "status": "True"}]);
    bench.edit(|_| {});
    bench.fail("admit", rejected());
    assert_eq!(bench.events, ["OutOfcpu: Node didn't have enough resource: cpu, requested: 2, used: 0, capacity: 1"]);
    let Operation::WriteStatus { patch, .. } = &bench.under_way[0].1 else { panic!("{:?}", bench.names()) };
    assert!(patch["status"].items("conditions").contains(&json!({"$patch": "delete", "type": "PodScheduled"})), "{patch}");
    bench.perform_all();
    let status = &bench.object["status"];
    let message = "Pod was rejected: Node didn't have enough resource: cpu, requested: 2, used: 0, capacity: 1";
    assert_eq!((status.str("phase"), status.str("reason"), status.str("message")), ("Failed", "OutOfcpu", message));
    assert!(status.has("startTime") && !status.has("hostIP") && !status.has("containerStatuses"), "{status}");
    bench.object["status"]["conditions"] = json!([{"type": "of/others", "status": "True"}]);
    // Nor after a restart of the agent is more said of it.
    let machine = Machine::new(Arc::new(NodeFacts::default()), Arc::new(bench.object.clone()), &[], bench.now);
    bench.machine = machine;
    bench.step(Event::Tick);
    assert_eq!(bench.names(), [""; 0]);
    bench.delete();
    bench.perform_all();
    bench.step(Event::Update(PodUpdate::Gone));
    assert!(bench.machine.is_over());
}

#[test]
fn a_pod_that_goes_anyhow_is_not_judged() {
    let mut bench = Bench::asked(one());
    bench.delete();
    bench.fail("admit", rejected());
    bench.perform_all();
    assert!(!bench.events.iter().any(|event| event.starts_with("OutOfcpu")), "{:?}", bench.events);
    assert_eq!(bench.object["status"]["reason"], Value::Null);
}

#[test]
fn a_pod_that_was_taken_before_is_not_judged_again() {
    let bench = Bench::running(one());
    let mut machine = Machine::new(Arc::new(NodeFacts::default()), Arc::new(bench.object.clone()), &[], bench.now);
    let commands = machine.step(bench.now, Event::Tick);
    assert!(!commands.iter().any(|command| matches!(command, Command::Run(_, Operation::Admit(_)))), "{commands:?}");
}

#[test]
fn an_evicted_pod_has_the_grace_that_its_eviction_gives() {
    // KILL-1, NODE-11, NODE-12
    let mut bench = Bench::running(one());
    let reason = TerminalReason { reason: "Evicted", message: "m".into(), disruption: Some("m".into()), grace_s: Some(5), rejected: false };
    bench.step(Event::End(reason));
    assert!(bench.names().contains(&"signal"), "{:?}", bench.names());
    bench.pass(4);
    assert!(!bench.names().contains(&"kill"), "{:?}", bench.names());
    bench.pass(1);
    assert!(bench.names().contains(&"kill"), "{:?}", bench.names());
    bench.exit("c", 0, 137);
    bench.perform_all();
    let status = &bench.object["status"];
    assert_eq!((status.str("phase"), status.str("reason"), status.str("message")), ("Failed", "Evicted", "m"));
    let disrupted = status.items("conditions").iter().find(|c| c["type"] == "DisruptionTarget").unwrap();
    assert_eq!((disrupted.str("status"), disrupted.str("reason"), disrupted.str("message")), ("True", "TerminationByKubelet", "m"));
}
