//! Service: a stable name and address for a set of pods. Addresses and ports are allocated before validation.

use super::columns;
use crate::{
    Status, Value,
    allocation::{Pool, Run},
    field::Errors,
    json,
    names::{self, NameRule},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::CORE_V1_SERVICE,
    selector::LabelSelector,
    time::{Timestamp, age},
    value::Access,
};

mod allocation;
mod validation;

pub static SERVICE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    namespaced: true,
    schema: &CORE_V1_SERVICE,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "proxy", gvk: Some(("", "v1", "ServiceProxyOptions")), verbs: &["create", "delete", "get", "patch", "update"] },
        Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] },
    ],
    selectable: &["spec.clusterIP", "spec.type"],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&Service),
};

const AFFINITY_SECONDS: i64 = 10_800;

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Type",
        "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, \
                      NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to \
                      endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an \
                      Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the \
                      endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and \
                      allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds \
                      on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the \
                      same endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several \
                      other fields do not apply to ExternalName services. More info: \
                      https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
    ),
    columns::text(
        "Cluster-IP",
        "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified \
                      manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; \
                      otherwise creation of the service will fail. This field may not be changed through updates unless the type \
                      field is also being changed to ExternalName (which requires this field to be blank) or the type field is \
                      being changed from ExternalName (in which case this field may optionally be specified, as describe above).  \
                      Valid values are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \
                      \"headless service\" (no virtual IP), which is useful when direct endpoint connections are preferred and \
                      proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is \
                      specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when \
                      updating a Service to type ExternalName. More info: \
                      https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    columns::text(
        "External-IP",
        "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this \
                      service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives \
                      at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes \
                      system.",
    ),
    columns::text(
        "Port(s)",
        "The list of ports that are exposed by this service. More info: \
                      https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    columns::AGE,
    columns::wide(
        "Selector",
        "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the \
                      service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only \
                      applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: \
                      https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
];

#[derive(Debug)]
struct Service;

impl Hooks for Service {
    fn storage_resource(&self) -> Option<&'static str> {
        Some("services/specs")
    }

    fn default(&self, object: &mut Value) {
        default_spec(object);
        if object["spec"].str("type") == "LoadBalancer"
            && let Some(status) = object.get_mut("status").and_then(|s| s.get_mut("loadBalancer"))
        {
            for ingress in status.items_mut("ingress").iter_mut().filter(|i| !i.str("ip").is_empty()) {
                ingress.default_to("ipMode", "VIP");
            }
        }
    }

    fn allocates(&self) -> bool {
        true
    }

    fn allocate(&self, object: &mut Value, old: Option<&Value>, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
        allocation::allocate(object, old, run, pool)
    }

    fn prepare_create(&self, object: &mut Value) {
        object.drop("status");
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Main {
            drop_type_dependent(object, old);
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Main => validation::validate_update(object, old),
            Part::Status | Part::Other(_) => validation::validate_status(object),
        }
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Service
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings(object)
    }

    fn selectable(&self, object: &Value, label: &str) -> String {
        object["spec"].str(label.trim_start_matches("spec.")).to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
        vec![
            object["metadata"].str("name").into(),
            spec.str("type").into(),
            or_none(spec.str("clusterIP")).into(),
            external_ip(object).into(),
            or_none(&ports(spec)).into(),
            age(object, now).into(),
            or_none(&LabelSelector::from_map(spec.map("selector")).to_string()).into(),
        ]
    }
}

fn default_spec(object: &mut Value) {
    object.default_to("spec", json!({}));
    let accessible = |spec: &Value| match spec.str("type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !spec.items("externalIPs").is_empty(),
        _ => false,
    };
    let spec = &mut object["spec"];
    for (name, value) in [("sessionAffinity", "None"), ("type", "ClusterIP")] {
        if spec.str(name).is_empty() {
            spec[name] = value.into();
        }
    }
    match spec.str("sessionAffinity") {
        "None" => {
            spec.drop("sessionAffinityConfig");
        }
        "ClientIP" if !spec["sessionAffinityConfig"]["clientIP"].has("timeoutSeconds") => {
            spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}});
        }
        _ => {}
    }
    for port in spec.items_mut("ports") {
        if port.str("protocol").is_empty() {
            port["protocol"] = "TCP".into();
        }
        if matches!(port.get("targetPort"), None | Some(Value::Null)) || port["targetPort"] == 0 || port["targetPort"] == "" {
            port["targetPort"] = port.int("port").unwrap_or_default().into();
        }
    }
    if accessible(spec) && spec.str("externalTrafficPolicy").is_empty() {
        spec["externalTrafficPolicy"] = "Cluster".into();
    }
    if matches!(spec.str("type"), "ClusterIP" | "LoadBalancer" | "NodePort") {
        spec.default_to("internalTrafficPolicy", "Cluster");
    }
    if spec.str("type") == "LoadBalancer" {
        spec.default_to("allocateLoadBalancerNodePorts", true);
    }
}

fn spec_mut(service: &mut Value) -> &mut Value {
    &mut service["spec"]
}

fn ports_mut(service: &mut Value) -> &mut [Value] {
    service["spec"].items_mut("ports")
}

fn is_headless(service: &Value) -> bool {
    matches!(service["spec"].items("clusterIPs"), [only] if only == "None")
}

fn needs_cluster_ip(service: &Value) -> bool {
    service["spec"].str("type") != "ExternalName"
}

/// Whether every port shall have a node port.
fn needs_node_port(service: &Value) -> bool {
    let spec = &service["spec"];
    match spec.str("type") {
        "NodePort" => true,
        "LoadBalancer" => spec.get("allocateLoadBalancerNodePorts").and_then(Value::as_bool).unwrap_or(true),
        _ => false,
    }
}

fn needs_health_check(service: &Value) -> bool {
    service["spec"].str("type") == "LoadBalancer" && service["spec"].str("externalTrafficPolicy") == "Local"
}

fn externally_accessible(service: &Value) -> bool {
    let spec = &service["spec"];
    match spec.str("type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !spec.items("externalIPs").is_empty(),
        _ => false,
    }
}

/// Wipes what a former type had filled in, unless the writer changed it too.
fn drop_type_dependent(object: &mut Value, old: &Value) {
    let same = |object: &Value, name: &str| object["spec"].get(name) == old["spec"].get(name);
    if needs_cluster_ip(old) && !needs_cluster_ip(object) {
        if same(object, "clusterIPs") {
            object["spec"].drop("clusterIP");
            object["spec"].drop("clusterIPs");
        }
        for name in ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            if same(object, name) {
                object["spec"].drop(name);
            }
        }
    }
    let node_ports = |service: &Value| -> Vec<i64> {
        service["spec"].items("ports").iter().filter_map(|port| port.int("nodePort")).filter(|port| *port != 0).collect()
    };
    if needs_node_port(old) && !needs_node_port(object) && node_ports(old) == node_ports(object) {
        for port in ports_mut(object) {
            port.drop("nodePort");
        }
    }
    let balanced = |service: &Value| service["spec"].str("type") == "LoadBalancer";
    let gone = [
        ("healthCheckNodePort", needs_health_check(old) && !needs_health_check(object)),
        ("allocateLoadBalancerNodePorts", balanced(old) && !balanced(object)),
        ("loadBalancerClass", balanced(old) && !balanced(object)),
        ("externalTrafficPolicy", externally_accessible(old) && !externally_accessible(object)),
    ];
    for (name, gone) in gone {
        if gone && same(object, name) {
            object["spec"].drop(name);
        }
    }
}

fn warnings(object: &Value) -> Vec<String> {
    let spec = &object["spec"];
    let mut out = Vec::new();
    if object["metadata"]["annotations"].has("service.kubernetes.io/topology-aware-hints") {
        out.push(
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead"
                .to_owned(),
        );
    }
    let address = |path: String, ip: &Value| names::ip_warning(&path, ip.as_str().unwrap_or_default());
    let addresses = |name: &'static str| {
        spec.items(name).iter().enumerate().filter_map(move |(index, ip)| address(format!("spec.{name}[{index}]"), ip))
    };
    out.extend(addresses("clusterIPs"));
    let external = spec.str("type") == "ExternalName";
    let has_external_ips = !spec.items("externalIPs").is_empty();
    if is_headless(object) {
        if !spec.str("loadBalancerIP").is_empty() {
            out.push("spec.loadBalancerIP is ignored for headless services".to_owned());
        }
        if has_external_ips {
            out.push("spec.externalIPs is ignored for headless services".to_owned());
        }
        if spec.str("sessionAffinity") != "None" {
            out.push("spec.SessionAffinity is ignored for headless services".to_owned());
        }
    }
    out.extend(addresses("externalIPs"));
    if spec.has("loadBalancerIP") {
        out.extend(address("spec.loadBalancerIP".to_owned(), &spec["loadBalancerIP"]));
    }
    for (index, range) in spec.items("loadBalancerSourceRanges").iter().enumerate() {
        let path = format!("spec.loadBalancerSourceRanges[{index}]");
        out.extend(names::cidr_warning(&path, range.as_str().unwrap_or_default()));
    }
    if external && has_external_ips {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    } else if has_external_ips && !is_headless(object) {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    if !external && !spec.str("externalName").is_empty() {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if spec.str("trafficDistribution") == "PreferClose" {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned());
    }
    out
}

/// External addresses by type; `<pending>` while a load balancer has none.
fn external_ip(object: &Value) -> String {
    let spec = &object["spec"];
    let join = |items: &[Value]| items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    let external = join(spec.items("externalIPs"));
    match spec.str("type") {
        "ExternalName" => spec.str("externalName").to_owned(),
        "LoadBalancer" => {
            let of = |ingress: &Value| match ingress.str("ip") {
                "" => ingress.str("hostname").to_owned(),
                ip => ip.to_owned(),
            };
            let mut all: Vec<String> =
                object["status"]["loadBalancer"].items("ingress").iter().map(of).filter(|text| !text.is_empty()).collect();
            all.sort();
            all.dedup();
            all.extend(spec.items("externalIPs").iter().filter_map(Value::as_str).map(str::to_owned));
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        _ if external.is_empty() => "<none>".to_owned(),
        _ => external,
    }
}

/// `80/TCP,81:30001/TCP`.
fn ports(spec: &Value) -> String {
    let one = |port: &Value| {
        let (number, protocol) = (port.int("port").unwrap_or_default(), port.str("protocol"));
        match port.int("nodePort").filter(|node| *node != 0) {
            Some(node) => format!("{number}:{node}/{protocol}"),
            None => format!("{number}/{protocol}"),
        }
    };
    spec.items("ports").iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
