//! One row per kind: names, scope, schema type, hooks. The request pipeline reads rows and never names a kind.

use crate::allocation::{Pool, Run};
use crate::{Map, Status, Value, field::Errors, json, schema::Type, schema::descriptions::description, time::Timestamp};
use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

/// A served kind, in one version. Its texts are static: whoever adds rows at run time interns them, within a bound.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    /// `StatefulSet`.
    pub kind: &'static str,
    /// `statefulsets`; also the storage prefix.
    pub plural: &'static str,
    /// `statefulset`.
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    pub schema: &'static Type,
    /// Verbs of the main resource in discovery's order.
    pub verbs: &'static [&'static str],
    pub subresources: &'static [Subresource],
    /// Field selector labels beside metadata.name and metadata.namespace.
    pub selectable: &'static [&'static str],
    pub columns: &'static [Column],
    /// PUT of a missing object creates it.
    pub create_on_update: bool,
    /// PUT without resourceVersion is accepted.
    pub unconditional_update: bool,
    /// A DELETE that removes at once answers with the object instead of a Status.
    pub delete_returns_object: bool,
    /// The group and version that objects are stored in, if not these; [`Hooks::convert`] goes between them.
    pub stored_as: Option<StoredAs>,
    pub hooks: HooksRef,
}

/// Another version of a kind, perhaps in another group, which its objects are stored in.
#[derive(Debug, Clone, Copy)]
pub struct StoredAs {
    pub group: &'static str,
    pub version: &'static str,
    pub schema: &'static Type,
}

/// The hooks of a row: those of a built-in kind, or of one that was added at run time.
#[derive(Debug, Clone)]
pub enum HooksRef {
    Static(&'static dyn Hooks),
    Shared(Arc<dyn Hooks>),
}

impl Deref for HooksRef {
    type Target = dyn Hooks;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Static(hooks) => *hooks,
            Self::Shared(hooks) => &**hooks,
        }
    }
}

/// The verbs of an ordinary resource.
pub const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The verbs of `status` and `scale`.
pub const READ_WRITE: &[&str] = &["get", "patch", "update"];

/// A path below an object.
#[derive(Debug)]
pub struct Subresource {
    /// `status`, `scale`, `binding`, `eviction`, `log`, ...
    pub name: &'static str,
    /// Group, version and kind of its body in discovery; `None`: the parent's.
    pub gvk: Option<(&'static str, &'static str, &'static str)>,
    pub verbs: &'static [&'static str],
}

/// A printed column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub ty: &'static str,
    /// `name` on the first column.
    pub format: &'static str,
    pub description: Described,
    /// 1: only with `-o wide`.
    pub priority: i32,
}

/// Where a column's description comes from.
#[derive(Debug, Clone, Copy)]
pub enum Described {
    As(&'static str),
    /// It shows that field of that type, and is described as it is.
    AsField(&'static Type, &'static str),
}

impl Described {
    /// The description itself.
    pub fn text(self) -> &'static str {
        match self {
            Self::As(text) => text,
            Self::AsField(ty, field) => description(ty.name, field).unwrap_or_default(),
        }
    }
}

/// What is written, and by which path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The main resource.
    Main,
    /// `/status`.
    Status,
    /// Another subresource that writes into the object (`ephemeralcontainers`, `resize`, `finalize`).
    Other(&'static str),
}

impl Part {
    /// `/scale`: the number of replicas. Hooks see it as a change of the main resource.
    pub const SCALE: Self = Self::Other("scale");

    /// Restores what a write of this part leaves alone, of a kind with a spec and a status: `/status` the spec, any other the status.
    pub fn restore_rest(self, object: &mut Value, old: &Value) {
        let rest = if self == Self::Status { "spec" } else { "status" };
        object[rest] = old[rest].clone();
    }
}

/// Begins an object of a kind that counts its generations and has a status.
pub fn begin(object: &mut Value, status: Value) {
    object["metadata"]["generation"] = 1.into();
    object["status"] = status;
}

/// In which version of its kind an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The one of its row.
    Served,
    /// The one that objects are stored in.
    Stored,
}

/// How an object goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Once its grace period is over and it has no finalizers.
    Ordinary,
    /// A first deletion marks it; when its spec has no finalizers left, another one removes it (NS2).
    Staged,
}

/// How long an object is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    Kept,
    /// For an hour after its last change, among a bounded number (V4).
    Hour,
}

/// What differs between kinds. All methods are pure; the defaults fit a kind without a spec strategy.
///
/// Order in a write: decode, [`default`](Self::default), admission that changes, `prepare_*`, [`stamp`](Self::stamp), `validate*`, [`warnings`](Self::warnings), encode.
/// Objects come in canonical form (see [`crate::schema::walker`]); the pipeline canonicalises again after hooks.
pub trait Hooks: Debug + Send + Sync {
    /// Fills in defaults, as upstream's versioned defaulting does. Runs on every decode: create, update, patch results.
    fn default(&self, _object: &mut Value) {}

    /// Clears and sets what a client may not choose on create (status, generation). Metadata is the pipeline's.
    fn prepare_create(&self, _object: &mut Value) {}

    /// Restores what this part of the object may not change (main: status; status: spec and most metadata), drops
    /// disabled fields, and returns whether `generation` goes up. `old` is the stored object.
    fn prepare_update(&self, _part: Part, _object: &mut Value, _old: &Value) -> Generation {
        Generation::Keep
    }

    /// Whether objects of this kind hold addresses or ports, so that [`allocate`](Self::allocate) must be called.
    fn allocates(&self) -> bool {
        false
    }

    /// Completes addresses and ports of a new (`old` absent) or changed object, before `prepare_*`. `Err` is the whole answer.
    /// Of the main resource only; the pool must hold every stored object but this one.
    fn allocate(&self, _object: &mut Value, _old: Option<&Value>, _run: Run, _pool: &mut Pool<'_>) -> Result<(), Status> {
        Ok(())
    }

    /// Writes down when something happened that this write makes happen; after `prepare_*`. `old` on update.
    fn stamp(&self, _object: &mut Value, _old: Option<&Value>, _now: Timestamp) {}

    /// Validation of a new object, beyond the pipeline's ObjectMeta validation.
    fn validate(&self, _object: &Value) -> Errors {
        Vec::new()
    }

    /// Validation of a change, beyond the pipeline's ObjectMeta update validation.
    fn validate_update(&self, _part: Part, object: &Value, _old: &Value) -> Errors {
        self.validate(object)
    }

    /// Which rule `metadata.name` obeys.
    fn name_rule(&self) -> crate::names::NameRule {
        crate::names::NameRule::Subdomain
    }

    /// Whether finalizers without a domain must be standard ones: all kinds but Leases and Events.
    fn qualified_finalizers(&self) -> bool {
        true
    }

    /// `Warning` header texts. `old` on update.
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// What every request for this kind is warned of: that the kind is on its way out.
    fn deprecation(&self) -> Option<&'static str> {
        None
    }

    /// Printed cells, one per column. `now` for ages.
    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        default_cells(object, now)
    }

    /// Row conditions of a printed row (finished pods).
    fn row_conditions(&self, _object: &Value) -> Option<Value> {
        None
    }

    /// The value of a selectable field of this object; `label` is one of the row's `selectable`.
    fn selectable(&self, _object: &Value, _label: &str) -> String {
        String::new()
    }

    /// What is said of a field label that nobody can select by, of kinds with `selectable` fields.
    fn unselectable(&self, label: &str) -> String {
        format!("field label not supported: {label}")
    }

    /// Turns an object of the version that objects are stored in into this one, or back; `apiVersion` is the pipeline's.
    fn convert(&self, _object: &mut Value, _to: Form) {}

    fn deletion(&self) -> Deletion {
        Deletion::Ordinary
    }

    /// Shows in a [`Deletion::Staged`] object that its deletion has begun.
    fn show_deletion(&self, _object: &mut Value) {}

    fn retention(&self) -> Retention {
        Retention::Kept
    }

    /// Whether the garbage collector looks after objects that this kind owns.
    fn owns_dependents(&self) -> bool {
        true
    }

    /// Whether a DELETE that does not say so keeps what the object owns (G7).
    fn orphans_dependents(&self) -> bool {
        false
    }

    /// What a DELETE is warned of that does not say what becomes of dependents (G9).
    fn deletion_warning(&self) -> Option<&'static str> {
        None
    }

    /// Whether a write says nothing but that its writer lives. Only such a write need not reach the disk.
    fn is_heartbeat(&self, _object: &Value, _old: Option<&Value>) -> bool {
        false
    }

    /// Paths that an endpoint resets, so that nobody owns them through it; `None`: status through the main resource, spec through
    /// `/status`.
    fn reset_fields(&self, _part: Part) -> Option<&'static [&'static str]> {
        None
    }

    /// What upstream's storage keys call the resource, if not by its plural; error texts show it.
    fn storage_resource(&self) -> Option<&'static str> {
        None
    }

    /// Seconds of grace for a DELETE, given what the client asks for; `None`: this kind is not deleted gracefully.
    fn grace_period_s(&self, _object: &Value, _asked: Option<i64>) -> Option<i64> {
        None
    }
}

/// Whether an update raises metadata.generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    Keep,
    Raise,
}

impl Generation {
    /// Raised with every change of the spec.
    pub fn by_spec(object: &Value, old: &Value) -> Self {
        if object["spec"] == old["spec"] { Self::Keep } else { Self::Raise }
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Cells of kinds that print Name and Age.
pub fn default_cells(object: &Value, now: Timestamp) -> Vec<Value> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    vec![name.into(), crate::time::age(object, now).into()]
}

impl Kind {
    /// `statefulsets.apps`, or `pods` in the core group.
    pub fn qualified_resource(&self) -> String {
        qualified(self.plural, self.group)
    }

    /// The same as objects of this kind are stored.
    pub fn stored_resource(&self) -> String {
        qualified(self.plural, self.stored_group_version().0)
    }

    /// Group and version that objects are stored in.
    pub fn stored_group_version(&self) -> (&'static str, &'static str) {
        self.stored_as.map_or((self.group, self.version), |stored| (stored.group, stored.version))
    }

    /// `apps/v1` or `v1`.
    pub fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }

    /// The same as objects of this kind are stored.
    pub fn stored_api_version(&self) -> String {
        let (group, version) = self.stored_group_version();
        api_version(group, version)
    }

    /// The `details` of a Status about one object.
    pub fn details(&self, name: &str) -> Value {
        let mut details = Map::new();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !self.group.is_empty() {
            details.insert("group".into(), self.group.into());
        }
        details.insert("kind".into(), self.plural.into());
        Value::Object(details)
    }

    pub fn subresource(&self, name: &str) -> Option<&'static Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// `{kind, apiVersion}` of an object of this kind.
    pub fn type_meta(&self) -> Value {
        json!({"kind": self.kind, "apiVersion": self.api_version()})
    }
}
