//! Systems with state, really: images of `cargo xtask images`, manifests of `examples/`, and what clients of theirs were told was kept, whatever
//! happens to pods, processes, server and set.

mod databases;
mod examples;
mod kafka;
mod mirror;
mod mysql;
mod nginx;
mod postgres;
mod redis;
mod replication;

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};

/// Where the archives of images are, or `None` after saying aloud that the test is left out.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
pub fn archive(test: &str, image: &str) -> Option<PathBuf> {
    let archive = std::env::var_os("STEAD_TEST_IMAGES").map(|dir| PathBuf::from(dir).join(format!("{image}.tar")));
    let found = archive.filter(|archive| archive.exists());
    if found.is_none() {
        stead_testing::left_out(
            test,
            &format!("no image of {image}: `cargo xtask images` makes it where apt, and for jars mvn, have what is in it"),
        );
    }
    found
}

pub fn imported(cluster: &Cluster, archive: &Path) {
    let line = ["image", "import", "--data-dir", &cluster.data_dir().to_string_lossy(), &archive.to_string_lossy()].map(str::to_owned);
    let (ok, said) = Cluster::verb(&line.each_ref().map(String::as_str));
    assert!(ok, "{said}");
}

/// A server that has these images, and a kubectl for it; `None` after saying aloud why not.
pub fn with_images(test: &str, images: &[&str]) -> Option<(Cluster, Kubectl)> {
    let programs = have(test, Needs::Containers)?;
    let archives: Option<Vec<PathBuf>> = images.iter().map(|image| archive(test, image)).collect();
    let cluster = Cluster::start(&[]);
    archives?.iter().for_each(|archive| imported(&cluster, archive));
    let kubectl = cluster.kubectl(&programs[0]);
    Some((cluster, kubectl))
}

/// An example as it stands, but for the size of its claims: a machine that runs tests need not have so much room.
pub fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    smaller(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// What a claim of a gibibyte asks for instead.
pub const GIBIBYTE: &str = "64Mi";

pub fn smaller(manifest: &str) -> String {
    let sizes = [("1Gi", GIBIBYTE), ("5Gi", "512Mi"), ("10Gi", "512Mi"), ("20Gi", "512Mi")];
    sizes.iter().fold(manifest.to_owned(), |text, (size, less)| text.replace(&format!("storage: {size}\n"), &format!("storage: {less}\n")))
}

pub fn rolled_out(kubectl: &Kubectl, set: &str) {
    kubectl.run(&["rollout", "status", set, "--timeout=240s"]);
}

/// What a shell in a pod prints.
pub fn shell(kubectl: &Kubectl, pod: &str, script: &str) -> String {
    kubectl.run(&["exec", pod, "--", "sh", "-c", script]).trim().to_owned()
}

pub fn restarts(kubectl: &Kubectl, pod: &str) -> u32 {
    let count = kubectl.run(&["get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"]);
    count.parse().expect("a number")
}

pub fn uid(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.run(&["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"])
}

/// Kills every process of that name in a pod's containers, as the kernel does where memory is short.
pub fn kill_processes(uid: &str, program: &str) {
    signal_processes(uid, program, Signal::SIGKILL);
}

/// Signals every process of that name in a pod's containers.
pub fn signal_processes(uid: &str, program: &str, signal: Signal) {
    let mut signalled = 0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let read = |name: &str| String::from_utf8_lossy(&std::fs::read(entry.path().join(name)).unwrap_or_default()).into_owned();
        if read("cgroup").contains(uid) && read("comm").trim() == program {
            // It may have gone with its parent.
            signalled += usize::from(kill(Pid::from_raw(pid), signal).is_ok());
        }
    }
    assert!(signalled > 0, "{program} runs in the pod {uid}");
}

/// Waits until a pod's container runs another time, and is ready.
pub fn restarted(kubectl: &Kubectl, pod: &str, before: u32) {
    let count = "jsonpath={.status.containerStatuses[0].restartCount}{\"\\n\"}";
    kubectl.watch_one("pod", pod, count, |lines| lines.iter().any(|line| line.parse::<u32>().is_ok_and(|count| count != before)));
    kubectl.run(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=240s"]);
}

/// Ends the server with all its pods, and starts it; each of these has run again when this returns. Until its node has told of it, the API
/// shows a pod as it was before.
pub fn ended_and_started(cluster: &mut Cluster, kubectl: &Kubectl, pods: &[String]) {
    let before: Vec<u32> = pods.iter().map(|pod| restarts(kubectl, pod)).collect();
    cluster.down();
    cluster.serve();
    pods.iter().zip(before).for_each(|(pod, before)| restarted(kubectl, pod, before));
}

/// Kills a program in a pod and waits until it runs again.
pub fn killed_and_back(kubectl: &Kubectl, pod: &str, program: &str) {
    let before = restarts(kubectl, pod);
    kill_processes(&uid(kubectl, pod), program);
    restarted(kubectl, pod, before);
}

/// Everything that may happen to a set between two looks at what it keeps; `look` is told what has happened, and waits for nothing.
pub fn outlives(cluster: &mut Cluster, kubectl: &Kubectl, set: &str, program: &str, look: &dyn Fn(&str)) {
    let path = format!("statefulset/{set}");
    let pods: Vec<String> = (0..3).map(|ordinal| format!("{set}-{ordinal}")).collect();
    kubectl.made_anew(&[&pods[1]]);
    rolled_out(kubectl, &path);
    look("after a pod was deleted");
    cluster.crash();
    cluster.serve();
    look("after the server was killed");
    killed_and_back(kubectl, &pods[2], program);
    look("after the program was killed");
    kubectl.run(&["rollout", "restart", &path]);
    rolled_out(kubectl, &path);
    look("after a roll");
    ended_and_started(cluster, kubectl, &pods);
    rolled_out(kubectl, &path);
    look("after the server and all pods were ended and started");
    kubectl.run(&["scale", &path, "--replicas=1"]);
    kubectl.run(&["wait", "--for=delete", &format!("pod/{}", pods[1]), &format!("pod/{}", pods[2]), "--timeout=120s"]);
    kubectl.run(&["scale", &path, "--replicas=3"]);
    rolled_out(kubectl, &path);
    look("after it was scaled down and up");
}

/// What the kernel holds a pod's container to, in bytes.
pub fn memory_limit_bytes(kubectl: &Kubectl, pod: &str) -> u64 {
    let files = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
    shell(kubectl, pod, files).parse().expect("a number of bytes")
}
