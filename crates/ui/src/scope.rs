//! What a session may ask for at all, whoever its user is: what the page shows, and the three changes that it offers. Pure.

use stead_server::Wanted;

/// What is read, with its API group.
const SHOWN: [(&str, &str); 8] = [
    ("", "pods"),
    ("", "events"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "persistentvolumeclaims"),
    ("apps", "statefulsets"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
];

/// Whether the page has a use for that.
pub fn allows(wanted: Wanted<'_>) -> bool {
    match wanted {
        Wanted::Path { method, path } => {
            matches!(method, "GET" | "DELETE") && path == "/ui/session" || method == "GET" && (path == "/version" || is_explanation(path))
        }
        Wanted::Resource { verb, group, resource, subresource, path } => match (verb, group, resource, subresource) {
            ("get" | "list" | "watch", group, resource, "") => SHOWN.contains(&(group, resource)),
            ("get", "", "pods", "log") => true,
            // How full disks are, and nothing else that a node says or does.
            ("get", "", "nodes", "proxy") => path.ends_with("/proxy/stats/summary"),
            ("patch", "apps", "statefulsets" | "deployments", "scale") => true,
            // A roll is begun by an annotation of the template.
            ("patch", "apps", "statefulsets" | "deployments", "") => true,
            ("delete", "", "pods", "") => true,
            _ => false,
        },
    }
}

fn is_explanation(path: &str) -> bool {
    matches!(path, "/debug/controllers/explain" | "/debug/nodes/explain")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(verb: &str, group: &str, resource: &str, subresource: &str, path: &str) -> bool {
        allows(Wanted::Resource { verb, group, resource, subresource, path })
    }

    #[test]
    fn a_session_shows_and_does_what_the_page_does_and_no_more() {
        assert!(allowed("watch", "apps", "statefulsets", "", ""));
        assert!(allowed("patch", "apps", "statefulsets", "scale", ""));
        assert!(allowed("delete", "", "pods", "", ""));
        assert!(allowed("get", "", "nodes", "proxy", "/api/v1/nodes/a/proxy/stats/summary"));
        assert!(!allowed("get", "", "nodes", "proxy", "/api/v1/nodes/a/proxy/exec/default/web-0/c"));
        assert!(!allowed("create", "", "nodes", "proxy", "/api/v1/nodes/a/proxy/stats/summary"));
        for (verb, group, resource, subresource) in [
            ("list", "", "secrets", ""),
            ("get", "", "secrets", ""),
            ("get", "", "configmaps", ""),
            ("get", "", "pods", "exec"),
            ("create", "", "pods", "exec"),
            ("get", "", "pods", "proxy"),
            ("get", "", "services", "proxy"),
            ("create", "", "pods", ""),
            ("create", "", "serviceaccounts", "token"),
            ("deletecollection", "", "pods", ""),
            ("delete", "apps", "statefulsets", ""),
            ("delete", "", "persistentvolumeclaims", ""),
            ("update", "apps", "statefulsets", ""),
            ("patch", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
        ] {
            assert!(!allowed(verb, group, resource, subresource, "/proxy/stats/summary"), "{verb} {resource}/{subresource}");
        }
    }

    #[test]
    fn of_other_paths_it_has_the_explanations_and_itself() {
        let path = |method, path| allows(Wanted::Path { method, path });
        assert!(path("GET", "/debug/controllers/explain") && path("DELETE", "/ui/session") && path("GET", "/version"));
        for (method, other) in
            [("POST", "/ui/links"), ("GET", "/ui/links"), ("GET", "/debug/x"), ("POST", "/version"), ("GET", "/openapi/v2")]
        {
            assert!(!path(method, other), "{method} {other}");
        }
    }
}
