//! What a deletion does to an object (W31-W34, G4-G7): it is marked, or removed. Input: the object, the options, the time. Output:
//! the step to take. Pure.

use crate::object;
use crate::query::{DeleteOptions, Propagation};
use stead_api::registry::Kind;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value};

/// Finalizers by which the garbage collector is asked for something.
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What a deletion does to the object as it stands.
#[derive(Debug)]
pub(super) enum Step {
    /// It is being deleted already, and nothing changes.
    Nothing,
    /// It is marked, and stays.
    Mark(Value),
    /// It is marked, and then removed.
    MarkAndRemove(Value),
    Remove,
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

pub(super) fn step(kind: &Kind, old: &Value, options: &DeleteOptions, now: Timestamp) -> Step {
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
        // A later deletion may only shorten it.
        let Some(shorter) = asked.filter(|asked| *asked < current) else { return Grace::Pending };
        let meta = object::meta_mut(&mut next);
        meta["deletionTimestamp"] = marked.plus_millis((shorter - current) * 1000).rfc3339().into();
        meta["deletionGracePeriodSeconds"] = shorter.into();
        return Grace::Changed(next, shorter);
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

/// G4-G6: the finalizers after this deletion; `None`: unchanged.
pub(crate) fn wanted_finalizers(kind: &Kind, old: &Value, options: &DeleteOptions) -> Option<Vec<Value>> {
    if !kind.hooks.owns_dependents() {
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
        (None, None) if has(ORPHAN) || has(FOREGROUND) => (has(ORPHAN), !has(ORPHAN)),
        (None, None) => (kind.hooks.orphans_dependents(), false),
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
