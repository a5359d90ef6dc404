//! `/etc/resolv.conf` of a pod (FILE-6 to FILE-9). Pure.

use crate::pod::steps::NodeFacts;
use stead_api::Value;
use stead_api::value::Access;

/// What resolvers take (FILE-9).
const SERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_CHARS_MAX: usize = 2048;
/// A longer search domain makes some resolvers end their program.
const SEARCH_MAX: usize = 253;
const CLUSTER_OPTIONS: [&str; 1] = ["ndots:5"];

/// Where a pod's settings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    policy: Policy,
    /// Names the pod in an event.
    pod: String,
    /// The pod's own `dnsConfig`.
    own: Resolver,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Policy {
    Nothing,
    Node,
    /// The cluster's name servers, and its search domains before the node's.
    Cluster {
        servers: Vec<String>,
        searches: Vec<String>,
    },
    /// The cluster has no name server: as `Node`, and it is said.
    ClusterWithout,
}

/// The lines of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolver {
    pub servers: Vec<String>,
    pub searches: Vec<String>,
    /// `NAME` or `NAME:VALUE`.
    pub options: Vec<String>,
}

/// A warning about a pod: reason and message.
pub type Warning = (&'static str, String);

/// What a pod asks for.
pub fn base(pod: &Value, node: &NodeFacts) -> Base {
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    let policy = match spec.str("dnsPolicy") {
        "None" => Policy::Nothing,
        "Default" => Policy::Node,
        "ClusterFirstWithHostNet" => cluster(meta.str("namespace"), node),
        _ if spec.flag("hostNetwork") => Policy::Node,
        _ => cluster(meta.str("namespace"), node),
    };
    let pod = format!("{}_{}({})", meta.str("name"), meta.str("namespace"), meta.str("uid"));
    Base { policy, pod, own: own(&spec["dnsConfig"]) }
}

fn cluster(namespace: &str, node: &NodeFacts) -> Policy {
    let domain = &node.dns.domain;
    if node.dns.servers.is_empty() {
        return Policy::ClusterWithout;
    }
    let searches = match domain.is_empty() {
        true => Vec::new(),
        false => vec![format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.clone()],
    };
    Policy::Cluster { servers: node.dns.servers.iter().map(ToString::to_string).collect(), searches }
}

fn own(config: &Value) -> Resolver {
    let list = |name: &str| config.items(name).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let option = |option: &Value| match option.str("value") {
        "" => option.str("name").to_owned(),
        value => format!("{}:{value}", option.str("name")),
    };
    Resolver { servers: list("nameservers"), searches: list("searches"), options: config.items("options").iter().map(option).collect() }
}

impl Base {
    /// What the file says, given the node's settings, and what is to be told about it.
    pub fn resolver(&self, node: Option<&Resolver>) -> (Resolver, Vec<Warning>) {
        let mut warnings = Vec::new();
        // A node that was told to use no file has nobody to ask.
        let of_node = || {
            node.cloned().unwrap_or_else(|| Resolver { servers: vec!["127.0.0.1".into()], searches: vec![".".into()], options: Vec::new() })
        };
        let mut resolver = match &self.policy {
            Policy::Nothing => Resolver::default(),
            Policy::Node => of_node(),
            Policy::Cluster { servers, searches } => Resolver {
                servers: servers.clone(),
                searches: distinct(searches.iter().chain(node.map(|node| &node.searches).into_iter().flatten())),
                options: CLUSTER_OPTIONS.map(str::to_owned).into(),
            },
            Policy::ClusterWithout => {
                let message = format!(
                    "pod: {:?}. kubelet does not have ClusterDNS IP configured and cannot create Pod using {:?} policy. Falling back to \
                     {:?} policy.",
                    self.pod, "ClusterFirst", "Default"
                );
                warnings.push(("MissingClusterDNS", message));
                of_node()
            }
        };
        resolver.servers = distinct(resolver.servers.iter().chain(&self.own.servers));
        resolver.searches = distinct(resolver.searches.iter().chain(&self.own.searches));
        resolver.options = options(&resolver.options, &self.own.options);
        warnings.extend(limit_servers(&mut resolver.servers));
        warnings.extend(limit_searches(&mut resolver.searches));
        (resolver, warnings)
    }
}

fn distinct<'a>(items: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

/// The pod's own replace those of the same name (FILE-7).
fn options(base: &[String], own: &[String]) -> Vec<String> {
    let name = |option: &String| option.split(':').next().unwrap_or_default().to_owned();
    let mut merged: Vec<String> = Vec::new();
    for option in base.iter().chain(own) {
        match merged.iter_mut().find(|known| name(known) == name(option)) {
            Some(known) => known.clone_from(option),
            None => merged.push(option.clone()),
        }
    }
    merged
}

fn limit_servers(servers: &mut Vec<String>) -> Option<Warning> {
    if servers.len() <= SERVERS_MAX {
        return None;
    }
    servers.truncate(SERVERS_MAX);
    let message = "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ";
    Some(("DNSConfigForming", format!("{message}{}", servers.join(" "))))
}

fn limit_searches(searches: &mut Vec<String>) -> Option<Warning> {
    let asked = searches.len();
    searches.truncate(SEARCHES_MAX);
    searches.retain(|search| search.len() <= SEARCH_MAX);
    while searches.join(" ").len() > SEARCH_CHARS_MAX {
        searches.pop();
    }
    let message = "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ";
    (searches.len() < asked).then(|| ("DNSConfigForming", format!("{message}{}", searches.join(" "))))
}

impl Resolver {
    /// Reads a node's file.
    pub fn parse(text: &str) -> Resolver {
        let mut resolver = Resolver::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => resolver.servers.extend(words.next().map(str::to_owned)),
                // The last such line counts.
                Some("search") => {
                    let trimmed =
                        |word: &str| if word == "." { word.to_owned() } else { word.strip_suffix('.').unwrap_or(word).to_owned() };
                    resolver.searches = words.map(trimmed).collect();
                }
                Some("options") => resolver.options = options(&resolver.options, &words.map(str::to_owned).collect::<Vec<_>>()),
                _ => {}
            }
        }
        resolver
    }

    /// Whether every name server is this machine itself, so that nobody else can use the file.
    pub fn is_loopback(&self) -> bool {
        let loopback = |server: &String| server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        !self.servers.is_empty() && self.servers.iter().all(loopback)
    }

    /// The file (FILE-8).
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, words: &str| text.push_str(&format!("{name} {words}\n"));
        if !self.searches.is_empty() {
            line("search", &self.searches.join(" "));
        }
        self.servers.iter().for_each(|server| line("nameserver", server));
        if !self.options.is_empty() {
            line("options", &self.options.join(" "));
        }
        text
    }
}
