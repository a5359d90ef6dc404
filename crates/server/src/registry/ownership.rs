//! Who owns which fields after a write (P23-P29). Input: the call, the object before and after. Output: its managedFields.

use crate::call::Call;
use crate::cluster::Cluster;
use crate::query::WriteOptions;
use stead_api::Value;
use stead_api::patch::managed;
use stead_api::registry::{Kind, Part};
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// Whether the writer asked to forget who owned what (P29).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ManagedFields {
    Kept,
    Forgotten,
    /// The object has them already: it was applied.
    Recorded,
}

impl ManagedFields {
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

/// Records a write in the object's managedFields.
pub(crate) fn record(
    cluster: &Cluster,
    call: &Call,
    options: &WriteOptions,
    part: Part,
    live: Option<&Value>,
    object: &mut Value,
    former: ManagedFields,
) {
    if former == ManagedFields::Recorded {
        return;
    }
    let kind = &call.target.kind;
    let manager = match options.field_manager.as_str() {
        "" => call.user_agent_manager(),
        manager => manager.to_owned(),
    };
    let (api_version, now) = (kind.api_version(), cluster.environment.now());
    let forget = former == ManagedFields::Forgotten;
    let write = managed::Write { forget, ..write(kind, part, &manager, &api_version, now) };
    match live {
        Some(live) if part == Part::SCALE => {
            let replicas = |object: &Value| object["spec"].int("replicas").unwrap_or_default();
            managed::update_scale(object, (replicas(live), replicas(object)), write);
        }
        _ => managed::update(kind.schema, live, object, write),
    }
}

/// A write through an endpoint of a kind.
pub(crate) fn write<'a>(kind: &Kind, part: Part, manager: &'a str, api_version: &'a str, now: Timestamp) -> managed::Write<'a> {
    managed::Write {
        manager,
        api_version,
        subresource: match part {
            Part::Main => "",
            Part::Status => "status",
            Part::Other(name) => name,
        },
        resets: resets(kind, part),
        now,
        forget: false,
    }
}

/// Paths that an endpoint resets, so that nobody owns them through it.
fn resets(kind: &Kind, part: Part) -> &'static [&'static str] {
    if let Some(fields) = kind.hooks.reset_fields(part) {
        return fields;
    }
    match part {
        Part::Main if kind.subresource("status").is_some() => &["status"],
        Part::Status => &["spec"],
        Part::Main | Part::Other(_) => &[],
    }
}
