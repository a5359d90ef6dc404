//! Which nodes have pods with a label: whoever counts pods of a label for the first time need not look at all there are. Input: pods that come to
//! nodes and leave them. Output: nodes that may have such pods; some may have none, as labels that share a number are not told apart.

use super::node::Slot;
use crate::object::Object;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Nodes by the numbers of namespace, label and value. Nothing depends on the order of the numbers.
#[derive(Debug, Default)]
pub struct Labelled(HashMap<u64, Vec<OnNode>>);

/// How many such pods a node has. Ordered by slot.
#[derive(Debug)]
struct OnNode {
    slot: Slot,
    pods: u32,
}

impl Labelled {
    /// A pod came to a node.
    pub fn put(&mut self, slot: Slot, pod: &Object) {
        for number in numbers(pod) {
            let nodes = self.0.entry(number).or_default();
            match nodes.binary_search_by_key(&slot, |on| on.slot) {
                Ok(at) => nodes[at].pods += 1,
                Err(at) => nodes.insert(at, OnNode { slot, pods: 1 }),
            }
        }
    }

    /// It left the node.
    pub fn take(&mut self, slot: Slot, pod: &Object) {
        for number in numbers(pod) {
            let Some(nodes) = self.0.get_mut(&number) else { continue };
            if let Ok(at) = nodes.binary_search_by_key(&slot, |on| on.slot) {
                nodes[at].pods -= 1;
                if nodes[at].pods == 0 {
                    nodes.remove(at);
                }
            }
            if nodes.is_empty() {
                self.0.remove(&number);
            }
        }
    }

    /// Where pods may be that have all of these labels; `None` if no label is given.
    pub fn nodes<'a>(&self, labels: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Option<Vec<Slot>> {
        let nodes = |(namespace, label, value)| self.0.get(&number(namespace, label, value)).map_or(&[][..], Vec::as_slice);
        let fewest = labels.map(nodes).min_by_key(|nodes| nodes.len())?;
        Some(fewest.iter().map(|on| on.slot).collect())
    }
}

fn numbers(pod: &Object) -> impl Iterator<Item = u64> {
    pod.labels.iter().map(|(label, value)| number(&pod.key.namespace, label, value))
}

fn number(namespace: &str, label: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (namespace, label, value).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;
    use stead_client::resource::PODS;

    fn pod(namespace: &str, app: &str) -> Object {
        let meta = json!({"name": app, "namespace": namespace, "labels": {"app": app, "tier": "web"}});
        Object::parse(PODS, json!({"metadata": meta})).unwrap()
    }

    #[test]
    fn only_nodes_with_pods_of_the_rarest_label_are_looked_at() {
        let mut labelled = Labelled::default();
        for (slot, namespace, app) in [(3, "d", "a"), (1, "d", "b"), (1, "d", "b"), (2, "d", "b"), (0, "e", "b")] {
            labelled.put(slot, &pod(namespace, app));
        }
        let (a, b, web) = (("d", "app", "a"), ("d", "app", "b"), ("d", "tier", "web"));
        let nodes = |labelled: &Labelled, labels: &[(&'static str, &'static str, &'static str)]| labelled.nodes(labels.iter().copied());
        assert_eq!(nodes(&labelled, &[web]), Some(vec![1, 2, 3]));
        assert_eq!(nodes(&labelled, &[web, b]), Some(vec![1, 2]));
        assert_eq!(nodes(&labelled, &[a, web]), Some(vec![3]));
        assert_eq!(nodes(&labelled, &[]), None, "nothing is known of pods without a label");
        labelled.take(1, &pod("d", "b"));
        labelled.take(3, &pod("d", "a"));
        assert_eq!((nodes(&labelled, &[b]), nodes(&labelled, &[a])), (Some(vec![1, 2]), Some(vec![])));
        labelled.take(1, &pod("d", "b"));
        assert_eq!(nodes(&labelled, &[b]), Some(vec![2]));
    }
}
