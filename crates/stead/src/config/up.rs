//! The arguments of `stead up`: which manifests, how long to wait, and all flags of the server that it may start.

use super::care::{GoDuration, duration};
use super::{Output, ServerArgs};
use crate::manifests::{Depth, Source};
use clap::Args;
use std::time::Duration;

const EXAMPLES: &str = "Examples:
  stead up                              the built-in example
  stead up -f web.yaml                  your manifests, until all of them are ready
  stead up -f base/ -f web.yaml -n team
  helm template mine ./chart | stead up -f - --timeout 10m
  stead up -f web.yaml -o json          a JSON document on each line, for programs

Ends with 0 if everything is ready, 1 if it is not in time, 2 if something is wrong with the command line or the manifests.";

/// How long the example, and manifests, may take to become ready.
const EXAMPLE_TIMEOUT: Duration = Duration::from_secs(120);
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct UpArgs {
    /// Manifests to apply instead of the example: a file, a directory of .yaml, .yml and .json files, or - for standard input; may be given several times
    #[arg(help_heading = "Manifests", long = "filename", short = 'f', env = "STEAD_FILENAME", value_name = "FILE|DIR|-", value_parser = Source::parse)]
    pub files: Vec<Source>,
    /// Read directories of --filename with all that are below them
    #[arg(help_heading = "Manifests", long, short = 'R', env = "STEAD_RECURSIVE")]
    pub recursive: bool,
    /// Namespace of objects that name none; those that name another are refused [default: default]
    #[arg(help_heading = "Manifests", long, short, env = "STEAD_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Take over fields that others have set to other values, instead of refusing
    #[arg(help_heading = "Manifests", long, env = "STEAD_FORCE_CONFLICTS")]
    pub force_conflicts: bool,
    /// Wait until everything is ready: this is the default
    #[arg(help_heading = "Manifests", long, env = "STEAD_WAIT", overrides_with = "no_wait")]
    pub wait: bool,
    /// Apply, and do not wait
    #[arg(help_heading = "Manifests", long, env = "STEAD_NO_WAIT", overrides_with = "wait")]
    pub no_wait: bool,
    /// How long to wait [default: 2m for the example, 5m for manifests]
    #[arg(help_heading = "Manifests", long, env = "STEAD_TIMEOUT", value_name = "D", value_parser = duration)]
    pub timeout: Option<GoDuration>,
    /// Print a JSON document on each line instead of words
    #[arg(help_heading = "Manifests", long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
    #[command(flatten)]
    pub server: ServerArgs,
    /// The server's flags that were given, on the command line or as a variable.
    #[arg(skip)]
    pub given: Vec<String>,
}

impl UpArgs {
    pub fn depth(&self) -> Depth {
        if self.recursive { Depth::Recursive } else { Depth::Directory }
    }

    pub fn waits(&self) -> bool {
        self.wait || !self.no_wait
    }

    /// How long everything may take to become ready.
    pub fn patience(&self) -> Duration {
        let usual = if self.files.is_empty() { EXAMPLE_TIMEOUT } else { TIMEOUT };
        self.timeout.map_or(usual, |timeout| timeout.0)
    }
}
