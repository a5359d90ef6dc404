//! Quantities as a real API server prints and judges them.

use super::*;
use proptest::prelude::*;

/// What came in and what came out of an API server, where no default rounds (W21).
const PRINTED: &[(&str, &str)] = &[
    ("-", "0"),
    (".5", "500m"),
    (".5Gi", "512Mi"),
    ("0", "0"),
    ("0.000", "0"),
    ("0.1", "100m"),
    ("0.10", "100m"),
    ("0.1Mi", "104857600m"),
    ("0.25", "250m"),
    ("0.5Gi", "512Mi"),
    ("00.5", "500m"),
    ("01Mi", "01Mi"),
    ("0Gi", "0"),
    ("0m", "0"),
    ("1.", "1."),
    ("1.1Gi", "1181116006400m"),
    ("1.25Ti", "1280Gi"),
    ("1.5", "1500m"),
    ("1.5Gi", "1536Mi"),
    ("1000000000", "1G"),
    ("1000000000000Ki", "976562500Mi"),
    ("1000M", "1G"),
    ("1000k", "1M"),
    ("1000m", "1"),
    ("1024", "1024"),
    ("1024Ki", "1Mi"),
    ("1024Mi", "1Gi"),
    ("1048576", "1048576"),
    ("1073741824", "1073741824"),
    ("123456789k", "123456789k"),
    ("12e6", "12e6"),
    ("1500m", "1500m"),
    ("1536Mi", "1536Mi"),
    ("16Ei", "9223372036854775807"),
    ("1E", "1E"),
    ("1E3", "1E3"),
    ("1e-1", "100e-3"),
    ("1e-3", "1e-3"),
    ("1e3", "1e3"),
    ("1e30", "1e30"),
    ("1e9", "1e9"),
    ("2.0", "2"),
    ("2E3", "2E3"),
    ("2e9", "2e9"),
    ("5.", "5."),
    ("8Ei", "9223372036854775807"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9223372036854775808"),
    ("99999999999999999999", "99999999999999999999"),
    ("Gi", "0"),
    ("+1", "+1"),
    ("-1", "-1"),
    ("512Mi", "512Mi"),
    ("1n", "1n"),
    ("0.1n", "1n"),
    ("1Ki", "1Ki"),
    ("1Pi", "1Pi"),
    ("1000", "1k"),
];

#[test]
fn prints_as_upstream() {
    for (given, printed) in PRINTED {
        assert_eq!(Quantity::parse(given).map(|q| q.to_string()).as_deref(), Ok(*printed), "{given}");
    }
}

#[test]
fn refuses_in_upstreams_words() {
    for (given, error) in [
        ("", ParseError::Format),
        ("abc", ParseError::Format),
        ("1GB", ParseError::Format),
        ("1 Gi", ParseError::Format),
        ("1.5.5", ParseError::Format),
        ("true", ParseError::Format),
        ("[]", ParseError::Format),
        ("0x10", ParseError::Format),
        ("1e", ParseError::Suffix),
        ("1ki", ParseError::Suffix),
        ("1K", ParseError::Suffix),
        ("1Mi1", ParseError::Suffix),
        ("Ei", ParseError::Numeric),
        ("-e-30", ParseError::Numeric),
    ] {
        assert_eq!(Quantity::parse(given), Err(error), "{given}");
    }
}

#[test]
fn what_is_read_can_be_read_as_it_is_printed() {
    let ones = |count: usize| format!("{}e127", "1".repeat(count));
    assert_eq!(Quantity::parse(&ones(39)), Err(ParseError::Numeric));
    let fraction = format!("{}.5G", "1".repeat(35));
    for most in [ones(38).as_str(), &fraction] {
        let most = Quantity::parse(most).unwrap();
        assert_eq!(Quantity::parse(&most.to_string()).unwrap().to_string(), most.to_string());
    }
}

#[test]
fn rounds_up_to_milli_and_whole() {
    let mut tiny = Quantity::parse("0.0001").unwrap();
    assert_eq!((tiny.milli_value_ceil(), tiny.value_ceil()), (1, 1));
    tiny.round_up(-3);
    assert_eq!(tiny.to_string(), "1m");
    assert_eq!(Quantity::parse("1e30").unwrap().value_ceil(), i64::MAX);
    assert_eq!(Quantity::parse("-1500m").unwrap().value_ceil(), -2);
    let mut kept = Quantity::parse("1e-3").unwrap();
    kept.round_up(-3);
    assert_eq!(kept.to_string(), "1e-3");
}

#[test]
fn adds_and_compares_by_value() {
    let q = |text: &str| Quantity::parse(text).unwrap();
    assert_eq!(q("1Gi").checked_add(&q("1Gi")).unwrap().to_string(), "2Gi");
    assert_eq!(Quantity::ZERO.checked_add(&q("1Gi")).unwrap().to_string(), "1Gi");
    assert_eq!(q("1").checked_sub(&q("100m")).unwrap().to_string(), "900m");
    assert_eq!(q("1000m"), q("1"));
    assert!(q("1e30") > q("1n") && q("-1e30") < q("1n") && q("1Ki") > q("1k"));
}

proptest! {
    #[test]
    fn printed_text_is_stable_and_equal(text in "[+-]?[0-9]{0,40}(\\.[0-9]{0,9})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|e[0-9]{1,3}|E-[0-9])?") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let printed = quantity.to_string();
            let again = Quantity::parse(&printed).unwrap();
            prop_assert_eq!(&again, &quantity);
            prop_assert_eq!(again.to_string(), printed);
        }
    }

    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            quantity.to_string();
            quantity.milli_value_ceil();
        }
    }
}
