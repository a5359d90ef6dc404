//! Validation of container ports, alone and against each other and the host network.

use super::{Context, texts};
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};
use std::collections::BTreeSet;

/// Validates the ports of one container.
pub fn validate(ports: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let at = path.index(i);
        let name = port.str("name");
        if !name.is_empty() {
            let found = names::port_name(name);
            if found.is_empty() && !seen.insert(name) {
                errors.push(field::duplicate(&at.child("name"), name));
            }
            errors.extend(texts(&at.child("name"), name, found));
        }
        if port.int("containerPort").unwrap_or_default() == 0 {
            errors.push(field::required(&at.child("containerPort"), ""));
        }
        for member in ["containerPort", "hostPort"] {
            let number = port.int(member).unwrap_or_default();
            if number != 0 {
                let found = names::port_number(number);
                errors.extend(found.iter().map(|text| field::invalid(&at.child(member), number, text)));
            }
        }
        errors.extend(super::choice(port, "protocol", &["SCTP", "TCP", "UDP"], &at));
    }
    errors
}

/// Two ports of these containers that would take the same port of the host.
pub fn conflicts(containers: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut taken = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in container.items("ports").iter().enumerate() {
            let number = port.int("hostPort").unwrap_or_default();
            if number == 0 {
                continue;
            }
            let text = format!("{}/{}/{number}", port.str("protocol"), port.str("hostIP"));
            if !taken.insert(text.clone()) {
                errors.push(field::duplicate(&path.index(i).child("ports").index(j).child("hostPort"), text));
            }
        }
    }
    errors
}

/// On the host network a container's port is the host's port.
pub fn host_network(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    if !context.spec.flag("hostNetwork") {
        return errors;
    }
    let path = context.path.child("containers");
    for (i, container) in context.spec.items("containers").iter().enumerate() {
        for (j, port) in container.items("ports").iter().enumerate() {
            let [host, own] = ["hostPort", "containerPort"].map(|m| port.int(m).unwrap_or_default());
            if host != own && (context.is_pod || host != 0) {
                let at = path.index(i).child("ports").index(j).child("hostPort");
                errors.push(field::invalid(&at, host, "must match `containerPort` when `hostNetwork` is true"));
            }
        }
    }
    errors
}
