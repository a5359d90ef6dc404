//! PUT, and the one way in which an existing object changes: read, change, judge, store, again after a conflict (W6-W14, W33).

use crate::admission::resource_quota::{self, Charge};
use crate::admission::{Attributes, Operation};
use crate::allocation::Promise;
use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::key_locks::{KeyLock, hold_until_pending};
use crate::negotiation;
use crate::query::{Run, Write, WriteOptions};
use crate::registry::finish::Begun;
use crate::registry::ownership::{self, ManagedFields};
use crate::registry::{create, expiry, finish};
use crate::request::Verb;
use crate::{allocation, authz, lint, object};
use bytes::Bytes;
use stead_api::meta::{self, Duplicates};
use stead_api::registry::{Generation, Kind, Part};
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::Entry;

/// How often a write starts over because another came first. Writers stand in line, so this is for deletes and creates between, and
/// for writers whose admission waits: they leave the line meanwhile, and of those that come back at once only one goes on.
const ATTEMPTS_MAX: usize = 128;

/// What an update would make of the current object.
pub(crate) struct Next {
    /// Canonical and defaulted.
    pub object: Value,
    pub managed_fields: ManagedFields,
    /// `Warning` texts.
    pub warnings: Vec<String>,
}

/// The next state of an object, judged, and what is held for it.
struct Judged {
    object: Value,
    /// Until it is durable.
    promise: Option<Promise>,
    charge: Option<Charge>,
}

/// Makes the next state of an object from its current one. It may be called several times.
pub(crate) type Change<'a> = dyn FnMut(&Value) -> Result<Next, Status> + Send + 'a;

pub(crate) async fn update(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Update)?;
    update_part(core, call, &options, Part::Main).await
}

/// PUT of an object or of a part of it.
pub(crate) async fn update_part(core: &Core, call: &mut Call, options: &WriteOptions, part: Part) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let reader = negotiation::content_type(&call.headers)?;
    let mut object = object::decode((&*kind).into(), reader, &call.body, options.field_validation, &mut call.warnings)?;
    kind.hooks.default(&mut object);
    place(&call.target.name, &call.target.namespace, &mut object)?;
    call.warnings.extend(meta::drop_duplicate_owners(&mut object, Duplicates::InRequest));
    let uid = object["metadata"].str("uid").to_owned();
    if kind.create_on_update && part == Part::Main && core.store.get(&call.key()).is_none() {
        if !uid.is_empty() {
            return Err(uid_differs(&kind, &call.target.namespace, &call.target.name, &uid, ""));
        }
        authz::require_of_call(core, call, Verb::Create)?;
        let mut new = object.clone();
        object::meta_mut(&mut new).drop("resourceVersion");
        match create::create_object(core, call, options, new, ManagedFields::Kept).await {
            Ok(bytes) => return Ok(Answer::Object { code: 201, kind, bytes }),
            // Somebody else has made it meanwhile, so there is something to change.
            Err(status) if status.reason == "AlreadyExists" && options.run == Run::Real => {}
            Err(status) => return Err(status),
        }
    }
    let managed_fields = ManagedFields::of_body(&call.body);
    let (namespace, name) = (call.target.namespace.clone(), call.target.name.clone());
    let bytes = change(core, call, options, part, &mut |old| {
        let own = old["metadata"].str("uid");
        if !uid.is_empty() && uid != own {
            return Err(uid_differs(&kind, &namespace, &name, &uid, own));
        }
        Ok(Next { object: object.clone(), managed_fields, warnings: Vec::new() })
    })
    .await?;
    Ok(Answer::Object { code: 200, kind, bytes })
}

/// W7, in the words of upstream's storage.
pub(crate) fn uid_differs(kind: &Kind, namespace: &str, name: &str, given: &str, own: &str) -> Status {
    precondition_failed(kind, namespace, name, "UID", given, own)
}

/// A precondition on `what` that the stored object does not meet.
pub(crate) fn precondition_failed(kind: &Kind, namespace: &str, name: &str, what: &str, given: &str, own: &str) -> Status {
    let resource = kind.hooks.storage_resource().unwrap_or(kind.plural);
    let key =
        if namespace.is_empty() { format!("/registry/{resource}/{name}") } else { format!("/registry/{resource}/{namespace}/{name}") };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: \
         {what} in precondition: {given}, {what} in object meta: {own}"
    );
    Status::conflict(kind, name, &why)
}

/// W8: the object's name and namespace are those of the URL.
pub(crate) fn place(name: &str, namespace: &str, object: &mut Value) -> Result<(), Status> {
    create::place(namespace, object)?;
    match object["metadata"].str("name") {
        "" => Err(Status::bad_request(format!("the name of the object ({name} based on URL) was undeterminable: name must be provided"))),
        given if given != name => {
            Err(Status::bad_request(format!("the name of the object ({given}) does not match the name on the URL ({name})")))
        }
        _ => Ok(()),
    }
}

/// Changes the object that the call names; the answer is its bytes after the change. The next writer of the object goes on as
/// soon as this one's change has its place in the order; what is said of the object is durable by then.
pub(crate) async fn change(
    core: &Core,
    call: &mut Call,
    options: &WriteOptions,
    part: Part,
    next: &mut Change<'_>,
) -> Result<Bytes, Status> {
    let (kind, key) = (call.target.kind.clone(), call.key());
    let warned = call.warnings.len();
    for _ in 0..ATTEMPTS_MAX {
        call.warnings.truncate(warned);
        let lock = core.locks.lock(&key).await?;
        let latest = core.store.latest(&key);
        let begun = match &latest.entry {
            Some(current) => begin(core, call, options, part, current, lock, next).await,
            None => {
                drop(lock);
                Err(Status::not_found(&kind, &call.target.name))
            }
        };
        if matches!(begun, Err(_) | Ok((Begun::Unchanged(_), _))) {
            // Nobody is told of a state that is not durable, not even by what it forbids.
            core.store.settled(&key, &latest).await.map_err(|error| finish::refused(&error))?;
        }
        let (begun, _promise) = begun?;
        if let Ok(bytes) = finish::complete(core, &kind, begun).await? {
            if options.run == Run::Real {
                expiry::after_write(core, &kind).await?;
            }
            return Ok(bytes);
        }
    }
    Err(conflict(&kind, &call.target.name))
}

/// Makes the next state of the object as it is now, and begins to store it. Nothing is held while admission waits; if the object has
/// changed by then, this is a conflict.
async fn begin(
    core: &Core,
    call: &mut Call,
    options: &WriteOptions,
    part: Part,
    current: &Entry,
    lock: KeyLock,
    next: &mut Change<'_>,
) -> Result<(Begun, Option<Promise>), Status> {
    let kind = call.target.kind.clone();
    let old = core.objects.read(&kind, current)?;
    let (prepared, held) = hold_until_pending(lock, prepare(core, call, options, part, current, &old, next)).await;
    let Judged { object, promise, charge } = prepared?;
    let _lock = match held {
        Some(lock) => lock,
        None => {
            let lock = core.locks.lock(&current.key).await?;
            if core.store.latest(&current.key).entry.is_none_or(|latest| latest.revision != current.revision) {
                return Ok((Begun::Conflict, None));
            }
            lock
        }
    };
    let begun = if options.run == Run::Dry {
        Begun::Unchanged(object::to_bytes(&kind, &object).into())
    } else if is_gone(&object) {
        let answer = object::to_bytes(&kind, &object);
        finish::begin_remove(core, &kind, current, &old, answer.into()).await
    } else {
        finish::begin_next(core, &kind, current, object, &old, charge).await
    };
    Ok((begun, promise))
}

/// The next state, judged.
async fn prepare(
    core: &Core,
    call: &mut Call,
    options: &WriteOptions,
    part: Part,
    current: &Entry,
    old: &Value,
    next: &mut Change<'_>,
) -> Result<Judged, Status> {
    let kind = call.target.kind.clone();
    let name = call.target.name.clone();
    let Next { mut object, managed_fields, warnings } = next(old)?;
    call.warnings.extend(warnings);
    authz::escalation::check(core, call, &object, Some(old))?;
    authz::signers::check(core, call, part, &object, Some(old))?;
    ownership::record(core, call, options, part, Some(old), &mut object, managed_fields);
    let operation = Operation::Update { part, old };
    let attributes = Attributes { cluster: core, target: &call.target, identity: call.identity(), operation };
    core.admission.mutate(&attributes, &mut object).await?;
    call.warnings.extend(meta::drop_duplicate_owners(&mut object, Duplicates::AfterAdmission));
    check_version(&kind, &name, &object, current.revision)?;
    let seen = if part == Part::SCALE { Part::Main } else { part };
    meta::restore(&mut object, old);
    let promise = match seen {
        Part::Main => allocation::allocate(core, &kind, &mut object, Some(old), options.run)?,
        Part::Status | Part::Other(_) => None,
    };
    let generation = kind.hooks.prepare_update(seen, &mut object, old);
    kind.hooks.stamp(&mut object, Some(old), core.environment.now());
    raise_generation(&mut object, old, generation);
    object::set_version(&mut object, &current.revision.to_string());
    walker::canonical(kind.schema, &mut object);
    let mut errors = meta::validate_update(&kind, &object, old);
    errors.extend(kind.hooks.validate_update(seen, &object, old));
    if !errors.is_empty() {
        return Err(Status::invalid(&kind, &name, &errors));
    }
    if seen == Part::Main {
        call.warnings.extend(kind.hooks.warnings(&object, Some(old)));
    }
    if part == Part::Main {
        let linted = lint::warnings(core, call, options, &object, Some(old));
        call.warnings.extend(linted);
    }
    let attributes = Attributes { cluster: core, target: &call.target, identity: call.identity(), operation };
    let warnings = core.admission.validate(&attributes, &object).await?;
    let charge = resource_quota::charge(&attributes, &object).await?;
    call.warnings.extend(warnings);
    Ok(Judged { object, promise, charge })
}

/// W6: the version that the writer has seen.
fn check_version(kind: &Kind, name: &str, object: &Value, current: u64) -> Result<(), Status> {
    match object["metadata"].str("resourceVersion") {
        "" | "0" if kind.unconditional_update => Ok(()),
        "" | "0" => Err(version_required(kind, name)),
        version => match crate::query::parse_uint(version) {
            Ok(version) if version == current => Ok(()),
            Ok(_) => Err(conflict(kind, name)),
            Err(why) => Err(Status::new(500, "", why)),
        },
    }
}

/// Upstream names the resource here where it names the kind elsewhere.
fn version_required(kind: &Kind, name: &str) -> Status {
    let mut status = Status::invalid(kind, name, &vec![meta::version_required()]);
    status.message = format!("{} \"{name}\" is invalid: {}", kind.qualified_resource(), meta::version_required());
    if let Some(details) = &mut status.details {
        details["kind"] = kind.plural.into();
    }
    status
}

/// E4.
pub(crate) fn conflict(kind: &Kind, name: &str) -> Status {
    Status::conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again")
}

fn raise_generation(object: &mut Value, old: &Value, generation: Generation) {
    match generation {
        Generation::Keep => {}
        Generation::Raise => {
            let old = old["metadata"].int("generation").unwrap_or_default();
            object::meta_mut(object)["generation"] = (old + 1).into();
        }
    }
}

/// W33: nothing keeps the object any more. Only namespaces have finalizers in their spec.
pub(crate) fn is_gone(object: &Value) -> bool {
    let meta = &object["metadata"];
    meta.has("deletionTimestamp")
        && meta.items("finalizers").is_empty()
        && meta.int("deletionGracePeriodSeconds").unwrap_or_default() == 0
        && object["spec"].items("finalizers").is_empty()
}

#[cfg(test)]
mod tests;
