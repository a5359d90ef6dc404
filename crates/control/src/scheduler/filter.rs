//! Which nodes can take a pod, and in upstream's words why the others cannot. Pure.

use super::affinity;
use super::snapshot::NodeRoom;
use crate::facts::node::Taint;
use crate::object::Object;

const FREE_PORTS: &str = "node(s) didn't have free ports for the requested pod ports";

/// Why this node cannot take the pod; empty if it can. The first rule that refuses speaks.
pub fn refusals(pod: &Object, room: &NodeRoom) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    let tolerated = |taint: &Taint| pod.pod().tolerations.iter().any(|t| t.tolerates(taint));
    let node = room.node.node();
    let cordon = || Taint { key: "node.kubernetes.io/unschedulable".to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() };
    if node.cordoned && !tolerated(&cordon()) {
        return one("node(s) were unschedulable");
    }
    let bars = |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
    if node.taints.iter().filter(bars).any(|taint| !tolerated(taint)) {
        return one("node(s) had untolerated taint(s)");
    }
    if !affinity::node_matches(pod, &room.node) {
        return one("node(s) didn't match Pod's node affinity/selector");
    }
    if room.pods.iter().any(|other| ports_clash(pod, other)) {
        return one(FREE_PORTS);
    }
    insufficient(pod, room)
}

/// What it would help on a node if pods of lower priority went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// Nothing: the reason would remain.
    None,
    /// It would, but there are no such pods.
    NoVictims,
    /// It might.
    Victims,
}

/// Whether the reasons for which a node refuses could go with other pods (SCH-39).
pub fn help(pod: &Object, room: &NodeRoom, refusals: &[String]) -> Help {
    let goes = |refusal: &String| match refusal.strip_prefix("Insufficient ") {
        Some(name) => room.room(name) >= pod.pod().requests.get(name).copied().unwrap_or(0),
        None => ["Too many pods", FREE_PORTS, affinity::ANTI_AFFINITY, affinity::EXISTING_ANTI_AFFINITY].contains(&refusal.as_str()),
    };
    if !refusals.iter().all(goes) {
        return Help::None;
    }
    let is_lower = room.pods.iter().any(|other| other.pod().priority < pod.pod().priority);
    if is_lower { Help::Victims } else { Help::NoVictims }
}

fn insufficient(pod: &Object, room: &NodeRoom) -> Vec<String> {
    let mut lacking = Vec::new();
    if i64::try_from(room.pods.len()).unwrap_or(i64::MAX) >= room.room("pods") {
        lacking.push("Too many pods".to_owned());
    }
    let short =
        pod.pod().requests.iter().filter(|(name, wanted)| **wanted > 0 && room.room(name).saturating_sub(room.taken(name)) < **wanted);
    lacking.extend(short.map(|(name, _)| format!("Insufficient {name}")));
    lacking
}

fn ports_clash(a: &Object, b: &Object) -> bool {
    let any = |ip: &str| ip.is_empty() || ip == "0.0.0.0" || ip == "::";
    a.pod().host_ports.iter().any(|(protocol, ip, port)| {
        b.pod().host_ports.iter().any(|(other_protocol, other_ip, other_port)| {
            protocol == other_protocol && port == other_port && (ip == other_ip || any(ip) || any(other_ip))
        })
    })
}
