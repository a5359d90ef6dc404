//! Host ports: one pod on a node has each (SCH-47). Pure.

use super::{Plugin, Refusal};
use crate::object::Object;
use crate::scheduler::snapshot::node::NodeInfo;

pub fn refuses(pod: &Object, node: &NodeInfo) -> Option<Refusal> {
    let clashes = node.with_ports > 0 && node.pods.iter().any(|other| clash(pod, other));
    clashes.then(|| Refusal::curable(Plugin::NodePorts, "node(s) didn't have free ports for the requested pod ports"))
}

pub fn clash(a: &Object, b: &Object) -> bool {
    let any = |ip: &str| ip.is_empty() || ip == "0.0.0.0" || ip == "::";
    a.pod().host_ports.iter().any(|(protocol, ip, port)| {
        b.pod().host_ports.iter().any(|(other_protocol, other_ip, other_port)| {
            protocol == other_protocol && port == other_port && (ip == other_ip || any(ip) || any(other_ip))
        })
    })
}
