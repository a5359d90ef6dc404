//! The quality-of-service class of a pod: Guaranteed, Burstable or BestEffort, from its requests and limits.

use super::amount::{self, Amounts};
use crate::{Map, Value, value::Access};

/// How safe a pod is when its node runs short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QosClass {
    /// Every container has limits for CPU and memory and asks for all of them.
    Guaranteed,
    /// Something is asked for.
    Burstable,
    /// Nothing is asked for.
    BestEffort,
}

impl QosClass {
    /// The class of a pod: the one that it was given when it was made, which never changes, else the one of its spec.
    pub fn of(pod: &Value) -> QosClass {
        Self::from_name(pod["status"].str("qosClass")).unwrap_or_else(|| class(&pod["spec"]))
    }

    /// As `status.qosClass` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }

    /// The reverse of [`QosClass::as_str`].
    pub fn from_name(name: &str) -> Option<QosClass> {
        [Self::Guaranteed, Self::Burstable, Self::BestEffort].into_iter().find(|class| class.as_str() == name)
    }
}

/// The class of a pod's spec.
pub fn class(spec: &Value) -> QosClass {
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
        return QosClass::BestEffort;
    }
    guaranteed &= requests.iter().all(|(name, request)| limits.get(name) == Some(request));
    if guaranteed && requests.len() == limits.len() { QosClass::Guaranteed } else { QosClass::Burstable }
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
    use super::{QosClass, class};
    use crate::{Value, json};

    fn of_container(resources: Value) -> QosClass {
        class(&json!({"containers": [{"resources": resources}]}))
    }

    // POD-10; W20: qosClass is set on create.
    #[test]
    fn classes() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(of_container(json!({})), QosClass::BestEffort);
        assert_eq!(of_container(json!({"limits": {"cpu": "0"}})), QosClass::BestEffort);
        assert_eq!(of_container(json!({"limits": both, "requests": both})), QosClass::Guaranteed);
        assert_eq!(of_container(json!({"limits": both, "requests": {"cpu": "500m", "memory": "1Gi"}})), QosClass::Burstable);
        assert_eq!(of_container(json!({"requests": {"cpu": "1"}})), QosClass::Burstable);
        assert_eq!(of_container(json!({"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}})), QosClass::Burstable);
    }

    // POD-10
    #[test]
    fn pod_level_resources_decide_alone() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        let pod_level = |resources: Value| class(&json!({"containers": [{"resources": {}}], "resources": resources}));
        assert_eq!(pod_level(json!({"limits": both, "requests": both})), QosClass::Guaranteed);
        assert_eq!(pod_level(json!({"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}})), QosClass::Burstable);
    }

    // POD-10
    #[test]
    fn a_pod_keeps_the_class_that_it_was_given() {
        let pod = json!({"spec": {"containers": [{"resources": {}}]}, "status": {"qosClass": "Guaranteed"}});
        assert_eq!(QosClass::of(&pod), QosClass::Guaranteed);
        assert_eq!(QosClass::of(&json!({"spec": pod["spec"]})), QosClass::BestEffort);
    }
}
