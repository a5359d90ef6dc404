//! The ServiceAccount controller: every namespace has a ServiceAccount `default` (NS1).

use crate::engine::{Cache, Change, Controller};
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Plan};
use stead_api::{json, time::Timestamp};
use stead_client::resource::{NAMESPACES, Resource, SERVICE_ACCOUNTS};

const NAME: &str = "default";

#[derive(Debug)]
pub struct ServiceAccounts;

pub const REGISTRATION: Registration =
    Registration { name: "serviceaccount-controller", alias: "serviceaccount", make: |_, _| Box::new(ServiceAccounts) };

impl Controller for ServiceAccounts {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![NAMESPACES, SERVICE_ACCOUNTS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            NAMESPACES => keys.push((NAMESPACES, change.key.clone())),
            SERVICE_ACCOUNTS if change.key.name == NAME => {
                keys.push((NAMESPACES, Key::cluster(change.key.namespace.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let wanted = cache.get(NAMESPACES, key).is_some_and(|ns| ns.deleting.is_none());
        if wanted && cache.get(SERVICE_ACCOUNTS, &Key::new(key.name.clone(), NAME)).is_none() {
            let body = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": key.name}});
            let create = Effect::new(Call::create(SERVICE_ACCOUNTS, &key.name, body));
            plan.step(vec![create.tolerating(&["AlreadyExists", "NotFound"])]);
        }
        plan
    }
}
