//! Tests of content negotiation (N1-N4).

use super::{Form, Media, MetaVersion, Offer, Reader, Transform, accept, content_type};
use http::{HeaderMap, header};

fn accepted(value: &str) -> Result<Form, u16> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, value.parse().expect("a header"));
    accept(&headers, &Vec::new(), Offer::Objects).map_err(|status| status.code)
}

#[test]
fn the_best_clause_that_can_be_served_counts() {
    // N2, N3
    assert_eq!(accepted("application/cbor,application/json"), Ok(Form::JSON));
    assert_eq!(accepted("application/vnd.kubernetes.protobuf,application/json").map(|form| form.media), Ok(Media::Protobuf));
    assert_eq!(accepted("text/html, */*"), Ok(Form::JSON));
    assert_eq!(accepted("application/json;q=0.5, application/yaml").map(|form| form.media), Ok(Media::Yaml));
    let table = "application/json;as=Table;v=v9;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    assert_eq!(accepted(table).map(|form| form.transform), Ok(Transform::Table(MetaVersion::V1Beta1)));
}

#[test]
fn what_cannot_be_served_is_406() {
    // N2
    for value in ["application/*", "APPLICATION/JSON", "json", "/", ";;;", "application/json;as=Wrong;v=v1;g=meta.k8s.io"] {
        assert_eq!(accepted(value), Err(406), "{value}");
    }
}

#[test]
fn bodies_are_read_by_their_type() {
    // N1
    let read = |value: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::CONTENT_TYPE, value.parse().expect("a header"));
        }
        content_type(&headers).map_err(|status| status.code)
    };
    assert_eq!(read(None), Ok(Reader::Json));
    assert_eq!(read(Some("APPLICATION/JSON; charset=utf-8")), Ok(Reader::Json));
    assert_eq!(read(Some("application/yaml")), Ok(Reader::Yaml));
    assert_eq!(read(Some("application/vnd.kubernetes.protobuf")), Ok(Reader::Protobuf));
    for value in ["text/plain", "application/json; charset", ";", "application/json, application/yaml", "application/cbor"] {
        assert_eq!(read(Some(value)), Err(415), "{value}");
    }
}
