//! Samples and what follows from them.

use super::*;
use crate::host::{Disk, HostUsage, Memory};
use crate::runtime::{DiskUsage, Usage};
use crate::stats::{ContainerSample, VolumeSample};
use std::sync::Arc;
use stead_api::{Value, json};
use thresholds::{Limit, Lists, thresholds};

const MI: u64 = 1 << 20;

fn now(seconds: u64) -> Duration {
    Duration::from_secs(1000 + seconds)
}

/// A node with so much memory and disk available.
fn node(memory_mi: u64, disk_mi: u64) -> Sample {
    let memory = Memory { total: 1024 * MI, working_set: (1024 - memory_mi) * MI, ..Memory::default() };
    let disk = Disk {
        capacity_bytes: 2000 * MI,
        available_bytes: disk_mi * MI,
        used_bytes: (1000 - disk_mi) * MI,
        inodes: 1000,
        inodes_free: 900,
    };
    Sample { host: HostUsage { memory, disk, processes: 10, processes_max: 100, ..HostUsage::default() }, ..Sample::default() }
}

fn pod(spec: Value, memory_mi: u64, disk_mi: u64) -> PodSample {
    let mut spec = spec;
    spec.as_object_mut().unwrap().entry("containers").or_insert(json!([{}]));
    spec["containers"][0]["name"] = "c".into();
    let usage = Usage { working_set_bytes: memory_mi * MI, processes: memory_mi, ..Usage::default() };
    let disk = DiskUsage { layer_bytes: disk_mi * MI, ..DiskUsage::default() };
    let container = ContainerSample { usage, disk, ..ContainerSample::default() };
    PodSample {
        object: Arc::new(json!({ "spec": spec })),
        total: usage,
        network: Vec::new(),
        containers: BTreeMap::from([("c".to_owned(), container)]),
        volumes: BTreeMap::new(),
    }
}

fn asking(memory: &str, priority: i64) -> Value {
    json!({"containers": [{"resources": {"requests": {"memory": memory}}}], "priority": priority})
}

fn with(mut sample: Sample, pods: Vec<(&str, PodSample)>) -> Sample {
    sample.pods = pods.into_iter().map(|(uid, pod)| (uid.to_owned(), pod)).collect();
    sample
}

fn uids(decision: &Decision) -> Vec<&str> {
    decision.evictions.iter().map(|eviction| eviction.uid.as_str()).collect()
}

#[test]
fn a_node_with_room_evicts_nobody() {
    let mut evictor = Evictor::new(Config::default());
    let sample = with(node(500, 500), vec![("a", pod(json!({}), 400, 400))]);
    assert_eq!(evictor.decide(now(0), &sample, Reclaimed::NotYet), Decision::default());
}

#[test]
fn one_pod_goes_when_memory_is_short_with_the_reason_in_words() {
    // NODE-10, NODE-12
    let mut evictor = Evictor::new(Config::default());
    let sample = with(node(80, 500), vec![("a", pod(asking("64Mi", 0), 300, 0)), ("b", pod(asking("600Mi", 0), 500, 0))]);
    let decision = evictor.decide(now(0), &sample, Reclaimed::NotYet);
    assert_eq!((decision.pressures.as_slice(), decision.reclaiming, decision.reclaim), (&["MemoryPressure"][..], Some("memory"), false));
    let message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. \
                   Container c was using 300Mi, request is 64Mi, has larger consumption of memory. ";
    let expected = Eviction { uid: "a".into(), message: message.into(), grace_s: 1, disrupts: true };
    assert_eq!(decision.evictions, [expected]);
    // Its end is waited for, and then the next is looked for.
    assert_eq!(uids(&evictor.decide(now(10), &sample, Reclaimed::NotYet)), [""; 0]);
    assert_eq!(uids(&evictor.decide(now(40), &sample, Reclaimed::NotYet)), ["a"]);
    let gone = with(node(80, 500), vec![("b", pod(asking("600Mi", 0), 500, 0))]);
    assert_eq!(uids(&evictor.decide(now(41), &gone, Reclaimed::NotYet)), ["b"]);
}

#[test]
fn those_over_their_request_go_first_then_the_less_important_then_the_greedy() {
    // NODE-11
    let pods = vec![
        ("within", pod(asking("600Mi", 0), 500, 0)),
        ("important", pod(asking("10Mi", 100), 400, 0)),
        ("small", pod(asking("10Mi", 1), 20, 0)),
        ("greedy", pod(asking("10Mi", 1), 30, 0)),
        ("critical", pod(asking("0", crate::admission::CRITICAL), 900, 0)),
    ];
    let mut evictor = Evictor::new(Config::default());
    let mut left = with(node(80, 500), pods);
    let mut order = Vec::new();
    for round in 0..5 {
        let decision = evictor.decide(now(round), &left, Reclaimed::NotYet);
        for uid in uids(&decision) {
            order.push(uid.to_owned());
        }
        order.last().map(|uid| left.pods.remove(uid));
    }
    assert_eq!(order, ["greedy", "small", "important", "within"], "a critical pod is spared");
}

#[test]
fn a_condition_is_held_for_a_while() {
    // NODE-10
    let mut evictor = Evictor::new(Config::default());
    assert_eq!(evictor.decide(now(0), &node(80, 500), Reclaimed::NotYet).pressures, ["MemoryPressure"]);
    assert_eq!(evictor.decide(now(299), &node(500, 500), Reclaimed::NotYet).pressures, ["MemoryPressure"]);
    assert_eq!(evictor.decide(now(300), &node(500, 500), Reclaimed::NotYet).pressures, [""; 0]);
}

#[test]
fn of_a_full_disk_what_no_pod_needs_goes_first() {
    // GC-4
    let mut evictor = Evictor::new(Config::default());
    let pods = || vec![("a", pod(json!({}), 0, 3)), ("b", pod(json!({}), 0, 300))];
    let full = with(node(500, 40), pods());
    let decision = evictor.decide(now(0), &full, Reclaimed::NotYet);
    assert_eq!(
        (decision.pressures.as_slice(), decision.reclaiming, decision.reclaim),
        (&["DiskPressure"][..], Some("ephemeral-storage"), true)
    );
    assert_eq!(uids(&decision), [""; 0]);
    assert_eq!(uids(&evictor.decide(now(0), &with(node(500, 400), pods()), Reclaimed::Done)), [""; 0], "that was enough");
    let decision = evictor.decide(now(1), &full, Reclaimed::Done);
    assert_eq!(uids(&decision), ["b"]);
    let text = "The node was low on resource: ephemeral-storage. Threshold quantity: 50Mi, available: 40Mi. \
                Container c was using 300Mi, request is 0, has larger consumption of ephemeral-storage. ";
    assert_eq!(decision.evictions[0].message, text);
}

#[test]
fn a_soft_threshold_has_its_grace_and_gives_the_pods_some() {
    // NODE-11
    let mut threshold = thresholds("memory.available<200Mi").unwrap().remove(0);
    threshold.grace = Grace::After(Duration::from_secs(60));
    let mut evictor = Evictor::new(Config { thresholds: vec![threshold], grace_s_max: Some(20), ..Config::default() });
    let sample = with(node(150, 500), vec![("a", pod(json!({}), 300, 0))]);
    assert_eq!(evictor.decide(now(0), &sample, Reclaimed::NotYet).pressures, ["MemoryPressure"]);
    assert_eq!(uids(&evictor.decide(now(59), &sample, Reclaimed::NotYet)), [""; 0]);
    let decision = evictor.decide(now(60), &sample, Reclaimed::NotYet);
    assert_eq!((uids(&decision), decision.evictions[0].grace_s), (vec!["a"], 20));
}

#[test]
fn what_is_reclaimed_must_be_enough() {
    // NODE-10: the least that is to be got back.
    let mut threshold = thresholds("memory.available<100Mi").unwrap().remove(0);
    threshold.min_reclaim = Some(Limit::Amount(50 * MI));
    let config = Config { thresholds: vec![threshold], transition: Duration::ZERO, ..Config::default() };
    let mut evictor = Evictor::new(config);
    let pressures = |evictor: &mut Evictor, at, memory_mi| evictor.decide(now(at), &node(memory_mi, 500), Reclaimed::NotYet).pressures;
    assert_eq!(pressures(&mut evictor, 0, 120), [""; 0]);
    assert_eq!(pressures(&mut evictor, 1, 90), ["MemoryPressure"]);
    assert_eq!(pressures(&mut evictor, 2, 120), ["MemoryPressure"]);
    assert_eq!(pressures(&mut evictor, 3, 151), [""; 0]);
    assert_eq!(pressures(&mut evictor, 4, 120), [""; 0]);
}

#[test]
fn when_processes_are_short_the_pod_with_most_goes() {
    let config = Config { thresholds: thresholds("pid.available<95").unwrap(), ..Config::default() };
    let sample = with(node(500, 500), vec![("a", pod(json!({}), 3, 0)), ("b", pod(json!({}), 30, 0))]);
    let decision = Evictor::new(config).decide(now(0), &sample, Reclaimed::NotYet);
    assert_eq!((decision.pressures.as_slice(), uids(&decision)), (&["PIDPressure"][..], vec!["b"]));
    assert_eq!(decision.evictions[0].message, "The node was low on resource: pids. Threshold quantity: 95, available: 90. ");
}

#[test]
fn a_pod_over_its_own_limits_is_evicted_though_the_node_has_room() {
    // NODE-13, CG-13
    let evicted = |spec: Value, disk_mi: u64, volume_mi: u64| {
        let mut pod = pod(spec, 0, disk_mi);
        pod.volumes.insert("v".into(), VolumeSample { used_bytes: volume_mi * MI, ..VolumeSample::default() });
        let decision = Evictor::new(Config::default()).decide(now(0), &with(node(500, 500), vec![("a", pod)]), Reclaimed::NotYet);
        decision.evictions.into_iter().next().map(|eviction| (eviction.message, eviction.disrupts))
    };
    let volume = |limit: &str| json!({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": limit}}]});
    assert_eq!(evicted(volume("1Mi"), 0, 2), Some(("Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ".into(), false)));
    assert_eq!(evicted(volume("1Mi"), 0, 1), None);
    assert_eq!(evicted(volume("0"), 0, 9), None);
    let limited = |volumes: Value| json!({"containers": [{"resources": {"limits": {"ephemeral-storage": "10Mi"}}}], "volumes": volumes});
    let text = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ";
    assert_eq!(evicted(limited(json!([{"name": "v", "emptyDir": {}}])), 6, 5), Some((text.into(), false)));
    assert_eq!(evicted(limited(json!([{"name": "v", "emptyDir": {"medium": "Memory"}}])), 6, 5), None);
    let two = json!({"containers": [{"resources": {"limits": {"ephemeral-storage": "10Mi"}}},
        {"name": "d", "resources": {"limits": {"ephemeral-storage": "10Mi"}}}]});
    assert_eq!(evicted(two, 12, 0), Some(("Container c exceeded its local ephemeral storage limit \"10Mi\". ".into(), false)));
}

#[test]
fn thresholds_are_read_as_a_kubelet_writes_them() {
    // NODE-10
    assert_eq!(thresholds("").unwrap(), []);
    let read = thresholds("memory.available<100Mi, nodefs.available<10.5%").unwrap();
    assert_eq!((read[0].signal, read[0].limit, read[1].limit), (Signal::Memory, Limit::Amount(100 * MI), Limit::Percent(10.5)));
    assert_eq!(thresholds("memory.available<0%,nodefs.available<100%").unwrap(), [], "that is how one is switched off");
    for wrong in [
        "memory.available",
        "memory.free<1Mi",
        "memory.available<-1",
        "memory.available<0",
        "nodefs.available<101%",
        "memory.available<x",
        "memory.available<1Mi,memory.available<2Mi",
    ] {
        assert!(thresholds(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn soft_thresholds_need_a_grace_and_hard_ones_have_none() {
    // NODE-10
    let lists = Lists {
        hard: "memory.available<100Mi",
        soft: "memory.available<300Mi,pid.available<5%",
        soft_grace: "memory.available=1m30s,pid.available=0",
        minimum_reclaim: "memory.available=50Mi,nodefs.available=5%",
    };
    let read = lists.read().unwrap();
    let graces: Vec<Grace> = read.iter().map(|threshold| threshold.grace).collect();
    assert_eq!(graces, [Grace::None, Grace::After(Duration::from_secs(90)), Grace::After(Duration::ZERO)]);
    assert_eq!(read[1].min_reclaim, Some(Limit::Amount(50 * MI)));
    let refused = |lists: Lists<'_>| lists.read().unwrap_err();
    let missing = "a grace period must be given for the soft threshold pid.available";
    assert_eq!(refused(Lists { soft_grace: "memory.available=5s", ..lists }), missing);
    assert_eq!(refused(Lists { soft_grace: "memory.available=-5s", ..lists }), "\"-5s\" is no duration such as 1m30s");
    assert_eq!(refused(Lists { soft_grace: "memory.available", ..lists }), "\"memory.available\" is not of the form SIGNAL=VALUE");
    assert_eq!(refused(Lists { minimum_reclaim: "pid.available=0%", ..lists }), "the least to reclaim of pid.available must be positive");
    assert_eq!(refused(Lists { minimum_reclaim: "pid.available=-1", ..lists }), "\"-1\" is negative");
}

#[test]
fn a_pod_evicted_by_a_soft_threshold_has_its_own_time_but_not_more_than_allowed() {
    // NODE-11
    let grace = |own: Value, grace_s_max| {
        let soft = Lists { soft: "memory.available<100Mi", soft_grace: "memory.available=0", ..Lists::default() };
        let config = Config { thresholds: soft.read().unwrap(), grace_s_max, ..Config::default() };
        let pod = pod(json!({"terminationGracePeriodSeconds": own}), 300, 0);
        let decision = Evictor::new(config).decide(now(0), &with(node(80, 500), vec![("a", pod)]), Reclaimed::NotYet);
        decision.evictions[0].grace_s
    };
    assert_eq!((grace(json!(20), Some(5)), grace(json!(3), Some(5)), grace(json!(20), Some(0))), (5, 3, 1));
    assert_eq!((grace(json!(20), None), grace(json!(null), None)), (20, 30));
}
