//! The Endpoints controller (EP-1..14): keeps an Endpoints object for each Service with a selector. `subsets` packs the addresses,
//! `plan` decides about one Service.

mod plan;
mod subsets;
#[cfg(test)]
mod tests;

use crate::backends;
use crate::endpoint_slice::managed;
use crate::engine::{Cache, Change, Controller};
use crate::options::Registration;
use crate::plan::{Key, Plan};
use plan::Observed;
use stead_api::time::Timestamp;
use stead_client::resource::{ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, Resource, SERVICES};

pub use plan::{by_endpoints, is_managed};

pub const REGISTRATION: Registration =
    Registration { name: "endpoints-controller", alias: "endpoint", make: |_, _| Box::new(EndpointsController) };

#[derive(Debug)]
pub struct EndpointsController;

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "endpoint-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![SERVICES, PODS, ENDPOINTS, ENDPOINT_SLICES, NODES]
    }

    /// EP-9: an edit of an Endpoints object is not looked at, its deletion is.
    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match (change.resource, &change.new) {
            (SERVICES, _) | (ENDPOINTS, None) => keys.push((SERVICES, change.key.clone())),
            // Its Service may have gone while nobody looked.
            (ENDPOINTS, Some(endpoints)) if is_managed(endpoints) && cache.get(SERVICES, &change.key).is_none() => {
                keys.push((SERVICES, change.key.clone()));
            }
            (PODS, _) => keys.extend(backends::services_of(change, cache).into_iter().map(|key| (SERVICES, key))),
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let endpoints = cache.get(ENDPOINTS, key);
        let Some(service) = cache.get(SERVICES, key) else { return plan::without_service(endpoints) };
        plan::plan(&Observed {
            service,
            backends: backends::backends(service, cache),
            endpoints,
            slices: managed(service, cache).collect(),
        })
    }
}
