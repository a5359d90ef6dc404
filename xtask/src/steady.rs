//! Runs a program of tests and gives those that fail a second try, each alone. One that passes then has a race: it is named at the end of
//! the run, to be mended before anything else, and does not hold up what everybody else has made. One that fails again fails the run. One that
//! hangs ends it, by name.

use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// More failures than this are no race.
const SECOND_TRIES_MAX: usize = 3;

/// A program of tests that says nothing for longer hangs: no test of ours takes that long.
const SILENCE_MAX: Duration = Duration::from_secs(15 * 60);
/// Lines of a program of tests that wait to be shown.
const LINES_MAX: usize = 64;

#[derive(clap::Args)]
pub struct Args {
    /// Where to note what was unsteady
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The program of tests and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    line: Vec<OsString>,
}

/// The exit code to end with.
pub fn run(args: &Args) -> Result<i32> {
    attempt(&args.line, &args.list, SILENCE_MAX, &mut std::io::stdout())
}

/// What cargo is to be told so that it has this program run those of tests.
pub fn setting(list: &Path) -> Result<String> {
    let this = std::env::current_exe().context("find this program")?;
    Ok(format!("target.'cfg(all())'.runner = ['{}', 'steady', '--list', '{}']", this.display(), list.display()))
}

fn attempt(line: &[OsString], list: &Path, silence_max: Duration, out: &mut dyn Write) -> Result<i32> {
    let (program, rest) = line.split_first().context("a program")?;
    let (status, failed) = first_try(program, rest, silence_max, out)?;
    if status.success() || failed.is_empty() || failed.len() > SECOND_TRIES_MAX {
        return Ok(code(status));
    }
    let mut passed = Vec::new();
    for test in failed {
        writeln!(out, "\n{test} failed; once more, alone").context("say so")?;
        let again = command(program).args([test.as_str(), "--exact", "--test-threads=1"]).status().context("run the test again")?;
        if !again.success() {
            return Ok(code(again));
        }
        passed.push(test);
    }
    note(list, Path::new(program), &passed)?;
    Ok(0)
}

/// Runs all, showing what the program says as it says it; the names of the tests that failed.
#[expect(clippy::disallowed_methods, reason = "the thread ends with what it reads from, or with who listens")]
fn first_try(program: &OsString, rest: &[OsString], silence_max: Duration, out: &mut dyn Write) -> Result<(ExitStatus, Vec<String>)> {
    let mut child = command(program).args(rest).stdout(Stdio::piped()).spawn().context("start the tests")?;
    let said = BufReader::new(child.stdout.take().context("its output is piped")?);
    let (say, heard) = sync_channel(LINES_MAX);
    std::thread::spawn(move || said.split(b'\n').try_for_each(|line| say.send(line).ok()));
    let (mut failed, mut slow) = (Vec::new(), BTreeSet::new());
    loop {
        match heard.recv_timeout(silence_max) {
            Ok(line) => {
                let line = line.context("read what the tests say")?;
                let text = String::from_utf8_lossy(&line);
                failed.extend(failure(&text));
                slow.extend(slowness(&text));
                slow.retain(|test| !text.starts_with(&format!("test {test} ... ")));
                out.write_all(&line).and_then(|()| out.write_all(b"\n")).context("show what the tests say")?;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok((child.wait().context("wait for the tests")?, failed)),
            Err(RecvTimeoutError::Timeout) => {
                child.kill().context("end the tests")?;
                child.wait().context("wait for the tests")?;
                bail!("no test has ended in {} s; these have begun: {slow:?}", silence_max.as_secs());
            }
        }
    }
}

/// The test that a line of the harness says is slow.
fn slowness(line: &str) -> Option<String> {
    Some(line.trim_end().strip_prefix("test ")?.strip_suffix(" has been running for over 60 seconds")?.to_owned())
}

/// The test that a line of the harness says has failed.
fn failure(line: &str) -> Option<String> {
    let name = line.trim_end().strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.trim_end_matches(" - should panic").to_owned())
}

fn note(list: &Path, program: &Path, tests: &[String]) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).context("open the list of unsteady tests")?;
    let program = program.file_name().unwrap_or_default().display();
    tests.iter().try_for_each(|test| writeln!(file, "{program}: {test}")).context("note an unsteady test")
}

/// What a list of unsteady tests has to say at the end of a run; nothing where there are none.
pub fn verdict(noted: &str) -> Option<String> {
    let count = noted.lines().count();
    (count > 0).then(|| format!("\nUNSTEADY: {count} tests failed and passed alone; each has a race to be mended:\n{noted}"))
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

#[expect(clippy::disallowed_methods, reason = "a development task runs programs of tests")]
fn command(program: &OsString) -> Command {
    Command::new(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_names_what_failed() {
        assert_eq!(failure("test exec::a_terminal ... FAILED\n").as_deref(), Some("exec::a_terminal"));
        assert_eq!(failure("test panics - should panic ... FAILED\n").as_deref(), Some("panics"));
        assert_eq!(failure("test exec::a_terminal ... ok\n"), None);
        assert_eq!(failure("test result: FAILED. 96 passed; 1 failed"), None);
    }

    /// What becomes of a shell in the place of tests, whose second try of the test `$0` is the other script: its exit code, what was noted.
    fn tried(first: &str, second: &str) -> (i32, String) {
        let dir = tempfile::tempdir().unwrap();
        let (test, list) = (dir.path().join("test"), dir.path().join("list"));
        std::fs::write(&test, second).unwrap();
        let line = ["/bin/sh".into(), "-c".into(), first.into(), test.clone().into()];
        let code = attempt(&line, &list, SILENCE_MAX, &mut std::io::sink()).unwrap();
        (code, std::fs::read_to_string(list).unwrap_or_default().replace(&test.display().to_string(), "TEST"))
    }

    #[test]
    fn who_passes_alone_is_noted_and_who_fails_again_fails() {
        let nothing = String::new;
        assert_eq!(tried("echo \"test $0 ... ok\"", "exit 1"), (0, nothing()));
        assert_eq!(tried("echo \"test $0 ... FAILED\"; exit 101", "exit 0"), (0, "sh: TEST\n".to_owned()));
        assert_eq!(tried("echo \"test $0 ... FAILED\"; exit 101", "exit 102"), (102, nothing()));
        assert_eq!(tried("echo 'no harness'; exit 7", "exit 0"), (7, nothing()));
        assert_eq!(tried("for a in 1 2 3 4; do echo \"test $0 ... FAILED\"; done; exit 101", "exit 0"), (101, nothing()));
    }

    #[test]
    fn what_hangs_is_ended_and_named() {
        let script = "echo 'test slow has been running for over 60 seconds'; echo 'test old has been running for over 60 seconds'; \
                      echo 'test old ... ok'; exec sleep 600";
        let line: [OsString; 3] = ["/bin/sh".into(), "-c".into(), script.into()];
        let error = attempt(&line, Path::new("list"), Duration::from_secs(1), &mut std::io::sink()).unwrap_err().to_string();
        assert!(error.ends_with("these have begun: {\"slow\"}"), "{error}");
    }

    #[test]
    fn what_was_unsteady_is_said_and_nothing_else() {
        assert_eq!(verdict(""), None);
        assert!(verdict("sh: TEST\n").unwrap().contains("UNSTEADY: 1 tests"));
    }
}
