//! Objects that are held: those of a cluster, and over them those of manifests.

use crate::Known;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;

/// Objects by kind, namespace and name; a later one replaces an earlier one.
#[derive(Debug, Clone, Default)]
pub struct Objects(BTreeMap<(String, String, String), Arc<Value>>);

impl Objects {
    /// Adds an object. The namespace is that of objects that name none; it is not looked at for kinds outside of namespaces.
    pub fn insert(&mut self, object: Value, namespace: &str) {
        let own = object["metadata"].str("namespace");
        let namespace = match object.str("kind") {
            "Node" | "StorageClass" => "",
            _ if own.is_empty() => namespace,
            _ => own,
        };
        let key = (object.str("kind").to_owned(), namespace.to_owned(), object["metadata"].str("name").to_owned());
        self.0.insert(key, Arc::new(object));
    }
}

impl Known for Objects {
    fn find(&self, kind: &'static str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn list(&self, kind: &'static str, namespace: &str) -> Vec<Arc<Value>> {
        let of_it = self.0.iter().filter(|((k, ns, _), _)| k == kind && (namespace.is_empty() || ns == namespace));
        of_it.map(|(_, object)| Arc::clone(object)).collect()
    }
}
