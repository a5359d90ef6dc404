//! `cargo xtask bench`: builds the release binary, measures it on this machine, prints a table in markdown.
//!
//! The measuring part is itself built with optimisations and run as a process of its own (`--measure`), because its clients share the cores.

mod deployments;
mod disk;
mod disks;
mod exec;
mod flood;
mod images;
mod lists;
mod logs;
mod names;
mod pods;
mod questions;
mod report;
mod requests;
mod systems;
mod volumes;

use crate::{cargo, say};
use anyhow::{Context, Result, ensure};
use report::Report;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    /// Also time a clean release build, in a target directory of its own
    #[arg(long)]
    build: bool,
    /// Measure only this part
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Measure this program in this process, and build none: to see whether a measurement works
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Do only a little of what takes long (disks, systems): shows that a measurement works, and measures nothing
    #[arg(long)]
    reduced: bool,
    /// Run the measurements in this process (used by the command itself)
    #[arg(long, hide = true)]
    measure: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Requests over HTTPS
    Requests,
    /// Requests of one user while another floods the server
    Flood,
    /// Pods in real containers (needs root)
    Containers,
    /// Pods on simulated nodes
    Simulated,
    /// Disks of claims (images need root)
    Disks,
    /// The systems of the tutorial (needs root)
    Systems,
    /// The store alone
    Store,
    /// The rules of many Services alone (needs root)
    Services,
    /// The scheduler alone
    Scheduler,
    /// The rights of requests alone
    Authorization,
}

/// How much is done for a figure.
#[derive(Clone, Copy)]
enum Extent {
    Full,
    Reduced,
}

impl Extent {
    fn of(self, full: usize, reduced: usize) -> usize {
        match self {
            Extent::Full => full,
            Extent::Reduced => reduced,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a development task runs programs")]
pub fn run(root: &Path, args: &Args) -> Result<()> {
    if args.measure || args.binary.is_some() {
        return measure(root, args);
    }
    let clean = if args.build { Some(clean_build(root)?) } else { None };
    cargo(root, &["build", "--release", "--locked", "--package", "stead", "--package", "xtask"])?;
    let mut line = vec!["bench", "--measure"];
    let part = args.only.and_then(|part| clap::ValueEnum::to_possible_value(&part)).map(|value| value.get_name().to_owned());
    if let Some(part) = &part {
        line.extend(["--only", part]);
    }
    if args.reduced {
        line.push("--reduced");
    }
    status(Command::new(root.join("target/release/xtask")).args(&line).current_dir(root))?;
    if args.only.is_none_or(|part| part == Part::Store) {
        let place = root.join("target/bench");
        std::fs::create_dir_all(&place).context("make the directory to measure in")?;
        say("\nThe store alone:\n");
        cargo(root, &["bench", "--locked", "--package", "stead-store", "--bench", "store", "--", &place.display().to_string()])?;
    }
    if args.only.is_none_or(|part| part == Part::Services) && nix::unistd::geteuid().is_root() {
        say("\nThe rules of Services alone:\n");
        cargo(root, &["bench", "--locked", "--package", "stead-proxy", "--bench", "services"])?;
    } else if args.only.is_none_or(|part| part == Part::Services) {
        say("\nLEFT OUT: the rules of Services, which need root.");
    }
    if args.only.is_none_or(|part| part == Part::Scheduler) {
        say("\nThe scheduler alone, 5,000 nodes with 20,000 pods:\n");
        cargo(root, &["bench", "--locked", "--package", "stead-control", "--bench", "scheduler"])?;
    }
    if args.only.is_none_or(|part| part == Part::Authorization) {
        say("\nThe rights of requests alone, beside the default roles and 10,000 bindings of others:\n");
        cargo(root, &["bench", "--locked", "--package", "stead-server", "--bench", "authorization"])?;
    }
    if let Some(took) = clean {
        say(&format!("\nClean release build: {took}"));
    }
    Ok(())
}

fn measure(root: &Path, args: &Args) -> Result<()> {
    let wants = |part: Part| args.only.is_none_or(|only| only == part);
    let extent = if args.reduced { Extent::Reduced } else { Extent::Full };
    let binary = args.binary.clone().unwrap_or_else(|| root.join("target/release/stead"));
    let place = root.join("target/bench");
    if place.exists() {
        std::fs::remove_dir_all(&place).with_context(|| format!("remove {}", place.display()))?;
    }
    std::fs::create_dir_all(&place).with_context(|| format!("make {}", place.display()))?;
    let mut report = Report::default();
    report.add(report::BINARY, report::megabytes(std::fs::metadata(&binary).context("find the release binary")?.len()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        if wants(Part::Requests) {
            requests::run(&binary, &place.join("requests"), &mut report).await.context("requests")?;
        }
        if wants(Part::Flood) {
            flood::measure(&binary, &place.join("flood"), &mut report).await.context("a flood of one user")?;
        }
        if wants(Part::Simulated) {
            pods::simulated(&binary, &place.join("simulated"), &mut report).await.context("pods on simulated nodes")?;
            deployments::measure(&binary, &place.join("deployments"), &mut report).await.context("Deployments on simulated nodes")?;
        }
        if wants(Part::Containers) && nix::unistd::geteuid().is_root() {
            pods::containers(&binary, &place.join("containers"), &mut report).await.context("pods in containers")?;
            images::measure(&binary, &place.join("images"), &mut report).context("images")?;
        } else if wants(Part::Containers) {
            report.note("LEFT OUT: pods in containers, which need root.");
        }
        if wants(Part::Disks) && nix::unistd::geteuid().is_root() {
            volumes::measure(&binary, &place.join("volumes"), extent, &mut report).await.context("volumes of claims")?;
        } else if wants(Part::Disks) {
            report.note("LEFT OUT: volumes in pods, which need root.");
        }
        if wants(Part::Systems) && nix::unistd::geteuid().is_root() {
            systems::measure(root, &binary, &place.join("systems"), extent, &mut report).await.context("systems of the tutorial")?;
        } else if wants(Part::Systems) {
            report.note("LEFT OUT: systems of the tutorial, which need root.");
        }
        anyhow::Ok(())
    })?;
    if wants(Part::Disks) {
        disks::measure(&place.join("disks"), &mut report).context("disks of claims")?;
    }
    report.note(machine());
    say(&report.to_string());
    Ok(())
}

/// What was measured on, in a line.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|l| l.trim_start_matches([' ', '\t', ':']).to_owned());
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("Machine: {cores} cores ({}), Linux {}; load average at the end {}.", model.unwrap_or_default(), kernel.trim(), load.join(" "))
}

/// Builds from nothing, beside the working target directory; the time it took.
fn clean_build(root: &Path) -> Result<String> {
    let target: PathBuf = root.join("target/clean");
    if target.exists() {
        std::fs::remove_dir_all(&target).with_context(|| format!("remove {}", target.display()))?;
    }
    cargo(root, &["fetch", "--locked"])?;
    let (begun, spent) = (Instant::now(), children_s()?);
    cargo(root, &["build", "--release", "--locked", "--package", "stead", "--target-dir", &target.display().to_string()])?;
    let took = format!("{} ({:.0} s on a core)", report::time(begun.elapsed()), children_s()? - spent);
    std::fs::remove_dir_all(&target).with_context(|| format!("remove {}", target.display()))?;
    Ok(took)
}

/// Time that ended children have spent on a core, in hundredths of a second in `/proc/self/stat`.
fn children_s() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").context("read /proc/self/stat")?;
    let (_, fields) = text.rsplit_once(") ").context("it has a name")?;
    let spent = |field: &str| field.parse::<f64>().context("it has numbers");
    let fields: Vec<&str> = fields.split(' ').collect();
    Ok((spent(fields[13])? + spent(fields[14])?) / 100.0)
}

fn cargo(root: &Path, line: &[&str]) -> Result<()> {
    status(&mut cargo::command(root, line))
}

fn status(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// Says on standard error what is being done.
fn progress(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}
