//! Discovery (section D): which groups, versions and resources are served, in the old documents and in the aggregated one.
//!
//! Input: the path's segments and the Accept header. Output: the response. Everything comes from the rows of kinds; what is
//! not served is not listed (D8).

mod documents;
#[cfg(test)]
mod tests;

use crate::kinds::Rows;
use crate::{Body, answer, digest};
use http::{HeaderMap, HeaderValue, Response, header};
use stead_api::{Status, Value};

/// What the endpoints can write.
const MEDIA_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// Content type of the aggregated document.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Which of the two forms a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Legacy,
    Aggregated,
}

/// Answers `/api`, `/apis` and the documents below them; `advertise` is this server's address as clients know it.
pub(crate) fn answer(rows: &Rows, method: &str, segments: &[String], headers: &HeaderMap, advertise: &str) -> Response<Body> {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    // The documents of groups take any method (T8).
    if !matches!(segments.as_slice(), ["apis", _]) && method != "GET" {
        return answer::failure(&answer::no_method());
    }
    let top = segments.len() == 1;
    let form = match accepted(headers, top) {
        Some(form) => form,
        None => return answer::failure(&not_acceptable(headers, segments.as_slice())),
    };
    let document = match (segments.as_slice(), form) {
        (["api"], Form::Aggregated) => documents::aggregated(rows, |group| group.is_empty()),
        (["apis"], Form::Aggregated) => documents::aggregated(rows, |group| !group.is_empty()),
        (["api"], Form::Legacy) => documents::core_versions(rows, advertise),
        (["apis"], Form::Legacy) => documents::groups(rows),
        (["apis", group], _) => documents::group_document(rows, group),
        (["api", version], _) => documents::resources(rows, "", version),
        (["apis", group, version], _) => documents::resources(rows, group, version),
        _ => return answer::text(404, "404 page not found\n"),
    };
    respond(&document, form, headers)
}

/// D9: the aggregated document has an ETag, so that clients ask whether theirs is still good.
fn respond(document: &Value, form: Form, headers: &HeaderMap) -> Response<Body> {
    let bytes = format!("{document}\n");
    let etag = format!("\"{}\"", digest::hex(bytes.as_bytes()));
    if form == Form::Aggregated && headers.get(header::IF_NONE_MATCH).is_some_and(|given| given == etag.as_str()) {
        let mut response = answer::text(304, "");
        response.headers_mut().remove(header::CONTENT_TYPE);
        return response;
    }
    let mut response = answer::json(200, bytes.into());
    let out = response.headers_mut();
    out.insert(header::VARY, HeaderValue::from_static("Accept"));
    if form == Form::Aggregated {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            out.insert(header::ETAG, etag);
        }
    }
    response
}

/// The first clause of Accept that can be served (D2); `top` says whether the aggregated form exists here.
fn accepted(headers: &HeaderMap, top: bool) -> Option<Form> {
    let accept = accept(headers);
    if accept.is_empty() {
        return Some(Form::Legacy);
    }
    accept.split(',').find_map(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        let media_type = parts.next()?;
        let parameters: Vec<&str> = parts.collect();
        let has = |wanted: &str| parameters.contains(&wanted);
        match media_type {
            "*/*" => Some(Form::Legacy),
            "application/json" if !parameters.iter().any(|p| p.starts_with("as=")) => Some(Form::Legacy),
            "application/json" if top && has("as=APIGroupDiscoveryList") && has("g=apidiscovery.k8s.io") && has("v=v2") => {
                Some(Form::Aggregated)
            }
            _ => None,
        }
    })
}

fn accept(headers: &HeaderMap) -> String {
    let clauses: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    clauses.join(",")
}

/// N2: a list of resources says it in other words when no media type fits at all.
fn not_acceptable(headers: &HeaderMap, segments: &[&str]) -> Status {
    let accept = accept(headers);
    let known = MEDIA_TYPES.split(", ").any(|media_type| accept.contains(media_type));
    let is_list = matches!(segments, ["api", _] | ["apis", _, _]);
    if is_list && !known {
        return Status::new(406, "NotAcceptable", format!("406: Not Acceptable\n\nAvailable representations: {MEDIA_TYPES}"))
            .with_details(stead_api::json!({}));
    }
    Status::new(406, "NotAcceptable", format!("only the following media types are accepted: {MEDIA_TYPES}"))
}
