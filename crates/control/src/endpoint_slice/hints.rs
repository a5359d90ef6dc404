//! Which zone each endpoint is for where a Service asks for `service.kubernetes.io/topology-mode: Auto` (EPS-13): zones get endpoints by
//! their share of the nodes' CPU, and what holds already stays. Pure: slices and nodes in, hints or the reason for none out.

use crate::facts::endpoint_slice::Endpoint;
use crate::object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Node label: its zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// By how much more than its share an endpoint may get.
const OVERLOAD_MAX: f64 = 0.2;
/// Nodes with one of these labels are not counted.
const NOT_COUNTED: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// The share of each zone in the CPU of all nodes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shares(BTreeMap<String, f64>);

/// A slice as it is to be.
#[derive(Debug)]
pub struct Slice<'a> {
    pub endpoints: &'a mut Vec<Endpoint>,
    /// Whether nothing else of it changes: its hints stay if they can.
    pub is_kept: bool,
}

/// How many endpoints a zone is to have.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Allocation {
    maximum: usize,
    desired: f64,
}

impl Shares {
    /// Of all nodes; `None` if one does not say enough, or all are in one zone.
    pub fn of<'a>(nodes: impl Iterator<Item = &'a Arc<Object>>) -> Option<Self> {
        let mut cpu: BTreeMap<String, i64> = BTreeMap::new();
        for node in nodes.filter(|node| is_counted(node)) {
            let (zone, milli) = capacity(node);
            if zone.is_empty() || milli == 0 {
                return None;
            }
            *cpu.entry(zone.to_owned()).or_default() += milli;
        }
        let total: i64 = cpu.values().sum();
        (cpu.len() > 1 && total > 0).then(|| Self(cpu.into_iter().map(|(zone, cpu)| (zone, cpu as f64 / total as f64)).collect()))
    }

    /// What each zone is to have of so many endpoints.
    fn allocate(&self, endpoints: usize) -> Result<BTreeMap<&str, Allocation>, String> {
        let zones = self.0.len();
        let numbers = format!("({endpoints} endpoints, {zones} zones)");
        if zones > endpoints {
            return Err(format!("Insufficient number of endpoints {numbers}"));
        }
        let least = |share: f64| (share * endpoints as f64 / (1.0 + OVERLOAD_MAX)).ceil();
        let together: usize = self.0.values().map(|share| least(*share) as usize).sum();
        let Some(spare) = endpoints.checked_sub(together) else {
            let why = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold";
            return Err(format!("{why} {numbers}"));
        };
        let of_zone = |share: f64| {
            let minimum = least(share);
            Allocation { maximum: minimum as usize + spare, desired: (share * endpoints as f64).max(minimum) }
        };
        Ok(self.0.iter().map(|(zone, share)| (zone.as_str(), of_zone(*share))).collect())
    }
}

fn is_counted(node: &Object) -> bool {
    node.node().ready && NOT_COUNTED.iter().all(|label| !node.labels.contains_key(*label))
}

/// Its zone and its CPU.
fn capacity(node: &Object) -> (&str, i64) {
    (node.label(ZONE), node.node().allocatable.get("cpu").copied().unwrap_or_default())
}

/// Whether zones may have other shares by this change of a node.
pub fn is_moved(old: Option<&Object>, new: Option<&Object>) -> bool {
    let counted = |node: Option<&Object>| node.filter(|node| is_counted(node)).map(|node| (capacity(node).0.to_owned(), capacity(node).1));
    counted(old) != counted(new)
}

/// Gives every ready endpoint a zone; slices whose hints cannot stay are no longer kept. Otherwise takes all hints away and says why.
pub fn give(shares: Option<&Shares>, slices: &mut [Slice]) -> Result<(), String> {
    let given = try_give(shares, slices);
    if given.is_err() {
        for slice in slices {
            slice.is_kept &= slice.endpoints.iter().all(|endpoint| endpoint.for_zones.is_empty());
            slice.endpoints.iter_mut().for_each(|endpoint| endpoint.for_zones.clear());
        }
    }
    given
}

fn try_give(shares: Option<&Shares>, slices: &mut [Slice]) -> Result<(), String> {
    let unknown = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
    let ready = slices.iter().flat_map(|slice| slice.endpoints.iter()).filter(|endpoint| is_ready(endpoint)).count();
    let allocations = shares.ok_or(unknown)?.allocate(ready)?;
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    for slice in slices.iter_mut().filter(|slice| slice.is_kept) {
        match present(slice.endpoints, &given, &allocations) {
            Some(present) => present.into_iter().for_each(|(zone, count)| *given.entry(zone).or_default() += count),
            None => slice.is_kept = false,
        }
    }
    let changing = slices.iter_mut().filter(|slice| !slice.is_kept).flat_map(|slice| slice.endpoints.iter_mut());
    let mut changing: Vec<&mut Endpoint> = changing.collect();
    changing.iter_mut().for_each(|endpoint| endpoint.for_zones.clear());
    changing.retain(|endpoint| is_ready(endpoint));
    for endpoint in &mut changing {
        let zone = endpoint.zone.clone().ok_or("One or more endpoints do not have a zone specified")?;
        *given.entry(zone.clone()).or_default() += 1;
        endpoint.for_zones = vec![zone];
    }
    let (mut giving, mut receiving) = moves(&allocations, &given);
    for endpoint in changing {
        let Some(left) = endpoint.zone.as_deref().and_then(|zone| giving.get_mut(zone)).filter(|left| **left > 0) else { continue };
        let Some((zone, wanted)) = receiving.iter_mut().find(|(_, wanted)| **wanted > 0) else { break };
        endpoint.for_zones = vec![(*zone).to_owned()];
        (*left, *wanted) = (*left - 1, *wanted - 1);
    }
    Ok(())
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.ready == Some(true)
}

/// The hints of a slice by zone; `None` if they cannot stay.
fn present(
    endpoints: &[Endpoint],
    given: &BTreeMap<String, usize>,
    allocations: &BTreeMap<&str, Allocation>,
) -> Option<BTreeMap<String, usize>> {
    let mut present: BTreeMap<String, usize> = BTreeMap::new();
    for endpoint in endpoints.iter().filter(|endpoint| is_ready(endpoint)) {
        if endpoint.for_zones.is_empty() {
            return None;
        }
        endpoint.for_zones.iter().for_each(|zone| *present.entry(zone.clone()).or_default() += 1);
    }
    let fits = |(zone, count): (&String, &usize)| {
        let before = given.get(zone).copied().unwrap_or_default();
        allocations.get(zone.as_str()).is_some_and(|allocation| before + count <= allocation.maximum)
    };
    present.iter().all(fits).then_some(present)
}

type Counts<'a> = BTreeMap<&'a str, usize>;

/// How many endpoints zones give to others, and how many they receive.
fn moves<'a>(allocations: &BTreeMap<&'a str, Allocation>, given: &BTreeMap<String, usize>) -> (Counts<'a>, Counts<'a>) {
    let (mut surplus, mut lack) = (BTreeMap::new(), BTreeMap::new());
    for (zone, allocation) in allocations {
        let above = given.get(*zone).copied().unwrap_or_default() as f64 - allocation.desired;
        if above > 0.0 {
            surplus.insert(*zone, above)
        } else {
            lack.insert(*zone, -above)
        };
    }
    let (mut giving, mut receiving) = (Counts::new(), Counts::new());
    while let (Some((from, much)), Some((to, little))) = (most(&surplus), most(&lack)) {
        // To round on both sides is to change nothing for the better.
        if (much < 1.0 && little < 1.0) || much < 0.5 || little < 0.5 {
            break;
        }
        *giving.entry(from).or_default() += 1;
        *receiving.entry(to).or_default() += 1;
        *surplus.entry(from).or_default() -= 1.0;
        *lack.entry(to).or_default() -= 1.0;
    }
    (giving, receiving)
}

/// Where most is, the first of several.
fn most<'a>(of: &BTreeMap<&'a str, f64>) -> Option<(&'a str, f64)> {
    let larger = |most: Option<(&'a str, f64)>, (zone, count): (&&'a str, &f64)| match most {
        Some(most) if most.1 >= *count => Some(most),
        _ => Some((*zone, *count)),
    };
    of.iter().fold(None, larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::endpoint_slice::Conditions;

    fn endpoints(zones: &[(&str, usize)]) -> Vec<Endpoint> {
        let ready = Conditions { ready: Some(true), serving: Some(true), terminating: Some(false) };
        let of_zone = |zone: &str| Endpoint { zone: Some(zone.to_owned()), conditions: ready, ..Endpoint::default() };
        zones.iter().flat_map(|(zone, count)| vec![of_zone(zone); *count]).collect()
    }

    fn shares(cpu: &[(&str, f64)]) -> Shares {
        let total: f64 = cpu.iter().map(|(_, cpu)| cpu).sum();
        Shares(cpu.iter().map(|(zone, cpu)| ((*zone).to_owned(), cpu / total)).collect())
    }

    fn new(shares: &Shares, endpoints: &mut Vec<Endpoint>) -> Result<(), String> {
        give(Some(shares), &mut [Slice { endpoints, is_kept: false }])
    }

    fn hinted(endpoints: &[Endpoint]) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        endpoints.iter().flat_map(|endpoint| &endpoint.for_zones).for_each(|zone| *counts.entry(zone).or_default() += 1);
        counts.into_iter().collect()
    }

    // EPS-13
    #[test]
    fn zones_get_endpoints_by_their_cpu() {
        let mut all = endpoints(&[("a", 3), ("b", 3)]);
        assert_eq!(new(&shares(&[("a", 1.0), ("b", 1.0)]), &mut all), Ok(()));
        assert!(all.iter().all(|endpoint| endpoint.for_zones == [endpoint.zone.clone().unwrap()]));
        let mut all = endpoints(&[("a", 6), ("b", 3)]);
        new(&shares(&[("a", 1.0), ("b", 1.0), ("c", 1.0)]), &mut all).unwrap();
        assert_eq!(hinted(&all), [("a", 3), ("b", 3), ("c", 3)]);
        let mut all = endpoints(&[("a", 10), ("b", 10)]);
        new(&shares(&[("a", 3.0), ("b", 1.0)]), &mut all).unwrap();
        assert_eq!(hinted(&all), [("a", 15), ("b", 5)]);
    }

    // EPS-13
    #[test]
    fn what_cannot_be_shared_out_has_no_hints_and_a_reason() {
        let even = shares(&[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
        let mut all = endpoints(&[("a", 2)]);
        assert_eq!(new(&even, &mut all), Err("Insufficient number of endpoints (2 endpoints, 3 zones)".to_owned()));
        let mut all = endpoints(&[("a", 4)]);
        let why = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (4 endpoints, 3 zones)";
        assert_eq!(new(&even, &mut all), Err(why.to_owned()));
        let mut all = endpoints(&[("a", 3), ("b", 3)]);
        all[1].zone = None;
        assert_eq!(new(&even, &mut all), Err("One or more endpoints do not have a zone specified".to_owned()));
        assert!(all.iter().all(|endpoint| endpoint.for_zones.is_empty()));
        let why = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
        assert_eq!(give(None, &mut [Slice { endpoints: &mut all, is_kept: true }]), Err(why.to_owned()));
    }

    // EPS-13
    #[test]
    fn hints_that_hold_stay_and_others_are_given_anew() {
        let even = shares(&[("a", 1.0), ("b", 1.0)]);
        let mut known = endpoints(&[("a", 8), ("b", 6)]);
        known.iter_mut().for_each(|endpoint| endpoint.for_zones = endpoint.zone.clone().into_iter().collect());
        let before = known.clone();
        let mut slices = [Slice { endpoints: &mut known, is_kept: true }];
        give(Some(&even), &mut slices).unwrap();
        // Seven would be each zone's share, and six to eight do.
        assert!(slices[0].is_kept && *slices[0].endpoints == before);
        let mut others = endpoints(&[("a", 4)]);
        let mut slices = [Slice { endpoints: &mut others, is_kept: false }, Slice { endpoints: &mut known, is_kept: true }];
        give(Some(&even), &mut slices).unwrap();
        assert!(slices[1].is_kept, "of 18 endpoints 8 are no more than a zone may have");
        assert_eq!(hinted(&others), [("a", 1), ("b", 3)]);
        let mut slices = [Slice { endpoints: &mut known, is_kept: true }];
        give(Some(&shares(&[("a", 1.0), ("c", 1.0)])), &mut slices).unwrap();
        assert!(!slices[0].is_kept, "there is no zone b any more");
    }

    // EPS-13
    #[test]
    fn endpoints_that_are_not_ready_are_not_counted() {
        let mut all = endpoints(&[("a", 2), ("b", 1)]);
        all[0].conditions.ready = Some(false);
        new(&shares(&[("a", 1.0), ("b", 1.0)]), &mut all).unwrap();
        assert_eq!(hinted(&all), [("a", 1), ("b", 1)]);
        assert!(all[0].for_zones.is_empty());
    }
}
