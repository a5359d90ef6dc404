//! What to do about the EndpointSlices of one Service. Pure.

use super::CONTROLLER;
use super::fill::{Present, fill};
use super::hints::{self, Shares, ZONE};
use crate::backends::{Backend, Published, TRIGGER, say_left_out, trigger};
use crate::facts::endpoint_slice::{Conditions, Endpoint, HEADLESS, MANAGED_BY, Port, SERVICE_NAME, Target, sorted};
use crate::facts::service::{Family, TrafficDistribution};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Pace, Patch, Plan, map_patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Map, Value, json, time::Timestamp};
use stead_client::NAMESPACE_TERMINATING;
use stead_client::resource::ENDPOINT_SLICES;

/// What is known of a Service.
#[derive(Debug)]
pub struct Observed<'a> {
    pub service: &'a Arc<Object>,
    pub backends: Vec<Backend<'a>>,
    /// Those that this controller keeps for it.
    pub slices: Vec<&'a Arc<Object>>,
    pub endpoints: Option<&'a Arc<Object>>,
    /// What zones have of the nodes, if that is known.
    pub shares: Option<Shares>,
}

/// A slice as it is to be.
#[derive(Debug)]
struct Draft {
    ports: Vec<Port>,
    endpoints: Vec<Endpoint>,
}

/// What becomes of the slices of one family.
#[derive(Debug, Default)]
struct Changes<'a> {
    /// Its endpoints, and how many of them are ready.
    endpoints: usize,
    ready: usize,
    create: Vec<Draft>,
    update: Vec<(&'a Arc<Object>, Draft)>,
    delete: Vec<&'a Arc<Object>>,
    keep: Vec<(&'a Arc<Object>, Draft)>,
}

/// What to do about the slices of a Service.
pub fn plan(observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let service = observed.service;
    // EPS-15
    if let Some(reason) = service.service().selects_nothing() {
        plan.because(reason);
        return plan;
    }
    let labels = labels(service);
    let families = service.service().families();
    let (mut write, mut delete) = (Vec::new(), Vec::new());
    let mut since = None;
    let mut events = Vec::new();
    for family in families {
        let mut changes = of_family(observed, *family, &labels);
        if service.service().asks_for_topology_hints {
            let given = changes.hint(observed.shares.as_ref());
            events.extend(hints_event(observed, *family, given, events.is_empty()));
        }
        plan.because(format!("{}: {}", family.name(), changes.words()));
        let since = *since.get_or_insert_with(|| triggered_at(observed));
        if service.deleting.is_none() {
            write.extend(changes.create.iter().map(|draft| create(service, family.name(), draft, &labels, since)));
        }
        write.extend(changes.update.iter().map(|(slice, draft)| update(service, slice, draft, &labels, since)));
        delete.extend(changes.delete);
    }
    let is_of_family = |slice: &Object| families.iter().any(|family| family.name() == slice.slice().address_type);
    delete.extend(observed.slices.iter().filter(|slice| !is_of_family(slice)));
    // What its owner's end released is no longer this Service's (EPS-17).
    delete.retain(|slice| service.deleting.is_none() || slice.owned_by(&service.uid));
    say_left_out(&mut plan, &observed.backends);
    if !write.is_empty() {
        plan.events.extend(events);
    }
    plan.step_at(Pace::Together, write);
    plan.step_at(Pace::Together, delete.into_iter().map(|slice| remove(service, slice)).collect());
    plan
}

impl Changes<'_> {
    fn words(&self) -> String {
        let ready = format!("{} of {} endpoints are ready", self.ready, self.endpoints);
        let changes = [("make", self.create.len()), ("change", self.update.len()), ("delete", self.delete.len())];
        let changes: Vec<String> =
            changes.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} to {what}")).collect();
        if changes.is_empty() { format!("{ready}, all in their slices") } else { format!("{ready}; slices: {}", changes.join(", ")) }
    }

    /// EPS-13: gives hints by the capacity of zones; slices whose own cannot stay change as well.
    fn hint(&mut self, shares: Option<&Shares>) -> Result<(), String> {
        let changing = self.create.iter_mut().chain(self.update.iter_mut().map(|(_, draft)| draft));
        let mut slices: Vec<_> = changing.map(|draft| hints::Slice { endpoints: &mut draft.endpoints, is_kept: false }).collect();
        let kept = slices.len();
        slices.extend(self.keep.iter_mut().map(|(_, draft)| hints::Slice { endpoints: &mut draft.endpoints, is_kept: true }));
        let given = hints::give(shares, &mut slices);
        let stays: Vec<bool> = slices[kept..].iter().map(|slice| slice.is_kept).collect();
        for (kept, stays) in std::mem::take(&mut self.keep).into_iter().zip(stays) {
            if stays { &mut self.keep } else { &mut self.update }.push(kept);
        }
        given
    }

    /// A slice that would go becomes one that would be made, so that its name stays (EPS-9).
    fn recycle(&mut self, service: &Object) {
        let mut left = Vec::new();
        for slice in std::mem::take(&mut self.delete) {
            match self.create.pop_if(|_| slice.owned_by(&service.uid)) {
                Some(draft) => self.update.push((slice, draft)),
                None => left.push(slice),
            }
        }
        self.delete = left;
    }
}

/// EPS-1
fn labels(service: &Object) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
    labels.remove(HEADLESS);
    if !service.service().has_address {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE_NAME.to_owned(), service.key.name.clone());
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.to_owned());
    labels
}

/// EPS-2: slices by their ports, and a placeholder where there would be none.
fn of_family<'a>(observed: &Observed<'a>, family: Family, labels: &BTreeMap<String, String>) -> Changes<'a> {
    let service = observed.service;
    let mut changes = Changes::default();
    let mut present: BTreeMap<Vec<Port>, Vec<&'a Arc<Object>>> = BTreeMap::new();
    let of_type = observed.slices.iter().copied().filter(|slice| slice.slice().address_type == family.name() && slice.deleting.is_none());
    let mut count = 0;
    for slice in of_type {
        count += 1;
        if slice.owned_by(&service.uid) {
            present.entry(slice.slice().sorted_ports()).or_default().push(slice);
        } else {
            changes.delete.push(slice);
        }
    }
    for Draft { ports, mut endpoints } in wanted(observed, family) {
        changes.endpoints += endpoints.len();
        changes.ready += endpoints.iter().filter(|endpoint| endpoint.conditions.ready == Some(true)).count();
        let slices = present.remove(&sorted(&ports)).unwrap_or_default();
        if service.service().asks_for_topology_hints {
            keep_hints(&mut endpoints, &slices);
        }
        let states: Vec<Present> =
            slices.iter().map(|slice| Present { endpoints: &slice.slice().endpoints, is_stale: slice.labels != *labels }).collect();
        let filled = fill(&states, &endpoints);
        let draft = |indices: &[usize]| Draft { ports: ports.clone(), endpoints: indices.iter().map(|i| endpoints[*i].clone()).collect() };
        changes.create.extend(filled.create.iter().map(|indices| draft(indices)));
        changes.update.extend(filled.update.iter().map(|(slice, indices)| (slices[*slice], draft(indices))));
        changes.delete.extend(filled.delete.iter().map(|slice| slices[*slice]));
        let stays = |slice: &usize| filled.update.iter().all(|(other, _)| other != slice) && !filled.delete.contains(slice);
        let kept = |slice: &'a Arc<Object>| (slice, Draft { ports: ports.clone(), endpoints: slice.slice().endpoints.clone() });
        changes.keep.extend((0..slices.len()).filter(stays).map(|slice| kept(slices[slice])));
    }
    changes.delete.extend(present.into_values().flatten());
    if changes.delete.len() == count && changes.create.is_empty() {
        let is_placeholder =
            |slice: &Object| slice.slice().endpoints.is_empty() && slice.slice().ports.is_empty() && slice.labels == *labels;
        match changes.delete.as_slice() {
            [only] if is_placeholder(only) && only.owned_by(&service.uid) => changes.delete.clear(),
            _ => changes.create.push(Draft { ports: Vec::new(), endpoints: Vec::new() }),
        }
    }
    changes.recycle(service);
    changes
}

/// Hints by capacity stay until something else of a slice changes.
fn keep_hints(endpoints: &mut [Endpoint], slices: &[&Arc<Object>]) {
    let known = slices.iter().flat_map(|slice| &slice.slice().endpoints);
    let known: BTreeMap<_, _> = known.map(|endpoint| (endpoint.identity(), &endpoint.for_zones)).collect();
    for endpoint in endpoints.iter_mut().filter(|endpoint| endpoint.conditions.ready == Some(true)) {
        endpoint.for_zones = known.get(&endpoint.identity()).map(|zones| (*zones).clone()).unwrap_or_default();
    }
}

/// The endpoints of a family by their ports, which may differ from pod to pod (EPS-6).
fn wanted(observed: &Observed, family: Family) -> Vec<Draft> {
    let facts = observed.service.service();
    let mut groups: BTreeMap<Vec<Option<i64>>, Vec<Endpoint>> = BTreeMap::new();
    for backend in &observed.backends {
        if let Some(endpoint) = endpoint(observed.service, backend, family) {
            groups.entry(backend.ports(facts)).or_default().push(endpoint);
        }
    }
    // EPS-13: a zone is hinted at only if every endpoint has one.
    if !groups.values().flatten().all(|endpoint| endpoint.zone.is_some()) {
        groups.values_mut().flatten().for_each(|endpoint| endpoint.for_zones.clear());
    }
    let ports = |numbers: Vec<Option<i64>>| {
        let found = facts.ports.iter().zip(numbers).filter(|(_, number)| number.is_some());
        let port = |(port, number): (&crate::facts::service::ServicePort, _)| Port {
            name: port.name.clone(),
            number,
            protocol: port.protocol.clone(),
            app_protocol: port.app_protocol.clone(),
        };
        found.map(port).collect()
    };
    groups.into_iter().map(|(numbers, endpoints)| Draft { ports: ports(numbers), endpoints }).collect()
}

/// A pod as an endpoint of a family; `None` if it is none (EPS-3..5).
fn endpoint(service: &Object, backend: &Backend, family: Family) -> Option<Endpoint> {
    let (facts, pod) = (service.service(), backend.pod.pod());
    // A pod of a node that is not known is left to the collector.
    if pod.terminal() || (backend.node.is_none() && !facts.publishes_not_ready) {
        return None;
    }
    let address = pod.addresses.iter().find(|address| Family::of(address) == Some(family))?;
    let (serving, terminating) = (pod.ready, backend.pod.deleting.is_some());
    let ready = facts.publishes_not_ready || (serving && !terminating);
    let zone = backend.node.map(|node| node.label(ZONE)).filter(|zone| !zone.is_empty()).map(str::to_owned);
    let node = backend.node_name();
    // EPS-13
    let hint = |wanted: bool, name: &Option<String>| if wanted && ready { name.iter().cloned().collect() } else { Vec::new() };
    let distribution = if facts.asks_for_topology_hints { TrafficDistribution::Anywhere } else { facts.distribution };
    Some(Endpoint {
        addresses: vec![address.clone()],
        conditions: Conditions { ready: Some(ready), serving: Some(serving), terminating: Some(terminating) },
        hostname: backend.hostname(service),
        target: Target::Pod { name: backend.pod.key.name.clone(), uid: backend.pod.uid.clone() },
        for_zones: hint(distribution != TrafficDistribution::Anywhere, &zone),
        for_nodes: hint(distribution == TrafficDistribution::PreferSameNode, &node),
        node,
        zone,
    })
}

/// What slices say of the pods of their Service.
pub fn published<'a>(slices: &[&'a Arc<Object>]) -> Published<'a> {
    let endpoints = slices.iter().flat_map(|slice| &slice.slice().endpoints);
    Published::Pods(endpoints.map(|endpoint| (endpoint.target.uid(), endpoint.conditions.serving)).collect())
}

/// EPS-16
fn triggered_at(observed: &Observed) -> Option<Timestamp> {
    let service = observed.service;
    let published = match observed.endpoints {
        _ if observed.slices.iter().any(|slice| slice.owned_by(&service.uid)) => published(&observed.slices),
        Some(endpoints) if crate::endpoints::is_managed(endpoints) => crate::endpoints::by_endpoints(service, endpoints),
        _ => Published::Nothing,
    };
    let families = service.service().families();
    let wanted = |pod: &Object| {
        let is_of_family = |address: &String| Family::of(address).is_some_and(|family| families.contains(&family));
        !pod.pod().terminal() && pod.pod().addresses.iter().any(is_of_family)
    };
    published.triggered_at(service, &observed.backends, wanted)
}

/// What a slice holds, as it is written.
fn content(namespace: &str, draft: &Draft) -> (Value, Value) {
    let endpoints = draft.endpoints.iter().map(|endpoint| endpoint.value(namespace)).collect();
    (endpoints, draft.ports.iter().map(Port::in_slice).collect())
}

fn create(service: &Object, family: &str, draft: &Draft, labels: &BTreeMap<String, String>, since: Option<Timestamp>) -> Effect {
    let namespace = service.key.namespace.as_str();
    let labels: Map<String, Value> = labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut metadata = json!({
        "generateName": format!("{}-", service.key.name), "namespace": namespace, "labels": labels,
        "ownerReferences": [service.owner_reference()],
    });
    if let Some(since) = since {
        metadata["annotations"][TRIGGER] = since.rfc3339().into();
    }
    let (endpoints, ports) = content(namespace, draft);
    let body = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
        "addressType": family, "endpoints": endpoints, "ports": ports,
    });
    let failed = failed(service, &format!("failed to create EndpointSlice for Service {}", service.key));
    let call = Call::create(ENDPOINT_SLICES, namespace, body);
    // Forbidden: the namespace is going (ALL-10).
    Effect { on_failure: Some(failed), ..Effect::new(call) }.tolerating(&["NotFound", "Forbidden", NAMESPACE_TERMINATING])
}

fn update(service: &Object, slice: &Object, draft: &Draft, labels: &BTreeMap<String, String>, since: Option<Timestamp>) -> Effect {
    let mut body = json!({"metadata": {
        "uid": slice.uid, "resourceVersion": slice.version.to_string(), "annotations": {TRIGGER: trigger(since)},
    }});
    if let Some(labels) = map_patch(&slice.labels, labels) {
        body["metadata"]["labels"] = labels;
    }
    (body["endpoints"], body["ports"]) = content(&slice.key.namespace, draft);
    let call = Call::Patch { resource: ENDPOINT_SLICES, key: slice.key.clone(), subresource: "", patch: Patch::Merge(body) };
    let failed = failed(service, &format!("failed to update {} EndpointSlice for Service {}", slice.key.name, service.key));
    Effect { on_failure: Some(failed), silent: &["Conflict", "NotFound"], ..Effect::new(call) }
}

fn remove(service: &Object, slice: &Object) -> Effect {
    let failed = failed(service, &format!("failed to delete {} EndpointSlice for Service {}", slice.key.name, service.key));
    Effect { on_failure: Some(failed), ..Effect::new(slice.delete()) }.tolerating(&["NotFound", "Conflict"])
}

fn failed(service: &Object, what: &str) -> Event {
    let message = format!("Error updating Endpoint Slices for Service {}: {what}: {{error}}", service.key);
    Event::warning(service.reference(), "FailedToUpdateEndpointSlices", message)
}

/// EPS-13: why there are no hints by capacity, or that there are some from now on, which is said of the first family.
fn hints_event(observed: &Observed, family: Family, given: Result<(), String>, is_first: bool) -> Option<Event> {
    let service = observed.service;
    let about = service.reference();
    let had = |slice: &Object| slice.slice().endpoints.iter().any(|endpoint| !endpoint.for_zones.is_empty());
    let of = |what: &str| format!("{what}, addressType: {}", family.name());
    match given {
        Err(why) => Some(Event::warning(about, "TopologyAwareHintsDisabled", of(&why))),
        Ok(()) if is_first && !observed.slices.iter().any(|slice| had(slice)) => {
            Some(Event::normal(about, "TopologyAwareHintsEnabled", of("Topology Aware Hints has been enabled")))
        }
        Ok(()) => None,
    }
}
