//! Tests of discovery.

use super::*;
use crate::kinds::Kinds;

fn accepting(accept: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
    headers
}

/// D2
#[test]
fn the_first_clause_that_can_be_served_counts() {
    let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let old = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    assert_eq!(accepted(&accepting(v2), true), Some(Form::Aggregated));
    assert_eq!(accepted(&accepting(&format!("{old},{v2},application/json")), true), Some(Form::Aggregated));
    // Z6
    assert_eq!(accepted(&accepting(&format!("{old},application/json")), true), Some(Form::Legacy));
    assert_eq!(accepted(&accepting(old), true), None);
    assert_eq!(accepted(&accepting(v2), false), None);
    assert_eq!(accepted(&accepting("application/json, */*"), false), Some(Form::Legacy));
    assert_eq!(accepted(&HeaderMap::new(), true), Some(Form::Legacy));
}

/// T8
#[test]
fn the_document_of_a_group_takes_any_method_and_others_do_not() {
    let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let code =
        |method: &str, at: &str| answer(&Kinds::default().rows(), method, &path(at), &HeaderMap::new(), "https://h:1").status().as_u16();
    assert_eq!(code("DELETE", "apis/apps"), 200);
    assert_eq!(code("POST", "api/v1"), 405);
    assert_eq!(code("PATCH", "apis/apps/v1"), 405);
    assert_eq!(code("GET", "apis/apps/v1"), 200);
}

/// D9
#[test]
fn an_equal_etag_is_answered_with_nothing_new() {
    let mut headers = accepting(AGGREGATED);
    let first = answer(&Kinds::default().rows(), "GET", &["apis".to_owned()], &headers, "https://h:1");
    assert_eq!(first.headers()[header::CONTENT_TYPE], AGGREGATED);
    headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    assert_eq!(answer(&Kinds::default().rows(), "GET", &["apis".to_owned()], &headers, "https://h:1").status(), 304);
}
