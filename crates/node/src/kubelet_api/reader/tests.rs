//! Logs of several files, read while they are written and rotated.

use super::*;
use std::io::Write;

fn record(content: &str) -> String {
    format!("2026-10-30T15:12:30.000000001Z stdout F {content}\n")
}

/// A log in a directory of its own, written as a shim does.
struct Log {
    dir: tempfile::TempDir,
    rotations: u32,
}

impl Log {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), rotations: 0 }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("0.log")
    }

    fn append(&self, text: &str) {
        File::options().append(true).create(true).open(self.path()).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn print(&self, lines: std::ops::Range<u32>) {
        self.append(&lines.map(|line| record(&line.to_string())).collect::<String>());
    }

    fn rotate(&mut self) {
        self.rotations += 1;
        fs::rename(self.path(), self.dir.path().join(format!("0.log.20260102-1504{:02}", self.rotations))).unwrap();
    }

    fn open(&self, options: &LogOptions) -> LogReader {
        LogReader::open(Some(self.path()), options).unwrap()
    }

    /// All that a reader without following gets.
    fn read(&self, options: &LogOptions) -> String {
        let mut reader = self.open(options);
        let text = now(&mut reader);
        assert_eq!(reader.read().unwrap(), Progress::End);
        text
    }
}

/// What can be read now.
fn now(reader: &mut LogReader) -> String {
    let mut text = Vec::new();
    while let Progress::Text(piece) = reader.read().unwrap() {
        text.extend(piece);
    }
    String::from_utf8(text).unwrap()
}

fn lines(lines: std::ops::Range<u32>) -> String {
    lines.map(|line| format!("{line}\n")).collect()
}

fn tail(count: u64) -> LogOptions {
    LogOptions { tail_lines: Some(count), ..LogOptions::default() }
}

fn follow() -> LogOptions {
    LogOptions { end: End::Follow, ..LogOptions::default() }
}

#[test]
fn rotated_files_come_first() {
    // LOG-8
    let mut log = Log::new();
    log.print(0..10);
    log.rotate();
    log.print(10..15);
    log.rotate();
    log.print(15..20);
    fs::write(log.dir.path().join("1.log"), record("another run")).unwrap();
    assert_eq!(log.read(&LogOptions::default()), lines(0..20));
}

#[test]
fn the_tail_goes_back_over_files() {
    // LOG-9
    let mut log = Log::new();
    log.print(0..10);
    log.rotate();
    log.print(10..15);
    for (count, from) in [(0, 15), (1, 14), (5, 10), (6, 9), (14, 1), (15, 0), (16, 0), (u64::MAX, 0)] {
        assert_eq!(log.read(&tail(count)), lines(from..15), "the last {count}");
    }
    log.rotate();
    log.append("");
    assert_eq!(log.read(&tail(3)), lines(12..15), "the newest file is empty");
}

#[test]
fn the_tail_of_a_long_log_is_found() {
    // LOG-9
    let log = Log::new();
    log.print(0..20_000);
    assert_eq!(log.read(&tail(7_000)), lines(13_000..20_000));
    assert_eq!(log.read(&LogOptions::default()), lines(0..20_000));
}

#[test]
fn parts_of_a_line_count_as_the_records_that_they_are() {
    // LOG-9
    let log = Log::new();
    log.append("t stdout F a\nt stdout P b\nt stdout F c\n");
    assert_eq!(log.read(&tail(1)), "c\n");
    assert_eq!(log.read(&tail(2)), "bc\n");
}

#[test]
fn what_is_written_later_belongs_to_no_reader_that_does_not_follow() {
    let mut log = Log::new();
    log.print(0..3);
    let mut reader = log.open(&LogOptions::default());
    log.print(3..6);
    log.rotate();
    log.print(6..9);
    assert_eq!(now(&mut reader), lines(0..3));
}

#[test]
fn a_follower_goes_on_over_rotations() {
    // LOG-11
    let mut log = Log::new();
    log.print(0..3);
    let mut reader = log.open(&LogOptions { tail_lines: Some(1), ..follow() });
    assert_eq!(now(&mut reader), lines(2..3));
    log.append("2026-10-30T15:12:30.000000001Z stdout F ");
    assert_eq!(reader.read().unwrap(), Progress::Idle, "a record without its end");
    log.append("3\n");
    log.rotate();
    assert_eq!(now(&mut reader), lines(3..4), "written before the rotation, read after it");
    log.print(4..6);
    log.rotate();
    log.print(6..8);
    log.rotate();
    log.print(8..9);
    assert_eq!(now(&mut reader), lines(4..9), "several rotations between two looks");
    assert_eq!(reader.read().unwrap(), Progress::Idle);
}

#[test]
fn a_follower_that_was_overtaken_goes_on_with_what_is_kept() {
    // LOG-5
    let mut log = Log::new();
    log.print(0..3);
    let mut reader = log.open(&follow());
    assert_eq!(now(&mut reader), lines(0..3));
    log.rotate();
    log.print(3..6);
    log.rotate();
    log.print(6..9);
    fs::remove_file(log.dir.path().join("0.log.20260102-150401")).unwrap();
    assert_eq!(now(&mut reader), lines(3..9));
}

#[test]
fn a_log_that_is_not_there_is_empty() {
    let log = Log::new();
    assert_eq!(log.read(&tail(1)), "");
    let mut reader = log.open(&follow());
    assert_eq!(reader.read().unwrap(), Progress::Idle);
    log.print(0..2);
    assert_eq!(now(&mut reader), lines(0..2));
    assert_eq!(LogReader::open(None, &LogOptions::default()).unwrap().read().unwrap(), Progress::End);
    assert_eq!(LogReader::open(None, &follow()).unwrap().read().unwrap(), Progress::Idle);
}

#[test]
fn the_limit_ends_a_follower() {
    // LOG-9
    let log = Log::new();
    log.print(0..3);
    let mut reader = log.open(&LogOptions { limit_bytes: Some(3), ..follow() });
    assert_eq!(now(&mut reader), "0\n1");
    assert_eq!(reader.read().unwrap(), Progress::End);
}

#[test]
fn a_piece_is_bounded() {
    let log = Log::new();
    log.print(0..50_000);
    let mut reader = log.open(&LogOptions::default());
    let Progress::Text(text) = reader.read().unwrap() else { panic!("nothing was read") };
    assert!(text.len() as u64 <= PIECE_BYTES_MAX);
    // A file that is no log is not gathered up.
    log.append(&"x".repeat(4 << 20));
    let mut reader = log.open(&tail(0));
    assert_eq!(now(&mut reader), "");
    assert!(reader.pending.capacity() as u64 <= 4 * PIECE_BYTES_MAX);
}
