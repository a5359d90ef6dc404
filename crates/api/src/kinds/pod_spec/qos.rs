//! The quality-of-service class of a pod: Guaranteed, Burstable or BestEffort, from its requests and limits.

use super::amount::{self, Amounts};
use crate::{Map, Value, value::Access};

/// Computes `status.qosClass` from a pod's spec.
pub fn class(spec: &Value) -> &'static str {
    let pod_level = spec.map("resources").filter(|r| non_empty(r, "requests") || non_empty(r, "limits"));
    let of_pod = pod_level.map(|r| Value::Object(r.clone()));
    let parts: Vec<&Value> = match &of_pod {
        Some(resources) => vec![resources],
        None => spec.items("containers").iter().chain(spec.items("initContainers")).map(|c| &c["resources"]).collect(),
    };
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut guaranteed = true;
    for resources in parts {
        amount::add(&mut requests, &counted(resources.map("requests")));
        let part_limits = counted(resources.map("limits"));
        // A pod-level list without limits does not by itself rule Guaranteed out; the comparison below does.
        if (of_pod.is_none() || !part_limits.is_empty()) && part_limits.len() < 2 {
            guaranteed = false;
        }
        amount::add(&mut limits, &part_limits);
    }
    if requests.is_empty() && limits.is_empty() {
        return "BestEffort";
    }
    guaranteed &= requests.iter().all(|(name, request)| limits.get(name) == Some(request));
    if guaranteed && requests.len() == limits.len() { "Guaranteed" } else { "Burstable" }
}

fn non_empty(resources: &Map<String, Value>, member: &str) -> bool {
    resources.get(member).and_then(Value::as_object).is_some_and(|m| !m.is_empty())
}

/// What counts for the class: cpu and memory above zero.
fn counted(list: Option<&Map<String, Value>>) -> Amounts {
    let mut amounts = amount::amounts(list);
    amounts.retain(|name, amount| matches!(name.as_str(), "cpu" | "memory") && amount.signum() > 0);
    amounts
}

#[cfg(test)]
mod tests {
    use super::class;
    use crate::json;

    // W20: qosClass is set on create.
    #[test]
    fn classes() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(class(&json!({"containers": [{"resources": {}}]})), "BestEffort");
        assert_eq!(class(&json!({"containers": [{"resources": {"limits": both, "requests": both}}]})), "Guaranteed");
        assert_eq!(class(&json!({"containers": [{"resources": {"requests": {"cpu": "1"}}}]})), "Burstable");
        assert_eq!(class(&json!({"containers": [{"resources": {}}], "resources": {"limits": both, "requests": both}})), "Guaranteed");
    }
}
