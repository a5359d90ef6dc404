//! The arguments of `stead image`.

use super::{DATA_DIR, Output, values};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use stead_images::Platform;

const AFTER_HELP: &str =
    "A server sees what is done here at once; none need run. Images that were imported are pinned: they are never removed but by hand.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ImageArgs {
    #[command(subcommand)]
    pub verb: ImageVerb,
}

#[derive(Debug, Subcommand)]
pub enum ImageVerb {
    /// Bring in the images of archives: what `docker save` writes, OCI layouts, compressed or not
    Import(ImportArgs),
    /// List the images that are here
    List(ListArgs),
}

/// Where images are kept, and how results are printed.
#[derive(Debug, Args)]
pub struct Place {
    /// Directory of everything that Stead keeps
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Print a document instead of words
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Archives, or directories with an OCI layout; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Which of an archive's platforms [default: this machine's]
    #[arg(long, env = "STEAD_PLATFORM", value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub place: Place,
}
