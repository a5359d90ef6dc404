//! Paths of the API: where a version of a group, a collection and an object are. Input: names as users and discovery have them. Output: paths that
//! can be sent whatever stands in those names. Whether a name may stand in a path at all is not judged here (`names::path_segment_name`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Display;

/// All but what may stand between two slashes as it is (RFC 3986, 3.3), so that names of nearly all objects look as they are, also
/// `system:node`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A name as one part of a path.
pub fn segment(name: &str) -> impl Display {
    utf8_percent_encode(name, ENCODED)
}

/// Where the resources of a version are: `/api/v1`, `/apis/apps/v1`.
pub fn root(api_version: &str) -> String {
    match api_version.split_once('/') {
        None => format!("/api/{}", segment(api_version)),
        Some((group, version)) => format!("/apis/{}/{}", segment(group), segment(version)),
    }
}

/// Where the objects of a resource are; an empty namespace means all of them, or none for a cluster-scoped resource.
pub fn collection(api_version: &str, plural: &str, namespace: &str) -> String {
    let (root, plural) = (root(api_version), segment(plural));
    if namespace.is_empty() { format!("{root}/{plural}") } else { format!("{root}/namespaces/{}/{plural}", segment(namespace)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_group_has_a_root_of_its_own() {
        assert_eq!([root("v1"), root("apps/v1")], ["/api/v1", "/apis/apps/v1"]);
        assert_eq!(collection("v1", "pods", ""), "/api/v1/pods");
        assert_eq!(collection("apps/v1", "statefulsets", "default"), "/apis/apps/v1/namespaces/default/statefulsets");
    }

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_stands_in_it() {
        for plain in ["web-0", "a.example.com", "system:node:a", "a_B~!$&'()*+,;=@"] {
            assert_eq!(segment(plain).to_string(), plain);
        }
        let strange = [("a b", "a%20b"), ("a/b", "a%2Fb"), ("50%", "50%25"), ("a?b#c", "a%3Fb%23c"), ("é", "%C3%A9")];
        for (name, encoded) in strange {
            assert_eq!(segment(name).to_string(), encoded);
            let path = format!("{}/{}", collection("rbac/v 1", "roles", name), segment(name));
            assert_eq!(path, format!("/apis/rbac/v%201/namespaces/{encoded}/roles/{encoded}"));
            assert!(path.parse::<http::Uri>().is_ok_and(|uri| uri.query().is_none()), "{path}");
        }
    }
}
