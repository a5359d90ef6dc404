//! A call to the API as plain data: what is asked of which object. Nothing here sends it.

use crate::resource::Resource;
use stead_api::Value;

/// Namespace (empty if cluster-scoped) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of a cluster-scoped object.
    pub fn cluster(name: impl Into<String>) -> Self {
        Self::new("", name)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// One call to the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Get {
        resource: Resource,
        key: Key,
    },
    /// At most `limit` objects of a namespace; 0: all.
    List {
        resource: Resource,
        namespace: String,
        limit: u32,
    },
    Create {
        resource: Resource,
        namespace: String,
        subresource: Subresource,
        body: Value,
    },
    Update {
        resource: Resource,
        key: Key,
        subresource: &'static str,
        body: Value,
    },
    Patch {
        resource: Resource,
        key: Key,
        subresource: &'static str,
        patch: Patch,
    },
    Delete {
        resource: Resource,
        key: Key,
        options: DeleteOptions,
    },
    /// Every object of a namespace.
    DeleteCollection {
        resource: Resource,
        namespace: String,
    },
}

/// `("", "")` for the collection; `(pod name, "binding")` for a POST to a subresource.
pub type Subresource = (String, &'static str);

/// A patch body and its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
}

/// Body of a DELETE.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteOptions {
    pub grace_period_s: Option<i64>,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    /// `Background`, `Foreground`, `Orphan`.
    pub propagation: Option<&'static str>,
}

impl Call {
    /// Creates an object in its collection.
    pub fn create(resource: Resource, namespace: &str, body: Value) -> Self {
        Self::Create { resource, namespace: namespace.to_owned(), subresource: (String::new(), ""), body }
    }

    pub fn resource(&self) -> Resource {
        match self {
            Self::Get { resource, .. }
            | Self::List { resource, .. }
            | Self::Create { resource, .. }
            | Self::Update { resource, .. }
            | Self::Patch { resource, .. }
            | Self::Delete { resource, .. }
            | Self::DeleteCollection { resource, .. } => *resource,
        }
    }
}
