//! What a reconcile decides: effects in order, what it waits for, and why. Plain data; deciding never acts.

use stead_api::{Value, time::Timestamp};
use std::time::Duration;

/// A resource by API path parts, e.g. `("apps/v1", "statefulsets")`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// `v1`, `apps/v1`.
    pub api_version: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub namespaced: bool,
}

/// Namespace (empty if cluster-scoped) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub namespace: String,
    pub name: String,
}

/// One call to the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Create { resource: Resource, namespace: String, subresource: Subresource, body: Value },
    Update { resource: Resource, key: Key, subresource: &'static str, body: Value },
    Patch { resource: Resource, key: Key, subresource: &'static str, patch: Patch },
    Delete { resource: Resource, key: Key, options: DeleteOptions },
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

/// An Event to record about an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// `Normal` or `Warning`.
    pub ty: &'static str,
    pub reason: &'static str,
    pub message: String,
    /// involvedObject.
    pub regarding: Value,
}

/// A call with what follows from its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub call: Call,
    /// Outcomes that count as done: `NotFound` on delete, for example.
    pub tolerate: &'static [&'static str],
    pub on_success: Option<Recorded>,
    /// `{error}` in the message is replaced by the failure's message. Not recorded for reasons in `silent`.
    pub on_failure: Option<Recorded>,
    /// Failure reasons that record no event.
    pub silent: &'static [&'static str],
}

/// How the effects of a step run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In order; the first failure ends the plan's steps.
    OneByOne,
    /// Batches of 1, 2, 4 ... at once (SYNC-16); a failure ends the plan's steps after its batch.
    SlowStart,
}

/// Effects that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub pace: Pace,
    pub effects: Vec<Effect>,
}

/// What to do about one key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// In order; a failed step ends them.
    pub steps: Vec<Step>,
    /// Run after the steps whether or not they failed (status, history).
    pub finally: Vec<Effect>,
    /// Events without a call.
    pub events: Vec<Recorded>,
    /// Look again then, even if nothing changes.
    pub requeue_after: Option<Duration>,
    /// Look again at this time.
    pub requeue_at: Option<Timestamp>,
    /// Retry with back-off: the plan could not be made whole.
    pub error: Option<String>,
    /// Why this plan is what it is, and what it waits for; one line each.
    pub reasons: Vec<String>,
}
