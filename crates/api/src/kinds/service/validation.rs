//! Validation of Services, in upstream's order. Families and addresses are judged here and, first of all, at allocation.

use super::{externally_accessible, is_headless, needs_health_check};
use crate::{
    Value,
    field::{Error, Errors, Path, duplicate, forbidden, invalid, not_supported, required},
    json, names,
    selector::validate_labels,
    value::Access,
};

const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONCE_SET: &str = "may not change once set";

fn spec_path() -> Path {
    Path::new("spec")
}

/// All rules for a whole Service.
pub(super) fn validate(service: &Value) -> Errors {
    let spec = &service["spec"];
    let mut errors: Errors = validate_topology_annotations(service).into_iter().collect();
    if spec.items("ports").is_empty() && !is_headless(service) && spec.str("type") != "ExternalName" {
        errors.push(required(&spec_path().child("ports"), ""));
    }
    errors.extend(validate_by_type(service));
    errors.extend(validate_port_list(spec));
    errors.extend(validate_labels(spec.map("selector"), &spec_path().child("selector")));
    errors.extend(validate_affinity(spec));
    errors.extend(validate_cluster_ips(service));
    errors.extend(validate_external_ips(spec));
    errors.extend(supported(spec, "type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]));
    errors.extend(validate_port_uniqueness(spec));
    errors.extend(validate_source_ranges(service));
    if spec.has("allocateLoadBalancerNodePorts") && spec.str("type") != "LoadBalancer" {
        errors.push(forbidden(&spec_path().child("allocateLoadBalancerNodePorts"), ONLY_LOAD_BALANCER));
    }
    errors.extend(validate_load_balancer_class(service));
    errors.extend(validate_external_traffic(service));
    if spec.has("internalTrafficPolicy") {
        errors.extend(supported(spec, "internalTrafficPolicy", &["Cluster", "Local"]));
    }
    if spec.has("trafficDistribution") {
        errors.extend(supported(spec, "trafficDistribution", &["PreferClose", "PreferSameZone", "PreferSameNode"]));
    }
    errors
}

/// Rules about the change; the rules for the whole follow.
pub(super) fn validate_update(service: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    let external = |s: &Value| s["spec"].str("type") == "ExternalName";
    if !external(service) && !external(old) {
        errors.extend(validate_changed_ips(service, old));
        errors.extend(validate_changed_families(service, old));
    }
    let balanced = |s: &Value| s["spec"].str("type") == "LoadBalancer";
    let class = "loadBalancerClass";
    if balanced(service) && balanced(old) && service["spec"].get(class) != old["spec"].get(class) {
        let value = service["spec"].get(class).cloned().unwrap_or(Value::Null);
        errors.push(invalid(&spec_path().child(class), value, ONCE_SET));
    }
    let port = |s: &Value| s["spec"].int("healthCheckNodePort").unwrap_or_default();
    if needs_health_check(service) && needs_health_check(old) && port(service) != port(old) {
        errors.push(forbidden(&spec_path().child("healthCheckNodePort"), "field is immutable"));
    }
    errors.extend(validate(service));
    errors
}

/// Rules for what `/status` writes.
pub(super) fn validate_status(service: &Value) -> Errors {
    let ingress = service["status"]["loadBalancer"].items("ingress");
    let path = Path::new("status.loadBalancer.ingress");
    if !ingress.is_empty() && service["spec"].str("type") != "LoadBalancer" {
        return vec![forbidden(&path, "may only be used when `spec.type` is 'LoadBalancer'")];
    }
    ingress.iter().enumerate().flat_map(|(index, item)| validate_ingress(item, &path.index(index))).collect()
}

fn validate_ingress(item: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let ip = item.str("ip");
    if ip.is_empty() {
        if item.has("ipMode") {
            errors.push(forbidden(&path.child("ipMode"), "may not be specified when `ip` is not set"));
        }
    } else {
        errors.extend(names::ip_address(ip).iter().map(|why| invalid(&path.child("ip"), ip, why)));
        match item.str("ipMode") {
            "" => errors.push(required(&path.child("ipMode"), "must be specified when `ip` is set")),
            "Proxy" | "VIP" => {}
            mode => errors.push(not_supported(&path.child("ipMode"), mode, &["Proxy", "VIP"])),
        }
    }
    let host = item.str("hostname");
    if !host.is_empty() {
        let path = path.child("hostname");
        errors.extend(names::dns_subdomain(host).iter().map(|why| invalid(&path, host, why)));
        if names::parse_ip(host).is_some() {
            errors.push(invalid(&path, host, "must be a DNS name, not an IP address"));
        }
    }
    errors
}

fn supported(spec: &Value, name: &str, values: &[&str]) -> Option<Error> {
    let path = spec_path().child(name);
    match spec.str(name) {
        "" => Some(required(&path, "")),
        value if values.contains(&value) => None,
        value => Some(not_supported(&path, value, values)),
    }
}

fn validate_topology_annotations(service: &Value) -> Option<Error> {
    const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
    const MODE: &str = "service.kubernetes.io/topology-mode";
    let annotations = service["metadata"].map("annotations")?;
    let (hints, mode) = (annotations.get(HINTS)?, annotations.get(MODE)?);
    (hints != mode).then(|| {
        let why = format!("must match annotations[{HINTS}] when both are specified");
        invalid(&Path::new("metadata.annotations").key(MODE), mode.clone(), &why)
    })
}

fn validate_by_type(service: &Value) -> Errors {
    let spec = &service["spec"];
    let mut errors = Errors::new();
    match spec.str("type") {
        kind @ ("LoadBalancer" | "NodePort") if is_headless(service) => {
            let why = format!("may not be set to 'None' for {kind} services");
            errors.push(invalid(&spec_path().child("clusterIPs").index(0), "None", &why));
        }
        "ExternalName" => {
            for name in ["clusterIPs", "ipFamilies"] {
                if !spec.items(name).is_empty() {
                    errors.push(forbidden(&spec_path().child(name), "may not be set for ExternalName services"));
                }
            }
            if spec.has("ipFamilyPolicy") {
                errors.push(forbidden(&spec_path().child("ipFamilyPolicy"), "may not be set for ExternalName services"));
            }
            let path = spec_path().child("externalName");
            let name = spec.str("externalName");
            match name.strip_suffix('.').unwrap_or(name) {
                "" => errors.push(required(&path, "")),
                name => errors.extend(names::dns_subdomain(name).iter().map(|why| invalid(&path, name, why))),
            }
        }
        _ => {}
    }
    errors
}

fn validate_port_list(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let ports = spec.items("ports");
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let path = spec_path().child("ports").index(index);
        let name = port.str("name");
        if name.is_empty() {
            if ports.len() > 1 {
                errors.push(required(&path.child("name"), ""));
            }
        } else {
            errors.extend(names::dns_label(name).iter().map(|why| invalid(&path.child("name"), name, why)));
            if seen.contains(&name) {
                errors.push(duplicate(&path.child("name"), name));
            }
            seen.push(name);
        }
        errors.extend(validate_port(port, &path));
    }
    errors
}

fn validate_port(port: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let number = port.int("port").unwrap_or_default();
    errors.extend(names::port_number(number).iter().map(|why| invalid(&path.child("port"), number, why)));
    match port.str("protocol") {
        "" => errors.push(required(&path.child("protocol"), "")),
        "SCTP" | "TCP" | "UDP" => {}
        other => errors.push(not_supported(&path.child("protocol"), other, &["SCTP", "TCP", "UDP"])),
    }
    let target = path.child("targetPort");
    match port.get("targetPort") {
        Some(Value::String(name)) => {
            errors.extend(names::port_name(name).iter().map(|why| invalid(&target, name.as_str(), why)));
        }
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or_default();
            errors.extend(names::port_number(number).iter().map(|why| invalid(&target, number, why)));
        }
    }
    if port.has("appProtocol") {
        let protocol = port.str("appProtocol");
        errors.extend(names::qualified_name(protocol).iter().map(|why| invalid(&path.child("appProtocol"), protocol, why)));
    }
    errors
}

fn validate_affinity(spec: &Value) -> Errors {
    let mut errors: Errors = supported(spec, "sessionAffinity", &["ClientIP", "None"]).into_iter().collect();
    let path = spec_path().child("sessionAffinityConfig");
    let config = &spec["sessionAffinityConfig"];
    match spec.str("sessionAffinity") {
        "ClientIP" => {
            let path = path.child("clientIP");
            match config["clientIP"].int("timeoutSeconds") {
                Some(1..=86_400) => {}
                Some(seconds) => {
                    let why = "must be greater than 0 and less than 86400";
                    errors.push(invalid(&path.child("timeoutSeconds"), seconds, why));
                }
                None => errors.push(required(&path.child("timeoutSeconds"), "when session affinity type is ClientIP")),
            }
        }
        "None" if spec.has("sessionAffinityConfig") => {
            errors.push(forbidden(&path, "must not be set when session affinity is None"));
        }
        _ => {}
    }
    errors
}

/// Addresses, families and policy as such and against each other.
pub(super) fn validate_cluster_ips(service: &Value) -> Errors {
    let spec = &service["spec"];
    if spec.str("type") == "ExternalName" {
        return Errors::new();
    }
    let mut errors = Errors::new();
    let path = spec_path().child("clusterIPs");
    let (ip, ips) = (spec.str("clusterIP"), spec.items("clusterIPs"));
    let whole = || Value::from(ips);
    match (ip, ips.first()) {
        ("", Some(_)) => errors.push(invalid(&path, whole(), "must be empty when `clusterIP` is not specified")),
        ("", None) => {}
        (_, None) => errors.push(required(&path, "")),
        (ip, Some(first)) if first != ip => errors.push(invalid(&path, whole(), "first value must match `clusterIP`")),
        _ => {}
    }
    errors.extend(validate_families(spec));
    if spec.has("ipFamilyPolicy") {
        errors.extend(supported(spec, "ipFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]));
    }
    let mut bad = false;
    for (index, ip) in ips.iter().map(|ip| ip.as_str().unwrap_or_default()).enumerate() {
        if index == 0 && ip == "None" {
            if ips.len() > 1 {
                bad = true;
                errors.push(invalid(&path, whole(), "'None' must be the first and only value"));
            }
            continue;
        }
        let faults = names::ip_address(ip);
        bad |= !faults.is_empty();
        errors.extend(faults.iter().map(|why| invalid(&path.index(index), ip, why)));
    }
    if ips.len() > 2 {
        errors.push(invalid(&path, whole(), "may only hold up to 2 values"));
    }
    if bad {
        return errors;
    }
    let is_v6 = |ip: &Value| ip.as_str().and_then(names::parse_ip).is_some_and(|parsed| parsed.ip.is_ipv6());
    if ips.len() > 1 && ips.iter().all(is_v6) == ips.iter().any(is_v6) {
        errors.push(invalid(&path, whole(), "may specify no more than one IP for each IP family"));
    }
    if !is_headless(service) {
        for (index, (ip, family)) in ips.iter().zip(spec.items("ipFamilies")).enumerate() {
            let actual = if is_v6(ip) { "IPv6" } else { "IPv4" };
            if family != actual && (family == "IPv4" || family == "IPv6") {
                let family = family.as_str().unwrap_or_default();
                let why = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
                errors.push(invalid(&path.index(index), ip.clone(), &why));
            }
        }
    }
    errors
}

fn validate_families(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let families = spec.items("ipFamilies");
    for (index, family) in families.iter().enumerate() {
        let path = spec_path().child("ipFamilies").index(index);
        if family != "IPv4" && family != "IPv6" {
            errors.push(not_supported(&path, family.clone(), &["IPv4", "IPv6"]));
        }
        if families[..index].contains(family) {
            errors.push(duplicate(&path, family.clone()));
        }
    }
    errors
}

fn validate_external_ips(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    for (index, ip) in spec.items("externalIPs").iter().enumerate() {
        let path = spec_path().child("externalIPs").index(index);
        let ip = ip.as_str().unwrap_or_default();
        let faults = names::ip_address(ip);
        errors.extend(faults.iter().map(|why| invalid(&path, ip, why)));
        if faults.is_empty() {
            errors.extend(names::special_ip(ip).into_iter().map(|why| invalid(&path, ip, &why)));
        }
    }
    errors
}

fn validate_port_uniqueness(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    let ports = spec.items("ports");
    let path = |index| spec_path().child("ports").index(index);
    let node = |port: &Value| port.int("nodePort").unwrap_or_default();
    let indexed = || ports.iter().enumerate();
    if spec.str("type") == "ClusterIP" {
        for (index, _) in indexed().filter(|(_, port)| node(port) != 0) {
            errors.push(forbidden(&path(index).child("nodePort"), "may not be used when `type` is 'ClusterIP'"));
        }
    }
    for (index, port) in indexed().filter(|(_, port)| node(port) != 0) {
        let same = |other: &Value| node(other) == node(port) && other.str("protocol") == port.str("protocol");
        if ports[..index].iter().any(same) {
            errors.push(duplicate(&path(index).child("nodePort"), node(port)));
        }
    }
    for (index, port) in indexed() {
        let same = |other: &Value| other.int("port") == port.int("port") && other.str("protocol") == port.str("protocol");
        if ports[..index].iter().any(same) {
            // The member names and their order are upstream's.
            let value = json!({
                "Name": "", "Protocol": port.str("protocol"), "AppProtocol": null,
                "Port": port.int("port").unwrap_or_default(), "TargetPort": 0, "NodePort": 0,
            });
            errors.push(duplicate(&path(index), value));
        }
    }
    errors
}

fn validate_source_ranges(service: &Value) -> Errors {
    let spec = &service["spec"];
    let mut errors = Errors::new();
    let balanced = spec.str("type") == "LoadBalancer";
    let check = |path: &Path, value: &str, errors: &mut Errors| {
        errors.extend(names::cidr(value).iter().map(|why| invalid(path, value, why)));
    };
    let ranges = spec.items("loadBalancerSourceRanges");
    if !ranges.is_empty() {
        // The capital is upstream's.
        let path = spec_path().child("LoadBalancerSourceRanges");
        if !balanced {
            errors.push(forbidden(&path, ONLY_LOAD_BALANCER));
        }
        for (index, range) in ranges.iter().enumerate() {
            check(&path.index(index), range.as_str().unwrap_or_default().trim(), &mut errors);
        }
    } else if service["metadata"]["annotations"].has(SOURCE_RANGES) {
        let path = Path::new("metadata.annotations").key(SOURCE_RANGES);
        if !balanced {
            errors.push(forbidden(&path, ONLY_LOAD_BALANCER));
        }
        let text = service["metadata"]["annotations"].str(SOURCE_RANGES).trim();
        for range in text.split(',').filter(|_| !text.is_empty()) {
            check(&path, range.trim(), &mut errors);
        }
    }
    errors
}

fn validate_load_balancer_class(service: &Value) -> Errors {
    let spec = &service["spec"];
    let path = spec_path().child("loadBalancerClass");
    if !spec.has("loadBalancerClass") {
        return Errors::new();
    }
    if spec.str("type") != "LoadBalancer" {
        return vec![forbidden(&path, ONLY_LOAD_BALANCER)];
    }
    let class = spec.str("loadBalancerClass");
    names::qualified_name(class).iter().map(|why| invalid(&path, class, why)).collect()
}

fn validate_external_traffic(service: &Value) -> Errors {
    let spec = &service["spec"];
    let mut errors = Errors::new();
    if externally_accessible(service) {
        errors.extend(supported(spec, "externalTrafficPolicy", &["Cluster", "Local"]));
    } else if !spec.str("externalTrafficPolicy").is_empty() {
        let path = spec_path().child("externalTrafficPolicy");
        errors.push(invalid(&path, spec.str("externalTrafficPolicy"), "may only be set for externally-accessible services"));
    }
    let path = spec_path().child("healthCheckNodePort");
    let port = spec.int("healthCheckNodePort").unwrap_or_default();
    match (needs_health_check(service), port) {
        (false, 0) => {}
        (false, port) => {
            let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(invalid(&path, port, why));
        }
        (true, 0) => errors.push(required(&path, "")),
        (true, port) => errors.extend(names::port_number(port).iter().map(|why| invalid(&path, port, why))),
    }
    errors
}

fn validate_changed_ips(service: &Value, old: &Value) -> Errors {
    if is_headless(service) && is_headless(old) {
        return Errors::new();
    }
    let mut errors = Errors::new();
    let path = spec_path().child("clusterIPs");
    let (now, then) = (service["spec"].items("clusterIPs"), old["spec"].items("clusterIPs"));
    let changed = |index: usize| invalid(&path.index(index), Value::from(now), ONCE_SET);
    if now.len() == then.len() {
        errors.extend((0..now.len()).filter(|index| now[*index] != then[*index]).map(changed));
        return errors;
    }
    if now.is_empty() {
        errors.push(invalid(&path.index(0), Value::Null, "primary clusterIP can not be unset"));
    } else if then.first().is_some_and(|first| *first != now[0]) {
        errors.push(changed(0));
    }
    if now.len() == 1 && then.len() == 2 && service["spec"].str("ipFamilyPolicy") != "SingleStack" {
        let policy = service["spec"].str("ipFamilyPolicy");
        let why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
        errors.push(invalid(&spec_path().child("ipFamilyPolicy"), policy, why));
    }
    errors
}

fn validate_changed_families(service: &Value, old: &Value) -> Errors {
    if is_headless(service) || is_headless(old) {
        return Errors::new();
    }
    let (now, then) = (service["spec"].items("ipFamilies"), old["spec"].items("ipFamilies"));
    let path = spec_path().child("ipFamilies").index(0);
    let differs = match now.len() == then.len() {
        true => now != then,
        false => now.first().zip(then.first()).is_some_and(|(a, b)| a != b),
    };
    if differs { vec![invalid(&path, Value::from(now), ONCE_SET)] } else { Errors::new() }
}
