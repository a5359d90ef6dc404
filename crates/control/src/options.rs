//! Which controllers run, and what they are told from outside.

use crate::engine::Controller;
use crate::plan::Resource;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use stead_api::time::Timestamp;

/// Reads the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a control plane is made of.
#[derive(Clone)]
pub struct Options {
    pub controllers: Selection,
    pub scheduler: bool,
    /// PEM of the certificate authority that pods trust for the API server; empty publishes none.
    pub root_ca: String,
    pub clock: Clock,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("controllers", &self.controllers).field("scheduler", &self.scheduler).finish_non_exhaustive()
    }
}

/// A controller's name, its older name, and how it is made.
struct Known {
    name: &'static str,
    alias: &'static str,
    make: fn(&Options, &[Resource]) -> Box<dyn Controller>,
}

/// Every controller, named as in kube-controller-manager.
const KNOWN: &[Known] = &[
    Known { name: "statefulset-controller", alias: "statefulset", make: |_, _| Box::new(crate::statefulset::StatefulSets) },
    Known {
        name: "garbage-collector-controller",
        alias: "garbagecollector",
        make: |_, resources| Box::new(crate::garbage::GarbageCollector::new(resources)),
    },
    Known { name: "namespace-controller", alias: "namespace", make: |_, resources| Box::new(crate::namespace::Namespaces::new(resources)) },
    Known { name: "serviceaccount-controller", alias: "serviceaccount", make: |_, _| Box::new(crate::service_account::ServiceAccounts) },
    Known {
        name: "root-ca-certificate-publisher-controller",
        alias: "root-ca-cert-publisher",
        make: |options, _| Box::new(crate::root_ca::RootCa::new(options.root_ca.clone())),
    },
    Known {
        name: "node-lifecycle-controller",
        alias: "nodelifecycle",
        make: |options, _| Box::new(crate::node_lifecycle::NodeLifecycle::new((options.clock)())),
    },
    Known {
        name: "persistentvolumeclaim-protection-controller",
        alias: "pvc-protection",
        make: |_, _| Box::new(crate::claim_protection::ClaimProtection),
    },
    Known { name: "pod-garbage-collector-controller", alias: "podgc", make: |_, _| Box::new(crate::pod_gc::PodGc) },
];

/// A list as kube-controller-manager's `--controllers`: `*`, `name`, `-name`; the first item that names a controller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(Vec<String>);

/// A name that no controller has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name:?} is not in the list of known controllers: {}", known_names().join(", "))]
pub struct UnknownController {
    name: String,
}

fn known_names() -> Vec<&'static str> {
    KNOWN.iter().map(|k| k.name).collect()
}

/// Controllers of kube-controller-manager, by name and older name, that this version does not have.
const NOT_HERE: &[&str] = &[
    "attachdetach",
    "bootstrapsigner",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "clusterrole-aggregation-controller",
    "clusterrole-aggregation",
    "cronjob",
    "cronjob-controller",
    "csrapproving",
    "csrcleaner",
    "csrsigning",
    "daemonset",
    "daemonset-controller",
    "deployment",
    "deployment-controller",
    "disruption",
    "disruption-controller",
    "endpoint",
    "endpoints-controller",
    "endpointslice",
    "endpointslice-controller",
    "endpointslicemirroring",
    "endpointslice-mirroring-controller",
    "ephemeral-volume",
    "ephemeral-volume-controller",
    "horizontalpodautoscaling",
    "horizontal-pod-autoscaler-controller",
    "job",
    "job-controller",
    "node-ipam-controller",
    "nodeipam",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-binder",
    "persistentvolume-binder-controller",
    "persistentvolume-expander",
    "persistentvolume-expander-controller",
    "persistentvolume-protection-controller",
    "pv-protection",
    "replicaset",
    "replicaset-controller",
    "replicationcontroller",
    "replicationcontroller-controller",
    "resourcequota",
    "resourcequota-controller",
    "taint-eviction-controller",
    "token-cleaner-controller",
    "tokencleaner",
    "ttl",
    "ttl-after-finished",
    "ttl-after-finished-controller",
    "ttl-controller",
];

impl Default for Selection {
    fn default() -> Self {
        Self(vec!["*".to_owned()])
    }
}

impl FromStr for Selection {
    type Err = UnknownController;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let items: Vec<String> = list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
        for item in items.iter().filter(|item| *item != "*" && *item != "-*") {
            let (name, left_out) = item.strip_prefix('-').map_or((item.as_str(), false), |name| (name, true));
            let ours = KNOWN.iter().any(|k| k.name == name || k.alias == name);
            // Leaving out what is not here yet asks for nothing that is not so.
            let idle = left_out && NOT_HERE.contains(&name);
            if !(ours || idle) {
                return Err(UnknownController { name: name.to_owned() });
            }
        }
        Ok(Self(items))
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl Selection {
    fn has(&self, known: &Known) -> bool {
        let named = |item: &str| item == known.name || item == known.alias;
        let decision = self.0.iter().find_map(|item| match item.strip_prefix('-') {
            Some(name) => named(name).then_some(false),
            None => named(item).then_some(true),
        });
        decision.unwrap_or_else(|| self.0.iter().any(|item| item == "*"))
    }
}

impl Options {
    /// The controllers that run; `resources` are all that the server lists.
    pub fn controllers(&self, resources: &[Resource]) -> Vec<Box<dyn Controller>> {
        let chosen = KNOWN.iter().filter(|known| self.controllers.has(known));
        let mut controllers: Vec<_> = chosen.map(|known| (known.make)(self, resources)).collect();
        if self.scheduler {
            controllers.push(Box::new(crate::scheduler::Scheduler));
        }
        controllers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(list: &str) -> Vec<&'static str> {
        let selection: Selection = list.parse().unwrap();
        KNOWN.iter().filter(|k| selection.has(k)).map(|k| k.name).collect()
    }

    #[test]
    fn lists_are_read_as_kube_controller_manager_reads_them() {
        assert_eq!(chosen("*"), known_names());
        assert_eq!(chosen(""), [""; 0]);
        assert_eq!(chosen("-*"), [""; 0]);
        assert_eq!(chosen("*,-deployment"), known_names());
        assert!("deployment".parse::<Selection>().is_err());
        assert_eq!(chosen("statefulset"), ["statefulset-controller"]);
        assert!(!chosen("*,-statefulset").contains(&"statefulset-controller"));
        assert!(!chosen("-statefulset-controller,*").contains(&"statefulset-controller"));
        let error = "*,-nonsense".parse::<Selection>().unwrap_err();
        assert!(error.to_string().starts_with("\"nonsense\" is not in the list of known controllers: "), "{error}");
    }
}
