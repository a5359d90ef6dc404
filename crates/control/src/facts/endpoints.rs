//! Endpoints: their subsets, parsed, and how they are written. Nothing of the value is kept.

use super::endpoint_slice::{Port, Target};
use super::{Facts, Kind};
use crate::object::strings;
use std::collections::BTreeMap;
use stead_api::{Map, Value, value::Access};
use stead_client::resource::ENDPOINTS;

pub const KIND: Kind = Kind {
    resource: ENDPOINTS,
    read: |key, value| {
        let facts = EndpointsFacts::of(&key.namespace, value);
        *value = Value::Null;
        Facts::Endpoints(Box::new(facts))
    },
    indexes: &[],
};

/// Parsed facts of an Endpoints object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndpointsFacts {
    pub subsets: Vec<Subset>,
    pub annotations: BTreeMap<String, String>,
}

/// Addresses that have the same ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subset {
    pub ports: Vec<Port>,
    pub ready: Vec<Address>,
    pub not_ready: Vec<Address>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    pub ip: String,
    pub hostname: Option<String>,
    pub node: Option<String>,
    pub target: Target,
}

impl EndpointsFacts {
    pub(crate) const NONE: Self = Self { subsets: Vec::new(), annotations: BTreeMap::new() };

    fn of(namespace: &str, value: &Value) -> Self {
        Self {
            subsets: value.items("subsets").iter().map(|subset| Subset::of(namespace, subset)).collect(),
            annotations: strings(value["metadata"].get("annotations")),
        }
    }
}

impl Subset {
    fn of(namespace: &str, value: &Value) -> Self {
        let addresses = |name: &str| value.items(name).iter().map(|address| Address::of(namespace, address)).collect();
        Self {
            ports: value.items("ports").iter().map(Port::of).collect(),
            ready: addresses("addresses"),
            not_ready: addresses("notReadyAddresses"),
        }
    }

    pub fn value(&self, namespace: &str) -> Value {
        let addresses = |list: &[Address]| list.iter().map(|address| address.value(namespace)).collect();
        let ports = self.ports.iter().map(Port::in_endpoints).collect();
        let parts: [(&str, Vec<Value>); 3] =
            [("addresses", addresses(&self.ready)), ("notReadyAddresses", addresses(&self.not_ready)), ("ports", ports)];
        let parts = parts.into_iter().filter(|(_, items)| !items.is_empty());
        Value::Object(parts.map(|(name, items)| (name.to_owned(), items.into())).collect())
    }
}

impl Address {
    fn of(namespace: &str, value: &Value) -> Self {
        let text = |name: &str| Some(value.str(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            ip: value.str("ip").to_owned(),
            hostname: text("hostname"),
            node: text("nodeName"),
            target: Target::of(namespace, &value["targetRef"]),
        }
    }

    fn value(&self, namespace: &str) -> Value {
        let mut out = Map::new();
        out.insert("ip".into(), self.ip.as_str().into());
        let texts = [("hostname", &self.hostname), ("nodeName", &self.node)];
        out.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into()))));
        out.extend(self.target.value(namespace).map(|target| ("targetRef".to_owned(), target)));
        Value::Object(out)
    }
}
