//! Which handler answers a request for a resource. Input: a call. Output: an answer, or the Status that refuses it.

use crate::Body;
use crate::answer::Answer;
use crate::call::Call;
use crate::component_statuses;
use crate::core::Core;
use crate::format::ResponseFormat;
use crate::metrics;
use crate::query::{Write, WriteOptions};
use crate::registry::{create, delete, delete_collection, list, patch, read, scale, update};
use crate::request::Verb;
use crate::reviews;
use crate::subresources::{binding, eviction, proxy, streams, token};
use crate::watch;
use std::sync::Arc;
use stead_api::Status;
use stead_api::registry::Part;

pub(crate) async fn serve(core: &Arc<Core>, call: &mut Call, format: ResponseFormat) -> Result<Answer, Status> {
    if metrics::serves(&call.target.kind) {
        return metrics::serve(core, call);
    }
    if component_statuses::serves(&call.target.kind) {
        return component_statuses::serve(core, call);
    }
    if let Some(subresource) = call.target.subresource {
        return serve_subresource(core, call, subresource.name).await;
    }
    match call.target.verb {
        Verb::Get => read::get(core, call),
        Verb::List => list::list(core, call).await,
        Verb::Watch => watch::watch(core, call, format),
        Verb::Create if binding::serves(&call.target.kind) => {
            call.target.kind = core.kinds.built_in("pods");
            binding::create(core, call).await
        }
        Verb::Create => match reviews::create(core, call) {
            Some(answered) => answered,
            None => create::create(core, call).await,
        },
        Verb::Update => update::update(core, call).await,
        Verb::Patch => patch::patch(core, call).await,
        Verb::Delete => delete::delete(core, call).await,
        Verb::DeleteCollection => delete_collection::delete(core, call).await,
    }
}

/// What others serve below `proxy`; the body goes there as it comes.
pub(crate) async fn pass_on(core: &Core, call: &mut Call, body: Body) -> Result<Answer, Status> {
    proxy::serve(core, call, body).await
}

/// Paths below an object (section 11 of the API contract).
async fn serve_subresource(core: &Core, call: &mut Call, name: &'static str) -> Result<Answer, Status> {
    match name {
        "scale" => scale::serve(core, call).await,
        "status" => part(core, call, Part::Status).await,
        "binding" => binding::create(core, call).await,
        "eviction" => eviction::create(core, call).await,
        "token" => token::create(core, call),
        "log" => streams::log(core, call).await,
        "exec" | "attach" | "portforward" => streams::connect(core, call, name).await,
        // What writes into the object itself: ephemeralcontainers, resize, finalize.
        name => part(core, call, Part::Other(name)).await,
    }
}

async fn part(core: &Core, call: &mut Call, part: Part) -> Result<Answer, Status> {
    match call.target.verb {
        Verb::Get => read::get(core, call),
        Verb::Patch => patch::patch_part(core, call, part).await,
        _ => {
            let options = WriteOptions::parse(&call.query, Write::Update)?;
            update::update_part(core, call, &options, part).await
        }
    }
}
