//! The arguments of `stead status`.

use super::{DATA_DIR, Output, values};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  stead status               workloads of the namespace default, and what each waits for
  stead status -n team -w    the same again whenever something changes
  stead status -A -o json    all namespaces, for programs

Ends with 0 if a server answers, whatever its workloads do, and with 1 if none does.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// Namespace of the workloads [default: that of the kubeconfig's context]
    #[arg(long, short, env = "STEAD_NAMESPACE", value_name = "NAMESPACE", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// Workloads of all namespaces
    #[arg(long, short = 'A', env = "STEAD_ALL_NAMESPACES")]
    pub all_namespaces: bool,
    /// Go on, and show it again whenever something changes
    #[arg(long, short, env = "STEAD_WATCH")]
    pub watch: bool,
    /// Directory of the server to ask
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Ask the server of this kubeconfig instead
    #[arg(long, env = "STEAD_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub kubeconfig: Option<PathBuf>,
    /// Print a document instead of words
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}
