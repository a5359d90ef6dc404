//! What to do about the load balancer of one Service. Pure.

use crate::facts::service::{Family, ServiceType};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, Plan};
use std::collections::BTreeSet;
use std::sync::Arc;
use stead_api::{Value, json};
use stead_client::resource::SERVICES;

/// Keeps a Service until its load balancer is gone.
pub const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// Node label, as k3s has it: if any node says `true`, only those that do take part.
const ENABLED: &str = "svccontroller.k3s.cattle.io/enablelb";
/// Node label: it takes no part.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// What is known of a Service.
#[derive(Debug)]
pub struct Observed<'a> {
    pub service: &'a Arc<Object>,
    pub nodes: Vec<Candidate<'a>>,
    pub slices: Vec<&'a Arc<Object>>,
    /// The other Services with a load balancer.
    pub others: Vec<&'a Arc<Object>>,
}

/// A node, and the ports that pods take of it.
#[derive(Debug)]
pub struct Candidate<'a> {
    node: &'a Arc<Object>,
    taken: BTreeSet<(&'a str, i64)>,
}

impl<'a> Candidate<'a> {
    pub fn of(node: &'a Arc<Object>, pods: impl Iterator<Item = &'a Arc<Object>>) -> Self {
        let running = pods.filter(|pod| !pod.pod().terminal());
        let ports = running.flat_map(|pod| &pod.pod().host_ports);
        Self { node, taken: ports.map(|(protocol, _, port)| (protocol.as_str(), *port)).collect() }
    }
}

/// What to do about the load balancer of a Service.
pub fn plan(observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let service = observed.service;
    if !is_ours(service) {
        // LB-1: what another keeps, and what is none, is left alone.
        if service.has_finalizer(FINALIZER) {
            clean_up(service, &mut plan);
        }
        return plan;
    }
    let wanted = addresses(observed, &mut plan);
    plan.because(if wanted.is_empty() {
        "no node takes its traffic".to_owned()
    } else {
        format!("its traffic is taken on {}", wanted.join(", "))
    });
    let mut effects = Vec::new();
    // LB-5
    if !service.has_finalizer(FINALIZER) {
        plan.events.push(Event::normal(service.reference(), "EnsuringLoadBalancer", "Ensuring load balancer"));
        effects.push(finalizers(service, service.finalizers.iter().map(String::as_str).chain([FINALIZER]).collect()));
    }
    if service.service().ingress != wanted {
        effects.push(status(service, &wanted));
    }
    plan.step(effects);
    plan
}

/// Of type LoadBalancer, of no other class, and not going.
fn is_ours(service: &Object) -> bool {
    let facts = service.service();
    facts.ty == ServiceType::LoadBalancer && !facts.has_load_balancer_class && service.deleting.is_none()
}

/// LB-2, LB-3, LB-4: the addresses on which nodes take its traffic, by family in the Service's order.
fn addresses(observed: &Observed, plan: &mut Plan) -> Vec<String> {
    let chosen = observed.nodes.iter().any(|candidate| candidate.node.label(ENABLED) == "true");
    let mut addresses: Vec<&(String, String)> = Vec::new();
    for candidate in &observed.nodes {
        let node = candidate.node;
        match why_not(observed, candidate, chosen) {
            Some(reason) => plan.because(format!("node {} takes no traffic of it: {reason}", node.key.name)),
            None => addresses.extend(&node.node().addresses),
        }
    }
    let of_type = |ty: &str| addresses.iter().filter(|(t, _)| t == ty).map(|(_, address)| address.clone()).collect::<BTreeSet<_>>();
    let external = of_type("ExternalIP");
    let all = if external.is_empty() { of_type("InternalIP") } else { external };
    let families = observed.service.service().families();
    families.iter().flat_map(|family| all.iter().filter(|address| Family::of(address) == Some(*family))).cloned().collect()
}

/// Why a node takes no traffic of a Service.
fn why_not(observed: &Observed, candidate: &Candidate, chosen: bool) -> Option<String> {
    let (node, service) = (candidate.node, observed.service);
    if !node.node().ready {
        return Some("it is not ready".to_owned());
    }
    if node.labels.contains_key(EXCLUDED) || (chosen && node.label(ENABLED) != "true") {
        return Some("its labels say so".to_owned());
    }
    if service.service().is_local && !has_endpoint(observed, &node.key.name) {
        return Some("externalTrafficPolicy is Local and no endpoint on it is ready".to_owned());
    }
    for port in &service.service().ports {
        let (protocol, number) = (port.protocol.as_str(), port.number);
        if candidate.taken.contains(&(protocol, number)) {
            return Some(format!("a pod on it has host port {number}/{protocol}"));
        }
        let has_port = |other: &&&Arc<Object>| other.service().ports.iter().any(|p| (p.protocol.as_str(), p.number) == (protocol, number));
        if let Some(first) = observed.others.iter().filter(has_port).find(|other| is_ours(other) && precedes(other, service)) {
            return Some(format!("port {number}/{protocol} is Service {}'s", first.key));
        }
    }
    None
}

fn has_endpoint(observed: &Observed, node: &str) -> bool {
    let endpoints = observed.slices.iter().flat_map(|slice| &slice.slice().endpoints);
    endpoints.filter(|endpoint| endpoint.conditions.ready == Some(true)).any(|endpoint| endpoint.node.as_deref() == Some(node))
}

/// Who came first has the port.
fn precedes(one: &Object, other: &Object) -> bool {
    (one.created, &one.key) < (other.created, &other.key)
}

fn status(service: &Object, addresses: &[String]) -> Effect {
    let ingress: Vec<Value> = addresses.iter().map(|ip| json!({"ip": ip, "ipMode": "VIP"})).collect();
    let ingress = if ingress.is_empty() { Value::Null } else { ingress.into() };
    let patch = Patch::Merge(json!({"metadata": {"uid": service.uid}, "status": {"loadBalancer": {"ingress": ingress}}}));
    let call = Call::Patch { resource: SERVICES, key: service.key.clone(), subresource: "status", patch };
    let list = |addresses: &[String]| format!("[{}]", addresses.join(" "));
    let event = if addresses.is_empty() {
        Event::warning(service.reference(), "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
    } else {
        let message = format!("Updated LoadBalancer with new IPs: {} -> {}", list(&service.service().ingress), list(addresses));
        Event::normal(service.reference(), "UpdatedLoadBalancer", message)
    };
    Effect { on_success: Some(event), ..Effect::new(call) }.tolerating(&["NotFound"])
}

/// LB-6: it is no load balancer any more, or it is going.
fn clean_up(service: &Object, plan: &mut Plan) {
    plan.because("its load balancer is taken away");
    plan.events.push(Event::normal(service.reference(), "DeletingLoadBalancer", "Deleting load balancer"));
    let mut effects = Vec::new();
    if !service.service().ingress.is_empty() {
        let patch = Patch::Merge(json!({"metadata": {"uid": service.uid}, "status": {"loadBalancer": {"ingress": null}}}));
        let call = Call::Patch { resource: SERVICES, key: service.key.clone(), subresource: "status", patch };
        effects.push(Effect::new(call).tolerating(&["NotFound"]));
    }
    let left = service.finalizers.iter().map(String::as_str).filter(|finalizer| *finalizer != FINALIZER);
    let event = Event::normal(service.reference(), "DeletedLoadBalancer", "Deleted load balancer");
    effects.push(Effect { on_success: Some(event), ..finalizers(service, left.collect()) });
    plan.step(effects);
}

/// The finalizers as a whole: only if nobody else has changed them since.
fn finalizers(service: &Object, all: Vec<&str>) -> Effect {
    let same = json!({"op": "test", "path": "/metadata/uid", "value": service.uid});
    let known: Vec<&str> = service.finalizers.iter().map(String::as_str).collect();
    let mut operations = vec![same];
    if !known.is_empty() {
        operations.push(json!({"op": "test", "path": "/metadata/finalizers", "value": known}));
    }
    operations.push(json!({"op": "add", "path": "/metadata/finalizers", "value": all}));
    let call = Call::Patch { resource: SERVICES, key: service.key.clone(), subresource: "", patch: Patch::Json(operations.into()) };
    Effect::new(call).tolerating(&["NotFound"])
}
