//! A server process in a directory of its own, and what its processes use of the machine.

use crate::https::{Connection, Target};
use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    pub dir: PathBuf,
    flags: Vec<String>,
    child: Child,
    /// Process start to the ready line.
    pub ready: Duration,
    /// Another program has taken over what it ran.
    replaced: bool,
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    pub fn start(binary: &Path, dir: &Path, flags: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (child, ready) = spawn(binary, dir, &flags)?;
        Ok(Self { binary: binary.to_owned(), dir: dir.to_owned(), flags, child, ready, replaced: false })
    }

    /// Ends it with a signal and starts it again; the containers go on, the port is another.
    pub fn restart(&mut self, signal: Signal) -> Result<()> {
        self.end(signal)?;
        (self.child, self.ready) = spawn(&self.binary, &self.dir, &self.flags)?;
        Ok(())
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn target(&self) -> Result<Target> {
        Target::of(&self.dir.join("kubeconfig"))
    }

    pub async fn connect(&self) -> Result<Connection> {
        self.target()?.connect().await
    }

    /// Our own processes: the server and what it started that outlives it, not what runs in containers.
    fn processes(&self) -> BTreeSet<u32> {
        let needle = self.dir.join("data").display().to_string();
        let mut found = BTreeSet::from([self.child.id()]);
        for (pid, dir) in every_process() {
            let line = std::fs::read(dir.join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains(&needle) {
                found.insert(pid);
            }
        }
        found
    }

    /// Processes in containers: the children of ours.
    fn workload(&self) -> BTreeSet<u32> {
        let ours = self.processes();
        every_process()
            .filter(|(pid, dir)| !ours.contains(pid) && parent(dir).is_some_and(|p| ours.contains(&p)))
            .map(|(pid, _)| pid)
            .collect()
    }

    pub fn usage(&self) -> Usage {
        let ours = self.processes();
        let mut usage = Usage { at: Some(Instant::now()), processes: ours.len(), ..Usage::default() };
        for pid in &ours {
            let memory_bytes = memory(*pid).unwrap_or_default();
            usage.memory_bytes += memory_bytes;
            usage.shims_memory_bytes += if *pid == self.child.id() { 0 } else { memory_bytes };
            usage.cpu += cpu(*pid).unwrap_or_default();
            usage.written_bytes += written(*pid).unwrap_or_default();
        }
        usage.workload_memory_bytes = self.workload().into_iter().filter_map(memory).sum();
        usage
    }

    /// Ends the server and starts another program in its place; the containers go on.
    pub fn replace(mut self, binary: &Path, flags: &[&str]) -> Result<Self> {
        self.end(Signal::SIGTERM)?;
        self.replaced = true;
        Self::start(binary, &self.dir, flags)
    }

    /// Kills what runs in the containers.
    pub fn kill_workload(&self) -> Result<usize> {
        let pids = self.workload();
        for pid in &pids {
            kill(Pid::from_raw(i32::try_from(*pid)?), Signal::SIGKILL).context("kill a container")?;
        }
        Ok(pids.len())
    }

    /// Ends the server and what it runs.
    pub fn stop(mut self) -> Result<()> {
        self.end(Signal::SIGTERM)
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), signal).context("stop the server")?;
        self.child.wait().context("wait for the server")?;
        Ok(())
    }
}

impl Drop for Server {
    #[expect(clippy::disallowed_methods, reason = "a development task runs the binary")]
    fn drop(&mut self) {
        if self.replaced {
            return;
        }
        if matches!(self.child.try_wait(), Ok(None))
            && let Err(error) = self.end(Signal::SIGTERM)
        {
            crate::tell(&format!("{error:#}"));
        }
        let down = Command::new(&self.binary).arg("down").arg("--data-dir").arg(self.dir.join("data")).stdout(Stdio::null()).status();
        if !down.is_ok_and(|status| status.success()) {
            crate::tell(&format!("`stead down` failed for {}", self.dir.display()));
        }
    }
}

/// Starts the program in the directory; how long it took until it was ready.
#[expect(clippy::disallowed_methods, reason = "a development task runs the binary")]
fn spawn(binary: &Path, dir: &Path, flags: &[String]) -> Result<(Child, Duration)> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("server.log")).context("open the log")?;
    let begun = Instant::now();
    let mut child = Command::new(binary)
        .args(["server", "--https-listen-port", "0"])
        .arg("--data-dir")
        .arg(dir.join("data"))
        .arg("--write-kubeconfig")
        .arg(dir.join("kubeconfig"))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("start the server")?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("its output is piped")?).read_line(&mut line).context("read its output")?;
    let ready = begun.elapsed();
    ensure!(line.starts_with("ready "), "the server did not start, see {}", dir.join("server.log").display());
    Ok((child, ready))
}

/// What processes used so far.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    at: Option<Instant>,
    pub processes: usize,
    /// Proportional set size: memory shared between processes is counted once.
    pub memory_bytes: u64,
    /// Of that, in the processes other than the server's.
    pub shims_memory_bytes: u64,
    pub workload_memory_bytes: u64,
    cpu: Duration,
    written_bytes: u64,
}

impl Usage {
    /// Share of one core used since `before`, in percent.
    pub fn cpu_percent(&self, before: &Self) -> f64 {
        100.0 * self.cpu.saturating_sub(before.cpu).as_secs_f64() / self.since(before).as_secs_f64()
    }

    /// Bytes sent to the disk per second since `before`.
    pub fn written_per_s(&self, before: &Self) -> f64 {
        self.written_bytes.saturating_sub(before.written_bytes) as f64 / self.since(before).as_secs_f64()
    }

    fn since(&self, before: &Self) -> Duration {
        self.at.zip(before.at).map(|(now, then)| now - then).unwrap_or_default()
    }
}

fn every_process() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

fn parent(dir: &Path) -> Option<u32> {
    stat(dir)?.split(' ').nth(1)?.parse().ok()
}

/// `/proc/PID/stat` behind the name, which may hold anything: state, parent, ...
fn stat(dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(dir.join("stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.to_owned())
}

fn memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    number(&text, "Pss:").map(|kb| kb * 1024)
}

fn written(pid: u32) -> Option<u64> {
    number(&std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?, "write_bytes:")
}

fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time on a core, of all its threads, in nanoseconds where `/proc/PID/stat` has hundredths of a second.
fn cpu(pid: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let spent = |path: PathBuf| std::fs::read_to_string(path).ok()?.split(' ').next()?.parse::<u64>().ok();
    Some(Duration::from_nanos(threads.filter_map(|thread| spent(thread.path().join("schedstat"))).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_be_measured() {
        let pid = std::process::id();
        assert!(memory(pid).is_some_and(|bytes| bytes > 100_000));
        assert!(cpu(pid).is_some());
        assert_eq!(number("a: 1\nPss:   12 kB\n", "Pss:"), Some(12));
        assert_eq!(parent(Path::new("/proc/self")), Some(std::os::unix::process::parent_id()));
    }
}
