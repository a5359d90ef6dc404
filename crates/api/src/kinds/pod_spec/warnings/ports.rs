//! Warnings about container ports that repeat each other.

use crate::{
    Value,
    field::Path,
    kinds::pod_spec::{containers, is_sidecar},
    value::Access,
};
use std::collections::{BTreeMap, BTreeSet};

/// Ports defined twice, in one container or in two.
pub fn overlaps(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    let mut known: BTreeMap<(i64, &str), Vec<(&Value, Path)>> = BTreeMap::new();
    for (container, at) in containers(spec, path) {
        for (i, port) in container.items("ports").iter().enumerate() {
            let at = at.child("ports").index(i);
            let [own, host] = ["containerPort", "hostPort"].map(|m| port.int(m).unwrap_or_default());
            let (protocol, ip) = (port.str("protocol"), port.str("hostIP"));
            if !ip.is_empty() && host == 0 {
                let name = port.str("name");
                texts.push(format!(
                    "{at}: hostIP set without hostPort: {{Name:{name} HostPort:{host} ContainerPort:{own} \
                     Protocol:{protocol} HostIP:{ip}}}"
                ));
            }
            let others = known.entry((own, protocol)).or_default();
            for (other, other_at) in others.iter() {
                let (other_host, other_ip) = (other.int("hostPort").unwrap_or_default(), other.str("hostIP"));
                let what = if (ip, host) == (other_ip, other_host) {
                    "duplicate"
                } else if host == 0 || other_host == 0 {
                    "overlapping"
                } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                texts.push(format!("{at}: {what} port definition with {other_at}"));
            }
            others.push((port, at));
        }
    }
}

/// Names that two containers that run at the same time give to their ports.
pub fn names(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    let mut known: BTreeMap<&str, Path> = BTreeMap::new();
    let finite = spec.items("initContainers").iter().filter(|c| !is_sidecar(c)).map(|c| c.str("name"));
    let finite: BTreeSet<&str> = finite.collect();
    for (container, at) in containers(spec, path).into_iter().filter(|(c, _)| !finite.contains(c.str("name"))) {
        for (i, port) in container.items("ports").iter().enumerate() {
            let (name, at) = (port.str("name"), at.child("ports").index(i));
            if name.is_empty() {
                continue;
            }
            match known.get(name) {
                None => {
                    known.insert(name, at);
                }
                Some(first) => texts.push(format!(
                    "{at}: duplicate port name {name:?} with {first}, services and probes that select ports by name \
                     will use {first}"
                )),
            }
        }
    }
}
