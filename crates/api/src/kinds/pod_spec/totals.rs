//! What a pod asks for as a whole: sidecars count beside the containers, init containers one at a time.

use super::{
    amount::{self, Amounts},
    is_sidecar,
};
use crate::{Value, value::Access};

/// The sum of the requests of the containers of a spec.
pub fn requests(spec: &Value) -> Amounts {
    of(spec, "requests")
}

/// The sum of the limits of the containers of a spec.
pub fn limits(spec: &Value) -> Amounts {
    of(spec, "limits")
}

/// What a pod asks for: its own requests where it has some, else its containers' together, and its overhead.
pub fn pod_requests(spec: &Value) -> Amounts {
    with_overhead(spec, requests(spec))
}

/// As [`pod_requests`], where a container that was given more than it asks for counts for that, until its node has taken it back.
pub fn pod_requests_and_given(spec: &Value, status: &Value) -> Amounts {
    let own = |container: &Value| {
        let mut own = amount::amounts(container["resources"].map("requests"));
        let statuses = status.items("containerStatuses").iter().chain(status.items("initContainerStatuses"));
        for given in statuses.filter(|given| given.str("name") == container.str("name")) {
            amount::raise(&mut own, &amount::amounts(given.map("allocatedResources")));
            amount::raise(&mut own, &amount::amounts(given["resources"].map("requests")));
        }
        own
    };
    with_overhead(spec, together(spec, own))
}

/// The pod's own requests in place of its containers', and its overhead.
fn with_overhead(spec: &Value, mut total: Amounts) -> Amounts {
    total.extend(amount::amounts(spec["resources"].map("requests")));
    amount::add(&mut total, &overhead(spec));
    total
}

/// As [`pod_requests`], where a container that asks for nothing of something counts for so much.
pub fn pod_requests_of_at_least(spec: &Value, least: &Amounts) -> Amounts {
    let own = |container: &Value| {
        let mut own = least.clone();
        own.extend(amount::amounts(container["resources"].map("requests")));
        own
    };
    with_overhead(spec, together(spec, own))
}

/// What a pod is limited to: its own limits where it has some, else its containers' together; where there is one its overhead comes on top.
pub fn pod_limits(spec: &Value) -> Amounts {
    let mut total = limits(spec);
    total.extend(amount::amounts(spec["resources"].map("limits")));
    let mut more = overhead(spec);
    more.retain(|name, _| total.contains_key(name));
    amount::add(&mut total, &more);
    total
}

fn overhead(spec: &Value) -> Amounts {
    amount::amounts(spec.map("overhead"))
}

fn of(spec: &Value, member: &str) -> Amounts {
    together(spec, |container| amount::amounts(container["resources"].map(member)))
}

fn together(spec: &Value, own: impl Fn(&Value) -> Amounts) -> Amounts {
    let mut sum = Amounts::new();
    for container in spec.items("containers") {
        amount::add(&mut sum, &own(container));
    }
    let (mut sidecars, mut highest) = (Amounts::new(), Amounts::new());
    for container in spec.items("initContainers") {
        let mut at_once = own(container);
        if is_sidecar(container) {
            amount::add(&mut sum, &at_once);
            amount::add(&mut sidecars, &at_once);
            at_once.clone_from(&sidecars);
        } else {
            amount::add(&mut at_once, &sidecars);
        }
        amount::raise(&mut highest, &at_once);
    }
    amount::raise(&mut sum, &highest);
    sum
}

#[cfg(test)]
mod tests {
    use crate::json;

    // W20: pod-level requests are defaulted from the sum over the containers.
    #[test]
    fn init_containers_count_one_at_a_time() {
        let cpu = |value: &str| json!({"resources": {"requests": {"cpu": value}}});
        let spec = json!({"containers": [cpu("1"), cpu("1")], "initContainers": [cpu("3"), cpu("1")]});
        assert_eq!(super::requests(&spec)["cpu"].to_string(), "3");
    }

    // SCH-55
    #[test]
    fn what_a_container_has_still_counts_beside_what_it_asks_for() {
        let asks = |name: &str, cpu: &str| json!({"name": name, "resources": {"requests": {"cpu": cpu}}});
        let spec = json!({"containers": [asks("a", "1"), asks("b", "1")]});
        for (status, total) in [
            (json!({}), "2"),
            (json!({"containerStatuses": [{"name": "a", "allocatedResources": {"cpu": "3"}}]}), "4"),
            (
                json!({"containerStatuses": [{"name": "b", "resources": {"requests": {"cpu": "3"}}, "allocatedResources": {"cpu": "2"}}]}),
                "4",
            ),
            (
                json!({"containerStatuses": [{"name": "b", "resources": {"requests": {"cpu": "500m"}}}, {"name": "c", "allocatedResources": {"cpu": "9"}}]}),
                "2",
            ),
        ] {
            assert_eq!(super::pod_requests_and_given(&spec, &status)["cpu"].to_string(), total, "{status}");
        }
    }

    // CG-7
    #[test]
    fn a_pod_s_own_resources_stand_for_its_containers() {
        let spec = json!({"containers": [{"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}],
            "resources": {"limits": {"memory": "2Gi"}}, "overhead": {"memory": "1Gi", "example.com/x": "1"}});
        let limits = super::pod_limits(&spec);
        assert_eq!((limits["cpu"].to_string().as_str(), limits["memory"].to_string().as_str(), limits.len()), ("1", "3Gi", 2));
        assert_eq!(super::pod_requests(&spec)["memory"].to_string(), "1Gi");
    }
}
