//! `stead explain` on a running server: why a pod has no node, why a set makes no further pod, and what is the matter with a claim.

use crate::cluster::{Cluster, Needs, have};
use crate::statefulset::WEB;

/// What the verb prints about an object.
fn explain(cluster: &Cluster, object: &str, flags: &[&str]) -> (bool, String) {
    let dir = cluster.data_dir().display().to_string();
    Cluster::verb(&[&["explain", object, "--data-dir", &dir], flags].concat())
}

#[test]
fn a_pod_without_a_node_and_its_set_say_what_they_wait_for() {
    let Some(programs) = have("a_pod_without_a_node_and_its_set_say_what_they_wait_for", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&programs[0]);
    let unschedulable = WEB.replace("    spec:\n      termination", "    spec:\n      nodeSelector: {disk: none}\n      termination");
    assert!(unschedulable.contains("nodeSelector"), "the manifest has another form");
    kubectl.apply(&unschedulable, cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=PodScheduled=false", "pod/web-0", "--timeout=60s"]);
    kubectl.run(&["wait", "--for=jsonpath={.status.replicas}=1", "statefulset/web", "--timeout=60s"]);
    let (ok, said) = explain(&cluster, "po/web-0", &[]);
    assert!(ok && said.contains("default-scheduler") && said.contains("0/1 nodes are available"), "{said}");
    // ORD-7
    let (ok, said) = explain(&cluster, "sts/web", &[]);
    assert!(ok && said.contains("statefulset-controller") && said.contains("waiting: web-0 is not ready"), "{said}");
    let (ok, said) = explain(&cluster, "statefulset/web", &["-n", "default", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).expect("a document");
    assert!(ok && document["controllers"][0]["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{document}");
    for (object, why) in [("po/none", "know no object default/none of pods"), ("widget/x", "has no kind"), ("web", "expected KIND/NAME")] {
        let (ok, said) = explain(&cluster, object, &[]);
        assert!(!ok && said.contains(why), "{object}: {said}");
    }
}

#[test]
fn a_pod_on_a_node_says_what_its_containers_wait_for() {
    let Some(programs) = have("a_pod_on_a_node_says_what_its_containers_wait_for", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&programs[0]);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, finalizers: [example.com/hold]}\nspec:\n  containers:\n  - {name: c, image: 'i:1'}\n";
    kubectl.apply(pod, cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/p", "--timeout=60s"]);
    let (ok, said) = explain(&cluster, "po/p", &[]);
    assert!(ok && said.contains("node simulated-0:\n  container c runs\n"), "{said}");
    kubectl.run(&["delete", "pod", "p", "--wait=false"]);
    kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/p", "--timeout=60s"]);
    let (ok, said) = explain(&cluster, "po/p", &["-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).expect("a document");
    assert!(ok && document["node"]["waitsFor"].to_string().contains("example.com/hold"), "{document}");
    kubectl.run(&["patch", "pod", "p", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"]);
}

const CLAIMS: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: classless}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 16Mi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: user}
spec:
  containers: [{name: c, image: "i:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"#;

#[test]
fn a_claim_says_what_it_waits_for_and_what_it_has() {
    let Some(programs) = have("a_claim_says_what_it_waits_for_and_what_it_has", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(CLAIMS, cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/user", "--timeout=60s"]);
    let says = |claim: &str, words: &[&str]| {
        let (ok, said) = explain(&cluster, claim, &[]);
        assert!(ok && words.iter().all(|word| said.contains(word)), "{said}");
    };
    says(
        "pvc/classless",
        &["asks for storage class \"fast\", which does not exist. Classes: standard (default)", "kubectl delete pvc classless"],
    );
    says("pvc/data", &["its storage class is standard, of stead.io/local", "holds it to its size, 16Mi", "used by user"]);
}
