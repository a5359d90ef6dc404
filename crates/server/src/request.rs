//! What a request asks for. Input: method, path and query. Output: a [`Route`]. Pure.

use crate::kinds::Rows;
use crate::query::{self, Query};
use std::sync::Arc;
use stead_api::registry::{Kind, Subresource};

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Route {
    /// `404 page not found` as text: outside the API (T7).
    NoPage,
    /// Status NotFound: within a served group (T7).
    NoResource,
    /// Status MethodNotAllowed (T8).
    NoMethod,
    /// `/healthz`, `/livez`, `/readyz` and their checks (H4).
    Health {
        path: String,
    },
    Version,
    /// How tokens are checked by others.
    Issuer {
        path: String,
    },
    /// What is below `/debug/`.
    Debug {
        path: String,
    },
    /// `/ui` and what is below it.
    Site {
        path: String,
    },
    /// `/api`, `/apis` and the documents below them, as path segments.
    Discovery(Vec<String>),
    /// `/openapi/...`, as path segments.
    OpenApi(Vec<String>),
    Resource(Target),
}

/// What is done to a resource, as authorization names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// A resource, or a collection of them, and the verb.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub verb: Verb,
    pub kind: Arc<Kind>,
    /// Empty: cluster-scoped, or all namespaces.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
    pub subresource: Option<&'static Subresource>,
}

impl Target {
    /// Whether somebody else serves what is asked for, body and answer.
    pub(crate) fn is_passed_on(&self) -> bool {
        self.subresource.is_some_and(|subresource| subresource.name == "proxy")
    }
}

/// Finds the route of a request.
pub(crate) fn route(rows: &Rows, method: &str, raw_path: &str, query: &Query) -> Route {
    let path = percent_encoding::percent_decode_str(raw_path).decode_utf8_lossy();
    if path.starts_with("//") {
        return Route::NoPage;
    }
    let mut segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let owned = |segments: &[&str]| segments.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    match segments.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Route::Health { path: path[1..].to_owned() },
        ["version"] if method == "GET" => Route::Version,
        ["version"] => Route::NoMethod,
        [".well-known", "openid-configuration"] | ["openid", "v1", "jwks"] => Route::Issuer { path: segments.join("/") },
        ["debug", _, ..] => Route::Debug { path: segments[1..].join("/") },
        ["ui", ..] => Route::Site { path: segments[1..].join("/") },
        ["openapi", ..] => Route::OpenApi(owned(&segments)),
        ["api"] | ["apis"] => Route::Discovery(owned(&segments)),
        ["api", "v1"] => Route::Discovery(owned(&segments)),
        ["api", "v1", ..] => {
            segments.drain(..2);
            resource(rows, method, "", "v1", &segments, query)
        }
        ["api", ..] => Route::NoResource,
        ["apis", group, ..] if group.is_empty() || !rows.has_group(group) => Route::NoPage,
        ["apis", _] => Route::Discovery(owned(&segments)),
        ["apis", group, version, ..] if !rows.has_version(group, version) => Route::NoResource,
        ["apis", _, _] => Route::Discovery(owned(&segments)),
        ["apis", group, version, rest @ ..] => resource(rows, method, group, version, rest, query),
        _ => Route::NoPage,
    }
}

fn resource(rows: &Rows, method: &str, group: &str, version: &str, path: &[&str], query: &Query) -> Route {
    match path {
        ["watch", rest @ ..] if !rest.is_empty() => watch_prefix(method, objects(rows, method, group, version, rest, query)),
        _ => objects(rows, method, group, version, path, query),
    }
}

/// The old form of watches: `/api/v1/watch/...` (T9).
fn watch_prefix(method: &str, route: Route) -> Route {
    match route {
        Route::Resource(target) if target.subresource.is_some() => Route::NoResource,
        Route::Resource(target) if method == "GET" => Route::Resource(Target { verb: Verb::Watch, ..target }),
        Route::Resource(_) => Route::NoMethod,
        other => other,
    }
}

fn objects(rows: &Rows, method: &str, group: &str, version: &str, path: &[&str], query: &Query) -> Route {
    // `namespaces` is a resource too: its own subresources stand where another resource's name would.
    let (namespace, rest) = match path {
        ["namespaces"] | ["namespaces", _] if group.is_empty() => (None, path),
        ["namespaces", _, sub] if group.is_empty() && rows.find("", "v1", "namespaces").is_some_and(|k| k.subresource(sub).is_some()) => {
            (None, path)
        }
        ["namespaces", namespace, rest @ ..] => (Some(*namespace), rest),
        _ => (None, path),
    };
    let Some(kind) = rest.first().and_then(|plural| rows.find(group, version, plural)) else {
        return Route::NoResource;
    };
    if kind.namespaced != namespace.is_some() && !(kind.namespaced && rest.len() == 1) {
        return Route::NoResource;
    }
    let target = |verb, name: &str, subresource| {
        let namespace = namespace.unwrap_or_default().to_owned();
        Route::Resource(Target { verb, kind: kind.clone(), namespace, name: name.to_owned(), subresource })
    };
    match rest {
        [_] => match collection_verb(kind, method, namespace.is_some(), query) {
            Some(verb) => target(verb, "", None),
            None => Route::NoMethod,
        },
        [_, name] if !name.is_empty() => match object_verb(method).filter(|verb| kind.verbs.contains(&verb.name())) {
            Some(verb) => target(verb, name, None),
            None => Route::NoMethod,
        },
        // What follows `proxy` is a path elsewhere.
        [_, name, sub, below @ ..] if !name.is_empty() && (below.is_empty() || *sub == "proxy") => match kind.subresource(sub) {
            None => Route::NoResource,
            Some(subresource) => match subresource_verb(method, sub).filter(|verb| subresource.verbs.contains(&verb.name())) {
                Some(verb) => target(verb, name, Some(subresource)),
                None => Route::NoMethod,
            },
        },
        _ => Route::NoResource,
    }
}

/// What a request asks for by its path alone, whether it is served or not. Who may not ask for it learns no more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    pub verb: &'static str,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// Reads a path as upstream's authorization does; `None`: it is outside of resources.
pub(crate) fn asked<'a>(method: &str, path: &'a str, query: &Query) -> Option<Asked<'a>> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match segments.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ => return None,
    };
    let (is_watch, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, below @ ..] => match below {
            [] | ["status" | "finalize", ..] => (*namespace, rest),
            below => (*namespace, below),
        },
        rest => ("", rest),
    };
    let part = |place: usize| rest.get(place).copied().unwrap_or_default();
    let name = part(1);
    let watches = || query::flag(query, "watch").unwrap_or_default();
    let verb = match (method, name) {
        _ if is_watch => "watch",
        ("GET" | "HEAD", "") if watches() => "watch",
        ("GET" | "HEAD", "") => "list",
        ("GET" | "HEAD", _) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", "") => "deletecollection",
        ("DELETE", _) => "delete",
        _ => "",
    };
    Some(Asked { verb, group, resource: part(0), subresource: part(2), namespace, name })
}

fn collection_verb(kind: &Kind, method: &str, in_namespace: bool, query: &Query) -> Option<Verb> {
    let verb = match method {
        "GET" if query::flag(query, "watch").unwrap_or_default() => Verb::Watch,
        "GET" => Verb::List,
        // Across namespaces a namespaced kind can only be read.
        _ if kind.namespaced && !in_namespace => return None,
        "POST" => Verb::Create,
        "DELETE" => Verb::DeleteCollection,
        _ => return None,
    };
    kind.verbs.contains(&verb.name()).then_some(verb)
}

fn object_verb(method: &str) -> Option<Verb> {
    match method {
        "GET" => Some(Verb::Get),
        "PUT" => Some(Verb::Update),
        "PATCH" => Some(Verb::Patch),
        "DELETE" => Some(Verb::Delete),
        _ => None,
    }
}

fn subresource_verb(method: &str, subresource: &str) -> Option<Verb> {
    match method {
        "POST" => Some(Verb::Create),
        "HEAD" | "OPTIONS" if subresource == "proxy" => Some(Verb::Get),
        other => object_verb(other),
    }
}

#[cfg(test)]
mod tests;
