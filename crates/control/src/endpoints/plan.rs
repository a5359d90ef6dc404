//! What to do about the Endpoints of one Service. Pure.

use super::subsets::{address_of, pack, truncate};
use crate::backends::{Backend, Published, TRIGGER, say_left_out, trigger};
use crate::facts::endpoint_slice::HEADLESS;
use crate::facts::endpoints::Subset;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, Plan, map_patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Map, Value, json, time::Timestamp};
use stead_client::NAMESPACE_TERMINATING;
use stead_client::event::Reference;
use stead_client::resource::ENDPOINTS;

/// Label: who keeps an Endpoints object.
pub const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";
/// Annotation: not all addresses are in it (EP-8).
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

/// What is known of a Service.
#[derive(Debug)]
pub struct Observed<'a> {
    pub service: &'a Arc<Object>,
    pub backends: Vec<Backend<'a>>,
    pub endpoints: Option<&'a Arc<Object>>,
    /// Those that the EndpointSlice controller keeps for it.
    pub slices: Vec<&'a Arc<Object>>,
}

/// Whether this controller made it.
pub fn is_managed(endpoints: &Object) -> bool {
    endpoints.label(MANAGED_BY) == CONTROLLER
}

/// EP-12
pub fn without_service(endpoints: Option<&Arc<Object>>) -> Plan {
    let mut plan = Plan::default();
    if let Some(endpoints) = endpoints.filter(|endpoints| endpoints.deleting.is_none()) {
        plan.because("its Service is gone");
        plan.step(vec![Effect::new(endpoints.delete()).tolerating(&["NotFound", "Conflict"])]);
    }
    plan
}

/// What to do about the Endpoints of a Service.
pub fn plan(observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let service = observed.service;
    // EP-11, EP-13
    if let Some(reason) = service.service().selects_nothing() {
        plan.because(reason);
        return plan;
    }
    let mut subsets = pack(service, &observed.backends);
    let is_cut = truncate(&mut subsets);
    let count = |list: fn(&Subset) -> usize| subsets.iter().map(list).sum::<usize>();
    let (ready, not_ready) = (count(|subset| subset.ready.len()), count(|subset| subset.not_ready.len()));
    plan.because(format!("{} pods match; {ready} addresses are ready, {not_ready} are not", observed.backends.len()));
    say_left_out(&mut plan, &observed.backends);
    let labels = labels(service);
    let is_right = |endpoints: &Object| {
        let facts = endpoints.endpoints();
        facts.subsets == subsets && endpoints.labels == labels && facts.annotations.contains_key(OVER_CAPACITY) == is_cut
    };
    let since = || triggered_at(observed);
    let write = match observed.endpoints {
        None if service.deleting.is_none() => create(service, &subsets, labels, is_cut, since()),
        Some(endpoints) if endpoints.deleting.is_none() && !is_right(endpoints) => update(endpoints, &subsets, &labels, is_cut, since()),
        _ => return plan,
    };
    plan.step(vec![write]);
    plan
}

/// EP-1
fn labels(service: &Object) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
    labels.remove(HEADLESS);
    if !service.service().has_address {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.to_owned());
    labels
}

/// EP-7
fn triggered_at(observed: &Observed) -> Option<Timestamp> {
    let service = observed.service;
    let wanted = |pod: &Object| address_of(service.service(), pod).is_some();
    published(observed).triggered_at(service, &observed.backends, wanted)
}

/// What its Endpoints, or in their absence its slices, say of its pods.
fn published<'a>(observed: &Observed<'a>) -> Published<'a> {
    match observed.endpoints {
        Some(endpoints) if is_managed(endpoints) => by_endpoints(observed.service, endpoints),
        Some(_) => Published::Nothing,
        None if observed.slices.is_empty() => Published::Nothing,
        None => crate::endpoint_slice::published(&observed.slices),
    }
}

/// What Endpoints say of the pods of a Service.
pub fn by_endpoints<'a>(service: &Object, endpoints: &'a Object) -> Published<'a> {
    let tells = !service.service().publishes_not_ready;
    let mut pods = BTreeMap::new();
    for subset in &endpoints.endpoints().subsets {
        pods.extend(subset.ready.iter().map(|address| (address.target.uid(), tells.then_some(true))));
        pods.extend(subset.not_ready.iter().map(|address| (address.target.uid(), tells.then_some(false))));
    }
    Published::Pods(pods)
}

fn written(namespace: &str, subsets: &[Subset]) -> Value {
    subsets.iter().map(|subset| subset.value(namespace)).collect()
}

fn create(service: &Object, subsets: &[Subset], labels: BTreeMap<String, String>, is_cut: bool, since: Option<Timestamp>) -> Effect {
    let (namespace, name) = (service.key.namespace.as_str(), service.key.name.as_str());
    let labels: Map<String, Value> = labels.into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut body = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": namespace, "labels": labels}});
    if let Some(since) = since {
        body["metadata"]["annotations"][TRIGGER] = since.rfc3339().into();
    }
    if is_cut {
        body["metadata"]["annotations"][OVER_CAPACITY] = "truncated".into();
    }
    if !subsets.is_empty() {
        body["subsets"] = written(namespace, subsets);
    }
    let reference = Reference {
        api_version: "v1".to_owned(),
        kind: "Endpoints".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..Reference::default()
    };
    let message = format!("Failed to create endpoint for service {namespace}/{name}: {{error}}");
    let failed = Event::warning(reference, "FailedToCreateEndpoint", message);
    let call = Call::create(ENDPOINTS, namespace, body);
    // Forbidden: the namespace is going (ALL-10).
    Effect { on_failure: Some(failed), ..Effect::new(call) }.tolerating(&["AlreadyExists", "NotFound", "Forbidden", NAMESPACE_TERMINATING])
}

/// A merge patch, so that what others annotated stays (EP-10).
fn update(endpoints: &Object, subsets: &[Subset], labels: &BTreeMap<String, String>, is_cut: bool, since: Option<Timestamp>) -> Effect {
    let over_capacity = if is_cut { "truncated".into() } else { Value::Null };
    let mut metadata = json!({
        "uid": endpoints.uid, "resourceVersion": endpoints.version.to_string(),
        "annotations": {TRIGGER: trigger(since), OVER_CAPACITY: over_capacity},
    });
    if let Some(labels) = map_patch(&endpoints.labels, labels) {
        metadata["labels"] = labels;
    }
    let subsets = if subsets.is_empty() { Value::Null } else { written(&endpoints.key.namespace, subsets) };
    let patch = Patch::Merge(json!({"metadata": metadata, "subsets": subsets}));
    let call = Call::Patch { resource: ENDPOINTS, key: endpoints.key.clone(), subresource: "", patch };
    let message = format!("Failed to update endpoint {}: {{error}}", endpoints.key);
    let failed = Event::warning(endpoints.reference(), "FailedToUpdateEndpoint", message);
    Effect { on_failure: Some(failed), silent: &["Conflict"], ..Effect::new(call) }.tolerating(&["NotFound"])
}
