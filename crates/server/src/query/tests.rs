//! Tests of request options (W15-W17, L3, W30).

use super::{DeleteOptions, ListOptions, Run, Write, WriteOptions, parse, parse_int, parse_uint};
use crate::negotiation::Reader;
use stead_api::kinds::config_map::CONFIG_MAP;

#[test]
fn pairs_that_do_not_decode_are_left_out() {
    assert_eq!(parse("a=%zz&b=1&c;d&x+y=%20"), [("b".to_owned(), "1".to_owned()), ("x y".to_owned(), " ".to_owned())]);
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    assert_eq!(parse_int("-5"), Ok(-5));
    assert_eq!(parse_int(" 1").unwrap_err(), "strconv.ParseInt: parsing \" 1\": invalid syntax");
    assert_eq!(parse_uint("-1").unwrap_err(), "strconv.ParseUint: parsing \"-1\": invalid syntax");
    assert_eq!(parse_uint("99999999999999999999").unwrap_err(), "strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
}

#[test]
fn write_options_are_checked() {
    // W15, W16, W17
    assert_eq!(WriteOptions::parse(&parse("dryRun=All"), Write::Create).expect("options").run, Run::Dry);
    for (query, text) in [
        ("dryRun=", "dryRun: Unsupported value: [\"\"]: supported values: \"All\""),
        ("fieldValidation=bad", "fieldValidation: Unsupported value: \"bad\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""),
        ("fieldManager=a%0Ab", "fieldManager: Invalid value: \"a\\nb\": invalid character U+000A (at position 1)"),
        ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
    ] {
        let status = WriteOptions::parse(&parse(query), Write::Patch).unwrap_err();
        assert_eq!((status.code, status.message), (422, format!("PatchOptions.meta.k8s.io \"\" is invalid: {text}")));
    }
}

#[test]
fn list_options_are_checked() {
    // L3, L11
    let kind = &CONFIG_MAP;
    for query in [
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Exact&resourceVersion=0",
        "sendInitialEvents=true",
        "watch=1&sendInitialEvents=true",
        "watch=1&resourceVersionMatch=NotOlderThan",
    ] {
        assert_eq!(ListOptions::parse(&parse(query), kind).unwrap_err().code, 422, "{query}");
    }
    assert!(ListOptions::parse(&parse("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"), kind).is_ok());
}

#[test]
fn a_body_wins_over_the_query() {
    // W30
    let options = DeleteOptions::parse(&parse("dryRun=All"), Reader::Json, b"{}").expect("options");
    assert_eq!(options.run, Run::Real);
    let options = DeleteOptions::parse(&parse("dryRun=All"), Reader::Json, b"").expect("options");
    assert_eq!(options.run, Run::Dry);
    let body = br#"{"orphanDependents":true,"propagationPolicy":"Orphan"}"#;
    assert_eq!(DeleteOptions::parse(&Vec::new(), Reader::Json, body).unwrap_err().code, 422);
}
