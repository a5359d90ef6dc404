//! A pull over a slow line, from a real registry behind a proxy of the test's own: `kill -9` of the server in the middle of it loses
//! nothing of what has come, and the rest alone is fetched.

use crate::cluster::{Cluster, Needs, have};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use stead_testing::registry::Registry;

/// What comes through before the line stands still.
const GATE_BYTES: usize = 8 << 20;
/// What may be on its way when the server is killed: read by nobody yet, or not written yet.
const ON_ITS_WAY_BYTES: usize = 7 << 20;
const PATIENCE: Duration = Duration::from_secs(90);

/// What the proxy has seen, and whether it lets everything through.
#[derive(Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    passed: usize,
    open: bool,
    ranges: Vec<String>,
}

impl Line {
    /// Waits for leave to pass so many bytes on.
    fn pass(&self, bytes: usize) {
        let mut state = self.state.lock().expect("nobody panics with it");
        state.passed += bytes;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.open && state.passed > GATE_BYTES).expect("nobody panics with it"));
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics with it").open = true;
        self.changed.notify_all();
    }

    /// Waits until the line stands still.
    fn until_full(&self) {
        let state = self.state.lock().expect("nobody panics with it");
        let (state, _) =
            self.changed.wait_timeout_while(state, PATIENCE, |state| state.passed <= GATE_BYTES).expect("nobody panics with it");
        assert!(state.passed > GATE_BYTES, "only {} bytes came through", state.passed);
    }
}

/// Hands connections on; what comes back from the registry waits at the gate. Ends with the test's process.
#[expect(clippy::disallowed_methods, reason = "threads of the proxy end with their connections")]
fn proxy(to: u16) -> (u16, Arc<Line>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    let line = Arc::new(Line::default());
    let shared = Arc::clone(&line);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", to)).expect("the registry listens");
            let (from_client, to_server) = (client.try_clone().expect("a descriptor"), server.try_clone().expect("a descriptor"));
            let requests = Arc::clone(&shared);
            std::thread::spawn(move || hand_on(from_client, to_server, |bytes| note_ranges(&requests, bytes)));
            let answers = Arc::clone(&shared);
            std::thread::spawn(move || hand_on(server, client, |bytes| answers.pass(bytes.len())));
        }
    });
    (port, line)
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, see: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        see(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    to.shutdown(Shutdown::Write).ok();
    from.shutdown(Shutdown::Read).ok();
}

fn note_ranges(line: &Line, request: &[u8]) {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let ranges = text.lines().filter_map(|line| line.strip_prefix("range: bytes=")).map(|range| range.trim_end_matches('-').to_owned());
    line.state.lock().expect("nobody panics with it").ranges.extend(ranges);
}

#[test]
fn a_crash_in_the_middle_of_a_pull_loses_nothing_that_has_come() {
    const TEST: &str = "a_crash_in_the_middle_of_a_pull_loses_nothing_that_has_come";
    let Some(programs) = have(TEST, Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let Some(registry) = Registry::start(TEST, cluster.dir.path()) else { return };
    let (port, line) = proxy(registry.port);
    let kubectl = cluster.kubectl(&programs[0]);
    let dir = cluster.data_dir().display().to_string();
    let image = |verb: &[&str]| {
        let (ok, said) = Cluster::verb(&[&["image"], verb, &["--data-dir", &dir]].concat());
        assert!(ok, "{verb:?}: {said}");
        said
    };
    // Any large program will do that needs no library.
    let program = programs[0].canonicalize().expect("it is there").display().to_string();
    let pushed = format!("127.0.0.1:{}/large:1", registry.port);
    image(&["from-host", &pushed, &program]);
    image(&["push", &pushed]);
    image(&["rm", &pushed]);
    image(&["prune"]);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: large}}\nspec:\n  restartPolicy: Never\n  containers:\n  - name: c\n    image: '127.0.0.1:{port}/large:1'\n    command: ['{program}', version, --client]\n"
    );
    kubectl.apply(&pod, cluster.dir.path());
    line.until_full();
    let (ok, said) = Cluster::verb(&["status", "--data-dir", &dir]);
    let pulls = format!("image 127.0.0.1:{port}/large:1: ");
    assert!(ok && said.contains(&pulls) && said.contains(" % (") && said.contains(" fetched)"), "{said}");
    cluster.crash();
    line.state.lock().expect("nobody panics with it").ranges.clear();
    line.open();
    cluster.serve();
    kubectl.run(&["wait", "pod", "large", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"]);
    let status = kubectl.json(&["get", "pod", "large"])["status"]["containerStatuses"][0].clone();
    assert_eq!((&status["restartCount"], &status["state"]["terminated"]["exitCode"]), (&0.into(), &0.into()), "{status}");
    let ranges = line.state.lock().expect("nobody panics with it").ranges.clone();
    let resumed: usize = ranges.first().expect("it went on from somewhere").parse().expect("a number of bytes");
    assert!(resumed >= GATE_BYTES - ON_ITS_WAY_BYTES, "it went on from {resumed} of about {GATE_BYTES}: {ranges:?}");
    assert_eq!(ranges.len(), 1, "{ranges:?}");
}
