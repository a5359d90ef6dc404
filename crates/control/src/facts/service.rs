//! Services: which pods they select, on which ports and in which families, and what they ask of a load balancer.
//! Nothing of the value is kept.

use super::pod::PodFacts;
use super::{Facts, Index, Kind};
use crate::object::strings;
use std::collections::BTreeMap;
use std::net::IpAddr;
use stead_api::{Value, value::Access};
use stead_client::resource::SERVICES;

pub const KIND: Kind = Kind {
    resource: SERVICES,
    read: |key, value| {
        let facts = ServiceFacts::of(&key.namespace, value);
        *value = Value::Null;
        Facts::Service(Box::new(facts))
    },
    indexes: &[BY_SELECTOR, LOAD_BALANCERS],
};

/// By one pair of the selector, a [`selector_term`]: whatever a Service selects has that label.
pub const BY_SELECTOR: Index =
    Index { resource: SERVICES, name: "selector", terms: |_, facts| facts.service().term.clone().into_iter().collect() };

/// Services of type LoadBalancer, all under the empty term.
pub const LOAD_BALANCERS: Index = Index {
    resource: SERVICES,
    name: "load balancers",
    terms: |_, facts| if facts.service().ty == ServiceType::LoadBalancer { vec![String::new()] } else { Vec::new() },
};

/// A term of [`BY_SELECTOR`].
pub fn selector_term(namespace: &str, label: &str, value: &str) -> String {
    format!("{namespace}/{label}={value}")
}

/// Parsed facts of a Service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceFacts {
    pub ty: ServiceType,
    /// Empty: it selects no pods.
    pub selector: BTreeMap<String, String>,
    term: Option<String>,
    pub ports: Vec<ServicePort>,
    /// spec.clusterIP is an address.
    pub has_address: bool,
    /// spec.clusterIP is `None`.
    pub is_headless: bool,
    families: Vec<Family>,
    /// spec.publishNotReadyAddresses.
    pub publishes_not_ready: bool,
    pub distribution: TrafficDistribution,
    /// Annotation topology-mode asks for hints by the capacity of zones.
    pub asks_for_topology_hints: bool,
    /// spec.loadBalancerClass is set: another's.
    pub has_load_balancer_class: bool,
    /// spec.externalTrafficPolicy is Local.
    pub is_local: bool,
    /// The addresses in status.loadBalancer.ingress.
    pub ingress: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceType {
    #[default]
    ClusterIp,
    NodePort,
    LoadBalancer,
    ExternalName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

/// spec.trafficDistribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrafficDistribution {
    #[default]
    Anywhere,
    PreferSameZone,
    PreferSameNode,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    pub name: String,
    pub protocol: String,
    pub app_protocol: String,
    pub number: i64,
    pub target: TargetPort,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    Number(i64),
    /// A port of that name and protocol of the pod's containers.
    Named(String),
}

impl Family {
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// As `spec.ipFamilies` and an EndpointSlice's `addressType` say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The family of an address; `None` if it is none.
    pub fn of(address: &str) -> Option<Self> {
        address.parse().ok().map(|address: IpAddr| if address.is_ipv4() { Self::V4 } else { Self::V6 })
    }
}

impl ServiceFacts {
    pub(crate) const NONE: Self = Self {
        ty: ServiceType::ClusterIp,
        selector: BTreeMap::new(),
        term: None,
        ports: Vec::new(),
        has_address: false,
        is_headless: false,
        families: Vec::new(),
        publishes_not_ready: false,
        distribution: TrafficDistribution::Anywhere,
        asks_for_topology_hints: false,
        has_load_balancer_class: false,
        is_local: false,
        ingress: Vec::new(),
    };

    fn of(namespace: &str, value: &Value) -> Self {
        let spec = value.get("spec").unwrap_or(&Value::Null);
        let selector = strings(spec.get("selector"));
        let term = selector.first_key_value().map(|(label, value)| selector_term(namespace, label, value));
        let families = spec.items("ipFamilies").iter().filter_map(Value::as_str);
        let annotations = &value["metadata"]["annotations"];
        let modes = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"];
        let address = spec.str("clusterIP");
        Self {
            ty: ServiceType::of(spec.str("type")),
            selector,
            term,
            ports: spec.items("ports").iter().map(ServicePort::of).collect(),
            has_address: !matches!(address, "" | "None"),
            is_headless: address == "None",
            families: families.filter_map(|name| Family::ALL.into_iter().find(|family| family.name() == name)).collect(),
            publishes_not_ready: spec.flag("publishNotReadyAddresses"),
            distribution: TrafficDistribution::of(spec.str("trafficDistribution")),
            asks_for_topology_hints: modes.iter().any(|mode| matches!(annotations.str(mode), "Auto" | "auto")),
            has_load_balancer_class: spec.has("loadBalancerClass"),
            is_local: spec.str("externalTrafficPolicy") == "Local",
            ingress: value["status"]["loadBalancer"].items("ingress").iter().map(|item| item.str("ip").to_owned()).collect(),
        }
    }

    /// Its families; one that names none, as a headless Service may, has both.
    pub fn families(&self) -> &[Family] {
        if self.families.is_empty() { &Family::ALL } else { &self.families }
    }

    /// Why no endpoints are published for it, if so.
    pub fn selects_nothing(&self) -> Option<&'static str> {
        if self.ty == ServiceType::ExternalName {
            return Some("it is an ExternalName: nothing is published for it");
        }
        self.selector.is_empty().then_some("it has no selector: its endpoints are whoever makes its Endpoints or EndpointSlices")
    }

    /// Whether it selects an object with these labels.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

impl ServiceType {
    fn of(name: &str) -> Self {
        match name {
            "NodePort" => Self::NodePort,
            "LoadBalancer" => Self::LoadBalancer,
            "ExternalName" => Self::ExternalName,
            _ => Self::ClusterIp,
        }
    }
}

impl TrafficDistribution {
    fn of(name: &str) -> Self {
        match name {
            "PreferClose" | "PreferSameZone" => Self::PreferSameZone,
            "PreferSameNode" => Self::PreferSameNode,
            _ => Self::Anywhere,
        }
    }
}

impl ServicePort {
    fn of(value: &Value) -> Self {
        let number = value.int("port").unwrap_or(0);
        let target = match &value["targetPort"] {
            Value::String(name) if !name.is_empty() => TargetPort::Named(name.clone()),
            target => TargetPort::Number(target.as_i64().filter(|number| *number != 0).unwrap_or(number)),
        };
        let text = |name: &str| value.str(name).to_owned();
        Self { name: text("name"), protocol: text("protocol"), app_protocol: text("appProtocol"), number, target }
    }

    /// Its number on a pod; `None` if the pod has no port of that name (EP-4).
    pub fn on(&self, pod: &PodFacts) -> Option<i64> {
        match &self.target {
            TargetPort::Number(number) => Some(*number),
            TargetPort::Named(name) => {
                pod.named_ports.iter().find(|port| port.name == *name && port.protocol == self.protocol).map(|port| port.number)
            }
        }
    }
}
