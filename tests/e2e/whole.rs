//! The verbs about the program as a whole, and what a newcomer meets first: a port that is taken, a second server, a proxy, no kubectl.

use crate::cluster::{Needs, command, have, printed, traces};
use crate::kubectl::Kubectl;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A directory with a server's data and a home, ended with the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("stead-e2e-whole-").tempdir().expect("a directory can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &[&str]) -> Command {
        let dir = self.path("data").display().to_string();
        let mut call = command(&[&[line[0], "--data-dir", &dir], &line[1..]].concat());
        call.env("HOME", self.path("home")).env_remove("KUBECONFIG").env_remove("SUDO_USER");
        call
    }

    fn call(&self, line: &[&str]) -> (bool, String) {
        printed(self.command(line))
    }

    /// Starts a server with the example on simulated nodes.
    fn up(&self) {
        let (ok, said) = self.call(&["up", "--https-listen-port", "0", "--simulated-nodes", "1"]);
        assert!(ok, "{said}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.call(&["down"]);
        let left = traces(self.0.path());
        assert!(std::thread::panicking() || left.is_empty(), "left behind: {left:#?}");
    }
}

#[test]
fn versions_of_both_are_told() {
    if have("versions_of_both_are_told", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let (ok, said) = place.call(&["version"]);
    assert!(ok && said.contains("the API of Kubernetes v1.") && said.contains("no server"), "{said}");
    place.up();
    let (ok, said) = place.call(&["version", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).expect("a document");
    assert!(ok && document["server"]["url"].as_str().is_some_and(|url| url.starts_with("https://127.0.0.1:")), "{said}");
    assert!(document["server"]["version"].as_str().is_some_and(|version| version.starts_with("v1.")), "{said}");
}

#[test]
fn kubectl_is_found_and_given_the_kubeconfig() {
    let Some(programs) = have("kubectl_is_found_and_given_the_kubeconfig", Needs::Kubectl) else { return };
    let place = Place::new();
    let bin = place.path("bin");
    std::fs::create_dir(&bin).expect("a directory");
    std::os::unix::fs::symlink(&programs[0], bin.join("kubectl")).expect("a link");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut early = place.command(&["kubectl", "get", "pods"]);
    let (ok, said) = printed({
        early.env("PATH", &path);
        early
    });
    assert!(!ok && said.contains("no server runs on") && said.contains("stead up"), "{said}");
    place.up();
    // A proxy that nobody serves is for the world outside.
    let mut call = place.command(&["kubectl", "get", "pods", "-o", "name", "--request-timeout=30s"]);
    call.env("PATH", &path).env("HTTPS_PROXY", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
    let (ok, said) = printed(call);
    assert!(ok && said.lines().eq(["pod/web-0", "pod/web-1", "pod/web-2"]), "{said}");
    let mut absent = place.command(&["kubectl", "get", "pods"]);
    absent.env("PATH", place.path("none"));
    let (ok, said) = printed(absent);
    assert!(!ok && said.contains("there is no kubectl on the PATH"), "{said}");
    let mut again = place.command(&["up"]);
    again.env("PATH", place.path("none"));
    let (ok, said) = printed(again);
    assert!(ok && said.contains("there is no kubectl on the PATH"), "{said}");
}

#[test]
fn verbs_ask_the_server_and_no_proxy() {
    if have("verbs_ask_the_server_and_no_proxy", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    place.up();
    for line in [&["up"][..], &["status"], &["explain", "sts/web"], &["version"]] {
        let mut call = place.command(line);
        for variable in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"] {
            call.env(variable, "http://127.0.0.1:9");
        }
        let (ok, said) = printed(call);
        assert!(ok && !said.contains("no server that answers"), "{line:?}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    if have("a_port_that_is_taken_is_one_sentence", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it listens").port().to_string();
    let (ok, said) = place.call(&["up", "--simulated-nodes", "1", "--https-listen-port", &port]);
    let words = format!("stead: the server did not start: listen on 127.0.0.1:{port}: Address already in use");
    assert!(!ok && said.lines().count() == 1 && said.starts_with(&words) && said.contains("--https-listen-port"), "{said}");
}

#[test]
fn a_second_server_on_a_directory_is_refused() {
    if have("a_second_server_on_a_directory_is_refused", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    place.up();
    let (ok, said) = place.call(&["server", "--https-listen-port", "0", "--simulated-nodes", "1"]);
    assert!(!ok && said.contains("is in use by process") && said.contains("stead down --data-dir"), "{said}");
}

#[test]
fn shells_read_their_completions() {
    if have("shells_read_their_completions", Needs::Kubectl).is_none() {
        return;
    }
    let (ok, script) = printed(command(&["completion", "bash"]));
    assert!(ok && script.contains("--simulated-nodes"), "{script}");
    // As bash itself completes it.
    let try_it = format!("{script}\nCOMP_WORDS=(stead re); COMP_CWORD=1; _stead stead re stead; echo \"${{COMPREPLY[@]}}\"");
    #[expect(clippy::disallowed_methods, reason = "bash is what reads it")]
    let mut bash = Command::new("bash");
    bash.args(["-c", &try_it]);
    let (ok, said) = printed(bash);
    assert!(ok && said.split_whitespace().any(|word| word == "reset"), "{said}");
    for shell in ["zsh", "fish"] {
        let (ok, script) = printed(command(&["completion", shell]));
        assert!(ok && script.contains("simulated-nodes"), "{script}");
    }
}

#[test]
fn a_unit_is_written_into_a_tree_and_removed_again() {
    if have("a_unit_is_written_into_a_tree_and_removed_again", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let root = place.path("root").display().to_string();
    let (ok, said) = place.call(&["install", "--root", &root, "--bind-address", "0.0.0.0"]);
    assert!(ok && said.contains("stead.service written"), "{said}");
    let unit = std::fs::read_to_string(place.path("root/etc/systemd/system/stead.service")).expect("the unit");
    let data = place.path("data").display().to_string();
    for line in [
        format!("ExecStart=/usr/local/bin/stead server --bind-address=0.0.0.0 --data-dir={data}"),
        "Delegate=yes".to_owned(),
        "KillMode=process".to_owned(),
    ] {
        assert!(unit.lines().any(|one| one == line), "{line} is missing in:\n{unit}");
    }
    let (ok, said) = printed(command(&["uninstall", "--root", &root]));
    assert!(ok && said.contains("stead.service removed"), "{said}");
    assert!(!place.path("root/etc/systemd/system/stead.service").exists());
}

const CLAIM: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], storageClassName: elsewhere, resources: {requests: {storage: 16Mi}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: keeper}\nspec:\n  containers: [{name: c, image: \"localhost/stead:1\", volumeMounts: [{name: data, mountPath: /data}]}]\n  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n";

#[test]
fn reset_removes_what_was_made_and_nothing_else() {
    let Some(programs) = have("reset_removes_what_was_made_and_nothing_else", Needs::Containers) else { return };
    let place = Place::new();
    let (ok, said) = place.call(&["reset", "--yes"]);
    assert!(ok && said.contains("nothing of Stead is in"), "{said}");
    let (ok, said) = place.call(&["up", "--https-listen-port", "0", "--node-name", "e2e"]);
    assert!(ok, "{said}");
    let pool = place.path("elsewhere");
    let class = format!(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: elsewhere}}\nprovisioner: stead.io/local\nparameters: {{path: {}, enforcement: none}}\n---\n",
        pool.display()
    );
    let kubectl = Kubectl::new(&programs[0], &place.path("data/kubeconfig"), &place.path("cache"));
    kubectl.apply(&format!("{class}{CLAIM}"), place.0.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/keeper", "--timeout=60s"]);
    std::fs::write(pool.join("mine.txt"), "mine").expect("a file of the user's");
    for mine in ["data/registries.yaml", "data/notes.txt", "data/tls/mine.pem"] {
        std::fs::write(place.path(mine), "").expect("a file of the user's");
    }
    // Nobody can be asked: it is listed, and nothing happens.
    let (ok, said) = place.call(&["reset"]);
    assert!(!ok && said.contains("give --yes") && said.contains("the data of pvc-") && said.contains("the context stead in"), "{said}");
    assert_eq!(kubectl.run(&["get", "pods", "-o", "name"]).lines().count(), 4);
    let (ok, said) = place.call(&["reset", "--yes"]);
    assert!(ok, "{said}");
    let names = |dir: &Path| {
        let mut names: Vec<String> =
            std::fs::read_dir(dir).expect("it is there").flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&place.path("data")), ["notes.txt", "registries.yaml", "tls"], "{said}");
    assert_eq!((names(&place.path("data/tls")), names(&pool)), (vec!["mine.pem".to_owned()], vec!["mine.txt".to_owned()]), "{said}");
    for left in ["data/registries.yaml", "data/notes.txt", "data/tls/mine.pem"] {
        assert!(said.contains(&format!("left: {}", place.path(left).display())), "{said}");
    }
    assert!(!place.path("home/.kube/config").exists(), "{said}");
    let left = traces(place.0.path());
    assert!(left.is_empty(), "left behind: {left:#?}");
    // What is foreign does not hinder a new beginning, and a second reset finds only that.
    let (ok, said) = place.call(&["reset", "--yes"]);
    assert!(ok && said.contains("nothing of Stead is in"), "{said}");
}
