//! The flags of verbs that read manifests and change nothing: `lint` and `plan`.

use super::{DATA_DIR, Output, values};
use crate::manifests::{Depth, Source};
use clap::Args;
use std::path::PathBuf;

const LINT_HELP: &str = "Examples:
  stead lint web.yaml            what is wrong with it, and how to mend it
  stead lint -R manifests -o json
  helm template chart | stead lint -
  stead explain L101             what a code means, at length

Ends with 0 if nothing was found, 1 if something was, 2 if the manifests cannot be read.";

const PLAN_HELP: &str = "Examples:
  stead plan -f web.yaml         what would happen, ordinal by ordinal
  stead plan -f web.yaml -o json

Ends with 0 if applying would change nothing, 1 if it would, 2 if that cannot be told.";

#[derive(Debug, Args)]
#[command(after_help = LINT_HELP)]
pub struct LintArgs {
    /// Files, directories, or - for standard input
    #[arg(value_name = "FILE|DIR|-", value_parser = Source::parse, required_unless_present = "filename")]
    pub sources: Vec<Source>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Leave these rules out, by code or name, comma separated
    #[arg(long, env = "STEAD_IGNORE", value_name = "RULES", value_delimiter = ',', value_parser = rule)]
    pub ignore: Vec<String>,
    #[command(flatten)]
    pub beside: BesideArgs,
}

#[derive(Debug, Args)]
#[command(after_help = PLAN_HELP, group = clap::ArgGroup::new("manifests").arg("filename").required(true))]
pub struct PlanArgs {
    #[command(flatten)]
    pub reading: ReadingArgs,
    #[command(flatten)]
    pub beside: BesideArgs,
}

/// Which manifests are read.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// A file, a directory, or - for standard input; may be given several times
    #[arg(long, short = 'f', value_name = "FILE|DIR|-", value_parser = Source::parse)]
    pub filename: Vec<Source>,
    /// Read the directories below directories, too
    #[arg(long, short = 'R', env = "STEAD_RECURSIVE")]
    pub recursive: bool,
}

impl ReadingArgs {
    pub fn depth(&self) -> Depth {
        if self.recursive { Depth::Recursive } else { Depth::Directory }
    }
}

/// Beside which cluster manifests are looked at.
#[derive(Debug, Args)]
pub struct BesideArgs {
    /// Namespace of objects that name none [default: that of the kubeconfig's context]
    #[arg(long, short, env = "STEAD_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Directory of the server whose objects are looked at, if one runs there
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Look at the server of this kubeconfig instead
    #[arg(long, env = "STEAD_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub kubeconfig: Option<PathBuf>,
    /// Look at no server: the manifests go into a new cluster
    #[arg(long, env = "STEAD_OFFLINE", conflicts_with = "kubeconfig")]
    pub offline: bool,
    /// Print a document instead of lines
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}

fn rule(word: &str) -> Result<String, String> {
    stead_lint::rule(word)
        .map(|rule| rule.code.to_owned())
        .ok_or_else(|| "no rule has that code or name; docs/lint.md lists them".to_owned())
}
