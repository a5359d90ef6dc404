//! Schedules of CronJobs: five fields or a `@word`, as robfig/cron's standard parser reads them (that is what Kubernetes uses), and
//! the names of time zones. Input: text. Output: [`Schedule`], or that parser's words on what is wrong. No clock.

use crate::wire::json::go_quote;
use std::time::Duration;

/// When a CronJob is due, by the clock of its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    At(Box<Fields>),
    /// So long after the time before; whole seconds, at least one.
    Every(Duration),
}

/// The times of a schedule: bit `n` of a field stands for `n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub minutes: u64,
    pub hours: u64,
    pub days_of_month: u64,
    pub months: u64,
    /// Sunday is 0.
    pub days_of_week: u64,
    /// Which of the two fields of days say nothing (`*` or `?`). If neither does, a day of either is one.
    pub any_day_of_month: bool,
    pub any_day_of_week: bool,
}

/// What a field may say.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    min: u32,
    max: u32,
    /// Names of the numbers from `min` on.
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS_OF_MONTH: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds =
    Bounds { min: 1, max: 12, names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] };
const DAYS_OF_WEEK: Bounds = Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };
const FIELDS: usize = 5;

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
            // The zone in front is refused by whoever asks; what follows is read all the same.
            Some(rest) => match rest.split_once(' ') {
                Some((zone, rest)) if is_time_zone(zone) => rest.trim(),
                Some((zone, _)) => return Err(format!("provided bad location {zone}: unknown time zone {zone}")),
                None => "",
            },
            None => text,
        };
        if text.starts_with('@') {
            return Self::word(text);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week] = fields[..] else {
            return Err(format!("expected exactly {FIELDS} fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        let (minutes, hours) = (MINUTES.field(minutes)?, HOURS.field(hours)?);
        let (days_of_month, months) = (DAYS_OF_MONTH.field(days_of_month)?, MONTHS.field(months)?);
        Ok(Self::of([minutes, hours, days_of_month, months, DAYS_OF_WEEK.field(days_of_week)?]))
    }

    fn word(text: &str) -> Result<Self, String> {
        let any = |bounds: Bounds| bounds.all();
        let first = |bounds: Bounds| Bits { bits: 1 << bounds.min, any: false };
        let bounds = [MINUTES, HOURS, DAYS_OF_MONTH, MONTHS, DAYS_OF_WEEK];
        let with = |firsts: [bool; FIELDS]| {
            let mut fields = bounds.map(any);
            for ((field, bounds), is_first) in fields.iter_mut().zip(bounds).zip(firsts) {
                if is_first {
                    *field = first(bounds);
                }
            }
            Ok(Self::of(fields))
        };
        match text {
            "@yearly" | "@annually" => with([true, true, true, true, false]),
            "@monthly" => with([true, true, true, false, false]),
            "@weekly" => with([true, true, false, false, true]),
            "@daily" | "@midnight" => with([true, true, false, false, false]),
            "@hourly" => with([true, false, false, false, false]),
            _ => match text.strip_prefix("@every ") {
                Some(duration) => match go_duration(duration) {
                    Ok(duration) => Ok(Self::Every(Duration::from_secs(duration.as_secs().max(1)))),
                    Err(why) => Err(format!("failed to parse duration {text}: {why}")),
                },
                None => Err(format!("unrecognized descriptor: {text}")),
            },
        }
    }

    fn of([minutes, hours, days_of_month, months, days_of_week]: [Bits; FIELDS]) -> Self {
        Self::At(Box::new(Fields {
            minutes: minutes.bits,
            hours: hours.bits,
            days_of_month: days_of_month.bits,
            months: months.bits,
            days_of_week: days_of_week.bits,
            any_day_of_month: days_of_month.any,
            any_day_of_week: days_of_week.any,
        }))
    }
}

/// A field.
#[derive(Debug, Clone, Copy, Default)]
struct Bits {
    bits: u64,
    /// It says nothing.
    any: bool,
}

impl Bounds {
    fn all(self) -> Bits {
        Bits { any: true, ..self.bits(self.min, self.max, 1) }
    }

    fn bits(self, start: u32, end: u32, step: u32) -> Bits {
        let numbers = (u64::from(start)..=u64::from(end)).step_by(usize::try_from(step).unwrap_or(usize::MAX));
        Bits { bits: numbers.fold(0, |bits, number| bits | 1 << number), any: false }
    }

    /// Ranges with commas between.
    fn field(self, text: &str) -> Result<Bits, String> {
        let mut field = Bits::default();
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let range = self.range(range)?;
            field = Bits { bits: field.bits | range.bits, any: field.any || range.any };
        }
        Ok(field)
    }

    /// `N`, `N-M`, `*` or `?`, and `/STEP` after any of them.
    fn range(self, text: &str) -> Result<Bits, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let ends: Vec<&str> = parts[0].split('-').collect();
        let mut any = matches!(ends[0], "*" | "?");
        let start = if any { self.min } else { self.number(ends[0])? };
        let mut end = match ends[..] {
            _ if any => self.max,
            [_] => start,
            [_, end] => self.number(end)?,
            _ => return Err(format!("too many hyphens: {text}")),
        };
        let step = match parts[..] {
            [_] => 1,
            [_, step] => {
                let step = positive(step)?;
                // `N/STEP` goes on to the end.
                if ends.len() == 1 {
                    end = self.max;
                }
                any &= step <= 1;
                step
            }
            _ => return Err(format!("too many slashes: {text}")),
        };
        if start < self.min {
            return Err(format!("beginning of range ({start}) below minimum ({}): {text}", self.min));
        }
        if end > self.max {
            return Err(format!("end of range ({end}) above maximum ({}): {text}", self.max));
        }
        if start > end {
            return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
        }
        if step == 0 {
            return Err(format!("step of range should be a positive number: {text}"));
        }
        Ok(Bits { any, ..self.bits(start, end, step) })
    }

    fn number(self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().zip(self.min..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| positive(text), |(_, number)| Ok(number))
    }
}

fn positive(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("failed to parse int from {text}: strconv.Atoi: parsing {}: invalid syntax", go_quote(text)));
    }
    let out_of_range = || format!("failed to parse int from {text}: strconv.Atoi: parsing {}: value out of range", go_quote(text));
    let number: i64 = text.parse().map_err(|_| out_of_range())?;
    if number < 0 {
        return Err(format!("negative number ({number}) not allowed: {text}"));
    }
    // Whatever is beyond is above every maximum.
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Whether the database of time zones has that name, written like this. It is part of the program.
pub fn is_time_zone(name: &str) -> bool {
    matches!(name, "" | "UTC" | "Local") || jiff::tz::TimeZoneDatabase::bundled().available().any(|known| known.as_str() == name)
}

/// A duration as Go writes it: `1h30m`, `1.5s`.
fn go_duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {}", go_quote(text));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut total) = (unsigned, 0f64);
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "" => return Err(format!("time: missing unit in duration {}", go_quote(text))),
            "ns" => 1e-9,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            unit => return Err(format!("time: unknown unit {} in duration {}", go_quote(unit), go_quote(text))),
        };
        total += number * seconds;
        rest = &rest[letters..];
    }
    // Going backwards is as soon as it gets.
    let total = if text.starts_with('-') { 0.0 } else { total };
    Duration::try_from_secs_f64(total).map_err(|_| invalid())
}

#[cfg(test)]
mod tests;
