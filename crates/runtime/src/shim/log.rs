//! A container's log: its output, cut into lines, in the form that CRI log readers know.
//!
//! `<RFC 3339 time> <stdout|stderr> <P|F> <content>`: F ends a line, P is a part of one (it was longer than 16 KiB, or the output ended
//! without a newline). Nothing is ever dropped: what cannot be written (a full disk) is kept, and the caller stops reading meanwhile.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::record::to_ns;

/// Longest content of one log line, in bytes.
pub const PART_BYTES_MAX: usize = 16 * 1024;

/// Which output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// Output of one stream that has no end of line yet.
#[derive(Debug)]
pub struct LineBuffer {
    stream: Stream,
    pending: Vec<u8>,
}

impl LineBuffer {
    /// An empty one.
    pub fn new(stream: Stream) -> LineBuffer {
        LineBuffer { stream, pending: Vec::new() }
    }

    /// Takes output read at `now`, and appends what is whole to `out`.
    pub fn push(&mut self, mut bytes: &[u8], now: SystemTime, out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let room = PART_BYTES_MAX - self.pending.len();
            match bytes.iter().take(room + 1).position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.pending.extend_from_slice(&bytes[..end]);
                    bytes = &bytes[end + 1..];
                    self.emit(now, 'F', out);
                }
                None if bytes.len() <= room => {
                    self.pending.extend_from_slice(bytes);
                    bytes = &[];
                }
                None => {
                    self.pending.extend_from_slice(&bytes[..room]);
                    bytes = &bytes[room..];
                    self.emit(now, 'P', out);
                }
            }
        }
    }

    /// The output has ended: what is left is a part without an end.
    pub fn finish(&mut self, now: SystemTime, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            self.emit(now, 'P', out);
        }
    }

    fn emit(&mut self, now: SystemTime, tag: char, out: &mut Vec<u8>) {
        out.extend_from_slice(timestamp(to_ns(now)).as_bytes());
        out.extend_from_slice(format!(" {} {tag} ", self.stream.name()).as_bytes());
        out.append(&mut self.pending);
        out.push(b'\n');
    }
}

/// RFC 3339 with nine digits, UTC.
pub fn timestamp(ns: u64) -> String {
    let (seconds, fraction) = (ns / 1_000_000_000, ns % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days to a date of the Gregorian calendar, in years that begin in March so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

/// The file, and what could not be written to it yet.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    waiting: Vec<u8>,
}

impl LogFile {
    /// Opens the file, making it and its directory.
    pub fn open(path: &Path) -> io::Result<LogFile> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(LogFile { path: path.to_owned(), file: open(path)?, waiting: Vec::new() })
    }

    /// Writes lines, or keeps what cannot be written.
    pub fn write(&mut self, lines: &[u8]) {
        if self.waiting.is_empty() {
            let written = write_some(&mut self.file, lines);
            self.waiting.extend_from_slice(&lines[written..]);
        } else {
            self.waiting.extend_from_slice(lines);
        }
    }

    /// Tries to write what was kept.
    pub fn retry(&mut self) {
        let written = write_some(&mut self.file, &self.waiting);
        self.waiting.drain(..written);
    }

    /// Whether something is kept: then no more output should be read.
    pub fn is_stalled(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Opens the path anew, after the file was renamed.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.file = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

/// How much could be written before an error.
fn write_some(file: &mut File, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn at() -> SystemTime {
        UNIX_EPOCH + Duration::new(1_793_373_150, 120_000_003)
    }

    fn lines(buffer: &mut LineBuffer, bytes: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        buffer.push(bytes, at(), &mut out);
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn dates() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(timestamp(951_782_400_000_000_001), "2000-02-29T00:00:00.000000001Z");
        assert_eq!(timestamp(1_793_373_150_120_000_003), "2026-10-30T15:12:30.120000003Z");
        assert_eq!(timestamp(4_102_444_799_999_999_999), "2099-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn lines_appear_when_they_end() {
        // LOG-2
        let mut buffer = LineBuffer::new(Stream::Stdout);
        assert!(lines(&mut buffer, b"he").is_empty());
        assert_eq!(
            lines(&mut buffer, b"llo\n\nx"),
            ["2026-10-30T15:12:30.120000003Z stdout F hello", "2026-10-30T15:12:30.120000003Z stdout F "]
        );
        let mut out = Vec::new();
        buffer.finish(at(), &mut out);
        assert_eq!(out, b"2026-10-30T15:12:30.120000003Z stdout P x\n");
    }

    #[test]
    fn long_lines_are_cut() {
        // LOG-2
        let mut buffer = LineBuffer::new(Stream::Stderr);
        let mut text = vec![b'a'; 2 * PART_BYTES_MAX + 5];
        text.push(b'\n');
        let found = lines(&mut buffer, &text);
        let shape: Vec<(String, usize)> = found
            .iter()
            .map(|line| {
                let mut parts = line.splitn(4, ' ');
                (parts.nth(2).unwrap().to_owned(), parts.next().unwrap().len())
            })
            .collect();
        assert_eq!(shape, [("P".into(), PART_BYTES_MAX), ("P".into(), PART_BYTES_MAX), ("F".into(), 5)]);
        let mut exact = vec![b'b'; PART_BYTES_MAX];
        exact.push(b'\n');
        let found = lines(&mut buffer, &exact);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains(" stderr F bbb"));
    }
}
