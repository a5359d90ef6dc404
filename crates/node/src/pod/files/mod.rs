//! The files that every container is given: `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` (FILE-1 to FILE-10). What is in them is
//! decided here, purely, from the pod, the node and the node's own files; [`write`] alone reads and writes.

pub mod hosts;
pub mod names;
pub mod resolver;
pub mod write;

use self::hosts::Hosts;
use self::names::names;
use self::resolver::{Base, base};
use super::steps::NodeFacts;
use crate::runtime::Mount;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use stead_api::Value;
use stead_api::value::Access;

const ETC_HOSTS: &str = "/etc/hosts";
const ETC_HOSTNAME: &str = "/etc/hostname";
const ETC_RESOLV_CONF: &str = "/etc/resolv.conf";

/// What is to be written for one start of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct PodFiles {
    /// Shared by the pod's containers: written anew at each start. `None`: the container brings its own, or the pod has no address.
    pub hosts: Option<(PathBuf, Hosts)>,
    /// Of the sandbox: written once (FILE-10).
    pub hostname: (PathBuf, String),
    pub resolver: (PathBuf, Base),
    /// The node's file of name servers.
    pub resolv_conf: ResolvConf,
}

/// Which file of the node says how names are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ResolvConf {
    /// `/etc/resolv.conf`, or what systemd-resolved keeps for others if that names only itself.
    #[default]
    Found,
    File(PathBuf),
    /// Pods of policy `Default` resolve nothing.
    None,
}

/// How names are resolved in this cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsFacts {
    /// The cluster's name servers.
    pub servers: Vec<IpAddr>,
    /// The cluster's domain.
    pub domain: String,
    pub resolv_conf: ResolvConf,
}

/// What one container is to find; `addresses` are the pod's own.
pub fn pod_files(pod: &Value, container: &Value, node: &NodeFacts, addresses: &[IpAddr], sandbox: &str) -> Result<PodFiles, String> {
    let dir = node.pods_dir.join(pod["metadata"].str("uid"));
    let names = names(pod, node)?;
    let hosts = Hosts::of(pod, node, &names, addresses).filter(|_| !mounts_at(container, ETC_HOSTS));
    let of_sandbox = dir.join("sandboxes").join(sandbox);
    Ok(PodFiles {
        hosts: hosts.map(|hosts| (dir.join("etc-hosts"), hosts)),
        hostname: (of_sandbox.join("hostname"), format!("{}\n", names.kernel)),
        resolver: (of_sandbox.join("resolv.conf"), base(pod, node)),
        resolv_conf: node.dns.resolv_conf.clone(),
    })
}

impl PodFiles {
    /// Where the container finds them. With a read-only root only `/etc/hosts` stays writable (OCI-4).
    pub fn mounts(&self, container: &Value) -> Vec<Mount> {
        let read_only = container["securityContext"].flag("readOnlyRootFilesystem");
        let mount = |source: &Path, destination: &str, read_only| Mount {
            source: source.to_owned(),
            destination: destination.to_owned(),
            read_only,
            ..Mount::default()
        };
        let hosts = self.hosts.iter().map(|(source, _)| mount(source, ETC_HOSTS, false));
        let of_sandbox = [(&self.hostname.0, ETC_HOSTNAME), (&self.resolver.0, ETC_RESOLV_CONF)].into_iter();
        let of_sandbox = of_sandbox.filter(|(_, destination)| !mounts_at(container, destination));
        hosts.chain(of_sandbox.map(|(source, destination)| mount(source, destination, read_only))).collect()
    }
}

fn mounts_at(container: &Value, path: &str) -> bool {
    container.items("volumeMounts").iter().any(|mount| Path::new("/").join(mount.str("mountPath")) == Path::new(path))
}

#[cfg(test)]
mod tests;
