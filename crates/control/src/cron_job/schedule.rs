//! When a schedule is due in a time zone (CJ-2, CJ-3, CJ-14). Input: a parsed schedule and times. Output: times. Pure.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use stead_api::cron::{Fields, Schedule};
use stead_api::time::Timestamp;

/// A schedule that does not come for so many years never comes.
const YEARS_MAX: i16 = 5;
/// With more slots missed than this something is wrong with the clock or the CronJob.
const MISSED_MAX: i64 = 100;

/// A schedule in its time zone.
#[derive(Debug, Clone)]
pub struct Timetable {
    schedule: Schedule,
    zone: TimeZone,
}

/// Slots that have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub latest: Timestamp,
    pub too_many: bool,
}

impl Timetable {
    /// `Err` with what is wrong, in the words of upstream's event.
    pub fn parse(schedule: &str, zone: Option<&str>) -> Result<Self, Problem> {
        let named = |name| TimeZoneDatabase::bundled().get(name).map_err(|_| Problem::Zone(name.to_owned()));
        let zone = zone.map_or(Ok(TimeZone::UTC), named)?;
        Ok(Self { schedule: Schedule::parse(schedule).map_err(Problem::Schedule)?, zone })
    }

    /// The first slot after a time.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(delay) => {
                let delay_s = i64::try_from(delay.as_secs()).unwrap_or(i64::MAX);
                Some(Timestamp::from_seconds(after.seconds().saturating_add(delay_s)))
            }
            Schedule::At(fields) => self.next_at(fields, after.seconds()),
        }
    }

    fn next_at(&self, fields: &Fields, after_s: i64) -> Option<Timestamp> {
        let mut at_s = (after_s.div_euclid(60) + 1) * 60;
        let local = |at_s: i64| Some(self.zone.to_datetime(jiff::Timestamp::from_second(at_s).ok()?));
        let last_year = local(at_s)?.year() + YEARS_MAX;
        loop {
            let time = local(at_s)?;
            if time.year() > last_year {
                return None;
            }
            let date = time.date();
            let next_s = if !has(fields.months, time.month()) {
                self.begin_of(date.last_of_month().tomorrow().ok()?)?
            } else if !is_day(fields, date) {
                self.begin_of(date.tomorrow().ok()?)?
            } else if !has(fields.hours, time.hour()) {
                at_s + i64::from(60 - time.minute()) * 60
            } else if !has(fields.minutes, time.minute()) {
                at_s + 60
            } else {
                return Some(Timestamp::from_seconds(at_s));
            };
            // Where clocks are put back a day may begin twice.
            at_s = if next_s > at_s { next_s } else { at_s + 3600 };
        }
    }

    fn begin_of(&self, date: Date) -> Option<i64> {
        Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_second())
    }

    /// The latest slot after `since` that is not after `now`.
    pub fn missed(&self, since: Timestamp, now: Timestamp) -> Option<Missed> {
        let first = self.next(since).filter(|first| *first <= now)?;
        let mut missed = Missed { latest: first, too_many: false };
        let Some(second) = self.next(first).filter(|second| *second <= now) else { return Some(missed) };
        // As upstream estimates it: the distance of the first two stands for all.
        let distance_s = (second.seconds() - first.seconds()).max(1);
        let count = (now.seconds() - first.seconds()) / distance_s + 1;
        missed.too_many = count > MISSED_MAX;
        let mut slot = Timestamp::from_seconds(first.seconds() + (count - 2).max(0) * distance_s);
        while let Some(next) = self.next(slot).filter(|next| *next <= now) {
            slot = next;
            missed.latest = missed.latest.max(next);
        }
        Some(missed)
    }

    /// A time as this zone writes it.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let Ok(time) = jiff::Timestamp::from_second(at.seconds()) else { return at.rfc3339() };
        let offset_s = self.zone.to_offset(time).seconds();
        if offset_s == 0 {
            return at.rfc3339();
        }
        let local = self.zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let sign = if offset_s < 0 { '-' } else { '+' };
        let minutes = offset_s.abs() / 60;
        format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Why a schedule means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Zone(String),
    Schedule(String),
}

fn has(field: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|bit| field.checked_shr(bit).unwrap_or(0) & 1 == 1)
}

fn is_day(fields: &Fields, date: Date) -> bool {
    let of_month = has(fields.days_of_month, date.day());
    let of_week = has(fields.days_of_week, date.weekday().to_sunday_zero_offset());
    if fields.any_day_of_month || fields.any_day_of_week { of_month && of_week } else { of_month || of_week }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, zone: Option<&str>, after: &str) -> String {
        let table = Timetable::parse(schedule, zone).unwrap();
        let next = table.next(Timestamp::parse(after).unwrap());
        next.map(|next| table.rfc3339(next)).unwrap_or_default()
    }

    // CJ-2, CJ-15
    #[test]
    fn the_next_slot_is_after_the_last() {
        assert_eq!(next("* * * * *", None, "2026-01-01T00:00:00Z"), "2026-01-01T00:01:00Z");
        assert_eq!(next("*/15 3 * * *", None, "2026-01-01T03:45:00Z"), "2026-01-02T03:00:00Z");
        assert_eq!(next("0 0 29 2 *", None, "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00Z");
        assert_eq!(next("0 0 31 2 *", None, "2026-01-01T00:00:00Z"), "");
        assert_eq!(next("0 0 13 * 5", None, "2026-01-01T00:00:00Z"), "2026-01-02T00:00:00Z", "a Friday or the 13th");
        assert_eq!(next("@every 90s", None, "2026-01-01T00:00:00Z"), "2026-01-01T00:01:30Z");
        assert_eq!(next("0 9 * * *", Some("Europe/Berlin"), "2026-01-01T00:00:00Z"), "2026-01-01T09:00:00+01:00");
        assert_eq!(Timetable::parse("* * * * *", Some("Mars/Base")).unwrap_err(), Problem::Zone("Mars/Base".to_owned()));
    }

    // An hour that clocks skip or repeat.
    #[test]
    fn slots_around_a_change_of_clocks_come() {
        assert_eq!(next("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T12:00:00Z"), "2026-03-30T02:30:00+02:00");
        assert_eq!(next("30 2 * * *", Some("Europe/Berlin"), "2026-10-24T12:00:00Z"), "2026-10-25T02:30:00+02:00");
    }

    // CJ-3
    #[test]
    fn only_the_latest_missed_slot_counts() {
        let table = Timetable::parse("* * * * *", None).unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let missed = |now: &str| table.missed(at("2026-01-01T00:00:30Z"), at(now));
        assert_eq!(missed("2026-01-01T00:00:59Z"), None);
        assert_eq!(missed("2026-01-01T00:01:00Z"), Some(Missed { latest: at("2026-01-01T00:01:00Z"), too_many: false }));
        assert_eq!(missed("2026-01-01T01:00:05Z"), Some(Missed { latest: at("2026-01-01T01:00:00Z"), too_many: false }));
        assert_eq!(missed("2026-01-02T00:00:05Z"), Some(Missed { latest: at("2026-01-02T00:00:00Z"), too_many: true }));
    }
}
