//! The TTL controller (TNT-7): says on each node for how long what it read of Secrets and ConfigMaps may be used, by how many nodes
//! there are. Stead's own nodes do not need it; programs written for Kubernetes read it.

use crate::engine::{Cache, Change, Controller};
use crate::options::Registration;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use stead_api::{json, time::Timestamp};
use stead_client::resource::{NODES, Resource};

/// Annotation: seconds.
pub const TTL: &str = "node.alpha.kubernetes.io/ttl";

/// (fewest nodes, most nodes, seconds). Neighbours overlap, so that a node more or less does not change every node.
const BANDS: &[(usize, usize, i64)] = &[(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, usize::MAX, 300)];

pub const REGISTRATION: Registration = Registration { name: "ttl-controller", alias: "ttl", make: |_, _| Box::new(NodeTtl) };

#[derive(Debug)]
pub struct NodeTtl;

impl Controller for NodeTtl {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![NODES]
    }

    /// The others learn of a new number with their next change.
    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.push((NODES, change.key.clone()));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some(node) = cache.get(NODES, key).filter(|node| node.deleting.is_none()) else { return plan };
        let wanted = seconds(cache.list(NODES).count(), node.node().ttl_s);
        if node.node().ttl_s != Some(wanted) {
            let patch = Patch::Merge(json!({"metadata": {"uid": node.uid, "annotations": {TTL: wanted.to_string()}}}));
            let call = Call::Patch { resource: NODES, key: key.clone(), subresource: "", patch };
            plan.step(vec![Effect::new(call).tolerating(&["NotFound", "Conflict"])]);
        }
        plan
    }
}

/// What a node is to say: what it says, while that fits this many nodes.
fn seconds(nodes: usize, said: Option<i64>) -> i64 {
    let fits = |(fewest, most, _): &&(usize, usize, i64)| (*fewest..=*most).contains(&nodes);
    let known = BANDS.iter().filter(fits).find(|(.., seconds)| Some(*seconds) == said);
    known.or_else(|| BANDS.iter().find(fits)).map_or(0, |(.., seconds)| *seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;

    // TNT-7
    #[test]
    fn the_number_of_nodes_decides_and_a_node_more_or_less_does_not() {
        assert_eq!([1, 100, 101, 600, 1001, 2001].map(|nodes| seconds(nodes, None)), [0, 0, 15, 30, 60, 300]);
        assert_eq!([89, 90, 100, 500, 501].map(|nodes| seconds(nodes, Some(15))), [0, 15, 15, 15, 30]);
        assert_eq!(seconds(5, Some(77)), 0);
    }

    #[test]
    fn a_node_that_says_it_is_left_alone() {
        let plan = |annotations| {
            let mut cache = Cache::default();
            cache.put(Object::parse(NODES, json!({"metadata": {"name": "n", "uid": "u", "annotations": annotations}})).unwrap());
            NodeTtl.reconcile(NODES, &Key::cluster("n"), &cache, Timestamp::default())
        };
        assert_eq!(plan(json!({})).effects().count(), 1);
        assert!(plan(json!({TTL: "0"})).is_empty());
    }
}
