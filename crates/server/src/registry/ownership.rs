//! Who owns which fields after a write (P23-P29). Input: the call, the object before and after. Output: its managedFields.

use crate::app::Core;
use crate::query::WriteOptions;
use crate::registry::{Call, scale};
use stead_api::Value;
use stead_api::patch::managed;
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;

/// Whether the writer asked to forget what is booked (P29).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Booked {
    Kept,
    Forgotten,
}

impl Booked {
    /// Of a document that is not in canonical form yet.
    pub(crate) fn of(document: &Value) -> Self {
        if managed::forgets(document) { Self::Forgotten } else { Self::Kept }
    }

    /// Of a request body.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        if memchr::memmem::find(body, b"\"managedFields\"").is_none() {
            return Self::Kept;
        }
        serde_json::from_slice(body).map_or(Self::Kept, |document| Self::of(&document))
    }
}

/// Books a write into the object's managedFields.
pub(crate) fn book(core: &Core, call: &Call, options: &WriteOptions, part: Part, live: Option<&Value>, object: &mut Value, booked: Booked) {
    let kind = call.target.kind;
    let manager = match options.field_manager.as_str() {
        "" => call.user_agent_manager(),
        manager => manager.to_owned(),
    };
    let api_version = kind.api_version();
    let write = managed::Write {
        manager: &manager,
        api_version: &api_version,
        subresource: match part {
            Part::Main => "",
            Part::Status => "status",
            Part::Other(name) => name,
        },
        resets: resets(kind, part),
        now: core.environment.now(),
        forget: booked == Booked::Forgotten,
    };
    match live {
        Some(live) if part == scale::PART => {
            let replicas = |object: &Value| object["spec"].int("replicas").unwrap_or_default();
            managed::update_scale(object, (replicas(live), replicas(object)), write);
        }
        _ => managed::update(kind.schema, live, object, write),
    }
}

/// Paths that an endpoint resets, and so nobody owns through it.
fn resets(kind: &Kind, part: Part) -> &'static [&'static str] {
    match part {
        Part::Main if kind.subresource("status").is_some() => &["status"],
        Part::Status if (kind.group, kind.kind) == ("", "Pod") => &["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"],
        Part::Status => &["spec"],
        Part::Other("ephemeralcontainers" | "resize") => &["status"],
        Part::Main | Part::Other(_) => &[],
    }
}
