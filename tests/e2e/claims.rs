//! Claims: volumes that the node makes, keeps, grows and removes, and such as somebody made by hand; by kubectl, in real containers.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the node's next measurement may take.
const MEASURED_MAX: Duration = Duration::from_secs(120);

const SET: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  replicas: 2
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: nginx
        image: localhost/stead:1
        command: [sleep, "3600"]
        volumeMounts:
        - name: www
          mountPath: /data
  volumeClaimTemplates:
  - metadata:
      name: www
    spec:
      accessModes: [ReadWriteOnce]
      resources:
        requests:
          storage: 64Mi
"#;

fn scaled(kubectl: &Kubectl, replicas: u32) {
    kubectl.run(&["scale", "statefulset/web", &format!("--replicas={replicas}")]);
    kubectl.run(&["wait", &format!("--for=jsonpath={{.status.replicas}}={replicas}"), "statefulset/web", "--timeout=60s"]);
    kubectl.run(&["rollout", "status", "statefulset/web", "--timeout=60s"]);
}

/// Where a claim's bytes are on this machine.
fn path_of(kubectl: &Kubectl, claim: &str) -> PathBuf {
    let volume = kubectl.run(&["get", "pvc", claim, "-o", "jsonpath={.spec.volumeName}"]);
    PathBuf::from(kubectl.run(&["get", "pv", &volume, "-o", "jsonpath={.spec.local.path}"]))
}

fn read(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.run(&["exec", pod, "--", "cat", "/data/f"])
}

#[test]
fn an_ordinal_keeps_its_data_until_its_claim_is_deleted() {
    // STO-7, STO-8, STO-11, VOL-17, VOL-21
    let Some(programs) = have("an_ordinal_keeps_its_data_until_its_claim_is_deleted", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(SET, cluster.dir.path());
    kubectl.run(&["rollout", "status", "statefulset/web", "--timeout=60s"]);
    let paths = [0, 1].map(|ordinal| path_of(&kubectl, &format!("www-web-{ordinal}")));
    for (ordinal, path) in paths.iter().enumerate() {
        std::fs::write(path.join("f"), format!("data of {ordinal}")).expect("the volume can be written");
    }
    kubectl.made_anew(&["web-0"]);
    assert_eq!(read(&kubectl, "web-0"), "data of 0");
    scaled(&kubectl, 1);
    assert_eq!(kubectl.run(&["get", "pvc", "www-web-1", "-o", "jsonpath={.status.phase}"]), "Bound");
    cluster.crash();
    cluster.serve();
    scaled(&kubectl, 2);
    assert_eq!((read(&kubectl, "web-0"), read(&kubectl, "web-1")), ("data of 0".to_owned(), "data of 1".to_owned()));
    // Another machine start: nothing is mounted any more.
    cluster.stop();
    let (ok, said) = Cluster::verb(&["down", "--data-dir", &cluster.data_dir().to_string_lossy()]);
    assert!(ok, "{said}");
    cluster.serve();
    kubectl.run(&["wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/web-1", "--timeout=60s"]);
    kubectl.run(&["wait", "--for=condition=Ready", "pod/web-1", "--timeout=60s"]);
    assert_eq!(read(&kubectl, "web-1"), "data of 1");
    kubectl.run(&["delete", "statefulset/web"]);
    kubectl.run(&["wait", "--for=delete", "pod", "-l", "app=nginx", "--timeout=60s"]);
    assert!(paths.iter().all(|path| path.join("f").exists()), "claims outlive their set");
    let volumes = kubectl.run(&["get", "pv", "-o", "name"]);
    kubectl.run(&["delete", "pvc", "-l", "app=nginx"]);
    for volume in volumes.lines() {
        kubectl.run(&["wait", "--for=delete", volume, "--timeout=60s"]);
    }
    assert!(paths.iter().all(|path| !path.exists()));
}

/// What the node's summary says of a claim, once it says anything: it measures every ten seconds.
fn measured(kubectl: &Kubectl, claim: &str) -> Value {
    let began = Instant::now();
    loop {
        let summary = kubectl.run(&["get", "--raw", "/api/v1/nodes/e2e/proxy/stats/summary"]);
        let summary: Value = serde_json::from_str(&summary).expect("a document");
        let volumes = summary["pods"].as_array().into_iter().flatten().flat_map(|pod| pod["volume"].as_array().into_iter().flatten());
        let of_claim = |volume: &&Value| volume["pvcRef"]["name"] == claim && volume["pvcRef"]["namespace"] == "default";
        if let Some(found) = volumes.into_iter().find(of_claim) {
            return found.clone();
        }
        assert!(began.elapsed() < MEASURED_MAX, "{claim} is not in {summary}");
    }
}

#[test]
fn a_claim_grows_and_says_so() {
    // STO-14, STO-15: where the kernel cannot grow it in use, it grows when its pod is made anew.
    let Some(programs) = have("a_claim_grows_and_says_so", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(SET, cluster.dir.path());
    kubectl.run(&["rollout", "status", "statefulset/web", "--timeout=60s"]);
    std::fs::write(path_of(&kubectl, "www-web-0").join("f"), "kept").expect("the volume can be written");
    // STAT-2
    let before = measured(&kubectl, "www-web-0");
    let bytes = ["capacityBytes", "usedBytes", "availableBytes"].map(|field| before[field].as_u64().expect("an amount"));
    assert!(bytes[0] >= 64 << 20 && bytes[1] > 0 && bytes[2] > 0, "{before}");
    kubectl.run(&["patch", "pvc", "www-web-0", "--type=merge", "-p", r#"{"spec":{"resources":{"requests":{"storage":"200Mi"}}}}"#]);
    // Not before that is known: a pod that begins earlier than the growth would only be in its way.
    let columns = "custom-columns=HAS:.status.capacity.storage,WAITS:.status.conditions[*].type";
    let tried = |lines: &[String]| lines.iter().any(|line| line.contains("200Mi") || line.contains("FileSystemResizePending"));
    kubectl.watch_one("pvc", "www-web-0", columns, tried);
    kubectl.made_anew(&["web-0"]);
    kubectl.run(&["wait", "--for=jsonpath={.status.capacity.storage}=200Mi", "pvc/www-web-0", "--timeout=60s"]);
    assert_eq!(read(&kubectl, "web-0"), "kept");
    let volume = kubectl.run(&["get", "pvc", "www-web-0", "-o", "jsonpath={.spec.volumeName}"]);
    assert_eq!(kubectl.run(&["get", "pv", &volume, "-o", "jsonpath={.spec.capacity.storage}"]), "200Mi");
}

fn by_hand(path: &Path, mode: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: PersistentVolume
metadata:
  name: by-hand
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [{mode}]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: manual
  local: {{path: {path}}}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions:
        - {{key: kubernetes.io/hostname, operator: In, values: [e2e]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [{mode}]
  storageClassName: manual
  resources: {{requests: {{storage: 1Gi}}}}
"#,
        path = path.display()
    )
}

fn pod(name: &str, claim: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  nodeName: e2e
  terminationGracePeriodSeconds: 1
  securityContext: {{fsGroup: 2000}}
  containers:
  - name: c
    image: localhost/stead:1
    command: [sleep, "3600"]
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes:
  - name: data
    persistentVolumeClaim: {{claimName: {claim}}}
"#
    )
}

#[test]
fn a_volume_made_by_hand_is_mounted_for_one_pod_and_kept() {
    // VOL-1, STO-11, STO-13, SEC-5
    let Some(programs) = have("a_volume_made_by_hand_is_mounted_for_one_pod_and_kept", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let path = cluster.dir.path().join("by-hand");
    std::fs::create_dir(&path).expect("a directory");
    std::fs::write(path.join("f"), "made by hand").expect("a file");
    kubectl.apply(&pod("first", "data"), cluster.dir.path());
    let unbound = |lines: &[String]| lines.iter().any(|line| line.contains("error processing PVC default/data: failed to fetch PVC"));
    kubectl.watch_until(&["get", "events", "-w", "--field-selector", "involvedObject.name=first"], unbound);
    kubectl.apply(&by_hand(&path, "ReadWriteOncePod"), cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/first", "--timeout=60s"]);
    assert_eq!(read(&kubectl, "first"), "made by hand");
    let group = std::os::unix::fs::MetadataExt::gid(&std::fs::metadata(path.join("f")).expect("it is there"));
    assert_eq!(group, 2000);
    kubectl.apply(&pod("second", "data"), cluster.dir.path());
    let in_use = |lines: &[String]| lines.iter().any(|line| line.contains("is already in use by another pod"));
    kubectl.watch_until(&["get", "events", "-w", "--field-selector", "involvedObject.name=second"], in_use);
    kubectl.run(&["delete", "pod", "first"]);
    kubectl.run(&["wait", "--for=condition=Ready", "pod/second", "--timeout=60s"]);
    kubectl.run(&["delete", "pod", "second"]);
    kubectl.run(&["delete", "pvc", "data"]);
    kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Released", "pv/by-hand", "--timeout=60s"]);
    kubectl.run(&["delete", "pv", "by-hand"]);
    assert_eq!(std::fs::read_to_string(path.join("f")).expect("it is kept"), "made by hand");
}

const DEVICE: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: raw}
spec: {accessModes: [ReadWriteOnce], volumeMode: Block, resources: {requests: {storage: 16Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/stead:1
    command: [sleep, "3600"]
    volumeDevices: [{name: raw, devicePath: /dev/raw-disk}]
  volumes: [{name: raw, persistentVolumeClaim: {claimName: raw}}]
"#;

#[test]
fn a_device_is_a_container_s_and_keeps_what_is_written() {
    // STO-16
    let Some(programs) = have("a_device_is_a_container_s_and_keeps_what_is_written", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let shell = |script: &str| kubectl.run(&["exec", "writer", "--", "sh", "-c", script]);
    let begin = || {
        kubectl.apply(DEVICE, cluster.dir.path());
        kubectl.run(&["wait", "--for=condition=Ready", "pod/writer", "--timeout=60s"]);
    };
    begin();
    assert_eq!(shell("test -b /dev/raw-disk && echo written > /dev/raw-disk && echo ok"), "ok\n");
    let told = measured(&kubectl, "raw");
    assert_eq!((&told["capacityBytes"], told.get("usedBytes")), (&(16 << 20).into(), None), "{told}");
    kubectl.run(&["delete", "pod", "writer"]);
    begin();
    assert_eq!(shell("read line < /dev/raw-disk && echo $line"), "written\n");
    let full = kubectl.try_run(&["exec", "writer", "--", "sh", "-c", "cat /dev/zero > /dev/raw-disk"]);
    assert!(!full.ok && full.err.contains("No space left"), "{full:?}");
    let volume = kubectl.run(&["get", "pvc", "raw", "-o", "jsonpath={.spec.volumeName}"]);
    kubectl.run(&["delete", "pod/writer", "pvc/raw"]);
    kubectl.run(&["wait", "--for=delete", &format!("pv/{volume}"), "--timeout=60s"]);
}

/// The files in a directory; none where it is not.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_is_deleted_can_be_had_from_the_trash_for_as_long_as_was_said() {
    // LOCV-1, LOCV-12
    let Some(programs) = have("what_is_deleted_can_be_had_from_the_trash_for_as_long_as_was_said", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&["--trash-retention", "24h"]);
    let kubectl = cluster.kubectl(&programs[0]);
    let pool = cluster.data_dir().join("storage/volumes");
    kubectl.apply(&format!("{}---{}---{}", class("plain", "none"), claim("data"), pod("writer", "data")), cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/writer", "--timeout=60s"]);
    std::fs::write(path_of(&kubectl, "data").join("f"), "wanted back").expect("the volume can be written");
    let volume = kubectl.run(&["get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}"]);
    kubectl.run(&["delete", "pod/writer", "pvc/data"]);
    kubectl.run(&["wait", "--for=delete", &format!("pv/{volume}"), "--timeout=60s"]);
    let kept = pool.join(".trash").join(format!("{volume}_default_data"));
    let told = format!("is in the trash, and gone for good in 86400 s: {}", kept.display());
    let is_told = |lines: &[String]| lines.iter().any(|line| line.contains(&told));
    kubectl.watch_until(&["get", "events", "-w", "--field-selector", "reason=VolumeDeleted"], is_told);
    // Nor does a start empty it.
    cluster.crash();
    cluster.serve();
    assert_eq!(std::fs::read_to_string(kept.join("f")).expect("it is kept"), "wanted back");
    assert!(names(&pool).iter().all(|name| !name.starts_with("pvc-")), "{:?}", names(&pool));
    // One that keeps nothing does.
    cluster.stop();
    cluster.set_flags(&[]);
    cluster.serve();
    let began = Instant::now();
    while kept.exists() {
        assert!(began.elapsed() < TRASH_MAX, "the trash is not emptied: {:?}", names(&pool.join(".trash")));
        kubectl.run(&["get", "--raw", "/readyz"]);
    }
}

/// How long what is in the trash may take to go.
const TRASH_MAX: Duration = Duration::from_secs(60);

/// Volumes of it are made at once, without a pod. `none` is for plain directories: the machine's file system need not have quotas.
fn class(name: &str, enforcement: &str) -> String {
    format!(
        r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: {name}}}
provisioner: stead.io/local
volumeBindingMode: Immediate
parameters: {{enforcement: {enforcement}}}
"#
    )
}

fn claim(name: &str) -> String {
    claim_of(name, "plain", "16Mi")
}

fn claim_of(name: &str, class: &str, amount: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: {class}, resources: {{requests: {{storage: {amount}}}}}}}
"#
    )
}

/// A file system of its own in memory, unmounted with the test.
struct Memory(tempfile::TempDir);

impl Memory {
    fn of(size: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("stead-e2e-").tempdir().expect("a directory can be made");
        let options = format!("size={size}");
        mount(Some("tmpfs"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some(options.as_str())).expect("root can mount");
        Self(dir)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let unmounted = umount2(self.0.path(), MntFlags::empty());
        if std::thread::panicking() {
            umount2(self.0.path(), MntFlags::MNT_DETACH).ok();
        } else {
            assert_eq!(unmounted, Ok(()), "something of {} is still used", self.0.path().display());
        }
    }
}

#[test]
fn the_last_of_a_disk_is_not_given_away() {
    // STO-22, LOCV-13
    let Some(programs) = have("the_last_of_a_disk_is_not_given_away", Needs::Containers) else { return };
    let pool = Memory::of("100m");
    let cluster = Cluster::start(&["--default-local-storage-path", &pool.0.path().to_string_lossy()]);
    let kubectl = cluster.kubectl(&programs[0]);
    let images = class("images", "image");
    let make = |name: &str, amount: &str| kubectl.apply(&format!("{images}---{}", claim_of(name, "images", amount)), cluster.dir.path());
    let refused = |name: &str| {
        let for_room = |lines: &[String]| lines.iter().any(|line| line.contains("ProvisioningFailed") && line.contains("room"));
        kubectl.watch_until(&["get", "events", "-w", "--field-selector", &format!("involvedObject.name={name}")], for_room);
    };
    let bound = |name: &str| {
        kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Bound", &format!("pvc/{name}"), "--timeout=60s"]);
    };
    make("whole", "97Mi");
    refused("whole");
    make("most", "60Mi");
    bound("most");
    make("rest", "40Mi");
    refused("rest");
    // What is given back can be had at once.
    kubectl.run(&["delete", "pvc", "whole", "most"]);
    bound("rest");
}

#[test]
fn a_claim_that_is_full_is_full_for_its_pod_alone() {
    // STO-8, LOCV-5
    let Some(programs) = have("a_claim_that_is_full_is_full_for_its_pod_alone", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let of = |name: &str| format!("{}---{}", claim_of(name, "images", "16Mi"), pod(name, name));
    kubectl.apply(&format!("{}---{}---{}", class("images", "image"), of("full"), of("other")), cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/full", "pod/other", "--timeout=60s"]);
    let filled = kubectl.try_run(&["exec", "full", "--", "sh", "-c", "cat /dev/zero > /data/f"]);
    assert!(!filled.ok && filled.err.contains("No space left"), "{filled:?}");
    // FILE-SYSTEM SIZE USED AVAILABLE PERCENT PLACE, in KiB.
    let df = |pod: &str| -> (u64, u64) {
        let table = kubectl.run(&["exec", pod, "--", "df", "/data"]);
        let fields: Vec<&str> = table.lines().last().expect("a line").split_whitespace().collect();
        (fields[1].parse().expect("a size"), fields[3].parse().expect("an amount"))
    };
    let asked = 16 << 10;
    let (full, other) = (df("full"), df("other"));
    assert!((asked..asked + 2048).contains(&full.0) && full.1 < 64, "{full:?}");
    assert!(other.0 == full.0 && other.1 + 64 >= asked, "{other:?}");
    assert_eq!(kubectl.run(&["exec", "other", "--", "sh", "-c", "ls /data; echo ok > /data/f && cat /data/f"]), "ok\n");
    let described = kubectl.run(&["describe", "pvc", "full"]);
    assert!(described.contains("CapacityEnforced") && described.contains("16Mi"), "{described}");
    let volume = kubectl.run(&["get", "pvc", "full", "-o", "jsonpath={.spec.volumeName}"]);
    assert_eq!(kubectl.run(&["get", "pv", &volume, "-o", r"jsonpath={.metadata.annotations.stead\.io/capacity-enforcement}"]), "image");
    kubectl.run(&["delete", "pod", "full", "other"]);
}
