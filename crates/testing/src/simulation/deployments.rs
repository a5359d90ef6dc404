//! Deployments and a quota in a namespace of their own: what a user does with them, and what is not as it was asked to be. Input: the
//! chance of a world; the server. Output: requests; one line for each thing that is wrong.

use super::api::Api;
use super::chance::Chance;
use super::script::{Act, END};
use stead_api::{Value, json, value::Access};

pub const NAMESPACE: &str = "apps";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const NAMES: [&str; 2] = ["one", "two"];

/// The requests with their times.
pub fn draw(chance: &mut Chance) -> Vec<(i64, Act)> {
    let post = |path: String, body: Value| Act { method: "POST", path, content_type: JSON, body };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let hard = json!({"pods": "50", "count/deployments.apps": "5", "count/replicasets.apps": "50", "configmaps": "50"});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}});
    let mut acts = vec![
        (1000, post("/api/v1/namespaces".to_owned(), namespace)),
        (chance.between(2000, END), post(format!("/api/v1/namespaces/{NAMESPACE}/resourcequotas"), quota)),
    ];
    for name in NAMES {
        acts.push((chance.between(2000, 500_000), create(name, chance)));
        for _ in 0..chance.between(2, 7) {
            acts.push((chance.between(500_000, END), change(name, chance)));
        }
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

fn collection() -> String {
    format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments")
}

fn create(name: &str, chance: &mut Chance) -> Act {
    let labels = json!({"app": name});
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": chance.between(0, 5), "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
    });
    Act { method: "POST", path: collection(), content_type: JSON, body }
}

fn change(name: &str, chance: &mut Chance) -> Act {
    let path = format!("{}/{name}", collection());
    let patch = |spec: Value| Act { method: "PATCH", path: path.clone(), content_type: MERGE, body: json!({ "spec": spec }) };
    match chance.below(10) {
        0..=3 => patch(json!({"replicas": chance.between(0, 5)})),
        4..=6 => {
            let image = format!("i:{}", chance.between(1, 4));
            patch(json!({"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}))
        }
        7 => {
            let policy = if chance.one_in(2) { "Background" } else { "Foreground" };
            Act { method: "DELETE", path, content_type: JSON, body: json!({"propagationPolicy": policy}) }
        }
        _ => create(name, chance),
    }
}

/// What is not as it was asked to be.
pub fn unmet(api: &Api) -> Result<Vec<String>, String> {
    let list = |path: &str| api.get(path).map_err(|e| e.to_string());
    let core = |plural: &str| list(&format!("/api/v1/namespaces/{NAMESPACE}/{plural}"));
    let (deployments, quotas) = (list(&collection())?, core("resourcequotas")?);
    if deployments.items("items").is_empty() && quotas.items("items").is_empty() {
        return Ok(Vec::new());
    }
    let (pods, maps) = (core("pods")?, core("configmaps")?);
    let sets = list(&format!("/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"))?;
    let mut unmet: Vec<String> = deployments.items("items").iter().filter_map(unlike_its_spec).collect();
    let is_over = |pod: &&Value| matches!(pod["status"].str("phase"), "Failed" | "Succeeded");
    let alive = pods.items("items").iter().filter(|pod| !is_over(pod)).count();
    let wanted: i64 = deployments.items("items").iter().map(|deployment| deployment["spec"].int("replicas").unwrap_or(1)).sum();
    if i64::try_from(alive).ok() != Some(wanted) {
        unmet.push(format!("{wanted} pods of Deployments are wanted, {alive} are there"));
    }
    let counted = [
        ("pods", alive),
        ("count/deployments.apps", deployments.items("items").len()),
        ("count/replicasets.apps", sets.items("items").len()),
        ("configmaps", maps.items("items").len()),
    ];
    for quota in quotas.items("items") {
        let used = &quota["status"]["used"];
        let wrong = counted.iter().filter(|(name, count)| used.str(name) != count.to_string());
        unmet.extend(wrong.map(|(name, count)| format!("there are {count} {name}, and the quota says {used}")));
    }
    Ok(unmet)
}

fn unlike_its_spec(deployment: &Value) -> Option<String> {
    let (meta, spec, status) = (&deployment["metadata"], &deployment["spec"], &deployment["status"]);
    let replicas = spec.int("replicas").unwrap_or(1);
    let counts = ["replicas", "updatedReplicas", "availableReplicas"].map(|member| status.int(member).unwrap_or(0));
    let is_met = !meta.has("deletionTimestamp")
        && status.int("observedGeneration") == meta.int("generation")
        && counts.iter().all(|count| *count == replicas);
    (!is_met).then(|| format!("Deployment {}: {replicas} replicas, status {status}", meta.str("name")))
}
