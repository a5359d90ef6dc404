//! Ingress: which Services are reached from outside by which host and path. Whoever serves it is not part of this program: only what
//! the API says of it.

use super::{columns, ingress_class};
use crate::{
    Value,
    field::{Errors, Path, invalid, not_supported, required},
    json, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::NETWORKING_V1_INGRESS,
    time::{Timestamp, age},
    value::Access,
};
use std::collections::BTreeSet;

pub static INGRESS: Kind = Kind {
    group: "networking.k8s.io",
    version: "v1",
    kind: "Ingress",
    plural: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    categories: &[],
    namespaced: true,
    schema: &NETWORKING_V1_INGRESS,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Ingress),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Class", "The name of the IngressClass resource that should be used for additional configuration"),
    columns::text("Hosts", "Hosts that incoming requests are matched against before the ingress rule"),
    columns::text("Address", "Address is a list containing ingress points for the load-balancer"),
    columns::text("Ports", "Ports of TLS configurations that open"),
    columns::AGE,
];

/// How a class was named before there were classes.
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
const NEVER_IN_PATHS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const NEVER_AT_THE_END: [&str; 2] = ["/..", "/."];
/// How many hosts a table shows.
const HOSTS_SHOWN: usize = 3;

#[derive(Debug)]
struct Ingress;

impl Hooks for Ingress {
    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({"loadBalancer": {}}));
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = validate_spec(&object["spec"]);
        let (named, annotated) = (object["spec"].str("ingressClassName"), object["metadata"]["annotations"].str(CLASS_ANNOTATION));
        if object["spec"].has("ingressClassName") && object["metadata"]["annotations"].has(CLASS_ANNOTATION) && named != annotated {
            let path = Path::new("annotations").child(CLASS_ANNOTATION);
            errors.push(invalid(&path, annotated, "must match `ingressClassName` when both are specified"));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        match part {
            Part::Status => validate_status(&object["status"]["loadBalancer"]),
            Part::Main | Part::Other(_) => validate_spec(&object["spec"]),
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let is_told = old.is_none() && object["metadata"]["annotations"].has(CLASS_ANNOTATION);
        is_told
            .then(|| format!("annotation {CLASS_ANNOTATION:?} is deprecated, please use 'spec.ingressClassName' instead"))
            .into_iter()
            .collect()
    }

    fn reset_fields(&self, part: Part) -> Option<&'static [&'static str]> {
        (part == Part::Status).then_some(&["spec"])
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let class = spec.get("ingressClassName").and_then(Value::as_str).unwrap_or("<none>");
        vec![
            object["metadata"].str("name").into(),
            class.into(),
            hosts(spec.items("rules")).into(),
            addresses(object["status"]["loadBalancer"].items("ingress")).into(),
            if spec.items("tls").is_empty() { "80" } else { "80, 443" }.into(),
            age(object, now).into(),
        ]
    }
}

fn hosts(rules: &[Value]) -> String {
    let mut shown: Vec<&str> = Vec::new();
    let mut more = false;
    for host in rules.iter().map(|rule| rule.str("host")) {
        more |= shown.len() == HOSTS_SHOWN;
        if !more && !host.is_empty() {
            shown.push(host);
        }
    }
    match (shown.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, false) => shown.join(","),
        (false, true) => format!("{} + {} more...", shown.join(","), rules.len() - HOSTS_SHOWN),
    }
}

fn addresses(points: &[Value]) -> String {
    fn address(point: &Value) -> &str {
        match point.str("ip") {
            "" => point.str("hostname"),
            ip => ip,
        }
    }
    let all: BTreeSet<&str> = points.iter().map(address).filter(|address| !address.is_empty()).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn validate_spec(spec: &Value) -> Errors {
    let path = Path::new("spec");
    let mut errors = Errors::new();
    if spec.items("rules").is_empty() && !spec.has("defaultBackend") {
        errors.push(invalid(&path, Value::Null, "either `defaultBackend` or `rules` must be specified"));
    }
    if spec.has("defaultBackend") {
        errors.extend(validate_backend(&spec["defaultBackend"], &path.child("defaultBackend")));
    }
    for (index, rule) in spec.items("rules").iter().enumerate() {
        errors.extend(validate_rule(rule, &path.child("rules").index(index)));
    }
    for (index, tls) in spec.items("tls").iter().enumerate() {
        errors.extend(validate_tls(tls, &path.child("tls").index(index)));
    }
    if let Some(class) = spec.get("ingressClassName").and_then(Value::as_str) {
        errors.extend(names::dns_subdomain(class).iter().map(|why| invalid(&path.child("ingressClassName"), class, why)));
    }
    errors
}

/// A name of hosts, of one or of all below a name.
fn validate_host(host: &str, path: &Path) -> Errors {
    let faults = if host.contains('*') { names::wildcard_subdomain(host) } else { names::dns_subdomain(host) };
    faults.iter().map(|why| invalid(path, host, why)).collect()
}

fn validate_rule(rule: &Value, path: &Path) -> Errors {
    let host = rule.str("host");
    let mut errors = Errors::new();
    if !host.is_empty() {
        let path = path.child("host");
        if names::parse_ip(host).is_some() {
            errors.push(invalid(&path, host, "must be a DNS name, not an IP address"));
        }
        errors.extend(validate_host(host, &path));
    }
    if rule.has("http") {
        let path = path.child("http").child("paths");
        let paths = rule["http"].items("paths");
        if paths.is_empty() {
            errors.push(required(&path, ""));
        }
        errors.extend(paths.iter().enumerate().flat_map(|(index, item)| validate_path(item, &path.index(index))));
    }
    errors
}

fn validate_path(item: &Value, path: &Path) -> Errors {
    if !item.has("pathType") {
        return vec![required(&path.child("pathType"), "pathType must be specified")];
    }
    let (text, at) = (item.str("path"), path.child("path"));
    let mut errors = Errors::new();
    match item.str("pathType") {
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                errors.push(invalid(&at, text, "must be an absolute path"));
            }
            for part in NEVER_IN_PATHS.into_iter().filter(|part| text.contains(part)) {
                errors.push(invalid(&at, text, &format!("must not contain '{part}'")));
            }
            for part in NEVER_AT_THE_END.into_iter().filter(|part| text.ends_with(part)) {
                errors.push(invalid(&at, text, &format!("cannot end with '{part}'")));
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.push(invalid(&at, text, "must be an absolute path"));
            }
        }
        other => errors.push(not_supported(&path.child("pathType"), other, &PATH_TYPES)),
    }
    errors.extend(validate_backend(&item["backend"], &path.child("backend")));
    errors
}

fn validate_backend(backend: &Value, path: &Path) -> Errors {
    match (backend.has("resource"), backend.has("service")) {
        (true, true) => vec![invalid(path, "", "cannot set both resource and service backends")],
        (true, false) => ingress_class::validate_reference(&backend["resource"], &path.child("resource"), |_| String::new()),
        (false, true) => validate_service(&backend["service"], path),
        (false, false) => vec![invalid(path, "", "resource or service backend is required")],
    }
}

fn validate_service(service: &Value, path: &Path) -> Errors {
    let at = path.child("service");
    let name = service.str("name");
    let mut errors: Errors = match name {
        "" => vec![required(&at.child("name"), "")],
        name => names::dns_label(name).iter().map(|why| invalid(&at.child("name"), name, why)).collect(),
    };
    let (name, number) = (service["port"].str("name"), service["port"].int("number").unwrap_or_default());
    let at = at.child("port");
    match (name, number) {
        ("", 0) => errors.push(required(path, "port name or number is required")),
        ("", number) => errors.extend(names::port_number(number).iter().map(|why| invalid(&at.child("number"), number, why))),
        (name, 0) => errors.extend(names::port_name(name).iter().map(|why| invalid(&at.child("name"), name, why))),
        _ => errors.push(invalid(path, "", "cannot set both port name & port number")),
    }
    errors
}

fn validate_tls(tls: &Value, path: &Path) -> Errors {
    let hosts = path.child("hosts");
    let named = |(index, host): (usize, &Value)| validate_host(host.as_str().unwrap_or_default(), &hosts.index(index));
    let mut errors: Errors = tls.items("hosts").iter().enumerate().flat_map(named).collect();
    let secret = tls.str("secretName");
    if !secret.is_empty() {
        errors.extend(names::dns_subdomain(secret).iter().map(|why| invalid(&path.child("secretName"), secret, why)));
    }
    errors
}

/// Rules for what `/status` writes.
fn validate_status(status: &Value) -> Errors {
    let path = Path::new("status.loadBalancer.ingress");
    let mut errors = Errors::new();
    for (index, point) in status.items("ingress").iter().enumerate() {
        let path = path.index(index);
        let (ip, host) = (point.str("ip"), point.str("hostname"));
        if !ip.is_empty() {
            errors.extend(names::ip_address(ip).iter().map(|why| invalid(&path.child("ip"), ip, why)));
        }
        if !host.is_empty() {
            let path = path.child("hostname");
            errors.extend(names::dns_subdomain(host).iter().map(|why| invalid(&path, host, why)));
            if names::parse_ip(host).is_some() {
                errors.push(invalid(&path, host, "must be a DNS name, not an IP address"));
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(spec: Value) -> Vec<String> {
        INGRESS.hooks.validate(&json!({"metadata": {"name": "a"}, "spec": spec})).iter().map(|fault| fault.to_string()).collect()
    }

    fn path_of(item: Value) -> Value {
        json!({"rules": [{"http": {"paths": [item]}}]})
    }

    fn service() -> Value {
        json!({"service": {"name": "web", "port": {"number": 80}}})
    }

    #[test]
    fn a_path_is_absolute_and_plain() {
        assert!(faults(path_of(json!({"path": "/", "pathType": "Prefix", "backend": service()}))).is_empty());
        assert!(faults(path_of(json!({"pathType": "ImplementationSpecific", "backend": service()}))).is_empty());
        let wrong = faults(path_of(json!({"path": "/a//b/..", "pathType": "Exact", "backend": service()})));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert_eq!(faults(path_of(json!({"path": "x", "pathType": "ImplementationSpecific", "backend": service()}))).len(), 1);
    }

    #[test]
    fn a_backend_is_one_thing_with_one_port() {
        for wrong in [
            json!({}),
            json!({"service": {"name": "w", "port": {"number": 80, "name": "http"}}}),
            json!({"service": {"name": "w", "port": {}}}),
            json!({"service": {"name": "w", "port": {"number": 80}}, "resource": {"kind": "K", "name": "n"}}),
        ] {
            assert_eq!(faults(json!({"defaultBackend": wrong.clone()})).len(), 1, "{wrong}");
        }
        assert!(faults(json!({"defaultBackend": {"resource": {"kind": "K", "name": "n"}}})).is_empty());
    }

    #[test]
    fn hosts_may_begin_with_a_star() {
        for (host, count) in [("*.a.example", 0), ("a.example", 0), ("*", 1), ("*.*.com", 1), ("a.*", 1), ("1.2.3.4", 1)] {
            assert_eq!(faults(json!({"rules": [{"host": host}]})).len(), count, "{host}");
        }
        assert_eq!(faults(json!({"defaultBackend": service(), "tls": [{"hosts": ["a_b"], "secretName": "A"}]})).len(), 2);
    }

    #[test]
    fn a_table_shows_three_hosts() {
        let rules = |hosts: &[&str]| hosts.iter().map(|host| json!({"host": host})).collect::<Vec<_>>();
        assert_eq!(hosts(&[]), "*");
        assert_eq!(hosts(&rules(&["a", "b", "c"])), "a,b,c");
        assert_eq!(hosts(&rules(&["a", "b", "c", "d", "e"])), "a,b,c + 2 more...");
        assert_eq!(addresses(&[json!({"hostname": "lb"}), json!({"ip": "192.0.2.1"}), json!({})]), "192.0.2.1,lb");
    }
}
