//! PUT, and the one way in which an existing object changes: read, change, judge, store, again if overtaken (W6-W14, W33).

use crate::answer::Answer;
use crate::app::Core;
use crate::query::{Run, WriteOptions};
use crate::registry::{Call, create, finish};
use crate::{admission, keys, object};
use bytes::Bytes;
use stead_api::registry::{Generation, Kind, Part};
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value};

/// How often a write starts over because another came first. Writers stand in line, so this is for deletes and creates between.
const ATTEMPTS_MAX: usize = 16;

/// Makes the next state of an object from its current one. It may be called several times.
pub(crate) type Change<'a> = dyn FnMut(&Value) -> Result<Value, Status> + Send + 'a;

pub(crate) async fn update(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query)?;
    let kind = call.target.kind;
    let mut object = object::from_request(kind, &call.body, options.field_validation, &mut call.warnings)?;
    place(&call.target.name, &call.target.namespace, kind, &mut object)?;
    if kind.create_on_update && core.store.get(&call.key()).is_none() {
        let bytes = create::create_object(core, call, &options, object).await?;
        return Ok(Answer::Object { code: 201, kind, bytes });
    }
    let bytes = change(core, call, &options, Part::Main, &mut |_| Ok(object.clone())).await?;
    Ok(Answer::Object { code: 200, kind, bytes })
}

/// W8: the body's name and namespace are those of the URL.
fn place(name: &str, namespace: &str, kind: &Kind, object: &mut Value) -> Result<(), Status> {
    let meta = object::meta_mut(object);
    let given = meta.str("namespace");
    if !given.is_empty() && given != namespace {
        return Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
    if kind.namespaced {
        meta["namespace"] = namespace.into();
    }
    let given = meta.str("name");
    if given.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if given != name {
        return Err(Status::bad_request(format!("the name of the object ({given}) does not match the name on the URL ({name})")));
    }
    Ok(())
}

/// Changes the object that the call names; the answer is its bytes after the change.
pub(crate) async fn change(core: &Core, call: &mut Call, options: &WriteOptions, part: Part, next: &mut Change<'_>) -> Result<Bytes, Status> {
    let key = call.key();
    let _turn = core.queues.enter(&key).await;
    for _ in 0..ATTEMPTS_MAX {
        if let Some(bytes) = attempt(core, call, options, part, &key, next).await? {
            return Ok(bytes);
        }
    }
    Err(overtaken(call.target.kind, &call.target.name))
}

/// One attempt; `None` if another write came first.
async fn attempt(
    core: &Core,
    call: &mut Call,
    options: &WriteOptions,
    part: Part,
    key: &str,
    next: &mut Change<'_>,
) -> Result<Option<Bytes>, Status> {
    let kind = call.target.kind;
    let name = call.target.name.clone();
    let current = core.store.get(key).ok_or_else(|| Status::not_found(kind, &name))?;
    let old = object::from_store(kind, &current.value);
    let mut object = next(&old)?;
    admission::update(core, call, &mut object, &old)?;
    check_version(kind, &name, &object, current.revision)?;
    restore_metadata(&mut object, &old);
    let generation = kind.hooks.prepare_update(part, &mut object, &old);
    walker::canonical(kind.schema, &mut object);
    raise_generation(&mut object, &old, generation);
    let errors = kind.hooks.validate_update(part, &object, &old);
    if !errors.is_empty() {
        return Err(Status::invalid(kind, &name, &errors));
    }
    call.warnings.extend(kind.hooks.warnings(&object, Some(&old)));
    if options.run == Run::Dry {
        return Ok(Some(object::to_bytes(kind, &mut object, Some(&current.revision.to_string())).into()));
    }
    if is_gone(&object) {
        let answer = object::to_bytes(kind, &mut object, Some(&current.revision.to_string()));
        let mut last = old.clone();
        let removed = finish::remove(core, kind, &current, &mut last).await?;
        return Ok(removed.ok().map(|_| answer.into()));
    }
    Ok(finish::store_next(core, kind, &current, &mut object, &old).await?.ok())
}

/// W6: the version that the writer has seen.
fn check_version(kind: &Kind, name: &str, object: &Value, current: u64) -> Result<(), Status> {
    let given = object["metadata"].str("resourceVersion");
    match given {
        "" | "0" if kind.unconditional_update => Ok(()),
        "" | "0" => Err(Status::new(
            422,
            "Invalid",
            format!(
                "{} \"{name}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
                kind.qualified_resource()
            ),
        )),
        version => match version.parse::<u64>() {
            Ok(version) if version == current => Ok(()),
            Ok(_) => Err(overtaken(kind, name)),
            Err(_) => Err(Status::new(500, "", format!("strconv.ParseUint: parsing {version:?}: invalid syntax"))),
        },
    }
}

/// E4.
pub(crate) fn overtaken(kind: &Kind, name: &str) -> Status {
    Status::conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again")
}

/// W8: what a writer may not change in the metadata is put back.
fn restore_metadata(object: &mut Value, old: &Value) {
    let old = &old["metadata"];
    let meta = object::meta_mut(object);
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"] {
        match old.get(field) {
            Some(value) => meta[field] = value.clone(),
            None => {
                meta.drop(field);
            }
        }
    }
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

/// W33: nothing keeps the object any more.
fn is_gone(object: &Value) -> bool {
    let meta = &object["metadata"];
    meta.has("deletionTimestamp")
        && meta.items("finalizers").is_empty()
        && meta.int("deletionGracePeriodSeconds").unwrap_or_default() == 0
}

/// The part of the storage path that a conflict message shows.
pub(crate) fn storage_key(kind: &Kind, namespace: &str, name: &str) -> String {
    keys::object(kind, namespace, name)
}
