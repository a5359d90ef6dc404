//! Quality of service and what follows from it: cgroup shares, quota, memory limit, OOM score (POD-10, CG-1, CG-4, CG-5, CG-7).

use crate::runtime::{Limits, Qos};
use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::value::Access;

const SHARES_MIN: i64 = 2;
const SHARES_MAX: i64 = 262_144;
const QUOTA_MIN_US: i64 = 1000;
const PERIOD_US: i64 = 100_000;

/// The pod's class.
pub fn qos(pod: &Value) -> Qos {
    let spec = &pod["spec"];
    let containers = || spec.items("containers").iter().chain(spec.items("initContainers"));
    let amount = |c: &Value, list: &str, what: &str| quantity(&c["resources"][list], what);
    let any = containers()
        .any(|c| ["requests", "limits"].iter().any(|list| ["cpu", "memory"].iter().any(|what| amount(c, list, what).is_some())));
    if !any {
        return Qos::BestEffort;
    }
    let equal = |c: &Value, what: &str| {
        let limit = amount(c, "limits", what);
        limit.is_some() && amount(c, "requests", what).is_none_or(|request| Some(request) == limit)
    };
    if containers().all(|c| equal(c, "cpu") && equal(c, "memory")) { Qos::Guaranteed } else { Qos::Burstable }
}

/// A positive amount in a resource list, in thousandths.
fn quantity(list: &Value, what: &str) -> Option<i64> {
    let milli = Quantity::parse(list.str(what)).ok()?.milli_value_ceil();
    (milli > 0).then_some(milli)
}

/// The cgroup settings of one container on a node with that much memory (bytes).
pub fn limits(pod: &Value, container: &Value, node_memory_bytes: i64) -> Limits {
    let resources = &container["resources"];
    let cpu_limit = quantity(&resources["limits"], "cpu");
    let memory_limit = quantity(&resources["limits"], "memory").map(|milli| milli / 1000);
    let cpu_request = quantity(&resources["requests"], "cpu").or(cpu_limit).unwrap_or_default();
    let shares = (cpu_request * 1024 / 1000).clamp(SHARES_MIN, SHARES_MAX);
    Limits {
        cpu_shares: u64::try_from(shares).unwrap_or_default(),
        cpu_quota_us: cpu_limit.map(|milli| (milli * PERIOD_US / 1000).max(QUOTA_MIN_US)),
        memory_bytes: memory_limit,
        oom_score_adj: oom_score_adj(pod, resources, node_memory_bytes),
    }
}

fn oom_score_adj(pod: &Value, resources: &Value, node_memory_bytes: i64) -> i32 {
    let memory_request = quantity(&resources["requests"], "memory").map_or(0, |milli| milli / 1000);
    match qos(pod) {
        Qos::Guaranteed => -997,
        Qos::BestEffort => 1000,
        Qos::Burstable => {
            let score = 1000 - i128::from(memory_request) * 1000 / i128::from(node_memory_bytes.max(1));
            i32::try_from(score.clamp(3, 999)).unwrap_or(999)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod(resources: Value) -> Value {
        json!({"spec": {"containers": [{"name": "c", "resources": resources}]}})
    }

    #[test]
    fn classes() {
        // POD-10
        let cases = [
            (json!({}), Qos::BestEffort),
            (json!({"requests": {"cpu": "1"}}), Qos::Burstable),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}), Qos::Guaranteed),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}}), Qos::Burstable),
            (json!({"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}), Qos::Burstable),
            (json!({"limits": {"cpu": "0"}}), Qos::BestEffort),
        ];
        for (resources, class) in cases {
            assert_eq!(qos(&pod(resources.clone())), class, "{resources}");
        }
    }

    #[test]
    fn shares_and_quota() {
        // CG-4, CG-5
        let limits_of = |resources: Value| {
            let pod = pod(resources);
            limits(&pod, &pod["spec"]["containers"][0], 1 << 30)
        };
        assert_eq!(limits_of(json!({})).cpu_shares, 2);
        assert_eq!(limits_of(json!({"requests": {"cpu": "250m"}})).cpu_shares, 256);
        assert_eq!(limits_of(json!({"limits": {"cpu": "500m"}})).cpu_quota_us, Some(50_000));
        assert_eq!(limits_of(json!({"limits": {"cpu": "1m"}})).cpu_quota_us, Some(1000));
        assert_eq!(limits_of(json!({"limits": {"memory": "1Mi"}})).memory_bytes, Some(1 << 20));
    }

    #[test]
    fn oom_scores() {
        // CG-1
        let score = |resources: Value| {
            let pod = pod(resources);
            limits(&pod, &pod["spec"]["containers"][0], 1 << 30).oom_score_adj
        };
        assert_eq!(score(json!({})), 1000);
        assert_eq!(score(json!({"requests": {"memory": "512Mi"}})), 500);
        assert_eq!(score(json!({"requests": {"memory": "4Gi"}})), 3);
        assert_eq!(score(json!({"requests": {"cpu": "1"}})), 999);
        assert_eq!(score(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}})), -997);
    }
}
