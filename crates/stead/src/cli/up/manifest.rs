//! The built-in example: the tutorial's first StatefulSet, with the image that needs no registry.

use stead_api::{Value, json};

/// A headless Service and a StatefulSet of three.
pub fn objects() -> [(&'static str, Value); 2] {
    let labels = json!({"app": "nginx"});
    [
        (
            "/api/v1/namespaces/default/services",
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx", "labels": labels},
                "spec": {"ports": [{"port": 80, "name": "web"}], "clusterIP": "None", "selector": labels},
            }),
        ),
        (
            "/apis/apps/v1/namespaces/default/statefulsets",
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
                "spec": {
                    "serviceName": "nginx", "replicas": 3, "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{
                            "name": "nginx", "image": "localhost/stead:1", "ports": [{"containerPort": 80, "name": "web"}],
                        }]},
                    },
                },
            }),
        ),
    ]
}

/// The annotation by which `kubectl apply` knows what was applied before; with it a first `kubectl apply` of the same manifest does not warn.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object as `kubectl apply` would have created it.
pub fn applied(mut object: Value) -> Value {
    object["metadata"]["namespace"] = "default".into();
    object["metadata"]["annotations"] = json!({});
    let text = format!("{object}\n");
    object["metadata"]["annotations"][LAST_APPLIED] = text.into();
    object
}
