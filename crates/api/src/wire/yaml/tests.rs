//! YAML as a real API server read it.

use super::*;
use proptest::prelude::*;

fn json(text: &str) -> String {
    String::from_utf8(to_json(text.as_bytes()).expect(text).json).unwrap()
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (text, expected) in [
        ("a: yes", r#"{"a":true}"#),
        ("a: on", r#"{"a":true}"#),
        ("a: n", r#"{"a":false}"#),
        ("a: ~", r#"{"a":null}"#),
        ("a:", r#"{"a":null}"#),
        ("a: 0x10", r#"{"a":16}"#),
        ("a: 020", r#"{"a":16}"#),
        ("a: 08", r#"{"a":8}"#),
        ("a: 1e3", r#"{"a":1000}"#),
        ("a: -1_000", r#"{"a":-1000}"#),
        ("a: 1.5", r#"{"a":1.5}"#),
        ("a: 2020-01-01", r#"{"a":"2020-01-01"}"#),
        ("a: '5'", r#"{"a":"5"}"#),
        ("a: !!str 5", r#"{"a":"5"}"#),
        ("a: 1.2.3", r#"{"a":"1.2.3"}"#),
        ("a: --x", r#"{"a":"--x"}"#),
        ("on: 1\nn: 2\n5: 3", r#"{"5":3,"false":2,"true":1}"#),
        ("{\"b\":[1,\"x\"],\"a\":{}}", r#"{"a":{},"b":[1,"x"]}"#),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn only_the_first_document_counts() {
    assert_eq!(json("a: 1\n---\nb: 2\n"), r#"{"a":1}"#);
    assert_eq!(json("# comment\n---\na: 1\n"), r#"{"a":1}"#);
    assert_eq!(json("\u{feff}a: 1\n"), r#"{"a":1}"#);
    assert_eq!(json(""), "null");
    assert_eq!(json("---\n"), "null");
}

#[test]
fn aliases_and_merges() {
    assert_eq!(json("k: &x hello\nl: *x\n"), r#"{"k":"hello","l":"hello"}"#);
    assert_eq!(json("l: &l {x: 1, z: 2}\nd: {<<: *l, z: 3}\n"), r#"{"d":{"x":1,"z":3},"l":{"x":1,"z":2}}"#);
    let bomb = (0..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, i| format!("{text}a{0}: &a{0} [*a{i}, *a{i}]\n", i + 1));
    assert_eq!(to_json(bomb.as_bytes()).unwrap_err(), "yaml: document contains excessive aliasing");
}

#[test]
fn repeated_keys_are_listed_and_the_last_wins() {
    let read = to_json(b"data:\n  a: '1'\n  a: '2'\nb: 1\nb: 2\n").unwrap();
    assert_eq!(read.json, br#"{"b":2,"data":{"a":"2"}}"#);
    let duplicates = "yaml: unmarshal errors:\n  line 3: key \"a\" already set in map\n  line 5: key \"b\" already set in map";
    assert_eq!(read.duplicates.as_deref(), Some(duplicates));
}

#[test]
fn errors_name_go_yamls_line() {
    let error = to_json(b"apiVersion: v1\nkind: ConfigMap\n metadata: [").unwrap_err();
    assert_eq!(error, "yaml: line 3: mapping values are not allowed in this context");
    assert_eq!(to_json(b"a: b: c").unwrap_err(), "yaml: mapping values are not allowed in this context");
}

#[test]
fn errors_are_go_yamls() {
    // As go.yaml.in/yaml/v2 2.4.4 judged them.
    for (text, error) in [
        ("a: b\nc d\ne: f\n", "line 3: could not find expected ':'"),
        ("a: [1\nb: 2\n", "line 1: did not find expected ',' or ']'"),
        ("key: {a: b\n", "line 1: did not find expected ',' or '}'"),
        ("a:\n  b: c\n   d: e\n", "line 3: mapping values are not allowed in this context"),
        ("a: @x\n", "found character that cannot start any token"),
        ("a: *zz\n", "unknown anchor 'zz' referenced"),
        ("a: &a [*a]\n", "anchor 'a' value contains itself"),
        ("a: \"b\nc: d\n", "line 3: found unexpected end of stream"),
        ("a:\n\tb: c\n", "line 2: found character that cannot start any token"),
        ("\ta: b\n", "found character that cannot start any token"),
        ("a: b\n\tc: d\n", "line 2: found a tab character that violates indentation"),
        ("- a\nb: c\n", "line 1: did not find expected '-' indicator"),
        ("{a: 1, <<: x}", "map merge requires map or sequence of maps as the value"),
        ("? [a, b]\n: c\n", "invalid map key: []interface {}{\"a\", \"b\"}"),
        ("a: !!int x\n", "cannot decode !!str `x` as a !!int"),
    ] {
        assert_eq!(to_json(text.as_bytes()).map(|json| json.json), Err(format!("yaml: {error}")), "{text}");
    }
    // Tabs elsewhere are as good as spaces.
    assert_eq!(json("a: {b: c}\nd: |\n  x\n  \ty\ne:\tf\n"), r#"{"a":{"b":"c"},"d":"x\n\ty\n","e":"f"}"#);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(read) = to_json(&bytes) {
            prop_assert!(crate::wire::json::check(&read.json).is_ok());
        }
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(text in "[a-z:\\-{}\\[\\],&*!<>|' \n\"#0-9]{0,60}") {
        if let Ok(read) = to_json(text.as_bytes()) {
            prop_assert!(crate::wire::json::check(&read.json).is_ok());
        }
    }
}
