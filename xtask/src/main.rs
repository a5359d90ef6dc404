//! Development tasks: `cargo xtask <task>`.

mod bench;
mod cargo;
mod clients;
mod codegen;
mod fuzz;
mod golden;
mod images;
mod kubectl;
mod steady;
mod test;
mod tidy;
mod vm;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure the release build on this machine and print the figures beside the aims.
    Bench(bench::Args),
    /// Install the clients of other languages that tests use, in target/clients.
    Clients,
    /// Write the schema table from the facts in docs/schema.
    Codegen,
    /// Change what real clients sent at random, and see that everything that takes it takes or refuses it.
    Fuzz(fuzz::Args),
    /// The part of `vm` that runs in the machine between power cuts.
    #[command(hide = true)]
    Guest(vm::guest::Args),
    /// Replay the golden cases, runs and lives and print the table of what passes.
    Golden(golden::Args),
    /// Make images for tests and demonstrations, of this machine's Debian packages and of published jars, in target/images.
    Images(images::Args),
    /// Run a program of tests, and once more, alone, those that fail.
    #[command(hide = true)]
    Steady(steady::Args),
    /// Run every test: tidiness, in process, then end to end with real kubectls.
    Test(test::Args),
    /// Check the rules of the house that no compiler checks.
    Tidy,
    /// Run the tests with real containers in a virtual machine with cgroup v2, AppArmor and XFS, and cut its power.
    Vm(vm::Args),
}

fn main() -> Result<()> {
    match Args::parse().task {
        Task::Bench(args) => bench::run(&root()?, &args),
        Task::Clients => clients::at_hand(&root()?).map(drop),
        Task::Codegen => codegen::run(&root()?),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Guest(args) => vm::guest::run(&args),
        Task::Golden(args) => golden::run(&root()?, &args),
        Task::Images(args) => images::run(&root()?, &args),
        Task::Steady(args) => std::process::exit(steady::run(&args)?),
        Task::Test(args) => test::run(&root()?, &args),
        Task::Tidy => tidy::run(&root()?),
        Task::Vm(args) => vm::run(&root()?, &args),
    }
}

#[expect(clippy::print_stdout, reason = "a development task talks to its user")]
fn say(line: &str) {
    println!("{line}");
}

/// The workspace root.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask is in the workspace")?;
    Ok(root.to_owned())
}
