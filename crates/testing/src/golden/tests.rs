//! Replays everything, and tests the comparison itself.

use super::case::Saved;
use super::compare::{diff, loosen, normalise, served};
use super::*;
use serde_json::json;

fn must_be_as_listed(report: &Report) {
    let wrong = pending::judge(&pending::read().unwrap(), report);
    assert!(wrong.is_empty(), "{}\n{}{report}", wrong.join("\n"), report.failures(Detail::First));
}

/// Every case passes but those that are listed, and those do not.
#[test]
fn golden_cases_are_as_listed() {
    must_be_as_listed(&replay_cases(None).unwrap());
}

/// Every run passes but those that are listed, and those do not.
#[test]
fn golden_runs_are_as_listed() {
    must_be_as_listed(&replay_runs(None).unwrap());
}

/// Every workload passes but those that are listed, and those do not.
#[test]
fn golden_workloads_are_as_listed() {
    must_be_as_listed(&replay_workloads(None).unwrap());
}

/// Every case of names passes but those that are listed, and those do not.
#[test]
fn golden_names_are_as_listed() {
    must_be_as_listed(&replay_names(None).unwrap());
}

/// Every placement is as recorded but those that are listed, and those are not.
#[test]
fn golden_placements_are_as_listed() {
    must_be_as_listed(&replay_placements(None).unwrap());
}

#[test]
fn golden_list_is_sorted_and_names_what_exists() {
    let text = std::fs::read_to_string(folder().join("pending.txt")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.is_sorted());
    let cases = case::load(&folder().join("cases")).unwrap().into_iter().map(|c| format!("{}/{}", c.area, c.name));
    let runs = run::load(&folder().join("runs")).unwrap().into_iter().map(|r| format!("runs/{}/{}", r.area, r.name));
    let lives = lives::all().unwrap().into_iter().map(|life| life.id());
    let workloads = workloads::load(&folder().join("workloads")).unwrap().into_iter().map(|run| run.id());
    let names = names::load().unwrap().into_iter().map(|c| format!("{}/{}", c.area, c.name));
    let placements = scheduler::load().unwrap().into_iter().map(|c| format!("{}/{}", c.area, c.name));
    let known: std::collections::BTreeSet<String> =
        cases.chain(runs).chain(workloads).chain(names).chain(placements).chain(lives).collect();
    let unknown: Vec<&&str> = lines.iter().filter(|line| !known.contains(**line)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn golden_comparison_replaces_what_differs_between_runs() {
    let saved = Saved::from([("rv1".to_owned(), "4711".into())]);
    let uid = "8f2b1c34-0000-4000-a000-0123456789ab";
    let answer = json!({
        "metadata": {"resourceVersion": "12", "uid": uid, "namespace": "g-00000001", "managedFields": []},
        "spec": {"nodePort": 31000, "clusterIP": "10.43.7.9"},
        "message": format!("at 4711 in g-00000001 since 2026-01-02T03:04:05Z {}", "a".repeat(400)),
    });
    let ignore = ["managedFields".to_owned()];
    assert_eq!(
        normalise(&answer, "g-00000001", &saved, &ignore),
        json!({
            "metadata": {"resourceVersion": "<resourceVersion>", "uid": "<uid>", "namespace": "{ns}"},
            "spec": {"nodePort": "<port>", "clusterIP": "<ip>"},
            "message": "at <rv> in {ns} since <time> {fill:a:400}",
        })
    );
    let asked = json!({"nodePort": 30123, "resourceVersion": "0"});
    assert_eq!(normalise(&asked, "g-00000001", &saved, &[]), asked);
}

#[test]
fn golden_comparison_leaves_gos_own_printing_out() {
    assert_eq!(loosen("a: Invalid value: {\"X\":1}: why\n@@ -1 +1 @@"), "a: Invalid value: <value>: why");
    assert_eq!(
        loosen("Invalid value: \"map[a:1]\": why, Invalid value: [1]: too"),
        "Invalid value: <value>: why, Invalid value: <value>: too"
    );
    assert!(diff(&"x Invalid value: {\"A\":1}: y".into(), &"x Invalid value: {\"a\":2}: y".into()).is_empty());
    assert_eq!(diff(&json!({"a": [1]}), &json!({"a": [1.0]})), ["/a/0: want 1, got 1.0"]);
    assert_eq!(diff(&json!({"a": 1}), &json!({"b": 1})), ["/a: missing, want 1", "/b: unexpected 1"]);
}

#[test]
fn golden_comparison_lets_discovery_list_less_but_nothing_else() {
    let want = json!({"resources": [{"name": "a", "kind": "A"}, {"name": "b", "kind": "B"}]});
    let less = json!({"resources": [{"name": "b", "kind": "B"}]});
    assert_eq!(served(&want, &less), less);
    let other = json!({"resources": [{"name": "z"}]});
    assert!(!diff(&served(&want, &other), &other).is_empty());
}
