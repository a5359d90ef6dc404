//! One request to a resource, as all handlers take it.

use crate::Identity;
use crate::keys;
use crate::query::{self, Query};
use crate::request::Target;
use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, header};

#[derive(Debug)]
pub(crate) struct Call {
    pub target: Target,
    pub method: Method,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What the listener put beside the request: who sends it, and the way to upgrade its connection.
    pub extensions: Extensions,
    /// Texts for `Warning` headers, sent with failures too (N31).
    pub warnings: Vec<String>,
}

impl Call {
    /// Key of the object that the path names.
    pub(crate) fn key(&self) -> String {
        keys::object(&self.target.kind, &self.target.namespace, &self.target.name)
    }

    /// Who makes it; nobody: the server itself.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.extensions.get()
    }

    /// Who owns what this call writes, if the query names nobody (W17): the client's name.
    pub(crate) fn user_agent_manager(&self) -> String {
        let agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let name: String =
            agent.split('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(query::MANAGER_BYTES_MAX).collect();
        if name.is_empty() { "unknown".to_owned() } else { name }
    }
}
