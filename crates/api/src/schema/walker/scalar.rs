//! Scalars with a text form of their own: times. Input: text as a client sent it. Output: a point in time, or Go's error text.

use crate::time::Timestamp;

/// Parses a `Time` (any fraction) as Go's `time.Parse` does; `None` is the zero time.
pub(super) fn time(text: &str) -> Result<Option<Timestamp>, String> {
    parse("2006-01-02T15:04:05Z07:00", text)
}

/// Parses a `MicroTime`: six fraction digits are required.
pub(super) fn micro_time(text: &str) -> Result<Option<Timestamp>, String> {
    parse("2006-01-02T15:04:05.000000Z07:00", text)
}

/// The elements of the layouts in order, with the largest value allowed of numbers and what Go calls them.
const ELEMENTS: [(&str, i64, &str); 11] = [
    ("2006", 9999, ""),
    ("-", 0, ""),
    ("01", 12, "month"),
    ("-", 0, ""),
    ("02", 31, "day"),
    ("T", 0, ""),
    ("15", 23, "hour"),
    (":", 0, ""),
    ("04", 59, "minute"),
    (":", 0, ""),
    ("05", 59, "second"),
];

fn parse(layout: &str, text: &str) -> Result<Option<Timestamp>, String> {
    let quoted = crate::wire::json::go_quote(text);
    let cannot = |rest: &str, element: &str| {
        format!("parsing time {quoted} as \"{layout}\": cannot parse {} as \"{element}\"", crate::wire::json::go_quote(rest))
    };
    let out_of_range = |what: &str| format!("parsing time {quoted}: {what} out of range");
    let mut rest = text;
    let mut numbers = Vec::with_capacity(6);
    for (element, max, name) in ELEMENTS {
        if !element.starts_with(|c: char| c.is_ascii_digit()) {
            rest = rest.strip_prefix(element).ok_or_else(|| cannot(rest, element))?;
            continue;
        }
        let (number, tail) = digits(rest, element.len()).ok_or_else(|| cannot(rest, element))?;
        if number > max || name == "month" && number == 0 {
            return Err(out_of_range(name));
        }
        numbers.push(number);
        rest = tail;
    }
    let mut micros = 0;
    if layout.contains(".000000") {
        let fraction = rest.strip_prefix(['.', ',']).and_then(|tail| digits(tail, 6));
        (micros, rest) = fraction.ok_or_else(|| cannot(rest, ".000000"))?;
    } else if let Some((fraction, tail)) = fraction(rest) {
        (micros, rest) = (fraction, tail);
    }
    let (offset_s, rest) = offset(rest).ok_or_else(|| cannot(rest, "Z07:00"))?;
    if !rest.is_empty() {
        return Err(format!("parsing time {quoted}: extra text: {}", crate::wire::json::go_quote(rest)));
    }
    let [year, month, day, hour, minute, second] = numbers[..] else { return Err(cannot(rest, "2006")) };
    if day < 1 || day > days_in(month, year) {
        return Err(out_of_range("day"));
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_s;
    let at = Timestamp(seconds * 1_000_000 + micros);
    // The zero time is the year 1.
    Ok((at.0 != days_since_1970(1, 1, 1) * 86_400_000_000).then_some(at))
}

/// A number of exactly that many digits, and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let number = text.get(..count).filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    Some((number.parse().ok()?, &text[count..]))
}

/// A fraction of any length as microseconds, and the rest.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let tail = text.strip_prefix(['.', ','])?;
    let count = tail.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return None;
    }
    let micros = tail.bytes().chain(std::iter::repeat(b'0')).take(6.min(count)).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
    let scale = 10i64.pow(6 - count.min(6) as u32);
    Some((micros * scale, &tail[count..]))
}

/// `Z` or `+07:00` in seconds, and the rest.
fn offset(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&text[1..], 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (hours <= 24 && minutes <= 60).then_some((sign * (hours * 3600 + minutes * 60), rest))
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Day number (Howard Hinnant's algorithm).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}
