//! What the rules of 5,000 Services cost on a node, without traffic: memory, all of them applied at once, one of them changed, in a network
//! namespace of its own (root). Owns the measuring; its limits are only printed.

use anyhow::{Result, ensure};
use nix::sched::{CloneFlags, unshare};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};
use stead_proxy::{AddressRange, Applier, Settings, State};

const SERVICES: u32 = 5_000;
const EACH: u32 = 2;
const CHANGES: u32 = 100;

fn main() -> Result<()> {
    ensure!(nix::unistd::geteuid().is_root(), "rules need root");
    unshare(CloneFlags::CLONE_NEWNET)?;
    let mut out = std::io::stdout().lock();
    let mut applier = Applier::open(State::new(settings()))?;
    applier
        .state
        .set_node(&json!({"metadata": {"name": "here"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}));
    applier.apply()?;
    let before = memory_bytes()?;
    for n in 0..SERVICES {
        applier.state.put_service(&service(n));
        applier.state.put_slice(&slice(n, EACH, 42));
    }
    let begun = Instant::now();
    let applied = applier.apply()?;
    let took = begun.elapsed();
    writeln!(out, "| quantity | aim | measured |\n|---|---|---|")?;
    let endpoints = SERVICES * EACH;
    writeln!(out, "| {endpoints} endpoints of {SERVICES} Services applied at once | 200 ms | {took:.1?} ({} kB) |", applied.bytes / 1000)?;
    // As the server does from time to time.
    stead_sys::memory::give_back();
    let memory = memory_bytes()?.saturating_sub(before);
    writeln!(out, "| memory for {SERVICES} Services | 30 MB | {:.1} MB |", memory as f64 / 1e6)?;
    let (median, longest) = one_change(&mut applier)?;
    writeln!(out, "| one change among {SERVICES} Services, p50 / longest of {CHANGES} | 5 ms | {median:.1?} / {longest:.1?} |")?;
    Ok(())
}

/// Endpoints of one Service after another become others.
fn one_change(applier: &mut Applier) -> Result<(Duration, Duration)> {
    let mut times = Vec::new();
    for n in 0..CHANGES {
        applier.state.put_slice(&slice(n * 7, 1 + n % 3, 200));
        let begun = Instant::now();
        let applied = applier.apply()?;
        times.push(begun.elapsed());
        ensure!(applied.services == 1, "one Service alone is touched");
    }
    times.sort();
    Ok((times[times.len() / 2], times[times.len() - 1]))
}

fn settings() -> Settings {
    let pod_ranges = AddressRange::parse("10.42.0.0/16").into_iter().collect();
    Settings { table: "stead-bench".to_owned(), links: "stbench".to_owned(), all_links: "st".to_owned(), pod_ranges }
}

fn service(n: u32) -> Value {
    let spec =
        json!({"clusterIP": format!("10.43.{}.{}", n / 250, n % 250), "ports": [{"port": 80, "protocol": "TCP"}], "type": "ClusterIP"});
    json!({"metadata": {"namespace": "default", "name": format!("s{n}")}, "spec": spec})
}

/// So many endpoints in a range of pods' addresses.
fn slice(n: u32, count: u32, range: u32) -> Value {
    let address = |k: u32| format!("10.{range}.{}.{}", (EACH * n + k) / 250 % 250, (EACH * n + k) % 250);
    let endpoints: Vec<Value> =
        (0..count).map(|k| json!({"addresses": [address(k)], "nodeName": "there", "conditions": {"ready": true}})).collect();
    let labels = json!({"kubernetes.io/service-name": format!("s{n}")});
    json!({"metadata": {"namespace": "default", "name": format!("s{n}-1"), "labels": labels}, "addressType": "IPv4",
        "ports": [{"port": 8080, "protocol": "TCP"}], "endpoints": endpoints})
}

/// What of this process is in memory.
fn memory_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(pages * 4096)
}
