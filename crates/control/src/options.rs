//! Which controllers run, and what they are told from outside.

use crate::CONTROLLERS;
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

/// How a controller is named and made.
pub struct Registration {
    /// kube-controller-manager's name for it.
    pub name: &'static str,
    /// Its older name.
    pub alias: &'static str,
    /// `Resource`s are all that the server lists.
    pub make: fn(&Options, &[Resource]) -> Box<dyn Controller>,
}

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
    CONTROLLERS.iter().map(|k| k.name).collect()
}

/// Controllers of kube-controller-manager, by name and older name: leaving one out that is not here asks for nothing.
const UPSTREAM: &[&str] = &[
    "attachdetach",
    "bootstrapsigner",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "csrapproving",
    "csrcleaner",
    "csrsigning",
    "horizontalpodautoscaling",
    "horizontal-pod-autoscaler-controller",
    "node-ipam-controller",
    "nodeipam",
    "persistentvolume-attach-detach-controller",
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
            let ours = CONTROLLERS.iter().any(|k| k.name == name || k.alias == name);
            // Leaving out what is not here yet asks for nothing that is not so.
            let idle = left_out && UPSTREAM.contains(&name);
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
    fn has(&self, known: &Registration) -> bool {
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
        let chosen = CONTROLLERS.iter().filter(|known| self.controllers.has(known));
        let mut controllers: Vec<_> = chosen.map(|known| (known.make)(self, resources)).collect();
        if self.scheduler {
            controllers.push(Box::new(crate::scheduler::Scheduler::new(resources)));
        }
        controllers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(list: &str) -> Vec<&'static str> {
        let selection: Selection = list.parse().unwrap();
        CONTROLLERS.iter().filter(|k| selection.has(k)).map(|k| k.name).collect()
    }

    #[test]
    fn lists_are_read_as_kube_controller_manager_reads_them() {
        assert_eq!(chosen("*"), known_names());
        assert_eq!(chosen(""), [""; 0]);
        assert_eq!(chosen("-*"), [""; 0]);
        assert_eq!(chosen("*,-attachdetach"), known_names());
        assert!("attachdetach".parse::<Selection>().is_err());
        assert_eq!(chosen("statefulset"), ["statefulset-controller"]);
        assert!(!chosen("*,-statefulset").contains(&"statefulset-controller"));
        assert!(!chosen("-statefulset-controller,*").contains(&"statefulset-controller"));
        let error = "*,-nonsense".parse::<Selection>().unwrap_err();
        assert!(error.to_string().starts_with("\"nonsense\" is not in the list of known controllers: "), "{error}");
    }
}
