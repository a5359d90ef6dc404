//! Syntax errors in Go's words, and reading what passed.

use super::*;
use proptest::prelude::*;

#[test]
fn first_syntax_error_in_go_words() {
    for (text, error) in [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("{\"a\": \"", "unexpected end of JSON input"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ("\u{a0}{}", "invalid character 'Â' looking for beginning of value"),
        ("\0{}", "invalid character '\\x00' looking for beginning of value"),
        ("{}{", "invalid character '{' after top-level value"),
        ("{\"a\":01}", "invalid character '1' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("-a", "invalid character 'a' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("\"\\q\"", "invalid character 'q' in string escape code"),
        ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
    ] {
        assert_eq!(check(text.as_bytes()), Err(error.to_owned()), "{text}");
    }
    for text in ["{}", " [ ] ", "{\"a\":{\"b\":[1,-0.5e+3,null,true]}}", "\"x\"", "0"] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(check("[".repeat(10_001).as_bytes()), Err("invalid character '[' exceeded max depth".into()));
    assert_eq!(check(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).as_bytes()), Ok(()));
}

#[test]
fn strings_are_unquoted() {
    assert_eq!(unquote(br#""a\u003c\n\ud83d\ude00\ud800x""#), "a<\n😀\u{fffd}x");
}

proptest! {
    #[test]
    fn agrees_with_serde(text in "[\\[\\]{}:,\"0-9eE.truefalsn\\\\ +-]{0,40}") {
        let ours = check(text.as_bytes()).is_ok();
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn skips_exactly_one_value(text in "[\\[\\]{}:,\"0-9a ]{0,40}") {
        if check(text.as_bytes()).is_ok() {
            let start = skip_space(text.as_bytes(), 0);
            prop_assert_eq!(skip_space(text.as_bytes(), skip_value(text.as_bytes(), start)), text.len());
        }
    }
}
