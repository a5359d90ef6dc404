//! The command line: every flag also as a `STEAD_*` variable. Parsed once; the rest of the program gets typed values.

use clap::{Args, Parser, Subcommand};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Kubernetes StatefulSets and all that they stand on, from one program.
#[derive(Debug, Parser)]
#[command(name = "stead", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a server in the background if none runs, apply the built-in example and show it come up
    Up(UpArgs),
    /// Stop the background server and the containers it runs; objects stay
    Down(DownArgs),
    /// Run the API server, the controllers, the scheduler and the node agent in the foreground
    Server(Box<ServerArgs>),
}

#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Debug, Args)]
pub struct DownArgs {
    /// Directory of the server to stop
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Stop the server only: containers go on running, and the next start takes them over
    #[arg(long, env = "STEAD_LEAVE_PODS")]
    pub leave_pods: bool,
}

const DATA_DIR: &str = "/var/lib/stead";

#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Directory of everything that Stead keeps
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Port of the API (0: any free one)
    #[arg(long, env = "STEAD_HTTPS_LISTEN_PORT", default_value_t = 6443, value_name = "N")]
    pub https_listen_port: u16,
    /// Address the API listens on
    #[arg(long, env = "STEAD_BIND_ADDRESS", default_value = "127.0.0.1", value_name = "A")]
    pub bind_address: IpAddr,
    /// File to write the administrator's kubeconfig to [default: DATA_DIR/kubeconfig, and a context in ~/.kube/config]
    #[arg(long, env = "STEAD_WRITE_KUBECONFIG", value_name = "FILE")]
    pub write_kubeconfig: Option<PathBuf>,
    /// Mode of that file, octal
    #[arg(long, env = "STEAD_WRITE_KUBECONFIG_MODE", default_value = "600", value_name = "MODE", value_parser = octal)]
    pub write_kubeconfig_mode: u32,
    /// Addresses of pods (none are given out yet)
    #[arg(long, env = "STEAD_CLUSTER_CIDR", default_value = "10.42.0.0/16", value_name = "C", value_parser = cidr)]
    pub cluster_cidr: String,
    /// Addresses of Services
    #[arg(long, env = "STEAD_SERVICE_CIDR", default_value = "10.43.0.0/16", value_name = "C", value_parser = cidr)]
    pub service_cidr: String,
    /// DNS domain of the cluster
    #[arg(long, env = "STEAD_CLUSTER_DOMAIN", default_value = "cluster.local", value_name = "D")]
    pub cluster_domain: String,
    /// Name of this node [default: the host's name]
    #[arg(long, env = "STEAD_NODE_NAME", value_name = "NAME")]
    pub node_name: Option<String>,
    /// Run that many simulated nodes, whose pods become Ready without containers, instead of this machine's
    #[arg(long, env = "STEAD_SIMULATED_NODES", default_value_t = 0, value_name = "N")]
    pub simulated_nodes: u32,
    /// Do not run pods on this machine
    #[arg(long, env = "STEAD_DISABLE_AGENT")]
    pub disable_agent: bool,
    /// Do not run the scheduler
    #[arg(long, env = "STEAD_DISABLE_SCHEDULER")]
    pub disable_scheduler: bool,
    /// Controllers to run: '*' all, 'name' that one, '-name' all but that one
    #[arg(long, env = "STEAD_CONTROLLERS", default_value = "*", value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true)]
    pub controllers: Vec<String>,
}

impl ServerArgs {
    /// Where the kubeconfig goes.
    pub fn kubeconfig(&self) -> PathBuf {
        self.write_kubeconfig.clone().unwrap_or_else(|| default_kubeconfig(&self.data_dir))
    }

    /// Whether the node agent of this machine runs.
    pub fn agent(&self) -> bool {
        !self.disable_agent && self.simulated_nodes == 0
    }
}

/// The kubeconfig of a server that was not told where to write it.
pub fn default_kubeconfig(data_dir: &Path) -> PathBuf {
    data_dir.join("kubeconfig")
}

fn octal(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text.trim_start_matches("0o"), 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("expected an octal file mode such as 600".to_owned()),
    }
}

fn cidr(text: &str) -> Result<String, String> {
    let wrong = || "expected an IPv4 range such as 10.42.0.0/16".to_owned();
    let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
    let address: std::net::Ipv4Addr = address.parse().map_err(|_| wrong())?;
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    if !(8..=28).contains(&prefix) {
        return Err("expected a prefix from 8 to 28".to_owned());
    }
    let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
    if u32::from(address) & host != 0 {
        return Err(format!("{address} is not the first address of a /{prefix}"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_the_documented_names_and_defaults() {
        let cli = Cli::try_parse_from(["stead", "server"]).unwrap();
        let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
        assert_eq!(args.data_dir, Path::new("/var/lib/stead"));
        assert_eq!(args.write_kubeconfig_mode, 0o600);
        assert_eq!(args.controllers, ["*"]);
        assert!(args.agent());
    }

    #[test]
    fn every_flag_parses() {
        let line = "stead server --data-dir /d --https-listen-port 0 --bind-address 127.0.0.2 --write-kubeconfig /k \
            --write-kubeconfig-mode 640 --cluster-cidr 10.1.0.0/16 --service-cidr 10.2.0.0/16 --cluster-domain c.d \
            --node-name n --simulated-nodes 3 --disable-agent --disable-scheduler --controllers *,-statefulset";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
        assert_eq!(args.controllers, ["*", "-statefulset"]);
        assert_eq!(args.write_kubeconfig_mode, 0o640);
        assert_eq!(args.simulated_nodes, 3);
    }

    #[test]
    fn a_list_may_begin_with_a_hyphen() {
        let cli = Cli::try_parse_from(["stead", "server", "--controllers", "-*"]).unwrap();
        let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
        assert_eq!(args.controllers, ["-*"]);
    }

    #[test]
    fn ranges_are_checked() {
        assert!(cidr("10.42.0.0/16").is_ok());
        for bad in ["10.42.0.0", "10.42.0.1/16", "fd00::/64", "10.0.0.0/33", "10.0.0.0/x"] {
            assert!(cidr(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(octal("0644"), Ok(0o644));
        assert!(octal("899").is_err());
        assert!(octal("7777").is_err());
    }
}
