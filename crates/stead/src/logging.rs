//! The log: to standard error, never the reason that anything ends. Lines that cannot be written are counted and the count is said later.
//!
//! A server that `stead up` started has `DATA_DIR/server.log` as its standard error; that file is kept below a size by rotation.

use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The log is set aside when it is this large.
const LOG_MAX: u64 = 10 << 20;
/// Logs that were set aside and are kept: `server.log.1` is the newest.
const LOGS_KEPT_MAX: u32 = 3;

/// The log of a background server.
pub fn server_log(data_dir: &Path) -> PathBuf {
    data_dir.join("server.log")
}

/// Whether a file of a data directory is that log, or one that was set aside.
pub fn is_server_log(name: &str) -> bool {
    let log = server_log(Path::new(""));
    Path::new(name) == log || (1..=LOGS_KEPT_MAX).any(|n| Path::new(name) == aside(&log, n))
}

/// Starts the log of a server, whose standard error may be the file at `log`. `STEAD_LOG` filters (`stead_node=debug` for one part).
pub fn start_server(log: &Path) -> anyhow::Result<()> {
    start("info", Rotation::of_stderr(log))
}

/// Starts the log of another verb, which prints what it does by itself.
pub fn start_verb() -> anyhow::Result<()> {
    start("warn", None)
}

fn start(default_filter: &str, rotation: Option<Rotation>) -> anyhow::Result<()> {
    let filter = filter(default_filter)?;
    let ansi = io::IsTerminal::is_terminal(&io::stderr());
    let log = Log(Mutex::new(Lines { out: Stderr { rotation }, lost: 0 }));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).with_ansi(ansi).log_internal_errors(false).init();
    Ok(())
}

fn filter(default: &str) -> anyhow::Result<EnvFilter> {
    #[expect(clippy::disallowed_methods, reason = "the log begins before anything is configured")]
    let text = std::env::var("STEAD_LOG").unwrap_or_default();
    let text = if text.is_empty() { default } else { &text };
    EnvFilter::try_new(text).with_context(|| format!("STEAD_LOG={text:?} is no filter such as info or stead_node=debug"))
}

/// One writer for all threads.
struct Log<W>(Mutex<Lines<W>>);

impl<'a, W: Write + 'a> MakeWriter<'a> for Log<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Line<'a, W> {
        Line(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The right to write a line.
struct Line<'a, W>(MutexGuard<'a, Lines<W>>);

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines whole or not at all, and never fails.
struct Lines<W> {
    out: W,
    lost: u64,
}

impl<W: Write> Lines<W> {
    fn write_line(&mut self, line: &[u8]) {
        if self.lost > 0 {
            let said = format!("{} lines of the log are missing here: they could not be written\n", self.lost);
            if self.out.write_all(said.as_bytes()).is_err() {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if self.out.write_all(line).is_err() {
            self.lost += 1;
        }
    }
}

/// Standard error, and its rotation if it is a file of ours.
struct Stderr {
    rotation: Option<Rotation>,
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = io::stderr().write(bytes)?;
        if let Some(rotation) = &mut self.rotation
            && rotation.is_due_after(written)
        {
            // If it fails, the log goes on in the file it has.
            rotate(&rotation.path).and_then(|new| nix::unistd::dup2_stderr(new).map_err(Into::into)).ok();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// When a log file is set aside.
struct Rotation {
    path: PathBuf,
    size: u64,
}

impl Rotation {
    /// If standard error is that file.
    fn of_stderr(path: &Path) -> Option<Self> {
        let (file, stderr) = (std::fs::metadata(path).ok()?, std::fs::metadata("/proc/self/fd/2").ok()?);
        let same = file.is_file() && (file.dev(), file.ino()) == (stderr.dev(), stderr.ino());
        same.then(|| Self { path: path.to_owned(), size: file.len() })
    }

    fn is_due_after(&mut self, written: usize) -> bool {
        self.size += written as u64;
        let due = self.size > LOG_MAX;
        if due {
            self.size = 0;
        }
        due
    }
}

/// Where the `n`th newest log that was set aside is.
fn aside(path: &Path, n: u32) -> PathBuf {
    path.with_extension(format!("log.{n}"))
}

/// Sets the log aside, forgets the oldest one, and opens a new one.
fn rotate(path: &Path) -> io::Result<File> {
    for n in (1..LOGS_KEPT_MAX).rev() {
        match std::fs::rename(aside(path, n), aside(path, n + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match std::fs::rename(path, aside(path, 1)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => open(path),
    }
}

/// Opens a log to append to it.
pub fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that is full for some writes.
    struct Disk {
        full: bool,
        text: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.text.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_lines_and_nothing_else() {
        let log = Log(Mutex::new(Lines { out: Disk { full: true, text: Vec::new() }, lost: 0 }));
        for _ in 0..3 {
            log.make_writer().write_all(b"lost\n").unwrap();
        }
        log.make_writer().0.out.full = false;
        log.make_writer().write_all(b"written\n").unwrap();
        let text = String::from_utf8(log.make_writer().0.out.text.clone()).unwrap();
        assert_eq!(text, "3 lines of the log are missing here: they could not be written\nwritten\n");
    }

    #[test]
    fn a_log_is_rotated_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = server_log(dir.path());
        for n in 0..6 {
            std::fs::write(&path, format!("{n}")).unwrap();
            rotate(&path).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_else(|_| "none".to_owned());
        assert_eq!(["server.log", "server.log.1", "server.log.2", "server.log.3", "server.log.4"].map(read), ["", "5", "4", "3", "none"]);
        let mut rotation = Rotation { path, size: LOG_MAX - 1 };
        assert!(!rotation.is_due_after(1));
        assert!(rotation.is_due_after(1));
        assert!(!rotation.is_due_after(1));
    }
}
