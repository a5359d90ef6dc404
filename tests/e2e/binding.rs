//! Claims and volumes made by hand, on simulated nodes: binding, what a missing class looks like, and what is kept.

use crate::cluster::{Cluster, Needs, have};

const BY_HAND: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: {name: hand}
spec: {accessModes: [ReadWriteOnce], capacity: {storage: 3Gi}, storageClassName: by-hand, hostPath: {path: /nowhere}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: by-hand}
";

const MISTAKEN: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: mistaken}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: standrad}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: c, image: 'i:1'}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: mistaken}}]
";

#[test]
fn a_claim_gets_a_volume_made_by_hand_and_the_volume_is_kept() {
    let Some(programs) = have("a_claim_gets_a_volume_made_by_hand_and_the_volume_is_kept", Needs::Kubectl) else { return };
    for program in &programs {
        let cluster = Cluster::start(&["--simulated-nodes", "1"]);
        let kubectl = cluster.kubectl(program);
        kubectl.apply(BY_HAND, cluster.dir.path());
        kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data", "--timeout=60s"]);
        let line = kubectl.run(&["get", "pvc", "data", "--no-headers"]);
        assert_eq!(line.split_whitespace().take(6).collect::<Vec<_>>(), ["data", "Bound", "hand", "3Gi", "RWO", "by-hand"]);
        // PVB-16, STO-20
        kubectl.run(&["delete", "pvc", "data", "--timeout=60s"]);
        kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Released", "pv/hand", "--timeout=60s"]);
        kubectl.run(&["patch", "pv", "hand", "--type=merge", "-p", "{\"spec\":{\"claimRef\":null}}"]);
        kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Available", "pv/hand", "--timeout=60s"]);
        kubectl.run(&["delete", "pv", "hand", "--timeout=60s"]);
    }
}

#[test]
fn a_missing_class_is_named_with_those_that_exist() {
    // PVB-14, PVB-23
    let Some(programs) = have("a_missing_class_is_named_with_those_that_exist", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(MISTAKEN, cluster.dir.path());
    let reasons = ["get", "events", "-w", "-o", "custom-columns=R:.reason,O:.involvedObject.kind,M:.message", "--no-headers"];
    let lines = kubectl.watch_until(&reasons, |lines| lines.iter().any(|line| line.starts_with("StorageClassMissing")));
    let told = lines.last().expect("there is one");
    assert!(told.contains("Pod") && told.contains("\"standrad\", which does not exist. Classes: standard (default)"), "{told}");
    let dir = cluster.data_dir().display().to_string();
    let (ok, said) = Cluster::verb(&["explain", "pvc/mistaken", "--data-dir", &dir]);
    assert!(ok && said.contains("storageclass.storage.k8s.io \"standrad\" not found"), "{said}");
}
