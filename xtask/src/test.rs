//! `cargo xtask test`: tidiness, every test in process, the end-to-end tests with real kubectls, then the golden lives.
//!
//! What a machine cannot run is left out and counted aloud; `--require-all` makes that a failure.

use crate::{cargo, clients, golden, images, kubectl, say, steady, tidy};
use anyhow::{Context, Result, bail, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// Fail if any test had to be left out
    #[arg(long)]
    require_all: bool,
    /// Run with the newest kubectl of the distribution too, downloading it if need be
    #[arg(long)]
    newest_kubectl: bool,
    /// Run with the official images, fetched from their hub, instead of those that are made here
    #[arg(long)]
    official: bool,
    /// Run only tests whose name contains this
    filter: Option<String>,
}

/// How a test is noted that the virtual machine runs, where nothing may be left out.
const IN_VM: &str = "vm: ";

pub fn run(root: &Path, args: &Args) -> Result<()> {
    tidy::run(root)?;
    let left_out = root.join("target/left-out.txt");
    std::fs::create_dir_all(root.join("target")).context("make the target directory")?;
    std::fs::write(&left_out, "").context("empty the list of tests left out")?;
    let kubectls = kubectl::at_hand(root, args.newest_kubectl);
    match (kubectls.first(), kubectls.last()) {
        (Some((newest, a)), Some((oldest, b))) => say(&format!("kubectl 1.{newest} ({}) and 1.{oldest} ({})", a.display(), b.display())),
        _ => say("no kubectl at hand"),
    }
    let unsteady = root.join("target/unsteady.txt");
    std::fs::write(&unsteady, "").context("empty the list of unsteady tests")?;
    let mut environment = vec![("STEAD_LEFT_OUT", left_out.clone())];
    if let (Some((_, newest)), Some((_, oldest))) = (kubectls.first(), kubectls.last()) {
        environment.push(("STEAD_TEST_KUBECTL_NEWEST", newest.clone()));
        environment.push(("STEAD_TEST_KUBECTL_OLDEST", oldest.clone()));
    }
    environment.extend(systems(root, args)?.map(|dir| ("STEAD_TEST_IMAGES", dir)));
    match clients::at_hand(root) {
        Ok(dir) => environment.push(("STEAD_TEST_CLIENTS", dir)),
        Err(error) => say(&format!("no clients of other languages: {error:#}")),
    }
    cargo(root, &["build", "--package", "stead"], &environment)?;
    environment.push(("STEAD_TEST_BINARY", root.join("target/debug/stead")));
    let runner = steady::setting(&unsteady)?;
    let mut line = vec!["--config", &runner, "test", "--workspace"];
    line.extend(args.filter.as_deref());
    cargo(root, &line, &environment)?;
    if args.filter.as_deref().is_none_or(|filter| "lives".contains(filter))
        && let Some(reason) = golden::test(&root.join("target/debug/stead"))?
    {
        let mut file = std::fs::OpenOptions::new().append(true).open(&left_out).context("open the list of tests left out")?;
        writeln!(file, "golden lives: {reason}").context("note what was left out")?;
    }
    if let Some(text) = steady::verdict(&std::fs::read_to_string(&unsteady).context("read the list of unsteady tests")?) {
        say(&text);
    }
    let noted = std::fs::read_to_string(&left_out).context("read the list of tests left out")?;
    let (elsewhere, missing): (Vec<&str>, Vec<&str>) = noted.lines().partition(|line| line.starts_with(IN_VM));
    if !elsewhere.is_empty() {
        say(&format!("\n{} tests run in `cargo xtask vm`, not on this machine:\n{}", elsewhere.len(), elsewhere.join("\n")));
    }
    let count = missing.len();
    if count > 0 {
        say(&format!("\nLEFT OUT: {count} tests that this machine cannot run:\n{}", missing.join("\n")));
        ensure!(!args.require_all, "{count} tests were left out");
    }
    Ok(())
}

/// Where the archives of images of systems are; nowhere, said aloud, if none can be made. Whoever asks for the official ones wants no others.
fn systems(root: &Path, args: &Args) -> Result<Option<PathBuf>> {
    if args.official {
        return images::official(root).map(Some);
    }
    Ok(images::at_hand(root).inspect_err(|error| say(&format!("no images of systems: {error:#}"))).ok())
}

fn cargo(root: &Path, line: &[&str], environment: &[(&str, PathBuf)]) -> Result<()> {
    let status = cargo::command(root, line).envs(environment.iter().map(|(k, v)| (k, v))).status().context("run cargo")?;
    if !status.success() {
        bail!("cargo {} failed", line.join(" "));
    }
    Ok(())
}
