//! Tests of routing (T7-T9).

use super::{Route, route};
use crate::kinds::Kinds;
use crate::query;

fn shown(method: &str, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match route(&Kinds::default().rows(), method, path, &query::parse(query)) {
        Route::NoPage => "no page".to_owned(),
        Route::NoResource => "no resource".to_owned(),
        Route::NoMethod => "no method".to_owned(),
        Route::Health { path } => format!("health {path}"),
        Route::Version => "version".to_owned(),
        Route::Issuer { path } => format!("issuer {path}"),
        Route::Debug { path } => format!("debug {path}"),
        Route::Site { path } => format!("site {path}"),
        Route::Discovery(path) => format!("discovery {}", path.join("/")),
        Route::OpenApi(path) => format!("openapi {}", path.join("/")),
        Route::Resource(t) => {
            let sub = t.subresource.map(|s| format!("/{}", s.name)).unwrap_or_default();
            format!("{} {}{sub} [{}] [{}]", t.verb.name(), t.kind.plural, t.namespace, t.name)
        }
    }
}

#[test]
fn paths_lead_to_resources() {
    // T9
    assert_eq!(shown("GET", "/api/v1/pods"), "list pods [] []");
    assert_eq!(shown("GET", "/api/v1/namespaces/n/pods?watch"), "watch pods [n] []");
    assert_eq!(shown("GET", "/api/v1/namespaces/n/pods?watch=false"), "list pods [n] []");
    assert_eq!(shown("GET", "/api/v1/watch/namespaces/n/pods"), "watch pods [n] []");
    assert_eq!(shown("POST", "/apis/apps/v1/namespaces/n/statefulsets/"), "create statefulsets [n] []");
    assert_eq!(shown("DELETE", "/api/v1/namespaces/n"), "delete namespaces [] [n]");
    assert_eq!(shown("PUT", "/api/v1/namespaces/n/finalize"), "update namespaces/finalize [] [n]");
    assert_eq!(shown("PATCH", "/apis/apps/v1/namespaces/n/statefulsets/s/scale"), "patch statefulsets/scale [n] [s]");
    assert_eq!(shown("GET", "/api/v1/namespaces/n/config%6daps/%61"), "get configmaps [n] [a]");
    assert_eq!(shown("GET", "/api/v1/namespaces//configmaps"), "list configmaps [] []");
}

#[test]
fn the_page_has_paths_of_its_own() {
    assert_eq!(shown("GET", "/ui"), "site ");
    assert_eq!(shown("GET", "/ui/"), "site ");
    assert_eq!(shown("POST", "/ui/session"), "site session");
    assert_eq!(shown("GET", "/uix"), "no page");
}

#[test]
fn what_is_unknown_is_told_apart() {
    // T7
    for path in ["/nowhere", "//api/v1/pods", "/apis/none.example/v1/things"] {
        assert_eq!(shown("GET", path), "no page", "{path}");
    }
    for path in
        ["/api/v2/pods", "/apis/apps/v9/x", "/api/v1/nothings", "/api/v1/pods/p", "/api/v1/namespaces/n/nodes", "/api/v1/nodes/n/nope"]
    {
        assert_eq!(shown("GET", path), "no resource", "{path}");
    }
}

#[test]
fn what_is_not_allowed_is_told() {
    // T8
    for (method, path) in [
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/configmaps"),
        ("PUT", "/api/v1/namespaces/n/configmaps"),
        ("HEAD", "/api/v1/namespaces/n/configmaps"),
        ("POST", "/api/v1/namespaces/n/pods/p"),
        ("DELETE", "/api/v1/namespaces/n/pods/p/status"),
        ("PUT", "/version"),
        ("DELETE", "/api/v1/namespaces"),
    ] {
        assert_eq!(shown(method, path), "no method", "{method} {path}");
    }
}

#[test]
fn other_paths_go_to_their_documents() {
    assert_eq!(shown("GET", "/healthz/"), "health healthz/");
    assert_eq!(shown("GET", "/apis/apps/v1/"), "discovery apis/apps/v1");
    assert_eq!(shown("GET", "/openapi/v3/api/v1"), "openapi openapi/v3/api/v1");
}

proptest::proptest! {
    #[test]
    fn every_path_has_a_route(method in "[A-Z]{0,7}", path in "(/?(api|apis|v1|apps|namespaces|n|pods|watch|statefulsets|status|scale|log|%2f|%zz|\\.\\.|é| )){0,9}/?", query in ".{0,20}") {
        // T7, T8: whatever is asked, something is answered.
        route(&Kinds::default().rows(), &method, &path, &query::parse(&query));
    }
}

// A5
#[test]
fn what_is_asked_for_is_read_off_the_path_alone() {
    let asked = |method: &str, path: &'static str| {
        let asked = super::asked(method, path, &query::parse(""))?;
        Some([asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace, asked.name])
    };
    assert_eq!(asked("GET", "/api/v1"), None);
    assert_eq!(asked("GET", "/apis/apps/v1"), None);
    assert_eq!(asked("GET", "/nonsense/of/some/kind"), None);
    assert_eq!(asked("GET", "/apis/cats.example/v1/cats"), Some(["list", "cats.example", "cats", "", "", ""]));
    assert_eq!(asked("DELETE", "/api/v1/namespaces/d/cats/tom"), Some(["delete", "", "cats", "", "d", "tom"]));
    assert_eq!(asked("DELETE", "/api/v1/namespaces/d/cats"), Some(["deletecollection", "", "cats", "", "d", ""]));
    assert_eq!(asked("PUT", "/api/v1/namespaces/d/status"), Some(["update", "", "namespaces", "status", "d", "d"]));
    assert_eq!(asked("GET", "/api/v1/namespaces/d"), Some(["get", "", "namespaces", "", "d", "d"]));
    assert_eq!(asked("GET", "/api/v1/watch/cats"), Some(["watch", "", "cats", "", "", ""]));
    assert_eq!(asked("POST", "/api/v1/namespaces/d/pods/p/purr"), Some(["create", "", "pods", "purr", "d", "p"]));
}
