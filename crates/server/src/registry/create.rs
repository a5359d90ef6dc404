//! POST to a collection, and every other way in which an object comes to be (W1-W5).

use crate::admission::resource_quota::{self, Charge};
use crate::admission::{Attributes, Operation};
use crate::answer::Answer;
use crate::authz::{escalation, signers};
use crate::call::Call;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::negotiation;
use crate::query::{Run, Write, WriteOptions};
use crate::registry::ownership::{self, ManagedFields};
use crate::registry::{expiry, finish};
use crate::{allocation, keys, lint, object};
use bytes::Bytes;
use stead_api::meta::{self, Duplicates};
use stead_api::registry::{Kind, Part};
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value};

/// Tries to find a free name for `generateName` (W3).
const NAME_TRIES: usize = 8;
/// Letters that `generateName` adds.
const SUFFIX_LENGTH: usize = 5;
/// What is kept of `generateName`, in bytes.
const NAME_BASE_MAX: usize = 58;

pub(crate) async fn create(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let kind = call.target.kind.clone();
    let reader = negotiation::content_type(&call.headers)?;
    let mut object = object::decode((&*kind).into(), reader, &call.body, options.field_validation, &mut call.warnings)?;
    kind.hooks.default(&mut object);
    let bytes = create_object(core, call, &options, object, ManagedFields::Kept).await?;
    Ok(Answer::Object { code: 201, kind, bytes })
}

/// Creates a decoded object; the answer is its final bytes.
pub(crate) async fn create_object(
    core: &Core,
    call: &mut Call,
    options: &WriteOptions,
    mut object: Value,
    managed_fields: ManagedFields,
) -> Result<Bytes, Status> {
    let kind = call.target.kind.clone();
    place(&call.target.namespace, &mut object)?;
    escalation::check(core, call, &object, None)?;
    signers::check(core, call, Part::Main, &object, None)?;
    call.warnings.extend(meta::drop_duplicate_owners(&mut object, Duplicates::InRequest));
    ownership::record(core, call, options, Part::Main, None, &mut object, managed_fields);
    let identity = call.identity().cloned();
    let attributes = |target| Attributes { cluster: core, target, identity: identity.as_ref(), operation: Operation::Create };
    core.admission.mutate(&attributes(&call.target), &mut object).await?;
    call.warnings.extend(meta::drop_duplicate_owners(&mut object, Duplicates::AfterAdmission));
    let version = set_identity(core, &mut object);
    let _promise = allocation::allocate(core, &kind, &mut object, None, options.run)?;
    let generated = object["metadata"].str("name").is_empty() && object["metadata"].has("generateName");
    // What a kind makes of a new object may depend on its name.
    let unnamed = generated.then(|| object.clone());
    for attempt in 0..NAME_TRIES {
        if let Some(unnamed) = &unnamed {
            object.clone_from(unnamed);
            let name = generate_name(core, &object);
            object::meta_mut(&mut object)["name"] = name.into();
        }
        kind.hooks.prepare_create(&mut object);
        kind.hooks.stamp(&mut object, None, core.environment.now());
        walker::canonical(kind.schema, &mut object);
        let name = object["metadata"].str("name").to_owned();
        validate(&kind, &name, &object)?;
        if attempt == 0 {
            call.warnings.extend(kind.hooks.warnings(&object, None));
            let linted = lint::warnings(core, call, options, &object, None);
            call.warnings.extend(linted);
        }
        refuse_version(&version)?;
        let warnings = core.admission.validate(&attributes(&call.target), &object).await;
        call.warnings.extend(warnings?);
        let charge = resource_quota::charge(&attributes(&call.target), &object).await?;
        let key = keys::object(&kind, &call.target.namespace, &name);
        match store(core, &kind, &key, options.run, &object, charge).await? {
            Some(bytes) => return Ok(bytes),
            None if generated => {}
            None => return Err(exists(core, &kind, &key, &name)),
        }
    }
    Err(no_free_name(&kind, object["metadata"].str("name")))
}

/// Puts the object into the namespace of the URL (E7); outside of namespaces it has none.
pub(crate) fn place(namespace: &str, object: &mut Value) -> Result<(), Status> {
    let meta = object::meta_mut(object);
    let given = meta.str("namespace");
    if namespace.is_empty() {
        meta.drop("namespace");
    } else if given.is_empty() {
        meta["namespace"] = namespace.into();
    } else if given != namespace {
        return Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
    Ok(())
}

fn validate(kind: &Kind, name: &str, object: &Value) -> Result<(), Status> {
    let mut errors = meta::validate_create(kind, object);
    errors.extend(kind.hooks.validate(object));
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(kind, name, &errors)) }
}

fn refuse_version(version: &str) -> Result<(), Status> {
    match version.parse::<u64>() {
        Ok(1..) => Err(Status::new(500, "", "resourceVersion should not be set on objects to be created")),
        Ok(0) | Err(_) => Ok(()),
    }
}

/// W1: what the server alone says of a new object. Returns the version that the client sent.
fn set_identity(cluster: &Cluster, object: &mut Value) -> String {
    let meta = object::meta_mut(object);
    let version = meta.str("resourceVersion").to_owned();
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
        meta.drop(field);
    }
    meta["uid"] = cluster.environment.uid().into();
    meta["creationTimestamp"] = cluster.environment.now().rfc3339().into();
    version
}

fn generate_name(cluster: &Cluster, object: &Value) -> String {
    let mut base = object["metadata"].str("generateName").to_owned();
    base.truncate((0..=NAME_BASE_MAX.min(base.len())).rev().find(|at| base.is_char_boundary(*at)).unwrap_or_default());
    base + &cluster.environment.suffix(SUFFIX_LENGTH)
}

/// `None`: an object of that name exists.
async fn store(
    cluster: &Cluster,
    kind: &Kind,
    key: &str,
    run: Run,
    object: &Value,
    charge: Option<Charge>,
) -> Result<Option<Bytes>, Status> {
    match run {
        Run::Dry if cluster.store.get(key).is_some() => Ok(None),
        Run::Dry => Ok(Some(object::to_bytes(kind, object).into())),
        Run::Real => {
            let Ok(entry) = finish::store_new(cluster, kind, key, object, charge).await? else { return Ok(None) };
            expiry::after_write(cluster, kind).await?;
            Ok(Some(entry.value))
        }
    }
}

/// E3.
fn exists(cluster: &Cluster, kind: &Kind, key: &str, name: &str) -> Status {
    let mut status = Status::already_exists(kind, name);
    let existing = cluster.store.get(key).and_then(|entry| cluster.objects.read(kind, &entry).ok());
    let terminating = existing.is_some_and(|object| object["metadata"].has("deletionTimestamp"));
    if terminating {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}

fn no_free_name(kind: &Kind, name: &str) -> Status {
    let mut status = Status::already_exists(kind, name);
    status.message += ", the server was not able to generate a unique name for the object";
    if let Some(details) = &mut status.details {
        details["retryAfterSeconds"] = 1.into();
    }
    status
}
