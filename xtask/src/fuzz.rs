//! `cargo xtask fuzz`: every decoder, patch and selector, and a whole server, with changed inputs for a while. Output: how many each took,
//! or the first that one could not take.

use anyhow::{Result, ensure};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stead_testing::fuzz::{self, TARGETS, Until};

#[derive(clap::Args)]
pub struct Args {
    /// For each target, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// One target, or part of its name.
    #[arg(long)]
    only: Option<String>,
    /// Begin from this seed instead of the time.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(args: &Args) -> Result<()> {
    let seed = args.seed.unwrap_or_else(now);
    let chosen = TARGETS.iter().filter(|target| args.only.as_ref().is_none_or(|only| target.name.contains(only.as_str())));
    let mut any = false;
    for target in chosen {
        any = true;
        let inputs = fuzz::run(target, seed, Until::Passed(Duration::from_secs(args.seconds)))?;
        stead_testing::tell(&format!("{:12} {inputs} inputs from seed {seed}", target.name));
    }
    ensure!(any, "no target is called so; there are: {}", TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", "));
    Ok(())
}

/// The seed of a run that was given none.
#[expect(clippy::disallowed_methods, reason = "every run is to be another one, and says its seed")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs())
}
