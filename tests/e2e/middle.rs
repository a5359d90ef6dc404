//! `kill -9` of the server in the middle of what a pod does: nothing is lost, restarted or done twice, and codes are right.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use serde_json::Value;
use std::time::{Duration, Instant};

const LINES: usize = 60_000;
const PATIENCE: Duration = Duration::from_secs(90);

fn pod(name: &str, script: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 3\n  containers:\n  - name: c\n    image: localhost/stead:1\n    command: [sh, -c, '{script}']\n{more}"
    )
}

/// Asks until it is so; what was seen last.
fn until(what: &str, mut seen: impl FnMut() -> (bool, String)) -> String {
    let began = Instant::now();
    loop {
        let (enough, last) = seen();
        if enough {
            return last;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: {last}");
    }
}

fn log(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.try_run(&["logs", pod]).out
}

fn container(kubectl: &Kubectl, pod: &str) -> Value {
    kubectl.json(&["get", "pod", pod])["status"]["containerStatuses"][0].clone()
}

fn ended(kubectl: &Kubectl, pod: &str, phase: &str) -> Value {
    kubectl.run(&["wait", "pod", pod, &format!("--for=jsonpath={{.status.phase}}={phase}"), "--timeout=90s"]);
    let container = container(kubectl, pod);
    assert_eq!(container["restartCount"], 0, "{container}");
    container["state"]["terminated"].clone()
}

#[test]
fn a_flood_of_lines_goes_on_over_crashes() {
    let Some(programs) = have("a_flood_of_lines_goes_on_over_crashes", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let script = format!("i=0; while [ $i -lt {LINES} ]; do echo $i; i=$((i+1)); done");
    kubectl.apply(&pod("flood", &script, ""), cluster.dir.path());
    for part in 0..3 {
        until("lines", || {
            let seen = log(&kubectl, "flood").lines().count();
            (seen > part * LINES / 4, seen.to_string())
        });
        cluster.crash();
        cluster.serve();
    }
    assert_eq!(ended(&kubectl, "flood", "Succeeded")["exitCode"], 0);
    let text = log(&kubectl, "flood");
    assert!(text.lines().eq((0..LINES).map(|number| number.to_string())), "{} lines of {LINES}", text.lines().count());
}

#[test]
fn an_end_while_the_server_is_away_is_told_with_its_code() {
    let Some(programs) = have("an_end_while_the_server_is_away_is_told_with_its_code", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(&pod("ends", "echo once; sleep 2; exit 7", ""), cluster.dir.path());
    until("its line", || {
        let text = log(&kubectl, "ends");
        (text.contains("once"), text)
    });
    let uid = kubectl.json(&["get", "pod", "ends"])["metadata"]["uid"].as_str().expect("a uid").to_owned();
    cluster.crash();
    // The container ends on its own; what holds the pod's namespaces stays.
    until("its end", || {
        let left = crate::statefulset::processes(&uid);
        (left <= 1, format!("{left} processes"))
    });
    cluster.serve();
    assert_eq!(ended(&kubectl, "ends", "Failed")["exitCode"], 7);
    assert_eq!(log(&kubectl, "ends"), "once\n");
}

#[test]
fn a_hook_is_not_run_twice() {
    let Some(programs) = have("a_hook_is_not_run_twice", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let hook = "    lifecycle:\n      postStart:\n        exec:\n          command: [sh, -c, 'echo hook >/proc/1/fd/1; sleep 4']\n";
    kubectl.apply(&pod("hooked", "echo main; sleep 8; exit 0", hook), cluster.dir.path());
    until("the hook", || {
        let text = log(&kubectl, "hooked");
        (text.contains("hook"), text)
    });
    cluster.crash();
    cluster.serve();
    assert_eq!(ended(&kubectl, "hooked", "Succeeded")["exitCode"], 0);
    let text = log(&kubectl, "hooked");
    assert_eq!(text.lines().filter(|line| *line == "hook").count(), 1, "{text}");
    assert_eq!(text.lines().filter(|line| *line == "main").count(), 1, "{text}");
}

#[test]
fn a_stop_goes_on_where_it_was() {
    let Some(programs) = have("a_stop_goes_on_where_it_was", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    // A shell that is the first process does not hear SIGTERM.
    let held =
        pod("deaf", "echo up; while true; do sleep 1; done", "").replace("{name: deaf}", "{name: deaf, finalizers: [example.com/held]}");
    kubectl.apply(&held, cluster.dir.path());
    kubectl.run(&["wait", "pod", "deaf", "--for=condition=Ready", "--timeout=90s"]);
    let before = container(&kubectl, "deaf")["containerID"].clone();
    kubectl.run(&["delete", "pod", "deaf", "--wait=false"]);
    cluster.crash();
    cluster.serve();
    let end = ended(&kubectl, "deaf", "Failed");
    assert_eq!((&end["exitCode"], &end["containerID"]), (&137.into(), &before));
    kubectl.run(&["patch", "pod", "deaf", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    kubectl.run(&["wait", "--for=delete", "pod/deaf", "--timeout=60s"]);
}

#[test]
fn an_exec_does_not_take_its_container_along() {
    let Some(programs) = have("an_exec_does_not_take_its_container_along", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(&pod("stays", "echo up; sleep 100000", ""), cluster.dir.path());
    kubectl.run(&["wait", "pod", "stays", "--for=condition=Ready", "--timeout=90s"]);
    let before = container(&kubectl, "stays");
    let (_exec, out) = kubectl.start(&["exec", "stays", "--", "sh", "-c", "echo in; sleep 100000"]);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut { out }, &mut line).expect("kubectl prints text");
    assert_eq!(line, "in\n");
    cluster.crash();
    cluster.serve();
    kubectl.run(&["wait", "pod", "stays", "--for=condition=Ready", "--timeout=90s"]);
    let after = container(&kubectl, "stays");
    assert_eq!((&after["containerID"], &after["restartCount"]), (&before["containerID"], &0.into()));
    assert_eq!(kubectl.run(&["exec", "stays", "--", "sh", "-c", "echo again; exit 0"]), "again\n");
    let failed = kubectl.try_run(&["exec", "stays", "--", "sh", "-c", "exit 5"]);
    assert!(!failed.ok && failed.err.contains("exit code 5"), "{failed:?}");
}
