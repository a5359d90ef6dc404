//! From a pod's requests and limits to what the kernel is told: cgroup shares, quota, memory limit, OOM score (CG-1, CG-4, CG-5, CG-7). Pure.

use crate::runtime::{Limits, QosClass};
use stead_api::Value;
use stead_api::kinds::pod_spec::amount::{self, Amounts};
use stead_api::kinds::pod_spec::totals;
use stead_api::value::Access;

const SHARES_MIN: i64 = 2;
const SHARES_MAX: i64 = 262_144;
const QUOTA_MIN_US: i64 = 1000;
const PERIOD_US: i64 = 100_000;
/// The priority of `system-node-critical`: whatever has it is killed last.
const NODE_CRITICAL: i64 = 2_000_001_000;

/// The settings of one container's cgroup. What it has no limit for, it shares with the pod.
pub fn container_limits(pod: &Value, container: &Value) -> Limits {
    let requests = amounts(container, "requests");
    let (own, of_pod) = (amounts(container, "limits"), amounts(&pod["spec"], "limits"));
    let cpu_limit = cpu_milli(&own).or_else(|| cpu_milli(&of_pod));
    let memory_limit = memory_bytes(&own).or_else(|| memory_bytes(&of_pod));
    Limits {
        cpu_shares: shares(cpu_milli(&requests).or(cpu_limit).unwrap_or_default()),
        cpu_quota_us: cpu_limit.map(quota_us),
        memory_bytes: memory_limit,
    }
}

/// The settings of the cgroup around a pod's containers, which none of them can reach. A resource is limited if the pod says so, or each of
/// its containers.
pub fn pod_limits(pod: &Value) -> Limits {
    let spec = &pod["spec"];
    let (requests, limits) = (totals::pod_requests(spec), totals::pod_limits(spec));
    let of_pod = amounts(spec, "limits");
    let all_have = |amount: fn(&Amounts) -> Option<i64>| {
        let mut containers = spec.items("containers").iter().chain(spec.items("initContainers"));
        amount(&of_pod).is_some() || containers.all(|c| amount(&amounts(c, "limits")).is_some())
    };
    Limits {
        cpu_shares: shares(cpu_milli(&requests).unwrap_or_default()),
        cpu_quota_us: cpu_milli(&limits).filter(|_| all_have(cpu_milli)).map(quota_us),
        memory_bytes: memory_bytes(&limits).filter(|_| all_have(memory_bytes)),
    }
}

/// What the burstable tier as a whole weighs against pods with guarantees: the sum of its pods (CG-4). Pods that ask for nothing add nothing.
pub fn tier_shares(pods: impl Iterator<Item = u64>) -> u64 {
    let least = SHARES_MIN.cast_unsigned();
    pods.filter(|shares| *shares > least).sum::<u64>().clamp(least, SHARES_MAX.cast_unsigned())
}

/// The shares of a number of CPUs.
pub fn shares(cpu_milli: i64) -> u64 {
    (cpu_milli.saturating_mul(1024) / 1000).clamp(SHARES_MIN, SHARES_MAX).cast_unsigned()
}

fn quota_us(cpu_milli: i64) -> i64 {
    (cpu_milli.saturating_mul(PERIOD_US) / 1000).max(QUOTA_MIN_US)
}

/// Amounts of resources of a container, or of a pod.
pub fn amounts(owner: &Value, member: &str) -> Amounts {
    amount::amounts(owner["resources"].map(member))
}

fn cpu_milli(list: &Amounts) -> Option<i64> {
    list.get("cpu").filter(|amount| amount.signum() > 0).map(|amount| amount.milli_value_ceil())
}

fn memory_bytes(list: &Amounts) -> Option<i64> {
    list.get("memory").filter(|amount| amount.signum() > 0).map(|amount| amount.value_ceil())
}

/// How soon the kernel kills a container when the node runs out of memory: -997 (last) to 1000 (first).
pub fn oom_score_adj(pod: &Value, container: &Value, node_memory_bytes: i64) -> i32 {
    let spec = &pod["spec"];
    if spec.int("priority").is_some_and(|priority| priority >= NODE_CRITICAL) {
        return -997;
    }
    match QosClass::of(pod) {
        QosClass::Guaranteed => -997,
        QosClass::BestEffort => 1000,
        QosClass::Burstable => {
            let own = burstable_score(spec, container, node_memory_bytes);
            let regular = spec.items("containers").iter().map(|c| burstable_score(spec, c, node_memory_bytes)).min();
            // A sidecar lasts as long as those that need it.
            let sidecar = stead_api::kinds::pod_spec::is_sidecar(container);
            regular.filter(|_| sidecar).map_or(own, |regular| regular.min(own))
        }
    }
}

fn burstable_score(spec: &Value, container: &Value, node_memory_bytes: i64) -> i32 {
    let own = memory_bytes(&amounts(container, "requests")).unwrap_or_default();
    // What the pod asks for beyond its containers counts in equal parts.
    let of_pod = memory_bytes(&amounts(spec, "requests")).unwrap_or_default();
    let of_containers = memory_bytes(&totals::requests(spec)).unwrap_or_default();
    let containers = spec.items("containers").len() + spec.items("initContainers").len();
    let rest = i128::from((of_pod - of_containers).max(0)) / containers.max(1) as i128;
    let score = 1000 - (i128::from(own) + rest) * 1000 / i128::from(node_memory_bytes.max(1));
    i32::try_from(score.clamp(3, 999)).unwrap_or(999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod(resources: Value) -> Value {
        json!({"spec": {"containers": [{"name": "c", "resources": resources}]}})
    }

    #[test]
    fn shares_and_quota_of_a_container() {
        // CG-4, CG-5
        let limits_of = |resources: Value| {
            let pod = pod(resources);
            container_limits(&pod, &pod["spec"]["containers"][0])
        };
        assert_eq!(limits_of(json!({})), Limits { cpu_shares: 2, cpu_quota_us: None, memory_bytes: None });
        assert_eq!(limits_of(json!({"requests": {"cpu": "250m"}})).cpu_shares, 256);
        assert_eq!(limits_of(json!({"limits": {"cpu": "500m"}})).cpu_quota_us, Some(50_000));
        assert_eq!(limits_of(json!({"limits": {"cpu": "1m"}})).cpu_quota_us, Some(1000));
        assert_eq!(limits_of(json!({"limits": {"memory": "1Mi"}})).memory_bytes, Some(1 << 20));
    }

    #[test]
    fn a_pod_is_limited_where_each_of_its_containers_is() {
        // CG-7
        let with = |resources: [Value; 2]| {
            let containers: Vec<Value> = resources.into_iter().map(|r| json!({"resources": r})).collect();
            pod_limits(&json!({"spec": {"containers": containers}}))
        };
        let (cpu, memory) = (json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "250m"}}), json!({"limits": {"memory": "64Mi"}}));
        let both = json!({"limits": {"cpu": "1", "memory": "64Mi"}, "requests": {"cpu": "1", "memory": "64Mi"}});
        assert_eq!(with([json!({}), json!({})]), Limits { cpu_shares: 2, cpu_quota_us: None, memory_bytes: None });
        assert_eq!(with([cpu.clone(), memory.clone()]), Limits { cpu_shares: 256, cpu_quota_us: None, memory_bytes: None });
        assert_eq!(with([cpu.clone(), cpu]), Limits { cpu_shares: 512, cpu_quota_us: Some(100_000), memory_bytes: None });
        assert_eq!(with([memory, both.clone()]).memory_bytes, Some(128 << 20));
        assert_eq!(with([both.clone(), both]), Limits { cpu_shares: 2048, cpu_quota_us: Some(200_000), memory_bytes: Some(128 << 20) });
    }

    #[test]
    fn an_init_container_without_a_limit_leaves_the_pod_without_one() {
        // CG-7
        let limited = json!({"resources": {"limits": {"memory": "64Mi"}}});
        assert_eq!(pod_limits(&json!({"spec": {"containers": [limited], "initContainers": [{"name": "i"}]}})).memory_bytes, None);
        assert_eq!(pod_limits(&json!({"spec": {"containers": [limited], "initContainers": [limited]}})).memory_bytes, Some(64 << 20));
    }

    #[test]
    fn pod_level_resources_hold_for_the_pod_and_for_containers_without_their_own() {
        // CG-7
        let pod = json!({"spec": {"resources": {"limits": {"cpu": "2", "memory": "64Mi"}, "requests": {"cpu": "1", "memory": "64Mi"}},
            "containers": [{"name": "a"}, {"name": "b", "resources": {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}}}]}});
        assert_eq!(pod_limits(&pod), Limits { cpu_shares: 1024, cpu_quota_us: Some(200_000), memory_bytes: Some(64 << 20) });
        let of = |n: usize| container_limits(&pod, &pod["spec"]["containers"][n]);
        assert_eq!(of(0), Limits { cpu_shares: 2048, cpu_quota_us: Some(200_000), memory_bytes: Some(64 << 20) });
        assert_eq!(of(1).memory_bytes, Some(16 << 20));
        // CG-1: 48Mi are nobody's own, 24Mi for each.
        let score = |n: usize| oom_score_adj(&pod, &pod["spec"]["containers"][n], 1 << 30);
        assert_eq!((score(0), score(1)), (977, 961));
    }

    #[test]
    fn the_burstable_tier_weighs_what_its_pods_ask_for() {
        // CG-4
        assert_eq!(tier_shares([].into_iter()), 2);
        assert_eq!(tier_shares([2, 2, 256, 1024].into_iter()), 1280);
        assert_eq!(tier_shares([262_144, 262_144].into_iter()), 262_144);
    }

    #[test]
    fn oom_scores() {
        // CG-1
        let score = |resources: Value| {
            let pod = pod(resources);
            oom_score_adj(&pod, &pod["spec"]["containers"][0], 1 << 30)
        };
        assert_eq!(score(json!({})), 1000);
        assert_eq!(score(json!({"requests": {"memory": "512Mi"}})), 500);
        assert_eq!(score(json!({"requests": {"memory": "4Gi"}})), 3);
        assert_eq!(score(json!({"requests": {"cpu": "1"}})), 999);
        assert_eq!(score(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}})), -997);
        let mut critical = pod(json!({}));
        critical["spec"]["priority"] = NODE_CRITICAL.into();
        assert_eq!(oom_score_adj(&critical, &critical["spec"]["containers"][0], 1 << 30), -997);
    }

    #[test]
    fn a_sidecar_has_the_lowest_score_of_the_containers_it_serves() {
        // CG-1
        let pod = json!({"spec": {"containers": [{"resources": {"requests": {"memory": "512Mi"}}}, {"name": "small"}],
            "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]}});
        let score = |n: usize| oom_score_adj(&pod, &pod["spec"]["initContainers"][n], 1 << 30);
        assert_eq!((score(0), score(1)), (500, 999));
    }
}
