//! The kernel settings that a pod may ask for without the node's administrator having allowed them: they hold for its namespaces alone.

use stead_api::Value;
use stead_api::value::Access;

/// Whose settings these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Ipc,
    Net,
}

/// Upstream's safe set.
const SAFE: [(&str, Namespace); 12] = [
    ("kernel.shm_rmid_forced", Namespace::Ipc),
    ("net.ipv4.ip_local_port_range", Namespace::Net),
    ("net.ipv4.tcp_syncookies", Namespace::Net),
    ("net.ipv4.ping_group_range", Namespace::Net),
    ("net.ipv4.ip_unprivileged_port_start", Namespace::Net),
    ("net.ipv4.ip_local_reserved_ports", Namespace::Net),
    ("net.ipv4.tcp_keepalive_time", Namespace::Net),
    ("net.ipv4.tcp_fin_timeout", Namespace::Net),
    ("net.ipv4.tcp_keepalive_intvl", Namespace::Net),
    ("net.ipv4.tcp_keepalive_probes", Namespace::Net),
    ("net.ipv4.tcp_rmem", Namespace::Net),
    ("net.ipv4.tcp_wmem", Namespace::Net),
];

/// Why the first setting of a pod that may not be is not; `None` if all may.
pub fn forbidden(spec: &Value) -> Option<String> {
    spec["securityContext"].items("sysctls").iter().find_map(|sysctl| {
        let name = normal(sysctl.str("name"));
        match SAFE.iter().find(|(safe, _)| *safe == name) {
            None => Some(format!("{name:?} not allowlisted")),
            Some((_, Namespace::Ipc)) if spec.flag("hostIPC") => Some(format!("{name:?} not allowed with host IPC enabled")),
            Some((_, Namespace::Net)) if spec.flag("hostNetwork") => Some(format!("{name:?} not allowed with host Net enabled")),
            Some(_) => None,
        }
    })
}

/// With dots between its parts: `net/ipv4/tcp_rmem` is the same.
pub fn normal(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => name
            .chars()
            .map(|c| {
                if c == '/' {
                    '.'
                } else if c == '.' {
                    '/'
                } else {
                    c
                }
            })
            .collect(),
        _ => name.to_owned(),
    }
}
