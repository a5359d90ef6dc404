//! Paths below an object (section 11 of the API contract). Input: a call with a subresource. Output: an answer.

mod binding;
mod eviction;
mod pod_target;
mod streams;
mod token;

use crate::answer::Answer;
use crate::app::Core;
use crate::query::{Write, WriteOptions};
use crate::registry::{self, Call, patch, scale, update};
use crate::request::Verb;
use stead_api::Status;
use stead_api::registry::{Part, Subresource};

/// Answers a request for a subresource.
pub(crate) async fn serve(core: &Core, call: &mut Call, subresource: &'static Subresource) -> Result<Answer, Status> {
    match subresource.name {
        "scale" => scale::serve(core, call).await,
        "status" => part(core, call, Part::Status).await,
        "binding" => binding::create(core, call).await,
        "eviction" => eviction::create(core, call).await,
        "token" => token::create(core, call),
        "log" => streams::log(core, call),
        "exec" | "attach" | "portforward" => streams::connect(core, call, subresource.name),
        // What writes into the object itself: ephemeralcontainers, resize, finalize.
        name => part(core, call, Part::Other(name)).await,
    }
}

async fn part(core: &Core, call: &mut Call, part: Part) -> Result<Answer, Status> {
    match call.target.verb {
        Verb::Get => registry::get(core, call),
        Verb::Patch => patch::patch_part(core, call, part).await,
        _ => {
            let options = WriteOptions::parse(&call.query, Write::Update)?;
            update::update_part(core, call, &options, part).await
        }
    }
}
