//! The command line: every flag also as a `STEAD_*` variable. Parsed once; the rest of the program gets typed values.

mod care;
mod image;
mod install;
mod manifests;
mod status;
mod storage;
#[cfg(test)]
mod tests;
mod ui;
mod up;
mod values;
mod whole;

pub use care::CareArgs;
pub use image::{FromHostArgs, ImageArgs, ImageVerb, ImportArgs, ListArgs, Place, PruneArgs, PullArgs, PushArgs, RmArgs};
pub use install::{InstallArgs, UninstallArgs};
pub use manifests::{BesideArgs, LintArgs, PlanArgs};
pub use status::StatusArgs;
pub use storage::StorageArgs;
pub use ui::UiArgs;
pub use up::UpArgs;
use values::SIMULATED_NODES_MAX;
pub use values::{PodRanges, ServiceRanges, node_name};
pub use whole::{CompletionArgs, KubectlArgs, ResetArgs, Shell, VersionArgs};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use stead_node::pod::files::{DnsFacts, ResolvConf};

const AFTER_HELP: &str = "First steps:
  stead up              start a server and see the example's three pods come up
  stead up -f web.yaml  the same with your own manifests
  kubectl get pods -w   what `stead up` ends with
  stead down            stop the server and its containers; objects stay

Every flag is also a variable (STEAD_DATA_DIR for --data-dir). STEAD_LOG filters the log: info, debug, stead_node=debug.";

/// Kubernetes StatefulSets and all that they stand on, from one program.
#[derive(Debug, Parser)]
#[command(name = "stead", version, propagate_version = true, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a server in the background if none runs, apply manifests (-f) or the built-in example, and show their pods until all are ready
    Up(Box<UpArgs>),
    /// Stop the background server and the containers it runs; objects stay
    Down(DownArgs),
    /// Bring images onto this machine, look at them and remove them, with a server running or without
    Image(ImageArgs),
    /// Say why an object is as it is: what the controllers and the scheduler last decided about it, and what they wait for; or what a code of `stead lint` means
    Explain(ExplainArgs),
    /// Say what is wrong with manifests and how to mend it; nothing is applied
    Lint(Box<LintArgs>),
    /// Show the server, its nodes and each workload: what is ready, and what the rest waits for and why
    Status(StatusArgs),
    /// Say what applying manifests would do, ordinal by ordinal, without doing it
    Plan(Box<PlanArgs>),
    /// Print a link that opens the page of a running server once, as the user of the kubeconfig
    Ui(UiArgs),
    /// Make another key that seals Secrets on disk, in force from the server's next start
    RotateSecretsKey(RotateSecretsKeyArgs),
    /// Run kubectl with the kubeconfig of the data directory
    Kubectl(KubectlArgs),
    /// Remove everything that was ever made for a data directory, after listing it and asking
    Reset(ResetArgs),
    /// Make the server a service of systemd, which starts with the machine
    Install(Box<InstallArgs>),
    /// Remove the service again
    Uninstall(UninstallArgs),
    /// Print the versions of this program and of the server that runs
    Version(VersionArgs),
    /// Print what a shell needs to complete verbs and flags
    Completion(CompletionArgs),
    /// Run the API server, the controllers, the scheduler and the node agent in the foreground
    #[command(after_help = SERVER_EXAMPLES)]
    Server(Box<ServerArgs>),
}

const DOWN_EXAMPLES: &str = "Examples:
  stead down                 the server and its pods end; objects and data stay
  stead down --leave-pods    the server alone; the next start takes the pods over";

#[derive(Debug, Args)]
#[command(after_help = DOWN_EXAMPLES)]
pub struct DownArgs {
    /// Directory of the server to stop
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Stop the server only: containers go on running, and the next start takes them over
    #[arg(long, env = "STEAD_LEAVE_PODS")]
    pub leave_pods: bool,
}

const ROTATE_EXAMPLES: &str = "Examples:
  stead rotate-secrets-key && stead down --leave-pods && stead up";

#[derive(Debug, Args)]
#[command(after_help = ROTATE_EXAMPLES)]
pub struct RotateSecretsKeyArgs {
    /// Directory of the server whose Secrets they are
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
}

const EXPLAIN_EXAMPLES: &str = "Examples:
  stead explain pod/web-0           why it does not start, or what it is about to do
  stead explain sts/web -n team     why it makes no further pod
  stead explain pvc/www-web-0       what disk it has, or why none
  stead explain L101                what a code of `stead lint` means";

#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArgs {
    /// The object: pod/web-0, pvc/www-web-0, sts/web, statefulsets.apps/web; or a code of `stead lint`: L101
    #[arg(value_name = "KIND/NAME|CODE", value_parser = values::object_or_rule)]
    pub object: String,
    /// Its namespace [default: that of the kubeconfig's context]
    #[arg(long, short, env = "STEAD_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Directory of the server to ask
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Ask the server of this kubeconfig instead
    #[arg(long, env = "STEAD_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub kubeconfig: Option<PathBuf>,
    /// Print the server's document instead of words
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}

/// How results are printed, if not in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    Json,
}

const DATA_DIR: &str = "/var/lib/stead";

const SERVER_EXAMPLES: &str = "Examples:
  stead server                                          in the foreground, on 127.0.0.1:6443
  stead server --bind-address 0.0.0.0 --tls-san api.example.com
  stead server --simulated-nodes 3 --data-dir /tmp/sim --https-listen-port 0    no containers, no root
  stead install --bind-address 0.0.0.0                  the same as a service";

#[derive(Debug, Clone, PartialEq, Args)]
pub struct ServerArgs {
    /// Directory of everything that Stead keeps
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Port of the API (0: any free one)
    #[arg(help_heading = "API", long, env = "STEAD_HTTPS_LISTEN_PORT", default_value_t = 6443, value_name = "N")]
    pub https_listen_port: u16,
    /// Address the API listens on (0.0.0.0 or :: for all)
    #[arg(help_heading = "API", long, env = "STEAD_BIND_ADDRESS", default_value = "127.0.0.1", value_name = "A", value_parser = values::bind_address)]
    pub bind_address: IpAddr,
    /// More names and addresses for the server's certificate, comma separated; may be given several times
    #[arg(help_heading = "API", long, env = "STEAD_TLS_SAN", value_name = "NAMES", value_delimiter = ',', value_parser = values::subject_name)]
    pub tls_san: Vec<String>,
    /// File to write the administrator's kubeconfig to [default: DATA_DIR/kubeconfig, and a context in ~/.kube/config]
    #[arg(help_heading = "Kubeconfig", long, env = "STEAD_WRITE_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub write_kubeconfig: Option<PathBuf>,
    /// Mode of that file, octal
    #[arg(help_heading = "Kubeconfig", long, env = "STEAD_WRITE_KUBECONFIG_MODE", default_value = "600", value_name = "MODE", value_parser = values::file_mode)]
    pub write_kubeconfig_mode: u32,
    /// Whether kubectl is warned of StatefulSets that will not do what was meant, as `stead lint` says it
    #[arg(help_heading = "API", long, env = "STEAD_LINT_WARNINGS", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub lint_warnings: bool,
    /// Addresses of pods, IPv4 or IPv6 or both, separated by a comma; this node's pods have a part of each (/24, /64)
    #[arg(help_heading = "Cluster", long, env = "STEAD_CLUSTER_CIDR", default_value = "10.42.0.0/16", value_name = "C")]
    pub cluster_cidr: PodRanges,
    /// Addresses of Services, IPv4 or IPv6 or both, separated by a comma; the first one's family is the default
    #[arg(help_heading = "Cluster", long, env = "STEAD_SERVICE_CIDR", default_value = "10.43.0.0/16", value_name = "C")]
    pub service_cidr: ServiceRanges,
    /// DNS domain of the cluster
    #[arg(help_heading = "Cluster", long, env = "STEAD_CLUSTER_DOMAIN", default_value = "cluster.local", value_name = "D", value_parser = values::cluster_domain)]
    pub cluster_domain: String,
    /// Addresses of the cluster's name servers, comma separated [default: the tenth address of each range of --service-cidr]
    #[arg(help_heading = "Cluster", long, env = "STEAD_CLUSTER_DNS", value_name = "ADDRESSES", value_delimiter = ',')]
    pub cluster_dns: Vec<IpAddr>,
    /// Answer questions for names on this address of the host, too (IP:PORT); asks resolvers anew each time
    #[arg(help_heading = "Cluster", long, env = "STEAD_DNS_LISTEN", value_name = "ADDRESS")]
    pub dns_listen: Option<SocketAddr>,
    /// Resolvers of names outside the cluster (IP or IP:PORT), comma separated [default: those of --resolv-conf]
    #[arg(help_heading = "Cluster", long, env = "STEAD_DNS_UPSTREAM", value_name = "ADDRESSES", value_delimiter = ',', value_parser = values::resolver)]
    pub dns_upstream: Vec<SocketAddr>,
    /// The node's file of name servers, for pods [default: /etc/resolv.conf, or systemd-resolved's own behind it; empty: none]
    #[arg(help_heading = "Nodes", long, env = "STEAD_RESOLV_CONF", value_name = "FILE", value_parser = values::resolv_conf)]
    pub resolv_conf: Option<PathBuf>,
    /// Name of this node [default: the host's name]
    #[arg(help_heading = "Nodes", long, env = "STEAD_NODE_NAME", value_name = "NAME", value_parser = values::node_name)]
    pub node_name: Option<String>,
    /// Run that many simulated nodes, whose pods become Ready without containers, instead of this machine's (at most 5000)
    #[arg(help_heading = "Nodes", long, env = "STEAD_SIMULATED_NODES", default_value_t = 0, value_name = "N",
        value_parser = clap::value_parser!(u32).range(..=i64::from(SIMULATED_NODES_MAX)))]
    pub simulated_nodes: u32,
    /// Settings of registries: mirrors, credentials, certificates, as k3s has them [default: DATA_DIR/registries.yaml]
    #[arg(help_heading = "Nodes", long, env = "STEAD_PRIVATE_REGISTRY", value_name = "FILE", value_parser = values::file)]
    pub private_registry: Option<PathBuf>,
    #[command(flatten)]
    pub care: CareArgs,
    #[command(flatten)]
    pub storage: StorageArgs,
    /// Do not run pods on this machine
    #[arg(help_heading = "Nodes", long, env = "STEAD_DISABLE_AGENT")]
    pub disable_agent: bool,
    /// Give containers that name no seccomp profile the runtime's own (RuntimeDefault) instead of none
    #[arg(help_heading = "Nodes", long, env = "STEAD_SECCOMP_DEFAULT")]
    pub seccomp_default: bool,
    /// Most processes and threads of a pod [default: no limit]
    #[arg(help_heading = "Nodes", long, env = "STEAD_POD_MAX_PIDS", value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    pub pod_max_pids: Option<i64>,
    /// Do not run the scheduler
    #[arg(help_heading = "Control plane", long, env = "STEAD_DISABLE_SCHEDULER")]
    pub disable_scheduler: bool,
    /// Controllers to run: '*' all, 'name' that one, '-name' all but that one
    #[arg(help_heading = "Control plane", long, env = "STEAD_CONTROLLERS", default_value = "*", value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true,
        value_parser = values::controller)]
    pub controllers: Vec<String>,
}

impl Cli {
    /// The command line, or the end of the program with a message that says what is wrong with it.
    pub fn from_command_line() -> Self {
        Self::parsed(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// What these words say.
    pub fn parsed<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> Result<Self, clap::Error> {
        // Help names the variables, not what is in them.
        let command = Self::command().mut_subcommands(|verb| verb.mut_args(|flag| flag.hide_env_values(true)));
        let matches = command.try_get_matches_from(words)?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut Self::command()))?;
        let given = matches.subcommand().map(|(_, matches)| given(matches)).unwrap_or_default();
        let args = match &mut cli.verb {
            Verb::Server(args) => args,
            Verb::Up(up) => {
                up.given = given;
                &mut up.server
            }
            Verb::Install(install) => {
                install.given = given;
                &mut install.server
            }
            _ => return Ok(cli),
        };
        match args.contradiction() {
            Some(text) => Err(Self::command().error(ErrorKind::ArgumentConflict, text)),
            None => Ok(cli),
        }
    }
}

/// The flags of a server that these matches of a verb have from the user.
fn given(matches: &ArgMatches) -> Vec<String> {
    let command = Cli::command();
    let flags = command.find_subcommand("server").into_iter().flat_map(clap::Command::get_arguments);
    // Other verbs have other flags.
    let by_user = |id: &str| {
        matches!(
            matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id)),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        )
    };
    flags.filter(|flag| by_user(flag.get_id().as_str())).filter_map(|flag| flag.get_long().map(str::to_owned)).collect()
}

/// What a switch that is on has for a value.
const ON: &str = "on";

impl ServerArgs {
    /// Every flag that is set, without its hyphens, and its value.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        let switch = |on: bool| on.then(|| ON.to_owned());
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(","));
        let all = [
            ("data-dir", Some(absolute(&self.data_dir))),
            ("https-listen-port", Some(self.https_listen_port.to_string())),
            ("bind-address", Some(self.bind_address.to_string())),
            ("tls-san", list(&self.tls_san)),
            ("lint-warnings", Some(self.lint_warnings.to_string())),
            ("write-kubeconfig", self.write_kubeconfig.as_deref().map(absolute)),
            ("write-kubeconfig-mode", Some(format!("{:o}", self.write_kubeconfig_mode))),
            ("cluster-cidr", Some(self.cluster_cidr.to_string())),
            ("service-cidr", Some(self.service_cidr.to_string())),
            ("cluster-domain", Some(self.cluster_domain.clone())),
            ("cluster-dns", list(&self.cluster_dns.iter().map(ToString::to_string).collect::<Vec<_>>())),
            ("dns-listen", self.dns_listen.map(|address| address.to_string())),
            ("dns-upstream", list(&self.dns_upstream.iter().map(ToString::to_string).collect::<Vec<_>>())),
            (
                "resolv-conf",
                self.resolv_conf.as_deref().map(|path| if path.as_os_str().is_empty() { String::new() } else { absolute(path) }),
            ),
            ("node-name", self.node_name.clone()),
            ("simulated-nodes", Some(self.simulated_nodes.to_string())),
            ("private-registry", self.private_registry.as_deref().map(absolute)),
            ("disable-agent", switch(self.disable_agent)),
            ("seccomp-default", switch(self.seccomp_default)),
            ("pod-max-pids", self.pod_max_pids.map(|n| n.to_string())),
            ("disable-scheduler", switch(self.disable_scheduler)),
            ("controllers", list(&self.controllers)),
        ];
        let others = self.care.settings().into_iter().chain(self.storage.settings());
        all.into_iter().chain(others).filter_map(|(flag, value)| Some((flag.to_owned(), value?))).collect()
    }

    /// The command line that gives a server these settings.
    pub fn command_line(&self) -> Vec<String> {
        let is_switch = |flag: &str| matches!(flag, "disable-agent" | "disable-scheduler" | "seccomp-default");
        let word = |(flag, value): (String, String)| if is_switch(&flag) { format!("--{flag}") } else { format!("--{flag}={value}") };
        std::iter::once("server".to_owned()).chain(self.settings().into_iter().map(word)).collect()
    }

    /// What is wrong with values that are good one by one.
    fn contradiction(&self) -> Option<String> {
        if self.cluster_cidr.overlaps(&self.service_cidr) {
            return Some(format!("--cluster-cidr {} and --service-cidr {} overlap", self.cluster_cidr, self.service_cidr));
        }
        if let Some(text) = self.care.contradiction() {
            return Some(text);
        }
        match self.bind_address {
            bind if self.service_cidr.contains(bind) => {
                Some(format!("--bind-address {bind} lies in --service-cidr {}, whose addresses are given to Services", self.service_cidr))
            }
            _ => None,
        }
    }

    /// The flag by which other verbs find this server, with a space before it; nothing where they find it without.
    pub fn data_dir_flag(&self) -> String {
        let dir = self.data_dir.display();
        if self.data_dir == Path::new(DATA_DIR) { String::new() } else { format!(" --data-dir {dir}") }
    }

    /// How pods resolve names.
    pub fn dns(&self) -> DnsFacts {
        let servers = match &self.cluster_dns[..] {
            [] => self.service_cidr.dns_addresses(&self.cluster_cidr),
            servers => servers.to_vec(),
        };
        let resolv_conf = match self.resolv_conf.as_deref() {
            None => ResolvConf::Found,
            Some(path) if path.as_os_str().is_empty() => ResolvConf::None,
            Some(path) => ResolvConf::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
        };
        DnsFacts { servers, domain: self.cluster_domain.clone(), resolv_conf }
    }

    /// Who knows names outside the cluster.
    pub fn resolvers(&self) -> stead_dns::Source {
        match self.resolv_conf.as_deref() {
            _ if !self.dns_upstream.is_empty() => stead_dns::Source::Given(self.dns_upstream.clone()),
            None => stead_dns::Source::Host,
            Some(path) if path.as_os_str().is_empty() => stead_dns::Source::Given(Vec::new()),
            Some(path) => stead_dns::Source::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
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
