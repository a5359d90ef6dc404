//! DELETE of one object (W30-W34, G3-G7): at once, after a grace period, or when its finalizers are gone.

use crate::admission::{Attributes, Operation};
use crate::answer::{self, Answer};
use crate::call::Call;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::keys;
use crate::negotiation;
use crate::object;
use crate::query::{DeleteOptions, Run, Unreadable};
use crate::registry::step::{self, Step};
use crate::registry::{finish, staged, update};
use bytes::Bytes;
use std::sync::Arc;
use stead_api::registry::{Deletion, Kind};
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::Entry;

/// How often a delete starts over because another write came first.
const ATTEMPTS_MAX: usize = 16;
pub(crate) async fn delete(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let reader = negotiation::content_type(&call.headers)?;
    let options = DeleteOptions::parse(&call.query, reader, &call.body)?;
    warn(call, &options);
    let attributes = Attributes { cluster: core, target: &call.target, identity: call.identity(), operation: Operation::Delete };
    core.admission.mutate(&attributes, &mut Value::Null).await?;
    let outcome = delete_object(core, &kind, &call.target.namespace, &call.target.name, &options).await?;
    Ok(answer(&kind, &call.target.name, &options, outcome))
}

/// Whoever leaves dependents to the kind's default is told what that is, where it surprises (G9).
pub(super) fn warn(call: &mut Call, options: &DeleteOptions) {
    if options.propagation.is_none() && options.orphan_dependents.is_none() {
        call.warnings.extend(call.target.kind.hooks.deletion_warning().map(str::to_owned));
    }
}

/// W32.
fn answer(kind: &Arc<Kind>, name: &str, options: &DeleteOptions, outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Kept(bytes) => {
            let code = if options.orphan_dependents == Some(false) { 202 } else { 200 };
            Answer::Object { code, kind: kind.clone(), bytes }
        }
        Outcome::Removed { last, .. } if kind.delete_returns_object => Answer::Object { code: 200, kind: kind.clone(), bytes: last },
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
    cluster: &Cluster,
    kind: &Kind,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Outcome, Status> {
    let key = keys::object(kind, namespace, name);
    let _lock = cluster.locks.lock(&key).await?;
    for _ in 0..ATTEMPTS_MAX {
        let current = cluster.store.get(&key).ok_or_else(|| Status::not_found(kind, name))?;
        let old = match cluster.objects.read(kind, &current) {
            Err(_) if options.unreadable == Unreadable::Remove => return remove_unread(cluster, kind, &current, options.run).await,
            read => read?,
        };
        let step = match kind.hooks.deletion() {
            Deletion::Staged => staged::step(kind, &old, options, cluster.environment.now())?,
            Deletion::Ordinary => {
                step::check_preconditions(kind, name, &old, options)?;
                step::step(kind, &old, options, cluster.environment.now())
            }
        };
        if let Some(outcome) = take(cluster, kind, &current, &old, step, options.run).await? {
            return Ok(outcome);
        }
    }
    Err(update::conflict(kind, name))
}

/// `None`: another write came first.
async fn take(cluster: &Cluster, kind: &Kind, current: &Entry, old: &Value, step: Step, run: Run) -> Result<Option<Outcome>, Status> {
    let uid = old["metadata"].str("uid").to_owned();
    match (step, run) {
        (Step::Nothing, _) => Ok(Some(Outcome::Kept(current.value.clone()))),
        (Step::Mark(next), Run::Dry) => Ok(Some(Outcome::Kept(object::to_bytes(kind, &next).into()))),
        (Step::MarkAndRemove(next), Run::Dry) => Ok(Some(Outcome::Removed { uid, last: object::to_bytes(kind, &next).into() })),
        (Step::Remove, Run::Dry) => Ok(Some(Outcome::Removed { uid, last: current.value.clone() })),
        (Step::Mark(next), Run::Real) => {
            Ok(finish::store_next(cluster, kind, current, &next, old).await?.ok().map(|entry| Outcome::Kept(entry.value)))
        }
        (Step::MarkAndRemove(next), Run::Real) => {
            if finish::store_next(cluster, kind, current, &next, old).await?.is_err() {
                return Ok(None);
            }
            let Some(marked) = cluster.store.get(&current.key) else { return Ok(None) };
            Ok(finish::remove(cluster, kind, &marked, &next).await?.ok().map(|last| Outcome::Removed { uid, last: last.value }))
        }
        (Step::Remove, Run::Real) => {
            Ok(finish::remove(cluster, kind, current, old).await?.ok().map(|last| Outcome::Removed { uid, last: last.value }))
        }
    }
}

/// The way out for an object that nothing can read: it goes without its finalizers and preconditions being looked at.
async fn remove_unread(cluster: &Cluster, kind: &Kind, current: &Entry, run: Run) -> Result<Outcome, Status> {
    if run == Run::Real && finish::remove_unread(cluster, kind, current).await?.is_err() {
        return Err(update::conflict(kind, current.key.rsplit('/').next().unwrap_or_default()));
    }
    Ok(Outcome::Removed { uid: String::new(), last: current.value.clone() })
}
