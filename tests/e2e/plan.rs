//! What is said before anything is applied: `stead lint`, the same as kubectl's warnings, and `stead plan` beside what then happens.

use crate::cluster::{Cluster, Needs, command, have};
use crate::kubectl::output;
use crate::statefulset::{WEB, settled};
use std::path::Path;

/// What the verb prints about a manifest, and what it ends with.
fn verb(cluster: &Cluster, words: &[&str], manifest: &Path) -> (Option<i32>, String) {
    let (dir, manifest) = (cluster.data_dir().display().to_string(), manifest.display().to_string());
    let output = output(command(&[words, &[&manifest, "--data-dir", &dir]].concat()));
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_plan_says_what_then_happens() {
    let Some(programs) = have("a_plan_says_what_then_happens", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "2"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"]);
    let file = cluster.dir.path().join("web.yaml");
    std::fs::write(&file, WEB).expect("the manifest is written");
    let (code, said) = verb(&cluster, &["plan", "-f"], &file);
    assert_eq!(code, Some(1), "{said}");
    let places: Vec<Option<usize>> = ["web-0", "web-1", "web-2"].map(|pod| said.find(&format!("pod {pod} is ready\n"))).to_vec();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{said}");
    assert_eq!(kubectl.run(&["get", "pods", "-o", "name"]), "", "a plan changes nothing");
    kubectl.apply(WEB, cluster.dir.path());
    settled(&kubectl, 3);
    let (code, said) = verb(&cluster, &["plan", "-f"], &file);
    assert_eq!((code, said.lines().last()), (Some(0), Some("Nothing would change.")), "{said}");
    let (code, said) = verb(&cluster, &["plan", "-f"], Path::new("/nowhere.yaml"));
    assert_eq!((code, said.as_str()), (Some(2), ""));
}

#[test]
fn kubectl_warns_of_what_lint_finds() {
    let Some(programs) = have("kubectl_warns_of_what_lint_finds", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--disable-agent"]);
    let kubectl = cluster.kubectl(&programs[0]);
    let file = cluster.dir.path().join("web.yaml");
    let manifest = WEB.replace("serviceName: \"nginx\"", "serviceName: other");
    assert_ne!(manifest, WEB, "the manifest has another form");
    std::fs::write(&file, manifest).expect("the manifest is written");
    let (code, said) = verb(&cluster, &["lint"], &file);
    assert!(code == Some(1) && said.contains(": L101 service-missing: StatefulSet web: there is no Service"), "{said}");
    let printed = kubectl.try_run(&["apply", "-f", &file.to_string_lossy()]);
    assert!(printed.ok && printed.err.contains("Warning: L101: there is no Service"), "{}", printed.err);
    let again = kubectl.try_run(&["label", "statefulset", "web", "a=b"]);
    assert!(again.ok && again.err.is_empty(), "{}", again.err);
}
