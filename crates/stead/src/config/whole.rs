//! The arguments of verbs about the program as a whole: its version, completions, kubectl beside it, and the end of all that it made.

use super::{DATA_DIR, Output, values};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

const RESET_EXAMPLES: &str = "Examples:
  stead reset          list what would be removed, and ask
  stead reset --yes    do not ask

Only what Stead has made is removed; other files in the data directory stay, and are named. The data of claims is removed for good.";

#[derive(Debug, Args)]
#[command(after_help = RESET_EXAMPLES)]
pub struct ResetArgs {
    /// Directory of the server to remove
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

const VERSION_EXAMPLES: &str = "Examples:
  stead version
  stead version -o json";

#[derive(Debug, Args)]
#[command(after_help = VERSION_EXAMPLES)]
pub struct VersionArgs {
    /// Directory of the server to ask, if one runs
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Print a document instead of words
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}

const COMPLETION_EXAMPLES: &str = "Examples:
  stead completion bash > /etc/bash_completion.d/stead
  stead completion zsh > \"${fpath[1]}/_stead\"
  stead completion fish > ~/.config/fish/completions/stead.fish";

#[derive(Debug, Args)]
#[command(after_help = COMPLETION_EXAMPLES)]
pub struct CompletionArgs {
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Shells that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

const KUBECTL_EXAMPLES: &str = "Examples:
  stead kubectl get pods -w
  stead kubectl --data-dir /tmp/stead exec -it web-0 -- sh

Flags of this verb come before the words for kubectl.";

#[derive(Debug, Args)]
#[command(after_help = KUBECTL_EXAMPLES)]
pub struct KubectlArgs {
    /// Directory of the server whose kubeconfig kubectl is given
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// What kubectl is called with
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}
