//! Points in time as the API writes them, and the ages that tables print.

use crate::Value;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0 + millis * 1000)
    }
    /// `2026-01-02T03:04:05Z`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d) = civil(self.seconds().div_euclid(86_400));
        let s = self.seconds().rem_euclid(86_400);
        format!("{y:04}-{mo:02}-{d:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60)
    }
    /// `2026-01-02T03:04:05.000006Z`.
    pub fn rfc3339_micro(self) -> String {
        let mut text = self.rfc3339();
        text.pop();
        format!("{text}.{:06}Z", self.0.rem_euclid(1_000_000))
    }
    /// Parses RFC 3339 with any offset and fraction.
    pub fn parse(text: &str) -> Option<Self> {
        let format = &time::format_description::well_known::Rfc3339;
        let at = time::OffsetDateTime::parse(text, format).ok()?;
        i64::try_from(at.unix_timestamp_nanos() / 1000).ok().map(Self)
    }
}

/// Year, month, day of a day number since 1970 (Howard Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// The age cell of an object: `5m3s`, or `<unknown>` without creationTimestamp.
pub fn age(object: &Value, now: Timestamp) -> String {
    match object["metadata"]["creationTimestamp"].as_str().and_then(Timestamp::parse) {
        Some(at) => human_duration(now.seconds() - at.seconds()),
        None => "<unknown>".to_owned(),
    }
}

/// As Go writes durations of whole milliseconds: `0s`, `812ms`, `1.2s`, `1m2.5s`.
pub fn go_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    if ms == 0 {
        return "0s".to_owned();
    }
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let (hours, minutes, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let fraction = format!("{:03}", rest % 1000);
    let fraction = fraction.trim_end_matches('0');
    let seconds = if fraction.is_empty() { format!("{}s", rest / 1000) } else { format!("{}.{fraction}s", rest / 1000) };
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// Reads what Go's `time.ParseDuration` does, but no negative ones: `90s`, `1m30s`, `1.5h`, `0`.
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * factor;
        if after.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        rest = after;
    }
}

/// Upstream's `HumanDuration` of a number of seconds (C30).
pub fn human_duration(seconds: i64) -> String {
    let pair = |a: i64, au: &str, b: i64, bu: &str| if b == 0 { format!("{a}{au}") } else { format!("{a}{au}{b}{bu}") };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        s if s < -1 => "<invalid>".to_owned(),
        s if s < 0 => "0s".to_owned(),
        s if s < 120 => format!("{s}s"),
        s if s < 600 => pair(minutes, "m", s % 60, "s"),
        s if s < 3 * 3600 => format!("{minutes}m"),
        s if s < 8 * 3600 => pair(hours, "h", minutes % 60, "m"),
        s if s < 48 * 3600 => format!("{hours}h"),
        s if s < 8 * 86_400 => pair(days, "d", hours % 24, "h"),
        s if s < 2 * 365 * 86_400 => format!("{days}d"),
        s if s < 8 * 365 * 86_400 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        // IMG-6
        let text = |ms| go_duration(Duration::from_millis(ms));
        assert_eq!([text(0), text(812), text(1200), text(62_500), text(3_600_000)], ["0s", "812ms", "1.2s", "1m2.5s", "1h0m0s"]);
        assert_eq!([text(10_005), text(10_000), text(60_000), text(61_500)], ["10.005s", "10s", "1m0s", "1m1.5s"]);
    }

    #[test]
    fn durations_are_read_as_in_go() {
        let read = |text| parse_go_duration(text).map(|read| read.as_millis());
        assert_eq!([read("0"), read("90s"), read("1m30s"), read("1.5h"), read("250ms")], [0, 90_000, 90_000, 5_400_000, 250].map(Some));
        for wrong in ["", "5", "s", "1x", "-5s", "1m 30s", "1..5s", "1e400h", "99999999999999999999h"] {
            assert_eq!(parse_go_duration(wrong), None, "{wrong}");
        }
    }
}
