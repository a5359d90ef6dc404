//! Messages as Go clients encode them: a few by hand, all others as they are written here.

use super::{write::encode, *};
use crate::{
    json,
    schema::{generated::*, walker},
};
use proptest::prelude::*;

/// A length-delimited field.
fn nested(tag: u32, body: &[u8]) -> Vec<u8> {
    let mut out = varint(u64::from(tag) << 3 | 2);
    out.extend(varint(body.len() as u64));
    out.extend_from_slice(body);
    out
}

fn number(tag: u32, value: i64) -> Vec<u8> {
    [varint(u64::from(tag) << 3), varint(value as u64)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn enveloped(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    write::enveloped(&TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() }, raw)
}

#[test]
fn a_config_map_as_kubectl_creates_it() {
    // N10, N13: empty strings and a zero generation are no fields, an empty Time is null.
    let meta = [
        nested(1, b"a"),
        nested(2, b""),
        nested(3, b"ns"),
        nested(4, b""),
        nested(5, b""),
        nested(6, b""),
        number(7, 0),
        nested(8, b""),
        nested(11, &[nested(1, b"x"), nested(2, b"y")].concat()),
    ];
    let raw = [
        nested(1, &meta.concat()),
        nested(2, &[nested(1, b"b"), nested(2, b"2")].concat()),
        nested(2, &[nested(1, b"a"), nested(2, b"1")].concat()),
        nested(3, &[nested(1, b"bin"), nested(2, b"abc")].concat()),
        number(4, 0),
        // A field of the future.
        nested(99, b"??"),
    ];
    let (meta, value) = decode_body(&enveloped("v1", "ConfigMap", &raw.concat())).unwrap();
    assert_eq!((meta.api_version.as_str(), meta.kind.as_str()), ("v1", "ConfigMap"));
    let expected = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "ns", "labels": {"x": "y"}},
        "immutable": false, "data": {"a": "1", "b": "2"}, "binaryData": {"bin": "YWJj"}});
    assert_eq!(value.to_string(), expected.to_string());
}

#[test]
fn embedded_messages_and_special_types() {
    // N12, N14
    let volume = [nested(1, b"v"), nested(2, &nested(19, &nested(1, &nested(1, b"cm"))))].concat();
    let probe = [
        nested(1, &nested(2, &[nested(1, b"/"), nested(2, &[number(1, 1), number(2, 0), nested(3, b"http")].concat())].concat())),
        number(4, -1),
    ]
    .concat();
    let limits = nested(1, &[nested(1, b"cpu"), nested(2, &nested(1, b"1000m"))].concat());
    let container = [nested(1, b"c"), nested(8, &limits), nested(10, &probe)].concat();
    let spec = [nested(1, &volume), nested(2, &container), number(4, 0)].concat();
    let value = decode(&CORE_V1_POD, &[nested(1, b""), nested(2, &spec)].concat()).unwrap();
    let expected = json!({"metadata": {}, "spec": {"volumes": [{"name": "v", "configMap": {"name": "cm"}}],
        "containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}, "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": -1}}],
        "terminationGracePeriodSeconds": 0}, "status": {}});
    assert_eq!(value.to_string(), expected.to_string());
}

#[test]
fn times_micro_times_and_delete_options() {
    let spec = [nested(1, b"me"), number(2, 15), nested(3, &[number(1, 1_767_323_045), number(2, 120_000_999)].concat())].concat();
    let value = decode(&COORDINATION_V1_LEASE, &nested(2, &spec)).unwrap();
    assert_eq!(value["spec"]["acquireTime"], "2026-01-02T03:04:05.120000Z");
    let meta = nested(8, &number(1, 1_767_323_045));
    assert_eq!(decode(&CORE_V1_POD, &nested(1, &meta)).unwrap()["metadata"]["creationTimestamp"], "2026-01-02T03:04:05Z");
    // N15
    let body = enveloped("apps/v1", "DeleteOptions", &[number(1, 0), nested(4, b"Background"), nested(5, b"All")].concat());
    let expected = json!({"kind": "DeleteOptions", "apiVersion": "apps/v1", "gracePeriodSeconds": 0, "propagationPolicy": "Background", "dryRun": ["All"]});
    assert_eq!(decode_body(&body).unwrap().1.to_string(), expected.to_string());
}

#[test]
fn broken_bodies_are_refused() {
    for body in [&b""[..], b"{}", b"k8s\0\xff", b"k8s\0\x0a\x7f", b"k8s\0\x0b", b"k8s\0\x10\x01"] {
        assert!(envelope(body).is_err(), "{body:?}");
    }
    let wrong = enveloped("v1", "Nothing", b"");
    assert_eq!(decode_body(&wrong).unwrap_err().0, "no kind \"Nothing\" is registered for version \"v1\"");
    let deep = (0..600).fold(Vec::new(), |inner, _| nested(1, &inner));
    assert!(decode(&CORE_V1_POD, &deep).is_ok(), "unknown depth is skipped or bounded");
}

#[test]
fn bodies_of_kubectl_are_what_it_prints() {
    // Z1, N15: what kubectl 1.33 sent for `create KIND`, in base64, and what it printed with `--dry-run=client -o json`.
    let recorded = include_str!("kubectl.txt");
    for line in recorded.lines() {
        let (body, printed) = line.split_once('\t').expect("two columns");
        let (meta, mut value) = decode_body(&base64::decode(body).expect("base64")).expect(printed);
        let mut printed: Value = serde_json::from_str(printed).expect("JSON");
        for value in [&mut value, &mut printed] {
            value["metadata"].as_object_mut().expect("metadata").shift_remove("namespace");
        }
        let group_version = meta.api_version.split_once('/').unwrap_or(("", &meta.api_version));
        let ty = schema::by_gvk(group_version.0, group_version.1, &meta.kind).expect("kind");
        assert_eq!(value.to_string(), walker::decode_value(ty, printed).expect("printed").value.to_string());
    }
    assert_eq!(recorded.lines().count(), 12);
}

#[test]
fn recorded_objects_survive_protobuf() {
    let mut count = 0;
    for (ty, object, case) in walker::tests::recorded_objects() {
        if ty.message.is_empty() || object["data"].is_array() {
            continue;
        }
        let object = without_type_meta(ty, walker::decode_value(ty, object).expect("recorded").value);
        let decoded = decode(ty, &encode(ty, &object)).expect("encoded decodes");
        assert_eq!(decoded, object, "{case}");
        count += 1;
    }
    assert!(count > 2000, "{count} objects");
}

proptest! {
    #[test]
    fn generated_objects_survive_protobuf((ty, document) in walker::tests::any_document()) {
        let object = walker::decode_json(ty, document.to_string().as_bytes()).expect("only right types").value;
        let object = without_type_meta(ty, object);
        prop_assert_eq!(decode(ty, &encode(ty, &object)).expect("encoded decodes"), object);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(decode(&CORE_V1_POD, &bytes).map_or(true, |value| value.is_object()));
        prop_assert!(decode_body(&[PREFIX, &bytes].concat()).map_or(true, |(_, value)| value.is_object()));
    }

    #[test]
    fn damaged_messages_are_decoded_or_refused((ty, document) in walker::tests::any_document(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let object = walker::decode_json(ty, document.to_string().as_bytes()).expect("only right types").value;
        let mut message = encode(ty, &object);
        if !message.is_empty() {
            let at = at.index(message.len());
            message[at] = byte;
            if let Ok(value) = decode(ty, &message) {
                walker::encode(ty, &value);
            }
        }
    }
}

/// Without what no message holds: kind and apiVersion, also those of claim templates.
fn without_type_meta(ty: &'static Type, mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.retain(|name, _| ty.field(name).is_some_and(|field| field.tag != 0));
        for (name, value) in map {
            match (ty.field(name).expect("kept").shape, value) {
                (Shape::Struct(ty), value) if value.is_object() => *value = without_type_meta(ty, value.take()),
                (Shape::List(Shape::Struct(ty)), Value::Array(list)) => {
                    for value in list {
                        *value = without_type_meta(ty, value.take());
                    }
                }
                _ => {}
            }
        }
    }
    object
}

#[test]
fn a_body_is_written_as_go_writes_it() {
    // N10, N12, N14
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {"volumes": [{"name": "v", "configMap": {"name": "cm"}}]}});
    let volume = [nested(1, b"v"), nested(2, &nested(19, &nested(1, &nested(1, b"cm"))))].concat();
    let created = [number(1, 1_767_323_045), number(2, 0)].concat();
    let message = [nested(1, &[nested(1, b"a"), nested(8, &created)].concat()), nested(2, &nested(1, &volume))].concat();
    assert_eq!(encode(&CORE_V1_POD, &pod), message);
    let type_meta = [nested(1, b"v1"), nested(2, b"Pod")].concat();
    let body = [PREFIX.to_vec(), nested(1, &type_meta), nested(2, &message), nested(3, b""), nested(4, b"")].concat();
    assert_eq!(enveloped("v1", "Pod", &message), body);
}

#[test]
fn every_list_has_its_metadata_and_its_items_under_the_same_tags() {
    let lists = TYPES
        .iter()
        .filter(|ty| !ty.message.is_empty() && ty.gvk.iter().any(|(_, _, kind)| kind.ends_with("List")) && ty.field("items").is_some());
    let tags: Vec<_> = lists.map(|ty| (ty.name, ["metadata", "items"].map(|name| ty.field(name).map(|field| field.tag)))).collect();
    assert!(tags.len() > 40);
    assert!(tags.iter().all(|(_, tags)| *tags == [Some(1), Some(2)]), "{tags:?}");
}

#[test]
fn an_event_of_a_watch_has_its_length_before_it() {
    let inner = [nested(1, b"ADDED"), nested(2, &nested(1, b"body"))].concat();
    assert_eq!(write::watch_frame("ADDED", b"body"), [&(inner.len() as u32).to_be_bytes()[..], &inner].concat());
}

#[test]
fn metadata_alone_is_a_message_of_its_own() {
    // N26: the first version of lists had its tags the other way round.
    let item = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1beta1", "metadata": {"name": "a"}});
    let message = nested(1, &nested(1, b"a"));
    assert_eq!(write::body(&item), Some(enveloped("meta.k8s.io/v1beta1", "PartialObjectMetadata", &message)));
    for (version, tags) in [("meta.k8s.io/v1", [1, 2]), ("meta.k8s.io/v1beta1", [2, 1])] {
        let list =
            json!({"kind": "PartialObjectMetadataList", "apiVersion": version, "metadata": {"resourceVersion": "7"}, "items": [item]});
        let mut fields = [nested(tags[0], &nested(2, b"7")), nested(tags[1], &message)];
        fields.sort();
        assert_eq!(write::body(&list), Some(enveloped(version, "PartialObjectMetadataList", &fields.concat())));
    }
    assert_eq!(write::body(&json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1"})), None);
}
