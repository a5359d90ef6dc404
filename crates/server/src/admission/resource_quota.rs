//! ResourceQuota (M4, QUO-3 to QUO-9): what an object uses of what its namespace may have. It is judged after everything else and paid
//! with the write itself: whoever charges a quota holds its lock until the write and the charge have their places in the order, so
//! that no number of writers at once has more than there is, and what is not written is not paid. What is given back, the quota
//! controller gives back. Input: an object that is about to be written. Output: a [`Charge`], or the Status that refuses it.

use super::{Attributes, Operation};
use crate::cluster::Cluster;
use crate::key_locks::KeyLock;
use crate::registry::finish;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::kinds::pod_spec::amount::{self, Amounts};
use stead_api::kinds::resource_quota::counted::{Counted, Counting};
use stead_api::quantity::Quantity;
use stead_api::registry::{Kind, Part};
use stead_api::schema::walker;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value, json};
use stead_store::Entry;

/// What a write costs. While it is there, nobody else charges these quotas.
pub(crate) struct Charge {
    pub quotas: Vec<Charged>,
}

/// A quota that is charged.
pub(crate) struct Charged {
    pub current: Entry,
    /// With more of it used.
    pub next: Value,
    _lock: KeyLock,
}

/// What is about to be written, as quotas see it.
struct Candidate<'a> {
    counting: Counting<'a>,
    object: &'a Value,
    counted: Counted,
    /// What it was before.
    old: Option<Counted>,
    now: Timestamp,
}

/// What the object costs, if it costs anything.
pub(crate) async fn charge(attributes: &Attributes<'_>, object: &Value) -> Result<Option<Charge>, Status> {
    let (cluster, target) = (attributes.cluster, attributes.target);
    if !is_counted(&target.kind, attributes.operation) {
        return Ok(None);
    }
    let kind = cluster.kinds.built_in("resourcequotas");
    let entries = cluster.entries(&kind, &target.namespace)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let counting = Counting::of(&target.kind);
    let old = match attributes.operation {
        Operation::Update { old, .. } => Some(Counted::of(counting, old)),
        Operation::Create | Operation::Delete => None,
    };
    let counted = Counted::of(counting, object);
    let candidate = Candidate { counting, object, counted, old, now: cluster.environment.now() };
    let mut quotas = Vec::new();
    // In the order of their names, as everybody takes them.
    for entry in entries {
        if candidate.concerns(&*cluster.objects.read(&kind, &entry)?) {
            let charged = charge_one(cluster, &kind, &entry.key, &candidate).await;
            quotas.extend(charged?.map_err(|why| Status::forbidden(&target.kind, object["metadata"].str("name"), &why))?);
        }
    }
    Ok((!quotas.is_empty()).then_some(Charge { quotas }))
}

/// Whether a write like this can make anybody use more: that of anything new; of Services, whose type changes, claims, which grow, and
/// pods, which are resized. Events are free.
fn is_counted(kind: &Kind, operation: Operation<'_>) -> bool {
    let is_core = kind.group.is_empty();
    match operation {
        Operation::Create => kind.namespaced && kind.kind != "Event",
        Operation::Update { part: Part::Main, .. } => is_core && matches!(kind.plural, "services" | "persistentvolumeclaims"),
        Operation::Update { part: Part::Status, .. } => is_core && kind.plural == "persistentvolumeclaims",
        Operation::Update { part: Part::Other("resize"), .. } => is_core && kind.plural == "pods",
        Operation::Update { .. } | Operation::Delete => false,
    }
}

/// Charges a quota as it is once it is ours. The inner error says why not.
async fn charge_one(
    cluster: &Cluster,
    kind: &Arc<Kind>,
    key: &str,
    candidate: &Candidate<'_>,
) -> Result<Result<Option<Charged>, String>, Status> {
    let lock = cluster.locks.lock(key).await?;
    let latest = cluster.store.latest(key);
    let Some(current) = latest.entry.clone() else { return Ok(Ok(None)) };
    let quota = cluster.objects.read(kind, &current)?;
    if !candidate.concerns(&quota) {
        return Ok(Ok(None));
    }
    match candidate.judge(&quota) {
        Ok(None) => Ok(Ok(None)),
        Ok(Some(used)) => {
            let mut next = (*quota).clone();
            next["status"]["used"] = used;
            walker::canonical(kind.schema, &mut next);
            Ok(Ok(Some(Charged { current, next, _lock: lock })))
        }
        Err(why) => {
            // Nobody is told of a state that is not durable, not even by what it forbids.
            cluster.store.settled(key, &latest).await.map_err(|error| finish::refused(&error))?;
            Ok(Err(why))
        }
    }
}

impl Candidate<'_> {
    /// What a quota limits of what objects of this kind use; nothing as long as nobody has counted what there is.
    fn limits(&self, quota: &Value) -> Amounts {
        let mut hard = amount::amounts(quota["status"].map("hard"));
        hard.retain(|name, _| self.counting.uses(name));
        hard
    }

    fn concerns(&self, quota: &Value) -> bool {
        !self.limits(quota).is_empty() && self.counted.is_in_scopes(&quota["spec"])
    }

    /// `status.used` with the object; `None`: as it is. The error is what the refusal says.
    fn judge(&self, quota: &Value) -> Result<Option<Value>, String> {
        let (name, hard) = (quota["metadata"].str("name"), self.limits(quota));
        if let Some(unsaid) = self.counting.unsaid(self.object, hard.keys().map(String::as_str)) {
            return Err(format!("failed quota: {name}: {unsaid}"));
        }
        let mut used = amount::amounts(quota["status"].map("used"));
        if hard.keys().any(|name| !used.contains_key(name)) {
            let names: Vec<&str> = hard.keys().map(String::as_str).collect();
            return Err(format!("status unknown for quota: {name}, resources: {}", names.join(",")));
        }
        let before = self.old.as_ref().filter(|old| old.is_in_scopes(&quota["spec"]));
        let more: Amounts = hard.keys().filter_map(|name| Some((name.clone(), self.more(before, name)?))).collect();
        if more.is_empty() {
            return Ok(None);
        }
        let was = used.clone();
        amount::add(&mut used, &more);
        let exceeded: Vec<&String> = more.keys().filter(|name| used[*name] > hard[*name]).collect();
        if !exceeded.is_empty() {
            let shown = |amounts: &Amounts| {
                let each = exceeded.iter().map(|name| format!("{name}={}", amounts[*name]));
                each.collect::<Vec<_>>().join(",")
            };
            let (more, was, hard) = (shown(&more), shown(&was), shown(&hard));
            return Err(format!("exceeded quota: {name}, requested: {more}, used: {was}, limited: {hard}"));
        }
        let used: BTreeMap<String, String> = used.into_iter().map(|(name, amount)| (name, amount.to_string())).collect();
        Ok(Some(json!(used)))
    }

    /// How much more of something is used; `None`: no more.
    fn more(&self, before: Option<&Counted>, name: &str) -> Option<Quantity> {
        let amount = self.counted.amount(self.counting, name, self.now)?;
        let before = before.and_then(|old| old.amount(self.counting, name, self.now)).unwrap_or(Quantity::ZERO);
        amount.checked_sub(&before).filter(|more| more.signum() > 0)
    }
}
