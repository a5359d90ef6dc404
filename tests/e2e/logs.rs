//! What containers print, by `kubectl logs`.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use crate::statefulset::{WEB, settled};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

const PODS: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec:
  restartPolicy: Never
  containers:
  - {name: a, image: "localhost/stead:1", command: [echo, from a]}
  - {name: b, image: "localhost/stead:1", command: [echo, from b]}
---
apiVersion: v1
kind: Pod
metadata: {name: again}
spec:
  containers:
  - {name: c, image: "localhost/stead:1", command: [echo, once more]}
---
apiVersion: v1
kind: Pod
metadata: {name: talk}
spec:
  restartPolicy: Never
  containers:
  - {name: c, image: "localhost/stead:1", command: [sleep, "100000"]}
---
apiVersion: v1
kind: Pod
metadata: {name: unpulled}
spec:
  containers:
  - {name: c, image: "example.invalid/none:1"}
"#;

/// The process of a pod's only container.
fn process(kubectl: &Kubectl, pod: &str) -> Pid {
    let uid = kubectl.json(&["get", "pod", pod])["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let prints = |dir: &Path| std::fs::read_link(dir.join("fd/1")).is_ok_and(|out| out.to_string_lossy().starts_with("pipe:"));
    let of_pod = |dir: &Path| std::fs::read_to_string(dir.join("cgroup")).is_ok_and(|cgroup| cgroup.contains(&uid));
    let found = std::fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path()).find(|dir| of_pod(dir) && prints(dir));
    let name = found.and_then(|dir| dir.file_name().map(|name| name.to_string_lossy().into_owned())).expect("the container runs");
    Pid::from_raw(name.parse().expect("a pid"))
}

/// Has the container print that: its standard output is a pipe that others may write to.
fn print(process: Pid, text: &str) {
    let mut out = File::options().write(true).open(format!("/proc/{process}/fd/1")).expect("its output can be opened");
    out.write_all(text.as_bytes()).expect("the shim reads");
}

/// What kubectl prints once the log holds that; it is read as soon as it is printed, so it is asked for again until then.
fn shown(kubectl: &Kubectl, line: &[&str], enough: &str) -> String {
    let began = std::time::Instant::now();
    loop {
        let out = kubectl.run(line);
        if out.contains(enough) {
            return out;
        }
        assert!(began.elapsed().as_secs() < 60, "{line:?} shows {out:?}");
    }
}

/// The lines of several logs, which kubectl reads in any order.
fn sorted(kubectl: &Kubectl, line: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = kubectl.run(line).lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn refused(kubectl: &Kubectl, line: &[&str], why: &str) {
    let printed = kubectl.try_run(line);
    assert!(!printed.ok && printed.err.contains(why), "{line:?}: {printed:?}");
}

#[test]
fn kubectl_reads_what_containers_print() {
    let Some(programs) = have("kubectl_reads_what_containers_print", Needs::Containers) else { return };
    for program in programs {
        let cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        kubectl.apply(PODS, cluster.dir.path());
        of_ended_containers(&kubectl);
        of_former_runs(&kubectl);
        in_part(&kubectl);
        followed_to_the_end(&kubectl);
        of_a_set(&kubectl, cluster.dir.path());
    }
}

fn of_ended_containers(kubectl: &Kubectl) {
    kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/two", "--timeout=60s"]);
    assert_eq!(kubectl.run(&["logs", "two", "-c", "b"]), "from b\n");
    assert_eq!(kubectl.run(&["logs", "two", "-c", "b", "-f"]), "from b\n");
    assert_eq!(sorted(kubectl, &["logs", "two", "--all-containers", "--prefix"]), ["[pod/two/a] from a", "[pod/two/b] from b"]);
    assert_eq!(kubectl.run(&["logs", "-l", "app=two", "-c", "a"]), "from a\n");
    refused(kubectl, &["logs", "two", "-c", "none"], "container none is not valid for pod two");
    let raw = ["get", "--raw", "/api/v1/namespaces/default/pods/two/log"];
    refused(kubectl, &raw, "a container name must be specified for pod two, choose one of: [a b]");
}

fn of_former_runs(kubectl: &Kubectl) {
    kubectl.run(&["wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/again", "--timeout=60s"]);
    assert_eq!(kubectl.run(&["logs", "again", "--previous"]), "once more\n");
    kubectl.run(&["wait", "--for=condition=Ready", "pod/talk", "--timeout=60s"]);
    refused(kubectl, &["logs", "talk", "--previous"], "previous terminated container \"c\" in pod \"talk\" not found");
    refused(kubectl, &["logs", "unpulled"], "container \"c\" in pod \"unpulled\" is waiting to start: ");
}

fn in_part(kubectl: &Kubectl) {
    print(process(kubectl, "talk"), "one\ntwo\nthree\n");
    assert_eq!(shown(kubectl, &["logs", "talk"], "three"), "one\ntwo\nthree\n");
    assert_eq!(kubectl.run(&["logs", "talk", "--tail=2"]), "two\nthree\n");
    assert_eq!(kubectl.run(&["logs", "talk", "--limit-bytes=5"]), "one\nt");
    assert_eq!(kubectl.run(&["logs", "talk", "--since=1h"]), "one\ntwo\nthree\n");
    assert_eq!(kubectl.run(&["logs", "talk", "--since-time=2999-01-01T00:00:00Z"]), "");
    let timed = kubectl.run(&["logs", "talk", "--timestamps", "--tail=1"]);
    let (time, line) = timed.split_once(' ').expect("a time");
    assert!(time.len() == 30 && time.ends_with('Z') && line == "three\n", "{timed}"); // LOG-10
}

/// The log is rotated meanwhile, and the follower is slow.
fn followed_to_the_end(kubectl: &Kubectl) {
    let (follower, mut out) = kubectl.start(&["logs", "talk", "-f"]);
    let process = process(kubectl, "talk");
    let lines: String = (0..110_000).map(|line| format!("{line:0100}\n")).collect();
    print(process, &lines);
    kill(process, Signal::SIGKILL).expect("it can be killed");
    let mut text = String::new();
    out.read_to_string(&mut text).expect("kubectl prints text");
    let expected = format!("one\ntwo\nthree\n{lines}");
    assert!(text == expected, "{} of {} bytes came, the last: {:?}", text.len(), expected.len(), text.lines().last());
    assert!(follower.ended_well());
    // Without following, too, it is read over the rotation (LOG-8).
    assert!(kubectl.run(&["logs", "talk"]) == expected);
}

fn of_a_set(kubectl: &Kubectl, dir: &Path) {
    kubectl.apply(WEB, dir);
    settled(kubectl, 3);
    for pod in ["web-0", "web-1", "web-2"] {
        print(process(kubectl, pod), "hello\n");
        shown(kubectl, &["logs", pod], "hello");
    }
    assert_eq!(kubectl.run(&["logs", "sts/web"]), "hello\n");
    let all = sorted(kubectl, &["logs", "-l", "app=nginx", "--prefix"]);
    assert_eq!(all, ["[pod/web-0/nginx] hello", "[pod/web-1/nginx] hello", "[pod/web-2/nginx] hello"]);
}
