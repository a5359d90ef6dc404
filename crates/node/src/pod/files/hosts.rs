//! `/etc/hosts` of a pod (FILE-1 to FILE-3). Pure.

use super::names::Names;
use crate::pod::steps::NodeFacts;
use std::net::IpAddr;
use stead_api::Value;
use stead_api::value::Access;

/// Where a node keeps its own.
pub const NODES_FILE: &str = "/etc/hosts";

/// The file's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    beginning: Beginning,
    aliases: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Beginning {
    /// The pod's own network.
    Own(String),
    /// The node's file comes first.
    Node,
}

impl Hosts {
    /// `None` while the pod has no address (FILE-4).
    pub fn of(pod: &Value, node: &NodeFacts, names: &Names, addresses: &[IpAddr]) -> Option<Hosts> {
        let spec = &pod["spec"];
        let beginning = match spec.flag("hostNetwork") {
            true if node.host_ips.is_empty() => return None,
            false if addresses.is_empty() => return None,
            true => Beginning::Node,
            false => Beginning::Own(own(names, addresses)),
        };
        Some(Hosts { beginning, aliases: aliases(spec) })
    }

    /// Whether [`Hosts::text`] needs the node's file.
    pub fn needs_nodes_file(&self) -> bool {
        self.beginning == Beginning::Node
    }

    /// The file, given the node's own.
    pub fn text(&self, nodes_file: &str) -> String {
        match &self.beginning {
            Beginning::Own(text) => format!("{text}{}", self.aliases),
            Beginning::Node => format!("# Kubernetes-managed hosts file (host network).\n{nodes_file}{}", self.aliases),
        }
    }
}

fn own(names: &Names, addresses: &[IpAddr]) -> String {
    let mut text = "# Kubernetes-managed hosts file.\n\
        127.0.0.1\tlocalhost\n\
        ::1\tlocalhost ip6-localhost ip6-loopback\n\
        fe00::0\tip6-localnet\n\
        fe00::0\tip6-mcastprefix\n\
        fe00::1\tip6-allnodes\n\
        fe00::2\tip6-allrouters\n"
        .to_owned();
    let Names { short, domain, .. } = names;
    for address in addresses {
        text.push_str(&match domain.is_empty() {
            true => format!("{address}\t{short}\n"),
            false => format!("{address}\t{short}.{domain}\t{short}\n"),
        });
    }
    text
}

fn aliases(spec: &Value) -> String {
    let aliases = spec.items("hostAliases");
    if aliases.is_empty() {
        return String::new();
    }
    let mut text = "\n# Entries added by HostAliases.\n".to_owned();
    for alias in aliases {
        let names: Vec<&str> = alias.items("hostnames").iter().filter_map(Value::as_str).collect();
        text.push_str(&format!("{}\t{}\n", alias.str("ip"), names.join("\t")));
    }
    text
}
