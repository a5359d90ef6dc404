//! From the records of a log to what its reader sees. Pure. Input: bytes of a log in CRI form, as shims write it. Output: text.

use super::options::{LogOptions, Stream};
use memchr::memchr;
use stead_api::time::Timestamp;

/// One record: `<time> <stream> <P|F> <content>`.
struct Record<'a> {
    time: &'a [u8],
    stream: Stream,
    /// It ends a line.
    ends: bool,
    content: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(record: &'a [u8]) -> Option<Self> {
        let (time, rest) = word(record)?;
        let (stream, rest) = word(rest)?;
        let (tags, content) = word(rest)?;
        let stream = match stream {
            b"stdout" => Stream::Stdout,
            b"stderr" => Stream::Stderr,
            _ => return None,
        };
        Some(Self { time, stream, ends: tags.split(|byte| *byte == b':').next() != Some(b"P"), content })
    }
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b' ', text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// Takes records one after the other.
#[derive(Debug)]
pub(super) struct Records {
    /// As records have it: nine digits, UTC. So written, times compare as text.
    since: Option<String>,
    timestamps: bool,
    stream: Option<Stream>,
    bytes_left: u64,
    at_line_start: bool,
}

impl Records {
    pub(super) fn new(options: &LogOptions) -> Self {
        Self {
            since: options.since.map(record_time),
            timestamps: options.timestamps,
            stream: options.stream,
            bytes_left: options.limit_bytes.unwrap_or(u64::MAX),
            at_line_start: true,
        }
    }

    /// Appends the text of the whole records among `bytes` to `out`, and says how many bytes those are. What is no record is left out.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let mut taken = 0;
        while let Some(end) = memchr(b'\n', &bytes[taken..]).filter(|_| !self.is_full()) {
            if let Some(record) = Record::parse(&bytes[taken..taken + end]) {
                self.show(&record, out);
            }
            taken += end + 1;
        }
        taken
    }

    /// Whether as much was given as the reader wanted.
    pub(super) fn is_full(&self) -> bool {
        self.bytes_left == 0
    }

    fn show(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let other = self.stream.is_some_and(|wanted| wanted != record.stream);
        if other || self.since.as_ref().is_some_and(|since| record.time < since.as_bytes()) {
            return;
        }
        if self.timestamps && self.at_line_start {
            self.put(record.time, out);
            self.put(b" ", out);
        }
        self.put(record.content, out);
        if record.ends {
            self.put(b"\n", out);
        }
        self.at_line_start = record.ends;
    }

    fn put(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let count = text.len().min(usize::try_from(self.bytes_left).unwrap_or(usize::MAX));
        out.extend_from_slice(&text[..count]);
        self.bytes_left -= count as u64;
    }
}

fn record_time(at: Timestamp) -> String {
    // Nothing was written before the epoch.
    let micro = Timestamp(at.0.max(0)).rfc3339_micro();
    format!("{}000Z", micro.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-10-30T15:12:30.000000001Z stdout F one\n\
                       2026-10-30T15:12:31.500000000Z stderr F two words\n\
                       2026-10-30T15:12:32.000000000Z stdout P thr\n\
                       2026-10-30T15:12:32.000000001Z stdout P:x e\n\
                       2026-10-30T15:12:32.000000002Z stdout F e\n\
                       2026-10-30T15:12:33.000000000Z stdout F \n";

    fn shown(options: &LogOptions, log: &str) -> String {
        let mut out = Vec::new();
        Records::new(options).take(log.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parts_of_a_line_are_joined() {
        // LOG-2, LOG-9
        assert_eq!(shown(&LogOptions::default(), LOG), "one\ntwo words\nthree\n\n");
        // Output that ended without a newline.
        assert_eq!(shown(&LogOptions::default(), "t stdout F a\nt stdout P b\n"), "a\nb");
    }

    #[test]
    fn records_may_come_in_any_pieces() {
        // LOG-2
        for piece in 1..LOG.len() {
            let (mut records, mut pending, mut out) = (Records::new(&LogOptions::default()), Vec::new(), Vec::new());
            for bytes in LOG.as_bytes().chunks(piece) {
                pending.extend_from_slice(bytes);
                let taken = records.take(&pending, &mut out);
                pending.drain(..taken);
            }
            assert_eq!(String::from_utf8(out).unwrap(), "one\ntwo words\nthree\n\n");
        }
    }

    #[test]
    fn a_line_begins_with_its_time_once() {
        // LOG-10
        let options = LogOptions { timestamps: true, since: Timestamp::parse("2026-10-30T15:12:32Z"), ..LogOptions::default() };
        assert_eq!(shown(&options, LOG), "2026-10-30T15:12:32.000000000Z three\n2026-10-30T15:12:33.000000000Z \n");
    }

    #[test]
    fn older_records_are_left_out() {
        // LOG-7
        let since = |time: &str| LogOptions { since: Timestamp::parse(time), ..LogOptions::default() };
        assert_eq!(shown(&since("2026-10-30T15:12:31.5Z"), LOG), "two words\nthree\n\n");
        assert_eq!(shown(&since("2026-10-30T17:12:31.500001+02:00"), LOG), "three\n\n");
        assert_eq!(shown(&LogOptions { since: Some(Timestamp(i64::MIN)), ..LogOptions::default() }, LOG).lines().count(), 4);
    }

    #[test]
    fn one_stream_can_be_had_alone() {
        // LOG-7
        let of = |stream| LogOptions { stream: Some(stream), ..LogOptions::default() };
        assert_eq!(shown(&of(Stream::Stderr), LOG), "two words\n");
        assert_eq!(shown(&of(Stream::Stdout), LOG), "one\nthree\n\n");
    }

    #[test]
    fn the_limit_cuts_within_a_line() {
        // LOG-9
        let limited = |limit| LogOptions { limit_bytes: Some(limit), ..LogOptions::default() };
        assert_eq!(shown(&limited(7), LOG), "one\ntwo");
        assert_eq!(shown(&limited(4), LOG), "one\n");
        assert_eq!(shown(&LogOptions { timestamps: true, ..limited(10) }, LOG), "2026-10-30");
        assert_eq!(shown(&limited(10_000), LOG), shown(&LogOptions::default(), LOG));
    }

    #[test]
    fn what_is_no_record_is_left_out() {
        assert_eq!(shown(&LogOptions::default(), "\nrubbish\nt stdin F x\nt stdout F\nt stdout F a\nt stdout F torn"), "a\n");
    }
}
