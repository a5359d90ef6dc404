//! The node authorizer: a node reads and writes what its own pods have to do with, its own Node and Lease, and what all nodes may.
//! Input: a node's name and a question. Output: whether it may, and if not why. The reasons are upstream's words.

mod graph;

use super::default_roles::components;
use super::rules::{Question, Rule, What};
use crate::Identity;
use crate::cluster::Cluster;
use crate::keys;
pub(crate) use graph::first_reference;
use graph::{Graph, Kind};
use std::sync::{LazyLock, Mutex, PoisonError};
use stead_api::Status;
use stead_api::value::Access;
use stead_store::{Event, Watch, WatchError};

const PREFIX: &str = "system:node:";
const LEASES: &str = "kube-node-lease";

/// Whether a node may do something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    Allowed,
    /// Why not; may be empty.
    Refused(String),
}

fn refused(why: impl Into<String>) -> Leave {
    Leave::Refused(why.into())
}

/// The name of the node that somebody is.
pub(crate) fn name_of(identity: &Identity) -> Option<&str> {
    let name = identity.user.strip_prefix(PREFIX)?;
    identity.groups.iter().any(|group| group == Identity::NODES).then_some(name)
}

/// The pods' references as the store has them: brought up to date before each question that needs them.
#[derive(Debug, Default)]
pub(crate) struct References(Mutex<Option<Followed>>);

#[derive(Debug)]
struct Followed {
    graph: Graph,
    watch: Watch,
    prefix: String,
}

impl References {
    /// Judges a question of a node.
    pub(crate) fn judge(&self, cluster: &Cluster, node: &str, question: &Question<'_>) -> Result<Leave, Status> {
        let What::Resource { group, resource, subresource, namespace, name } = question.what else { return Ok(by_rules(question)) };
        let verb = question.verb;
        match (group, resource) {
            ("", "secrets" | "configmaps") => {
                let kind = if resource == "secrets" { Kind::Secret } else { Kind::ConfigMap };
                match verb {
                    "get" | "list" | "watch" if !subresource.is_empty() => Ok(refused("cannot read subresource")),
                    "get" | "list" | "watch" if namespace.is_empty() => Ok(refused("can only read namespaced object of this type")),
                    "get" | "list" | "watch" => self.related(cluster, node, kind, namespace, name),
                    _ => Ok(refused("can only read resources of this type")),
                }
            }
            ("", "persistentvolumeclaims") if subresource == "status" => match verb {
                "get" | "update" | "patch" => self.related(cluster, node, Kind::Claim, namespace, name),
                _ => Ok(refused("can only get/update/patch this type")),
            },
            // One claim is watched here, where upstream's nodes get it again and again.
            ("", "persistentvolumeclaims") if matches!(verb, "list" | "watch") && subresource.is_empty() && !name.is_empty() => {
                self.related(cluster, node, Kind::Claim, namespace, name)
            }
            ("", "persistentvolumeclaims" | "persistentvolumes") if verb != "get" => {
                Ok(refused("can only get individual resources of this type"))
            }
            ("", "persistentvolumeclaims" | "persistentvolumes") if !subresource.is_empty() => Ok(refused("cannot get subresource")),
            ("", "persistentvolumeclaims") => self.related(cluster, node, Kind::Claim, namespace, name),
            ("", "persistentvolumes") => self.volume(cluster, node, name),
            ("", "serviceaccounts") if verb != "create" || name.is_empty() => {
                Ok(refused("can only create tokens for individual service accounts"))
            }
            ("", "serviceaccounts") if subresource != "token" => Ok(refused("can only create token subresource of serviceaccount")),
            ("", "serviceaccounts") => self.related(cluster, node, Kind::ServiceAccount, namespace, name),
            ("", "pods") => self.pods(cluster, node, question),
            ("", "nodes") => Ok(nodes(node, verb, subresource, name)),
            ("coordination.k8s.io", "leases") => Ok(leases(node, verb, namespace, name)),
            ("storage.k8s.io", "csinodes") => Ok(csi_nodes(node, verb, subresource, name)),
            _ => Ok(by_rules(question)),
        }
    }

    fn pods(&self, cluster: &Cluster, node: &str, question: &Question<'_>) -> Result<Leave, Status> {
        let What::Resource { subresource, namespace, name, .. } = question.what else { return Ok(by_rules(question)) };
        match (subresource, question.verb) {
            ("", "list" | "watch") if question.selects("spec.nodeName", node) => Ok(Leave::Allowed),
            ("", "list" | "watch") if name.is_empty() => Ok(refused("can only list/watch pods with spec.nodeName field selector")),
            ("", "get" | "list" | "watch") => self.related(cluster, node, Kind::Pod, namespace, name),
            // Which pods, NodeRestriction says.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => Ok(Leave::Allowed),
            _ => Ok(refused("")),
        }
    }

    /// Whether one of the node's pods has to do with an object.
    fn related(&self, cluster: &Cluster, node: &str, kind: Kind, namespace: &str, name: &str) -> Result<Leave, Status> {
        if name.is_empty() {
            return Ok(refused("No Object name found"));
        }
        let object = (kind, namespace.to_owned(), name.to_owned());
        let reaches = self.with(cluster, |graph| graph.reaches(node, &object))?;
        Ok(if reaches { Leave::Allowed } else { refused(format!("no relationship found between node '{node}' and this object")) })
    }

    /// A volume is its claim's.
    fn volume(&self, cluster: &Cluster, node: &str, name: &str) -> Result<Leave, Status> {
        let volume = cluster.read(&cluster.kinds.built_in("persistentvolumes"), "", name)?;
        match volume.as_ref().map(|volume| &volume["spec"]["claimRef"]) {
            Some(claim) if !claim.str("name").is_empty() => {
                self.related(cluster, node, Kind::Claim, claim.str("namespace"), claim.str("name"))
            }
            _ if name.is_empty() => Ok(refused("No Object name found")),
            _ => Ok(refused(format!("no relationship found between node '{node}' and this object"))),
        }
    }

    fn with<T>(&self, cluster: &Cluster, ask: impl FnOnce(&Graph) -> T) -> Result<T, Status> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = held.as_mut().is_some_and(|followed| followed.refresh(cluster));
        if !is_current {
            *held = None;
            *held = Some(Followed::start(cluster)?);
        }
        Ok(ask(&held.as_ref().expect("it was made if it was not there").graph))
    }
}

impl Followed {
    fn start(cluster: &Cluster) -> Result<Self, Status> {
        let pods = cluster.kinds.built_in("pods");
        let prefix = keys::prefix(&pods, "");
        let watch = cluster.store.watch(&prefix, cluster.store.revision()).map_err(|error| Status::internal(&error.to_string()))?;
        let mut graph = Graph::default();
        // What is newer than the watch's beginning comes again, which changes nothing.
        for entry in cluster.entries(&pods, "")? {
            put(&mut graph, cluster, &entry);
        }
        Ok(Self { graph, watch, prefix })
    }

    /// Takes what has changed; false if that is not known any more.
    fn refresh(&mut self, cluster: &Cluster) -> bool {
        loop {
            match self.watch.try_next() {
                Ok(Some(Event::Put { entry, .. })) => put(&mut self.graph, cluster, &entry),
                Ok(Some(Event::Delete { last, .. })) => {
                    let rest = last.key.strip_prefix(&self.prefix).unwrap_or(&last.key);
                    if let Some((namespace, name)) = rest.split_once('/') {
                        self.graph.remove(&(namespace.to_owned(), name.to_owned()));
                    }
                }
                // What the store had when it was closed is what it has.
                Ok(None) | Err(WatchError::Closed) => return true,
                Err(WatchError::Lagged) => return false,
            }
        }
    }
}

fn put(graph: &mut Graph, cluster: &Cluster, entry: &stead_store::Entry) {
    match cluster.objects.read(&cluster.kinds.built_in("pods"), entry) {
        Ok(pod) => graph.put(&pod),
        Err(status) => tracing::warn!(message = status.message, "a pod cannot be read and lets its node see nothing"),
    }
}

fn nodes(node: &str, verb: &str, subresource: &str, name: &str) -> Leave {
    match (subresource, verb) {
        // Which one, NodeRestriction says.
        ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Leave::Allowed,
        ("", "get" | "list" | "watch") if name == node => Leave::Allowed,
        ("", "get" | "list" | "watch") if name.is_empty() => {
            refused(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch") => refused(format!("node '{node}' cannot read '{name}', only its own Node object")),
        _ => refused(""),
    }
}

fn leases(node: &str, verb: &str, namespace: &str, name: &str) -> Leave {
    match verb {
        "get" | "create" | "update" | "patch" | "delete" if namespace != LEASES => {
            refused(format!("can only access leases in the {LEASES:?} system namespace"))
        }
        "create" => Leave::Allowed,
        "get" | "update" | "patch" | "delete" if name == node => Leave::Allowed,
        "get" | "update" | "patch" | "delete" => refused("can only access node lease with the same name as the requesting node"),
        _ => refused("can only get, create, update, patch, or delete a node lease"),
    }
}

fn csi_nodes(node: &str, verb: &str, subresource: &str, name: &str) -> Leave {
    match verb {
        _ if !subresource.is_empty() => refused("cannot authorize CSINode subresources"),
        "create" => Leave::Allowed,
        "get" | "update" | "patch" | "delete" if name == node => Leave::Allowed,
        "get" | "update" | "patch" | "delete" => refused("can only access CSINode with the same name as the requesting node"),
        _ => refused("can only get, create, update, patch, or delete a CSINode"),
    }
}

/// What every node may do alike.
fn by_rules(question: &Question<'_>) -> Leave {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let rules: Vec<_> = components::NODE.iter().map(components::rule).collect();
        Rule::all_of(&stead_api::json!({"rules": rules}))
    });
    if RULES.iter().any(|rule| rule.allows(question)) { Leave::Allowed } else { refused("") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_one_by_name_and_group() {
        let with = |user: &str, group: &str| Identity { user: user.to_owned(), groups: vec![group.to_owned()], ..Identity::default() };
        assert_eq!(name_of(&with("system:node:n", "system:nodes")), Some("n"));
        assert_eq!(name_of(&with("system:node:n", "others")), None);
        assert_eq!(name_of(&with("n", "system:nodes")), None);
    }

    #[test]
    fn its_own_node_and_lease() {
        assert_eq!(nodes("n", "get", "", "n"), Leave::Allowed);
        assert_eq!(nodes("n", "get", "", "m"), refused("node 'n' cannot read 'm', only its own Node object"));
        assert_eq!(nodes("n", "list", "", ""), refused("node 'n' cannot read all nodes, only its own Node object"));
        assert_eq!(nodes("n", "delete", "", "n"), refused(""));
        assert_eq!(leases("n", "patch", LEASES, "n"), Leave::Allowed);
        assert_eq!(leases("n", "get", LEASES, "m"), refused("can only access node lease with the same name as the requesting node"));
        assert_eq!(leases("n", "create", "default", ""), refused("can only access leases in the \"kube-node-lease\" system namespace"));
        assert_eq!(leases("n", "list", LEASES, ""), refused("can only get, create, update, patch, or delete a node lease"));
    }

    #[test]
    fn what_all_nodes_may() {
        let ask = |verb, resource| Question::of(verb, What::Resource { group: "", resource, subresource: "", namespace: "ns", name: "" });
        assert_eq!(by_rules(&ask("list", "services")), Leave::Allowed);
        assert_eq!(by_rules(&ask("create", "events")), Leave::Allowed);
        assert_eq!(by_rules(&ask("create", "services")), refused(""));
    }
}
