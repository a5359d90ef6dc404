//! The README's first command: `stead up`, twice, and `stead down`.

use crate::cluster::{Cluster, Needs, have, traces};

#[test]
fn up_shows_the_example_twice_and_down_leaves_nothing() {
    if have("up_shows_the_example_twice_and_down_leaves_nothing", Needs::Containers).is_none() {
        return;
    }
    let dir = tempfile::Builder::new().prefix("stead-e2e-up-").tempdir().expect("a directory can be made");
    let data = dir.path().join("data").to_string_lossy().into_owned();
    let kubeconfig = dir.path().join("kubeconfig").to_string_lossy().into_owned();
    let line = ["up", "--data-dir", &data, "--https-listen-port", "0", "--write-kubeconfig", &kubeconfig, "--node-name", "e2e"];
    let (ok, said) = Cluster::verb(&line);
    assert!(ok, "{said}");
    let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text:?} is missing in:\n{said}"));
    assert!(at("web-0 ready") < at("web-1 ready") && at("web-1 ready") < at("web-2 ready"), "{said}");
    assert!(at("web-2 ready") < at("Next: kubectl"), "{said}");
    let (ok, again) = Cluster::verb(&line);
    assert!(ok && again.contains("nothing changed") && again.contains("runs already"), "{again}");
    let (ok, down) = Cluster::verb(&["down", "--data-dir", &data]);
    assert!(ok && down.contains("stopped"), "{down}");
    let left = traces(dir.path());
    assert!(left.is_empty(), "left behind: {left:#?}");
    // SHIM-7: pods are ready once they run again, not because they were.
    let (ok, anew) = Cluster::verb(&line);
    let is_second_run = |line: &&str| line.split_whitespace().eq(["web-2", "1/1", "Running", "1"]);
    assert!(ok && anew.lines().find(is_second_run).is_some(), "{anew}");
    let (ok, down) = Cluster::verb(&["down", "--data-dir", &data]);
    assert!(ok, "{down}");
    let (ok, down) = Cluster::verb(&["down", "--data-dir", &data]);
    assert!(ok && down.contains("no server runs"), "{down}");
}

#[test]
fn a_wrong_flag_is_explained() {
    if have("a_wrong_flag_is_explained", Needs::Kubectl).is_none() {
        return;
    }
    let (ok, said) = Cluster::verb(&["server", "--service-cidr", "nonsense"]);
    assert!(!ok && said.contains("10.42.0.0/16"), "{said}");
}
