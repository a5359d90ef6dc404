//! A clean host: what is there of a server's on the machine is the same before and after two hundred pods of every kind.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pods of each kind at once; twice as many are made in all.
const EACH: usize = 10;
const ROUNDS: usize = 2;
/// How long what is given back may take.
const SETTLE_MAX: Duration = Duration::from_secs(60);

const SOURCES: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {a: one, b: two}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {key: value}
"#;

/// The specs of the kinds of pods, by name.
const KINDS: [(&str, &str); 10] = [
    ("plain", r#"{containers: [{name: c, image: "localhost/stead:1"}]}"#),
    ("ends", r#"{restartPolicy: Never, containers: [{name: c, image: "localhost/stead:1", command: [sh, -c, "echo done"]}]}"#),
    (
        "fails",
        r#"{restartPolicy: Never, initContainers: [{name: i, image: "localhost/stead:1", command: ["true"]}], containers: [{name: c, image: "localhost/stead:1", command: [sh, -c, "exit 3"]}]}"#,
    ),
    (
        "volumes",
        r#"{containers: [{name: c, image: "localhost/stead:1", volumeMounts: [{name: e, mountPath: /e}, {name: m, mountPath: /m}, {name: w, mountPath: /w}, {name: s, mountPath: /s}, {name: p, mountPath: /p, subPath: a}]}],
            volumes: [{name: e, emptyDir: {}}, {name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}, {name: w, configMap: {name: words}}, {name: s, secret: {secretName: hidden}},
              {name: p, projected: {sources: [{configMap: {name: words}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}]}"#,
    ),
    (
        "probed",
        r#"{containers: [{name: c, image: "localhost/stead:1", readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}, livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}, startupProbe: {exec: {command: ["true"]}, periodSeconds: 1}}]}"#,
    ),
    (
        "hooked",
        r#"{containers: [{name: c, image: "localhost/stead:1", lifecycle: {postStart: {exec: {command: [sh, -c, "echo begun"]}}, preStop: {exec: {command: ["true"]}}}}]}"#,
    ),
    (
        "sidecar",
        r#"{initContainers: [{name: s, image: "localhost/stead:1", restartPolicy: Always, command: [sleep, "100000"]}], containers: [{name: c, image: "localhost/stead:1"}, {name: d, image: "localhost/stead:1", command: [sleep, "100000"]}]}"#,
    ),
    ("host", r#"{hostNetwork: true, containers: [{name: c, image: "localhost/stead:1", command: [sleep, "100000"]}]}"#),
    (
        "user",
        r#"{securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000}, containers: [{name: c, image: "localhost/stead:1", command: [sleep, "100000"], securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}}]}"#,
    ),
    ("restarts", r#"{containers: [{name: c, image: "localhost/stead:1", command: [sh, -c, "exit 1"]}]}"#),
];

fn manifest(round: usize, each: usize) -> String {
    let pod = |kind: &str, spec: &str, number: usize| {
        let labels = format!("{{round: r{round}, kind: {kind}}}");
        let spec = spec.replacen('{', "{terminationGracePeriodSeconds: 1, ", 1);
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {kind}-{round}-{number}, labels: {labels}}}\nspec: {spec}\n---\n")
    };
    KINDS.iter().flat_map(|(kind, spec)| (0..each).map(move |number| pod(kind, spec, number))).collect()
}

/// What is there of a server and its pods.
#[derive(Debug, Default, PartialEq, Eq)]
struct Traces {
    mounts: BTreeSet<String>,
    links: BTreeSet<String>,
    namespaces: usize,
    cgroups: BTreeSet<PathBuf>,
    processes: usize,
    /// Descriptors of the server by what they are.
    fds: BTreeMap<String, usize>,
    files: BTreeSet<PathBuf>,
}

impl Traces {
    fn of(cluster: &Cluster, pods: &Pods) -> Self {
        let data_dir = cluster.data_dir();
        let needle = data_dir.to_string_lossy().into_owned();
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the kernel tells its mounts");
        let mounts = mounts.lines().filter(|line| line.contains(&needle)).map(place_of).collect();
        let links = names("/sys/class/net").into_iter().filter(|link| pods.links.contains(link)).collect();
        let ours: Vec<PathBuf> = processes().filter(|dir| belongs(dir, &needle, pods)).collect();
        let namespaces: BTreeSet<PathBuf> = ours
            .iter()
            .flat_map(|dir| ["net", "mnt", "pid", "ipc", "uts"].map(|kind| fs::read_link(dir.join("ns").join(kind))))
            .flatten()
            .collect();
        let mut cgroups = BTreeSet::new();
        walk(Path::new("/sys/fs/cgroup"), &mut |path| {
            if path.is_dir() && pods.uids.iter().any(|uid| path.to_string_lossy().contains(uid)) {
                cgroups.insert(path.to_owned());
            }
        });
        let mut fds = BTreeMap::new();
        for fd in fs::read_dir(format!("/proc/{}/fd", cluster.pid())).expect("the server runs").flatten() {
            let target = fs::read_link(fd.path()).unwrap_or_default().to_string_lossy().into_owned();
            *fds.entry(target.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let mut files = BTreeSet::new();
        walk(&data_dir, &mut |path| files.extend([path.to_owned()]));
        Self { mounts, links, namespaces: namespaces.len(), cgroups, processes: ours.len(), fds, files }
    }
}

/// What pods were, while they were.
#[derive(Debug, Default)]
struct Pods {
    uids: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl Pods {
    fn look(&mut self, kubectl: &Kubectl) {
        let list = kubectl.json(&["get", "pods"]);
        for pod in list["items"].as_array().expect("a list") {
            self.uids.extend(pod["metadata"]["uid"].as_str().map(str::to_owned));
            let address = pod["status"]["podIP"].as_str().and_then(|ip| ip.parse::<std::net::Ipv4Addr>().ok());
            self.links.extend(address.filter(|_| pod["spec"]["hostNetwork"] != true).and_then(link_to));
        }
    }
}

/// The link that the machine's route to an address alone goes through.
fn link_to(address: std::net::Ipv4Addr) -> Option<String> {
    let destination = format!("{:08X}", u32::from_ne_bytes(address.octets()));
    let routes = fs::read_to_string("/proc/net/route").ok()?;
    routes.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(1) == Some(&destination.as_str()) && fields.get(7) == Some(&"FFFFFFFF")).then(|| fields[0].to_owned())
    })
}

fn place_of(line: &str) -> String {
    line.split(' ').nth(4).unwrap_or_default().to_owned()
}

fn names(dir: &str) -> Vec<String> {
    fs::read_dir(dir).expect("it can be listed").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let numbered = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
    fs::read_dir("/proc").expect("/proc").flatten().filter(numbered).map(|entry| entry.path())
}

/// Whether a process is the server's, a shim's or a container's.
fn belongs(dir: &Path, needle: &str, pods: &Pods) -> bool {
    let line = fs::read(dir.join("cmdline")).unwrap_or_default();
    let cgroup = fs::read_to_string(dir.join("cgroup")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(needle) || pods.uids.iter().any(|uid| cgroup.contains(uid))
}

/// Every path below; what goes meanwhile is not there.
fn walk(dir: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        see(&path);
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, see);
        }
    }
}

/// Makes pods of every kind, sees each come as far as its kind does, and deletes them.
fn round(cluster: &Cluster, kubectl: &Kubectl, (number, each): (usize, usize), pods: &mut Pods) {
    kubectl.apply(&manifest(number, each), cluster.dir.path());
    for (kind, _) in KINDS {
        let until = match kind {
            "ends" => "--for=jsonpath={.status.phase}=Succeeded",
            "fails" => "--for=jsonpath={.status.phase}=Failed",
            "restarts" => "--for=jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=1",
            _ => "--for=condition=Ready",
        };
        let selector = format!("round=r{number},kind={kind}");
        let waited = kubectl.try_run(&["wait", "pod", "-l", &selector, until, "--timeout=180s"]);
        assert!(waited.ok, "{kind}: {waited:?}\n{}", kubectl.run(&["get", "pods", "-l", &selector]));
    }
    pods.look(kubectl);
    kubectl.run(&["delete", "pod", "-l", &format!("round=r{number}"), "--timeout=180s"]);
}

#[test]
fn two_hundred_pods_of_every_kind_leave_nothing_behind() {
    let Some(programs) = have("two_hundred_pods_of_every_kind_leave_nothing_behind", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(SOURCES, cluster.dir.path());
    let mut pods = Pods::default();
    // One round of its own first: what is made once for all (the image's layer, the parents' cgroups, pools) is there before.
    round(&cluster, &kubectl, (0, 1), &mut pods);
    let first = Pods::default();
    room_is_told(&kubectl);
    let before = settled(|| Traces::of(&cluster, &first), |_| true);
    for number in 1..=ROUNDS {
        round(&cluster, &kubectl, (number, EACH), &mut pods);
    }
    assert!(pods.links.len() > EACH * ROUNDS, "the pods had links: {}", pods.links.len());
    let after = settled(|| Traces::of(&cluster, &pods), |after| *after == before);
    assert_eq!(after, before);
}

/// Waits until the node has said what it can give for claims: what a pool can do was tried by then, and what that took is gone.
fn room_is_told(kubectl: &Kubectl) {
    kubectl.watch_until(&["get", "csistoragecapacities", "--namespace=kube-system", "-w", "-o", "name"], |lines| !lines.is_empty());
}

/// Looks until it is enough and twice the same, or for as long as may be.
fn settled(look: impl Fn() -> Traces, enough: impl Fn(&Traces) -> bool) -> Traces {
    let began = Instant::now();
    let mut last = look();
    loop {
        let now = look();
        if (now == last && enough(&now)) || began.elapsed() > SETTLE_MAX {
            return now;
        }
        last = now;
    }
}
