//! Limits in force: a container that wants more memory than it may have is killed, and said to be; one that wants more of the processors waits. What
//! the kernel has counted is read from the container's own control group, of either version.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use crate::systems::restarted;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Shares of the processors are given out anew so often.
const PERIOD: Duration = Duration::from_millis(100);
/// Periods in which a container had used up its share before the others.
const THROTTLED: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(120);
const ROOT: &str = "/sys/fs/cgroup";

/// What the kernel has counted of a container's processors, at some time between two.
struct Processors {
    asked: Instant,
    answered: Instant,
    used: Duration,
    /// In how many periods it had to wait.
    throttled: u64,
}

impl Processors {
    fn of(container: &str) -> Self {
        let asked = Instant::now();
        let stat = read(&control_group("cpu", container).join("cpu.stat"));
        let count = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        let used = match count("usage_usec ") {
            Some(used_us) => Duration::from_micros(used_us),
            None => {
                Duration::from_nanos(read(&control_group("cpuacct", container).join("cpuacct.usage")).trim().parse().expect("a number"))
            }
        };
        let throttled = count("nr_throttled ").unwrap_or_else(|| panic!("the kernel does not count: {stat}"));
        Self { asked, answered: Instant::now(), used, throttled }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The directory of a container in the hierarchy of a controller, or in the only one.
fn control_group(controller: &str, container: &str) -> PathBuf {
    let root = Path::new(ROOT);
    let is_version_2 = root.join("cgroup.controllers").exists();
    let mut directories = vec![if is_version_2 { root.to_owned() } else { root.join(controller) }];
    while let Some(directory) = directories.pop() {
        if directory.ends_with(container) {
            return directory;
        }
        // What is there may go meanwhile with other pods.
        let below = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        directories.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    panic!("no control group of {container} for {controller}");
}

fn container(kubectl: &Kubectl, pod: &str) -> Value {
    kubectl.json(&["get", "pod", pod])["status"]["containerStatuses"][0].clone()
}

/// Looks at a container that wants all of the processors until it had to wait often enough: it has used no more than its share of the time. How much
/// less is a matter of what the machine does beside.
pub fn is_held_to(kubectl: &Kubectl, pod: &str, limit_millicores: u32) {
    let status = container(kubectl, pod);
    let id = status["containerID"].as_str().and_then(|id| id.strip_prefix("stead://")).expect("it has been started").to_owned();
    let first = Processors::of(&id);
    let last = loop {
        let now = Processors::of(&id);
        if now.throttled >= first.throttled + THROTTLED {
            break now;
        }
        let waited = first.asked.elapsed();
        assert!(waited < PATIENCE, "{pod} was held back {} times in {waited:?}", now.throttled - first.throttled);
        assert_eq!(container(kubectl, pod)["restartCount"], status["restartCount"]);
    };
    let (used, time) = (last.used - first.used, last.answered - first.asked);
    // A share is given out at the beginning of a period; the time may begin and end in the middle of one.
    let share = (time + 2 * PERIOD) * limit_millicores / 1000;
    assert!(used <= share * 3 / 2, "{pod} has used {used:?} of the processors in {time:?}, with a limit of {limit_millicores}m");
}

/// Waits until a container that has not been restarted before is, and is ready again; it went for want of memory.
pub fn is_restarted_for_want_of_memory(kubectl: &Kubectl, pod: &str) {
    restarted(kubectl, pod, 0);
    let status = container(kubectl, pod);
    let ended = &status["lastState"]["terminated"];
    assert_eq!((&ended["reason"], &ended["exitCode"]), (&"OOMKilled".into(), &137.into()), "{status}");
    assert_eq!(status["restartCount"], 1, "{status}");
}

/// The one eats memory, but only once, the other goes round and round.
const GREEDY: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: eater}
spec:
  containers:
  - name: c
    image: localhost/stead:1
    command: [sh, -c, "if [ -e /once/begun ]; then exec sleep infinity; fi; touch /once/begun; exec tail -n 1 /dev/zero"]
    resources: {limits: {memory: 64Mi}}
    volumeMounts: [{name: once, mountPath: /once}]
  volumes: [{name: once, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: runner}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/stead:1
    command: [sh, -c, "while true; do true; done"]
    resources: {limits: {cpu: 100m}}
"#;

#[test]
fn greedy_containers_meet_their_limits() {
    // CS-7, CG-5, CG-7
    let Some(programs) = have("greedy_containers_meet_their_limits", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(GREEDY, cluster.dir.path());
    is_restarted_for_want_of_memory(&kubectl, "eater");
    kubectl.run(&["wait", "--for=condition=Ready", "pod/runner", "--timeout=60s"]);
    is_held_to(&kubectl, "runner", 100);
}
