//! The arguments of `stead install` and `stead uninstall`: the server as a service of systemd.

use super::{ServerArgs, values};
use clap::Args;
use std::path::PathBuf;

const INSTALL_EXAMPLES: &str = "Examples:
  stead install                                   a service that starts with the machine, and now
  stead install --bind-address 0.0.0.0            flags of `stead server` are taken into the unit; run it again to change them
  stead install --root /mnt/image --program /usr/local/bin/stead     into the tree of an image

Stopping the service leaves its pods running; `stead down` ends them.";

const UNINSTALL_EXAMPLES: &str = "Examples:
  stead uninstall                      stop the service and remove its unit; the data directory and the pods stay
  stead down; stead reset              then, to remove all the rest";

#[derive(Debug, Args)]
#[command(after_help = INSTALL_EXAMPLES)]
pub struct InstallArgs {
    /// Write into this tree, such as an image's, and start nothing
    #[arg(help_heading = "Service", long, env = "STEAD_ROOT", value_name = "DIR", value_parser = values::directory)]
    pub root: Option<PathBuf>,
    /// The program that the unit starts [default: this one; /usr/local/bin/stead with --root]
    #[arg(help_heading = "Service", long, env = "STEAD_PROGRAM", value_name = "FILE")]
    pub program: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArgs,
    /// The server's flags that were given, on the command line or as a variable.
    #[arg(skip)]
    pub given: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = UNINSTALL_EXAMPLES)]
pub struct UninstallArgs {
    /// The tree that `stead install --root` wrote into
    #[arg(long, env = "STEAD_ROOT", value_name = "DIR", value_parser = values::directory)]
    pub root: Option<PathBuf>,
}
