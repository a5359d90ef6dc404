//! `cargo xtask golden`: replays `tests/golden` in process. Output: what fails, and the table of what passes.

use anyhow::Result;
use stead_testing::golden::{Detail, pending, replay_cases};
use std::io::Write;

#[derive(clap::Args)]
pub struct Args {
    /// An area, or part of a case's name.
    #[arg(long)]
    only: Option<String>,
    /// Print every difference.
    #[arg(short)]
    verbose: bool,
    /// Print the table only.
    #[arg(short, conflicts_with = "verbose")]
    quiet: bool,
    /// Take what passes off tests/golden/pending.txt.
    #[arg(long)]
    forget_passed: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let report = replay_cases(args.only.as_deref())?;
    if !args.quiet {
        let detail = if args.verbose { Detail::All } else { Detail::First };
        write!(out, "{}", report.failures(detail))?;
    }
    write!(out, "{report}")?;
    if args.forget_passed {
        writeln!(out, "{} lines taken off tests/golden/pending.txt", pending::forget_passed(&report)?)?;
    }
    Ok(())
}
