//! From text to [`Quantity`]: sign, digits, fraction, suffix; which texts count as canonical; rounding and capping.
//! Input: text. Output: a quantity or what is wrong with it.

use super::{DIGITS_MAX, Format, ParseError, Quantity, SCALE_MIN};

/// Digits that upstream's fast path takes; only its results can keep their text.
const FAST_DIGITS_MAX: i32 = 18;

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros; `0` if none are left.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    suffix: &'a str,
    /// There is no digit before the suffix.
    blank: bool,
}

pub(super) fn parse(text: &str) -> Result<Quantity, ParseError> {
    if text.is_empty() {
        return Err(ParseError::Format);
    }
    let parts = split(text)?;
    let (format, exponent) = suffix(parts.suffix).ok_or(ParseError::Suffix)?;
    let fast = is_fast(&parts, format, exponent);
    if parts.blank && !fast {
        // Upstream's fast path takes `Gi` for zero; the other one misses the number.
        return Err(ParseError::Numeric);
    }
    let digits = digits(&parts)?;
    let mut quantity = exact(&parts, digits, format, exponent)?;
    if fast && keeps_text(&parts, digits, format, exponent) || text == "0" {
        quantity.text = Some(text.into());
    }
    Ok(quantity)
}

fn split(text: &str) -> Result<Parts<'_>, ParseError> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let rest = unsigned.trim_start_matches('0');
    let whole_len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = rest.split_at(whole_len);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let letters = suffix.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    let exponent = suffix[letters..].strip_prefix(['-', '+']).unwrap_or(&suffix[letters..]);
    if !exponent.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParseError::Format);
    }
    let blank = !unsigned.starts_with('0') && whole.is_empty() && fraction.is_empty();
    Ok(Parts { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, suffix, blank })
}

/// All digits without the point.
fn digits(parts: &Parts<'_>) -> Result<i128, ParseError> {
    let mut value: i128 = 0;
    for digit in parts.whole.bytes().chain(parts.fraction.bytes()) {
        value = value.checked_mul(10).and_then(|v| v.checked_add(i128::from(digit - b'0'))).ok_or(ParseError::Numeric)?;
    }
    Ok(value)
}

/// The number itself: rounded up to nano, capped if binary.
fn exact(parts: &Parts<'_>, digits: i128, format: Format, exponent: i32) -> Result<Quantity, ParseError> {
    let fraction = i32::try_from(parts.fraction.len()).map_err(|_| ParseError::Numeric)?;
    let (mut digits, mut scale, mut format) = (digits, -fraction, format);
    if format == Format::BinarySi {
        let factor = 1i128 << exponent.clamp(0, 60);
        digits = digits.checked_mul(factor).unwrap_or(i128::MAX);
    } else {
        scale = scale.checked_add(exponent).ok_or(ParseError::Numeric)?;
    }
    let mut quantity = Quantity { digits, scale, format, text: None };
    quantity.round_up(SCALE_MIN);
    if format == Format::BinarySi {
        let max = Quantity::from_value(i64::MAX, format);
        if quantity > max {
            quantity = max;
        }
        if !quantity.is_zero() && quantity < Quantity::from_value(1, format) {
            // Powers of two cannot say less than one.
            format = Format::DecimalSi;
        }
    }
    // Printed in thousands it has up to two digits more, and is to be read again.
    let more_digits = quantity.scale.rem_euclid(3).unsigned_abs();
    if format != Format::BinarySi && quantity.digits.checked_mul(10i128.pow(more_digits)).is_none() {
        return Err(ParseError::Numeric);
    }
    quantity.format = format;
    if parts.negative {
        quantity.digits = -quantity.digits;
    }
    debug_assert!(DIGITS_MAX == i128::MAX.ilog10());
    Ok(quantity)
}

/// Whether upstream reads the text without big numbers. Only then it keeps canonical text.
fn is_fast(parts: &Parts<'_>, format: Format, exponent: i32) -> bool {
    let (whole, fraction) = (parts.whole.len() as i32, parts.fraction.len() as i32);
    match format {
        Format::BinarySi => fraction == 0 && 15 - whole - exponent * 3 / 10 > 0,
        Format::DecimalSi | Format::DecimalExponent => {
            whole + fraction <= FAST_DIGITS_MAX && exponent.saturating_sub(fraction) >= SCALE_MIN
        }
    }
}

/// Whether upstream takes the text for canonical. It looks at a few signs only, hence `+1` and `01Mi` pass.
fn keeps_text(parts: &Parts<'_>, digits: i128, format: Format, exponent: i32) -> bool {
    if format == Format::BinarySi {
        return digits & 7 != 0;
    }
    let length = parts.whole.len() + parts.fraction.len();
    let ends_in_zeros = parts.fraction.ends_with("000") || parts.fraction.len() < 3 && length >= 3 && digits % 1000 == 0;
    let scale = exponent.saturating_sub(parts.fraction.len() as i32);
    scale % 3 == 0 && !ends_in_zeros && !parts.whole.starts_with('0')
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, i32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

fn suffix(text: &str) -> Option<(Format, i32)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(suffix, _)| *suffix == text) {
        return Some((Format::DecimalSi, *exponent));
    }
    if let Some((_, exponent)) = BINARY.iter().find(|(suffix, _)| *suffix == text) {
        return Some((Format::BinarySi, *exponent));
    }
    let exponent = text.strip_prefix(['e', 'E'])?;
    Some((Format::DecimalExponent, exponent.parse().ok()?))
}

pub(super) fn decimal_suffix(exponent: i32) -> &'static str {
    DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(suffix, _)| suffix)
}

pub(super) fn binary_suffix(exponent: i32) -> &'static str {
    BINARY.iter().find(|(_, e)| *e == exponent).map_or("", |(suffix, _)| suffix)
}
