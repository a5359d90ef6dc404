//! Times as texts, in UTC, and `date`. Pure but for the clock that `date` reads.

use crate::options::Options;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

const DAY_S: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second as the calendar has it.
pub struct Calendar {
    seconds: i64,
    year: i64,
    month: i64,
    day: i64,
}

impl Calendar {
    pub fn of(seconds: i64) -> Self {
        // Days are counted from the first of March of year 0, so that the leap day is a year's last.
        let days = seconds.div_euclid(DAY_S) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self { seconds, year: era * 400 + year_of_era + i64::from(month <= 2), month, day }
    }

    fn hour(&self) -> i64 {
        self.seconds.rem_euclid(DAY_S) / 3600
    }

    fn minute(&self) -> i64 {
        self.seconds.rem_euclid(3600) / 60
    }

    fn second(&self) -> i64 {
        self.seconds.rem_euclid(60)
    }

    fn weekday(&self) -> &'static str {
        WEEKDAYS[usize::try_from(self.seconds.div_euclid(DAY_S).rem_euclid(7)).unwrap_or(0)]
    }

    fn month_name(&self) -> &'static str {
        MONTHS[usize::try_from(self.month - 1).unwrap_or(0)]
    }

    /// With `%Y %m %d %H %M %S %s %F %T %a %b %e %y %j %Z %z %n %%`.
    pub fn formatted(&self, format: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            out += &match chars.next() {
                Some('Y') => format!("{:04}", self.year),
                Some('y') => format!("{:02}", self.year.rem_euclid(100)),
                Some('m') => format!("{:02}", self.month),
                Some('d') => format!("{:02}", self.day),
                Some('e') => format!("{:2}", self.day),
                Some('H') => format!("{:02}", self.hour()),
                Some('M') => format!("{:02}", self.minute()),
                Some('S') => format!("{:02}", self.second()),
                Some('s') => self.seconds.to_string(),
                Some('F') => self.formatted("%Y-%m-%d")?,
                Some('T') => self.formatted("%H:%M:%S")?,
                Some('a') => self.weekday().to_owned(),
                Some('b') => self.month_name().to_owned(),
                Some('Z') => "UTC".to_owned(),
                Some('z') => "+0000".to_owned(),
                Some('n') => "\n".to_owned(),
                Some('%') => "%".to_owned(),
                other => return Err(format!("unknown conversion %{}", other.map(String::from).unwrap_or_default())),
            };
        }
        Ok(out)
    }
}

/// `date [-u] [+FORMAT]`: the time in UTC.
#[expect(clippy::disallowed_methods, reason = "the program tells the time")]
pub fn date(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "u")?;
    let format = match options.operands.first().map(|word| word.to_string_lossy().into_owned()) {
        None => "%a %b %e %H:%M:%S %Z %Y".to_owned(),
        Some(word) => word.strip_prefix('+').ok_or("the time can only be read: +FORMAT is expected")?.to_owned(),
    };
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    crate::print_line(&Calendar::of(i64::try_from(now.as_secs()).unwrap_or(i64::MAX)).formatted(&format)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        let text = |seconds| Calendar::of(seconds).formatted("%F %T %a %b %e").unwrap();
        assert_eq!(text(0), "1970-01-01 00:00:00 Thu Jan  1");
        assert_eq!(text(951_782_399), "2000-02-28 23:59:59 Mon Feb 28");
        assert_eq!(text(951_782_400), "2000-02-29 00:00:00 Tue Feb 29");
        assert_eq!(text(1_767_323_045), "2026-01-02 03:04:05 Fri Jan  2");
        assert_eq!(text(-1), "1969-12-31 23:59:59 Wed Dec 31");
        assert!(Calendar::of(0).formatted("%q").is_err());
    }
}
