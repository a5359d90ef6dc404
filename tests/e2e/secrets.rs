//! Secrets on disk: nobody who has the data directory without its key reads them.

use crate::cluster::{Cluster, Needs, have};
use std::path::Path;

/// Files below a directory that hold a text.
fn holding(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn secrets_are_sealed_on_disk_and_another_key_seals_them_again() {
    let Some(programs) = have("secrets_are_sealed_on_disk_and_another_key_seals_them_again", Needs::Kubectl) else { return };
    let mut cluster = Cluster::start(&["--disable-agent"]);
    let dir = cluster.data_dir();
    let kubectl = cluster.kubectl(&programs[0]);
    // In base64, as objects have it: cGFzc3dvcmQtb2YtYS1zZWNyZXQ=
    kubectl.run(&["create", "secret", "generic", "hidden", "--from-literal=key=password-of-a-secret"]);
    kubectl.run(&["create", "configmap", "seen", "--from-literal=key=text-of-a-config-map"]);
    let sealed = |dir: &Path| {
        for text in ["cGFzc3dvcmQtb2YtYS1zZWNyZXQ", "password-of-a-secret"] {
            assert_eq!(holding(dir, text), [""; 0]);
        }
        assert!(!holding(dir, "text-of-a-config-map").is_empty(), "the test would find it");
    };
    sealed(&dir);
    let keys = || std::fs::read(dir.join("tls/secrets-keys.json")).expect("the keys");
    let first = keys();
    let (ok, said) = Cluster::verb(&["rotate-secrets-key", "--data-dir", &dir.to_string_lossy()]);
    assert!(ok && said.contains("seals every Secret now"), "{said}");
    assert!(keys() != first && keys().len() == first.len(), "the former key is forgotten");
    let read = kubectl.run(&["get", "secret", "hidden", "-o", "jsonpath={.data.key}"]);
    assert_eq!(read, "cGFzc3dvcmQtb2YtYS1zZWNyZXQ=");
    sealed(&dir);
    // A server that does not run does it at its start.
    cluster.stop();
    let (ok, said) = Cluster::verb(&["rotate-secrets-key", "--data-dir", &dir.to_string_lossy()]);
    assert!(ok && said.contains("when it starts"), "{said}");
    let both = keys();
    cluster.serve();
    let kubectl = cluster.kubectl(&programs[0]);
    assert_eq!(kubectl.run(&["get", "secret", "hidden", "-o", "jsonpath={.data.key}"]), read);
    sealed(&dir);
    assert!(keys().len() < both.len(), "the former key is forgotten");
    // Without the key the server does not start, and says which file it lacks.
    cluster.stop();
    std::fs::write(dir.join("tls/secrets-keys.json"), first).expect("the former key");
    let (dir, kubeconfig) = (dir.to_string_lossy(), cluster.kubeconfig());
    let line = ["server", "--data-dir", &dir, "--https-listen-port", "0", "--disable-agent", "--write-kubeconfig"];
    let (ok, said) = Cluster::verb(&[&line[..], &[&*kubeconfig.to_string_lossy()]].concat());
    assert!(!ok && said.contains("secrets-keys.json") && said.contains("cannot be unsealed"), "{said}");
}
