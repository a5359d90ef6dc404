//! The generic registry: create, read, update, patch and delete for every row of the kinds table.
//! Input: a [`Call`]. Output: an [`Answer`](crate::answer::Answer) or the Status that refuses it.

pub(crate) mod create;
pub(crate) mod delete;
mod delete_collection;
pub(crate) mod finish;
pub(crate) mod list;
mod namespaces;
mod ownership;
pub(crate) mod patch;
pub(crate) mod queue;
pub(crate) mod scale;
pub(crate) mod update;

use crate::answer::{Answer, Wish};
use crate::app::Core;
use crate::query::{self, Query};
use crate::request::{Target, Verb};
use crate::{keys, subresources, watch};
use bytes::Bytes;
use http::{HeaderMap, header};
use std::sync::Arc;
use stead_api::Status;
use stead_store::WriteError;

/// One request to a resource.
#[derive(Debug)]
pub(crate) struct Call {
    pub target: Target,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Texts for `Warning` headers, sent with failures too (N31).
    pub warnings: Vec<String>,
}

impl Call {
    /// Key of the object that the path names.
    pub(crate) fn key(&self) -> String {
        keys::object(self.target.kind, &self.target.namespace, &self.target.name)
    }

    /// Who owns what this call writes, if the query names nobody (W17): the client's name.
    pub(crate) fn user_agent_manager(&self) -> String {
        let agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let name: String =
            agent.split('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(query::MANAGER_BYTES_MAX).collect();
        if name.is_empty() { "unknown".to_owned() } else { name }
    }
}

/// Answers a request for a resource.
pub(crate) async fn serve(core: &Arc<Core>, call: &mut Call, wish: Wish) -> Result<Answer, Status> {
    if let Some(subresource) = call.target.subresource {
        return subresources::serve(core, call, subresource).await;
    }
    match call.target.verb {
        Verb::Get => get(core, call),
        Verb::List => list::list(core, call).await,
        Verb::Watch => watch::watch(core, call, wish),
        Verb::Create => create::create(core, call).await,
        Verb::Update => update::update(core, call).await,
        Verb::Patch => patch::patch(core, call).await,
        Verb::Delete => delete::delete(core, call).await,
        Verb::DeleteCollection => delete_collection::delete(core, call).await,
    }
}

/// GET of one object (L5).
pub(crate) fn get(core: &Core, call: &Call) -> Result<Answer, Status> {
    let target = &call.target;
    if let Some(version) = query::value(&call.query, "resourceVersion").filter(|version| !version.is_empty()) {
        query::parse_uint(version).map_err(|why| Status::new(500, "", format!("resourceVersion: Invalid value: {version:?}: {why}")))?;
    }
    let entry = core.store.get(&call.key()).ok_or_else(|| Status::not_found(target.kind, &target.name))?;
    Ok(Answer::Object { code: 200, kind: target.kind, bytes: entry.value })
}

/// The answer to a write that the store did not take for a reason of its own.
pub(crate) fn refused(error: &WriteError) -> Status {
    Status::internal(&error.to_string())
}
