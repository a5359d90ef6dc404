//! `up`, `down` and `server` where something is in the way: another server, another user, other flags, a full disk, a removed directory.

use crate::cluster::{Needs, command, have, printed, traces};
use crate::kubectl::Kubectl;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Directories of servers and a home, ended and removed with the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("stead-e2e-verbs-").tempdir().expect("a directory can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A verb on the data directory of that name, in the home of this test.
    fn call(&self, verb: &str, name: &str, flags: &[&str]) -> Command {
        let dir = self.path(name).display().to_string();
        let mut call = command(&[&[verb, "--data-dir", &dir], flags].concat());
        call.env("HOME", self.path("home")).env_remove("KUBECONFIG").env_remove("SUDO_USER");
        call
    }

    fn up(&self, name: &str, flags: &[&str]) -> (bool, String) {
        printed(self.call("up", name, &[&["--https-listen-port", "0"], flags].concat()))
    }

    fn down(&self, name: &str) -> (bool, String) {
        printed(self.call("down", name, &[]))
    }

    /// Types the line after `Next: ` and ` -w`.
    fn next(&self, kubectl: &Path, said: &str) -> String {
        let line = said.lines().find_map(|line| line.strip_prefix("Next: kubectl ")).unwrap_or_else(|| panic!("no next line in:\n{said}"));
        let words = line.trim_end_matches(" -w").split(' ');
        #[expect(clippy::disallowed_methods, reason = "these tests run kubectl")]
        let mut call = Command::new(kubectl);
        call.args(words).args(["-o", "name"]).env("HOME", self.path("home")).env_remove("KUBECONFIG");
        let (ok, names) = printed(call);
        assert!(ok, "{line}: {names}");
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.0.path()).into_iter().flatten().flatten() {
            if entry.path().join("store.redb").exists() {
                self.down(&entry.file_name().to_string_lossy());
            }
        }
        let left = traces(self.0.path());
        assert!(std::thread::panicking() || left.is_empty(), "left behind: {left:#?}");
    }
}

const SIMULATED: [&str; 2] = ["--simulated-nodes", "1"];

#[test]
fn two_ups_at_the_same_moment_share_one_server() {
    if have("two_ups_at_the_same_moment_share_one_server", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let both: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..2).map(|_| scope.spawn(|| place.up("data", &SIMULATED))).collect();
        calls.into_iter().map(|call| call.join().expect("no panic")).collect()
    });
    assert!(both.iter().all(|(ok, _)| *ok), "{both:#?}");
    assert_eq!(both.iter().filter(|(_, said)| said.contains("started in")).count(), 1, "{both:#?}");
}

#[test]
fn up_with_other_flags_says_which_differ() {
    if have("up_with_other_flags_says_which_differ", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(ok, "{said}");
    let (ok, said) = place.up("data", &["--simulated-nodes", "2", "--node-name", "x"]);
    assert!(
        !ok && said.contains("--simulated-nodes: 1 (you ask for 2)") && said.contains("--node-name: not set (you ask for x)"),
        "{said}"
    );
    assert!(said.contains("stead down --leave-pods"), "{said}");
    // Flags that were not given are those of the server.
    let (ok, said) = printed(place.call("up", "data", &[]));
    assert!(ok && said.contains("runs already"), "{said}");
}

#[test]
fn a_second_server_leaves_the_context_of_the_first_alone() {
    let Some(programs) = have("a_second_server_leaves_the_context_of_the_first_alone", Needs::Kubectl) else { return };
    let place = Place::new();
    std::fs::create_dir_all(place.path("home/.kube")).expect("a home");
    std::os::unix::fs::symlink("mine.yaml", place.path("home/.kube/config")).expect("a link");
    let (_, first) = place.up("one", &SIMULATED);
    let (_, second) = place.up("two", &SIMULATED);
    assert!(second.contains("this server's is stead-two"), "{second}");
    let chosen = place.path("kubeconfig").display().to_string();
    let (_, third) = place.up("three", &["--simulated-nodes", "1", "--write-kubeconfig", &chosen]);
    // Each printed line reaches its own server: only the first is scaled down.
    #[expect(clippy::disallowed_methods, reason = "these tests run kubectl")]
    let mut scale = Command::new(&programs[0]);
    scale.args(["scale", "statefulset", "web", "--replicas=0"]).env("HOME", place.path("home")).env_remove("KUBECONFIG");
    let (ok, said) = printed(scale);
    assert!(ok, "{said}");
    assert_eq!(place.next(&programs[0], &second).lines().count(), 3);
    assert_eq!(place.next(&programs[0], &third).lines().count(), 3);
    place.down("two");
    let (ok, again) = printed(place.call("up", "one", &[]));
    assert!(ok, "{again}");
    assert_eq!(first.lines().find(|l| l.starts_with("Next")), again.lines().find(|l| l.starts_with("Next")));
    assert!(place.path("home/.kube/config").is_symlink());
}

#[test]
fn down_without_rights_is_an_error() {
    if have("down_without_rights_is_an_error", Needs::Containers).is_none() {
        return;
    }
    let place = Place::new();
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(ok, "{said}");
    // The binary where somebody else can run it.
    std::fs::set_permissions(place.0.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
    let binary = place.path("stead");
    std::fs::copy(crate::cluster::binary().expect("a binary"), &binary).expect("a copy");
    for verb in ["down", "up"] {
        #[expect(clippy::disallowed_methods, reason = "these tests run the binary")]
        let mut call = Command::new(&binary);
        call.args([verb, "--data-dir"]).arg(place.path("data")).uid(65534).gid(65534);
        let (ok, said) = printed(call);
        assert!(!ok && said.contains("belongs to another user"), "{verb}: {said}");
    }
}

#[test]
fn a_standard_error_that_is_full_ends_nothing() {
    if have("a_standard_error_that_is_full_ends_nothing", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full opens");
    let kubeconfig = place.path("kubeconfig").display().to_string();
    let flags = ["--https-listen-port", "0", "--simulated-nodes", "1", "--write-kubeconfig", &kubeconfig];
    let mut server = place.call("server", "data", &flags).stdout(Stdio::piped()).stderr(full).spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("it is piped")).read_line(&mut line).expect("text");
    assert!(line.starts_with("ready https://"), "{line:?}");
    let (ok, said) = place.down("data");
    assert!(ok && said.contains("stopped"), "{said}");
    assert!(server.wait().expect("it ends").success());
}

#[test]
fn a_server_without_its_note_is_found_and_ended() {
    if have("a_server_without_its_note_is_found_and_ended", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(ok, "{said}");
    std::fs::remove_file(place.path("data/server.json")).expect("the note");
    let (ok, said) = place.down("data");
    assert!(ok && said.contains("stopped"), "{said}");
    let (ok, said) = place.down("data");
    assert!(ok && said.contains("no server runs"), "{said}");
}

#[test]
fn a_removed_directory_is_said_by_up_and_cleaned_by_down() {
    if have("a_removed_directory_is_said_by_up_and_cleaned_by_down", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(ok, "{said}");
    std::fs::remove_dir_all(place.path("data")).expect("the directory");
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(!ok && said.contains("were removed") && said.contains("stead down"), "{said}");
    let (ok, said) = place.down("data");
    assert!(ok && said.contains("stopped"), "{said}");
    let (ok, said) = place.up("data", &SIMULATED);
    assert!(ok && said.contains("started in"), "{said}");
}

#[test]
fn pods_whose_directory_was_removed_are_found_and_ended() {
    if have("pods_whose_directory_was_removed_are_found_and_ended", Needs::Containers).is_none() {
        return;
    }
    for server_runs in [true, false] {
        let place = Place::new();
        let (ok, said) = place.up("data", &["--node-name", "e2e"]);
        assert!(ok, "{said}");
        if !server_runs {
            let (ok, said) = printed(place.call("down", "data", &["--leave-pods"]));
            assert!(ok, "{said}");
        }
        // Mounts keep directories of it; everything else goes.
        std::fs::remove_dir_all(place.path("data")).expect_err("mounts are busy");
        let (ok, said) = place.down("data");
        assert!(ok, "{said}");
        let left = traces(place.0.path());
        assert!(left.is_empty(), "left behind: {left:#?}");
        let (ok, said) = place.up("data", &["--node-name", "e2e"]);
        assert!(ok && said.contains("started in"), "{said}");
    }
}

/// A claim of a class whose disks lie outside of the data directory, and a pod that has it.
fn claim_elsewhere(path: &Path) -> String {
    format!(
        r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: elsewhere}}
provisioner: stead.io/local
volumeBindingMode: WaitForFirstConsumer
parameters: {{path: {path}, enforcement: image}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: elsewhere, resources: {{requests: {{storage: 16Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: keeper}}
spec:
  containers: [{{name: c, image: "localhost/stead:1", volumeMounts: [{{name: data, mountPath: /data}}]}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
"#,
        path = path.display()
    )
}

#[test]
fn a_disk_elsewhere_is_given_back_when_the_directory_was_removed() {
    let Some(programs) = have("a_disk_elsewhere_is_given_back_when_the_directory_was_removed", Needs::Containers) else { return };
    let place = Place::new();
    let kubeconfig = place.path("kubeconfig");
    let (ok, said) = place.up("data", &["--node-name", "e2e", "--write-kubeconfig", &kubeconfig.display().to_string()]);
    assert!(ok, "{said}");
    let kubectl = Kubectl::new(&programs[0], &kubeconfig, &place.path("cache"));
    kubectl.apply(&claim_elsewhere(&place.path("elsewhere")), place.0.path());
    kubectl.run(&["wait", "--for=condition=Ready", "pod/keeper", "--timeout=60s"]);
    let volume = kubectl.run(&["get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}"]);
    let image = place.path("elsewhere").join(format!("{volume}_default_data/disk.img"));
    assert!(image.exists(), "{}", image.display());
    std::fs::remove_dir_all(place.path("data")).expect_err("mounts are busy");
    let (ok, said) = place.down("data");
    assert!(ok, "{said}");
    let left = traces(place.0.path());
    assert!(left.is_empty() && image.exists(), "left behind: {left:#?}, and the data: {}", image.exists());
}
