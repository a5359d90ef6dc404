//! The DaemonSet controller (DS-1..38): a pod of a template on every node that fits. `plan` decides, `nodes` says which node wants a pod,
//! `rolling` which pods give way to a new template, `revision` keeps the templates, `backoff` how long a failed pod stays.

mod backoff;
mod nodes;
mod plan;
mod revision;
mod rolling;
mod set;
mod status;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::ownership;
use crate::plan::{Key, Plan};
use backoff::Backoff;
use plan::Observed;
use set::Set;
use std::sync::{Arc, Mutex, PoisonError};
use stead_api::time::Timestamp;
use stead_client::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "daemonset-controller", alias: "daemonset", make: |_, _| Box::new(DaemonSets::default()) };

/// What it remembers is how often pods failed; forgotten at a restart, as upstream's is.
#[derive(Debug, Default)]
pub struct DaemonSets {
    failed: Mutex<Backoff>,
}

/// Whether a set has something to do on a node, now that the node is another one (DS-12): a pod that it lacks, or one that has to go.
fn concerns(set: &Arc<Object>, node: &Object, cache: &Cache) -> bool {
    let fit = nodes::fit(&Set::parse(Arc::clone(set)), node);
    let mut own = cache.dependents_of(PODS, &set.uid);
    let has_one = own.any(|pod| nodes::target(pod) == Some(node.key.name.as_str()));
    if has_one { !fit.keeps } else { fit.wants }
}

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![DAEMON_SETS, PODS, NODES, CONTROLLER_REVISIONS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            DAEMON_SETS => keys.push((DAEMON_SETS, change.key.clone())),
            // DS-11
            NODES if nodes::differ(change.old.as_ref(), change.new.as_ref()) => {
                let sets = cache.list(DAEMON_SETS).filter(|set| change.new.as_ref().is_some_and(|node| concerns(set, node, cache)));
                keys.extend(sets.map(|set| (DAEMON_SETS, set.key.clone())));
            }
            PODS | CONTROLLER_REVISIONS => keys.extend(ownership::concerned(DAEMON_SETS, change, cache)),
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(object) = cache.get(DAEMON_SETS, key) else { return Plan::default() };
        if object.deleting.is_some() {
            return Plan { reasons: vec!["the set is being deleted".to_owned()], ..Plan::default() };
        }
        let set = Set::parse(Arc::clone(object));
        let claim = |resource: Resource| {
            let own = cache.dependents_of(resource, &object.uid).filter(|o| o.controller().is_some_and(|c| c.uid == object.uid));
            ownership::claim(object, &set.selector, own.chain(cache.orphans(resource, &key.namespace, "")))
        };
        let observed = Observed {
            pods: claim(PODS),
            revisions: claim(CONTROLLER_REVISIONS),
            nodes: cache.list(NODES).cloned().collect(),
            holder: cache.get(CONTROLLER_REVISIONS, &Key::new(key.namespace.as_str(), revision::name(&set))).cloned(),
            set,
        };
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        plan::plan(now, &observed, &mut failed)
    }
}
