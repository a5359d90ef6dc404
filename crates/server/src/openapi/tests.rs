//! Tests of the OpenAPI documents.

use super::*;
use crate::kinds::Kinds;

/// O4
#[test]
fn dates_are_written_as_http_wants_them() {
    assert_eq!(paths::http_date(Timestamp::from_seconds(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

/// Z4, O7
#[test]
fn the_stub_of_version_2_is_a_document_with_swagger_and_info() {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/com.github.proto-openapi.spec.v2@v1.0+protobuf"));
    assert_eq!(version_2(&headers).headers()[header::CONTENT_TYPE], PROTOBUF_V2);
    assert_eq!(&protobuf_stub()[..7], b"\x0a\x032.0\x12\x15");
}

/// O5: a reference that leads nowhere breaks every client-side apply.
#[test]
fn every_reference_leads_to_a_schema() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    for document in documents(&Kinds::default().rows()).values() {
        let document: Value = serde_json::from_slice(&document.bytes).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is missing");
        }
    }
}
