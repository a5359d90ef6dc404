//! What to do about the slices that mirror one Endpoints object. Pure.

use super::CONTROLLER;
use crate::backends::TRIGGER;
use crate::facts::endpoint_slice::{Conditions, Endpoint, MANAGED_BY, Port, SERVICE_NAME, sorted};
use crate::facts::endpoints::{Address, Subset};
use crate::facts::service::Family;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Pace, Patch, Plan, map_patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Map, Value, json};
use stead_client::NAMESPACE_TERMINATING;
use stead_client::resource::ENDPOINT_SLICES;

/// Addresses that are mirrored of a subset (EPS-23).
const ADDRESSES_MAX: usize = 1000;
/// Label of Endpoints that are not to be mirrored.
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Annotation of Endpoints that elect a leader.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Annotations that are not copied (EPS-20).
const NOT_COPIED: &[&str] = &[TRIGGER, "kubectl.kubernetes.io/last-applied-configuration"];

/// A slice as it is to be.
#[derive(Debug, Clone, PartialEq)]
struct Draft {
    family: Family,
    ports: Vec<Port>,
    endpoints: Vec<Endpoint>,
}

/// The name of a kind of slice: family and ports in an order that says nothing.
type Place = (String, Vec<Port>);

/// What to do, given the slices that mirror this object so far.
pub fn plan(endpoints: Option<&Arc<Object>>, service: Option<&Arc<Object>>, slices: &[&Arc<Object>]) -> Plan {
    let mut plan = Plan::default();
    let (endpoints, drafts) = match why_not(endpoints.map(AsRef::as_ref), service.map(AsRef::as_ref)) {
        Ok(endpoints) => (Some(endpoints), drafts(endpoints, &mut plan)),
        Err(reason) => {
            plan.reasons.extend(reason.map(str::to_owned));
            (None, BTreeMap::new())
        }
    };
    let mut left: BTreeMap<Place, Vec<&Arc<Object>>> = BTreeMap::new();
    for slice in slices.iter().filter(|slice| slice.deleting.is_none()) {
        left.entry((slice.slice().address_type.clone(), slice.slice().sorted_ports())).or_default().push(slice);
    }
    let (mut write, mut fresh) = (Vec::new(), Vec::new());
    if let Some(endpoints) = endpoints {
        for (place, draft) in drafts {
            // One slice mirrors it; what else is there goes.
            let present = left.get_mut(&place).filter(|slices| !slices.is_empty()).map(|slices| slices.remove(0));
            match present {
                Some(slice) if is_mirror(endpoints, slice, &draft) => {}
                Some(slice) => write.push(update(endpoints, slice, &draft)),
                None => fresh.push(draft),
            }
        }
        let mut spare: Vec<&Arc<Object>> = left.into_values().flatten().collect();
        for draft in fresh {
            // A slice that would go is used again.
            match spare.iter().position(|slice| slice.slice().address_type == draft.family.name() && slice.owned_by(&endpoints.uid)) {
                Some(at) => write.push(update(endpoints, spare.remove(at), &draft)),
                None if endpoints.deleting.is_none() => write.push(create(endpoints, &draft)),
                None => {}
            }
        }
        left = BTreeMap::from([(Place::default(), spare)]);
    }
    plan.step_at(Pace::Together, write);
    let delete = left.into_values().flatten().map(|slice| Effect::new(slice.delete()).tolerating(&["NotFound", "Conflict"]));
    plan.step_at(Pace::Together, delete.collect());
    plan
}

/// EPS-21: the Endpoints, if they are to be mirrored; else why not, where that is worth a word.
fn why_not<'a>(endpoints: Option<&'a Object>, service: Option<&Object>) -> Result<&'a Object, Option<&'static str>> {
    let endpoints = endpoints.ok_or(None)?;
    if endpoints.label(SKIP) == "true" {
        return Err(Some("it is not mirrored: its label skip-mirror says so"));
    }
    if endpoints.endpoints().annotations.contains_key(LEADER) {
        return Err(Some("it is not mirrored: it elects a leader"));
    }
    let service = service.ok_or(Some("it is not mirrored: there is no Service of its name"))?;
    // The EndpointSlice controller makes the slices of those that have one.
    if service.service().selector.is_empty() { Ok(endpoints) } else { Err(None) }
}

/// EPS-22: a slice for the ports of each subset and each family.
fn drafts(endpoints: &Object, plan: &mut Plan) -> BTreeMap<Place, Draft> {
    let mut drafts: BTreeMap<Place, Draft> = BTreeMap::new();
    let (mut invalid, mut skipped) = (0, 0);
    for subset in &endpoints.endpoints().subsets {
        let mut mirrored = 0;
        for (address, ready) in addresses(subset) {
            if mirrored == ADDRESSES_MAX {
                skipped += 1;
                continue;
            }
            let Some(family) = Family::of(&address.ip) else {
                invalid += 1;
                continue;
            };
            let place = (family.name().to_owned(), sorted(&subset.ports));
            let draft = drafts.entry(place).or_insert_with(|| Draft { family, ports: subset.ports.clone(), endpoints: Vec::new() });
            draft.endpoints.push(endpoint(address, ready));
            mirrored += 1;
        }
    }
    for draft in drafts.values_mut() {
        draft.endpoints.sort_by(|a, b| a.identity().cmp(&b.identity()));
        draft.endpoints.dedup_by(|a, b| a.identity() == b.identity());
        draft.endpoints.truncate(ADDRESSES_MAX);
    }
    let count: usize = drafts.values().map(|draft| draft.endpoints.len()).sum();
    plan.because(format!("its Service has no selector: {count} addresses are mirrored in {} slices", drafts.len()));
    plan.events.extend(complaints(endpoints, invalid, skipped));
    drafts
}

fn addresses(subset: &Subset) -> impl Iterator<Item = (&Address, bool)> {
    subset.ready.iter().map(|address| (address, true)).chain(subset.not_ready.iter().map(|address| (address, false)))
}

/// EPS-23
fn complaints(endpoints: &Object, invalid: usize, skipped: usize) -> Vec<Event> {
    let mut events = Vec::new();
    if invalid > 0 {
        let message = format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        events.push(Event::warning(endpoints.reference(), "InvalidIPAddress", message));
    }
    if skipped > 0 {
        let message = format!(
            "A max of {ADDRESSES_MAX} addresses can be mirrored to EndpointSlices per Endpoints subset. {skipped} addresses were skipped"
        );
        events.push(Event::warning(endpoints.reference(), "TooManyAddressesToMirror", message));
    }
    events
}

fn endpoint(address: &Address, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Conditions { ready: Some(ready), ..Conditions::default() },
        hostname: address.hostname.clone(),
        node: address.node.clone(),
        target: address.target.clone(),
        ..Endpoint::default()
    }
}

fn annotations(endpoints: &Object) -> BTreeMap<String, String> {
    let mut annotations = endpoints.endpoints().annotations.clone();
    annotations.retain(|name, _| !NOT_COPIED.contains(&name.as_str()));
    annotations
}

fn labels(endpoints: &Object) -> BTreeMap<String, String> {
    let mut labels = endpoints.labels.clone();
    labels.insert(SERVICE_NAME.to_owned(), endpoints.key.name.clone());
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.to_owned());
    labels
}

fn is_mirror(endpoints: &Object, slice: &Object, draft: &Draft) -> bool {
    let facts = slice.slice();
    facts.endpoints == draft.endpoints
        && slice.labels == labels(endpoints)
        && facts.annotations == annotations(endpoints)
        && slice.owned_by(&endpoints.uid)
}

fn content(namespace: &str, draft: &Draft) -> (Value, Value) {
    let endpoints = draft.endpoints.iter().map(|endpoint| endpoint.value(namespace)).collect();
    (endpoints, draft.ports.iter().map(Port::in_slice).collect())
}

fn create(endpoints: &Object, draft: &Draft) -> Effect {
    let namespace = endpoints.key.namespace.as_str();
    let map = |map: BTreeMap<String, String>| -> Map<String, Value> { map.into_iter().map(|(name, value)| (name, value.into())).collect() };
    let (list, ports) = content(namespace, draft);
    let mut metadata = json!({
        "generateName": format!("{}-", endpoints.key.name), "namespace": namespace, "labels": map(labels(endpoints)),
        "ownerReferences": [endpoints.owner_reference()],
    });
    let annotations = map(annotations(endpoints));
    if !annotations.is_empty() {
        metadata["annotations"] = annotations.into();
    }
    let body = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
        "addressType": draft.family.name(), "endpoints": list, "ports": ports,
    });
    let failed = failed(endpoints, "failed to create EndpointSlice");
    // Forbidden: the namespace is going (ALL-10).
    Effect { on_failure: Some(failed), ..Effect::new(Call::create(ENDPOINT_SLICES, namespace, body)) }.tolerating(&[
        "NotFound",
        "Forbidden",
        NAMESPACE_TERMINATING,
    ])
}

/// As upstream's, a slice that was changed no longer says that its name was generated.
fn update(endpoints: &Object, slice: &Object, draft: &Draft) -> Effect {
    let mut metadata = json!({
        "uid": slice.uid, "resourceVersion": slice.version.to_string(), "generateName": null,
        "ownerReferences": [endpoints.owner_reference()],
    });
    let maps = [
        ("labels", map_patch(&slice.labels, &labels(endpoints))),
        ("annotations", map_patch(&slice.slice().annotations, &annotations(endpoints))),
    ];
    for (name, patch) in maps {
        if let Some(patch) = patch {
            metadata[name] = patch;
        }
    }
    let (list, ports) = content(&slice.key.namespace, draft);
    let patch = Patch::Merge(json!({"metadata": metadata, "endpoints": list, "ports": ports}));
    let call = Call::Patch { resource: ENDPOINT_SLICES, key: slice.key.clone(), subresource: "", patch };
    let failed = failed(endpoints, &format!("failed to update {} EndpointSlice", slice.key.name));
    Effect { on_failure: Some(failed), silent: &["Conflict", "NotFound"], ..Effect::new(call) }
}

fn failed(endpoints: &Object, what: &str) -> Event {
    let message = format!("Error updating EndpointSlices for Endpoints {}: {what}: {{error}}", endpoints.key);
    Event::warning(endpoints.reference(), "FailedToUpdateEndpointSlices", message)
}
