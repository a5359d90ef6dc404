//! The EndpointSlice controller (EPS-1..17): keeps the slices of each Service with a selector. `fill` says which endpoints are in
//! which slice, `plan` decides about one Service.

pub mod fill;
mod hints;
mod plan;
#[cfg(test)]
mod tests;

use crate::backends;
use crate::engine::{Cache, Change, Controller};
use crate::facts::endpoint_slice::{BY_SERVICE, MANAGED_BY, SERVICE_NAME};
use crate::facts::pod::BY_NODE;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use hints::Shares;
use plan::Observed;
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::{ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, Resource, SERVICES};

pub use plan::published;

pub const REGISTRATION: Registration =
    Registration { name: "endpointslice-controller", alias: "endpointslice", make: |_, _| Box::new(EndpointSlices) };

/// In label [`MANAGED_BY`].
const CONTROLLER: &str = "endpointslice-controller.k8s.io";

#[derive(Debug)]
pub struct EndpointSlices;

/// The slices that this controller keeps for a Service, by name.
pub fn managed<'a>(service: &Object, cache: &'a Cache) -> impl Iterator<Item = &'a Arc<Object>> {
    of_service(&service.key, cache).filter(|slice| is_managed(slice))
}

/// All slices of a Service, by name.
pub fn of_service<'a>(service: &Key, cache: &'a Cache) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
    cache.indexed(&BY_SERVICE, &service.to_string())
}

fn is_managed(slice: &Object) -> bool {
    slice.label(MANAGED_BY) == CONTROLLER
}

/// The Service that a slice is of.
fn service_of(slice: &Object) -> Option<Key> {
    Some(slice.label(SERVICE_NAME)).filter(|name| !name.is_empty()).map(|name| Key::new(slice.key.namespace.as_str(), name))
}

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "endpoint-slice-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![SERVICES, PODS, NODES, ENDPOINT_SLICES, ENDPOINTS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            SERVICES => keys.push((SERVICES, change.key.clone())),
            PODS => keys.extend(backends::services_of(change, cache).into_iter().map(|key| (SERVICES, key))),
            ENDPOINT_SLICES => keys.extend(services_of_slice(change).map(|key| (SERVICES, key))),
            NODES => {
                // Pods whose node was not known were left out.
                if change.old.is_none() {
                    let pods = cache.indexed(&BY_NODE, &change.key.name);
                    keys.extend(pods.flat_map(|pod| backends::selecting(pod, cache)).map(|key| (SERVICES, key)));
                }
                // EPS-13
                if hints::is_moved(change.old.as_deref(), change.new.as_deref()) {
                    let asking = cache.list(SERVICES).filter(|service| service.service().asks_for_topology_hints);
                    keys.extend(asking.map(|service| (SERVICES, service.key.clone())));
                }
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        // EPS-17: what it leaves behind goes by owner reference.
        let Some(service) = cache.get(SERVICES, key) else { return Plan::default() };
        let endpoints = cache.get(ENDPOINTS, key);
        let (backends, slices) = (backends::backends(service, cache), managed(service, cache).collect());
        let asks = service.service().asks_for_topology_hints;
        let shares = if asks { Shares::of(cache.list(NODES)) } else { None };
        plan::plan(&Observed { service, backends, slices, endpoints, shares })
    }
}

/// EPS-10, EPS-11: whose slice was deleted or edited. Labels alone wait for the next look.
fn services_of_slice(change: &Change) -> impl Iterator<Item = Key> {
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    let (was, is) = (old.and_then(service_of), new.and_then(service_of));
    let concerned = match (old, new) {
        (Some(old), None) => is_managed(old),
        (Some(old), Some(new)) => was != is || (is_managed(new) && has_other_content(old, new)),
        (None, new) => new.is_some_and(is_managed),
    };
    [was, is].into_iter().flatten().filter(move |_| concerned)
}

fn has_other_content(old: &Object, new: &Object) -> bool {
    let (was, is) = (old.slice(), new.slice());
    was.endpoints != is.endpoints || was.ports != is.ports
}
