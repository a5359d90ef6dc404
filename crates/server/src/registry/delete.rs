//! DELETE of one object (W30-W34, G3-G7): at once, after a grace period, or when its finalizers are gone.

use crate::answer::{self, Answer};
use crate::app::Core;
use crate::negotiation;
use crate::query::{DeleteOptions, Propagation, Run, Unreadable};
use crate::registry::{Call, finish, namespaces, update};
use crate::{admission, object};
use bytes::Bytes;
use stead_api::registry::Kind;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::Entry;

/// How often a delete starts over because another write came first.
const ATTEMPTS_MAX: usize = 16;
/// Finalizers by which the garbage collector is asked for something.
pub(crate) const ORPHAN: &str = "orphan";
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

pub(crate) async fn delete(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind;
    let reader = negotiation::content_type(&call.headers)?;
    let options = DeleteOptions::parse(&call.query, reader, &call.body)?;
    admission::delete(call)?;
    let outcome = delete_object(core, kind, &call.target.namespace, &call.target.name, &options).await?;
    Ok(answer(kind, &call.target.name, &options, outcome))
}

/// W32.
pub(crate) fn answer(kind: &'static Kind, name: &str, options: &DeleteOptions, outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Kept(bytes) => {
            let code = if options.orphan_dependents == Some(false) { 202 } else { 200 };
            Answer::Object { code, kind, bytes }
        }
        Outcome::Removed { last, .. } if kind.delete_returns_object => Answer::Object { code: 200, kind, bytes: last },
        Outcome::Removed { uid, .. } => Answer::Document { code: 200, value: answer::success(kind, name, &uid) },
    }
}

/// What became of the object.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It stays for now; its bytes.
    Kept(Bytes),
    /// It is gone; its last bytes.
    Removed { uid: String, last: Bytes },
}

/// Deletes an object as the options say.
pub(crate) async fn delete_object(
    core: &Core,
    kind: &'static Kind,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Outcome, Status> {
    let key = crate::keys::object(kind, namespace, name);
    let _turn = core.queues.enter(&key).await?;
    for _ in 0..ATTEMPTS_MAX {
        let current = core.store.get(&key).ok_or_else(|| Status::not_found(kind, name))?;
        let old = match core.objects.read(kind, &current) {
            Err(_) if options.unreadable == Unreadable::Remove => return remove_unread(core, kind, &current, options.run).await,
            read => read?,
        };
        let step = if namespaces::is_namespace(kind) {
            namespaces::step(kind, &old, options, core.environment.now())?
        } else {
            check_preconditions(kind, name, &old, options)?;
            step(kind, &old, options, core.environment.now())
        };
        if let Some(outcome) = take(core, kind, &current, &old, step, options.run).await? {
            return Ok(outcome);
        }
    }
    Err(update::conflict(kind, name))
}

/// What a deletion does to the object as it stands.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is being deleted already, and nothing changes.
    Nothing,
    /// It is marked, and stays.
    Mark(Value),
    /// It is marked, and then removed.
    MarkAndRemove(Value),
    Remove,
}

/// `None`: another write came first.
async fn take(core: &Core, kind: &'static Kind, current: &Entry, old: &Value, step: Step, run: Run) -> Result<Option<Outcome>, Status> {
    let uid = old["metadata"].str("uid").to_owned();
    match (step, run) {
        (Step::Nothing, _) => Ok(Some(Outcome::Kept(current.value.clone()))),
        (Step::Mark(next), Run::Dry) => Ok(Some(Outcome::Kept(object::to_bytes(kind, &next).into()))),
        (Step::MarkAndRemove(next), Run::Dry) => Ok(Some(Outcome::Removed { uid, last: object::to_bytes(kind, &next).into() })),
        (Step::Remove, Run::Dry) => Ok(Some(Outcome::Removed { uid, last: current.value.clone() })),
        (Step::Mark(next), Run::Real) => {
            Ok(finish::store_next(core, kind, current, &next, old).await?.ok().map(|entry| Outcome::Kept(entry.value)))
        }
        (Step::MarkAndRemove(next), Run::Real) => {
            if finish::store_next(core, kind, current, &next, old).await?.is_err() {
                return Ok(None);
            }
            let Some(marked) = core.store.get(&current.key) else { return Ok(None) };
            Ok(finish::remove(core, kind, &marked, &next).await?.ok().map(|last| Outcome::Removed { uid, last: last.value }))
        }
        (Step::Remove, Run::Real) => {
            Ok(finish::remove(core, kind, current, old).await?.ok().map(|last| Outcome::Removed { uid, last: last.value }))
        }
    }
}

/// The way out for an object that nothing can read: it goes without its finalizers and preconditions being looked at.
async fn remove_unread(core: &Core, kind: &'static Kind, current: &Entry, run: Run) -> Result<Outcome, Status> {
    if run == Run::Real && finish::remove_unread(core, kind, current).await?.is_err() {
        return Err(update::conflict(kind, current.key.rsplit('/').next().unwrap_or_default()));
    }
    Ok(Outcome::Removed { uid: String::new(), last: current.value.clone() })
}

/// W31.
pub(crate) fn check_preconditions(kind: &Kind, name: &str, old: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let meta = &old["metadata"];
    let refuse = |why: String| {
        let mut status = Status::conflict(kind, name, &why);
        // Upstream names the kind here, not the resource.
        status.message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.kind);
        if let Some(details) = &mut status.details {
            details["kind"] = kind.kind.into();
            details.drop("group");
        }
        Err(status)
    };
    if let Some(uid) = options.uid.as_ref().filter(|uid| *uid != meta.str("uid")) {
        return refuse(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            meta.str("uid")
        ));
    }
    if let Some(version) = options.resource_version.as_ref().filter(|version| *version != meta.str("resourceVersion")) {
        return refuse(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). \
             The object might have been modified",
            meta.str("resourceVersion")
        ));
    }
    Ok(())
}

/// What a graceful deletion says about an object.
enum Grace {
    /// The kind knows none, or the object was marked without one.
    None,
    /// It is under way, and stays as it is.
    Pending,
    /// It begins, or gets shorter: the marked object and its remaining seconds.
    Changed(Value, i64),
}

fn step(kind: &Kind, old: &Value, options: &DeleteOptions, now: Timestamp) -> Step {
    let (mut next, graceful) = match grace(kind, old, options, now) {
        Grace::Pending => return Step::Nothing,
        Grace::None => (old.clone(), None),
        Grace::Changed(marked, seconds) => (marked, Some(seconds)),
    };
    let finalizers = wanted_finalizers(kind, old, options);
    let pending = finalizers.as_ref().map_or_else(|| !old["metadata"].items("finalizers").is_empty(), |wanted| !wanted.is_empty());
    if let Some(finalizers) = finalizers {
        let meta = object::meta_mut(&mut next);
        if finalizers.is_empty() { drop(meta.drop("finalizers")) } else { meta["finalizers"] = finalizers.into() }
    }
    match graceful {
        None if pending => {
            mark_deleting(&mut next, now);
            Step::Mark(next)
        }
        None => Step::Remove,
        Some(seconds) if pending || seconds > 0 => Step::Mark(next),
        Some(_) => Step::MarkAndRemove(next),
    }
}

fn grace(kind: &Kind, old: &Value, options: &DeleteOptions, now: Timestamp) -> Grace {
    let asked = options.grace_period_s;
    let Some(seconds) = kind.hooks.grace_period_s(old, asked) else { return Grace::None };
    let meta = &old["metadata"];
    let mut next = old.clone();
    if let Some(marked) = Timestamp::parse(meta.str("deletionTimestamp")) {
        // Nothing is left to wait for: a removal that was cut off after the mark is done now.
        let Some(current) = meta.int("deletionGracePeriodSeconds").filter(|seconds| *seconds != 0) else { return Grace::None };
        // A later wish may only shorten.
        let Some(wish) = asked.filter(|wish| *wish < current) else { return Grace::Pending };
        let meta = object::meta_mut(&mut next);
        meta["deletionTimestamp"] = marked.plus_millis((wish - current) * 1000).rfc3339().into();
        meta["deletionGracePeriodSeconds"] = wish.into();
        return Grace::Changed(next, wish);
    }
    let generation = meta.int("generation").unwrap_or_default();
    let meta = object::meta_mut(&mut next);
    meta["deletionTimestamp"] = now.plus_millis(seconds * 1000).rfc3339().into();
    meta["deletionGracePeriodSeconds"] = seconds.into();
    if generation > 0 {
        meta["generation"] = (generation + 1).into();
    }
    Grace::Changed(next, seconds)
}

/// W33, W12: the mark on an object that finalizers keep.
fn mark_deleting(object: &mut Value, now: Timestamp) {
    let meta = object::meta_mut(object);
    let marked = Timestamp::parse(meta.str("deletionTimestamp"));
    let generation = meta.int("generation").unwrap_or_default();
    if marked.is_none() && generation > 0 {
        meta["generation"] = (generation + 1).into();
    }
    if marked.is_none_or(|marked| marked > now) {
        meta["deletionTimestamp"] = now.rfc3339().into();
    }
    meta["deletionGracePeriodSeconds"] = 0.into();
}

/// Kinds whose dependents nobody collects.
fn is_collected(kind: &Kind) -> bool {
    kind.kind != "Event"
}

/// G4-G6: the finalizers after this deletion; `None`: unchanged.
pub(crate) fn wanted_finalizers(kind: &Kind, old: &Value, options: &DeleteOptions) -> Option<Vec<Value>> {
    if !is_collected(kind) {
        return None;
    }
    let current = old["metadata"].items("finalizers");
    let has = |name: &str| current.iter().any(|finalizer| finalizer == name);
    let (orphan, foreground) = match (options.orphan_dependents, options.propagation) {
        (Some(orphan), _) => (orphan, false),
        (None, Some(Propagation::Orphan)) => (true, false),
        (None, Some(Propagation::Foreground)) => (false, true),
        (None, Some(Propagation::Background)) => (false, false),
        // What an earlier deletion asked for stands.
        (None, None) => (has(ORPHAN), has(FOREGROUND) && !has(ORPHAN)),
    };
    if orphan == has(ORPHAN) && foreground == has(FOREGROUND) {
        return None;
    }
    let mut wanted: Vec<Value> = current.iter().filter(|f| *f != ORPHAN && *f != FOREGROUND).cloned().collect();
    if orphan {
        wanted.push(ORPHAN.into());
    }
    if foreground {
        wanted.push(FOREGROUND.into());
    }
    Some(wanted)
}
