//! The generic registry: create, read, update, patch and delete for every row of the kinds table.
//! Input: a [`Call`]. Output: an [`Answer`](crate::answer::Answer) or the Status that refuses it. It never names a kind.

pub(crate) mod create;
mod delete;
mod finish;
mod list;
pub(crate) mod queue;
mod update;

use crate::answer::Answer;
use crate::app::Core;
use crate::query::Query;
use crate::request::{Target, Verb};
use crate::{Identity, keys, watch};
use bytes::Bytes;
use http::HeaderMap;
use stead_api::Status;
use stead_store::WriteError;
use std::sync::Arc;

/// One request to a resource.
#[derive(Debug)]
pub(crate) struct Call {
    pub target: Target,
    pub query: Query,
    pub headers: HeaderMap,
    pub identity: Identity,
    pub body: Bytes,
    /// Texts for `Warning` headers, sent with failures too (N31).
    pub warnings: Vec<String>,
}

impl Call {
    /// Key of the object that the path names.
    pub(crate) fn key(&self) -> String {
        keys::object(self.target.kind, &self.target.namespace, &self.target.name)
    }
}

/// Answers a request for a resource.
pub(crate) async fn serve(core: &Arc<Core>, call: &mut Call) -> Result<Answer, Status> {
    match call.target.verb {
        Verb::Get => get(core, call),
        Verb::List => list::list(core, call).await,
        Verb::Watch => watch::watch(core, call),
        Verb::Create => create::create(core, call).await,
        Verb::Update => update::update(core, call).await,
        Verb::Patch => Err(Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")),
        Verb::Delete => delete::delete(core, call).await,
        Verb::DeleteCollection => Err(Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")),
    }
}

fn get(core: &Core, call: &Call) -> Result<Answer, Status> {
    let target = &call.target;
    let entry = core.store.get(&call.key()).ok_or_else(|| Status::not_found(target.kind, &target.name))?;
    Ok(Answer::Object { code: 200, kind: target.kind, bytes: entry.value })
}

/// The answer to a write that the store did not take for a reason of its own.
pub(crate) fn refused(error: &WriteError) -> Status {
    Status::internal(&error.to_string())
}
