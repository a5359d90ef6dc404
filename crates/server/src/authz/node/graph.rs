//! What a node may see because of its pods: themselves, and the objects that they name. Pure.
//! Input: pods as they come and go. Output: whether a pod of a node has to do with an object.

use std::collections::{BTreeSet, HashMap};
use stead_api::Value;
use stead_api::value::Access;

/// A kind of object that pods have to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pod,
    Secret,
    ConfigMap,
    Claim,
    ServiceAccount,
}

/// One of its objects: namespace and name.
pub(crate) type Object = (Kind, String, String);

/// What a bound pod gives its node to see.
#[derive(Debug)]
struct Bound {
    node: String,
    objects: BTreeSet<Object>,
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By namespace and name.
    pods: HashMap<(String, String), Bound>,
    /// How many pods of a node have to do with an object.
    nodes: HashMap<Object, HashMap<String, usize>>,
}

impl Graph {
    pub(crate) fn put(&mut self, pod: &Value) {
        let key = key(pod);
        self.remove(&key);
        let node = pod["spec"].str("nodeName");
        if node.is_empty() {
            return;
        }
        let bound = Bound { node: node.to_owned(), objects: objects(pod) };
        for object in &bound.objects {
            *self.nodes.entry(object.clone()).or_default().entry(bound.node.clone()).or_default() += 1;
        }
        self.pods.insert(key, bound);
    }

    /// Forgets a pod by its namespace and name.
    pub(crate) fn remove(&mut self, key: &(String, String)) {
        let Some(bound) = self.pods.remove(key) else { return };
        for object in bound.objects {
            let Some(nodes) = self.nodes.get_mut(&object) else { continue };
            if let Some(pods) = nodes.get_mut(&bound.node) {
                *pods -= 1;
                if *pods == 0 {
                    nodes.remove(&bound.node);
                }
            }
            if nodes.is_empty() {
                self.nodes.remove(&object);
            }
        }
    }

    pub(crate) fn reaches(&self, node: &str, object: &Object) -> bool {
        self.nodes.get(object).is_some_and(|nodes| nodes.contains_key(node))
    }
}

fn key(pod: &Value) -> (String, String) {
    (pod["metadata"].str("namespace").to_owned(), pod["metadata"].str("name").to_owned())
}

/// A pod itself, and all that it names.
fn objects(pod: &Value) -> BTreeSet<Object> {
    let (namespace, name) = key(pod);
    let mut found = BTreeSet::new();
    let mut note = |kind, name: &str| {
        if !name.is_empty() {
            found.insert((kind, namespace.clone(), name.to_owned()));
        }
    };
    let spec = &pod["spec"];
    note(Kind::Pod, &name);
    note(Kind::ServiceAccount, spec.str("serviceAccountName"));
    for secret in spec.items("imagePullSecrets") {
        note(Kind::Secret, secret.str("name"));
    }
    let containers = ["containers", "initContainers", "ephemeralContainers"];
    for container in containers.iter().flat_map(|list| spec.items(list)) {
        for variable in container.items("env") {
            note(Kind::Secret, variable["valueFrom"]["secretKeyRef"].str("name"));
            note(Kind::ConfigMap, variable["valueFrom"]["configMapKeyRef"].str("name"));
        }
        for source in container.items("envFrom") {
            note(Kind::Secret, source["secretRef"].str("name"));
            note(Kind::ConfigMap, source["configMapRef"].str("name"));
        }
    }
    for volume in spec.items("volumes") {
        note(Kind::Claim, volume["persistentVolumeClaim"].str("claimName"));
        if volume.has("ephemeral") {
            note(Kind::Claim, &format!("{name}-{}", volume.str("name")));
        }
        note(Kind::ConfigMap, volume["configMap"].str("name"));
        for source in volume["projected"].items("sources") {
            note(Kind::Secret, source["secret"].str("name"));
            note(Kind::ConfigMap, source["configMap"].str("name"));
        }
        // `secret` and the drivers that have one: they differ in how they name it.
        for driver in volume.as_object().into_iter().flat_map(|volume| volume.values()) {
            note(Kind::Secret, driver.str("secretName"));
            note(Kind::Secret, driver["secretRef"].str("name"));
            note(Kind::Secret, driver["nodePublishSecretRef"].str("name"));
        }
    }
    found
}

/// What of the API a pod refers to beside itself, as upstream names it; for pods that may refer to nothing.
pub(crate) fn first_reference(pod: &Value) -> Option<&'static str> {
    let kinds: BTreeSet<Kind> = objects(pod).into_iter().map(|(kind, ..)| kind).collect();
    let named = [
        (Kind::ServiceAccount, "a service account"),
        (Kind::Secret, "secrets"),
        (Kind::ConfigMap, "configmaps"),
        (Kind::Claim, "persistentvolumeclaims"),
    ];
    named.into_iter().find(|(kind, _)| kinds.contains(kind)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod(node: &str) -> Value {
        json!({"metadata": {"namespace": "ns", "name": "p"}, "spec": {
            "nodeName": node, "serviceAccountName": "default", "imagePullSecrets": [{"name": "pull"}],
            "containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "env"}}}], "envFrom": [{"configMapRef": {"name": "from"}}]}],
            "initContainers": [{"env": [{"value": "x"}]}],
            "volumes": [
                {"name": "a", "secret": {"secretName": "files"}}, {"name": "b", "persistentVolumeClaim": {"claimName": "claim"}},
                {"name": "c", "ephemeral": {}}, {"name": "d", "projected": {"sources": [{"configMap": {"name": "ca"}}]}},
                {"name": "e", "csi": {"nodePublishSecretRef": {"name": "csi"}}},
            ],
        }})
    }

    #[test]
    fn a_node_sees_what_its_pods_name_and_no_more() {
        let mut graph = Graph::default();
        graph.put(&pod("n"));
        let reaches = |graph: &Graph, node: &str, kind, name: &str| graph.reaches(node, &(kind, "ns".to_owned(), name.to_owned()));
        for (kind, name) in [
            (Kind::Pod, "p"),
            (Kind::ServiceAccount, "default"),
            (Kind::Secret, "pull"),
            (Kind::Secret, "env"),
            (Kind::Secret, "files"),
            (Kind::Secret, "csi"),
            (Kind::ConfigMap, "from"),
            (Kind::ConfigMap, "ca"),
            (Kind::Claim, "claim"),
            (Kind::Claim, "p-c"),
        ] {
            assert!(reaches(&graph, "n", kind, name), "{kind:?} {name}");
            assert!(!reaches(&graph, "other", kind, name), "{kind:?} {name}");
        }
        assert!(!reaches(&graph, "n", Kind::Secret, "another"));
        assert!(!graph.reaches("n", &(Kind::Secret, "elsewhere".to_owned(), "files".to_owned())));
        graph.put(&pod(""));
        assert!(!reaches(&graph, "n", Kind::Pod, "p"));
        assert!(graph.nodes.is_empty() && graph.pods.is_empty());
    }

    #[test]
    fn two_pods_name_an_object_until_both_are_gone() {
        let mut graph = Graph::default();
        let mut other = pod("n");
        other["metadata"]["name"] = "q".into();
        graph.put(&pod("n"));
        graph.put(&other);
        graph.remove(&("ns".to_owned(), "p".to_owned()));
        let files = (Kind::Secret, "ns".to_owned(), "files".to_owned());
        assert!(graph.reaches("n", &files));
        graph.remove(&("ns".to_owned(), "q".to_owned()));
        assert!(!graph.reaches("n", &files));
    }
}
