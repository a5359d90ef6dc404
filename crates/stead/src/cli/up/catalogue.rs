//! Where objects of a kind are found on a server, by its discovery documents, each of which is read once.

use crate::cli::connect::get;
use kube::Client;
use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::paths;

/// The discovery documents that were read, by apiVersion; none where the server has no such version.
#[derive(Debug, Default)]
pub struct Catalogue(BTreeMap<String, Option<Value>>);

/// Where objects of a kind are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub plural: String,
    pub is_namespaced: bool,
}

impl Catalogue {
    /// The home of a kind; none if the server does not serve it.
    pub async fn find(&mut self, client: &Client, api_version: &str, kind: &str) -> anyhow::Result<Option<Home>> {
        if !self.0.contains_key(api_version) {
            let list = match get(client, &paths::root(api_version)).await {
                Ok(list) => Some(list),
                Err(error) if is_missing(&error) => None,
                Err(error) => return Err(error),
            };
            self.0.insert(api_version.to_owned(), list);
        }
        Ok(self.0.get(api_version).and_then(Option::as_ref).and_then(|list| home(list, kind)))
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<kube::Error>(), Some(kube::Error::Api(status)) if status.code == 404)
}

fn home(list: &Value, kind: &str) -> Option<Home> {
    let mut resources = list.items("resources").iter().filter(|resource| !resource.str("name").contains('/'));
    let found = resources.find(|resource| resource.str("kind") == kind)?;
    Some(Home { plural: found.str("name").to_owned(), is_namespaced: found.flag("namespaced") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_kind_is_found_by_its_name_and_not_by_its_parts() {
        let list =
            json!({"resources": [{"name": "pods/eviction", "kind": "Eviction"}, {"name": "pods", "kind": "Pod", "namespaced": true}]});
        assert_eq!(home(&list, "Pod"), Some(Home { plural: "pods".into(), is_namespaced: true }));
        assert_eq!(home(&list, "Eviction"), None);
    }
}
