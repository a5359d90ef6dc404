//! `cargo xtask golden`: replays `tests/golden`, cases, runs, workloads, names and placements in process, lives against a server process with real containers.
//! Output: what fails, and the table of what passes.

use crate::cargo;
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use stead_testing::golden::{Detail, Report, lives, pending, replay_cases, replay_names, replay_placements, replay_runs, replay_workloads};

#[derive(clap::Args)]
pub struct Args {
    /// An area, or part of a case's name; `lives/AREA/NAME`, `workloads/AREA/NAME`, `dns/AREA/NAME`, `scheduler/AREA/NAME` or part of them.
    #[arg(long)]
    only: Option<String>,
    /// The cases only.
    #[arg(long, conflicts_with_all = ["runs", "workloads", "names", "scheduler", "lives"])]
    cases: bool,
    /// The runs only.
    #[arg(long, conflicts_with_all = ["workloads", "names", "scheduler", "lives"])]
    runs: bool,
    /// The workloads only.
    #[arg(long, conflicts_with_all = ["names", "scheduler", "lives"])]
    workloads: bool,
    /// The names only.
    #[arg(long, conflicts_with_all = ["scheduler", "lives"])]
    names: bool,
    /// The placements only.
    #[arg(long, conflicts_with = "lives")]
    scheduler: bool,
    /// The lives only (root; some minutes).
    #[arg(long)]
    lives: bool,
    /// The binary that lives are led with, instead of a build of this checkout.
    #[arg(long)]
    binary: Option<PathBuf>,
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

pub fn run(root: &Path, args: &Args) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let only = args.only.as_deref();
    let mut report = Report::default();
    let chosen = [args.cases, args.runs, args.workloads, args.names, args.scheduler, args.lives];
    let asks_for = |one: bool| one || !chosen.contains(&true);
    if asks_for(args.cases) {
        report.results.extend(replay_cases(only)?.results);
    }
    if asks_for(args.runs) {
        report.results.extend(replay_runs(only)?.results);
    }
    if asks_for(args.workloads) {
        report.results.extend(replay_workloads(only)?.results);
    }
    if asks_for(args.names) {
        report.results.extend(replay_names(only)?.results);
    }
    if asks_for(args.scheduler) {
        report.results.extend(replay_placements(only)?.results);
    }
    if asks_for(args.lives) {
        report.results.extend(led(root, args)?.results);
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

/// The lives that are asked for.
fn led(root: &Path, args: &Args) -> Result<Report> {
    let mut chosen = lives::all()?;
    chosen.retain(|life| args.only.as_deref().is_none_or(|only| life.id().contains(only)));
    if chosen.is_empty() {
        return Ok(Report::default());
    }
    if let Some(reason) = cannot_be_led() {
        stead_testing::tell(&format!("LEFT OUT {} lives: {reason}", chosen.len()));
        return Ok(Report::default());
    }
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => {
            let status = cargo::command(root, &["build", "--quiet", "--package", "stead"]).status().context("run cargo")?;
            ensure!(status.success(), "cargo build failed");
            root.join("target/debug/stead")
        }
    };
    timed(&binary, chosen)
}

fn timed(binary: &Path, chosen: Vec<lives::Life>) -> Result<Report> {
    let (count, began) = (chosen.len(), Instant::now());
    let report = lives::replay(binary, chosen)?;
    stead_testing::tell(&format!("{count} lives in {} s", began.elapsed().as_secs()));
    Ok(report)
}

/// Why this machine leads no lives.
fn cannot_be_led() -> Option<&'static str> {
    match lives::busybox() {
        _ if !nix::unistd::geteuid().is_root() => Some("containers need root"),
        None => Some("no busybox: install busybox-static"),
        Some(_) => None,
    }
}

/// For `cargo xtask test`: the lives that are not listed as pending pass. Those that are listed are not led here: most end only
/// with their patience, and a life is led in real time. The reason if this machine cannot.
pub fn test(binary: &Path) -> Result<Option<&'static str>> {
    if let Some(reason) = cannot_be_led() {
        return Ok(Some(reason));
    }
    let pending = pending::read()?;
    let mut chosen = lives::all()?;
    let all = chosen.len();
    chosen.retain(|life| !pending.contains(&life.id()));
    stead_testing::tell(&format!("{} of {all} lives are led, the others are listed in tests/golden/pending.txt", chosen.len()));
    if chosen.is_empty() {
        return Ok(None);
    }
    let report = timed(binary, chosen)?;
    let failed = report.results.iter().filter(|result| !result.passed()).count();
    ensure!(failed == 0, "{failed} lives differ:\n{}", report.failures(Detail::All));
    Ok(None)
}
