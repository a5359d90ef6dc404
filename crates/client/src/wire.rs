//! The wire form of calls: which HTTP request a [`Call`] is, and what an answer means. Input: calls, status codes and
//! bodies. Output: requests, values and [`Failure`]s. It sends nothing.
//!
//! A success that is not what was asked for is no answer: an unreadable list is never an empty one.

use crate::call::{Call, DeleteOptions, Key, Patch};
use crate::failure::{Failure, Refusal, reason};
use crate::follow::Scope;
use crate::paths;
use crate::prune::{self, Extent};
use crate::resource::Resource;
use stead_api::{Map, Value, value::Access};

/// An HTTP request before it has a transport.
pub type Request = http::Request<Vec<u8>>;

/// The request that a call is. `agent` becomes its field manager.
pub fn request(call: &Call, agent: &str) -> Result<Request, http::Error> {
    let (method, path, content_type, body) = match call {
        Call::Get { resource, key } => ("GET", object_path(*resource, key, ""), "", None),
        Call::List { resource, namespace, limit } => ("GET", format!("{}?limit={limit}", collection_path(*resource, namespace)), "", None),
        Call::Create { resource, namespace, subresource: (name, sub), body } if !name.is_empty() => {
            ("POST", object_path(*resource, &Key::new(namespace.clone(), name.clone()), sub), JSON, Some(body))
        }
        Call::Create { resource, namespace, body, .. } => ("POST", collection_path(*resource, namespace), JSON, Some(body)),
        Call::Update { resource, key, subresource, body } => ("PUT", object_path(*resource, key, subresource), JSON, Some(body)),
        Call::Patch { resource, key, subresource, patch } => {
            let (ty, body) = match patch {
                Patch::Json(body) => ("application/json-patch+json", body),
                Patch::Merge(body) => ("application/merge-patch+json", body),
                Patch::Strategic(body) => ("application/strategic-merge-patch+json", body),
            };
            ("PATCH", object_path(*resource, key, subresource), ty, Some(body))
        }
        Call::Delete { resource, key, options } => {
            let body = delete_body(options);
            return build("DELETE", object_path(*resource, key, ""), JSON, Some(&body), agent);
        }
        Call::DeleteCollection { resource, namespace } => ("DELETE", collection_path(*resource, namespace), "", None),
    };
    build(method, path, content_type, body, agent)
}

const JSON: &str = "application/json";

fn build(method: &str, path: String, content_type: &str, body: Option<&Value>, agent: &str) -> Result<Request, http::Error> {
    let mut builder = http::Request::builder().method(method).uri(path).header("Accept", JSON).header("User-Agent", agent);
    if !content_type.is_empty() {
        builder = builder.header("Content-Type", content_type);
    }
    builder.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default())
}

/// The path of a collection; an empty namespace means all of them, or none for a cluster-scoped resource.
fn collection_path(resource: Resource, namespace: &str) -> String {
    paths::collection(resource.api_version, resource.plural, if resource.namespaced { namespace } else { "" })
}

fn object_path(resource: Resource, key: &Key, subresource: &str) -> String {
    let path = format!("{}/{}", collection_path(resource, &key.namespace), paths::segment(&key.name));
    if subresource.is_empty() { path } else { format!("{path}/{subresource}") }
}

fn delete_body(options: &DeleteOptions) -> Value {
    let mut body = Map::new();
    body.insert("apiVersion".into(), "v1".into());
    body.insert("kind".into(), "DeleteOptions".into());
    if let Some(seconds) = options.grace_period_s {
        body.insert("gracePeriodSeconds".into(), seconds.into());
    }
    if let Some(policy) = options.propagation {
        body.insert("propagationPolicy".into(), policy.into());
    }
    let mut preconditions = Map::new();
    if let Some(uid) = &options.uid {
        preconditions.insert("uid".into(), uid.as_str().into());
    }
    if let Some(version) = &options.resource_version {
        preconditions.insert("resourceVersion".into(), version.as_str().into());
    }
    if !preconditions.is_empty() {
        body.insert("preconditions".into(), preconditions.into());
    }
    body.into()
}

/// What a success has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An object of this resource, with a uid and a resourceVersion.
    Object(Resource),
    /// As `Object`; only its type and metadata are read.
    Metadata(Resource),
    /// A list of this resource, with a resourceVersion.
    List(Resource),
    /// Anything that has a kind: a Status, a Scale, what discovery says.
    Any,
}

impl Answer {
    /// What this call asks for.
    pub fn to(call: &Call) -> Self {
        match call {
            Call::List { resource, .. } => Self::List(*resource),
            Call::Get { resource, .. }
            | Call::Create { resource, subresource: (_, ""), .. }
            | Call::Update { resource, subresource: "" | "status", .. }
            | Call::Patch { resource, subresource: "" | "status", .. } => Self::Object(*resource),
            Call::Create { .. } | Call::Update { .. } | Call::Patch { .. } | Call::Delete { .. } | Call::DeleteCollection { .. } => {
                Self::Any
            }
        }
    }

    /// As [`to`](Self::to), for those who need no more of an object than its metadata.
    pub fn metadata_to(call: &Call) -> Self {
        match Self::to(call) {
            Self::Object(resource) => Self::Metadata(resource),
            other => other,
        }
    }

    /// What is wrong with a success; `None` if it is what it has to be.
    fn misses(self, value: &Value) -> Option<String> {
        let kind = value.str("kind");
        let wanted = match self {
            Self::Object(resource) | Self::Metadata(resource) => resource.kind.to_owned(),
            Self::List(resource) => format!("{}List", resource.kind),
            Self::Any if kind.is_empty() => return Some("it has no kind".to_owned()),
            Self::Any => return None,
        };
        if kind != wanted {
            return Some(format!("its kind is {kind:?}, not {wanted:?}"));
        }
        if version(value).is_none() {
            return Some("it has no resourceVersion".to_owned());
        }
        match self {
            Self::Object(_) | Self::Metadata(_) if !is_identified(value) => Some("it has no name or uid".to_owned()),
            Self::List(_) if !value.get("items").is_some_and(Value::is_array) => Some("it has no items".to_owned()),
            Self::Object(_) | Self::Metadata(_) | Self::List(_) | Self::Any => None,
        }
    }
}

fn is_identified(object: &Value) -> bool {
    let has = |name: &str| object.get("metadata").is_some_and(|meta| !meta.str(name).is_empty());
    has("name") && has("uid")
}

fn version(value: &Value) -> Option<u64> {
    value.get("metadata")?.str("resourceVersion").parse().ok()
}

/// What an answer means. Objects come without managedFields.
pub fn outcome(wanted: &Answer, code: u16, body: &[u8]) -> Result<Value, Failure> {
    let extent = if matches!(wanted, Answer::Metadata(_)) { Extent::Metadata } else { Extent::Object };
    let parsed = prune::read(body, extent);
    if (200..300).contains(&code) {
        let value = parsed.map_err(|error| Failure::NoAnswer(format!("the answer {code} cannot be read: {error}")))?;
        return match wanted.misses(&value) {
            None => Ok(value),
            Some(what) => Err(Failure::NoAnswer(format!("the answer {code} is not what was asked for: {what}"))),
        };
    }
    let text = String::from_utf8_lossy(body);
    let value = parsed.unwrap_or_default();
    // Only the API server's own word counts; a proxy's page says nothing of objects.
    let reason = if value.str("kind") == "Status" { reason(value.str("reason"), &value["details"]) } else { "" };
    let message = match value.str("message") {
        "" => text.trim(),
        message => message,
    };
    Err(Failure::Refused(Refusal { code, reason: reason.to_owned(), message: message.to_owned() }))
}

/// The text of a `Warning` header of the API: `299 - "text"`. `None` for those of others.
pub fn warning_text(header: &http::HeaderValue) -> Option<String> {
    let (_agent, quoted) = str::from_utf8(header.as_bytes()).ok()?.strip_prefix("299 ")?.split_once(" \"")?;
    let (mut text, mut rest) = (String::new(), quoted.chars());
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            plain => text.push(plain),
        }
    }
}

/// Objects per page of a list.
const PAGE: u32 = 500;

/// A whole list of what is followed, or the page after `continue_token`.
pub fn list_path(scope: &Scope, continue_token: &str) -> String {
    let path = format!("{}?limit={PAGE}{}", collection_path(scope.resource, &scope.namespace), selected(scope));
    if continue_token.is_empty() { path } else { format!("{path}&continue={continue_token}") }
}

/// A whole list of a namespace (empty: of all), or the page after `continue_token`.
pub fn namespace_list_path(resource: Resource, namespace: &str, continue_token: &str) -> String {
    let path = format!("{}?limit={PAGE}", collection_path(resource, namespace));
    if continue_token.is_empty() { path } else { format!("{path}&continue={continue_token}") }
}

/// A watch of everything after a version.
pub fn watch_path(scope: &Scope, version: u64, timeout_s: u32) -> String {
    let path = collection_path(scope.resource, &scope.namespace);
    let selected = selected(scope);
    format!("{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={timeout_s}{selected}")
}

/// The field selector as part of a query.
fn selected(scope: &Scope) -> String {
    if scope.field_selector.is_empty() {
        return String::new();
    }
    let escaped = scope.field_selector.replace('%', "%25").replace('=', "%3D").replace('!', "%21").replace(',', "%2C").replace('&', "%26");
    format!("&fieldSelector={escaped}")
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub objects: Vec<T>,
    pub version: u64,
    /// Where the next page begins; empty after the last.
    pub continue_token: String,
}

/// Reads a list, each object through `parse`; one object that cannot be read makes the whole list no answer.
pub fn page<T>(resource: Resource, mut list: Value, parse: impl Fn(Value) -> Option<T>) -> Result<Page<T>, Failure> {
    if let Some(what) = Answer::List(resource).misses(&list) {
        return Err(Failure::NoAnswer(format!("a list of {} is none: {what}", resource.plural)));
    }
    let items = list.get_mut("items").map(Value::take).unwrap_or_default();
    let Value::Array(items) = items else { return Err(Failure::NoAnswer("a list has no items".to_owned())) };
    let unreadable = || Failure::NoAnswer(format!("an object in a list of {} cannot be read", resource.plural));
    let read = |item: Value| if is_identified(&item) { parse(item) } else { None };
    let objects = items.into_iter().map(|item| read(item).ok_or_else(unreadable)).collect::<Result<_, _>>()?;
    Ok(Page { objects, version: version(&list).unwrap_or_default(), continue_token: list["metadata"].str("continue").to_owned() })
}

/// What a watch says.
#[derive(Debug, PartialEq)]
pub enum Report<T> {
    /// A whole list at a version; what it lacks is gone.
    Replaced {
        objects: Vec<T>,
        version: u64,
    },
    /// Created or changed.
    Put(T),
    Deleted(T),
    /// Everything up to this version has been told.
    Bookmark {
        version: u64,
    },
}

/// A line of a watch.
#[derive(Debug)]
pub struct Line<T> {
    /// Where a new watch has to begin after this line.
    pub version: u64,
    pub report: Report<T>,
}

/// Reads a line of the answer to [`watch_path`]. An ERROR event is a failure, and so is what cannot be read.
pub fn line<T>(line: &[u8], parse: impl Fn(Value) -> Option<T>) -> Result<Line<T>, Failure> {
    let unreadable = |why: &str| Failure::NoAnswer(format!("a watch event cannot be read: {why}"));
    let mut event = prune::read(line, Extent::Object).map_err(|error| unreadable(&error.to_string()))?;
    let object = event.get_mut("object").map(Value::take).unwrap_or_default();
    let ty = event.str("type");
    if ty == "ERROR" {
        let code = object.int("code").and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
        let refusal = Refusal { code, reason: object.str("reason").to_owned(), message: object.str("message").to_owned() };
        return Err(Failure::Refused(refusal));
    }
    let version = version(&object).ok_or_else(|| unreadable("it has no resourceVersion"))?;
    let parsed =
        |object: Value| is_identified(&object).then(|| parse(object)).flatten().ok_or_else(|| unreadable("its object has no name"));
    let report = match ty {
        "BOOKMARK" => Report::Bookmark { version },
        "ADDED" | "MODIFIED" => Report::Put(parsed(object)?),
        "DELETED" => Report::Deleted(parsed(object)?),
        other => return Err(unreadable(&format!("its type is {other:?}"))),
    };
    Ok(Line { version, report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{CONFIG_MAPS, PODS};
    use proptest::prelude::*;
    use stead_api::json;

    fn pods(list: &Value) -> Result<Page<Value>, Failure> {
        page(PODS, outcome(&Answer::List(PODS), 200, list.to_string().as_bytes())?, Some)
    }

    fn pod(name: &str) -> Value {
        json!({"metadata": {"name": name, "uid": name, "resourceVersion": "3"}})
    }

    #[test]
    fn names_stand_in_paths_as_one_part() {
        let key = Key::new("d", "a b?c");
        let path = |call| request(&call, "a").unwrap().uri().to_string();
        assert_eq!(path(Call::Get { resource: CONFIG_MAPS, key: key.clone() }), "/api/v1/namespaces/d/configmaps/a%20b%3Fc");
        let patch = Patch::Merge(json!({}));
        let status = Call::Patch { resource: PODS, key, subresource: "status", patch };
        assert_eq!(path(status), "/api/v1/namespaces/d/pods/a%20b%3Fc/status");
    }

    #[test]
    fn a_warning_is_its_text() {
        let text = |header: &str| warning_text(&http::HeaderValue::from_bytes(header.as_bytes()).unwrap());
        let texts = [
            (r#"299 - "use \"a\" instead""#, r#"use "a" instead"#),
            (r#"299 kube - "b" "Mon, 02 Jan 2006 15:04:05 GMT""#, "b"),
            (r#"299 - "C:\\" "#, r"C:\"),
            (r#"299 - "\\\"""#, r#"\""#),
            ("299 - \"größer\"", "größer"),
        ];
        for (header, wanted) in texts {
            assert_eq!(text(header).as_deref(), Some(wanted), "{header}");
        }
        for other in ["299 - nothing", "199 - \"stale\"", "299 - \"no end", "299 - \"no end\\\"", ""] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_list_is_a_list() {
        let good = json!({"kind": "PodList", "metadata": {"resourceVersion": "5"}, "items": [pod("a")]});
        assert_eq!(pods(&good).unwrap().objects.len(), 1);
        let without = |member: &str| {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().shift_remove(member);
            bad
        };
        let with = |member: &str, value: Value| {
            let mut bad = good.clone();
            bad[member] = value;
            bad
        };
        let bad = [
            json!({}),
            json!(null),
            json!([]),
            without("kind"),
            without("metadata"),
            without("items"),
            with("kind", "ConfigMapList".into()),
            with("kind", "Status".into()),
            with("metadata", json!({"resourceVersion": ""})),
            with("items", json!(null)),
            with("items", json!([pod("a"), {"metadata": {"name": "b"}}])),
            with("items", json!([pod("a"), null])),
        ];
        for list in bad {
            let failure = pods(&list).map(|page| page.objects.len()).expect_err(&list.to_string());
            assert!(matches!(failure, Failure::NoAnswer(_)), "{list}: {failure:?}");
        }
        for text in ["", "<html>", "{\"kind\": \"PodList\""] {
            assert!(matches!(outcome(&Answer::List(PODS), 200, text.as_bytes()), Err(Failure::NoAnswer(_))), "{text}");
        }
    }

    #[test]
    fn only_the_object_asked_for_is_an_answer_to_a_get() {
        let wanted = Answer::to(&Call::Get { resource: CONFIG_MAPS, key: Key::new("d", "a") });
        let good = json!({"kind": "ConfigMap", "metadata": {"name": "a", "uid": "u", "resourceVersion": "3"}});
        assert!(outcome(&wanted, 200, good.to_string().as_bytes()).is_ok());
        for bad in [json!({}), pod("a"), json!({"kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "3"}})] {
            assert!(matches!(outcome(&wanted, 200, bad.to_string().as_bytes()), Err(Failure::NoAnswer(_))), "{bad}");
        }
    }

    #[test]
    fn only_a_status_says_that_something_is_not_there() {
        let status = json!({"kind": "Status", "reason": "NotFound", "code": 404, "message": "gone"});
        assert!(outcome(&Answer::Any, 404, status.to_string().as_bytes()).unwrap_err().is_not_found());
        assert!(!outcome(&Answer::Any, 404, b"<html>404</html>").unwrap_err().is_not_found());
    }

    proptest! {
        #[test]
        fn a_torn_list_is_no_answer(cut in 0_usize..200) {
            let text = json!({"kind": "PodList", "metadata": {"resourceVersion": "5"}, "items": [pod("a"), pod("b")]}).to_string();
            prop_assume!(cut < text.len());
            let torn = outcome(&Answer::List(PODS), 200, &text.as_bytes()[..cut]);
            prop_assert!(matches!(torn, Err(Failure::NoAnswer(_))));
        }
    }
}
