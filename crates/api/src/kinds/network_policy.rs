//! NetworkPolicy: which traffic the pods of a namespace may receive and send. No status; in force on the nodes.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, forbidden, invalid, not_supported, required},
    json, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::NETWORKING_V1_NETWORK_POLICY,
    selector::{LabelSelector, validate_label_selector},
    time::{Timestamp, age},
    value::Access,
};

pub static NETWORK_POLICY: Kind = Kind {
    group: "networking.k8s.io",
    version: "v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short_names: &["netpol"],
    categories: &[],
    namespaced: true,
    schema: &NETWORKING_V1_NETWORK_POLICY,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&NetworkPolicy),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Pod-Selector",
        "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any \
                      pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network \
                      policies can select the same set of pods. In this case, the ingress rules for each are combined additively. \
                      This field is optional. If it is not specified, it defaults to an empty selector.",
    ),
    columns::AGE,
];

/// The rules of each direction and their list of peers.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];
const POLICY_TYPES: &[&str] = &["Ingress", "Egress"];

#[derive(Debug)]
struct NetworkPolicy;

impl Hooks for NetworkPolicy {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        for (rules, _) in DIRECTIONS {
            for port in spec.items_mut(rules).iter_mut().flat_map(|rule| rule.items_mut("ports")) {
                port.default_to("protocol", "TCP");
            }
        }
        if spec.items("policyTypes").is_empty() {
            let both = !spec.items("egress").is_empty();
            spec["policyTypes"] = if both { json!(POLICY_TYPES) } else { json!(["Ingress"]) };
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        object["metadata"]["generation"] = 1.into();
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, old: &Value) -> Generation {
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        validate_spec(&object["spec"], &[])
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        validate_spec(&object["spec"], &networks(&old["spec"]))
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut texts = Vec::new();
        for (path, peer) in peers(&object["spec"]) {
            let block = &peer["ipBlock"];
            let path = path.child("ipBlock");
            texts.extend(names::cidr_warning(path.child("cidr").as_str(), block.str("cidr")));
            for (index, except) in block.items("except").iter().enumerate() {
                texts.extend(names::cidr_warning(path.child("except").index(index).as_str(), except.as_str().unwrap_or_default()));
            }
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let selector = match LabelSelector::from_object(object["spec"].get("podSelector")).to_string() {
            text if text.is_empty() => "<none>".to_owned(),
            text => text,
        };
        vec![object["metadata"].str("name").into(), selector.into(), age(object, now).into()]
    }
}

/// Every peer with its path.
fn peers(spec: &Value) -> impl Iterator<Item = (Path, &Value)> {
    DIRECTIONS.into_iter().flat_map(move |(rules, list)| {
        spec.items(rules).iter().enumerate().flat_map(move |(i, rule)| {
            let path = Path::new("spec").child(rules).index(i).child(list);
            rule.items(list).iter().enumerate().map(move |(j, peer)| (path.index(j), peer))
        })
    })
}

/// The networks that a policy names: they stay valid in it, however they are spelt.
fn networks(spec: &Value) -> Vec<&str> {
    peers(spec)
        .flat_map(|(_, peer)| {
            let block = &peer["ipBlock"];
            std::iter::once(block.str("cidr")).chain(block.items("except").iter().filter_map(Value::as_str))
        })
        .collect()
}

fn validate_spec(spec: &Value, known: &[&str]) -> Errors {
    let path = Path::new("spec");
    let mut errors = validate_label_selector(&spec["podSelector"], &path.child("podSelector"));
    for (rules, list) in DIRECTIONS {
        for (index, rule) in spec.items(rules).iter().enumerate() {
            let path = path.child(rules).index(index);
            for (index, port) in rule.items("ports").iter().enumerate() {
                errors.extend(validate_port(port, &path.child("ports").index(index)));
            }
            for (index, peer) in rule.items(list).iter().enumerate() {
                errors.extend(validate_peer(peer, known, &path.child(list).index(index)));
            }
        }
    }
    let (types, path) = (spec.items("policyTypes"), path.child("policyTypes"));
    if types.len() > POLICY_TYPES.len() {
        errors.push(invalid(&path, Value::from(types), "may not specify more than two policyTypes"));
        return errors;
    }
    for (index, name) in types.iter().enumerate() {
        if !POLICY_TYPES.iter().any(|known| name == known) {
            errors.push(not_supported(&path.index(index), name.clone(), POLICY_TYPES));
        }
    }
    errors
}

fn validate_port(port: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if port.has("protocol") && !matches!(port.str("protocol"), "TCP" | "UDP" | "SCTP") {
        errors.push(not_supported(&path.child("protocol"), port["protocol"].clone(), &["TCP", "UDP", "SCTP"]));
    }
    let (at, end_at, end) = (path.child("port"), path.child("endPort"), port.int("endPort"));
    match port.get("port") {
        None | Some(Value::Null) => {
            errors.extend(end.map(|end| invalid(&end_at, end, "may not be specified when `port` is not specified")));
        }
        Some(Value::String(name)) => {
            errors.extend(end.map(|end| invalid(&end_at, end, "may not be specified when `port` is non-numeric")));
            errors.extend(names::port_name(name).iter().map(|why| invalid(&at, name.as_str(), why)));
        }
        Some(number) => {
            let number = number.as_i64().unwrap_or_default();
            errors.extend(names::port_number(number).iter().map(|why| invalid(&at, number, why)));
            if let Some(end) = end {
                if end < number {
                    errors.push(invalid(&end_at, end, "must be greater than or equal to `port`"));
                }
                errors.extend(names::port_number(end).iter().map(|why| invalid(&end_at, end, why)));
            }
        }
    }
    errors
}

fn validate_peer(peer: &Value, known: &[&str], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let selectors = ["podSelector", "namespaceSelector"];
    for name in selectors {
        errors.extend(validate_label_selector(&peer[name], &path.child(name)));
    }
    let block = peer.has("ipBlock");
    if block {
        errors.extend(validate_block(&peer["ipBlock"], known, &path.child("ipBlock")));
    }
    match (selectors.iter().any(|name| peer.has(name)), block) {
        (false, false) => errors.push(required(path, "must specify a peer")),
        (true, true) => errors.push(forbidden(path, "may not specify both ipBlock and another peer")),
        _ => {}
    }
    errors
}

fn validate_block(block: &Value, known: &[&str], path: &Path) -> Errors {
    let cidr = block.str("cidr");
    if cidr.is_empty() {
        return vec![required(&path.child("cidr"), "")];
    }
    let faults = |path: &Path, value: &str| -> Errors {
        if known.contains(&value) { Errors::new() } else { names::cidr(value).iter().map(|why| invalid(path, value, why)).collect() }
    };
    let mut errors = faults(&path.child("cidr"), cidr);
    let Some((whole, length)) = names::parse_cidr(cidr) else { return errors };
    for (index, except) in block.items("except").iter().enumerate() {
        let (path, except) = (path.child("except").index(index), except.as_str().unwrap_or_default());
        errors.extend(faults(&path, except));
        let Some((part, longer)) = names::parse_cidr(except) else { continue };
        let one_family = whole.ip.is_ipv4() == part.ip.is_ipv4();
        if !one_family || longer <= length || names::masked(part.ip, length) != names::masked(whole.ip, length) {
            errors.push(invalid(&path, except, "must be a strict subset of `cidr`"));
        }
    }
    errors
}
