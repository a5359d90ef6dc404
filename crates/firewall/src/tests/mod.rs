//! What is rendered, and what packets do of it with the real kernel: each test is a machine, in a network namespace of its own.

mod beside;
pub mod machine;
mod rendering;
mod traffic;
mod unenforced;

use crate::object::{self, Name, Pod, Policy};
use crate::world::{Place, Sandbox, World};
use stead_api::{Value, json};

pub fn place() -> Place {
    let ranges = |text: &str| text.split(',').map(|range| range.parse().unwrap()).collect();
    Place { links: "st0123".into(), own: ranges("10.42.0.0/24,fd00:42::/64"), cluster: ranges("10.42.0.0/16,fd00:42::/56") }
}

/// A pod of namespace `n`, with the label `app` of its name and these ports.
fn pod(name: &str, addresses: &[&str], ports: Value) -> Pod {
    let ips: Vec<Value> = addresses.iter().map(|ip| json!({ "ip": ip })).collect();
    object::pod(&json!({
        "metadata": {"namespace": "n", "name": name, "uid": format!("uid-{name}"), "labels": {"app": name}},
        "spec": {"containers": [{"ports": ports}]}, "status": {"phase": "Running", "podIPs": ips},
    }))
}

fn policy(name: &str, spec: Value) -> Policy {
    object::policy(&json!({"metadata": {"namespace": "n", "name": name}, "spec": spec}))
}

impl World {
    fn with_pod(mut self, pod: Pod, place: Option<u32>) -> World {
        if let Some(place) = place {
            let link = format!("{}{place}", self.place.links);
            let sandbox = Sandbox { uid: pod.uid.clone(), link, addresses: pod.addresses.clone() };
            self.sandboxes.insert(pod.uid.clone(), sandbox);
        }
        self.namespaces.insert(pod.name.namespace.clone(), [("kubernetes.io/metadata.name".to_owned(), pod.name.namespace.clone())].into());
        self.pods.insert(pod.name.clone(), pod);
        self
    }

    fn with_policy(mut self, policy: Policy) -> World {
        self.policies.insert(policy.name.clone(), policy);
        self
    }

    fn without_policy(mut self, name: &str) -> World {
        self.policies.remove(&Name { namespace: "n".into(), name: name.into() });
        self
    }
}
