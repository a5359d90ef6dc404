//! Tests of YAML answers (N2).

use super::encode;
use stead_api::json;

#[test]
fn strings_are_quoted_only_where_they_must() {
    let value = json!({
        "yes": "yes", "num": "5", "colon": "a: b", "empty": "", "multi": "line 1\nline 2\n", "plain": "it's",
        "date": "2026-01-02T03:04:05Z", "uid": "0b0f-1", "dash": "-x", "list": [{"a": 1, "b": [true]}, "x"], "none": {},
    });
    let text = "colon: 'a: b'\ndash: -x\ndate: \"2026-01-02T03:04:05Z\"\nempty: \"\"\nlist:\n- a: 1\n  b:\n  - true\n- x\nmulti: |\n  line 1\n  \
                line 2\nnone: {}\nnum: \"5\"\nplain: it's\nuid: 0b0f-1\n\"yes\": \"yes\"\n";
    assert_eq!(encode(&value), text);
}

#[test]
fn what_is_written_reads_the_same() {
    let value = json!({
        "a": "x # y", "b": ["- z", "null", "~", "0x1f", "1e3", ".5", "on", "*x", "&x", "[", "{", "a\tb", "tab\u{1}"], "c": "two\n\nlines", "d": " led",
    });
    let read = stead_api::wire::yaml::to_json(encode(&value).as_bytes()).expect("YAML");
    assert_eq!(serde_json::from_slice::<stead_api::Value>(&read.json).expect("JSON"), value);
}
