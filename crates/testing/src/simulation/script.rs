//! What the user of a simulated world does, drawn from its seed: sets made, scaled, updated, deleted; pods killed; a
//! namespace emptied.

use super::chance::Chance;
use stead_api::{Value, json};

/// One request of the user.
#[derive(Debug, Clone)]
pub struct Act {
    pub method: &'static str,
    pub path: String,
    pub content_type: &'static str,
    pub body: Value,
}

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
/// What of a set never changes, also when it is made again: a pod that was orphaned cannot be given the claims of a new template.
struct Set {
    namespace: &'static str,
    name: &'static str,
    policy: &'static str,
    has_claims: bool,
}

/// When the user rests, in microseconds.
pub const END: i64 = 40_000_000;

/// The requests with their times, in order.
pub fn draw(chance: &mut Chance) -> Vec<(i64, Act)> {
    let mut acts = Vec::new();
    let which = chance.below(3);
    let mut set = |namespace, name, policy| Set { namespace, name, policy, has_claims: chance.one_in(2) };
    let mut sets = vec![set("default", "web", "OrderedReady")];
    match which {
        0 => {}
        1 => sets.push(set("default", "par", "Parallel")),
        _ => sets.push(set("other", "par", "Parallel")),
    }
    if sets.iter().any(|set| set.namespace == "other") {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}});
        acts.push((1000, Act { method: "POST", path: "/api/v1/namespaces".into(), content_type: JSON, body }));
        if chance.one_in(2) {
            acts.push((
                chance.between(5_000_000, END),
                Act { method: "DELETE", path: "/api/v1/namespaces/other".into(), content_type: JSON, body: json!({}) },
            ));
        }
    }
    acts.push((1000, super::claims::class(super::claims::FIRST_CONSUMER, "WaitForFirstConsumer")));
    for set in &sets {
        acts.push((2000, service(set.namespace, set.name)));
        acts.push((chance.between(2000, 500_000), create(set, chance)));
        for _ in 0..chance.between(2, 7) {
            acts.push((chance.between(500_000, END), change(set, chance)));
        }
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// An ordered set of three, and nothing after it.
pub fn set_of_three() -> Act {
    let labels = json!({"app": "web"});
    let body = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {"replicas": 3, "serviceName": "web", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}},
    });
    Act { method: "POST", path: collection("default"), content_type: JSON, body }
}

/// The Service of a set, whose pods it publishes.
pub fn service(namespace: &str, name: &str) -> Act {
    let spec = json!({"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80}]});
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
    Act { method: "POST", path: format!("/api/v1/namespaces/{namespace}/services"), content_type: JSON, body }
}

fn collection(namespace: &str) -> String {
    format!("/apis/apps/v1/namespaces/{namespace}/statefulsets")
}

fn create(set: &Set, chance: &mut Chance) -> Act {
    let name = set.name;
    let labels = json!({"app": name});
    let mut body = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "replicas": chance.between(1, 5), "serviceName": name, "selector": {"matchLabels": labels},
            "podManagementPolicy": set.policy,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": chance.between(1, 3)}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
    });
    if set.has_claims {
        let claim = json!({
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": super::claims::FIRST_CONSUMER,
        });
        body["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": super::claims::OF_SETS}, "spec": claim}]);
        let policy = |chance: &mut Chance| if chance.one_in(2) { "Delete" } else { "Retain" };
        let (deleted, scaled) = (policy(chance), policy(chance));
        body["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({"whenDeleted": deleted, "whenScaled": scaled});
    }
    Act { method: "POST", path: collection(set.namespace), content_type: JSON, body }
}

fn change(set: &Set, chance: &mut Chance) -> Act {
    let Set { namespace, name, .. } = *set;
    let path = format!("{}/{name}", collection(namespace));
    let patch = |spec: Value| Act { method: "PATCH", path: path.clone(), content_type: MERGE, body: json!({ "spec": spec }) };
    match chance.below(10) {
        0..=2 => patch(json!({"replicas": chance.between(0, 5)})),
        3 | 4 => {
            let image = format!("i:{}", chance.between(1, 4));
            patch(json!({"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}))
        }
        5 => patch(json!({"updateStrategy": {"rollingUpdate": {"partition": chance.between(0, 4)}}})),
        6 | 7 => {
            let pod = format!("/api/v1/namespaces/{namespace}/pods/{name}-{}", chance.between(0, 4));
            Act { method: "DELETE", path: pod, content_type: JSON, body: json!({}) }
        }
        8 => {
            let policy = ["Background", "Foreground", "Orphan"][usize::try_from(chance.below(3)).unwrap_or(0)];
            Act { method: "DELETE", path, content_type: JSON, body: json!({"propagationPolicy": policy}) }
        }
        _ => create(set, chance),
    }
}
