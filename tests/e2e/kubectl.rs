//! Runs a real kubectl and reads what it prints.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// One that runs longer hangs, and is killed with all that it started: its test then fails instead of never ending.
const RUN_MAX: Duration = Duration::from_secs(10 * 60);

/// A kubectl of some version, pointed at one cluster.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    cache: PathBuf,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Printed {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

/// The kubectls to test with; `None` if there are none here.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
pub fn programs() -> Option<Vec<PathBuf>> {
    let newest = std::env::var_os("STEAD_TEST_KUBECTL_NEWEST").map(PathBuf::from)?;
    let oldest = std::env::var_os("STEAD_TEST_KUBECTL_OLDEST").map(PathBuf::from)?;
    let mut all = vec![newest, oldest];
    all.dedup();
    Some(all)
}

impl Kubectl {
    pub fn new(program: &Path, kubeconfig: &Path, cache: &Path) -> Self {
        Self { program: program.to_owned(), kubeconfig: kubeconfig.to_owned(), cache: cache.to_owned() }
    }

    #[expect(clippy::disallowed_methods, reason = "these tests run kubectl")]
    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.kubeconfig).arg("--cache-dir").arg(&self.cache).args(line).stdin(Stdio::null());
        command
    }

    /// Runs a command, whatever comes of it.
    pub fn try_run(&self, line: &[&str]) -> Printed {
        let out = output(self.command(line));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Printed { ok: out.status.success(), out: text(out.stdout), err: text(out.stderr) }
    }

    /// Runs a command that must succeed, with nothing on standard error but what kubectl itself warns of.
    pub fn run(&self, line: &[&str]) -> String {
        let printed = self.try_run(line);
        assert!(printed.ok, "kubectl {line:?} failed:\n{}\n{}", printed.out, printed.err);
        printed.out
    }

    /// What a command that must succeed prints when it reads that file.
    pub fn fed(&self, line: &[&str], input: &Path) -> Vec<u8> {
        let input = std::fs::File::open(input).expect("the input can be opened");
        let mut command = self.command(line);
        command.stdin(input);
        let out = output(command);
        assert!(out.status.success(), "kubectl {line:?} failed:\n{}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    }

    /// Applies a manifest; warnings about schemas and patches are failures of ours, those of lint are about the test's manifest.
    pub fn apply(&self, manifest: &str, dir: &Path) -> String {
        let path = dir.join("manifest.yaml");
        std::fs::write(&path, manifest).expect("the manifest is written");
        let printed = self.try_run(&["apply", "-f", &path.to_string_lossy()]);
        assert!(printed.ok, "apply failed:\n{}", printed.err);
        // What `stead lint` says of a manifest is meant: `Warning: L101: ...`.
        let is_meant = |line: &str| line.strip_prefix("Warning: L").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let warned = printed.err.lines().find(|line| line.to_lowercase().contains("warning") && !is_meant(line));
        assert_eq!(warned, None, "apply warned:\n{}", printed.err);
        printed.out
    }

    /// An object or list.
    pub fn json(&self, line: &[&str]) -> Value {
        let line = [line, &["-o", "json"]].concat();
        serde_json::from_str(&self.run(&line)).expect("kubectl prints JSON")
    }

    /// Follows one object until what is printed of it satisfies `enough` (given all lines so far). It is selected, not named: of an
    /// object that is named kubectl does not show what happened between its first look and its watch.
    pub fn watch_one(&self, kind: &str, name: &str, output: &str, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        self.watch_until(&["get", kind, "-w", "--field-selector", &format!("metadata.name={name}"), "-o", output], enough)
    }

    /// Follows `kubectl get ... -w` of several objects until a line satisfies `enough` (given all lines so far).
    pub fn watch_until(&self, line: &[&str], enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        assert!(line[2].starts_with('-'), "one object by its name is for `watch_one`: {line:?}");
        let (_child, out) = self.start(line);
        let mut lines = Vec::new();
        for line in out.lines() {
            lines.push(line.expect("kubectl prints text"));
            if enough(&lines) {
                return lines;
            }
        }
        panic!("kubectl {line:?} ended after {lines:#?}");
    }

    /// Deletes pods of a set and waits until others of their names are ready; what the set itself says may be of before that.
    pub fn made_anew(&self, pods: &[&str]) {
        self.run(&[&["delete", "pod"], pods].concat());
        let columns = r#"custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status"#;
        self.watch_until(&["get", "pods", "-w", "-o", columns], |lines| {
            pods.iter().all(|pod| lines.iter().any(|line| line.split_whitespace().eq([*pod, "True"])))
        });
    }

    /// A command in the background.
    pub fn start(&self, line: &[&str]) -> (Follower, BufReader<ChildStdout>) {
        let mut command = self.command(line);
        let (mut child, limit) = limited(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        (Follower { child, _limit: limit }, out)
    }

    /// A watch in the background, to be read later: `kubectl get ... -w --output-watch-events`. It is under way when this returns,
    /// for it has listed the `known` objects that are there; what it prints afterwards is news.
    pub fn follow(&self, line: &[&str], known: usize) -> (Follower, BufReader<ChildStdout>) {
        let line = [line, &["--watch", "--output-watch-events"]].concat();
        let (child, mut out) = self.start(&line);
        let mut listed = 0;
        while listed < known {
            let mut text = String::new();
            assert_ne!(out.read_line(&mut text).expect("kubectl prints text"), 0, "kubectl {line:?} ended");
            listed += usize::from(text.starts_with("ADDED"));
        }
        (child, out)
    }
}

/// Runs a command to its end, or to that of its time.
pub fn output(command: Command) -> Output {
    output_within(RUN_MAX, command)
}

fn output_within(run_max: Duration, mut command: Command) -> Output {
    let (child, _limit) = limited_to(run_max, command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    child.wait_with_output().expect("kubectl ends")
}

/// Starts a command that ends after [`RUN_MAX`] at the latest, with what it started: a shell's programs hold its output open.
pub fn limited(command: &mut Command) -> (Child, Limit) {
    limited_to(RUN_MAX, command)
}

#[expect(clippy::disallowed_methods, reason = "the limit that is given back has the thread and waits for its end")]
fn limited_to(run_max: Duration, command: &mut Command) -> (Child, Limit) {
    let line = format!("{command:?}");
    let child = command.process_group(0).spawn().expect("kubectl runs");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let (ended, end) = channel::<()>();
    let waiting = std::thread::spawn(move || {
        if end.recv_timeout(run_max) == Err(RecvTimeoutError::Timeout) {
            stead_testing::tell(&format!("ended after {} s: {line}", run_max.as_secs()));
            killpg(pid, Signal::SIGKILL).ok();
        }
    });
    (child, Limit { ended: Some(ended), waiting: Some(waiting) })
}

/// What ends a command that runs too long; it goes with the command.
#[derive(Debug)]
pub struct Limit {
    ended: Option<Sender<()>>,
    waiting: Option<JoinHandle<()>>,
}

impl Drop for Limit {
    fn drop(&mut self) {
        self.ended = None;
        self.waiting.take().map(JoinHandle::join);
    }
}

/// A kubectl that ends with the test.
#[derive(Debug)]
pub struct Follower {
    child: Child,
    _limit: Limit,
}

impl Follower {
    /// Waits for it; whether it succeeded.
    pub fn ended_well(mut self) -> bool {
        self.child.wait().expect("kubectl ends").success()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a shell stands for one that hangs")]
fn what_a_hanging_shell_has_started_ends_with_it() {
    let mut hanging = Command::new("sh");
    hanging.args(["-c", "sleep 600; echo over"]);
    let out = output_within(Duration::from_millis(100), hanging);
    assert!(!out.status.success() && out.stdout.is_empty());
}
