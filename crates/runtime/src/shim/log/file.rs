//! The file of a container's log: rotated when it is full, so that no container fills the disk.
//!
//! Never drops or splits a record: what cannot be written (a full disk) is kept, and the caller stops reading meanwhile.
//! `0.log` is renamed to `0.log.20260102-150405` (UTC) and begun anew; the oldest such files are removed. They are not compressed: that would
//! hold up the containers whose output waits to be read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{TAIL_RECORDS_BYTES_MAX, tail, timestamp};
use crate::container::LogRotation;
use crate::record::to_ns;

/// Whether the records written last end a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// They do.
    Line,
    /// More of one is to come.
    Part,
}

/// The file, and what could not be written to it yet.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    rotation: LogRotation,
    file: File,
    size: u64,
    /// Size at which it is rotated: more than asked for after it could not be.
    full_at: u64,
    waiting: Vec<u8>,
    /// Seconds since 1970 in the name that was given last.
    rotated_at_s: u64,
}

impl LogFile {
    /// Opens the file, making it and its directory.
    pub fn open(path: &Path, rotation: LogRotation) -> io::Result<LogFile> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = open(path)?;
        let size = file.metadata()?.len();
        Ok(LogFile { path: path.to_owned(), rotation, file, size, full_at: rotation.bytes_max, waiting: Vec::new(), rotated_at_s: 0 })
    }

    /// Writes records, or keeps what cannot be written.
    pub fn write(&mut self, records: &[u8]) {
        if self.waiting.is_empty() {
            let written = self.write_some(records);
            self.waiting.extend_from_slice(&records[written..]);
        } else {
            self.waiting.extend_from_slice(records);
        }
    }

    /// Tries to write what was kept.
    pub fn retry(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let written = self.write_some(&waiting);
        self.waiting.extend_from_slice(&waiting[written..]);
    }

    /// Whether something is kept: then no more output should be read.
    pub fn is_stalled(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Opens the path anew, after the file was renamed.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.file = open(&self.path)?;
        self.size = self.file.metadata()?.len();
        self.full_at = self.rotation.bytes_max;
        Ok(())
    }

    /// Begins a new file if this one is full. Where that fails the old one goes on, and it is tried again when as much more has been written.
    pub fn rotate_if_full(&mut self, boundary: Boundary, now: SystemTime) -> io::Result<()> {
        let slack = if boundary == Boundary::Part { self.rotation.bytes_max / 8 } else { 0 };
        // A record that is written in part must end in the same file.
        if self.size < self.full_at + slack || self.is_stalled() {
            return Ok(());
        }
        self.full_at = self.size + self.rotation.bytes_max;
        let rotated = self.rotated_path(now);
        match fs::rename(&self.path, &rotated) {
            // Somebody took it away: a new one is begun all the same.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Err(error) = self.reopen() {
            fs::rename(&rotated, &self.path)?;
            return Err(error);
        }
        remove_oldest(&self.path, self.rotation.files_max.saturating_sub(1))
    }

    /// A name that no file has, later than all others: in a flood the second in it runs ahead of the clock.
    fn rotated_path(&mut self, now: SystemTime) -> PathBuf {
        let mut second = (to_ns(now) / 1_000_000_000).max(self.rotated_at_s + 1);
        loop {
            let path = with_suffix(&self.path, &rotation_time(second));
            if !path.exists() {
                self.rotated_at_s = second;
                return path;
            }
            second += 1;
        }
    }

    /// The end of what was written to the current file, without times and streams (CS-13).
    pub fn tail(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        let from = file.metadata()?.len().saturating_sub(TAIL_RECORDS_BYTES_MAX);
        file.seek(SeekFrom::Start(from))?;
        let mut records = Vec::new();
        file.take(TAIL_RECORDS_BYTES_MAX).read_to_end(&mut records)?;
        if from > 0 {
            // The first record may have lost its beginning.
            let first = records.iter().position(|byte| *byte == b'\n').map_or(records.len(), |end| end + 1);
            records.drain(..first);
        }
        Ok(tail(&records))
    }

    /// How much could be written before an error.
    fn write_some(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.size += written as u64;
        written
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// `20260102-150405`.
fn rotation_time(second: u64) -> String {
    let digits: String = timestamp(second * 1_000_000_000).chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{}-{}", &digits[..8], &digits[8..])
}

/// Removes rotated files of a log but the newest ones.
fn remove_oldest(path: &Path, keep: usize) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let prefix = format!("{}.", name.to_string_lossy());
    let is_time = |text: &str| {
        text.len() == 15 && text.bytes().enumerate().all(|(n, byte)| if n == 8 { byte == b'-' } else { byte.is_ascii_digit() })
    };
    let mut rotated: Vec<PathBuf> = fs::read_dir(parent)?
        .flatten()
        .filter(|entry| entry.file_name().to_str().and_then(|name| name.strip_prefix(&prefix)).is_some_and(is_time))
        .map(|entry| entry.path())
        .collect();
    rotated.sort_unstable();
    rotated.truncate(rotated.len().saturating_sub(keep));
    rotated.iter().try_for_each(|path| crate::record::unless_missing(fs::remove_file(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const SMALL: LogRotation = LogRotation { bytes_max: 100, files_max: 3 };

    /// Its files from the oldest to the newest, by name and content.
    fn files(path: &Path) -> Vec<(String, String)> {
        let mut names: Vec<String> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        // The one that is written comes last.
        names.rotate_left(1);
        names.into_iter().map(|name| (name.clone(), fs::read_to_string(path.with_file_name(name)).unwrap())).collect()
    }

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_366_245 + second)
    }

    #[test]
    fn a_full_file_is_renamed_and_the_oldest_removed() {
        // LOG-5
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogFile::open(&path, SMALL).unwrap();
        for number in 0..40 {
            log.write(format!("t stdout F {number:09}\n").as_bytes());
            log.rotate_if_full(Boundary::Line, at(0)).unwrap();
        }
        let found = files(&path);
        // Five records fill a file. Names run ahead of a clock that stands still, and stay in order.
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0.log.20260102-150411", "0.log.20260102-150412", "0.log"]);
        let text: String = found.into_iter().map(|(_, text)| text).collect();
        let numbers: Vec<u64> = text.lines().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (30..40).collect::<Vec<u64>>());
        log.write(&[b'x'; 100]);
        log.rotate_if_full(Boundary::Line, at(60)).unwrap();
        assert_eq!(files(&path)[1].0, "0.log.20260102-150505");
    }

    #[test]
    fn no_record_is_lost_between_files() {
        // LOG-4, LOG-5
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogFile::open(&path, LogRotation { files_max: 1000, ..SMALL }).unwrap();
        for number in 0..500 {
            log.write(format!("{number}\n").as_bytes());
            log.rotate_if_full(Boundary::Line, at(0)).unwrap();
        }
        let text: String = files(&path).into_iter().map(|(_, text)| text).collect();
        assert!(text.lines().map(|line| line.parse::<u64>().unwrap()).eq(0..500));
    }

    #[test]
    fn a_line_is_split_only_when_it_does_not_end() {
        // LOG-5
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogFile::open(&path, SMALL).unwrap();
        log.write(&[b'x'; 110]);
        log.rotate_if_full(Boundary::Part, at(0)).unwrap();
        assert_eq!(files(&path).len(), 1);
        log.write(&[b'x'; 10]);
        log.rotate_if_full(Boundary::Part, at(0)).unwrap();
        assert_eq!(files(&path).iter().map(|(_, text)| text.len()).collect::<Vec<_>>(), [120, 0]);
    }

    #[test]
    fn a_file_that_somebody_took_away_is_begun_anew() {
        // LOG-5
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogFile::open(&path, SMALL).unwrap();
        fs::remove_file(&path).unwrap();
        log.write(&[b'x'; 100]);
        log.rotate_if_full(Boundary::Line, at(0)).unwrap();
        log.write(b"y\n");
        assert_eq!(files(&path), [("0.log".to_owned(), "y\n".to_owned())]);
    }

    #[test]
    fn an_opened_file_s_size_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        fs::write(&path, [b'x'; 100]).unwrap();
        LogFile::open(&path, SMALL).unwrap().rotate_if_full(Boundary::Line, at(0)).unwrap();
        assert_eq!(files(&path).len(), 2);
    }

    #[test]
    fn the_end_of_a_long_log_is_found() {
        // CS-13
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = LogFile::open(&path, LogRotation::default()).unwrap();
        for number in 0..10_000 {
            log.write(format!("2026-10-30T15:12:30.120000003Z stdout F {number}\n").as_bytes());
        }
        let expected: String = (9920..10_000).map(|number| format!("{number}\n")).collect();
        assert_eq!(log.tail().unwrap(), expected);
    }
}
