//! The load balancers of Services (LB-1..7): the nodes themselves take their traffic, and the status says on which addresses.
//! `plan` decides about one Service.

mod plan;
#[cfg(test)]
mod tests;

use crate::endpoint_slice::of_service;
use crate::engine::{Cache, Change, Controller};
use crate::facts::endpoint_slice::SERVICE_NAME;
use crate::facts::pod::BY_NODE;
use crate::facts::service::{LOAD_BALANCERS, ServiceType};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use plan::{Candidate, Observed};
use stead_api::time::Timestamp;
use stead_client::resource::{ENDPOINT_SLICES, NODES, PODS, Resource, SERVICES};

pub const REGISTRATION: Registration =
    Registration { name: "service-lb-controller", alias: "service", make: |_, _| Box::new(LoadBalancers) };

#[derive(Debug)]
pub struct LoadBalancers;

impl Controller for LoadBalancers {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "service-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![SERVICES, NODES, PODS, ENDPOINT_SLICES]
    }

    /// Services of a port stand in line for each node, so what one of them gives up may be another's.
    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        let balancers = || cache.indexed(&LOAD_BALANCERS, "").map(|service| (SERVICES, service.key.clone()));
        match change.resource {
            SERVICES => {
                keys.push((SERVICES, change.key.clone()));
                if old.into_iter().chain(new).any(|service| service.service().ty == ServiceType::LoadBalancer) {
                    keys.extend(balancers());
                }
            }
            NODES if old.map(|node| (node.node(), &node.labels)) != new.map(|node| (node.node(), &node.labels)) => keys.extend(balancers()),
            PODS => {
                let takes = |pod: Option<&Object>| pod.is_some_and(|pod| !pod.pod().host_ports.is_empty());
                let place = |pod: Option<&Object>| pod.map(|pod| (pod.pod().node.clone(), pod.pod().terminal()));
                if (takes(old) || takes(new)) && place(old) != place(new) {
                    keys.extend(balancers());
                }
            }
            ENDPOINT_SLICES => {
                let named = old.into_iter().chain(new).map(|slice| Key::new(slice.key.namespace.as_str(), slice.label(SERVICE_NAME)));
                let local = |key: &Key| cache.get(SERVICES, key).is_some_and(|service| service.service().is_local);
                keys.extend(named.filter(local).map(|key| (SERVICES, key)));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let Some(service) = cache.get(SERVICES, key) else { return Plan::default() };
        let nodes = cache.list(NODES).map(|node| Candidate::of(node, cache.indexed(&BY_NODE, &node.key.name))).collect();
        let slices = of_service(key, cache).collect();
        let others = cache.indexed(&LOAD_BALANCERS, "").filter(|other| other.key != *key).collect();
        plan::plan(&Observed { service, nodes, slices, others })
    }
}
