//! Storage keys. Input: a kind, a namespace, a name. Output: keys and prefixes of the store.

use stead_api::registry::Kind;

/// Prefix of all objects of a kind, or of those of one namespace.
pub(crate) fn prefix(kind: &Kind, namespace: &str) -> String {
    let resource = kind.stored_resource();
    if namespace.is_empty() { format!("/registry/{resource}/") } else { format!("/registry/{resource}/{namespace}/") }
}

/// Key of one object.
pub(crate) fn object(kind: &Kind, namespace: &str, name: &str) -> String {
    let mut key = prefix(kind, if kind.namespaced { namespace } else { "" });
    key.push_str(name);
    key
}
