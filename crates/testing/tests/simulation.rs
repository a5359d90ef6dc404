//! A hundred simulated worlds, in four parts that run side by side, some with Deployments, Jobs or CronJobs. A failing seed is printed; `STEAD_SEED=N cargo
//! test -p stead-testing --test simulation one_seed -- --nocapture` runs it again, with `one_seed_of_jobs` one with Jobs.

use stead_testing::simulation::{Fault, run, run_cron_jobs, run_deployments, run_jobs, run_with};

fn seeds(range: std::ops::Range<u64>) {
    let mut bound = 0;
    for seed in range {
        let report = run(seed);
        bound += report.bound;
        if let Some(failure) = report.failure {
            panic!("{failure}");
        }
    }
    assert!(bound > 10, "{bound} claims were bound: nothing was tried");
}

#[test]
fn seeds_000_to_024() {
    seeds(0..25);
}

#[test]
fn seeds_025_to_049() {
    seeds(25..50);
}

#[test]
fn seeds_050_to_074() {
    seeds(50..75);
}

#[test]
fn seeds_075_to_099() {
    seeds(75..100);
}

#[test]
fn deployments_are_rolled_out_and_quotas_say_what_there_is() {
    for seed in 0..10 {
        if let Some(failure) = run_deployments(seed).failure {
            panic!("{failure}");
        }
    }
}

#[test]
fn jobs_count_each_pod_once_and_end() {
    let mut finished = 0;
    for seed in 0..25 {
        let report = run_jobs(seed);
        finished += report.finished;
        if let Some(failure) = report.failure {
            panic!("{failure}");
        }
    }
    assert!(finished > 25, "{finished} Jobs ended: nothing was tried");
}

#[test]
fn cron_jobs_make_one_job_for_each_slot() {
    let mut finished = 0;
    for seed in 10..25 {
        let report = run_cron_jobs(seed);
        finished += report.finished;
        if let Some(failure) = report.failure {
            panic!("{failure}");
        }
    }
    assert!(finished > 30, "{finished} of their Jobs ended: nothing was tried");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, second, other) = (run(7), run(7), run(8));
    assert_eq!(first, second);
    assert_ne!(first.hash, other.hash);
    assert!(first.steps > 100, "{first:?}");
}

/// The seed that the environment names, else the first.
fn named_seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how a developer names the seed to look at")]
    std::env::var("STEAD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[test]
fn one_seed_of_jobs() {
    if let Some(failure) = run_jobs(named_seed()).failure {
        panic!("{failure}");
    }
}

#[test]
fn one_seed() {
    let report = run(named_seed());
    let (ended_s, grown) = (report.ended as f64 / 1e6, report.grown_at_start);
    println!("{} steps, {ended_s:.1} s of virtual time, {grown} images grown at a start, hash {:x}", report.steps, report.hash);
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
}

const SECOND: i64 = 1_000_000;

/// A set of three comes up, a fault happens after half a minute, and all must be well again. How often pods were marked NotReady.
fn survives(faults: &[(i64, Fault)]) -> u64 {
    let report = run_with(1, faults);
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
    assert!(report.ended < 150 * SECOND, "not well by {} s", report.ended / SECOND);
    report.marked_unready
}

#[test]
fn pods_of_a_suspended_laptop_are_ready_again() {
    // NODE-5: all stands still, and when it goes on, the wall clock has jumped by a night. The node may be taken for lost.
    survives(&[(30 * SECOND, Fault::ClockJump(8 * 3600 * SECOND))]);
    survives(&[
        (30 * SECOND, Fault::AgentStall(0, 4 * SECOND)),
        (31 * SECOND, Fault::ClockJump(8 * 3600 * SECOND)),
        (32 * SECOND, Fault::ControllersCrash),
    ]);
}

#[test]
fn pods_are_ready_again_after_a_stall_of_a_minute() {
    survives(&[(30 * SECOND, Fault::Stall(60 * SECOND))]);
    let stalls = [(30 * SECOND, Fault::AgentStall(0, 60 * SECOND)), (30 * SECOND, Fault::AgentStall(1, 60 * SECOND))];
    assert!(survives(&stalls) > 0, "nobody took the nodes for lost");
}

#[test]
fn a_clock_that_jumps_forward_and_back_leaves_pods_ready() {
    survives(&[(30 * SECOND, Fault::ClockJump(3600 * SECOND)), (35 * SECOND, Fault::ClockJump(-7200 * SECOND))]);
}

#[test]
fn an_agent_that_crashes_finds_its_containers_again() {
    // SHIM-7
    survives(&[(30 * SECOND, Fault::AgentCrash(0)), (30 * SECOND, Fault::AgentCrash(1)), (33 * SECOND, Fault::ServerCrash)]);
}

/// Moments while the set comes up, and one when it is up.
fn moments() -> impl Iterator<Item = i64> {
    (0..6).map(|n| 2_000 + n * 321_000).chain([30 * SECOND])
}

#[test]
fn a_power_cut_loses_no_write_that_was_acknowledged() {
    for at in moments() {
        survives(&[(at, Fault::PowerCut)]);
        survives(&[(at, Fault::PowerCutInWrite), (at + SECOND, Fault::PowerCutInWrite)]);
    }
}

#[test]
fn a_disk_that_fails_for_a_while_loses_no_write_that_was_acknowledged() {
    for at in moments() {
        survives(&[(at, Fault::StoreFailure(3 * SECOND))]);
        // Started again, or without power, before it works.
        survives(&[(at, Fault::StoreFailure(3 * SECOND)), (at + SECOND, Fault::ServerCrash)]);
        survives(&[(at, Fault::StoreFailure(3 * SECOND)), (at + SECOND, Fault::PowerCut)]);
    }
}
