//! Cluster addresses and node ports, each given once. What is taken is read from the stored objects every time, while nobody
//! else allocates, so it cannot differ from them. Input: an object and its stored state. Output: the object completed.

use crate::cluster::Cluster;
use crate::key_locks::KeyLock;
use std::net::{IpAddr, Ipv4Addr};
use stead_api::allocation::{Pool, Ranges, Run};
use stead_api::registry::Kind;
use stead_api::{Status, Value};

/// Ports that Services of type NodePort may have.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;
/// A prefix longer than this has no addresses to give.
const PREFIX_MAX: u8 = 30;

/// Reads `10.43.0.0/16`.
pub(crate) fn parse_ranges(cidr: &str) -> Result<Ranges, Status> {
    let parsed = cidr.split_once('/').and_then(|(network, prefix)| Some((network.parse::<Ipv4Addr>().ok()?, prefix.parse::<u8>().ok()?)));
    match parsed {
        Some((network, prefix)) if prefix <= PREFIX_MAX => Ok(Ranges { network, prefix, ports: NODE_PORTS }),
        _ => Err(Status::internal(&format!("{cidr:?} is not a range of service addresses"))),
    }
}

/// The address of the Service `kubernetes`.
pub(crate) fn first_ip(ranges: &Ranges) -> IpAddr {
    Ipv4Addr::from(u32::from(ranges.network) + 1).into()
}

/// The right to allocate; hold it until the object is durable. `None`: the kind holds no addresses.
pub(crate) async fn enter(cluster: &Cluster, kind: &Kind) -> Result<Option<KeyLock>, Status> {
    if kind.hooks.allocates() { cluster.locks.lock("allocation").await.map(Some) } else { Ok(None) }
}

/// Completes the addresses and ports of a new (`old` absent) or changed object.
pub(crate) fn allocate(cluster: &Cluster, kind: &Kind, object: &mut Value, old: Option<&Value>, run: Run) -> Result<(), Status> {
    if !kind.hooks.allocates() {
        return Ok(());
    }
    let mut random = |below| cluster.environment.random(below);
    let mut pool = Pool::new(cluster.ranges.clone(), &mut random);
    for entry in cluster.entries(kind, "")? {
        let stored = match cluster.objects.read(kind, &entry) {
            Ok(stored) => stored,
            Err(status) => {
                tracing::error!(message = status.message, "what an object holds of addresses and ports is not known");
                continue;
            }
        };
        if old.is_none_or(|old| old["metadata"]["uid"] != stored["metadata"]["uid"]) {
            pool.occupy(&stored);
        }
    }
    kind.hooks.allocate(object, old, run, &mut pool)
}

/// Refuses a completed object whose addresses or ports were given to another while nobody held the right to allocate.
pub(crate) fn recheck(cluster: &Cluster, kind: &Kind, object: &Value, old: Option<&Value>, run: Run) -> Result<(), Status> {
    if kind.hooks.allocates() { allocate(cluster, kind, &mut object.clone(), old, run) } else { Ok(()) }
}
