//! The server in the background: found, joined while another `up` starts it, or started.

use super::tell::Teller;
use crate::cli::ERROR_BEGINNING;
use crate::config::{ServerArgs, UpArgs};
use crate::environment::Machine;
use crate::running::{self, Found, Running};
use crate::{file, logging, node, preflight};
use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use stead_api::json;
use stead_server::Environment;

/// How long a server that somebody else started may take to become ready.
const OTHERS_START_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// How often a wait is explained.
const EXPLAIN_EVERY_MS: u16 = 5000;

/// The server on these settings' directory, which is ready.
pub fn running(args: &UpArgs, teller: &Teller) -> anyhow::Result<Running> {
    let data_dir = &args.server.data_dir;
    let found = running::find(data_dir)?;
    if found == Found::Nothing {
        check_rights(&args.server)?;
        check_machine(&args.server, teller)?;
        file::private_dir(data_dir)?;
    }
    // One `up` at a time looks and starts; another that comes at the same moment finds what it started.
    let _lock = if data_dir.exists() { Some(lock_directory(data_dir, teller)?) } else { None };
    match running::find(data_dir)? {
        Found::Nothing => start(&args.server, teller),
        Found::Ready(running) => {
            check_settings(args, &running)?;
            let document = json!({"event": "server", "url": running.url, "started": false});
            teller.event(document, Some(&format!("server {} runs already", running.url)));
            Ok(running)
        }
        Found::Unready(process) => {
            teller.say(&format!("server process {} is starting on {}", process.pid, data_dir.display()));
            wait_until_ready(data_dir)
        }
        Found::Orphaned(process) => bail!(
            "server process {} still runs, and its files in {} were removed; `stead down --data-dir {1}` ends it and its containers, then run this again",
            process.pid,
            data_dir.display()
        ),
    }
}

fn check_rights(args: &ServerArgs) -> anyhow::Result<()> {
    if args.agent() && !nix::unistd::geteuid().is_root() {
        bail!("running containers needs root: use sudo, or `--simulated-nodes 1 --data-dir /tmp/stead` to look around without containers");
    }
    Ok(())
}

/// Says what is missing on this machine before anything is made on it.
fn check_machine(args: &ServerArgs, teller: &Teller) -> anyhow::Result<()> {
    let verdict = preflight::look(args, Machine::default().now());
    verdict.remarks.iter().for_each(|remark| teller.say(remark));
    match &verdict.missing[..] {
        [] => Ok(()),
        [one] => bail!("{one}"),
        several => bail!("this machine lacks what containers need:\n  {}", several.join("\n  ")),
    }
}

/// Waits until no other `up` is at work on this directory.
fn lock_directory(data_dir: &Path, teller: &Teller) -> anyhow::Result<Flock<File>> {
    let mut dir = File::open(data_dir).with_context(|| format!("open {}", data_dir.display()))?;
    let mut said = false;
    loop {
        match Flock::lock(dir, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((back, Errno::EWOULDBLOCK | Errno::EINTR)) => dir = back,
            Err((_, error)) => return Err(error).with_context(|| format!("lock {}", data_dir.display())),
        }
        if !said {
            teller.say("another `stead up` starts the server: waiting for it");
            said = true;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Waits until the server that somebody else starts is ready.
fn wait_until_ready(data_dir: &Path) -> anyhow::Result<Running> {
    let begun = Instant::now();
    loop {
        match running::find(data_dir)? {
            Found::Ready(running) => return Ok(running),
            Found::Unready(process) if begun.elapsed() > OTHERS_START_MAX => bail!(
                "server process {} is not ready after {} s; its log says why, and `stead down --data-dir {}` ends it",
                process.pid,
                OTHERS_START_MAX.as_secs(),
                data_dir.display()
            ),
            Found::Unready(_) => std::thread::sleep(PAUSE),
            Found::Nothing | Found::Orphaned(_) => bail!("the server ended before it was ready; its log says why"),
        }
    }
}

/// Fails if flags were given that the running server does not have.
fn check_settings(args: &UpArgs, running: &Running) -> anyhow::Result<()> {
    let different = differences(&args.given, &args.server.settings(), &running.settings);
    if different.is_empty() {
        return Ok(());
    }
    let dir = args.server.data_dir.display();
    bail!(
        "server {} runs already with other settings:\n  {}\nTo change them, end it first (its pods go on running) and run this again:\n  stead down --leave-pods --data-dir {dir}",
        running.url,
        different.join("\n  ")
    )
}

/// Of the flags that were given, those that a server of these settings does not have.
fn differences(given: &[String], asked: &BTreeMap<String, String>, has: &BTreeMap<String, String>) -> Vec<String> {
    // A server of an earlier version has left no settings.
    let known = given.iter().filter(|_| !has.is_empty());
    let different = known.filter(|flag| {
        let any_port = *flag == "https-listen-port" && asked.get(*flag).is_some_and(|port| port == "0");
        *flag != "data-dir" && !any_port && asked.get(*flag) != has.get(*flag)
    });
    let value = |of: &BTreeMap<String, String>, flag: &str| of.get(flag).cloned().unwrap_or_else(|| "not set".to_owned());
    different.map(|flag| format!("--{flag}: {} (you ask for {})", value(has, flag), value(asked, flag))).collect()
}

/// Says what runs here although its files are gone; the server ends it before it starts anything.
fn announce_leftovers(data_dir: &Path, teller: &Teller) {
    let root = node::runtime_root(data_dir);
    if running::store(data_dir).exists() || !nix::unistd::geteuid().is_root() {
        return;
    }
    match stead_runtime::survey(&root) {
        Ok(found) if !found.shims.is_empty() => teller.say(&format!(
            "{} pods still run of an earlier server whose files in {} were removed: they are ended first",
            found.shims.len(),
            data_dir.display()
        )),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "cannot look for what runs without its files"),
    }
}

/// Starts a server in the background and waits until it is ready.
fn start(args: &ServerArgs, teller: &Teller) -> anyhow::Result<Running> {
    announce_leftovers(&args.data_dir, teller);
    let begun = Instant::now();
    let log = logging::server_log(&args.data_dir);
    let log_before = std::fs::metadata(&log).map_or(0, |m| m.len());
    let mut child = spawn(args, &log)?;
    let out = child.stdout.take().context("the server's output is piped")?;
    let line = first_line(out, &log, log_before, teller)?;
    if !line.starts_with("ready ") {
        let status = child.wait().context("wait for the server")?;
        match reason(&tail(&log, log_before, usize::MAX)) {
            Some(why) => bail!("the server did not start: {why} (its log is {})", log.display()),
            None => bail!("the server did not start ({status}); the end of {}:\n{}", log.display(), tail(&log, log_before, 12)),
        }
    }
    let Found::Ready(running) = running::find(&args.data_dir)? else { bail!("the server is ready but has left no note of itself") };
    let line = format!("server {} started in {} ms, log in {}", running.url, begun.elapsed().as_millis(), log.display());
    teller.event(json!({"event": "server", "url": running.url, "started": true}), Some(&line));
    Ok(running)
}

#[expect(clippy::disallowed_methods, reason = "the program started is this one")]
fn spawn(args: &ServerArgs, log: &Path) -> anyhow::Result<Child> {
    let log = logging::open(log).with_context(|| format!("open {}", log.display()))?;
    let program = std::env::current_exe().context("find this program")?;
    Command::new(program)
        .args(args.command_line())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("start the server")
}

/// The first line that the server prints, empty if it ends without one. Says what it is at while that takes long.
fn first_line(out: ChildStdout, log: &Path, log_before: u64, teller: &Teller) -> anyhow::Result<String> {
    loop {
        let mut ready = [PollFd::new(out.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(EXPLAIN_EVERY_MS)) {
            Ok(0) => teller.say(&format!("the server is still starting; its log ends: {}", tail(log, log_before, 1))),
            Ok(_) => break,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("wait for the server's output"),
        }
    }
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).context("read the server's output")?;
    Ok(line)
}

/// What a server said last that ended by itself: why.
fn reason(log: &str) -> Option<String> {
    log.lines().rev().find_map(|line| line.strip_prefix(ERROR_BEGINNING)).map(str::to_owned)
}

/// The last lines of a log after a position.
fn tail(path: &Path, from: u64, lines: usize) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut bytes)));
    if let Err(error) = read {
        return format!("(not readable: {error})");
    }
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_flags_that_were_given_are_compared() {
        let has = settings(&[("simulated-nodes", "1"), ("https-listen-port", "0"), ("node-name", "a")]);
        let asked = settings(&[("simulated-nodes", "0"), ("https-listen-port", "6443"), ("disable-agent", "on"), ("node-name", "b")]);
        let of = |given: &[&str]| differences(&given.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>(), &asked, &has);
        assert!(of(&[]).is_empty());
        assert_eq!(of(&["node-name", "data-dir"]), ["--node-name: a (you ask for b)"]);
        assert_eq!(of(&["disable-agent"]), ["--disable-agent: not set (you ask for on)"]);
    }

    #[test]
    fn a_server_that_ended_has_said_why() {
        assert_eq!(reason("INFO begun\nstead: listen on x: in use\n").as_deref(), Some("listen on x: in use"));
        assert_eq!(reason("INFO begun\n"), None);
    }

    #[test]
    fn any_port_is_every_port() {
        let given = ["https-listen-port".to_owned()];
        let has = settings(&[("https-listen-port", "6443")]);
        assert!(differences(&given, &settings(&[("https-listen-port", "0")]), &has).is_empty());
        assert_eq!(differences(&given, &settings(&[("https-listen-port", "7000")]), &has).len(), 1);
    }
}
