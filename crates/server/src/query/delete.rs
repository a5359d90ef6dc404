//! Options of DELETE, from its body or, if that is empty, from its query (W30, W31).

use super::{Query, Run, check_dry_run, dry_run_values, flag, integer, invalid_options, value};
use crate::negotiation::Reader;
use crate::object;
use stead_api::field::{self, Path};
use stead_api::schema;
use stead_api::value::Access;
use stead_api::wire::json::TypeMeta;
use stead_api::{Status, Value};

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// What becomes of an object whose stored bytes cannot be read (`ignoreStoreReadErrorWithClusterBreakingPotential`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Keep,
    Remove,
}

const IGNORE_READ_ERROR: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";

impl Unreadable {
    fn of(ignored: Option<bool>) -> Self {
        if ignored.unwrap_or_default() { Self::Remove } else { Self::Keep }
    }
}

/// Checked options of a deletion.
#[derive(Debug, Clone)]
pub(crate) struct DeleteOptions {
    pub run: Run,
    pub grace_period_s: Option<i64>,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    /// The deprecated way; excludes `propagation`.
    pub orphan_dependents: Option<bool>,
    pub propagation: Option<Propagation>,
    pub unreadable: Unreadable,
}

impl DeleteOptions {
    /// Options that say nothing.
    pub(crate) const PLAIN: Self = Self {
        run: Run::Real,
        grace_period_s: None,
        uid: None,
        resource_version: None,
        orphan_dependents: None,
        propagation: None,
        unreadable: Unreadable::Keep,
    };

    pub(crate) fn parse(query: &Query, reader: Reader, body: &[u8]) -> Result<Self, Status> {
        if body.is_empty() { Self::from_query(query) } else { Self::from_body(reader, body) }
    }

    /// Options embedded in another object, such as an Eviction.
    pub(crate) fn from_value(options: &Value) -> Result<Self, Status> {
        let dry_run: Vec<String> = options.items("dryRun").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let preconditions = options.get("preconditions").cloned().unwrap_or_default();
        Self::check(
            &dry_run,
            text(options, "propagationPolicy").as_deref(),
            Self {
                run: Run::Real,
                grace_period_s: options.int("gracePeriodSeconds"),
                uid: text(&preconditions, "uid"),
                resource_version: text(&preconditions, "resourceVersion"),
                orphan_dependents: options.get("orphanDependents").and_then(Value::as_bool),
                propagation: None,
                unreadable: Unreadable::of(options.get(IGNORE_READ_ERROR).and_then(Value::as_bool)),
            },
        )
    }

    fn from_body(reader: Reader, body: &[u8]) -> Result<Self, Status> {
        let ty = schema::by_name("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions").expect("the table has DeleteOptions");
        let TypeMeta { api_version, kind } = object::type_of(reader, body).map_err(Status::bad_request)?;
        if !kind.is_empty() && kind != "DeleteOptions" {
            let version = if api_version.is_empty() { "v1" } else { &api_version };
            return Err(Status::bad_request(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        let decoded = object::read(ty, reader, body);
        Self::from_value(&decoded.map_err(|error| Status::bad_request(error.0))?.value)
    }

    fn from_query(query: &Query) -> Result<Self, Status> {
        Self::check(
            &dry_run_values(query),
            value(query, "propagationPolicy"),
            Self {
                grace_period_s: integer(query, "gracePeriodSeconds")?,
                orphan_dependents: flag(query, "orphanDependents"),
                unreadable: Unreadable::of(flag(query, IGNORE_READ_ERROR)),
                ..Self::PLAIN
            },
        )
    }

    fn check(dry_run: &[String], policy: Option<&str>, mut options: Self) -> Result<Self, Status> {
        let path = Path::new("propagationPolicy");
        let mut errors = Vec::new();
        if let Some(policy) = policy.filter(|_| options.orphan_dependents.is_some()) {
            errors.push(field::invalid(&path, policy, "orphanDependents and deletionPropagation cannot be both set"));
        }
        options.propagation = match policy {
            Some("Orphan") => Some(Propagation::Orphan),
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some(other) => {
                errors.push(field::not_supported(&path, other, &["Foreground", "Background", "Orphan", "nil"]));
                None
            }
            None => None,
        };
        options.run = check_dry_run(dry_run, &mut errors);
        if errors.is_empty() { Ok(options) } else { Err(invalid_options("DeleteOptions", &errors)) }
    }
}
