//! Resource quantities: `500m`, `1Gi`, `1e3`. Parses any text the API accepts, compares and adds exactly, and prints the canonical text.
//! Input: the text of a quantity. Output: numbers and text. Upstream: `k8s.io/apimachinery/pkg/api/resource`.
//!
//! A value is `digits * 10^scale`. A text that is nearly canonical is printed as it came (`+1`, `01Mi`, `1E3`), as upstream does.

mod parse;
#[cfg(test)]
mod tests;

use std::{cmp::Ordering, fmt};

/// Digits an exact value may have; `i128` holds any number of that many.
const DIGITS_MAX: u32 = 38;

/// Scale of the smallest value kept: nano.
const SCALE_MIN: i32 = -9;

/// How a quantity likes to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `1e3`
    DecimalExponent,
    /// `1k`, `100m`
    DecimalSi,
    /// `1Ki`
    BinarySi,
}

/// A text that is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// An exact decimal number with a preferred format.
#[derive(Debug, Clone)]
pub struct Quantity {
    digits: i128,
    scale: i32,
    format: Format,
    /// The text it came as, when that counts as canonical.
    text: Option<Box<str>>,
}

impl Quantity {
    pub const ZERO: Self = Self { digits: 0, scale: 0, format: Format::DecimalSi, text: None };

    /// Parses what the API accepts.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// A whole number.
    pub fn from_value(value: i64, format: Format) -> Self {
        Self { digits: value.into(), scale: 0, format, text: None }
    }

    /// A number of thousandths.
    pub fn from_milli(milli: i64, format: Format) -> Self {
        Self { digits: milli.into(), scale: -3, format, text: None }
    }

    /// Digits and scale: the value is `digits * 10^scale`.
    pub fn unscaled(&self) -> (i128, i32) {
        (self.digits, self.scale)
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn is_zero(&self) -> bool {
        self.digits == 0
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        self.digits.signum() as i32
    }

    /// The value in whole units, rounded away from zero, within `i64`.
    pub fn value_ceil(&self) -> i64 {
        self.scaled_ceil(0)
    }

    /// The value in thousandths, rounded away from zero, within `i64`.
    pub fn milli_value_ceil(&self) -> i64 {
        self.scaled_ceil(-3)
    }

    /// Whether the value is a whole number.
    pub fn is_whole(&self) -> bool {
        self.rounded(0).1
    }

    /// Rounds away from zero to a multiple of `10^scale`, as defaults do to milli (`RoundUp`).
    pub fn round_up(&mut self, scale: i32) {
        if self.scale < scale {
            self.digits = self.rounded(scale).0;
            self.scale = scale;
            self.text = None;
        }
    }

    /// The sum; `None` if it has too many digits. A zero takes the format of the other.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        let format = if self.is_zero() { other.format } else { self.format };
        let scale = self.scale.min(other.scale);
        let digits = self.digits_at(scale)?.checked_add(other.digits_at(scale)?)?;
        Some(Self { digits, scale, format, text: None })
    }

    /// The difference; `None` if it has too many digits.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let negated = Self { digits: other.digits.checked_neg()?, scale: other.scale, format: other.format, text: None };
        self.checked_add(&negated)
    }

    fn scaled_ceil(&self, scale: i32) -> i64 {
        let limit = if self.digits < 0 { i64::MIN } else { i64::MAX };
        let digits = if self.scale < scale { Some(self.rounded(scale).0) } else { self.digits_at(scale) };
        digits.and_then(|digits| i64::try_from(digits).ok()).unwrap_or(limit)
    }

    /// The digits at a smaller or equal scale.
    fn digits_at(&self, scale: i32) -> Option<i128> {
        if self.digits == 0 {
            return Some(0);
        }
        let up = u32::try_from(self.scale.checked_sub(scale)?).ok()?;
        self.digits.checked_mul(10i128.checked_pow(up)?)
    }

    /// The digits at a scale, rounded away from zero, and whether nothing was lost.
    fn rounded(&self, scale: i32) -> (i128, bool) {
        let Some(down) = scale.checked_sub(self.scale).and_then(|down| u32::try_from(down).ok()) else {
            return (self.digits_at(scale).unwrap_or(self.digits), true);
        };
        match 10i128.checked_pow(down) {
            Some(unit) => {
                let rest = self.digits % unit;
                (self.digits / unit + rest.signum(), rest == 0)
            }
            None => (self.digits.signum(), self.digits == 0),
        }
    }

    /// Number and suffix of the canonical text.
    fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        let mut format = self.format;
        if format == Format::BinarySi {
            let (whole, exact) = self.rounded(0);
            // Small and broken values would lose precision in powers of two.
            if exact && !(-1023..=1023).contains(&whole) {
                return binary_text(whole);
            }
            format = Format::DecimalSi;
        }
        let (mut digits, mut exponent) = (self.digits, self.scale);
        while digits % 10 == 0 {
            digits /= 10;
            exponent += 1;
        }
        let mut zeros = exponent.rem_euclid(3);
        exponent -= zeros;
        if format == Format::DecimalExponent {
            let suffix = if exponent == 0 { String::new() } else { format!("e{exponent}") };
            return format!("{digits}{:0<width$}{suffix}", "", width = zeros as usize);
        }
        // No suffix is larger than E and none smaller than n.
        if exponent > 18 {
            zeros += exponent - 18;
            exponent = 18;
        }
        format!("{digits}{:0<width$}{}", "", parse::decimal_suffix(exponent), width = zeros as usize)
    }
}

fn binary_text(mut whole: i128) -> String {
    let mut exponent = 0;
    while whole % 1024 == 0 && exponent < 60 {
        whole /= 1024;
        exponent += 10;
    }
    format!("{whole}{}", parse::binary_suffix(exponent))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.canonical()),
        }
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.digits.signum().cmp(&other.digits.signum());
        if by_sign != Ordering::Equal || self.digits == 0 {
            return by_sign;
        }
        let scale = self.scale.min(other.scale);
        match (self.digits_at(scale), other.digits_at(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Only the one of the larger scale can overflow, and it is then the larger number.
            (None, _) => {
                if self.digits > 0 {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (_, None) => {
                if self.digits > 0 {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By value: `1000m` equals `1`.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}
