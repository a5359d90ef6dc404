//! Documents made from two samples.

use super::*;
use crate::host::Memory;
use crate::runtime::{Pressure, Pressures, Stall, Usage};
use stead_api::json;

fn pod() -> Arc<Value> {
    Arc::new(json!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "status": {"startTime": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "c", "resources": {"limits": {"memory": "64Mi"}}}],
            "volumes": [{"name": "e", "emptyDir": {}}, {"name": "m", "emptyDir": {"medium": "Memory"}},
                {"name": "d", "persistentVolumeClaim": {"claimName": "data-0"}}, {"name": "scratch", "ephemeral": {}}]}}))
}

/// Of processors and disks, none of memory.
fn pressure() -> Pressures {
    let some = Stall { avg10: 1234, avg60: 50, avg300: 0, total_us: 99 };
    let pressure = Some(Pressure { some, full: Stall::default() });
    Pressures { cpu: pressure, memory: None, io: pressure }
}

fn sample(at: i64, cpu_ns: u64) -> Sample {
    let usage = Usage {
        cpu_ns,
        memory_bytes: 5000,
        working_set_bytes: 4096,
        rss_bytes: 3000,
        swap_bytes: 7,
        processes: 3,
        pressure: pressure(),
        ..Usage::default()
    };
    let disk = DiskUsage { layer_bytes: 100, layer_inodes: 1, log_bytes: 20, log_inodes: 1 };
    let container = ContainerSample { attempt: 0, started_at: Timestamp::from_seconds(1000), usage, disk };
    let volume = |used_bytes| VolumeSample {
        used_bytes,
        used_inodes: 2,
        disk: Disk { capacity_bytes: 1 << 30, ..Disk::default() },
        is_device: false,
    };
    let pod = PodSample {
        object: pod(),
        total: usage,
        network: vec![Interface { name: "eth0".to_owned(), rx_bytes: 70, tx_bytes: 80, ..Interface::default() }],
        containers: BTreeMap::from([("c".to_owned(), container)]),
        volumes: [("e", 3), ("m", 50), ("d", 900), ("scratch", 8)].map(|(name, used)| (name.to_owned(), volume(used))).into(),
    };
    let memory = Memory { total: 1 << 30, usage: 1 << 29, working_set: 1 << 28, ..Memory::default() };
    let host = HostUsage { cpu_ns: cpu_ns * 2, memory, processes: 9, processes_max: 100, ..HostUsage::default() };
    let booted_at = Timestamp::from_seconds(500);
    Sample { at: Timestamp::from_seconds(at), booted_at, host, image_bytes: 77, pods: BTreeMap::from([("u".to_owned(), pod)]) }
}

fn samples() -> Samples {
    let stats = Stats::default();
    stats.put("n", sample(2000, 1_000_000_000));
    stats.put("n", sample(2010, 2_000_000_000))
}

#[test]
fn the_summary_tells_of_node_pods_and_containers() {
    // STAT-1, STAT-2, STAT-3
    let told = summary("n", &samples(), Detail::Everything);
    let node = &told["node"];
    assert_eq!((&node["nodeName"], &node["cpu"]["usageNanoCores"]), (&json!("n"), &json!(200_000_000)));
    assert_eq!(node["memory"]["availableBytes"], (1_u64 << 30) - (1 << 28));
    assert_eq!((&node["rlimit"]["maxpid"], &node["runtime"]["imageFs"]["usedBytes"]), (&json!(100), &json!(77)));
    assert_eq!(
        (&node["systemContainers"][0]["name"], &node["systemContainers"][0]["cpu"]["usageNanoCores"]),
        (&json!("pods"), &json!(100_000_000))
    );
    let pod = &told["pods"][0];
    assert_eq!(pod["podRef"], json!({"name": "p", "namespace": "ns", "uid": "u"}));
    assert_eq!((&pod["cpu"]["usageNanoCores"], &pod["cpu"]["usageCoreNanoSeconds"]), (&json!(100_000_000), &json!(2_000_000_000)));
    assert_eq!(pod["memory"]["availableBytes"], (64 << 20) - 4096);
    assert_eq!(pod["ephemeral-storage"]["usedBytes"], 123, "without the memory and the claim");
    assert_eq!((&pod["process_stats"]["process_count"], &pod["swap"]["swapUsageBytes"]), (&json!(3), &json!(7)));
    for (volume, claim, used_bytes) in [("d", "data-0", 900), ("scratch", "p-scratch", 8)] {
        let told = pod["volume"].as_array().unwrap().iter().find(|told| told["name"] == volume).unwrap();
        assert_eq!((&told["pvcRef"], &told["usedBytes"]), (&json!({"name": claim, "namespace": "ns"}), &json!(used_bytes)));
    }
    let container = &pod["containers"][0];
    assert_eq!(
        (&container["name"], &container["rootfs"]["usedBytes"], &container["logs"]["usedBytes"]),
        (&json!("c"), &json!(100), &json!(20))
    );
    assert_eq!(container["startTime"], "1970-01-01T00:16:40Z");
}

#[test]
fn a_pod_tells_of_its_own_network_and_of_what_its_processes_waited_for() {
    // STAT-1, STAT-2
    let pod = &summary("n", &samples(), Detail::Everything)["pods"][0];
    let eth0 = json!({"name": "eth0", "rxBytes": 70, "rxErrors": 0, "txBytes": 80, "txErrors": 0});
    assert_eq!((&pod["network"]["name"], &pod["network"]["interfaces"]), (&json!("eth0"), &json!([eth0])));
    let some = json!({"total": 99, "avg10": 12.34, "avg60": 0.5, "avg300": 0.0});
    for stats in [pod, &pod["containers"][0]] {
        assert_eq!((&stats["cpu"]["psi"]["some"], &stats["io"]["psi"]["some"]), (&some, &some));
        assert!(stats["memory"].get("psi").is_none(), "the kernel keeps no account of it");
    }
    let brief = summary("n", &samples(), Detail::CpuAndMemory);
    assert!(brief["pods"][0].get("io").is_none() && brief["pods"][0]["cpu"].get("psi").is_some());
}

#[test]
fn a_brief_summary_has_cpu_and_memory_only() {
    // STAT-1
    let told = summary("n", &samples(), Detail::CpuAndMemory);
    assert!(
        told["node"].get("fs").is_none()
            && told["pods"][0].get("volume").is_none()
            && told["pods"][0]["containers"][0].get("logs").is_none()
    );
    assert_eq!(told["pods"][0]["memory"]["workingSetBytes"], 4096);
}

#[test]
fn one_sample_has_no_rate() {
    // STAT-3, STAT-5
    let stats = Stats::default();
    let one = stats.put("n", sample(2000, 5));
    assert!(summary("n", &one, Detail::Everything)["pods"][0]["cpu"].get("usageNanoCores").is_none());
    assert_eq!((node_top(&one), pod_tops(&one)), (None, vec![]));
    assert_eq!(summary("n", &Samples::default(), Detail::Everything)["pods"], json!([]));
}

#[test]
fn top_is_the_rate_between_two_samples() {
    // STAT-5
    let found = samples();
    let node = node_top(&found).unwrap();
    assert_eq!((node.usage.cpu_nano_cores, node.usage.memory_bytes, node.window.as_secs()), (200_000_000, 1 << 28, 10));
    let pods = pod_tops(&found);
    assert_eq!(pods[0].containers, [("c".to_owned(), Amount { cpu_nano_cores: 100_000_000, memory_bytes: 4096 })]);
    // A container that was restarted has no second sample yet.
    let stats = Stats::default();
    stats.put("n", sample(2000, 9));
    let mut restarted = sample(2010, 1);
    restarted.pods.get_mut("u").unwrap().containers.get_mut("c").unwrap().attempt = 1;
    assert_eq!(pod_tops(&stats.put("n", restarted)), []);
}

#[test]
fn metrics_server_finds_its_numbers() {
    // STAT-4
    let page = resource_metrics(&samples());
    for line in [
        "container_cpu_usage_seconds_total{container=\"c\",namespace=\"ns\",pod=\"p\"} 2 2010000",
        "container_memory_working_set_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 4096 2010000",
        "container_start_time_seconds{container=\"c\",namespace=\"ns\",pod=\"p\"} 1000 2010000",
        "container_swap_usage_bytes{container=\"c\",namespace=\"ns\",pod=\"p\"} 7 2010000",
        "node_cpu_usage_seconds_total 4 2010000",
        "node_memory_working_set_bytes 268435456 2010000",
        "pod_cpu_usage_seconds_total{namespace=\"ns\",pod=\"p\"} 2 2010000",
        "pod_memory_working_set_bytes{namespace=\"ns\",pod=\"p\"} 4096 2010000",
        "# TYPE pod_swap_usage_bytes gauge",
        "resource_scrape_error 0",
    ] {
        assert!(page.lines().any(|other| other == line), "{line} is not in\n{page}");
    }
    assert!(resource_metrics(&Samples::default()).contains("\nresource_scrape_error 1\n"));
}

#[test]
fn claims_and_running_pods_are_counted() {
    // STAT-6
    let page = metrics("n", &samples());
    for line in [
        "kubelet_node_name{node=\"n\"} 1",
        "kubelet_running_containers{container_state=\"running\"} 1",
        "kubelet_running_pods 1",
        "kubelet_volume_stats_used_bytes{namespace=\"ns\",persistentvolumeclaim=\"data-0\"} 900",
        "kubelet_volume_stats_used_bytes{namespace=\"ns\",persistentvolumeclaim=\"p-scratch\"} 8",
        "kubelet_volume_stats_capacity_bytes{namespace=\"ns\",persistentvolumeclaim=\"data-0\"} 1073741824",
    ] {
        assert!(page.lines().any(|other| other == line), "{line} is not in\n{page}");
    }
}

#[test]
fn of_a_device_only_its_capacity_is_known() {
    // STAT-2, STAT-6
    let mut device = sample(2000, 5);
    let volumes = &mut device.pods.get_mut("u").unwrap().volumes;
    volumes.retain(|name, _| name == "d");
    volumes.get_mut("d").unwrap().is_device = true;
    let samples = Stats::default().put("n", device);
    let told = &summary("n", &samples, Detail::Everything)["pods"][0]["volume"][0];
    assert_eq!((&told["capacityBytes"], told.get("availableBytes"), told.get("usedBytes")), (&json!(1 << 30), None, None));
    assert_eq!(metrics("n", &samples).lines().filter(|line| line.contains("persistentvolumeclaim=")).count(), 1);
}

#[test]
fn what_lies_in_memory_is_not_on_disk() {
    // CG-13, VOL-3
    let pod = json!({"spec": {"volumes": [{"name": "map", "configMap": {"name": "m"}}, {"name": "secret", "secret": {"secretName": "s"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]}});
    assert_eq!(["map", "secret", "token", "none"].map(|volume| is_ephemeral(&pod, volume)), [true, false, false, false]);
}
