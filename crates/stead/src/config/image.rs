//! The arguments of `stead image`.

use super::{DATA_DIR, Output, values};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use stead_images::{Platform, Reference};

const AFTER_HELP: &str = "Examples:
  stead image import busybox.tar           what `docker save` wrote
  stead image pull quay.io/app:1
  stead image list -o json
  stead image from-host localhost/tools:1 /usr/bin/env /usr/bin/sha256sum

A server sees what is done here at once; none need run. Images that were imported are pinned: they are never removed but by hand.
Mirrors, credentials and certificates of registries are in DATA_DIR/registries.yaml (as k3s has them), or in the --private-registry of the server that runs, and in DATA_DIR/config.json (as docker has them).";

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
    /// Make an image of programs of this machine, with the shared libraries and files that they need
    FromHost(FromHostArgs),
    /// List the images that are here
    List(ListArgs),
    /// Fetch images from their registries
    Pull(PullArgs),
    /// Send an image to a registry
    Push(PushArgs),
    /// Remove names; an image goes with its last one, unless a container uses it
    Rm(RmArgs),
    /// Remove every image that is neither pinned nor used by a container, and what was left unfinished
    Prune(PruneArgs),
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
pub struct FromHostArgs {
    /// The image's name, such as localhost/tools:1
    #[arg(value_name = "NAME")]
    pub name: Reference,
    /// Programs, files and directories; the first is what the image runs
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct PullArgs {
    /// Images, such as busybox:1.36
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<Reference>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct PushArgs {
    /// An image that is here
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The name to push it as [default: the same]
    #[arg(value_name = "TARGET")]
    pub target: Option<Reference>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct RmArgs {
    /// Names or ids
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    pub place: Place,
}
