//! A container's log: its output, cut into lines, in the form that CRI log readers know.
//!
//! `<RFC 3339 time> <stdout|stderr> <P|F> <content>`: F ends a line, P is a part of one (it was longer than 16 KiB, or the output ended
//! without a newline). Pure; the file is `file`'s.

mod file;

pub use self::file::{Boundary, LogFile};

use std::time::SystemTime;

use crate::record::to_ns;

/// Longest content of one record, in bytes.
const PART_BYTES_MAX: usize = 16 * 1024;
/// Records and bytes of a log's end that are told of a container that failed.
const TAIL_RECORDS_MAX: usize = 80;
const TAIL_BYTES_MAX: usize = 2048;
/// As much of a file as these can be in: so many records, of which the first may have the longest content.
const TAIL_RECORDS_BYTES_MAX: u64 = 32 * 1024;

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
    /// Of what was emitted last.
    boundary: Boundary,
}

impl LineBuffer {
    /// An empty one.
    pub fn new(stream: Stream) -> LineBuffer {
        LineBuffer { stream, pending: Vec::new(), boundary: Boundary::Line }
    }

    /// Takes output read at `now`, and appends what is whole to `out`. A line ends with `\n` or, as a terminal writes it, `\r\n`.
    pub fn push(&mut self, mut bytes: &[u8], now: SystemTime, out: &mut Vec<u8>) {
        let time = timestamp(to_ns(now));
        while !bytes.is_empty() {
            let room = PART_BYTES_MAX - self.pending.len();
            match bytes.iter().take(room + 1).position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.pending.extend_from_slice(&bytes[..end]);
                    bytes = &bytes[end + 1..];
                    self.pending.pop_if(|byte| *byte == b'\r');
                    self.emit(&time, Boundary::Line, out);
                }
                None if bytes.len() <= room => {
                    self.pending.extend_from_slice(bytes);
                    bytes = &[];
                }
                None => {
                    self.pending.extend_from_slice(&bytes[..room]);
                    bytes = &bytes[room..];
                    self.emit(&time, Boundary::Part, out);
                }
            }
        }
    }

    /// The output has ended: what is left is a part without an end.
    pub fn finish(&mut self, now: SystemTime, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            self.emit(&timestamp(to_ns(now)), Boundary::Part, out);
        }
        self.boundary = Boundary::Line;
    }

    /// Whether more is to come of the line that was last given out.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    fn emit(&mut self, time: &str, boundary: Boundary, out: &mut Vec<u8>) {
        let tag = match boundary {
            Boundary::Line => " F ",
            Boundary::Part => " P ",
        };
        for text in [time, " ", self.stream.name(), tag] {
            out.extend_from_slice(text.as_bytes());
        }
        out.append(&mut self.pending);
        out.push(b'\n');
        self.boundary = boundary;
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

/// The end of a log, without times and streams (CS-13); `records` are whole.
pub fn tail(records: &[u8]) -> String {
    let records: Vec<&[u8]> = records.split_inclusive(|byte| *byte == b'\n').collect();
    let mut text = Vec::new();
    for record in &records[records.len().saturating_sub(TAIL_RECORDS_MAX)..] {
        let mut parts = record.strip_suffix(b"\n").unwrap_or(record).splitn(4, |byte| *byte == b' ').skip(2);
        let (tag, content) = (parts.next(), parts.next().unwrap_or_default());
        text.extend_from_slice(content);
        if tag == Some(b"F") {
            text.push(b'\n');
        }
    }
    let cut = &text[text.len().saturating_sub(TAIL_BYTES_MAX)..];
    // Not in the middle of a character.
    let start = cut.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    String::from_utf8_lossy(&cut[start..]).into_owned()
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

    // LOG-3
    #[test]
    fn a_line_of_a_terminal_is_logged_without_its_carriage_return() {
        let mut buffer = LineBuffer::new(Stream::Stdout);
        let mut out = Vec::new();
        buffer.push(b"one\r", UNIX_EPOCH, &mut out);
        buffer.push(b"\n\r\na\rb\r\r\n", UNIX_EPOCH, &mut out);
        assert_eq!(tail(&out), "one\n\na\rb\r\n");
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
        assert_eq!(buffer.boundary(), Boundary::Line);
        let mut exact = vec![b'b'; PART_BYTES_MAX];
        exact.push(b'\n');
        let found = lines(&mut buffer, &exact);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains(" stderr F bbb"));
    }
    #[test]
    fn a_part_has_more_to_come() {
        // LOG-5
        let mut buffer = LineBuffer::new(Stream::Stdout);
        lines(&mut buffer, &[b'a'; PART_BYTES_MAX + 1]);
        assert_eq!(buffer.boundary(), Boundary::Part);
        buffer.finish(at(), &mut Vec::new());
        assert_eq!(buffer.boundary(), Boundary::Line);
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines_and_bytes() {
        // CS-13
        assert_eq!(tail(b""), "");
        assert_eq!(tail(b"t stdout F one two\nt stderr P three\nt stderr F  four\nt stdout F \n"), "one two\nthree four\n\n");
        let many: String = (0..100).map(|number| format!("t stdout F {number}\n")).collect();
        let expected: String = (20..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(tail(many.as_bytes()), expected);
        let long = format!("t stdout F {}\n", "\u{e9}".repeat(5000));
        assert_eq!(tail(long.as_bytes()), "\u{e9}".repeat(1023) + "\n");
    }
}
