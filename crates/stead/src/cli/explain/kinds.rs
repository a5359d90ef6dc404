//! Which resource a user's word names, by the server's discovery documents: `sts`, `statefulset`, `StatefulSet`, `statefulsets.apps`.

use super::super::connect::get;
use anyhow::bail;
use kube::Client;
use stead_api::Value;
use stead_api::value::Access;

/// A resource of the server.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    pub plural: String,
    pub group: String,
    pub namespaced: bool,
}

impl Resource {
    /// `pods`, `statefulsets.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Looks in the core group first, then in the others in discovery's order.
pub async fn find(client: &Client, word: &str) -> anyhow::Result<Resource> {
    if let Some(found) = named("", &get(client, "/api/v1").await?, word) {
        return Ok(found);
    }
    for group in get(client, "/apis").await?.items("groups") {
        let version = group["preferredVersion"].str("groupVersion");
        if let Some(found) = named(group.str("name"), &get(client, &format!("/apis/{version}")).await?, word) {
            return Ok(found);
        }
    }
    bail!("the server has no kind {word:?}")
}

/// The resource of an APIResourceList that has this name, in any of its forms.
fn named(group: &str, list: &Value, word: &str) -> Option<Resource> {
    let word = word.to_lowercase();
    let is_named = |resource: &&Value| {
        let plural = resource.str("name");
        let short = resource.items("shortNames").iter().any(|short| short == word.as_str());
        let full = word.split_once('.').is_some_and(|(name, of)| name == plural && of == group);
        !plural.contains('/') && (plural == word || resource.str("singularName") == word || short || full)
    };
    let found = list.items("resources").iter().find(is_named)?;
    Some(Resource { plural: found.str("name").to_owned(), group: group.to_owned(), namespaced: found.flag("namespaced") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_kind_has_many_names() {
        let list = json!({"resources": [
            {"name": "statefulsets/status", "singularName": "", "kind": "StatefulSet", "namespaced": true},
            {"name": "statefulsets", "singularName": "statefulset", "kind": "StatefulSet", "namespaced": true, "shortNames": ["sts"]},
        ]});
        for word in ["sts", "statefulset", "StatefulSet", "statefulsets", "statefulsets.apps"] {
            assert_eq!(named("apps", &list, word).expect(word).qualified(), "statefulsets.apps");
        }
        for word in ["pods", "statefulsets.batch", "statefulsets/status", ""] {
            assert_eq!(named("apps", &list, word), None, "{word}");
        }
    }
}
