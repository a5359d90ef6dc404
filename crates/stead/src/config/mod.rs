//! The command line: every flag also as a `STEAD_*` variable. Parsed once; the rest of the program gets typed values.

mod values;

pub use values::{Cidr, SIMULATED_NODES_MAX, node_name};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
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
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Stop the server only: containers go on running, and the next start takes them over
    #[arg(long, env = "STEAD_LEAVE_PODS")]
    pub leave_pods: bool,
}

const DATA_DIR: &str = "/var/lib/stead";

#[derive(Debug, Clone, PartialEq, Args)]
pub struct ServerArgs {
    /// Directory of everything that Stead keeps
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Port of the API (0: any free one)
    #[arg(long, env = "STEAD_HTTPS_LISTEN_PORT", default_value_t = 6443, value_name = "N")]
    pub https_listen_port: u16,
    /// Address the API listens on (0.0.0.0 or :: for all)
    #[arg(long, env = "STEAD_BIND_ADDRESS", default_value = "127.0.0.1", value_name = "A", value_parser = values::bind_address)]
    pub bind_address: IpAddr,
    /// More names and addresses for the server's certificate, comma separated; may be given several times
    #[arg(long, env = "STEAD_TLS_SAN", value_name = "NAMES", value_delimiter = ',', value_parser = values::subject_name)]
    pub tls_san: Vec<String>,
    /// File to write the administrator's kubeconfig to [default: DATA_DIR/kubeconfig, and a context in ~/.kube/config]
    #[arg(long, env = "STEAD_WRITE_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub write_kubeconfig: Option<PathBuf>,
    /// Mode of that file, octal
    #[arg(long, env = "STEAD_WRITE_KUBECONFIG_MODE", default_value = "600", value_name = "MODE", value_parser = values::file_mode)]
    pub write_kubeconfig_mode: u32,
    /// Addresses of pods (none are given out yet)
    #[arg(long, env = "STEAD_CLUSTER_CIDR", default_value = "10.42.0.0/16", value_name = "C")]
    pub cluster_cidr: Cidr,
    /// Addresses of Services
    #[arg(long, env = "STEAD_SERVICE_CIDR", default_value = "10.43.0.0/16", value_name = "C")]
    pub service_cidr: Cidr,
    /// DNS domain of the cluster
    #[arg(long, env = "STEAD_CLUSTER_DOMAIN", default_value = "cluster.local", value_name = "D", value_parser = values::cluster_domain)]
    pub cluster_domain: String,
    /// Name of this node [default: the host's name]
    #[arg(long, env = "STEAD_NODE_NAME", value_name = "NAME", value_parser = values::node_name)]
    pub node_name: Option<String>,
    /// Run that many simulated nodes, whose pods become Ready without containers, instead of this machine's (at most 5000)
    #[arg(long, env = "STEAD_SIMULATED_NODES", default_value_t = 0, value_name = "N",
        value_parser = clap::value_parser!(u32).range(..=i64::from(SIMULATED_NODES_MAX)))]
    pub simulated_nodes: u32,
    /// Do not run pods on this machine
    #[arg(long, env = "STEAD_DISABLE_AGENT")]
    pub disable_agent: bool,
    /// Do not run the scheduler
    #[arg(long, env = "STEAD_DISABLE_SCHEDULER")]
    pub disable_scheduler: bool,
    /// Controllers to run: '*' all, 'name' that one, '-name' all but that one
    #[arg(long, env = "STEAD_CONTROLLERS", default_value = "*", value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true,
        value_parser = values::controller)]
    pub controllers: Vec<String>,
}

impl Cli {
    /// The command line, or the end of the program with a message that says what is wrong with it.
    pub fn from_command_line() -> Self {
        let cli = Self::parse();
        let args = match &cli.verb {
            Verb::Server(args) => args,
            Verb::Up(args) => &args.server,
            Verb::Down(_) => return cli,
        };
        match args.contradiction() {
            Some(text) => Self::command().error(ErrorKind::ArgumentConflict, text).exit(),
            None => cli,
        }
    }
}

impl ServerArgs {
    /// What is wrong with values that are good one by one.
    fn contradiction(&self) -> Option<String> {
        if self.cluster_cidr.overlaps(self.service_cidr) {
            return Some(format!("--cluster-cidr {} and --service-cidr {} overlap", self.cluster_cidr, self.service_cidr));
        }
        match self.bind_address {
            IpAddr::V4(bind) if self.service_cidr.contains(bind) => {
                Some(format!("--bind-address {bind} lies in --service-cidr {}, whose addresses are given to Services", self.service_cidr))
            }
            _ => None,
        }
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

    fn server(line: &[&str]) -> Result<ServerArgs, String> {
        let cli = Cli::try_parse_from([&["stead", "server"], line].concat()).map_err(|error| error.to_string())?;
        let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
        args.contradiction().map_or(Ok(*args), Err)
    }

    #[test]
    fn names_for_the_certificate_are_repeated_or_separated_by_commas() {
        let args = server(&["--tls-san", "a.example,192.0.2.7", "--tls-san=::1"]).unwrap();
        assert_eq!(args.tls_san, ["a.example", "192.0.2.7", "::1"]);
        assert!(server(&["--tls-san", "a b"]).is_err());
    }

    #[test]
    fn what_would_fail_later_is_refused_with_its_flag() {
        for (flag, value, said) in [
            ("--node-name", "BAD NAME", "RFC 1123"),
            ("--cluster-domain", "..x", "RFC 1123"),
            ("--simulated-nodes", "999999", "5000"),
            ("--https-listen-port", "65536", "65535"),
            ("--bind-address", "localhost", "127.0.0.1"),
            ("--service-cidr", "10.43.0.0", "10.42.0.0/16"),
            ("--cluster-cidr", "10.0.0.0/8", "overlap"),
            ("--bind-address", "10.43.0.1", "--service-cidr"),
            ("--controllers", "no-such", "known controllers"),
            ("--write-kubeconfig-mode", "888", "octal"),
            ("--write-kubeconfig", "/", "a file"),
            ("--data-dir", "/etc/hostname", "this is a file"),
        ] {
            let error = server(&[flag, value]).unwrap_err();
            assert!(error.contains(flag) && error.contains(said), "{flag} {value}: {error}");
        }
    }
}
