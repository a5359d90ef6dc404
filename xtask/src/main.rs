//! Development tasks: `cargo xtask <task>`.

mod codegen;
mod golden;

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
    /// Write the schema table from the facts in docs/schema.
    Codegen,
    /// Replay the golden cases and runs in process and print the table of what passes.
    Golden(golden::Args),
}

fn main() -> Result<()> {
    match Args::parse().task {
        Task::Codegen => codegen::run(&root()?),
        Task::Golden(args) => golden::run(&args),
    }
}

/// The workspace root.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask is in the workspace")?;
    Ok(root.to_owned())
}
