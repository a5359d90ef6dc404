//! The root certificate publisher: every namespace has a ConfigMap `kube-root-ca.crt` with the authority to trust for the
//! API server (NS1).

use crate::engine::{Cache, Change, Controller};
use crate::facts::ROOT_CA as NAME;
use crate::object::{Object, strings};
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{CONFIG_MAPS, NAMESPACES, Resource};

/// Its only member.
const MEMBER: &str = "ca.crt";
/// Annotation: what it is for (SA-2).
const DESCRIBED: &str = "kubernetes.io/description";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the \
                           internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes \
                           clusters.";

#[derive(Debug)]
pub struct RootCa {
    pem: String,
}

impl RootCa {
    /// Publishes this PEM; nothing if it is empty.
    pub fn new(pem: String) -> Self {
        Self { pem }
    }

    fn is_right(&self, map: &Object) -> bool {
        let data = map.value["data"].as_object();
        let is_published = data.is_some_and(|data| data.len() == 1 && data.get(MEMBER).is_some_and(|pem| *pem == self.pem.as_str()));
        is_published && !map.value["metadata"]["annotations"].str(DESCRIBED).is_empty()
    }
}

pub const REGISTRATION: Registration = Registration {
    name: "root-ca-certificate-publisher-controller",
    alias: "root-ca-cert-publisher",
    make: |options, _| Box::new(RootCa::new(options.root_ca.clone())),
};

impl Controller for RootCa {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![NAMESPACES, CONFIG_MAPS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            NAMESPACES => keys.push((NAMESPACES, change.key.clone())),
            CONFIG_MAPS if change.key.name == NAME => keys.push((NAMESPACES, Key::cluster(change.key.namespace.clone()))),
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let wanted = cache.get(NAMESPACES, key).is_some_and(|ns| ns.deleting.is_none());
        if !wanted || self.pem.is_empty() {
            return plan;
        }
        let data = json!({MEMBER: self.pem});
        match cache.get(CONFIG_MAPS, &Key::new(key.name.clone(), NAME)) {
            None => {
                let metadata = json!({"name": NAME, "namespace": key.name, "annotations": {DESCRIBED: DESCRIPTION}});
                let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
                let create = Effect::new(Call::create(CONFIG_MAPS, &key.name, body));
                plan.step(vec![create.tolerating(&["AlreadyExists", "NotFound"])]);
            }
            Some(map) if map.deleting.is_none() && !self.is_right(map) => {
                let mut annotations = strings(map.value["metadata"].get("annotations"));
                annotations.insert(DESCRIBED.to_owned(), DESCRIPTION.to_owned());
                let put = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
                let version = json!({"op": "test", "path": "/metadata/resourceVersion", "value": map.version.to_string()});
                let patch = Patch::Json(json!([version, put("/data", data), put("/metadata/annotations", json!(annotations))]));
                let call = Call::Patch { resource: CONFIG_MAPS, key: map.key.clone(), subresource: "", patch };
                plan.step(vec![Effect::new(call).tolerating(&["NotFound"])]);
            }
            Some(_) => {}
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(data: Option<&str>) -> Cache {
        let mut cache = Cache::default();
        let meta = |name: &str, ns: &str| json!({"name": name, "namespace": ns, "uid": name, "resourceVersion": "3"});
        cache.put(Object::parse(NAMESPACES, json!({"metadata": meta("n", "")})).unwrap());
        if let Some(data) = data {
            let mut metadata = meta(NAME, "n");
            metadata["annotations"] = json!({DESCRIBED: "x"});
            cache.put(Object::parse(CONFIG_MAPS, json!({"metadata": metadata, "data": {MEMBER: data}})).unwrap());
        }
        cache
    }

    // NS1
    #[test]
    fn every_namespace_gets_the_certificate_and_keeps_it() {
        let plan = |data| RootCa::new("PEM".into()).reconcile(NAMESPACES, &Key::cluster("n"), &world(data), Timestamp::default());
        assert!(matches!(plan(None).steps[0].effects[0].call, Call::Create { .. }));
        assert!(matches!(plan(Some("other")).steps[0].effects[0].call, Call::Patch { .. }));
        assert!(plan(Some("PEM")).is_empty());
    }
}
