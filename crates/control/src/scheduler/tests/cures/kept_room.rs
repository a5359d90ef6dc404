//! What cures a pod that another one keeps out before it runs: room and volumes that were kept for that one are given up.

use super::{Case, all_are_cured, on};
use crate::plan::Key;
use crate::scheduler::tests::life::{Life, wants, with};
use stead_api::json;
use stead_client::resource::PODS;

/// Room on the one node is kept for a pod of higher priority, for which another goes.
fn nominated(life: &mut Life) {
    life.node("n", "1");
    life.pod("old", on("n", wants("1")));
    life.pod("high", with(wants("1"), json!({"priority": 5})));
    life.work();
    life.pod("p", with(wants("1"), json!({"priority": 4})));
}

/// The one node is given to a pod that is not seen there yet.
fn assumed(life: &mut Life) {
    life.node("n", "1");
    life.pod("first", wants("1"));
    life.work();
    life.pod("p", wants("1"));
}

// SCH-4, SCH-12, SCH-116
#[test]
fn room_that_is_kept_for_nobody_is_taken_at_once() {
    let cpu = "Insufficient cpu";
    all_are_cured(&[
        Case {
            refused: nominated,
            why: cpu,
            event: "the nominated pod is gone, and then its victim",
            happens: |life| {
                life.delete(PODS, "d", "high");
                life.work();
                life.delete(PODS, "d", "old");
            },
            bound: "p>n",
        },
        Case {
            refused: nominated,
            why: cpu,
            event: "the victim is gone, and then the nominated pod, which nobody has tried yet",
            happens: |life| {
                life.delete(PODS, "d", "old");
                life.delete(PODS, "d", "high");
            },
            bound: "p>n",
        },
        Case { refused: assumed, why: cpu, event: "the other pod is gone", happens: |life| life.delete(PODS, "d", "first"), bound: "p>n" },
        Case {
            refused: assumed,
            why: cpu,
            event: "the other pod's binding fails",
            happens: |life| life.keys.push(Key::new("d", "first")),
            bound: "p>n",
        },
        Case {
            refused: |life| {
                assumed(life);
                life.node_with("m", "1", json!({"unschedulable": true}));
            },
            why: cpu,
            event: "the other pod was bound elsewhere",
            happens: |life| life.pod("first", on("m", wants("1"))),
            bound: "p>n",
        },
    ]);
}

// SCH-116: the one for whom room is kept has just failed, so that others are tried before it.
#[test]
fn room_that_is_too_small_for_whom_it_is_kept_is_taken_at_once() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("old", on("n", wants("1")));
    life.pod("high", with(wants("1"), json!({"priority": 5})));
    life.work();
    life.pod("high", with(wants("3"), json!({"priority": 5})));
    life.delete(PODS, "d", "old");
    life.pod("p", with(wants("1"), json!({"priority": 4})));
    assert_eq!(life.bound(), ["p>n"]);
}
