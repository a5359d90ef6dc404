//! The pods behind a Service: which they are, on which ports, and when that last changed. What the controllers that publish them
//! have in common; they decide what is written.

use crate::engine::{Cache, Change};
use crate::facts::service::{BY_SELECTOR, ServiceFacts, selector_term};
use crate::object::Object;
use crate::plan::{Key, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::{Value, time::Timestamp};
use stead_client::resource::{NODES, PODS};

/// Annotation: when that happened which caused the write (EP-7).
pub const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Lines about pods that are left out.
const LEFT_OUT_MAX: usize = 10;

/// A pod that a Service selects.
#[derive(Debug, Clone, Copy)]
pub struct Backend<'a> {
    pub pod: &'a Arc<Object>,
    /// `None` if it has none, or one that is not known.
    pub node: Option<&'a Arc<Object>>,
}

/// The pods that a Service selects, by name.
pub fn backends<'a>(service: &Object, cache: &'a Cache) -> Vec<Backend<'a>> {
    let facts = service.service();
    if facts.selector.is_empty() {
        return Vec::new();
    }
    let namespace = service.key.namespace.as_str();
    let pods = cache.namespace(PODS, namespace).filter(|pod| facts.selects(&pod.labels));
    pods.map(|pod| Backend { pod, node: cache.get(NODES, &Key::cluster(pod.pod().node.as_str())) }).collect()
}

/// The Services that select a pod as it was or as it is, if anything of it changed that they publish.
pub fn services_of(change: &Change, cache: &Cache) -> BTreeSet<Key> {
    if let (Some(old), Some(new)) = (&change.old, &change.new)
        && is_published_alike(old, new)
    {
        return BTreeSet::new();
    }
    change.old.iter().chain(&change.new).flat_map(|pod| selecting(pod, cache)).collect()
}

/// The Services that select this pod.
pub fn selecting(pod: &Object, cache: &Cache) -> Vec<Key> {
    let terms = pod.labels.iter().map(|(label, value)| selector_term(&pod.key.namespace, label, value));
    let candidates = terms.flat_map(|term| cache.indexed(&BY_SELECTOR, &term));
    candidates.filter(|service| service.service().selects(&pod.labels)).map(|service| service.key.clone()).collect()
}

fn is_published_alike(old: &Object, new: &Object) -> bool {
    let (was, is) = (old.pod(), new.pod());
    old.uid == new.uid
        && old.labels == new.labels
        && old.deleting.is_some() == new.deleting.is_some()
        && was.ready == is.ready
        && was.terminal() == is.terminal()
        && was.addresses == is.addresses
        && was.node == is.node
}

impl Backend<'_> {
    /// The name that it has in the Service's domain (EP-3).
    pub fn hostname(&self, service: &Object) -> Option<String> {
        let pod = self.pod.pod();
        (!pod.hostname.is_empty() && pod.subdomain == service.key.name).then(|| pod.hostname.clone())
    }

    pub fn node_name(&self) -> Option<String> {
        Some(&self.pod.pod().node).filter(|node| !node.is_empty()).cloned()
    }

    /// The number of each port of the Service on this pod.
    pub fn ports(&self, service: &ServiceFacts) -> Vec<Option<i64>> {
        service.ports.iter().map(|port| port.on(self.pod.pod())).collect()
    }
}

/// What is known to have been published of a Service.
#[derive(Debug, Clone, PartialEq)]
pub enum Published<'a> {
    /// It is new.
    Nothing,
    /// By the uids of pods: whether they were ready then; `None` if that cannot be told.
    Pods(BTreeMap<&'a str, Option<bool>>),
}

impl Published<'_> {
    /// When that happened which causes a write now (EP-7): the Service's creation while it is new, else the earliest change of the
    /// readiness of its pods; `None` if something else causes it. `wanted` says which pods are to be published.
    pub fn triggered_at(&self, service: &Object, backends: &[Backend], wanted: impl Fn(&Object) -> bool) -> Option<Timestamp> {
        let Self::Pods(known) = self else { return Some(service.created) };
        let has_changed = |pod: &Object| match known.get(pod.uid.as_str()) {
            Some(was_ready) => was_ready.is_some_and(|ready| ready != pod.pod().ready),
            None => wanted(pod),
        };
        let changed = backends.iter().filter(|backend| has_changed(backend.pod));
        changed.filter_map(|backend| backend.pod.pod().ready_since).min()
    }
}

/// The annotation as a merge patch puts it; null takes it away.
pub fn trigger(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.rfc3339().into())
}

/// Why pods that a Service selects are not published, as reasons of a plan.
pub fn say_left_out(plan: &mut Plan, backends: &[Backend]) {
    let why = |backend: &Backend| {
        let pod = backend.pod.pod();
        if pod.terminal() {
            Some("it has ended")
        } else if pod.addresses.is_empty() {
            Some("it has no address yet")
        } else if backend.pod.deleting.is_some() {
            Some("it is going")
        } else if !pod.ready {
            Some("it is not ready")
        } else {
            None
        }
    };
    let all = backends.iter().filter_map(|backend| Some((&backend.pod.key.name, why(backend)?)));
    for (name, why) in all.take(LEFT_OUT_MAX) {
        plan.because(format!("pod {name} gets no traffic: {why}"));
    }
}
