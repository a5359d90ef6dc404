//! The roles and bindings that every cluster has (A9): upstream's for users. Made at a start if they are missing, with the rules and
//! subjects that they lack, unless their annotation `rbac.authorization.kubernetes.io/autoupdate` is `false`.

use super::rules::{Rule, missing};
use crate::bootstrap::{ensure, system_call};
use crate::core::Core;
use crate::query::{Write, WriteOptions};
use crate::registry::ownership::ManagedFields;
use crate::registry::update::{self, Next};
use crate::request::Verb;
use futures::future::try_join_all;
use std::sync::Arc;
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";
const BOOTSTRAPPING: &str = "kubernetes.io/bootstrapping";
const API_GROUP: &str = "rbac.authorization.k8s.io";
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const READ_WRITE: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const CREATE: &[&str] = &["create"];

/// Makes what is missing and mends what lacks something.
pub(crate) async fn repair(core: &Arc<Core>) -> Result<(), Status> {
    let (roles, bindings) = (core.kinds.built_in("clusterroles"), core.kinds.built_in("clusterrolebindings"));
    let wanted = cluster_roles().into_iter().map(|role| (&roles, role, "rules"));
    let wanted = wanted.chain(cluster_role_bindings().into_iter().map(|binding| (&bindings, binding, "subjects")));
    try_join_all(wanted.map(|(kind, object, member)| repair_one(core, kind, object, member))).await?;
    Ok(())
}

async fn repair_one(core: &Arc<Core>, kind: &Arc<Kind>, wanted: Value, member: &'static str) -> Result<(), Status> {
    let name = wanted["metadata"].str("name").to_owned();
    let Some(found) = core.read(kind, "", &name)? else { return ensure(core, kind, "", wanted).await };
    let Some(list) = completed(&found, &wanted, member) else { return Ok(()) };
    let mut call = system_call(Verb::Update, kind, &name);
    let options = WriteOptions::parse(&call.query, Write::Update)?;
    let mut change = |old: &Value| {
        let mut object = old.clone();
        object[member] = completed(old, &wanted, member).unwrap_or_else(|| list.clone());
        Ok(Next { object, managed_fields: ManagedFields::Kept, warnings: Vec::new() })
    };
    update::change(core, &mut call, &options, Part::Main, &mut change).await.map(drop)
}

/// The list of an object with what it lacks of the wanted one's; `None` if it lacks nothing, or nobody may change it.
fn completed(found: &Value, wanted: &Value, member: &str) -> Option<Value> {
    if found["metadata"]["annotations"].str(AUTO_UPDATE) == "false" {
        return None;
    }
    let mut list = found.items(member).to_vec();
    let added: Vec<Value> = match member {
        // Those of an aggregated role come from others.
        "rules" if found.has("aggregationRule") => Vec::new(),
        "rules" => {
            let owned = Rule::all_of(found);
            let lacked = Rule::all_of(wanted).into_iter().filter(|rule| missing(&owned, std::slice::from_ref(rule)).is_some());
            lacked.map(|rule| rule.to_value()).collect()
        }
        _ => wanted.items(member).iter().filter(|item| !list.contains(item)).cloned().collect(),
    };
    let lacks = !added.is_empty();
    list.extend(added);
    lacks.then(|| list.into())
}

fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    let mut resources = resources.to_vec();
    resources.sort_unstable();
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

fn paths(urls: &[&str]) -> Value {
    json!({"verbs": ["get"], "nonResourceURLs": urls})
}

fn role(name: &str, labels: &[(&str, &str)], rules: Vec<Value>) -> Value {
    let mut metadata = json!({"name": name, "annotations": {AUTO_UPDATE: "true"}, "labels": {BOOTSTRAPPING: "rbac-defaults"}});
    for (label, value) in labels {
        metadata["labels"][*label] = (*value).into();
    }
    json!({"metadata": metadata, "rules": rules})
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

fn cluster_roles() -> Vec<Value> {
    let everything =
        vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})];
    let all = |lists: &[Vec<Value>]| lists.concat();
    let discovery =
        ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"];
    let issuer = ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"];
    let monitoring = ["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"];
    vec![
        role("cluster-admin", &[], everything),
        aggregated("admin", &[TO_ADMIN], &[], all(&[admin(), edit(), view()])),
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

fn cluster_role_bindings() -> Vec<Value> {
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
        let subjects: Vec<Value> = groups.iter().map(|group| json!({"kind": "Group", "apiGroup": API_GROUP, "name": group})).collect();
        json!({
            "metadata": {"name": name, "annotations": {AUTO_UPDATE: "true"}, "labels": {BOOTSTRAPPING: "rbac-defaults"}},
            "roleRef": {"apiGroup": API_GROUP, "kind": "ClusterRole", "name": name},
            "subjects": subjects,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_lacks_is_added_and_nothing_else() {
        // A9
        let wanted = role("r", &[], vec![rule(READ, "", &["pods"]), rule(CREATE, "apps", &["deployments"])]);
        assert_eq!(completed(&wanted, &wanted, "rules"), None);
        let mut found = role("r", &[], vec![rule(READ, "", &["pods", "secrets"])]);
        assert_eq!(completed(&found, &wanted, "rules").unwrap().as_array().unwrap().len(), 2);
        found["metadata"]["annotations"][AUTO_UPDATE] = "false".into();
        assert_eq!(completed(&found, &wanted, "rules"), None);
    }

    #[test]
    fn subjects_come_back() {
        let wanted = &cluster_role_bindings()[3];
        let mut found = wanted.clone();
        found["subjects"] = json!([wanted["subjects"][1], {"kind": "User", "apiGroup": API_GROUP, "name": "eve"}]);
        assert_eq!(completed(&found, wanted, "subjects").unwrap().as_array().unwrap().len(), 3);
    }
}
