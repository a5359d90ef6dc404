//! Tests of selectors against texts recorded from a real server.

use super::*;
use crate::json;

fn labels(object: &Value, text: &str) -> bool {
    LabelSelector::parse(text).unwrap().matches(object.as_object())
}

#[test]
fn label_grammar() {
    // S1
    let web = json!({"app": "web", "tier": "3", "e": ""});
    for yes in [
        "",
        "app",
        "app=web",
        "app==web",
        "!none",
        "none!=x",
        "none notin (a)",
        "app in (web, db)",
        "tier>2",
        "tier < 5",
        "e=",
        "e in ()",
        "e in (,x)",
        "e in (x,)",
        " app , ! none ",
        "in!=x",
        "app,app!=db",
    ] {
        assert!(labels(&web, yes), "{yes}");
    }
    for no in ["none", "app=db", "app!=web", "app notin (web)", "tier>3", "app>1", "!app", "none=", "app in ()"] {
        assert!(!labels(&web, no), "{no}");
    }
}

#[test]
fn label_errors() {
    // S1
    for (text, message) in [
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("==", "found '==', expected: !, identifier, or 'end of string'"),
        ("app=x,", "found '', expected: identifier after ','"),
        ("app in x", "unable to parse requirement: found 'x' expected: '('"),
        ("app in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("app=a=b", "found '=', expected: ',' or 'end of string'"),
        ("tier>=1", "unable to parse requirement: found '=', expected: identifier"),
        ("/a=b", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty"),
        ("tier>a", "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer"),
    ] {
        assert_eq!(LabelSelector::parse(text).unwrap_err(), message, "{text}");
    }
}

#[test]
fn selector_objects_match_and_print() {
    // Scale's selector text
    let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
        {"key": "z", "operator": "DoesNotExist"}, {"key": "t", "operator": "In", "values": ["y", "x"]},
        {"key": "n", "operator": "NotIn", "values": ["1"]}, {"key": "app", "operator": "Exists"}]});
    let selector = LabelSelector::from_object(Some(&selector));
    assert_eq!(selector.to_string(), "app=web,app,n notin (1),t in (x,y),!z");
    assert!(selector.matches(json!({"app": "web", "t": "x"}).as_object()));
    assert!(!selector.matches(json!({"app": "web", "t": "x", "n": "1"}).as_object()));
    assert!(!LabelSelector::from_object(None).matches(None));
    assert!(LabelSelector::from_object(Some(&json!({}))).matches(None));
}

#[test]
fn field_grammar() {
    // S2
    let parse = |text: &str| FieldSelector::parse(text).map(|s| s.0);
    let term = |field: &str, negated, value: &str| FieldTerm { field: field.into(), negated, value: value.into() };
    assert_eq!(parse("a=b,c!=d,,e==").unwrap(), [term("a", false, "b"), term("c", true, "d"), term("e", false, "")]);
    assert_eq!(parse(r"a=x\,y\=z\\").unwrap(), [term("a", false, r"x,y=z\")]);
    assert_eq!(parse("abc").unwrap_err(), "invalid selector: 'abc'; can't understand 'abc'");
    assert_eq!(parse(r"a=\x").unwrap_err(), r"invalid field selector: invalid escape sequence: \x");
    assert_eq!(parse("a=b=c").unwrap_err(), "invalid field selector: unescaped character in value: 61");
}

mod laws {
    //! Printing and parsing are inverse, and what a selector prints means what it matched.

    use super::*;
    use proptest::prelude::*;

    fn requirement() -> impl Strategy<Value = Requirement> {
        let words = proptest::collection::btree_set("[a-c]{1,2}", 1..3);
        let operators = prop_oneof![
            Just(Operator::In),
            Just(Operator::NotIn),
            Just(Operator::Equals),
            Just(Operator::NotEquals),
            Just(Operator::Exists),
            Just(Operator::DoesNotExist),
        ];
        ("[a-d]", operators, words).prop_map(|(key, operator, words)| {
            let values = match operator {
                Operator::Exists | Operator::DoesNotExist => BTreeSet::new(),
                Operator::In | Operator::NotIn => words,
                _ => words.into_iter().take(1).collect(),
            };
            Requirement { key, operator, values }
        })
    }

    proptest! {
        /// S1
        #[test]
        fn printed_selectors_parse_to_themselves(requirements in proptest::collection::vec(requirement(), 0..5)) {
            let text = LabelSelector::All(requirements).to_string();
            let parsed = LabelSelector::parse(&text).unwrap();
            let again = LabelSelector::parse(&parsed.to_string()).unwrap();
            prop_assert_eq!(&parsed, &again);
        }

        /// S1: `notin` is the opposite of `in`, `!=` of `=`, `!k` of `k`, whatever the labels.
        #[test]
        fn negations_are_opposites(labels in proptest::collection::hash_map("[a-c]", "[a-c]{0,1}", 0..3), key in "[a-c]", value in "[a-c]") {
            let labels: Map<String, Value> = labels.into_iter().map(|(k, v)| (k, v.into())).collect();
            let holds = |text: String| LabelSelector::parse(&text).unwrap().matches(Some(&labels));
            prop_assert_ne!(holds(format!("{key} in ({value},z)")), holds(format!("{key} notin ({value},z)")));
            prop_assert_ne!(holds(format!("{key}={value}")), holds(format!("{key}!={value}")));
            prop_assert_ne!(holds(key.clone()), holds(format!("!{key}")));
        }

        /// No text makes the parsers panic.
        #[test]
        fn any_text_is_judged(text in "[a=!,()<> \\\\é0]{0,12}") {
            let errors = [LabelSelector::parse(&text).err(), FieldSelector::parse(&text).err()];
            prop_assert!(errors.into_iter().flatten().all(|why| why.contains("found '") || why.contains("invalid") || why.contains("Invalid")));
        }
    }
}
