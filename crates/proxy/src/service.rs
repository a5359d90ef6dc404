//! What of a Service decides where its traffic goes. Pure: read from the object once.

use crate::range::AddressRange;
use std::net::IpAddr;
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;

/// Seconds, where the Service names none (SVC-8).
const AFFINITY_DEFAULT_S: u32 = 10_800;

/// `namespace/name`.
pub type ServiceName = Arc<str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrafficPolicy {
    /// To every endpoint of the cluster.
    Cluster,
    /// To those on this node alone.
    Local,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    pub name: String,
    /// Of what is carried by IP.
    pub protocol: u8,
    pub port: u16,
    /// 0: none.
    pub node_port: u16,
}

/// A Service with cluster addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub cluster_ips: Vec<IpAddr>,
    pub external_ips: Vec<IpAddr>,
    /// Of the load balancer, where its traffic comes here as it is.
    pub load_balancer_ips: Vec<IpAddr>,
    /// Who may use the load balancer's addresses; empty: everybody.
    pub source_ranges: Vec<AddressRange>,
    pub ports: Vec<ServicePort>,
    /// How long a client keeps its endpoint after its last connection, in seconds.
    pub affinity_s: Option<u32>,
    pub internal: TrafficPolicy,
    pub external: TrafficPolicy,
    /// 0: none.
    pub health_check_port: u16,
}

/// The number of a protocol by its name in the API.
pub fn protocol(name: &str) -> Option<u8> {
    Some(match name {
        "" | "TCP" => 6,
        "UDP" => 17,
        "SCTP" => 132,
        _ => return None,
    })
}

/// Its name in the API.
pub fn protocol_name(number: u8) -> &'static str {
    match number {
        17 => "UDP",
        132 => "SCTP",
        _ => "TCP",
    }
}

pub fn port(value: &Value, field: &str) -> u16 {
    value.int(field).and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

fn addresses(value: &Value, field: &str) -> Vec<IpAddr> {
    value.items(field).iter().filter_map(|item| item.as_str()?.parse().ok()).collect()
}

/// `None` for one that has no traffic of its own: headless, an ExternalName, or one that says that another program does it (SVC-2).
pub fn read(object: &Value) -> Option<Service> {
    let spec = &object["spec"];
    let is_of_other = object["metadata"]["labels"].has("service.kubernetes.io/service-proxy-name");
    let cluster_ips: Vec<IpAddr> = match spec.items("clusterIPs") {
        [] => spec.str("clusterIP").parse().into_iter().collect(),
        _ => addresses(spec, "clusterIPs"),
    };
    if is_of_other || spec.str("type") == "ExternalName" || cluster_ips.is_empty() {
        return None;
    }
    let policy = |field| if spec.str(field) == "Local" { TrafficPolicy::Local } else { TrafficPolicy::Cluster };
    let affinity_s = (spec.str("sessionAffinity") == "ClientIP").then(|| {
        let timeout = spec["sessionAffinityConfig"]["clientIP"].int("timeoutSeconds");
        timeout.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(AFFINITY_DEFAULT_S)
    });
    // An address of mode Proxy changes packets before they come here (KEP-1860).
    let ingress = object["status"]["loadBalancer"].items("ingress").iter().filter(|ingress| ingress.str("ipMode") != "Proxy");
    let is_load_balancer = spec.str("type") == "LoadBalancer";
    Some(Service {
        cluster_ips,
        external_ips: addresses(spec, "externalIPs"),
        load_balancer_ips: if is_load_balancer {
            ingress.filter_map(|ingress| ingress.str("ip").parse().ok()).collect()
        } else {
            Vec::new()
        },
        source_ranges: match is_load_balancer {
            true => spec.items("loadBalancerSourceRanges").iter().filter_map(|range| AddressRange::parse(range.as_str()?)).collect(),
            false => Vec::new(),
        },
        ports: spec.items("ports").iter().filter_map(service_port).collect(),
        affinity_s,
        internal: policy("internalTrafficPolicy"),
        external: policy("externalTrafficPolicy"),
        health_check_port: port(spec, "healthCheckNodePort"),
    })
}

fn service_port(value: &Value) -> Option<ServicePort> {
    let protocol = protocol(value.str("protocol"))?;
    Some(ServicePort { name: value.str("name").to_owned(), protocol, port: port(value, "port"), node_port: port(value, "nodePort") })
}

/// `namespace/name` of any object.
pub fn name_of(object: &Value) -> ServiceName {
    let metadata = &object["metadata"];
    format!("{}/{}", metadata.str("namespace"), metadata.str("name")).into()
}
