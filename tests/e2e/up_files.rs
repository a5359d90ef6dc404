//! `stead up -f`: a user's manifests until they are ready, what is said when they do not become so, exit codes, and `stead status` beside it.

use crate::cluster::{Needs, command, have, traces};
use crate::kubectl::Kubectl;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

/// A directory with a server's data and manifests, ended with the test.
struct Place(TempDir);

/// How a call ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    fn all(&self) -> String {
        format!("code {:?}\n{}{}", self.code, self.out, self.err)
    }
}

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("stead-e2e-files-").tempdir().expect("a directory can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is in the directory")).expect("a directory");
        std::fs::write(&path, text).expect("the manifest is written");
        path.display().to_string()
    }

    fn call(&self, line: &[&str], input: &str) -> Ended {
        let dir = self.path("data").display().to_string();
        let mut call = command(&[&[line[0], "--data-dir", &dir], &line[1..]].concat());
        call.env("HOME", self.path("home")).env_remove("KUBECONFIG").env_remove("SUDO_USER");
        let mut child = call.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
        let out = child.wait_with_output().expect("the binary ends");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { code: out.status.code(), out: text(out.stdout), err: text(out.stderr) }
    }

    fn up(&self, flags: &[&str]) -> Ended {
        let kubeconfig = self.path("kubeconfig").display().to_string();
        self.call(&[&["up", "--https-listen-port", "0", "--write-kubeconfig", &kubeconfig], flags].concat(), "")
    }

    fn kubectl(&self, program: &Path) -> Kubectl {
        Kubectl::new(program, &self.path("kubeconfig"), &self.path("cache"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let down = self.call(&["down"], "");
        let left = traces(self.0.path());
        assert!(std::thread::panicking() || (down.code == Some(0) && left.is_empty()), "{}\nleft behind: {left:#?}", down.all());
    }
}

const SIMULATED: [&str; 2] = ["--simulated-nodes", "1"];

fn set(name: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  serviceName: {name}\n  replicas: 2\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      terminationGracePeriodSeconds: 0\n      containers:\n      - {container}\n"
    )
}

const PLAIN: &str = "{name: c, image: \"localhost/stead:1\", envFrom: [{configMapRef: {name: words}}]}";
const OTHERS: &str = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: team}, spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: words, namespace: team}, data: {a: b}}\n---\n# Last, and needed first.\n{apiVersion: v1, kind: Namespace, metadata: {name: team}}\n";

#[test]
fn files_are_applied_in_order_and_shown_until_they_are_ready() {
    let Some(programs) = have("files_are_applied_in_order_and_shown_until_they_are_ready", Needs::Kubectl) else { return };
    let place = Place::new();
    place.write("dir/1-web.yaml", &set("web", PLAIN));
    place.write("dir/2-others.yml", OTHERS);
    place.write("dir/notes.txt", "not a manifest");
    let dir = place.path("dir").display().to_string();
    let first = place.up(&[&SIMULATED[..], &["-f", &dir, "-n", "team"]].concat());
    assert_eq!(first.code, Some(0), "{}", first.all());
    let at = |text: &str| first.out.find(text).unwrap_or_else(|| panic!("{text:?} is missing in:\n{}", first.all()));
    let order = [
        "namespace/team created",
        "configmap/words created",
        "service/web created",
        "statefulset/web created",
        "web-0 ready",
        "web-1 ready",
    ];
    assert!(order.map(at).is_sorted(), "{}", first.all());
    assert!(first.out.contains("Next: kubectl") && first.out.contains("-n team get pods -w"), "{}", first.all());
    let again = place.up(&["-f", &dir, "-n", "team"]);
    assert!(
        again.code == Some(0) && again.out.contains("statefulset/web unchanged") && again.out.contains("runs already"),
        "{}",
        again.all()
    );
    let kubectl = place.kubectl(&programs[0]);
    let managers = kubectl.run(&["get", "sts", "web", "-n", "team", "-o", "jsonpath={.metadata.managedFields[*].manager}"]);
    assert!(managers.contains("stead-up"), "{managers}");
    let status = place.call(&["status", "-n", "team"], "");
    assert!(
        status.code == Some(0) && status.out.contains("statefulset/web: ready, 2 of 2\n  web-0: ready (on simulated-0)"),
        "{}",
        status.all()
    );
    let status = place.call(&["status", "-A", "-o", "json"], "");
    let document: Value = serde_json::from_str(&status.out).expect("a document");
    assert_eq!((&document["ready"], &document["workloads"][0]["pods"][1]["ordinal"]), (&Value::Bool(true), &1.into()), "{document}");
}

#[test]
fn standard_input_and_documents_for_programs() {
    if have("standard_input_and_documents_for_programs", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let kubeconfig = place.path("kubeconfig").display().to_string();
    let line = ["up", "--https-listen-port", "0", "--write-kubeconfig", &kubeconfig, "--simulated-nodes", "1", "-f", "-", "-o", "json"];
    let ended = place.call(&line, &set("web", "{name: c, image: \"i:1\"}"));
    assert_eq!(ended.code, Some(0), "{}", ended.all());
    let events: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    assert_eq!(of("server")[0]["started"], true);
    assert_eq!(of("applied")[0]["result"], "created");
    assert!(of("pod").iter().any(|pod| pod["name"] == "web-1" && pod["ordinal"] == 1 && pod["standing"] == "ready"), "{}", ended.out);
    assert_eq!((&of("finished")[0]["result"], &of("finished")[0]["workloads"][0]["ready"]), (&"ready".into(), &2.into()));
    assert!(of("next")[0]["command"].as_str().is_some_and(|command| command.starts_with("kubectl")));
}

#[test]
fn bad_manifests_end_with_2_and_name_their_lines() {
    if have("bad_manifests_end_with_2_and_name_their_lines", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let broken = place.write("broken.yaml", &format!("{}---\nkind: Pod\n", set("web", "{name: c, image: i}")));
    let ended = place.up(&[&SIMULATED[..], &["-f", &broken]].concat());
    assert!(ended.code == Some(2) && ended.err.contains("broken.yaml:15: apiVersion"), "{}", ended.all());
    assert!(!place.path("data").exists(), "a server was started for what cannot be applied");
    let absent = place.up(&["-f", &place.path("absent.yaml").display().to_string()]);
    assert!(absent.code == Some(2) && absent.err.contains("absent.yaml: No such file"), "{}", absent.all());
    // What the server finds is said with the line of the field, and the rest is applied.
    let text = format!(
        "{}---\n{}",
        set("web", "{name: c, image: i, imagePullPolicy: Sometimes}"),
        "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}"
    );
    let refused = place
        .write("refused.yaml", &format!("{text}\n---\n{}", "{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {a: b}}"));
    let ended = place.up(&[&SIMULATED[..], &["-f", &refused]].concat());
    assert_eq!(ended.code, Some(2), "{}", ended.all());
    assert!(ended.out.contains("configmap/words created"), "{}", ended.all());
    assert!(
        ended.err.contains("refused.yaml:13: StatefulSet web: ") && ended.err.contains("Unsupported value: \"Sometimes\""),
        "{}",
        ended.all()
    );
    assert!(ended.err.contains("refused.yaml:15: Widget w: the server has no such kind in example.com/v1"), "{}", ended.all());
    let elsewhere = place.write("elsewhere.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}");
    let ended = place.up(&["-f", &elsewhere, "-n", "default"]);
    assert!(ended.code == Some(2) && ended.err.contains("its namespace is b, and -n asks for default"), "{}", ended.all());
}

#[test]
fn fields_of_others_are_a_conflict_until_they_are_taken_over() {
    let Some(programs) = have("fields_of_others_are_a_conflict_until_they_are_taken_over", Needs::Kubectl) else { return };
    let place = Place::new();
    let web = place.write("web.yaml", &set("web", "{name: c, image: \"i:1\"}"));
    let ended = place.up(&[&SIMULATED[..], &["-f", &web, "--no-wait"]].concat());
    assert!(ended.code == Some(0) && !ended.out.contains("web-0 ready"), "{}", ended.all());
    let kubectl = place.kubectl(&programs[0]);
    kubectl.run(&["scale", "statefulset", "web", "--replicas=3"]);
    let ended = place.up(&["-f", &web]);
    assert!(ended.code == Some(2) && ended.err.contains("conflict") && ended.err.contains(".spec.replicas"), "{}", ended.all());
    assert!(ended.err.contains("web.yaml:6: ") && ended.err.contains("--force-conflicts"), "{}", ended.all());
    let ended = place.up(&["-f", &web, "--force-conflicts"]);
    assert!(ended.code == Some(0) && ended.out.contains("statefulset/web configured"), "{}", ended.all());
    assert_eq!(kubectl.run(&["get", "sts", "web", "-o", "jsonpath={.status.replicas}"]), "2");
}

#[test]
fn what_is_not_ready_in_time_says_why() {
    let Some(programs) = have("what_is_not_ready_in_time_says_why", Needs::Containers) else { return };
    let place = Place::new();
    let secret =
        "{name: c, image: \"localhost/stead:1\", env: [{name: P, valueFrom: {secretKeyRef: {name: mysql-secret, key: password}}}]}";
    let crash = "{name: c, image: \"localhost/stead:1\", command: [sh, -c, \"echo no such table; exit 3\"]}";
    let probe =
        "{name: c, image: \"localhost/stead:1\", readinessProbe: {exec: {command: [sh, -c, \"echo not yet; exit 1\"]}, periodSeconds: 1}}";
    let image = "{name: c, image: \"localhost:1/none:1\"}";
    let text = [set("secret", secret), set("crash", crash), set("probe", probe), set("image", image)].join("---\n");
    let file = place.write("all.yaml", &text);
    let ended = place.up(&["--node-name", "e2e", "-f", &file, "--timeout", "25s"]);
    assert!(ended.code == Some(1) && ended.err.contains("not everything is ready after 25 s"), "{}", ended.all());
    for words in [
        "secret-0: container c: CreateContainerConfigError: secret \"mysql-secret\" not found",
        "crash-0: container c: ended with 3, Error; CrashLoopBackOff",
        "its log ends:\n      no such table",
        "probe-0: container c: runs and is not ready: Readiness probe failed: not yet",
        "image-0: container c: ImagePullBackOff",
        "Next: stead explain pod/",
    ] {
        assert!(ended.err.contains(words), "{words:?} is missing in:\n{}", ended.all());
    }
    let status = place.call(&["status"], "");
    assert!(status.out.contains("statefulset/secret: waiting, 0 of 2") && status.out.contains("mysql-secret"), "{}", status.all());
    assert!(status.out.contains("secret-1: waiting\n    is made when secret-0 is ready"), "{}", status.all());
    // A missing Secret that comes lets its set go on.
    place.kubectl(&programs[0]).run(&["create", "secret", "generic", "mysql-secret", "--from-literal=password=x"]);
    let secret = place.write("secret.yaml", &set("secret", secret));
    let ended = place.up(&["-f", &secret]);
    assert!(ended.code == Some(0) && ended.out.contains("secret-1 ready"), "{}", ended.all());
}

#[test]
fn status_without_a_server_says_how_to_start_one() {
    if have("status_without_a_server_says_how_to_start_one", Needs::Kubectl).is_none() {
        return;
    }
    let place = Place::new();
    let ended = place.call(&["status"], "");
    assert!(
        ended.code == Some(1) && ended.err.contains("no server runs on") && ended.err.contains("`stead up` starts one"),
        "{}",
        ended.all()
    );
}
