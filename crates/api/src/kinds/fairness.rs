//! What FlowSchemas and PriorityLevelConfigurations have in common, and those that every cluster begins with: the mandatory ones, whose
//! specs stay as they are, and the ones that upstream suggests.

use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    value::Access,
};
use std::collections::BTreeSet;

/// The level of requests that never wait, and the schema of those whose they are.
pub const EXEMPT: &str = "exempt";
const CATCH_ALL: &str = "catch-all";
/// Annotation: whether a spec follows the program's own.
const AUTO_UPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

pub(super) fn validate_status(object: &Value) -> Errors {
    let mut seen = BTreeSet::new();
    let mut errors = Errors::new();
    for (index, condition) in object["status"].items("conditions").iter().enumerate() {
        let (ty, at) = (condition.str("type"), Path::new("status").child("conditions").index(index).child("type"));
        if !seen.insert(ty) {
            errors.push(field::duplicate(&at, ty));
        }
        if ty.is_empty() {
            errors.push(field::required(&at, "must not be empty"));
        }
    }
    errors
}

/// The spec of a level that no cluster may change.
pub(super) fn mandatory_level(name: &str) -> Option<Value> {
    mandatory(name, levels())
}

/// The spec of a schema that no cluster may change.
pub(super) fn mandatory_schema(name: &str) -> Option<Value> {
    mandatory(name, schemas())
}

fn mandatory(name: &str, all: Vec<Value>) -> Option<Value> {
    let found = all.into_iter().find(|object| object["metadata"].str("name") == name)?;
    matches!(name, EXEMPT | CATCH_ALL).then(|| found["spec"].clone())
}

fn named(name: &str, spec: Value) -> Value {
    json!({"metadata": {"name": name, "annotations": {AUTO_UPDATE: "true"}}, "spec": spec})
}

/// The levels of a new cluster.
pub fn levels() -> Vec<Value> {
    let limited = |name: &str, shares: i64, lendable_percent: i64, response: Value| {
        let limited = json!({"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lendable_percent});
        named(name, json!({"type": "Limited", "limited": limited}))
    };
    let queue = |queues: i64, hand: i64| json!({"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": 50}});
    vec![
        named(EXEMPT, json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}})),
        limited(CATCH_ALL, 5, 0, json!({"type": "Reject"})),
        limited("system", 30, 33, queue(64, 6)),
        limited("node-high", 40, 25, queue(64, 6)),
        limited("leader-election", 10, 0, queue(16, 4)),
        limited("workload-high", 40, 50, queue(128, 6)),
        limited("workload-low", 100, 90, queue(128, 6)),
        limited("global-default", 20, 50, queue(128, 6)),
    ]
}

fn groups(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"kind": "Group", "group": {"name": name}})).collect()
}

fn users(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"kind": "User", "user": {"name": name}})).collect()
}

/// Service accounts of kube-system.
fn accounts(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": name}})).collect()
}

/// A rule about what of one group is asked for in these namespaces.
fn resources(verbs: &[&str], group: &str, resources: &[&str], namespace: &str) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources, "namespaces": [namespace]})
}

/// A rule for subjects, whatever they ask for.
fn anything(subjects: Vec<Value>) -> Value {
    let resources = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"]});
    json!({"subjects": subjects, "resourceRules": [resources], "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]})
}

/// The schemas of a new cluster.
pub fn schemas() -> Vec<Value> {
    const EVERYBODY: [&str; 2] = ["system:unauthenticated", "system:authenticated"];
    const CONTROLLERS: &str = "system:kube-controller-manager";
    const WRITE: [&str; 3] = ["get", "create", "update"];
    const LEASES: &str = "coordination.k8s.io";
    let schema = |name: &str, level: &str, precedence: i64, method: &str, rule: Value| {
        let mut spec = json!({"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence});
        if !method.is_empty() {
            spec["distinguisherMethod"] = json!({"type": method});
        }
        spec["rules"] = json!([rule]);
        named(name, spec)
    };
    let leases = || resources(&WRITE, LEASES, &["leases"], "*");
    let mut nodes = resources(&["*"], "", &["nodes", "nodes/status"], "*");
    nodes["clusterScope"] = true.into();
    let node_leases = resources(&["*"], LEASES, &["leases"], "kube-node-lease");
    let leaders = [users(&[CONTROLLERS, "system:kube-scheduler"]), accounts(&["*"])].concat();
    let endpoints = [users(&[CONTROLLERS]), accounts(&["endpoint-controller", "endpointslicemirroring-controller"])].concat();
    let health = json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]});
    vec![
        schema(EXEMPT, EXEMPT, 1, "", anything(groups(&["system:masters"]))),
        schema("probes", EXEMPT, 2, "", json!({"subjects": groups(&EVERYBODY), "nonResourceRules": [health]})),
        schema("system-leader-election", "leader-election", 100, "ByUser", json!({"subjects": leaders, "resourceRules": [leases()]})),
        schema(
            "endpoint-controller",
            "workload-high",
            150,
            "ByUser",
            json!({"subjects": endpoints, "resourceRules": [resources(&WRITE, "", &["endpoints"], "*")]}),
        ),
        schema(
            "workload-leader-election",
            "leader-election",
            200,
            "ByUser",
            json!({"subjects": accounts(&["*"]), "resourceRules": [leases()]}),
        ),
        schema(
            "system-node-high",
            "node-high",
            400,
            "ByUser",
            json!({"subjects": groups(&["system:nodes"]), "resourceRules": [nodes, node_leases]}),
        ),
        schema("system-nodes", "system", 500, "ByUser", anything(groups(&["system:nodes"]))),
        schema("kube-controller-manager", "workload-high", 800, "ByNamespace", anything(users(&[CONTROLLERS]))),
        schema("kube-scheduler", "workload-high", 800, "ByNamespace", anything(users(&["system:kube-scheduler"]))),
        schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", anything(accounts(&["*"]))),
        schema("service-accounts", "workload-low", 9000, "ByUser", anything(groups(&["system:serviceaccounts"]))),
        schema("global-default", "global-default", 9900, "ByUser", anything(groups(&EVERYBODY))),
        schema(CATCH_ALL, CATCH_ALL, 10_000, "ByUser", anything(groups(&EVERYBODY))),
    ]
}
