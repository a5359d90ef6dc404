//! Nodes: what they have room for, their taints and since when. Conditions are read from the value.

use super::{Facts, Kind, in_units, keep};
use crate::node_ttl::TTL;
use std::collections::BTreeMap;
use stead_api::kinds::pod_spec::amount::amounts;
use stead_api::{Value, time::Timestamp, value::Access};
use stead_client::resource::NODES;

pub const KIND: Kind = Kind {
    resource: NODES,
    read: |_, value| {
        let facts = NodeFacts::of(value);
        keep(value, "metadata", &[]);
        keep(value, "spec", &["unschedulable", "taints"]);
        keep(value, "status", &["conditions"]);
        Facts::Node(Box::new(facts))
    },
    indexes: &[],
};

/// Parsed facts of a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeFacts {
    /// Milli-units of cpu, units of everything else.
    pub allocatable: BTreeMap<String, i64>,
    /// spec.unschedulable.
    pub cordoned: bool,
    pub taints: Vec<Taint>,
    /// Condition Ready is True.
    pub ready: bool,
    /// (type, address) of status.addresses.
    pub addresses: Vec<(String, String)>,
    /// Bytes of the images that are there, by each of their names.
    pub images: BTreeMap<String, i64>,
    /// Annotation [`TTL`], in seconds.
    pub ttl_s: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
    /// timeAdded, or when it was first seen.
    pub added: Timestamp,
}

impl NodeFacts {
    pub(crate) const NONE: Self = Self {
        allocatable: BTreeMap::new(),
        cordoned: false,
        taints: Vec::new(),
        ready: false,
        addresses: Vec::new(),
        images: BTreeMap::new(),
        ttl_s: None,
    };

    fn of(value: &Value) -> Self {
        let allocatable = amounts(value["status"].map("allocatable"));
        let ready = value["status"].items("conditions").iter().find(|c| c.str("type") == "Ready");
        Self {
            allocatable: allocatable.into_iter().map(|(name, quantity)| (name.clone(), in_units(&name, &quantity))).collect(),
            cordoned: value["spec"].flag("unschedulable"),
            taints: value["spec"].items("taints").iter().map(Taint::of).collect(),
            ready: ready.is_some_and(|c| c.str("status") == "True"),
            images: images(&value["status"]),
            ttl_s: value["metadata"]["annotations"].str(TTL).parse().ok(),
            addresses: value["status"].items("addresses").iter().map(|a| (a.str("type").to_owned(), a.str("address").to_owned())).collect(),
        }
    }

    /// A taint that does not say when it was added counts from when it was first seen.
    pub(super) fn date_taints(&mut self, former: Option<&Self>, now: Timestamp) {
        for taint in self.taints.iter_mut().filter(|taint| taint.added == Timestamp::default()) {
            let known = former.and_then(|former| former.taints.iter().find(|known| known.is_same(taint)));
            taint.added = known.map_or(now, |known| known.added);
        }
    }

    /// The taints that end pods which do not tolerate them.
    pub fn evicting_taints(&self) -> impl Iterator<Item = &Taint> {
        self.taints.iter().filter(|taint| taint.effect == "NoExecute")
    }
}

fn images(status: &Value) -> BTreeMap<String, i64> {
    let named = |image: &Value| {
        let size = image.int("sizeBytes").unwrap_or(0);
        image.items("names").iter().filter_map(Value::as_str).map(|name| (name.to_owned(), size)).collect::<Vec<_>>()
    };
    status.items("images").iter().flat_map(named).collect()
}

impl Taint {
    fn of(value: &Value) -> Self {
        Self {
            key: value.str("key").to_owned(),
            value: value.str("value").to_owned(),
            effect: value.str("effect").to_owned(),
            added: Timestamp::parse(value.str("timeAdded")).unwrap_or_default(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.key, &self.value, &self.effect) == (&other.key, &other.value, &other.effect)
    }
}
