//! Which changes of a pod's status are allowed.

use super::update;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::{is_sidecar, validation::texts},
    names,
    value::Access,
};
use std::{collections::BTreeSet, net::IpAddr};

const MAX_ID: i64 = i32::MAX as i64;
const NOT_NEGATIVE: &str = "must be a non-negative integer";
const SYSTEM_CONDITIONS: [&str; 3] = ["PodScheduled", "Ready", "Initialized"];

/// Validates a change of the status.
pub fn validate(object: &Value, old: &Value) -> Errors {
    let (status, before, spec, path) = (&object["status"], &old["status"], &old["spec"], Path::new("status"));
    let mut errors = update::annotations(object, old);
    errors.extend(conditions(status.items("conditions"), &path.child("conditions")));
    errors.extend(nominated(status, before, spec, &path.child("nominatedNodeName")));
    if let Some(generation) = status.int("observedGeneration").filter(|g| *g < 0) {
        errors.push(field::invalid(&path.child("observedGeneration"), generation, NOT_NEGATIVE));
    }
    if status.str("qosClass") != before.str("qosClass") {
        errors.push(field::invalid(&path.child("qosClass"), status.str("qosClass"), "field is immutable"));
    }
    errors.extend(transitions(status, before, spec, &path));
    errors.extend(claims(status.items("resourceClaimStatuses"), spec, &path.child("resourceClaimStatuses")));
    errors.extend(addresses(status.items("podIPs"), before.items("podIPs"), &path.child("podIPs")));
    errors.extend(host_addresses(status, before, &path));
    let windows = spec.get("os").is_some_and(|os| os.str("name") == "windows");
    for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
        for (i, container) in status.items(list).iter().enumerate() {
            errors.extend(user(container, windows, &path.child(list).index(i)));
        }
    }
    errors
}

fn conditions(conditions: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (i, condition) in conditions.iter().enumerate() {
        if let Some(generation) = condition.int("observedGeneration").filter(|g| *g < 0) {
            errors.push(field::invalid(&path.index(i).child("observedGeneration"), generation, NOT_NEGATIVE));
        }
        let ty = condition.str("type");
        if !SYSTEM_CONDITIONS.contains(&ty) {
            errors.extend(texts(&path.index(i).child("Type"), ty, names::qualified_name(ty)));
        }
    }
    errors
}

fn nominated(status: &Value, before: &Value, spec: &Value, path: &Path) -> Errors {
    let name = status.str("nominatedNodeName");
    if name.is_empty() || name == before.str("nominatedNodeName") {
        return Errors::new();
    }
    let mut errors: Errors = texts(path, name, names::dns_subdomain(name)).collect();
    if !spec.str("nodeName").is_empty() {
        errors.push(field::forbidden(path, "may not be set on pods that are already bound to a node"));
    }
    errors
}

/// A container that has ended for good does not run again.
fn transitions(status: &Value, before: &Value, spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let restarts_all = ["containers", "initContainers"].iter().any(|list| {
        let rules = spec.items(list).iter().flat_map(|c| c.items("restartPolicyRules"));
        rules.into_iter().any(|rule| rule.str("action") == "RestartAllContainers")
    });
    for (list, containers) in [
        ("containerStatuses", Some(spec.items("containers"))),
        ("initContainerStatuses", Some(spec.items("initContainers"))),
        ("ephemeralContainerStatuses", None),
    ] {
        if restarts_all && containers.is_some() {
            continue;
        }
        for (i, old) in before.items(list).iter().enumerate() {
            let Some(ended) = old.get("state").and_then(|s| s.get("terminated")) else { continue };
            let Some(new) = status.items(list).iter().find(|c| c.str("name") == old.str("name")) else { continue };
            let ended_still = new.get("state").is_some_and(|s| s.has("terminated"));
            let container = containers.and_then(|c| c.iter().find(|c| c.str("name") == old.str("name")));
            if !ended_still && !container.is_some_and(|c| may_restart(c, spec, ended)) {
                let detail = "may not be transitioned to non-terminated state";
                errors.push(field::forbidden(&path.child(list).index(i).child("state"), detail));
            }
        }
    }
    errors
}

fn may_restart(container: &Value, spec: &Value, ended: &Value) -> bool {
    let code = ended.int("exitCode").unwrap_or_default();
    let matches = |rule: &&Value| {
        let codes = rule.get("exitCodes");
        let listed = codes.is_some_and(|c| c.items("values").iter().any(|v| v.as_i64() == Some(code)));
        codes.is_some_and(|c| listed == (c.str("operator") == "In"))
    };
    if is_sidecar(container) || container.items("restartPolicyRules").iter().any(|rule| matches(&rule)) {
        return true;
    }
    let policy = match container.str("restartPolicy") {
        "" => spec.str("restartPolicy"),
        own => own,
    };
    match policy {
        "Always" => true,
        "OnFailure" => code != 0,
        _ => false,
    }
}

fn claims(statuses: &[Value], spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (i, status) in statuses.iter().enumerate() {
        let (name, at) = (status.str("name"), path.index(i));
        if !spec.items("resourceClaims").iter().any(|c| c.str("name") == name) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(field::invalid(&at.child("name"), name, detail));
        }
        if !seen.insert(name) {
            errors.push(field::duplicate(&at.child("name"), name));
        }
        if let Some(claim) = status.get("resourceClaimName").and_then(Value::as_str) {
            errors.extend(texts(&at.child("resourceClaimName"), claim, names::dns_subdomain(claim)));
        }
    }
    errors
}

fn host_addresses(status: &Value, before: &Value, path: &Path) -> Errors {
    let addresses = status.items("hostIPs");
    let Some(first) = addresses.first() else { return Errors::new() };
    let at = path.child("hostIPs");
    let mut errors = Errors::new();
    if status.str("hostIP") != first.str("ip") {
        errors.push(field::invalid(&at.index(0).child("ip"), first.str("ip"), "must be equal to `hostIP`"));
    }
    errors.extend(self::addresses(addresses, before.items("hostIPs"), &at));
    errors
}

/// New addresses are well formed; there is at most one of each family.
fn addresses(new: &[Value], old: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (i, address) in new.iter().enumerate() {
        let ip = address.str("ip");
        if !old.iter().any(|o| o.str("ip") == ip) {
            errors.extend(texts(&path.index(i), ip, names::ip_address(ip)));
        }
    }
    if new.len() > 1 {
        let parsed: Vec<Option<IpAddr>> = new.iter().map(|a| names::parse_ip(a.str("ip")).map(|ip| ip.ip)).collect();
        if let Some(at) = parsed.iter().position(Option::is_none) {
            errors.push(field::Error {
                path: path.clone(),
                kind: field::Kind::Internal,
                detail: format!("failed to check for dual stack with error:invalid IP: {}", new[at].str("ip")),
            });
        }
        let count = |v4: bool| parsed.iter().flatten().filter(|ip| ip.is_ipv4() == v4).count();
        if new.len() > 2 || count(true) == 0 || count(false) == 0 {
            let detail = "may specify no more than one IP for each IP family";
            errors.push(field::invalid(path, new.to_vec(), detail));
        }
    }
    errors
}

fn user(container: &Value, windows: bool, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let Some(user) = container.get("user").and_then(|u| u.get("linux")) else { return errors };
    let at = path.child("user").child("linux");
    if windows {
        return vec![field::forbidden(&path.child("user").child("linux"), "cannot be set for a windows pod")];
    }
    for member in ["uid", "gid"] {
        let id = user.int(member).unwrap_or_default();
        let faults = names::in_range(id, 0, MAX_ID);
        errors.extend(faults.iter().map(|text| field::invalid(&at.child(member), id, text)));
    }
    for (i, group) in user.items("supplementalGroups").iter().enumerate() {
        let id = group.as_i64().unwrap_or_default();
        let at = at.child("supplementalGroups").index(i);
        errors.extend(names::in_range(id, 0, MAX_ID).iter().map(|text| field::invalid(&at, id, text)));
    }
    errors
}
