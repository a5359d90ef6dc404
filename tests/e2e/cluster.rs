//! One server of the real binary, in a directory of its own, that leaves nothing behind.

use crate::kubectl::{Kubectl, output, programs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What a test needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// kubectl only.
    Kubectl,
    /// kubectl, and root for containers.
    Containers,
}

/// The binary under test.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
pub fn binary() -> Option<PathBuf> {
    std::env::var_os("STEAD_TEST_BINARY").map(PathBuf::from)
}

/// The kubectls to test with, or `None` after saying aloud that the test is left out.
pub fn have(test: &str, needs: Needs) -> Option<Vec<PathBuf>> {
    let reason = match (binary(), programs()) {
        (None, _) => "run by `cargo xtask test` only",
        (_, None) => "no kubectl",
        (_, Some(_)) if needs == Needs::Containers && !nix::unistd::geteuid().is_root() => "containers need root",
        (Some(_), Some(programs)) => return Some(programs),
    };
    stead_testing::left_out(test, reason);
    None
}

/// Without this flag the server has any free port.
pub const PORT: &str = "--https-listen-port";

/// A server and its directory.
#[derive(Debug)]
pub struct Cluster {
    pub dir: TempDir,
    flags: Vec<String>,
    child: Option<Child>,
    /// What the server's ready line said.
    pub ready: String,
}

impl Cluster {
    /// Starts a server with these flags beside the ones every test gives.
    pub fn start(flags: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("stead-e2e-").tempdir().expect("a directory can be made");
        let mut cluster = Self { dir, flags: Vec::new(), child: None, ready: String::new() };
        cluster.set_flags(flags);
        cluster.serve();
        cluster
    }

    /// What the next start is given beside the flags of every test.
    pub fn set_flags(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    pub fn kubectl(&self, program: &Path) -> Kubectl {
        Kubectl::new(program, &self.kubeconfig(), &self.dir.path().join("cache"))
    }

    /// Starts the server (again) on its directory and waits for its ready line.
    #[expect(clippy::disallowed_methods, reason = "these tests run the binary")]
    pub fn serve(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.path().join("server.log")).expect("the log opens");
        let mut child = Command::new(binary().expect("the test has a binary"))
            .arg("server")
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--write-kubeconfig")
            .arg(self.kubeconfig())
            .args(["--node-name", "e2e"])
            .args(if self.flags.iter().any(|flag| flag == PORT) { &[][..] } else { &[PORT, "0"] })
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let out = child.stdout.take().expect("it is piped");
        self.ready.clear();
        BufReader::new(out).read_line(&mut self.ready).expect("the server prints text");
        self.child = Some(child);
        assert!(self.ready.starts_with("ready https://"), "the server did not become ready: {:?}\n{}", self.ready, self.log());
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// The end of the server's log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Cuts the server off, as a crash or the kernel would.
    pub fn crash(&mut self) {
        self.signal(Signal::SIGKILL);
    }

    /// Ends the server as an operator would; it has five seconds.
    pub fn stop(&mut self) {
        let begun = std::time::Instant::now();
        self.signal(Signal::SIGTERM);
        assert!(begun.elapsed().as_secs() < 6, "the server took {:?} to stop", begun.elapsed());
    }

    /// Ends the server and all that it runs.
    pub fn down(&mut self) {
        let (ok, said) = Self::verb(&["down", "--data-dir", &self.data_dir().to_string_lossy()]);
        assert!(ok, "down failed: {said}");
        self.child.take().expect("the server runs").wait().expect("the server ends");
    }

    fn signal(&mut self, signal: Signal) {
        let mut child = self.child.take().expect("the server runs");
        kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), signal).expect("the server can be signalled");
        child.wait().expect("the server ends");
    }

    /// Runs another verb of the binary.
    pub fn verb(line: &[&str]) -> (bool, String) {
        printed(command(line))
    }
}

/// A call of the binary.
#[expect(clippy::disallowed_methods, reason = "these tests run the binary")]
pub fn command(line: &[&str]) -> Command {
    let mut command = Command::new(binary().expect("the test has a binary"));
    command.args(line).stdin(Stdio::null());
    command
}

/// Runs it to its end: whether it succeeded, and all that it printed.
pub fn printed(command: Command) -> (bool, String) {
    let out = output(command);
    (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.signal(Signal::SIGTERM);
        }
        let (ok, said) = Self::verb(&["down", "--data-dir", &self.data_dir().to_string_lossy()]);
        if std::thread::panicking() {
            let log = self.log();
            stead_testing::tell(&format!("the server's log ends:\n{log}"));
        } else {
            assert!(ok, "down failed: {said}");
            let left = traces(&self.data_dir());
            assert!(left.is_empty(), "left behind: {left:#?}");
        }
    }
}

/// Processes and mounts that still belong to a data directory.
pub fn traces(data_dir: &Path) -> Vec<String> {
    let needle = data_dir.to_string_lossy().into_owned();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut left: Vec<String> = mounts.lines().filter(|line| line.contains(&needle)).map(str::to_owned).collect();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&needle) {
            left.push(line);
        }
    }
    left
}
