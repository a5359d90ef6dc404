//! What a reader of a log asks for (`PodLogOptions`). Pure. Input: the query and the time. Output: options, or why they cannot be read.

use super::run::Run;
use stead_api::time::Timestamp;

/// Of one log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LogOptions {
    pub run: Run,
    pub end: End,
    /// Records of that time and later.
    pub since: Option<Timestamp>,
    /// Whether lines begin with their time.
    pub timestamps: bool,
    /// So many records from the end (LOG-9).
    pub tail_lines: Option<u64>,
    pub limit_bytes: Option<u64>,
    /// `None`: both.
    pub stream: Option<Stream>,
}

/// How far a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum End {
    /// To where it ended when it was opened.
    #[default]
    Now,
    /// Until the container has ended.
    Follow,
}

/// Output of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

impl LogOptions {
    /// Names that are not known are left alone, as a kubelet does; of `sinceTime` and `sinceSeconds` the later one counts.
    pub(super) fn parse(query: &str, now: Timestamp) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let number = || value.parse::<u64>().map_err(|_| format!("{name}: {value:?} is not a number"));
            let flag = !matches!(&*value, "0" | "false");
            match &*name {
                "follow" => options.end = if flag { End::Follow } else { End::Now },
                "previous" => options.run = if flag { Run::Previous } else { Run::Newest },
                "timestamps" => options.timestamps = flag,
                "tailLines" => options.tail_lines = Some(number()?),
                "limitBytes" => options.limit_bytes = Some(number()?),
                "sinceSeconds" => {
                    let ago_us = i64::try_from(number()?).unwrap_or(i64::MAX).saturating_mul(1_000_000);
                    options.since = options.since.max(Some(Timestamp(now.0.saturating_sub(ago_us))));
                }
                "sinceTime" => {
                    let time = Timestamp::parse(&value).ok_or_else(|| format!("{name}: {value:?} is not a time"))?;
                    options.since = options.since.max(Some(time));
                }
                "stream" => options.stream = stream(&value)?,
                _ => {}
            }
        }
        Ok(options)
    }
}

fn stream(name: &str) -> Result<Option<Stream>, String> {
    match name {
        "All" => Ok(None),
        "Stdout" => Ok(Some(Stream::Stdout)),
        "Stderr" => Ok(Some(Stream::Stderr)),
        _ => Err(format!("stream: {name:?} is none of All, Stdout, Stderr")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(100_000_000);

    #[test]
    fn options_are_read_from_a_query() {
        // LOG-7
        let all = "follow=true&previous=1&timestamps=true&tailLines=0&limitBytes=5&sinceSeconds=30&stream=Stderr&pretty=1";
        let expected = LogOptions {
            run: Run::Previous,
            end: End::Follow,
            since: Some(Timestamp(70_000_000)),
            timestamps: true,
            tail_lines: Some(0),
            limit_bytes: Some(5),
            stream: Some(Stream::Stderr),
        };
        assert_eq!(LogOptions::parse(all, NOW), Ok(expected));
        assert_eq!(LogOptions::parse("follow=false&stream=All", NOW), Ok(LogOptions::default()));
    }

    #[test]
    fn the_later_of_two_beginnings_counts() {
        // LOG-7
        let since = |query| LogOptions::parse(query, NOW).unwrap().since;
        assert_eq!(since("sinceSeconds=30&sinceTime=1970-01-01T00:01:20Z"), Some(Timestamp(80_000_000)));
        assert_eq!(since("sinceTime=1970-01-01T00:01:20Z&sinceSeconds=10"), Some(Timestamp(90_000_000)));
        assert_eq!(since("sinceSeconds=9223372036854775807"), Some(Timestamp(100_000_000 - i64::MAX)));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (query, why) in [
            ("tailLines=-1", "tailLines: \"-1\" is not a number"),
            ("sinceTime=x", "sinceTime: \"x\" is not a time"),
            ("stream=Both", "stream: \"Both\" is none of All, Stdout, Stderr"),
        ] {
            assert_eq!(LogOptions::parse(query, NOW), Err(why.to_owned()));
        }
    }
}
