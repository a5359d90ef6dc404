//! Upstream's roles for users: what administrators, editors and viewers of namespaces may do, and everybody.

use super::{API_GROUP, binding, role};
use stead_api::{Value, json};

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const READ_WRITE: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const CREATE: &[&str] = &["create"];

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    let mut resources = resources.to_vec();
    resources.sort_unstable();
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

fn paths(urls: &[&str]) -> Value {
    json!({"verbs": ["get"], "nonResourceURLs": urls})
}

/// A role that others are gathered in; it begins with the rules that they begin with.
fn aggregated(name: &str, aggregate_to: &[&str], labels: &[(&str, &str)], rules: Vec<Value>) -> Value {
    let mut role = role(name, labels, rules);
    let selectors: Vec<Value> = aggregate_to.iter().map(|label| json!({"matchLabels": {*label: "true"}})).collect();
    role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
    role
}

const TO_ADMIN: &str = "rbac.authorization.k8s.io/aggregate-to-admin";
const TO_EDIT: &str = "rbac.authorization.k8s.io/aggregate-to-edit";
const TO_VIEW: &str = "rbac.authorization.k8s.io/aggregate-to-view";

pub(super) fn cluster_roles() -> Vec<Value> {
    let everything =
        vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})];
    let all = |lists: &[Vec<Value>]| lists.concat();
    let discovery =
        ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"];
    let issuer = ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"];
    let monitoring = ["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"];
    vec![
        role("cluster-admin", &[], everything),
        aggregated("admin", &[TO_ADMIN], &[], all(&[edit(), view(), admin()])),
        aggregated("edit", &[TO_EDIT], &[(TO_ADMIN, "true")], all(&[edit(), view()])),
        aggregated("view", &[TO_VIEW], &[(TO_EDIT, "true")], view()),
        role("system:aggregate-to-admin", &[(TO_ADMIN, "true")], admin()),
        role("system:aggregate-to-edit", &[(TO_EDIT, "true")], edit()),
        role("system:aggregate-to-view", &[(TO_VIEW, "true")], view()),
        role("system:discovery", &[], vec![paths(&discovery)]),
        role("system:public-info-viewer", &[], vec![paths(&["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
        role("system:basic-user", &[], basic_user()),
        role("system:service-account-issuer-discovery", &[], vec![paths(&issuer)]),
        role("system:monitoring", &[], vec![paths(&monitoring)]),
        role("system:auth-delegator", &[], auth_delegator()),
        role("system:kubelet-api-admin", &[], kubelet_api_admin()),
        role("system:persistent-volume-provisioner", &[], provisioner()),
    ]
}

pub(super) fn cluster_role_bindings() -> Vec<Value> {
    [
        ("cluster-admin", &["system:masters"][..]),
        ("system:discovery", &["system:authenticated"]),
        ("system:basic-user", &["system:authenticated"]),
        ("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
        ("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
        ("system:monitoring", &["system:monitoring"]),
    ]
    .into_iter()
    .map(|(name, groups)| {
        let subjects = groups.iter().map(|group| json!({"kind": "Group", "apiGroup": API_GROUP, "name": group}));
        binding(name, subjects.collect())
    })
    .collect()
}

fn view() -> Vec<Value> {
    let core_objects = [
        "configmaps",
        "endpoints",
        "persistentvolumeclaims",
        "persistentvolumeclaims/status",
        "pods",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "serviceaccounts",
        "services",
        "services/status",
    ];
    let core_reports = [
        "bindings",
        "events",
        "limitranges",
        "namespaces/status",
        "pods/log",
        "pods/status",
        "replicationcontrollers/status",
        "resourcequotas",
        "resourcequotas/status",
    ];
    let apps = [
        "controllerrevisions",
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "statefulsets",
        "statefulsets/scale",
        "statefulsets/status",
    ];
    let extensions = [
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "ingresses",
        "ingresses/status",
        "networkpolicies",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "replicationcontrollers/scale",
    ];
    vec![
        rule(READ, "", &core_objects),
        rule(READ, "", &core_reports),
        rule(READ, "", &["namespaces"]),
        rule(READ, "discovery.k8s.io", &["endpointslices"]),
        rule(READ, "apps", &apps),
        rule(READ, "autoscaling", &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
        rule(READ, "batch", &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
        rule(READ, "extensions", &extensions),
        rule(READ, "policy", &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
        rule(READ, "networking.k8s.io", &["ingresses", "ingresses/status", "networkpolicies"]),
    ]
}

fn edit() -> Vec<Value> {
    let ways_in = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    let core_objects = [
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "secrets",
        "serviceaccounts",
        "services",
        "services/proxy",
    ];
    let apps = [
        "daemonsets",
        "deployments",
        "deployments/rollback",
        "deployments/scale",
        "replicasets",
        "replicasets/scale",
        "statefulsets",
        "statefulsets/scale",
    ];
    let extensions = [
        "daemonsets",
        "deployments",
        "deployments/rollback",
        "deployments/scale",
        "ingresses",
        "networkpolicies",
        "replicasets",
        "replicasets/scale",
        "replicationcontrollers/scale",
    ];
    vec![
        rule(READ, "", &[&ways_in[..], &["secrets", "services/proxy"]].concat()),
        rule(&["impersonate"], "", &["serviceaccounts"]),
        rule(WRITE, "", &[&ways_in[..], &["pods"]].concat()),
        rule(CREATE, "", &["pods/eviction"]),
        rule(WRITE, "", &core_objects),
        rule(CREATE, "", &["serviceaccounts/token"]),
        rule(WRITE, "apps", &apps),
        rule(WRITE, "autoscaling", &["horizontalpodautoscalers"]),
        rule(WRITE, "batch", &["cronjobs", "jobs"]),
        rule(WRITE, "extensions", &extensions),
        rule(WRITE, "policy", &["poddisruptionbudgets"]),
        rule(WRITE, "networking.k8s.io", &["ingresses", "networkpolicies"]),
        rule(READ_WRITE, "coordination.k8s.io", &["leases"]),
    ]
}

fn admin() -> Vec<Value> {
    vec![rule(CREATE, "authorization.k8s.io", &["localsubjectaccessreviews"]), rule(READ_WRITE, API_GROUP, &["rolebindings", "roles"])]
}

fn basic_user() -> Vec<Value> {
    vec![
        rule(CREATE, "authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
        rule(CREATE, "authentication.k8s.io", &["selfsubjectreviews"]),
    ]
}

fn auth_delegator() -> Vec<Value> {
    vec![rule(CREATE, "authentication.k8s.io", &["tokenreviews"]), rule(CREATE, "authorization.k8s.io", &["subjectaccessreviews"])]
}

fn kubelet_api_admin() -> Vec<Value> {
    let parts = ["nodes/configz", "nodes/healthz", "nodes/log", "nodes/metrics", "nodes/pods", "nodes/proxy", "nodes/stats"];
    vec![rule(READ, "", &["nodes"]), rule(&["proxy"], "", &["nodes"]), rule(&["*"], "", &parts)]
}

fn provisioner() -> Vec<Value> {
    vec![
        rule(&["create", "delete", "get", "list", "watch"], "", &["persistentvolumes"]),
        rule(&["get", "list", "update", "watch"], "", &["persistentvolumeclaims"]),
        rule(READ, "storage.k8s.io", &["storageclasses"]),
        rule(&["watch"], "", &["events"]),
        rule(&["create", "patch", "update"], "", &["events"]),
    ]
}
