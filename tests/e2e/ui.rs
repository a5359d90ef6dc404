//! The page at /ui in a real browser: signed in by a link, live, and changing what it says it changes.

use crate::browser::{Page, Screen, find_program, home, program};
use crate::cluster::{Cluster, Needs, PORT, have};
use crate::kubectl::{Kubectl, output};
use crate::statefulset::WEB;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What is true of the page's own functions, as a script.
const FUNCTIONS: &str = include_str!("ui/functions.js");

/// The browser and the kubectl to test with, or `None` after saying aloud that the test is left out.
fn have_browser(test: &str, needs: Needs) -> Option<(PathBuf, PathBuf)> {
    let kubectl = have(test, needs)?.swap_remove(0);
    match program() {
        Some(browser) => Some((browser, kubectl)),
        None => {
            stead_testing::left_out(test, "no Chromium (apt-get install chromium)");
            None
        }
    }
}

/// What `stead ui -o json` prints.
fn link(cluster: &Cluster) -> Value {
    link_by(&["--data-dir", &cluster.data_dir().to_string_lossy()])
}

fn link_by(who: &[&str]) -> Value {
    let (ok, said) = Cluster::verb(&[&["ui", "-o", "json"], who].concat());
    assert!(ok, "{said}");
    serde_json::from_str(&said).expect("a document")
}

/// The page, signed in.
fn open(cluster: &Cluster, browser: &Path) -> Page {
    let link = link(cluster);
    let mut page = Page::open(browser, link["url"].as_str().expect("a link"));
    page.shows("#state", "Live");
    page
}

fn ready(page: &mut Page, pod: &str) {
    page.shows(&format!("[data-pod={pod}] .badge.ok"), "Ready");
}

fn replicas(kubectl: &Kubectl) -> Value {
    kubectl.json(&["get", "statefulset", "web"])["spec"]["replicas"].clone()
}

fn uid(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.json(&["get", "pod", pod])["metadata"]["uid"].as_str().expect("a uid").to_owned()
}

/// The set with a claim for each pod.
fn with_claims() -> String {
    format!(
        "{WEB}        volumeMounts: [{{name: www, mountPath: /data}}]\n  volumeClaimTemplates:\n  - metadata: {{name: www}}\n    \
         spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 16Mi}}}}}}\n"
    )
}

/// Nothing was tried that the page's policy forbids, and nothing went wrong in its scripts.
fn is_clean(page: &mut Page) {
    assert_eq!(page.violations(), Value::Array(Vec::new()));
    assert_eq!(page.complaints, Vec::<String>::new());
}

#[test]
fn the_page_shows_a_set_come_up_and_changes_it() {
    let Some((browser, kubectl)) = have_browser("the_page_shows_a_set_come_up_and_changes_it", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "2"]);
    let kubectl = cluster.kubectl(&kubectl);
    let mut page = open(&cluster, &browser);
    page.shows("#no-sets", "no StatefulSet yet");
    // The link has left no trace in the address.
    assert!(page.script("location.href").as_str().is_some_and(|address| address.ends_with("/ui")));
    kubectl.apply(&with_claims(), cluster.dir.path());
    for pod in ["web-0", "web-1", "web-2"] {
        ready(&mut page, pod);
    }
    page.shows("[data-set=web] .ready-count", "3/3 ready");
    page.shows("[data-pod=web-1] .claims", "www-web-1 16 MiB");
    page.shows("#events", "Create Pod web-2 in StatefulSet web successful");

    page.click("[aria-label='Scale web']");
    page.write("#replicas", "5");
    page.shows("dialog .effects", "web-3 then web-4 are made, one after the other");
    assert_eq!(replicas(&kubectl), 3, "nothing happens before it is confirmed");
    page.click("dialog [type=submit]");
    ready(&mut page, "web-4");
    assert_eq!(replicas(&kubectl), 5);

    page.click("[aria-label='Scale web']");
    page.write("#replicas", "2");
    page.shows("dialog .effects", "web-4, web-3 then web-2 end, one after the other");
    page.shows("dialog .effects", "Their claims are kept, with all that is on them: www-web-4, www-web-3 and www-web-2");
    page.press("Escape");
    page.until("!document.querySelector('dialog')");
    assert_eq!(replicas(&kubectl), 5, "it was called off");
    page.click("[aria-label='Scale web']");
    page.write("#replicas", "2");
    page.click("dialog [type=submit]");
    page.shows("[data-set=web] .ready-count", "2/2 ready");
    page.shows("[data-set=web] .claims-kept", "www-web-2, www-web-3 and www-web-4");

    let before = uid(&kubectl, "web-1");
    page.click("[aria-label='Delete web-1']");
    page.shows("dialog .effects", "makes it anew under its name with its claims (www-web-1), which are kept");
    page.click("dialog [type=submit]");
    page.shows("#toast", "web-1 is deleted");
    kubectl.run(&["wait", "--for=jsonpath={.status.currentReplicas}=2", "statefulset/web", "--timeout=60s"]);
    ready(&mut page, "web-1");
    page.shows("[data-set=web] .set-name", "Settled");
    assert_ne!(uid(&kubectl, "web-1"), before);
    is_clean(&mut page);
}

/// A kubeconfig of somebody whom the cluster's authority has given a certificate, and nothing else.
fn kubeconfig_of(user: &str, cluster: &Cluster, program: &Path) -> PathBuf {
    let authority = |name: &str| std::fs::read_to_string(cluster.data_dir().join("tls").join(name)).expect("the authority has files");
    let issuer = Issuer::from_ca_cert_pem(&authority("ca.crt"), KeyPair::from_pem(&authority("ca.key")).expect("a key")).expect("it signs");
    let key = KeyPair::generate().expect("a key can be made");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, user);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, &issuer).expect("it is signed");
    let file = |end: &str| cluster.dir.path().join(format!("{user}.{end}"));
    std::fs::write(file("crt"), certificate.pem()).expect("the certificate can be written");
    std::fs::write(file("key"), key.serialize_pem()).expect("the key can be written");
    let kubeconfig = file("kubeconfig");
    std::fs::copy(cluster.kubeconfig(), &kubeconfig).expect("the kubeconfig can be copied");
    let kubectl = Kubectl::new(program, &kubeconfig, &cluster.dir.path().join("cache"));
    let [certificate, key] = [("certificate", "crt"), ("key", "key")].map(|(what, end)| format!("--client-{what}={}", file(end).display()));
    kubectl.run(&["config", "set-credentials", user, &certificate, &key, "--embed-certs=true"]);
    kubectl.run(&["config", "set-context", "--current", &format!("--user={user}")]);
    kubeconfig
}

#[test]
fn the_page_shows_and_does_what_its_user_may() {
    // A1, A6
    let Some((browser, program)) = have_browser("the_page_shows_and_does_what_its_user_may", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&program);
    kubectl.apply(&with_claims(), cluster.dir.path());
    kubectl.run(&["create", "namespace", "private"]);
    kubectl.run(&["--namespace=private", "create", "deployment", "kept-private", "--image=i:1"]);
    let kubeconfig = kubeconfig_of("eve", &cluster, &program);
    // Who may look is not yet who may sign in.
    kubectl.run(&["create", "rolebinding", "eve-looks", "--clusterrole=view", "--user=eve"]);
    let who = ["--kubeconfig", &kubeconfig.to_string_lossy()];
    let (ok, said) = Cluster::verb(&["ui", who[0], who[1]]);
    assert!(!ok && said.contains("User \"eve\" cannot post path \"/ui/links\""), "{said}");
    kubectl.run(&["create", "clusterrole", "signs-in", "--verb=post", "--non-resource-url=/ui/links"]);
    kubectl.run(&["create", "clusterrolebinding", "eve-signs-in", "--clusterrole=signs-in", "--user=eve"]);
    let mut page = Page::open(&browser, link_by(&who)["url"].as_str().expect("a link"));
    page.shows("#user", "eve");
    page.shows("#state", "Not allowed");
    page.shows("#banner", "User \"eve\" cannot list resource");
    let look_at = |page: &mut Page, namespace: &str| {
        page.write("#banner input", namespace);
        page.click("#banner [type=submit]");
    };
    look_at(&mut page, "private");
    page.shows("#banner", "in the namespace \"private\"");
    page.shows("#state", "Not allowed");
    look_at(&mut page, "default");
    page.shows("#state", "Live");
    for pod in ["web-0", "web-1", "web-2"] {
        ready(&mut page, pod);
    }
    page.shows("[data-pod=web-1] .claims", "www-web-1 16 MiB");
    let text = page.text("body");
    assert!(!text.contains("kept-private"), "{text}");

    let before = uid(&kubectl, "web-1");
    for (control, what) in [
        ("Scale web", "cannot patch resource \"statefulsets/scale\""),
        ("Restart web", "cannot patch resource \"statefulsets\""),
        ("Delete web-1", "cannot delete resource \"pods\""),
    ] {
        page.click(&format!("[aria-label='{control}']"));
        if control == "Scale web" {
            page.write("#replicas", "5");
        }
        page.click("dialog [type=submit]");
        page.shows("dialog .failed", &format!("User \"eve\" {what}"));
        page.press("Escape");
        page.until("!document.querySelector('dialog')");
    }
    let set = kubectl.json(&["get", "statefulset", "web"]);
    assert_eq!((&set["spec"]["replicas"], &set["metadata"]["generation"]), (&3.into(), &1.into()), "{set}");
    assert_eq!(uid(&kubectl, "web-1"), before);
    is_clean(&mut page);
}

/// What brings a certificate into a browser: a program's name, and the package that has it.
const IMPORTERS: [(&str, &str); 3] = [("openssl", "openssl"), ("certutil", "libnss3-tools"), ("pk12util", "libnss3-tools")];

/// Chromium's orders from whom a machine belongs to: it asks nobody which certificate to show. Those without any are not concerned.
#[derive(Debug)]
struct Policy(PathBuf);

impl Policy {
    fn given() -> Self {
        let dir = Path::new("/etc/chromium/policies/managed");
        std::fs::create_dir_all(dir).expect("policies can be given");
        let file = dir.join("stead-e2e.json");
        let policy = serde_json::json!({"AutoSelectCertificateForUrls": [r#"{"pattern":"https://127.0.0.1","filter":{}}"#]});
        std::fs::write(&file, policy.to_string()).expect("a policy can be given");
        Self(file)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
        // Directories that hold nothing more.
        self.0.ancestors().skip(1).take(2).try_for_each(std::fs::remove_dir).ok();
    }
}

/// Where a browser finds a certificate, as its user would import it.
#[expect(clippy::disallowed_methods, reason = "these tests run the programs that import certificates")]
fn home_with(certificate: &Path, key: &Path) -> TempDir {
    let home = home();
    let (store, bundle) = (home.path().join(".pki/nssdb"), home.path().join("bundle.p12"));
    std::fs::create_dir_all(&store).expect("a directory can be made");
    let run = |line: &[&str]| {
        let mut command = std::process::Command::new(line[0]);
        command.args(&line[1..]);
        let out = output(command);
        assert!(out.status.success(), "{line:?}: {}", String::from_utf8_lossy(&out.stderr));
    };
    let (store, bundle) = (format!("sql:{}", store.display()), bundle.to_string_lossy().into_owned());
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    run(&["openssl", "pkcs12", "-export", "-in", &certificate, "-inkey", &key, "-out", &bundle, "-passout", "pass:"]);
    run(&["certutil", "-N", "-d", &store, "--empty-password"]);
    run(&["pk12util", "-i", &bundle, "-d", &store, "-W", ""]);
    home
}

#[test]
fn a_browser_with_the_kubeconfigs_certificate_needs_no_link() {
    const TEST: &str = "a_browser_with_the_kubeconfigs_certificate_needs_no_link";
    let Some((browser, program)) = have_browser(TEST, Needs::Containers) else { return };
    if let Some((name, package)) = IMPORTERS.iter().find(|(name, _)| find_program(&[name]).is_none()) {
        return stead_testing::left_out(TEST, &format!("no {name} (apt-get install {package})"));
    }
    let cluster = Cluster::start(&["--disable-agent"]);
    let kubectl = cluster.kubectl(&program);
    kubeconfig_of("eve", &cluster, &program);
    kubectl.run(&["create", "clusterrolebinding", "eve-looks", "--clusterrole=view", "--user=eve"]);
    let _policy = Policy::given();
    let file = |end: &str| cluster.dir.path().join(format!("eve.{end}"));
    let address = cluster.ready.split_whitespace().nth(1).expect("an address").to_owned() + "/ui";
    let mut page = Page::open_at_home(&browser, &address, home_with(&file("crt"), &file("key")));
    page.shows("#user", "eve");
    page.shows("#state", "Live");
    page.shows("#no-sets", "no StatefulSet yet");
    is_clean(&mut page);
    // And who has none is asked for a link.
    let mut other = Page::open(&browser, &address);
    other.shows("#sign-in", "stead ui");
}

#[test]
fn the_page_says_what_a_roll_waits_for() {
    let Some((browser, kubectl)) = have_browser("the_page_says_what_a_roll_waits_for", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&kubectl);
    let mut page = open(&cluster, &browser);
    kubectl.apply(WEB, cluster.dir.path());
    ready(&mut page, "web-2");
    // ROLL: with a partition it is held for as long as one likes.
    kubectl.run(&["patch", "statefulset", "web", "-p", r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}"#]);
    page.click("[aria-label='Restart web']");
    page.shows("dialog .effects", "web-0 and web-1 stay as they are: the partition is 2");
    page.click("dialog [type=submit]");
    page.shows("[data-pod=web-2] .revision", "new");
    page.shows("[data-pod=web-0] .revision", "former");
    page.shows("[data-set=web] .waits", "web-0 and web-1 keep the former revision: the partition is 2");
    // A template that fits no node: the roll waits for the first that it has replaced.
    let nowhere = r#"{"spec":{"template":{"spec":{"nodeSelector":{"disk":"none"}}},"updateStrategy":{"rollingUpdate":{"partition":0}}}}"#;
    kubectl.run(&["patch", "statefulset", "web", "-p", nowhere]);
    page.shows("[data-set=web] .waits", "waits for web-2 to be Ready");
    page.shows("[data-set=web] .waits", "web-1 then web-0 are still to be replaced");
    page.shows("[data-set=web] .set-name", "Trouble");
    page.shows("[data-set=web] .waits", "didn't match Pod's node affinity/selector");
    page.until("document.querySelector('[data-set=web] details')");
    page.script("document.querySelector('[data-set=web] details').open = true");
    page.shows("[data-set=web] .explained", "web-2 is not");
    page.shows("#events", "FailedScheduling");
    is_clean(&mut page);
}

#[test]
fn a_link_opens_once_and_a_session_ends_with_the_server() {
    let Some((browser, _)) = have_browser("a_link_opens_once_and_a_session_ends_with_the_server", Needs::Kubectl) else { return };
    let mut cluster = Cluster::start(&["--disable-agent"]);
    let used = link(&cluster);
    assert!(used["certificateSHA256"].as_str().is_some_and(|text| text.len() == 95) && used["user"] == "admin", "{used}");
    let url = used["url"].as_str().expect("a link").to_owned();
    let mut page = Page::open(&browser, &url);
    page.shows("#state", "Live");
    page.shows("#user", "admin");
    let mut other = Page::open(&browser, &url);
    other.shows("#sign-in", "this link was used already or is too old");
    other.go(url.split('#').next().expect("an address"));
    other.shows("#sign-in", "stead ui");
    // A page that is opened again is still signed in; scripts do not see the cookie.
    page.reload();
    page.shows("#state", "Live");
    assert_eq!(page.script("document.cookie"), "");

    let port = url.split([':', '/']).find(|part| part.len() > 3 && part.bytes().all(|b| b.is_ascii_digit())).expect("a port").to_owned();
    cluster.stop();
    page.shows("#banner", "Disconnected");
    cluster.set_flags(&["--disable-agent", PORT, &port]);
    cluster.serve();
    page.shows("#sign-in", "the session has ended");
    page.go(link(&cluster)["url"].as_str().expect("a link"));
    page.shows("#state", "Live");
    page.click("#sign-out");
    page.shows("#sign-in", "You are signed out");
    page.reload();
    page.until("document.querySelector('#sign-in')?.hidden === false");
    is_clean(&mut page);
}

#[test]
fn the_page_fits_a_telephone() {
    let Some((browser, kubectl)) = have_browser("the_page_fits_a_telephone", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&kubectl);
    let mut page = open(&cluster, &browser);
    page.screen(Screen::Telephone);
    let long = with_claims().replace("name: www", "name: a-name-of-a-claim-that-is-very-long-indeed");
    kubectl.apply(&long, cluster.dir.path());
    kubectl.run(&["create", "deployment", "front", "--image=registry.example.com/a/very/long/name/of/an/image/that/does/not/end:1.25.4"]);
    ready(&mut page, "web-2");
    page.until("document.querySelector('[data-deployment=front]')");
    let fits = |page: &mut Page, what: &str| {
        let widths = page.script(
            "[document.documentElement.scrollWidth, innerWidth, ...[...document.querySelectorAll('dialog')].map((one) => one.scrollWidth - one.clientWidth)]",
        );
        assert!(widths[0].as_u64() <= widths[1].as_u64() && widths[2].as_u64().unwrap_or_default() == 0, "{what}: {widths}");
        let small = page.script(
            "[...document.querySelectorAll('button, select')].filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)",
        );
        assert_eq!(small, Value::Array(Vec::new()), "{what}");
    };
    fits(&mut page, "the page");
    for control in ["Scale web", "Restart web", "Delete web-1", "Logs of web-0"] {
        page.click(&format!("[aria-label='{control}']"));
        page.until("document.querySelector('dialog').open");
        fits(&mut page, control);
        page.press("Escape");
        page.until("!document.querySelector('dialog')");
    }
    is_clean(&mut page);
}

#[test]
fn the_page_runs_nothing_that_is_not_its_own() {
    let Some((browser, kubectl)) = have_browser("the_page_runs_nothing_that_is_not_its_own", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&kubectl);
    let mut page = open(&cluster, &browser);
    // What others write is text: an event can say anything.
    kubectl.apply(WEB, cluster.dir.path());
    let markup = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>";
    let event = serde_json::json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "markup", "namespace": "default"}, "type": "Warning", "reason": "<b>Markup</b>",
        "message": markup, "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web-0"},
    });
    kubectl.apply(&event.to_string(), cluster.dir.path());
    page.shows("#events", markup);
    is_clean(&mut page);
    assert_eq!(page.script("window.broken ?? null"), Value::Null);
    // And were it an element, it would not run: the policy is in force, and the test would see a violation.
    page.script("{ const one = document.createElement('script'); one.append('window.broken = 1'); document.body.append(one); }");
    page.until("window.violations.length > 0");
    assert_eq!(page.script("window.broken ?? null"), Value::Null);
}

#[test]
fn a_log_is_read_as_it_is_written() {
    let Some((browser, kubectl)) = have_browser("a_log_is_read_as_it_is_written", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&kubectl);
    let writer = with_claims().replace(
        "        image: localhost/stead:1\n",
        "        image: localhost/stead:1\n        command: [sh, -c, 'echo first of $HOSTNAME; head -c 4000000 /dev/zero > /data/file; \
         until [ -e /data/go ]; do sleep 1; done; echo second; sleep 1000']\n",
    );
    assert!(writer.contains("first of"), "the manifest has another form");
    kubectl.apply(&writer, cluster.dir.path());
    let mut page = open(&cluster, &browser);
    ready(&mut page, "web-2");
    page.click("[aria-label='Logs of web-1']");
    page.shows("dialog .log", "first of web-1");
    assert!(!page.text("dialog .log").contains("second"));
    kubectl.run(&["exec", "web-1", "--", "touch", "/data/go"]);
    page.shows("dialog .log", "second");
    page.press("Escape");
    page.until("!document.querySelector('dialog')");
    // The node measures every ten seconds, the page asks every fifteen.
    page.until("document.querySelector('[data-pod=web-1] meter')?.value > 0.05");
    page.shows("[data-pod=web-1] .claims", "MiB of 1");
    is_clean(&mut page);
}

#[test]
fn the_functions_of_the_page_are_right() {
    let Some((browser, _)) = have_browser("the_functions_of_the_page_are_right", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--disable-agent"]);
    let mut page = open(&cluster, &browser);
    let told = page.script(FUNCTIONS);
    assert!(told["failed"] == Value::Array(Vec::new()) && told["passed"].as_u64() > Some(15), "{told:#}");
}
