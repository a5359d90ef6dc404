//! Server-side apply (P20-P31): a document laid over an object, what its manager no longer says taken out, conflicts found.
//!
//! Input: the object as it is, the document, who applies it through which endpoint. Output: the next object with its
//! managedFields, or the Status that upstream answers. It stores nothing and knows no requests.

use super::compare::{self, Comparison};
use super::entries::{self, Entry, Operation};
use super::set::Set;
use super::{Write, check, is_known, put, reset_set, take, typed, unowned, with_write};
use crate::patch::{Decode, restore, sorted};
use crate::schema::{Type, walker};
use crate::value::Access;
use crate::{Status, Value, json};

/// The manager of what an object had before anybody's fields were tracked.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// The manager whose applies take over from client-side apply (P30).
const KUBECTL: &str = "kubectl";
/// What client-side apply keeps in the object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Bytes of all annotations of an object at most.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;

/// Whether an apply takes what others own and it would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflicts {
    Refused,
    Forced,
}

/// A document that is to be applied.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    pub ty: &'static Type,
    /// As the client wrote it.
    pub document: &'a Value,
    pub write: Write<'a>,
    pub conflicts: Conflicts,
}

/// What an apply makes of an object.
struct Outcome {
    /// Neither decoded nor defaulted; `None`: as it is.
    object: Option<Value>,
    entries: Vec<Entry>,
}

/// What an apply that changes others' fields is refused for: an entry, and which of its fields.
type Claims = Vec<(Entry, Set)>;

enum Refusal {
    Conflicts(Claims),
    Other(Status),
}

fn failed(why: String) -> Refusal {
    Refusal::Other(Status::new(500, "", why))
}

/// Applies a document. `live` is the object as it is, `None` if there is none; `decode` turns what comes of it into an object of
/// its type, `default` gives it the defaults of its kind.
pub fn apply(
    application: Application<'_>,
    live: Option<&Value>,
    decode: Decode<'_>,
    default: &dyn Fn(&mut Value),
) -> Result<Value, Status> {
    let Application { ty, document, write, .. } = application;
    check_document(document, write.api_version)?;
    let mut base = live.map_or_else(|| empty(ty, document), Value::clone);
    let recorded = recorded(&base)?;
    take(&mut base);
    let entries = match live {
        Some(_) if recorded.is_empty() => {
            let first = Write { manager: BEFORE_FIRST_APPLY, forget: false, ..write };
            with_write(ty, None, &mut base.clone(), Vec::new(), first)
        }
        _ => recorded,
    };
    let outcome = match attempt(application, &base, entries.clone()) {
        Err(Refusal::Conflicts(claims)) => match may_take_over(application, &base, claims) {
            None => attempt(Application { conflicts: Conflicts::Forced, ..application }, &base, entries),
            Some(claims) => Err(Refusal::Conflicts(claims)),
        },
        other => other,
    };
    let Outcome { object, entries } = outcome.map_err(|refusal| match refusal {
        Refusal::Conflicts(claims) => conflict(claims),
        Refusal::Other(status) => status,
    })?;
    let mut object = match object {
        Some(object) => {
            let mut decoded = decoded(ty, object, document, write.api_version, decode)?;
            default(&mut decoded);
            decoded
        }
        None => base,
    };
    if write.manager == KUBECTL && !last_applied(&object).is_empty() {
        keep_last_applied(&mut object, document);
    }
    take(&mut object);
    put(&mut object, &entries);
    Ok(object)
}

fn check_document(document: &Value, api_version: &str) -> Result<(), Status> {
    if document.str("apiVersion") != api_version {
        return Err(invalid_type(document));
    }
    match document["metadata"].get("managedFields") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(Status::bad_request("metadata.managedFields must be nil")),
    }
}

/// A document of another type than the endpoint's.
pub fn invalid_type(document: &Value) -> Status {
    Status::bad_request(format!("invalid object type: {}", version_kind(document.str("apiVersion"), document.str("kind"))))
}

/// Group, version and kind as upstream prints them.
fn version_kind(api_version: &str, kind: &str) -> String {
    let version = if api_version.contains('/') { api_version.to_owned() } else { format!("/{api_version}") };
    format!("{version}, Kind={kind}")
}

/// An object that nothing is said of.
fn empty(ty: &'static Type, document: &Value) -> Value {
    let mut object = json!({"kind": document["kind"], "apiVersion": document["apiVersion"], "metadata": {}});
    walker::canonical(ty, &mut object);
    object
}

fn recorded(object: &Value) -> Result<Vec<Entry>, Status> {
    match object["metadata"].get("managedFields") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(list) => {
            entries::decode(list).ok_or_else(|| Status::new(500, "", "failed to decode managed fields: cannot be read".to_owned()))
        }
    }
}

/// Lays the document over the object and books it; conflicts are refused unless they are forced.
fn attempt(application: Application<'_>, base: &Value, mut entries: Vec<Entry>) -> Result<Outcome, Refusal> {
    let Application { ty, write, conflicts, .. } = application;
    let mut document = application.document.clone();
    take(&mut document);
    let named = |what: &str, why: &str| failed(format!("failed to {what} ({}): {why}", named(&document, write.api_version)));
    check::check(ty, &document).map_err(|why| named("create typed patch object", &why))?;
    let merged = typed::merge(ty, base, &document).map_err(|_| named("create typed live object", UNTYPED))?;
    let ignored = reset_set(write.resets);
    let applied = typed::field_set(ty, &document).map_err(|_| failed(UNTYPED.to_owned()))?.recursive_difference(&ignored);
    let former = replace(&mut entries, write, applied);
    let last = former.as_ref().map(|entry| &entry.fields).filter(|fields| !fields.is_empty());
    let next = match last {
        Some(last) => pruned(ty, merged, &entries, last)?,
        None => merged,
    };
    let found = compare::compare(ty, base, &next).map_err(|_| failed(UNTYPED.to_owned()))?;
    let found = Comparison {
        added: found.added.recursive_difference(&ignored),
        modified: found.modified.recursive_difference(&ignored),
        removed: found.removed.recursive_difference(&ignored),
    };
    let changed = found.modified.union(&found.added);
    let claims: Claims = entries
        .iter()
        .filter(|entry| !is_own(entry, write) && is_known(base, &entry.api_version, write))
        .map(|entry| (entry.clone(), entry.fields.intersection(&changed)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect();
    if conflicts == Conflicts::Refused && !claims.is_empty() {
        return Err(Refusal::Conflicts(claims));
    }
    let same = next == *base;
    let lost = changed.union(&found.removed);
    for entry in &mut entries {
        if is_own(entry, write) {
            entry.fields = entry.fields.difference(&unowned());
            entry.time = if same { former.as_ref().and_then(|entry| entry.time.clone()) } else { Some(write.now.rfc3339()) };
        } else {
            entry.fields = entry.fields.difference(&lost);
        }
    }
    entries.retain(|entry| !entry.fields.is_empty() && is_known(base, &entry.api_version, write));
    Ok(Outcome { object: (!same).then_some(next), entries })
}

const UNTYPED: &str = "an item of an associative list has none of its keys";

/// Namespace, name and type of a document as upstream prints them.
fn named(document: &Value, api_version: &str) -> String {
    let meta = &document["metadata"];
    format!("{}/{}; {}", meta.str("namespace"), meta.str("name"), version_kind(api_version, document.str("kind")))
}

fn is_own(entry: &Entry, write: Write<'_>) -> bool {
    entry.operation == Operation::Apply && entry.manager == write.manager && entry.subresource == write.subresource
}

/// Books the applied fields for their manager; what it had before comes back.
fn replace(entries: &mut Vec<Entry>, write: Write<'_>, fields: Set) -> Option<Entry> {
    let former = entries.iter().position(|entry| is_own(entry, write)).map(|at| entries.remove(at));
    entries.push(Entry {
        manager: write.manager.to_owned(),
        operation: Operation::Apply,
        api_version: write.api_version.to_owned(),
        subresource: write.subresource.to_owned(),
        time: None,
        fields,
    });
    former
}

/// P27: without what the manager applied last time, does not now, and nobody else owns. What others have set in an item or
/// member keeps it.
fn pruned(ty: &'static Type, merged: Value, entries: &[Entry], last: &Set) -> Result<Value, Refusal> {
    let set_of =
        |value: &Value| typed::field_set(ty, value).map(|set| typed::with_named_fields(ty, &set)).map_err(|_| failed(UNTYPED.to_owned()));
    let last = typed::with_named_fields(ty, last);
    let bare = typed::remove(ty, &merged, &last);
    let owned = entries.iter().fold(Set::default(), |all, entry| all.union(&entry.fields));
    let (all, kept) = (set_of(&merged)?, set_of(&bare)?);
    let owned = typed::with_named_fields(ty, &owned);
    let with_owned = typed::remove(ty, &merged, &all.difference(&kept.union(&owned)));
    let dangling = all.difference(&set_of(&with_owned)?).intersection(&last);
    Ok(typed::remove(ty, &merged, &dangling))
}

/// What comes of the apply, as an object of its type.
fn decoded(ty: &'static Type, next: Value, document: &Value, api_version: &str, decode: Decode<'_>) -> Result<Value, Status> {
    let refused = |why: String| {
        let kind = document.str("kind");
        let (named, kind) = (named(document, api_version), version_kind(api_version, kind));
        let why =
            format!("failed to convert new object ({named}) to proper version: unable to convert unstructured object to {kind}: {why}");
        Status::new(500, "", why)
    };
    restore::check(ty, &next).map_err(refused)?;
    decode(sorted(&next)).map(|decoded| decoded.value).map_err(|error| refused(format!("error decoding from json: {error}")))
}

/// P30: what of the conflicts client-side apply's record of the same values does not allow; `None` if it allows all.
fn may_take_over(application: Application<'_>, base: &Value, claims: Claims) -> Option<Claims> {
    if application.write.manager != KUBECTL {
        return Some(claims);
    }
    let Some(allowed) = client_side_fields(application.ty, base) else { return Some(claims) };
    let left: Claims =
        claims.into_iter().map(|(entry, fields)| (entry, fields.difference(&allowed))).filter(|(_, fields)| !fields.is_empty()).collect();
    (!left.is_empty()).then_some(left)
}

/// The fields of the last client-side apply that the object has with the same values.
fn client_side_fields(ty: &'static Type, base: &Value) -> Option<Set> {
    let applied: Value = serde_json::from_str(last_applied(base)).ok()?;
    check::check(ty, &applied).ok()?;
    let fields = typed::field_set(ty, &applied).ok()?;
    let found = compare::compare(ty, &applied, base).ok()?;
    Some(fields.difference(&found.modified).difference(&found.added).difference(&found.removed))
}

fn last_applied(object: &Value) -> &str {
    object["metadata"]["annotations"].str(LAST_APPLIED)
}

/// Writes the applied document into the annotation, as client-side apply would.
fn keep_last_applied(object: &mut Value, document: &Value) {
    let mut document = document.clone();
    if let Some(annotations) = document["metadata"].get_mut("annotations") {
        annotations.drop(LAST_APPLIED);
    }
    let text = String::from_utf8(crate::wire::go_json::encode(&sorted(&document))).unwrap_or_default() + "\n";
    let Some(annotations) = object["metadata"]["annotations"].as_object_mut() else { return };
    annotations.insert(LAST_APPLIED.to_owned(), text.into());
    let bytes: usize = annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > ANNOTATIONS_BYTES_MAX {
        annotations.shift_remove(LAST_APPLIED);
    }
}

/// E5: the answer to an apply that would change what others own.
fn conflict(mut claims: Claims) -> Status {
    claims.sort_by_key(|(entry, _)| identity(entry));
    let conflicts: Vec<(String, String)> =
        claims.iter().flat_map(|(entry, fields)| fields.paths().into_iter().map(|path| (shown(entry), path))).collect();
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(who, path)| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": path}))
        .collect();
    let message = if let [(who, path)] = conflicts.as_slice() {
        format!("Apply failed with 1 conflict: conflict with {who}: {path}")
    } else {
        let lines = claims.iter().flat_map(|(entry, fields)| {
            let head = format!("conflicts with {}:", shown(entry));
            std::iter::once(head).chain(fields.paths().into_iter().map(|path| format!("- {path}")))
        });
        format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.collect::<Vec<_>>().join("\n"))
    };
    Status::new(409, "Conflict", message).with_details(json!({"causes": causes}))
}

/// What upstream sorts managers by.
fn identity(entry: &Entry) -> String {
    let mut identity = json!({"manager": entry.manager, "operation": entry.operation.name()});
    if entry.operation == Operation::Update {
        identity["apiVersion"] = entry.api_version.as_str().into();
    }
    if !entry.subresource.is_empty() {
        identity["subresource"] = entry.subresource.as_str().into();
    }
    identity.to_string()
}

fn shown(entry: &Entry) -> String {
    let mut text = format!("{:?}", entry.manager);
    if !entry.subresource.is_empty() {
        text += &format!(" with subresource {:?}", entry.subresource);
    }
    if entry.operation == Operation::Update {
        text += &format!(" using {}", entry.api_version);
    }
    text
}
