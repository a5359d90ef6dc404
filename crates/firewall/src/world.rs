//! What is known at one moment: the objects, the sandboxes that are connected here, and the ranges of addresses. Pure.

use crate::object::{Labels, Name, Pod, Policy};
use std::collections::BTreeMap;
use std::net::IpAddr;
use stead_api::selector::LabelSelector;
use stead_network::Range;

/// A sandbox of this node: its pod's packets come and go by that link alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Of its pod.
    pub uid: String,
    pub link: String,
    pub addresses: Vec<IpAddr>,
}

/// Where this node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What the names of its pods' links begin with.
    pub links: String,
    /// Its pods' ranges of addresses.
    pub own: Vec<Range>,
    /// All pods' ranges.
    pub cluster: Vec<Range>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    pub place: Place,
    /// By pod uid.
    pub sandboxes: BTreeMap<String, Sandbox>,
    pub pods: BTreeMap<Name, Pod>,
    pub namespaces: BTreeMap<String, Labels>,
    pub policies: BTreeMap<Name, Policy>,
}

impl World {
    pub fn new(place: Place) -> World {
        World { place, sandboxes: BTreeMap::new(), pods: BTreeMap::new(), namespaces: BTreeMap::new(), policies: BTreeMap::new() }
    }

    /// The sandboxes whose pods are known, with these.
    pub fn local(&self) -> impl Iterator<Item = (&Sandbox, &Pod)> {
        self.pods.values().filter_map(|pod| Some((self.sandboxes.get(&pod.uid)?, pod)))
    }

    /// The pod of that uid, if it is known: only then it can be judged.
    pub fn pod(&self, uid: &str) -> Option<&Pod> {
        self.pods.values().find(|pod| pod.uid == uid)
    }

    /// The policies that are for a pod.
    pub fn policies_of<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = &'a Policy> {
        let of_namespace = move |policy: &&Policy| policy.name.namespace == pod.name.namespace;
        self.policies.values().filter(of_namespace).filter(|policy| policy.pods.matches_labels(&pod.labels))
    }

    /// A pod's addresses: its sandbox has them before its status says so.
    pub fn addresses<'a>(&'a self, pod: &'a Pod) -> &'a [IpAddr] {
        self.sandboxes.get(&pod.uid).map_or(&pod.addresses, |sandbox| &sandbox.addresses)
    }

    /// The pods that a policy is for.
    pub fn selected<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a Pod> {
        self.pods_of(&policy.name.namespace).filter(|pod| policy.pods.matches_labels(&pod.labels))
    }

    /// The pods that a peer of a policy stands for.
    pub fn peers<'a>(&'a self, own: &'a str, namespaces: Option<&'a LabelSelector>, pods: &'a LabelSelector) -> Vec<&'a Pod> {
        let matching = |pod: &&Pod| pods.matches_labels(&pod.labels);
        match namespaces {
            None => self.pods_of(own).filter(matching).collect(),
            Some(selector) => {
                let namespaces = self.namespaces.iter().filter(|(_, labels)| selector.matches_labels(labels));
                namespaces.flat_map(|(name, _)| self.pods_of(name)).filter(matching).collect()
            }
        }
    }

    fn pods_of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Pod> {
        let first = Name { namespace: namespace.to_owned(), name: String::new() };
        self.pods.range(first..).take_while(move |(name, _)| name.namespace == namespace).map(|(_, pod)| pod)
    }
}
