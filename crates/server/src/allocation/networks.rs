//! ServiceCIDR objects: `kubernetes` shows the ranges given at the start, others make them larger. One that goes is kept by a finalizer
//! while addresses of it are in use. Input: what is stored. Output: finalizers and Ready conditions as upstream's controller sets them.

use crate::bootstrap::ensure;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::keys;
use crate::registry::finish;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use stead_api::allocation::Network;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value, json};
use stead_store::{Event, Watch, WatchError};

const DEFAULT: &str = "kubernetes";
const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
/// Between attempts.
const AGAIN_MS: u64 = 10_000;
const READY: &str = "Kubernetes Service CIDR is ready";
const IN_USE: &str = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";

/// The networks that addresses may come from: none of an object that is going.
pub(super) fn usable(object: &Value) -> Vec<Network> {
    if object["metadata"].has("deletionTimestamp") { Vec::new() } else { networks(object) }
}

fn networks(object: &Value) -> Vec<Network> {
    object["spec"].items("cidrs").iter().filter_map(|text| Network::parse(text.as_str()?)).collect()
}

/// Whether the object that shows the ranges is there: not before the first start that knows of it.
pub(crate) fn is_known(cluster: &Cluster) -> bool {
    cluster.store.get(&keys::object(&cluster.kinds.built_in("servicecidrs"), "", DEFAULT)).is_some()
}

/// Keeps them in step with every change, for as long as it is polled.
pub(crate) async fn follow(core: &Arc<Core>) {
    loop {
        let Err(status) = follow_on(core).await;
        tracing::warn!(message = status.message, "the ranges of Services' addresses are not looked after; this is tried again");
        core.environment.sleep(AGAIN_MS).await;
    }
}

/// Until changes are missed, or nothing can be written.
async fn follow_on(core: &Arc<Core>) -> Result<Infallible, Status> {
    let internal = |error: &dyn std::fmt::Display| Status::internal(&error.to_string());
    let from = core.store.revision();
    let watch = |plural| {
        let prefix = keys::prefix(&core.kinds.built_in(plural), "");
        core.store.watch(&prefix, from).map_err(|error| internal(&error))
    };
    let (mut ranges, mut addresses) = (watch("servicecidrs")?, watch("ipaddresses")?);
    loop {
        repair(core).await?;
        let change = futures::future::select(pin!(ranges.next()), pin!(freed(&mut addresses))).await.factor_first().0;
        change.map_err(|error| internal(&error))?;
    }
}

/// The next address that nobody has any more.
async fn freed(addresses: &mut Watch) -> Result<Event, WatchError> {
    loop {
        let event = addresses.next().await?;
        if matches!(event, Event::Delete { .. }) {
            return Ok(event);
        }
    }
}

/// Makes `kubernetes`, and brings finalizers and conditions in step.
pub(crate) async fn repair(core: &Arc<Core>) -> Result<(), Status> {
    let kind = core.kinds.built_in("servicecidrs");
    let configured: Vec<String> = core.ranges.networks.iter().map(Network::to_string).collect();
    ensure(core, &kind, "", json!({"metadata": {"name": DEFAULT}, "spec": {"cidrs": configured}})).await?;
    let mut all = Vec::new();
    for entry in core.entries(&kind, "")? {
        all.push(core.objects.read(&kind, &entry)?);
    }
    for object in &all {
        let name = object["metadata"].str("name");
        let mut next = (**object).clone();
        if name == DEFAULT {
            grow(&mut next, &configured);
        }
        if next["metadata"].has("deletionTimestamp") {
            let others = all.iter().filter(|other| other["metadata"]["name"] != object["metadata"]["name"]).flat_map(|other| usable(other));
            release(core, &mut next, &others.collect::<Vec<_>>())?;
        } else {
            keep(core, &mut next);
        }
        if next != **object {
            change(core, &kind, name, object, next).await?;
        }
    }
    Ok(())
}

/// A second family given at the start comes to the first; other differences stay, and are said.
fn grow(object: &mut Value, configured: &[String]) {
    let stored: Vec<&str> = object["spec"].items("cidrs").iter().filter_map(Value::as_str).collect();
    if stored == configured {
        return;
    }
    if stored.len() < configured.len() && stored.iter().zip(configured).all(|(a, b)| a == b) {
        object["spec"]["cidrs"] = json!(configured);
    } else {
        tracing::warn!(?stored, ?configured, "the ServiceCIDR kubernetes shows other ranges than this server was given");
    }
}

fn keep(core: &Core, object: &mut Value) {
    let finalizers = object["metadata"].items("finalizers");
    if !finalizers.iter().any(|name| name == FINALIZER) {
        let mut finalizers = finalizers.to_vec();
        finalizers.push(FINALIZER.into());
        object["metadata"]["finalizers"] = finalizers.into();
    }
    set_ready(core, object, "True", "", READY);
}

/// Lets an object go whose addresses are not in use, or belong to another range too.
fn release(core: &Core, object: &mut Value, others: &[Network]) -> Result<(), Status> {
    let own = networks(object);
    let addresses = core.kinds.built_in("ipaddresses");
    let mut in_use = false;
    for entry in core.entries(&addresses, "")? {
        let name = entry.key.rsplit('/').next().unwrap_or_default();
        let Ok(ip) = name.parse() else { continue };
        let of = |networks: &[Network]| networks.iter().any(|network| network.contains(ip));
        in_use |= of(&own) && !of(others);
    }
    if in_use {
        set_ready(core, object, "False", "Terminating", IN_USE);
    } else {
        let left: Vec<Value> = object["metadata"].items("finalizers").iter().filter(|name| *name != FINALIZER).cloned().collect();
        object["metadata"]["finalizers"] = left.into();
    }
    Ok(())
}

fn set_ready(core: &Core, object: &mut Value, status: &str, reason: &str, message: &str) {
    let is_ready = |condition: &Value| condition.str("type") == "Ready";
    let conditions = object["status"].items("conditions");
    if conditions.iter().any(|known| is_ready(known) && known.str("status") == status && known.str("reason") == reason) {
        return;
    }
    let mut conditions: Vec<Value> = conditions.iter().filter(|condition| !is_ready(condition)).cloned().collect();
    conditions.push(json!({
        "type": "Ready",
        "status": status,
        "lastTransitionTime": core.environment.now().rfc3339(),
        "reason": reason,
        "message": message,
    }));
    object["status"] = json!({"conditions": conditions});
}

/// Stores the next state, or removes what nothing keeps; if another write came first, the next round does it.
async fn change(core: &Core, kind: &Kind, name: &str, old: &Value, mut next: Value) -> Result<(), Status> {
    let key = keys::object(kind, "", name);
    let _lock = core.locks.lock(&key).await?;
    let Some(current) = core.store.get(&key).filter(|entry| entry.revision.to_string() == old["metadata"].str("resourceVersion")) else {
        return Ok(());
    };
    walker::canonical(kind.schema, &mut next);
    if crate::registry::update::is_gone(&next) {
        drop(finish::remove(core, kind, &current, old).await?);
    } else {
        drop(finish::store_next(core, kind, &current, &next, old).await?);
    }
    Ok(())
}
