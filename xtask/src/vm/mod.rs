//! `cargo xtask vm`: boots a virtual machine as most users have one (Debian's kernel, cgroup v2 alone, AppArmor, XFS with project quotas)
//! and runs the tests with real containers in it, and the service with systemd; then cuts its power again and again. Everything it makes is below `target/vm`.

mod cuts;
mod disk;
pub mod guest;
pub mod host;
mod image;
mod kernel;
mod machine;
mod programs;
mod systemd;

use crate::{images, say};
use anyhow::{Context, Result, ensure};
use kernel::Kernel;
use machine::{Acceleration, Machine, Parts, Restart};
use programs::Programs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

const CUTS: u64 = 20;
const CUTS_SHORT: u64 = 2;

#[derive(clap::Args)]
pub struct Args {
    /// How often the power is cut after the tests; 20, or never if only some tests are asked for
    #[arg(long, value_name = "N")]
    cuts: Option<u64>,
    /// What chance begins with: when power is cut, and what the disk has lost then
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only the tests with containers, one end-to-end test of a StatefulSet, and two power cuts
    #[arg(long, conflicts_with_all = ["cuts", "script", "no_tests", "filter"])]
    short: bool,
    /// Run this shell script in the machine instead of the tests; programs lie where they lie on the host
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Leave the tests out
    #[arg(long, conflicts_with_all = ["script", "filter"])]
    no_tests: bool,
    /// Only the trial of the service with systemd
    #[arg(long, conflicts_with_all = ["cuts", "script", "no_tests", "filter", "short"])]
    systemd: bool,
    /// Seconds that the tests may take
    #[arg(long, value_name = "S", default_value_t = 900)]
    limit_s: u64,
    /// Run only tests whose name contains this
    filter: Option<String>,
}

pub fn run(root: &Path, args: &Args) -> Result<()> {
    host::check()?;
    let mut programs = Programs::build(root)?;
    let dir = root.join("target/vm");
    std::fs::create_dir_all(&dir).context("make target/vm")?;
    let cuts = cuts(args);
    if cuts > 0 && !args.short {
        let archives: Result<Vec<PathBuf>> = guest::DATABASES.iter().map(|database| images::archive(root, database.name)).collect();
        match archives {
            Ok(archives) => programs.add_databases(&archives, &dir)?,
            Err(error) => say(&format!("LEFT OUT: power cuts of databases: {error:#}")),
        }
    }
    let kernel = Kernel::fetched(&dir.join("kernel"))?;
    let ramdisk = dir.join("initrd.img");
    image::initial_ramdisk(&kernel, &ramdisk)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let parts = |script: &str, directories: &[PathBuf]| -> Result<Parts> {
        Ok(Parts {
            kernel: kernel.image.clone(),
            ramdisk: ramdisk.clone(),
            root: image::root_disk(&dir, &programs.files(), directories, script)?,
            data: image::data_disk(&dir)?.display().to_string(),
            console: dir.join("console.log"),
            words: String::new(),
            restart: Restart::Off,
        })
    };
    let script = match &args.script {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?,
        None => programs.tests(args.filter.as_deref(), args.short),
    };
    let first = parts(&script, &[])?;
    let acceleration = runtime.block_on(machine::acceleration(&first));
    say(&format!("virtual machine with {acceleration:?}"));
    if !args.no_tests && !args.systemd {
        runtime.block_on(tests(&first, acceleration, Duration::from_secs(args.limit_s)))?;
    }
    if args.systemd || is_whole(args) {
        let disk = systemd::root_disk(root, &dir, &programs)?;
        let parts = Parts { root: disk, data: image::data_disk(&dir)?.display().to_string(), restart: Restart::Again, ..first };
        runtime.block_on(tests(&parts, acceleration, Duration::from_secs(args.limit_s)))?;
    }
    if cuts > 0 {
        let parts = parts(&programs.cuts(), &programs.directories())?;
        let disk = PathBuf::from(&parts.data);
        let cut = |parts: Parts| runtime.block_on(cuts::run(parts, acceleration, &disk, cuts, args.seed));
        if let Err(error) = cut(parts.clone()) {
            // Only what hung before there was anything to lose.
            let words = machine::hung(&parts).with_context(|| format!("{error:#}"))?;
            say(&format!("{error:#}: all of it once more\n{words}"));
            image::data_disk(&dir)?;
            cut(parts)?;
        }
    }
    Ok(())
}

/// How often the power is to be cut.
fn cuts(args: &Args) -> u64 {
    match args.cuts {
        Some(cuts) => cuts,
        None if args.short => CUTS_SHORT,
        None if args.systemd || args.script.is_some() || args.filter.is_some() => 0,
        None => CUTS,
    }
}

/// Whether nothing is left out.
fn is_whole(args: &Args) -> bool {
    !(args.short || args.no_tests || args.systemd || args.script.is_some() || args.filter.is_some())
}

/// Runs the machine until its script has ended, showing what it prints. One that hangs runs once more, with an empty disk.
async fn tests(parts: &Parts, acceleration: Acceleration, limit: Duration) -> Result<()> {
    let ended = tests_once(parts, acceleration, limit).await;
    let Some(words) = ended.as_ref().err().and_then(|_| machine::hung(parts)) else { return ended };
    say(&format!("the machine hung, which ended its kernel: all of it once more\n{words}"));
    image::data_disk(Path::new(&parts.data).parent().context("the data disk is in a directory")?)?;
    tests_once(parts, acceleration, limit).await
}

async fn tests_once(parts: &Parts, acceleration: Acceleration, limit: Duration) -> Result<()> {
    let mut machine = Machine::boot(parts, acceleration).await?;
    let deadline = Instant::now() + limit;
    let mut ended = None;
    while let Some(line) = machine.line(deadline).await? {
        match line.strip_prefix("== ended ") {
            Some(code) => ended = Some(code.to_owned()),
            None => say(&line),
        }
    }
    let code = ended.context("the machine went off before its script ended")?;
    ensure!(code == "0", "the script in the machine failed with {code}");
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a development task talks to its user")]
fn note(line: &str) {
    eprintln!("{line}");
}
