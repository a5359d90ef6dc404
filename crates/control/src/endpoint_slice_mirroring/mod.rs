//! The EndpointSlice mirroring controller (EPS-20..24): copies the Endpoints of Services without a selector to slices. `plan` decides
//! about one Endpoints object.

mod plan;
#[cfg(test)]
mod tests;

use crate::endpoint_slice::of_service;
use crate::engine::{Cache, Change, Controller};
use crate::facts::endpoint_slice::{MANAGED_BY, SERVICE_NAME};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{ENDPOINT_SLICES, ENDPOINTS, Resource, SERVICES};

pub const REGISTRATION: Registration =
    Registration { name: "endpointslice-mirroring-controller", alias: "endpointslicemirroring", make: |_, _| Box::new(Mirroring) };

/// In label [`MANAGED_BY`].
const CONTROLLER: &str = "endpointslicemirroring-controller.k8s.io";

#[derive(Debug)]
pub struct Mirroring;

fn is_mirrored(slice: &Object) -> bool {
    slice.label(MANAGED_BY) == CONTROLLER
}

impl Controller for Mirroring {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "endpoint-slice-mirroring-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![SERVICES, ENDPOINTS, ENDPOINT_SLICES]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            SERVICES | ENDPOINTS => keys.push((ENDPOINTS, change.key.clone())),
            ENDPOINT_SLICES => {
                let slices = change.old.iter().chain(&change.new).filter(|slice| is_mirrored(slice));
                let names = slices.map(|slice| slice.label(SERVICE_NAME)).filter(|name| !name.is_empty());
                keys.extend(names.map(|name| (ENDPOINTS, Key::new(change.key.namespace.as_str(), name))));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let slices: Vec<_> = of_service(key, cache).filter(|slice| is_mirrored(slice)).collect();
        plan::plan(cache.get(ENDPOINTS, key), cache.get(SERVICES, key), &slices)
    }
}
