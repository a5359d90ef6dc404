//! A hundred simulated worlds, in four parts that run side by side. A failing seed is printed; `STEAD_SEED=N cargo test -p
//! stead-testing --test simulation one_seed -- --nocapture` runs it again.

use stead_testing::simulation::run;

fn seeds(range: std::ops::Range<u64>) {
    for seed in range {
        if let Some(failure) = run(seed).failure {
            panic!("{failure}");
        }
    }
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
fn the_same_seed_gives_the_same_bytes() {
    let (first, second, other) = (run(7), run(7), run(8));
    assert_eq!(first, second);
    assert_ne!(first.hash, other.hash);
    assert!(first.steps > 100, "{first:?}");
}

/// Runs the seed that the environment names, else the first.
#[test]
fn one_seed() {
    #[expect(clippy::disallowed_methods, reason = "how a developer names the seed to look at")]
    let seed = std::env::var("STEAD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let verdict = run(seed);
    println!("{} steps, {:.1} s of virtual time, hash {:x}", verdict.steps, verdict.ended as f64 / 1e6, verdict.hash);
    if let Some(failure) = verdict.failure {
        panic!("{failure}");
    }
}
