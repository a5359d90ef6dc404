//! IPAddress objects: one for each cluster address of a Service, made, and removed, with what gives and takes it. A crash between the
//! two leaves them apart until [`repair`]. Input: a Service before and after a write. Output: writes that go along with it.

use super::holder_of;
use crate::cluster::Cluster;
use crate::{keys, object};
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use stead_api::allocation::{Family, Holdings};
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value, json, names};
use stead_store::{Durability, Expect, Pending};

const MANAGED_BY: &str = "ipaddress.kubernetes.io/managed-by";
const MANAGER: &str = "ipallocator.k8s.io";
/// An address without a Service may belong to one that is being written.
const LEAKED_AFTER_S: i64 = 60;

/// The Service that an IPAddress says it belongs to, as [`holder_of`] calls it.
pub(super) fn parent_of(address: &Value) -> String {
    let parent = &address["spec"]["parentRef"];
    match (parent.str("group"), parent.str("resource")) {
        ("", "services") => format!("{}/{}", parent.str("namespace"), parent.str("name")),
        (group, resource) => format!("{resource}.{group}:{}/{}", parent.str("namespace"), parent.str("name")),
    }
}

pub(super) fn holdings(address: &Value) -> Holdings {
    let ip = names::parse_ip(address["metadata"].str("name")).map(|parsed| parsed.ip);
    Holdings { ips: ip.into_iter().collect(), ports: Vec::new() }
}

/// Begins to make the addresses that an object got and to remove those that it gave up; nothing for kinds that hold none.
pub(crate) async fn begin(cluster: &Cluster, kind: &Kind, old: Option<&Value>, new: Option<&Value>) -> Vec<Pending> {
    if !kind.hooks.allocates() {
        return Vec::new();
    }
    let ips = |service: Option<&Value>| service.map(|service| Holdings::of(service).ips).unwrap_or_default();
    let (before, after) = (ips(old), ips(new));
    let mut begun = Vec::new();
    if let Some(service) = new {
        for ip in after.iter().filter(|ip| !before.contains(ip)) {
            begun.push(begin_make(cluster, *ip, service).await);
        }
    }
    if let Some(service) = old {
        for ip in before.iter().filter(|ip| !after.contains(ip)) {
            begun.extend(begin_remove(cluster, *ip, &holder_of(service)).await);
        }
    }
    begun
}

/// Waits for writes that go along with another. What fails is repaired later: that other one counts.
pub(crate) async fn complete(begun: Vec<Pending>) {
    for pending in begun {
        if let Err(error) = pending.durable().await {
            tracing::debug!(%error, "a write that goes along with another failed");
        }
    }
}

async fn begin_make(cluster: &Cluster, ip: IpAddr, service: &Value) -> Pending {
    let kind = cluster.kinds.built_in("ipaddresses");
    let mut address = json!({
        "kind": kind.kind,
        "apiVersion": kind.api_version(),
        "metadata": {
            "name": ip.to_string(),
            "uid": cluster.environment.uid(),
            "creationTimestamp": cluster.environment.now().rfc3339(),
            "labels": {"ipaddress.kubernetes.io/ip-family": Family::of(ip).name(), MANAGED_BY: MANAGER},
        },
        "spec": {"parentRef": {
            "group": "",
            "resource": "services",
            "namespace": service["metadata"].str("namespace"),
            "name": service["metadata"].str("name"),
        }},
    });
    walker::canonical(kind.schema, &mut address);
    let key = keys::object(&kind, "", &ip.to_string());
    cluster.store.begin_put(&key, Expect::Absent, object::to_store(&kind, &address), Durability::Durable).await
}

/// `None`: it is not there, or another's.
async fn begin_remove(cluster: &Cluster, ip: IpAddr, holder: &str) -> Option<Pending> {
    let kind = cluster.kinds.built_in("ipaddresses");
    let entry = cluster.store.latest(&keys::object(&kind, "", &ip.to_string())).entry?;
    let address = cluster.objects.read(&kind, &entry).ok()?;
    if parent_of(&address) != holder {
        return None;
    }
    let last = object::to_store(&kind, &address);
    Some(cluster.store.begin_delete(&entry.key, Expect::Revision(entry.revision), last).await)
}

/// What a repair found, for the Events that tell of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Repaired {
    /// A Service's address had no IPAddress.
    Missing(Arc<Value>, IpAddr),
    /// An IPAddress has no Service.
    Leaked(Arc<Value>),
}

/// Makes missing IPAddresses, removes leaked ones. Those that somebody else manages are left alone.
pub(crate) async fn repair(cluster: &Cluster) -> Result<Vec<Repaired>, Status> {
    let services = cluster.kinds.built_in("services");
    let kind = cluster.kinds.built_in("ipaddresses");
    let mut held: BTreeMap<IpAddr, (String, Arc<Value>)> = BTreeMap::new();
    // Addresses first: those of Services that come meanwhile are not missed.
    let addresses = cluster.entries(&kind, "")?;
    for entry in cluster.entries(&services, "")? {
        let Ok(service) = cluster.objects.read(&services, &entry) else { return Ok(Vec::new()) };
        for ip in Holdings::of(&service).ips {
            held.insert(ip, (holder_of(&service), service.clone()));
        }
    }
    let (mut repaired, mut begun) = (Vec::new(), Vec::new());
    let mut known = HashSet::new();
    for entry in addresses {
        let Ok(address) = cluster.objects.read(&kind, &entry) else { continue };
        let parent = parent_of(&address);
        let ip = holdings(&address).ips.first().copied();
        known.extend(ip);
        let is_held = ip.and_then(|ip| held.get(&ip)).is_some_and(|(holder, _)| *holder == parent);
        let managed = address["metadata"]["labels"].str(MANAGED_BY) == MANAGER;
        if !is_held && managed && is_old(&address, cluster.environment.now()) {
            begun.extend(match ip {
                Some(ip) => begin_remove(cluster, ip, &parent).await,
                None => None,
            });
            repaired.push(Repaired::Leaked(address));
        }
    }
    for (ip, (_, service)) in held {
        if !known.contains(&ip) && cluster.store.get(&keys::object(&kind, "", &ip.to_string())).is_none() {
            begun.push(begin_make(cluster, ip, &service).await);
            repaired.push(Repaired::Missing(service, ip));
        }
    }
    complete(begun).await;
    Ok(repaired)
}

fn is_old(address: &Value, now: Timestamp) -> bool {
    let made = Timestamp::parse(address["metadata"].str("creationTimestamp")).unwrap_or(now);
    now.seconds() - made.seconds() > LEAKED_AFTER_S
}
