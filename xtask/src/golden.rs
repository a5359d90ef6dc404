//! `cargo xtask golden`: replays `tests/golden` in process. Output: what fails, and the table of what passes.

use anyhow::Result;
use std::io::Write;
use stead_testing::golden::{Detail, Report, pending, replay_cases, replay_runs};

#[derive(clap::Args)]
pub struct Args {
    /// An area, or part of a case's name.
    #[arg(long)]
    only: Option<String>,
    /// The cases only.
    #[arg(long, conflicts_with = "runs")]
    cases: bool,
    /// The runs only.
    #[arg(long)]
    runs: bool,
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
    let only = args.only.as_deref();
    let mut report = if args.runs { Report::default() } else { replay_cases(only)? };
    if !args.cases {
        report.results.extend(replay_runs(only)?.results);
    }
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
