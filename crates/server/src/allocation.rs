//! Cluster addresses and node ports, each given once. What is taken is what the stored Services and IPAddresses hold, followed change
//! by change, and what writers that are on their way were promised. So an allocation costs the same among five Services and five
//! thousand, and cannot differ from what is stored. Input: an object and its stored state. Output: the object completed.

use self::addresses::Repaired;
use crate::cluster::Cluster;
use crate::core::Core;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::allocation::{Family, Holdings, Network, Pool, Ranges, Run, Taken};
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value, json};
use stead_store::{Entry, Event, Watch};

pub(crate) mod addresses;
pub(crate) mod networks;

/// Ports that Services of type NodePort may have.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;
/// A longer prefix has no addresses to give.
const HOST_BITS_MIN: u8 = 2;
/// So many ranges may be given at the start: one of each family.
const NETWORKS_MAX: usize = 2;

/// Reads `10.43.0.0/16`, or two such of different families with a comma.
pub(crate) fn parse_ranges(text: &str) -> Result<Ranges, Status> {
    let networks: Option<Vec<Network>> = text.split(',').map(|text| Network::parse(text.trim())).collect();
    let has_room = |network: &Network| network.prefix + HOST_BITS_MIN <= if network.address.is_ipv4() { 32 } else { 128 };
    let ranges = networks.map(|networks| Ranges { networks, ports: NODE_PORTS });
    let good = |ranges: &Ranges| {
        let count = ranges.networks.len();
        count <= NETWORKS_MAX && ranges.families().len() == count && ranges.networks.iter().all(has_room)
    };
    ranges.filter(good).ok_or_else(|| Status::internal(&format!("{text:?} is not a range of service addresses")))
}

/// The address of the Service `kubernetes`.
pub(crate) fn first_ip(ranges: &Ranges) -> IpAddr {
    ranges.networks.first().expect("a server has a range").first()
}

const EVENT_SUFFIX_LENGTH: usize = 16;

/// What is taken, once somebody asked.
#[derive(Debug)]
pub(crate) struct Allocations {
    /// Ranges given at the start.
    configured: Ranges,
    index: Arc<Mutex<Index>>,
}

#[derive(Debug, Default)]
struct Index {
    taken: Taken,
    /// What is noted of each stored object, by key.
    noted: HashMap<Arc<str>, (Arc<str>, Holdings)>,
    /// Networks of the stored ServiceCIDRs, by key.
    networks: std::collections::BTreeMap<Arc<str>, Vec<Network>>,
    watches: Vec<Watch>,
}

/// Addresses and ports of a writer on its way: nobody else gets them before it is dropped.
#[derive(Debug)]
pub(crate) struct Promise {
    index: Arc<Mutex<Index>>,
    holder: Arc<str>,
    holdings: Holdings,
}

impl Drop for Promise {
    fn drop(&mut self) {
        lock(&self.index).taken.take_off(&self.holder, &self.holdings);
    }
}

impl Allocations {
    pub(crate) fn new(configured: Ranges) -> Self {
        Self { configured, index: Arc::default() }
    }

    /// Keeps addresses for one Service (`NAMESPACE/NAME`), whether it is there or not.
    pub(crate) fn reserve(&self, service: &str, ips: &[IpAddr]) {
        lock(&self.index).taken.note(&service.into(), &Holdings { ips: ips.to_vec(), ports: Vec::new() });
    }
}

/// Completes the addresses and ports of a new (`old` absent) or changed object. Hold the promise until the object is durable.
pub(crate) fn allocate(
    cluster: &Cluster,
    kind: &Kind,
    object: &mut Value,
    old: Option<&Value>,
    run: Run,
) -> Result<Option<Promise>, Status> {
    if !kind.hooks.allocates() {
        return Ok(None);
    }
    let allocations = &cluster.allocations;
    let mut index = lock(&allocations.index);
    index.follow(cluster)?;
    let ranges = index.ranges(&allocations.configured);
    let holder: Arc<str> = holder_of(object).into();
    let mut random = |below| cluster.environment.random(below);
    kind.hooks.allocate(object, old, run, &mut Pool::new(&ranges, &index.taken, &holder, &mut random))?;
    let holdings = if run == Run::Real { Holdings::of(object) } else { Holdings::default() };
    index.taken.note(&holder, &holdings);
    Ok(Some(Promise { index: allocations.index.clone(), holder, holdings }))
}

/// `NAMESPACE/NAME`, as a Service holds.
fn holder_of(service: &Value) -> String {
    format!("{}/{}", service["metadata"].str("namespace"), service["metadata"].str("name"))
}

fn lock(index: &Mutex<Index>) -> MutexGuard<'_, Index> {
    index.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kinds that are followed.
const SERVICES: &str = "services";
const FOLLOWED: &[&str] = &[SERVICES, "ipaddresses", "servicecidrs"];

impl Index {
    /// Takes in what was stored since the last time.
    fn follow(&mut self, cluster: &Cluster) -> Result<(), Status> {
        if self.watches.is_empty() {
            return self.load(cluster);
        }
        for (place, plural) in FOLLOWED.iter().enumerate() {
            let kind = cluster.kinds.built_in(plural);
            loop {
                match self.watches[place].try_next() {
                    Ok(Some(Event::Put { entry, .. })) => self.note(cluster, &kind, &entry),
                    Ok(Some(Event::Delete { last, .. })) => self.forget(&last.key),
                    Ok(None) => break,
                    // Too much happened since: everything is read again.
                    Err(_) => return self.load(cluster),
                }
            }
        }
        Ok(())
    }

    fn load(&mut self, cluster: &Cluster) -> Result<(), Status> {
        let internal = |error: &dyn std::fmt::Display| Status::internal(&error.to_string());
        for (holder, holdings) in std::mem::take(&mut self.noted).into_values() {
            self.taken.take_off(&holder, &holdings);
        }
        self.networks.clear();
        self.watches.clear();
        for plural in FOLLOWED {
            let kind = cluster.kinds.built_in(plural);
            let prefix = crate::keys::prefix(&kind, "");
            let page = cluster.store.range(&prefix, None, 0, None).map_err(|error| internal(&error))?;
            for entry in &page.entries {
                self.note(cluster, &kind, entry);
            }
            self.watches.push(cluster.store.watch(&prefix, page.revision).map_err(|error| internal(&error))?);
        }
        Ok(())
    }

    fn note(&mut self, cluster: &Cluster, kind: &Kind, entry: &Entry) {
        self.forget(&entry.key);
        let object = match cluster.objects.read(kind, entry) {
            Ok(object) => object,
            Err(status) => {
                tracing::error!(message = status.message, "what an object holds of addresses and ports is not known");
                return;
            }
        };
        let (holder, holdings) = match kind.plural {
            SERVICES => (holder_of(&object), Holdings::of(&object)),
            "ipaddresses" => (addresses::parent_of(&object), addresses::holdings(&object)),
            _ => {
                self.networks.insert(entry.key.clone(), networks::usable(&object));
                return;
            }
        };
        let holder: Arc<str> = holder.into();
        self.taken.note(&holder, &holdings);
        self.noted.insert(entry.key.clone(), (holder, holdings));
    }

    fn forget(&mut self, key: &str) {
        if let Some((holder, holdings)) = self.noted.remove(key) {
            self.taken.take_off(&holder, &holdings);
        }
        self.networks.remove(key);
    }

    /// Where addresses come from: the ranges given at the start, and those of ServiceCIDRs.
    fn ranges(&self, configured: &Ranges) -> Ranges {
        let mut ranges = configured.clone();
        for network in self.networks.values().flatten() {
            if !ranges.networks.contains(network) {
                ranges.networks.push(*network);
            }
        }
        ranges
    }
}

/// What writes the Events of repairs, as upstream calls it.
const REPAIRER: &str = "ipallocator-repair-controller";

/// Tells of repairs in Events.
pub(crate) async fn tell(core: &Arc<Core>, repaired: Vec<Repaired>) -> Result<(), Status> {
    let events = core.kinds.built_in("events");
    for repaired in repaired {
        let (about, kind, version, reason, message) = match &repaired {
            Repaired::Missing(service, ip) => {
                let message = format!("Cluster IP [{}]: {ip} is not allocated; repairing", Family::of(*ip).name());
                (service, "Service", "v1", "ClusterIPNotAllocated", message)
            }
            Repaired::Leaked(address) => {
                let name = address["metadata"].str("name");
                let message =
                    format!("IPAddress: {name} for Service {} appears to have leaked: cleaning up", addresses::parent_of(address));
                (address, "IPAddress", "networking.k8s.io/v1", "IPAddressNotAllocated", message)
            }
        };
        let meta = &about["metadata"];
        let namespace = Some(meta.str("namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or("default");
        let now = core.environment.now();
        let event = json!({
            "metadata": {"name": format!("{}.{}", meta.str("name"), core.environment.suffix(EVENT_SUFFIX_LENGTH)), "namespace": namespace},
            "involvedObject": {
                "kind": kind, "apiVersion": version, "namespace": meta.get("namespace"), "name": meta.str("name"), "uid": meta.str("uid"),
            },
            "eventTime": now.rfc3339_micro(),
            "type": "Warning",
            "reason": reason,
            "action": "ClusterIPAllocation",
            "message": message,
            "reportingComponent": REPAIRER,
            "reportingInstance": REPAIRER,
        });
        crate::bootstrap::ensure(core, &events, namespace, event).await?;
    }
    Ok(())
}
