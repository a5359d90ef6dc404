//! Decoding, canonical form and encoding as a real API server showed them.

use super::*;
use crate::{json, schema::generated::*};
use proptest::prelude::*;

fn error(ty: &'static Type, text: &str) -> String {
    decode_json(ty, text.as_bytes()).expect_err(text).0
}

/// The encoded form of what decodes.
fn through(ty: &'static Type, text: &str) -> String {
    let decoded = decode_json(ty, text.as_bytes()).expect(text);
    String::from_utf8(encode(ty, &decoded.value)).expect("UTF-8")
}

fn config_map(rest: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}}{rest}}}"#)
}

fn pod(container: &str) -> String {
    format!(r#"{{"metadata":{{"name":"p"}},"spec":{{"containers":[{{"name":"c",{container}}}]}}}}"#)
}

#[test]
fn type_errors_of_config_maps() {
    // E7, golden body-wrong-types
    for (rest, expected) in [
        (r#","data":[]"#, "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string"),
        (r#","data":{"k":5}"#, "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        (r#","data":{"k":true}"#, "json: cannot unmarshal bool into Go struct field ConfigMap.data of type string"),
        (r#","immutable":1"#, "json: cannot unmarshal number into Go struct field ConfigMap.immutable of type bool"),
        (r#","binaryData":{"k":5}"#, "json: cannot unmarshal number into Go struct field ConfigMap.binaryData of type []uint8"),
        (r#","binaryData":{"k":"***"}"#, "illegal base64 data at input byte 0"),
        (r#","metadata":[]"#, "json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
        (
            r#","metadata":{"creationTimestamp":5}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            r#","metadata":{"ownerReferences":{}}"#,
            "json: cannot unmarshal object into Go struct field ObjectMeta.metadata.ownerReferences of type []v1.OwnerReference",
        ),
        (
            r#","metadata":{"creationTimestamp":"yesterday"}"#,
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
        ),
    ] {
        assert_eq!(error(&CORE_V1_CONFIG_MAP, &config_map(rest)), expected, "{rest}");
    }
    assert_eq!(error(&CORE_V1_CONFIG_MAP, "[]"), "json: cannot unmarshal array into Go value of type v1.ConfigMap");
    assert_eq!(error(&CORE_V1_CONFIG_MAP, "{"), "unexpected end of JSON input");
}

#[test]
fn type_errors_of_pods_name_the_innermost_struct() {
    // golden body-wrong-types-pod
    for (container, expected) in [
        (r#""command":"sh""#, "string into Go struct field Container.spec.containers.command of type []string"),
        (r#""env":{"A":"b"}"#, "object into Go struct field Container.spec.containers.env of type []v1.EnvVar"),
        (r#""env":[{"name":"A","value":1}]"#, "number into Go struct field EnvVar.spec.containers.env.value of type string"),
        (r#""ports":[80]"#, "number into Go struct field Container.spec.containers.ports of type v1.ContainerPort"),
        (
            r#""livenessProbe":{"periodSeconds":"5"}"#,
            "string into Go struct field Probe.spec.containers.livenessProbe.periodSeconds of type int32",
        ),
        (
            r#""livenessProbe":{"httpGet":5}"#,
            "number into Go struct field Probe.spec.containers.livenessProbe.ProbeHandler.httpGet of type v1.HTTPGetAction",
        ),
        (r#""stdin":"x","ports":[80]"#, "string into Go struct field Container.spec.containers.stdin of type bool"),
    ] {
        assert_eq!(error(&CORE_V1_POD, &pod(container)), format!("json: cannot unmarshal {expected}"));
    }
}

#[test]
fn integers_have_ranges_and_no_points() {
    // golden body-wrong-numbers
    for number in ["1.5", "1.0", "1e1", "99999999999", "2147483648"] {
        let expected = format!("json: cannot unmarshal number {number} into Go struct field StatefulSetSpec.spec.replicas of type int32");
        assert_eq!(error(&APPS_V1_STATEFUL_SET, &format!(r#"{{"spec":{{"replicas":{number}}}}}"#)), expected);
    }
    assert!(through(&APPS_V1_STATEFUL_SET, r#"{"spec":{"replicas":-0}}"#).contains(r#""replicas":0"#));
}

#[test]
fn readers_of_their_own_end_decoding_at_once() {
    // A quantity's error wins over an earlier wrong type.
    let text = pod(r#""command":"sh","resources":{"limits":{"cpu":"x"}}"#);
    assert!(error(&CORE_V1_POD, &text).starts_with("quantities must match"));
    // golden body-int-or-string
    for (value, kind) in [("true", "bool"), ("1.5", "number 1.5"), ("[]", "array"), ("{}", "object")] {
        let text = format!(r#"{{"spec":{{"ports":[{{"port":80,"targetPort":{value}}}]}}}}"#);
        let expected = format!("json: cannot unmarshal {kind} into Go struct field ServicePort.spec.ports.targetPort of type int32");
        assert_eq!(error(&CORE_V1_SERVICE, &text), expected);
    }
}

#[test]
fn bytes_may_come_as_numbers() {
    let text = |value: &str| config_map(&format!(r#","binaryData":{{"k":{value}}}"#));
    assert!(through(&CORE_V1_CONFIG_MAP, &text("[1, 255,null]")).contains(r#""binaryData":{"k":"Af8A"}"#));
    let expected = "json: cannot unmarshal number 256 into Go struct field ConfigMap.binaryData of type uint8";
    assert_eq!(error(&CORE_V1_CONFIG_MAP, &text("[256]")), expected);
}

#[test]
fn micro_times_need_six_digits() {
    // W21
    let lease = |time: &str| format!(r#"{{"spec":{{"renewTime":"{time}"}}}}"#);
    assert_eq!(
        error(&COORDINATION_V1_LEASE, &lease("2026-01-02T03:04:05Z")),
        "parsing time \"2026-01-02T03:04:05Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\""
    );
    assert!(through(&COORDINATION_V1_LEASE, &lease("2026-01-02T03:04:05.120000+01:00")).contains("02:04:05.120000Z"));
}

#[test]
fn times_become_whole_seconds_in_utc() {
    let text = config_map(r#","metadata":{"creationTimestamp":"2024-02-29T23:30:00.9-01:00"}"#);
    assert!(through(&CORE_V1_CONFIG_MAP, &text).contains(r#""creationTimestamp":"2024-03-01T00:30:00Z""#));
    for (time, what) in [("2023-02-29T00:00:00Z", "day"), ("2023-13-01T00:00:00Z", "month"), ("2023-01-01T24:00:00Z", "hour")] {
        let text = config_map(&format!(r#","metadata":{{"creationTimestamp":"{time}"}}"#));
        assert_eq!(error(&CORE_V1_CONFIG_MAP, &text), format!("parsing time \"{time}\": {what} out of range"));
    }
}

#[test]
fn strict_errors_come_in_document_order() {
    let text = r#"{"extra":1,"metadata":{"name":"a","name":"b","labels":{"a":"1","a":"2"},"lables":{}},
        "spec":{"bogus":1,"containers":[{"name":"c","imagePullpolicy":"x","image":"i","image":"j"}],"bogus":2}}"#;
    let decoded = decode_json(&CORE_V1_POD, text.as_bytes()).unwrap();
    let expected = [
        r#"unknown field "extra""#,
        r#"duplicate field "metadata.name""#,
        r#"duplicate field "metadata.labels.a""#,
        r#"unknown field "metadata.lables""#,
        r#"unknown field "spec.bogus""#,
        r#"unknown field "spec.containers[0].imagePullpolicy""#,
        r#"duplicate field "spec.containers[0].image""#,
    ];
    assert_eq!(decoded.strict, expected);
    assert_eq!(decoded.value["metadata"]["name"], "b");
    assert_eq!(decoded.strict_error(), Some(format!("strict decoding error: {}", expected.join(", "))));
}

#[test]
fn a_hundred_strict_errors_are_listed() {
    let fields: Vec<String> = (0..150).map(|i| format!("\"f{i}\":1")).collect();
    let decoded = decode_json(&CORE_V1_POD, format!("{{{}}}", fields.join(",")).as_bytes()).unwrap();
    assert_eq!(decoded.strict.len(), 100);
}

#[test]
fn repeated_structs_and_maps_are_merged() {
    // golden body-duplicate-top-level
    let text = r#"{"metadata":{"name":"a"},"data":{"a":"1"},"metadata":{"namespace":"n"},"data":{"b":"2"}}"#;
    let expected = r#"{"metadata":{"name":"a","namespace":"n"},"data":{"a":"1","b":"2"}}"#;
    assert_eq!(through(&CORE_V1_CONFIG_MAP, text), expected);
}

#[test]
fn names_are_case_sensitive_and_yaml_duplicates_lead() {
    let decoded = decode_yaml(&APPS_V1_STATEFUL_SET, b"spec:\n  REPLICAS: 1\n  replicas: 2\n  replicas: 3\n").unwrap();
    assert_eq!(
        decoded.strict,
        ["yaml: unmarshal errors:\n  line 4: key \"replicas\" already set in map", "unknown field \"spec.REPLICAS\""]
    );
    assert_eq!(decoded.warnings(), ["line 4: key \"replicas\" already set in map", "unknown field \"spec.REPLICAS\""]);
    assert_eq!(decoded.value["spec"]["replicas"], 3);
}

#[test]
fn nulls_are_zeros() {
    // N6: null in a string list, a string map, a quantity map, a list of structs
    let text = pod(r#""command":null,"args":[null],"image":null,"env":[null],"resources":{"limits":{"cpu":null}}"#);
    let expected = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","args":[""],"env":[{"name":""}],"resources":{"limits":{"cpu":"0"}}}]},"status":{}}"#;
    assert_eq!(through(&CORE_V1_POD, &text), expected);
    assert_eq!(through(&CORE_V1_CONFIG_MAP, r#"{"data":{"k":null}}"#), r#"{"metadata":{},"data":{"k":""}}"#);
    assert_eq!(through(&CORE_V1_CONFIG_MAP, "null"), r#"{"metadata":{}}"#);
}

#[test]
fn zeros_are_written_as_go_writes_them() {
    let expected = r#"{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"serviceName":"","updateStrategy":{}},"status":{"replicas":0,"availableReplicas":0}}"#;
    assert_eq!(through(&APPS_V1_STATEFUL_SET, r#"{"spec":{"minReadySeconds":0}}"#), expected);
    // A pointer's zero stays; a zero time by value is null, the creation timestamp is left out.
    let text = r#"{"metadata":{"creationTimestamp":null},"spec":{"replicas":0},"status":{"conditions":[{}]}}"#;
    let text = through(&APPS_V1_STATEFUL_SET, text);
    assert!(text.contains(r#""replicas":0"#) && text.contains(r#"{"type":"","status":"","lastTransitionTime":null}"#), "{text}");
}

#[test]
fn text_is_escaped_as_go_escapes_it() {
    // REV-1
    let data = json!({"data": {"k": "a && b <c>\u{2028}\u{2029}\u{1}\u{8}\u{c}\n\u{7f}\u{feff}é\"\\"}});
    let text = String::from_utf8(encode(&CORE_V1_CONFIG_MAP, &data)).unwrap();
    let expected =
        "{\"metadata\":{},\"data\":{\"k\":\"a \\u0026\\u0026 b \\u003cc\\u003e\\u2028\\u2029\\u0001\\b\\f\\n\u{7f}\u{feff}é\\\"\\\\\"}}";
    assert_eq!(text, expected);
}

#[test]
fn raw_members_keep_their_order() {
    let text = r#"{"data":{"spec" : {"z":1, "a":[ ]}},"revision":1}"#;
    let expected = r#"{"metadata":{},"data":{"spec":{"z":1,"a":[]}},"revision":1}"#;
    assert_eq!(through(&APPS_V1_CONTROLLER_REVISION, text), expected);
    assert_eq!(through(&APPS_V1_CONTROLLER_REVISION, "{}"), r#"{"metadata":{},"data":null,"revision":0}"#);
}

#[test]
fn the_stamp_is_in_the_metadata() {
    let event = json!({"metadata": {"name": "e", "resourceVersion": "7"}, "involvedObject": {"resourceVersion": "5"}});
    let (bytes, at) = encode_stamped(&CORE_V1_EVENT, &event);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with(r#"{"metadata":{"name":"e","resourceVersion":""},"involvedObject":{"resourceVersion":"5"}"#), "{text}");
    assert_eq!(&text[at - 1..at + 1], "\"\"");
    let (bytes, at) = encode_stamped(&CORE_V1_CONFIG_MAP, &json!({}));
    assert_eq!((String::from_utf8(bytes).unwrap(), at), (r#"{"metadata":{"resourceVersion":""}}"#.to_owned(), 32));
}

#[test]
fn canonical_reorders_and_normalises_what_hooks_made() {
    let mut value = json!({"status": {}, "spec": {"containers": [{"resources": {"limits": {"memory": "1024Mi", "cpu": 1}}, "name": "c"}], "bogus": 1,
        "nodeSelector": {}}, "metadata": {"name": "p", "labels": {"b": "1", "a": "2"}}});
    canonical(&CORE_V1_POD, &mut value);
    let expected = r#"{"metadata":{"name":"p","labels":{"a":"2","b":"1"}},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]},"status":{}}"#;
    assert_eq!(value.to_string(), expected);
    assert_eq!(encode(&CORE_V1_POD, &value), expected.as_bytes());
}

#[test]
fn deep_values_are_refused() {
    let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
    assert!(decode_json(&APPS_V1_CONTROLLER_REVISION, deep.as_bytes()).is_err());
    // As an unknown or mistyped field it is only skipped.
    assert!(error(&CORE_V1_CONFIG_MAP, &deep).starts_with("json: cannot unmarshal array into"));
}

/// JSON with the names of a type, right and wrong values mixed.
fn document(ty: &'static Type, depth: u32) -> BoxedStrategy<Value> {
    use crate::schema::Shape;
    fn of(shape: &'static Shape, depth: u32) -> BoxedStrategy<Value> {
        match shape {
            Shape::Struct(ty) if depth > 0 => document(ty, depth - 1),
            Shape::List(element) if depth > 0 => prop::collection::vec(of(element, depth - 1), 0..3).prop_map(Value::Array).boxed(),
            Shape::Map(element) if depth > 0 => prop::collection::vec(("[a-c<é]{0,2}", of(element, depth - 1)), 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect()))
                .boxed(),
            Shape::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Shape::Int32 | Shape::Int64 => prop_oneof![Just(0), -3i64..1000].prop_map(|n: i64| n.into()).boxed(),
            Shape::String => "[a&\u{2028}\"]{0,3}".prop_map(Value::String).boxed(),
            Shape::Quantity => "[0-9]{1,4}(m|k|Mi|Gi|\\.5)?".prop_map(Value::String).boxed(),
            Shape::IntOrString => prop_oneof![Just(json!(5)), Just(json!("50%")), Just(json!(0))].boxed(),
            Shape::Time => Just(json!("2024-02-29T23:30:00.9-01:00")).boxed(),
            Shape::MicroTime => Just(json!("2024-02-29T23:30:00.900000Z")).boxed(),
            Shape::Bytes => prop_oneof![Just(json!("")), Just(json!("YQ=="))].boxed(),
            Shape::Raw => prop_oneof![Just(json!({"z": [], "a": {}})), Just(json!("x"))].boxed(),
            _ => Just(Value::Null).boxed(),
        }
    }
    let field = move |index: prop::sample::Index| {
        let field = &ty.fields[index.index(ty.fields.len())];
        (Just(field.name.to_owned()), prop_oneof![9 => of(&field.shape, depth), 1 => Just(Value::Null)])
    };
    if ty.fields.is_empty() {
        return Just(json!({})).boxed();
    }
    prop::collection::vec(any::<prop::sample::Index>().prop_flat_map(field), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
        .boxed()
}

/// Types whose documents are tried.
pub(crate) fn any_document() -> impl Strategy<Value = (&'static Type, Value)> {
    let types: Vec<&'static Type> = vec![
        &CORE_V1_POD,
        &CORE_V1_SERVICE,
        &APPS_V1_STATEFUL_SET,
        &CORE_V1_EVENT,
        &CORE_V1_SECRET,
        &COORDINATION_V1_LEASE,
        &APPS_V1_CONTROLLER_REVISION,
        &CORE_V1_NODE,
        &CORE_V1_NAMESPACE,
        &CORE_V1_PERSISTENT_VOLUME_CLAIM,
    ];
    prop::sample::select(types).prop_flat_map(|ty| (Just(ty), document(ty, 6)))
}

proptest! {
    #[test]
    fn encoded_is_a_fixed_point((ty, document) in any_document()) {
        let decoded = decode_json(ty, document.to_string().as_bytes()).expect("only right types");
        let encoded = encode(ty, &decoded.value);
        let again = decode_json(ty, &encoded).expect("encoded decodes");
        prop_assert!(again.strict.is_empty());
        prop_assert_eq!(&again.value, &decoded.value);
        prop_assert_eq!(&encode(ty, &again.value), &encoded);
        // Canonical values are what the encoder writes, and canonical() leaves them alone.
        prop_assert_eq!(String::from_utf8(encoded).expect("UTF-8").replace("\\u0026", "&").replace("\\u2028", "\u{2028}").replace("\\u003c", "<"), decoded.value.to_string());
        let mut canonical_again = decoded.value.clone();
        canonical(ty, &mut canonical_again);
        prop_assert_eq!(canonical_again.to_string(), decoded.value.to_string());
        // What hooks leave in any order comes out the same.
        let mut loose = document;
        canonical(ty, &mut loose);
        prop_assert_eq!(loose.to_string(), decoded.value.to_string());
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(decode_json(&CORE_V1_POD, &bytes).is_ok_and(|d| d.value.is_object()) || decode_json(&CORE_V1_POD, &bytes).is_err());
        prop_assert!(decode_yaml(&CORE_V1_POD, &bytes).is_ok_and(|d| d.value.is_object()) || decode_yaml(&CORE_V1_POD, &bytes).is_err());
    }

    #[test]
    fn wrong_shapes_are_refused_not_feared((ty, document) in any_document(), wrong in "\\[[0-9]|\"x\"|\\{\\}|null|5|true", at in any::<prop::sample::Index>()) {
        // Puts some other JSON in the place of a value.
        let text = document.to_string();
        let places: Vec<usize> = text.match_indices(':').map(|(i, _)| i + 1).collect();
        if !places.is_empty() {
            let start = places[at.index(places.len())];
            let end = wire::json::skip_value(text.as_bytes(), start);
            if text.is_char_boundary(start) && text.is_char_boundary(end) {
                let broken = format!("{}{wrong}{}", &text[..start], &text[end..]);
                if let Ok(decoded) = decode_json(ty, broken.as_bytes()) {
                    prop_assert!(decoded.value.is_object());
                }
            }
        }
    }
}

/// Recorded text with something of the right type for what differs between runs.
fn filled_in(mut text: String) -> String {
    for name in ["acquireTime", "renewTime", "eventTime", "lastObservedTime"] {
        let (from, to) = (format!("\"{name}\": \"<time>\""), format!("\"{name}\": \"2026-01-02T03:04:05.000000Z\""));
        text = text.replace(&from, &to);
    }
    text = text.replace("\"<time>\"", "\"2026-01-02T03:04:05Z\"");
    text.replace("\"<port>\"", "30000")
}

/// Every object in the recorded answers of a real server, with times filled in.
pub(crate) fn recorded_objects() -> Vec<(&'static Type, Value, String)> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(&dir).expect("golden cases") {
        let text = std::fs::read_to_string(entry.expect("entry").path()).expect("case file");
        for line in filled_in(text).lines() {
            let case: Value = serde_json::from_str(line).expect("case");
            for step in case["steps"].as_array().into_iter().flatten() {
                let body = &step["expect"]["body"];
                let (group, version) = match body["apiVersion"].as_str().unwrap_or_default().split_once('/') {
                    Some(pair) => pair,
                    None => ("", body["apiVersion"].as_str().unwrap_or_default()),
                };
                let kind = body["kind"].as_str().unwrap_or_default();
                if let Some(ty) = crate::schema::by_gvk(group, version, kind)
                    && !["Status", "CustomResourceDefinition"].contains(&kind)
                    // Lists are never stored: their empty `items` stay.
                    && !kind.ends_with("List")
                {
                    objects.push((ty, body.clone(), format!("{} {}", case["area"], case["name"])));
                }
            }
        }
    }
    objects
}

#[test]
fn recorded_answers_are_canonical() {
    // What a real server wrote decodes without complaint and is written again as it stands.
    let objects = recorded_objects();
    assert!(objects.len() > 2000, "{} objects", objects.len());
    let mut failures = Vec::new();
    for (ty, object, case) in objects {
        match decode_value(ty, object.clone()) {
            Ok(decoded) if !decoded.strict.is_empty() => failures.push(format!("{case}: {:?}", decoded.strict)),
            Ok(decoded) => {
                let written: Value = serde_json::from_slice(&encode(ty, &decoded.value)).expect("JSON");
                if written != object {
                    failures.push(format!("{case}:\n  {object}\n  {written}"));
                }
            }
            Err(error) => failures.push(format!("{case}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures[..failures.len().min(8)].join("\n"));
}

/// The type a request is for: named by its body, else by the message and the path's group.
fn requested_type(path: &str, kind: &str, version: &str) -> Option<&'static Type> {
    let group = path.strip_prefix("/apis/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    crate::schema::by_gvk(group, version, kind)
}

/// Points in time as the recordings show them.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let shape: String = rest.chars().take(19).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let fraction =
            rest.get(19..).map_or(0, |tail| tail.len() - tail.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).len());
        if shape == "0000-00-00T00:00:00" && rest[19 + fraction..].starts_with('Z') {
            out.push_str("<time>");
            rest = &rest[20 + fraction..];
        } else {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            out.push_str(&rest[..digits]);
            rest = &rest[digits..];
        }
    }
    out + rest
}

/// What decoding says of a recorded request that a real server refused: (ours, theirs).
fn judged(step: &Value) -> Option<(String, String)> {
    let message = step["expect"]["body"]["message"].as_str()?;
    let (kind, rest) = message.split_once(" in version \"")?;
    let (version, rest) = rest.split_once("\" cannot be handled as a ")?;
    let theirs = rest.split_once(": ")?.1;
    if theirs.contains("unknown conversion") || theirs.starts_with("no kind") {
        return None;
    }
    let ty = requested_type(step["path"].as_str()?, kind, version)?;
    let body = match &step["body"] {
        Value::String(text) if text.contains("{fill:") => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let yaml = step["headers"]["Content-Type"].as_str().is_some_and(|ty| ty.contains("yaml"));
    let decoded = if yaml { decode_yaml(ty, body.as_bytes()) } else { decode_json(ty, body.as_bytes()) };
    let ours = match decoded {
        Ok(decoded) => decoded.strict_error().unwrap_or_else(|| "nothing wrong".to_owned()),
        Err(error) => error.0,
    };
    Some((without_times(&ours), without_times(theirs)))
}

#[test]
fn depth_is_counted_from_the_root() {
    let text = |depth: usize| format!(r#"{{"metadata":{{"name":"r"}},"data":{}1{},"revision":1}}"#, "[".repeat(depth), "]".repeat(depth));
    let decoded = decode_json(&APPS_V1_CONTROLLER_REVISION, text(DEPTH_MAX - 1).as_bytes()).unwrap();
    let stored = encode(&APPS_V1_CONTROLLER_REVISION, &decoded.value);
    assert_eq!(serde_json::from_slice::<Value>(&stored).unwrap(), decoded.value);
    for depth in [DEPTH_MAX, 127, 128, 9_000] {
        let error = decode_json(&APPS_V1_CONTROLLER_REVISION, text(depth).as_bytes()).unwrap_err();
        assert_eq!(error.0, "json: exceeded max depth");
    }
}

#[test]
fn recorded_refusals_are_ours() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    let (mut count, mut failures) = (0, Vec::new());
    for entry in std::fs::read_dir(&dir).expect("golden cases") {
        let text = std::fs::read_to_string(entry.expect("entry").path()).expect("case file");
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).expect("case");
            for step in case["steps"].as_array().into_iter().flatten() {
                if let Some((ours, theirs)) = judged(step) {
                    count += 1;
                    if ours != theirs {
                        failures.push(format!("{}: {ours}\n    {theirs}", case["name"]));
                    }
                }
            }
        }
    }
    assert!(count > 100, "{count} refusals");
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n"));
}
