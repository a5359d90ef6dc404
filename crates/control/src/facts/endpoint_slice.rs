//! EndpointSlices: their endpoints and ports, parsed, and how they are written. Nothing of the value is kept.

use super::{Facts, Index, Kind};
use crate::object::strings;
use std::collections::BTreeMap;
use stead_api::{Map, Value, json, value::Access};
use stead_client::resource::ENDPOINT_SLICES;

pub const KIND: Kind = Kind {
    resource: ENDPOINT_SLICES,
    read: |key, value| {
        let facts = SliceFacts::of(&key.namespace, value);
        *value = Value::Null;
        Facts::Slice(Box::new(facts))
    },
    indexes: &[BY_SERVICE],
};

/// By `namespace/name` of the Service in label [`SERVICE_NAME`].
pub const BY_SERVICE: Index = Index {
    resource: ENDPOINT_SLICES,
    name: "service",
    terms: |key, facts| {
        let service = &facts.slice().service;
        if service.is_empty() { Vec::new() } else { vec![format!("{}/{service}", key.namespace)] }
    },
};

/// Label: the Service of a slice.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label: who keeps a slice.
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Label: its Service has no address.
pub const HEADLESS: &str = "service.kubernetes.io/headless";

/// Parsed facts of an EndpointSlice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SliceFacts {
    service: String,
    pub address_type: String,
    pub ports: Vec<Port>,
    pub endpoints: Vec<Endpoint>,
    pub annotations: BTreeMap<String, String>,
}

/// A port of a slice or of a subset of Endpoints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub name: String,
    /// `None`: all ports.
    pub number: Option<i64>,
    pub protocol: String,
    /// Empty if not set.
    pub app_protocol: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    pub addresses: Vec<String>,
    pub conditions: Conditions,
    pub hostname: Option<String>,
    pub node: Option<String>,
    pub zone: Option<String>,
    pub target: Target,
    /// hints.forZones and hints.forNodes.
    pub for_zones: Vec<String>,
    pub for_nodes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    pub ready: Option<bool>,
    pub serving: Option<bool>,
    pub terminating: Option<bool>,
}

/// What an endpoint or an address stands for: its targetRef.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    #[default]
    None,
    /// A pod of the same namespace.
    Pod { name: String, uid: String },
    /// Anything else, as it is written.
    Other(Box<Value>),
}

impl SliceFacts {
    pub(crate) const NONE: Self = Self {
        service: String::new(),
        address_type: String::new(),
        ports: Vec::new(),
        endpoints: Vec::new(),
        annotations: BTreeMap::new(),
    };

    fn of(namespace: &str, value: &Value) -> Self {
        let metadata = &value["metadata"];
        Self {
            service: metadata["labels"].str(SERVICE_NAME).to_owned(),
            address_type: value.str("addressType").to_owned(),
            ports: value.items("ports").iter().map(Port::of).collect(),
            endpoints: value.items("endpoints").iter().map(|endpoint| Endpoint::of(namespace, endpoint)).collect(),
            annotations: strings(metadata.get("annotations")),
        }
    }

    /// Its ports in an order that says nothing.
    pub fn sorted_ports(&self) -> Vec<Port> {
        sorted(&self.ports)
    }
}

/// Ports in an order that says nothing.
pub fn sorted(ports: &[Port]) -> Vec<Port> {
    let mut ports = ports.to_vec();
    ports.sort_unstable();
    ports
}

impl Port {
    pub(super) fn of(value: &Value) -> Self {
        let text = |name: &str| value.str(name).to_owned();
        Self { name: text("name"), number: value.int("port"), protocol: text("protocol"), app_protocol: text("appProtocol") }
    }

    /// As slices have it: the name is written even when it is empty (EPS-5).
    pub fn in_slice(&self) -> Value {
        let mut port = json!({"name": self.name, "protocol": self.protocol});
        if let Some(number) = self.number {
            port["port"] = number.into();
        }
        if !self.app_protocol.is_empty() {
            port["appProtocol"] = self.app_protocol.as_str().into();
        }
        port
    }

    /// As Endpoints have it.
    pub fn in_endpoints(&self) -> Value {
        let mut port = self.in_slice();
        if self.name.is_empty()
            && let Some(members) = port.as_object_mut()
        {
            members.shift_remove("name");
        }
        port
    }
}

impl Endpoint {
    fn of(namespace: &str, value: &Value) -> Self {
        let text = |name: &str| Some(value.str(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let names = |hints: &str| value["hints"].items(hints).iter().map(|hint| hint.str("name").to_owned()).collect();
        let condition = |name: &str| value["conditions"][name].as_bool();
        Self {
            addresses: value.items("addresses").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            conditions: Conditions { ready: condition("ready"), serving: condition("serving"), terminating: condition("terminating") },
            hostname: text("hostname"),
            node: text("nodeName"),
            zone: text("zone"),
            target: Target::of(namespace, &value["targetRef"]),
            for_zones: names("forZones"),
            for_nodes: names("forNodes"),
        }
    }

    pub fn value(&self, namespace: &str) -> Value {
        let mut out = Map::new();
        out.insert("addresses".into(), self.addresses.iter().map(String::as_str).collect());
        out.insert("conditions".into(), self.conditions.value());
        let texts = [("hostname", &self.hostname), ("nodeName", &self.node), ("zone", &self.zone)];
        out.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into()))));
        out.extend(self.target.value(namespace).map(|target| ("targetRef".to_owned(), target)));
        let hints = [("forZones", &self.for_zones), ("forNodes", &self.for_nodes)];
        let hints = hints.into_iter().filter(|(_, names)| !names.is_empty());
        let hints: Map<String, Value> =
            hints.map(|(hint, names)| (hint.to_owned(), names.iter().map(|name| json!({"name": name})).collect())).collect();
        if !hints.is_empty() {
            out.insert("hints".into(), hints.into());
        }
        Value::Object(out)
    }

    /// By what an endpoint of one state is known in another: its address and what it stands for.
    pub fn identity(&self) -> (&str, &str) {
        (self.addresses.first().map(String::as_str).unwrap_or_default(), self.target.uid())
    }
}

impl Conditions {
    fn value(self) -> Value {
        let all = [("ready", self.ready), ("serving", self.serving), ("terminating", self.terminating)];
        Value::Object(all.into_iter().filter_map(|(name, holds)| Some((name.to_owned(), holds?.into()))).collect())
    }
}

impl Target {
    pub(super) fn of(namespace: &str, value: &Value) -> Self {
        let members = value.as_object().into_iter().flatten().filter(|(_, member)| *member != "");
        let plain = members.clone().all(|(name, _)| matches!(name.as_str(), "kind" | "namespace" | "name" | "uid"));
        if members.count() == 0 {
            Self::None
        } else if plain && value.str("kind") == "Pod" && value.str("namespace") == namespace {
            Self::Pod { name: value.str("name").to_owned(), uid: value.str("uid").to_owned() }
        } else {
            Self::Other(Box::new(value.clone()))
        }
    }

    pub fn value(&self, namespace: &str) -> Option<Value> {
        match self {
            Self::None => None,
            Self::Pod { name, uid } if uid.is_empty() => Some(json!({"kind": "Pod", "namespace": namespace, "name": name})),
            Self::Pod { name, uid } => Some(json!({"kind": "Pod", "namespace": namespace, "name": name, "uid": uid})),
            Self::Other(value) => Some(value.as_ref().clone()),
        }
    }

    /// Empty if it says none.
    pub fn uid(&self) -> &str {
        match self {
            Self::None => "",
            Self::Pod { uid, .. } => uid,
            Self::Other(value) => value.str("uid"),
        }
    }
}
