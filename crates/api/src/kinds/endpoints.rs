//! Endpoints: the addresses behind a Service in the old form, one object for all of them. Kept in step with EndpointSlices by controllers.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, invalid, not_supported, required},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::CORE_V1_ENDPOINTS,
    time::{Timestamp, age},
    value::Access,
};

pub static ENDPOINTS: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_ENDPOINTS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Endpoints),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Endpoints",
        "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs \
                      they share. A single address with multiple ports, some of which are ready and some of which are not \
                      (because they come from different containers) will result in the address being displayed in different \
                      subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same \
                      subset. Sets of addresses and ports that comprise a service.",
    ),
    columns::AGE,
];

/// Addresses and ports that a table shows of one object.
pub(super) const SHOWN_MAX: usize = 3;
/// Who made the object, and who by doing so vouches for its addresses.
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

#[derive(Debug)]
struct Endpoints;

impl Hooks for Endpoints {
    fn default(&self, object: &mut Value) {
        for subset in object.items_mut("subsets") {
            for port in subset.items_mut("ports").iter_mut().filter(|port| port.str("protocol").is_empty()) {
                port["protocol"] = "TCP".into();
            }
        }
    }

    fn validate(&self, object: &Value) -> Errors {
        let path = |index| Path::new("subsets").index(index);
        object.items("subsets").iter().enumerate().flat_map(|(index, subset)| validate_subset(subset, &path(index))).collect()
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        if object.items("subsets") == old.items("subsets") { Errors::new() } else { self.validate(object) }
    }

    fn storage_resource(&self) -> Option<&'static str> {
        Some("services/endpoints")
    }

    fn deprecation(&self) -> Option<&'static str> {
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        if object["metadata"]["labels"].str(MANAGED_BY) == CONTROLLER {
            return Vec::new();
        }
        let mut texts = Vec::new();
        for (i, subset) in object.items("subsets").iter().enumerate() {
            for list in ["addresses", "notReadyAddresses"] {
                let address = |(j, address): (usize, &Value)| names::ip_warning(&format!("subsets[{i}].{list}[{j}].ip"), address.str("ip"));
                texts.extend(subset.items(list).iter().enumerate().filter_map(address));
            }
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![object["metadata"].str("name").into(), endpoints_cell(object).into(), age(object, now).into()]
    }
}

fn validate_subset(subset: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let lists = ["addresses", "notReadyAddresses"];
    if lists.iter().all(|list| subset.items(list).is_empty()) {
        errors.push(required(path, "must specify `addresses` or `notReadyAddresses`"));
    }
    for list in lists {
        for (index, address) in subset.items(list).iter().enumerate() {
            errors.extend(validate_address(address, &path.child(list).index(index)));
        }
    }
    let ports = subset.items("ports");
    for (index, port) in ports.iter().enumerate() {
        errors.extend(validate_port(port, ports.len() > 1, &path.child("ports").index(index)));
    }
    errors
}

fn validate_address(address: &Value, path: &Path) -> Errors {
    let ip = address.str("ip");
    let mut errors: Errors = names::ip_address(ip).iter().map(|why| invalid(&path.child("ip"), ip, why)).collect();
    let hostname = address.str("hostname");
    if !hostname.is_empty() {
        errors.extend(names::dns_label(hostname).iter().map(|why| invalid(&path.child("hostname"), hostname, why)));
    }
    if address.has("nodeName") {
        let node = address.str("nodeName");
        errors.extend(names::dns_subdomain(node).iter().map(|why| invalid(&path.child("nodeName"), node, why)));
    }
    errors.extend(unreachable(ip, &path.child("ip")));
    errors
}

/// Why an address cannot be an endpoint, whatever its spelling.
fn unreachable(ip: &str, path: &Path) -> Errors {
    let why = match names::parse_ip(ip) {
        None => Some("must be a valid IP address".to_owned()),
        Some(_) => names::special_ip(ip),
    };
    why.iter().map(|why| invalid(path, ip, why)).collect()
}

fn validate_port(port: &Value, named: bool, path: &Path) -> Errors {
    let mut errors = Errors::new();
    match port.str("name") {
        "" if named => errors.push(required(&path.child("name"), "")),
        "" => {}
        name => errors.extend(names::dns_label(name).iter().map(|why| invalid(&path.child("name"), name, why))),
    }
    let number = port.int("port").unwrap_or_default();
    errors.extend(names::port_number(number).iter().map(|why| invalid(&path.child("port"), number, why)));
    match port.str("protocol") {
        "" => errors.push(required(&path.child("protocol"), "")),
        "SCTP" | "TCP" | "UDP" => {}
        other => errors.push(not_supported(&path.child("protocol"), other, &["SCTP", "TCP", "UDP"])),
    }
    if port.has("appProtocol") {
        let protocol = port.str("appProtocol");
        errors.extend(names::qualified_name(protocol).iter().map(|why| invalid(&path.child("appProtocol"), protocol, why)));
    }
    errors
}

/// `10.42.0.1:80,10.42.0.2:80,10.42.0.3:80 + 2 more...`: what is ready, at most three.
fn endpoints_cell(object: &Value) -> String {
    let subsets = object.items("subsets");
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for subset in subsets {
        let addresses = || subset.items("addresses").iter().map(|address| address.str("ip"));
        if subset.items("ports").is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in subset.items("ports") {
            let port = port.int("port").unwrap_or_default();
            all.extend(addresses().map(|ip| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }));
        }
    }
    and_more(&all)
}

/// A list cut to what a table shows.
pub(super) fn and_more(all: &[String]) -> String {
    let shown = all[..all.len().min(SHOWN_MAX)].join(",");
    if all.len() > SHOWN_MAX { format!("{shown} + {} more...", all.len() - SHOWN_MAX) } else { shown }
}
