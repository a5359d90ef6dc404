//! Whether something that happened could help a pod that waits, by who refused it (SCH-20, SCH-21). Pure.

use super::plugins::{Plugin, Plugins, fit, node_affinity, node_ports, taints};
use super::snapshot::amounts::Amounts;
use super::snapshot::node::NodeInfo;
use super::snapshot::term::{Company, Namespaces, Term};
use crate::engine::Change;
use crate::object::Object;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::value::Access;
use stead_client::resource::{
    CSI_DRIVERS, CSI_NODES, CSI_STORAGE_CAPACITIES, NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES,
};

/// Something that happened.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A pod no longer takes room on a node.
    PodLeft(&'a Object),
    /// A pod takes room on a node.
    PodCame(&'a Object),
    /// Room on a node, and volumes, were kept for a pod, and are not any more.
    RoomGivenUp(&'a Object),
    /// A pod on a node can be told apart differently, asks for less, has begun to go, or is now another one.
    PodChanged {
        old: &'a Object,
        new: &'a Object,
    },
    NodeCame(&'a Arc<Object>),
    NodeLeft,
    NodeChanged {
        old: &'a Arc<Object>,
        new: &'a Arc<Object>,
    },
    /// A claim, by its place; also when it goes.
    Claim(&'a Object),
    /// A volume, a class, or what is known of drivers and room.
    Storage,
    /// Namespaces have other labels.
    Namespaces,
}

impl<'a> Happening<'a> {
    /// What a change means to pods that wait, if anything.
    pub fn of(change: &'a Change) -> Option<Self> {
        let (old, new) = (change.old.as_ref(), change.new.as_ref());
        match change.resource {
            PODS => Self::of_pod(old.filter(|pod| counts(pod)), new.filter(|pod| counts(pod))),
            NODES => match (old, new) {
                (None, Some(new)) => Some(Self::NodeCame(new)),
                (Some(_), None) => Some(Self::NodeLeft),
                (Some(old), Some(new)) if differs(old, new) => Some(Self::NodeChanged { old, new }),
                _ => None,
            },
            PERSISTENT_VOLUME_CLAIMS => new.or(old).map(|claim| Self::Claim(claim)),
            PERSISTENT_VOLUMES | STORAGE_CLASSES | CSI_NODES | CSI_DRIVERS | CSI_STORAGE_CAPACITIES => Some(Self::Storage),
            NAMESPACES => (old.map(|namespace| &namespace.labels) != new.map(|namespace| &namespace.labels)).then_some(Self::Namespaces),
            _ => None,
        }
    }

    fn of_pod(old: Option<&'a Arc<Object>>, new: Option<&'a Arc<Object>>) -> Option<Self> {
        match (old, new) {
            (Some(old), None) => Some(Self::PodLeft(old)),
            (None, Some(new)) => Some(Self::PodCame(new)),
            (Some(old), Some(new)) => {
                let of = |pod: &Object| (pod.deleting.is_some(), pod.pod().requests.clone(), pod.uid.clone(), pod.pod().node.clone());
                (old.labels != new.labels || of(old) != of(new)).then_some(Self::PodChanged { old, new })
            }
            (None, None) => None,
        }
    }
}

/// It takes room on a node.
fn counts(pod: &Object) -> bool {
    !pod.pod().node.is_empty() && !pod.pod().terminal()
}

/// A heartbeat changes nothing for the scheduler.
fn differs(old: &Object, new: &Object) -> bool {
    let of = |node: &Object| (node.labels.clone(), node.node().allocatable.clone(), node.node().taints.clone(), node.node().cordoned);
    of(old) != of(new)
}

/// A pod that waits, with what is asked again and again.
pub struct Hopeful<'a> {
    pub pod: &'a Object,
    pub refused_by: Plugins,
}

impl Hopeful<'_> {
    pub fn is_helped(&self, by: &Happening<'_>, namespaces: &Namespaces) -> bool {
        if self.refused_by == Plugins::ALL {
            return true;
        }
        match by {
            Happening::PodLeft(other) => self.by_room_of(other) || self.by_company(&[*other], namespaces),
            Happening::RoomGivenUp(other) => {
                let has_claims = other.claim_keys().next().is_some();
                self.by_room_of(other)
                    || self.by_company(&[*other], namespaces)
                    || (self.is_refused_by(Plugin::VolumeBinding) && has_claims)
            }
            Happening::PodCame(other) => self.by_company(&[*other], namespaces),
            Happening::PodChanged { old, new } => {
                let is_another = old.uid != new.uid || old.pod().node != new.pod().node;
                let smaller = old.pod().requests != new.pod().requests && self.is_refused_by(Plugin::NodeResourcesFit);
                smaller || (is_another && self.by_room_of(old)) || self.by_company(&[*old, *new], namespaces)
            }
            Happening::NodeCame(node) => self.by_node(None, node),
            Happening::NodeChanged { old, new } => self.by_node(Some(old), new),
            // With it the pods went that stood in its place.
            Happening::NodeLeft => self.is_refused_by(Plugin::PodTopologySpread) || self.is_refused_by(Plugin::InterPodAffinity),
            Happening::Claim(claim) => self.by_volumes() && self.pod.claim_keys().any(|key| key == claim.key),
            Happening::Storage => self.by_volumes(),
            Happening::Namespaces => self.is_refused_by(Plugin::InterPodAffinity),
        }
    }

    fn is_refused_by(&self, plugin: Plugin) -> bool {
        self.refused_by.contains(plugin)
    }

    fn by_volumes(&self) -> bool {
        [Plugin::VolumeBinding, Plugin::VolumeZone, Plugin::NodeVolumeLimits, Plugin::VolumeRestrictions]
            .iter()
            .any(|plugin| self.is_refused_by(*plugin))
    }

    fn by_room_of(&self, other: &Object) -> bool {
        let shares_claim = || self.pod.claim_keys().any(|own| other.claim_keys().any(|key| key == own));
        self.is_refused_by(Plugin::NodeResourcesFit)
            || (self.is_refused_by(Plugin::NodePorts) && node_ports::clash(self.pod, other))
            || (self.is_refused_by(Plugin::VolumeRestrictions) && shares_claim())
            || (self.is_refused_by(Plugin::NodeVolumeLimits) && other.claim_keys().next().is_some())
    }

    /// Pods whose company is sought or shunned, or who shun it.
    fn by_company(&self, others: &[&Object], namespaces: &Namespaces) -> bool {
        let means = |term: &Term| others.iter().any(|other| term.means(other, namespaces));
        // Whether a pod is about to go does not matter to affinity (SCH-63).
        let is_alike = matches!(others, [old, new] if old.labels == new.labels && old.uid == new.uid && old.pod().node == new.pod().node);
        if self.is_refused_by(Plugin::InterPodAffinity) && !is_alike {
            let own = Company::of(self.pod);
            let shuns = |other: &&Object| Company::of(other).refused.iter().any(|term| term.means(self.pod, namespaces));
            if own.required.iter().chain(&own.refused).any(means) || others.iter().any(shuns) {
                return true;
            }
        }
        let spread = || {
            let constraints = self.pod.spec().items("topologySpreadConstraints").iter();
            let mut selectors = constraints.map(|constraint| LabelSelector::from_object(constraint.get("labelSelector")));
            selectors.any(|selector| {
                let counted = |other: &&Object| other.key.namespace == self.pod.key.namespace && selector.matches_labels(&other.labels);
                others.iter().any(counted)
            })
        };
        self.is_refused_by(Plugin::PodTopologySpread) && spread()
    }

    fn by_node(&self, old: Option<&Arc<Object>>, new: &Arc<Object>) -> bool {
        let is_new = |suits: &dyn Fn(&Object) -> bool| suits(new) && !old.is_some_and(|old| suits(old));
        let relabelled = old.is_none_or(|old| old.labels != new.labels);
        (self.is_refused_by(Plugin::NodeResourcesFit) && self.by_more_room(old, new))
            || (self.is_refused_by(Plugin::NodeAffinity) && is_new(&|node| node_affinity::matches(self.pod, node)))
            || (self.is_refused_by(Plugin::TaintToleration) && is_new(&|node| taints::tolerates_all(self.pod, node.node())))
            || (self.is_refused_by(Plugin::NodeUnschedulable) && is_new(&|node| taints::refuses_cordoned(self.pod, node.node()).is_none()))
            || (self.is_refused_by(Plugin::NodePorts) && old.is_none())
            || ((self.by_volumes() || self.is_refused_by(Plugin::PodTopologySpread) || self.is_refused_by(Plugin::InterPodAffinity))
                && relabelled)
            || (self.is_refused_by(Plugin::PodTopologySpread) && old.is_some_and(|old| old.node().taints != new.node().taints))
    }

    /// The node could take the pod if it were empty, and has more of what it asks for than before.
    fn by_more_room(&self, old: Option<&Arc<Object>>, new: &Arc<Object>) -> bool {
        let wanted = Amounts::of(&self.pod.pod().requests);
        let after = NodeInfo::new(0, new);
        if !fit::could_ever(&wanted, &after) {
            return false;
        }
        let Some(before) = old.map(|old| NodeInfo::new(0, old)) else { return true };
        let (b, a) = (&before.allocatable, &after.allocatable);
        before.pods_max < after.pods_max
            || (wanted.cpu > 0 && b.cpu < a.cpu)
            || (wanted.memory > 0 && b.memory < a.memory)
            || (wanted.ephemeral_storage > 0 && b.ephemeral_storage < a.ephemeral_storage)
            || wanted.other.iter().any(|(name, amount)| *amount > 0 && b.other(name) < a.other(name))
    }
}
