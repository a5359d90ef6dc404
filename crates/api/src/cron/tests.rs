//! Tests of what schedules say and of what is wrong with them.

use super::{Fields, Schedule, is_time_zone};
use std::time::Duration;

fn fields(text: &str) -> Fields {
    match Schedule::parse(text) {
        Ok(Schedule::At(fields)) => *fields,
        other => panic!("{text}: {other:?}"),
    }
}

fn bits(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, |bits, number| bits | 1 << number)
}

#[test]
fn five_fields() {
    // CJ-15
    let parsed = fields("*/15 8-10,20 1/10 jan,DEC mon-5");
    assert_eq!(parsed.minutes, bits([0, 15, 30, 45]));
    assert_eq!(parsed.hours, bits([8, 9, 10, 20]));
    assert_eq!(parsed.days_of_month, bits([1, 11, 21, 31]));
    assert_eq!(parsed.months, bits([1, 12]));
    assert_eq!(parsed.days_of_week, bits(1..=5));
    assert!(!parsed.any_day_of_month && !parsed.any_day_of_week);
    let any = fields("0 0 ? * */2");
    assert!(any.any_day_of_month && !any.any_day_of_week);
}

#[test]
fn words() {
    assert_eq!(fields("@weekly"), Fields { any_day_of_week: false, ..fields("0 0 * * 0") });
    assert_eq!(fields("@yearly"), fields("0 0 1 1 *"));
    assert_eq!(Schedule::parse("@every 1h30m"), Ok(Schedule::Every(Duration::from_secs(5400))));
    assert_eq!(Schedule::parse("@every 10ms"), Ok(Schedule::Every(Duration::from_secs(1))));
}

#[test]
fn what_is_wrong_is_said_as_upstream_says_it() {
    for (text, why) in [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
        ("@never", "unrecognized descriptor: @never"),
        ("@every 5", "failed to parse duration @every 5: time: missing unit in duration \"5\""),
        ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
    ] {
        assert_eq!(Schedule::parse(text).unwrap_err(), why, "{text}");
    }
}

#[test]
fn zones_by_their_exact_names() {
    // CJ-15
    assert!(["UTC", "Etc/UTC", "Europe/Paris", "America/New_York", "CET"].iter().all(|name| is_time_zone(name)));
    assert!(["europe/paris", "Nowhere/City", "local"].iter().all(|name| !is_time_zone(name)));
}
