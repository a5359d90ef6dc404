//! Images that are there already (SCH-96). Pure.

use super::SCORE_MAX;
use crate::object::Object;
use crate::scheduler::snapshot::{Snapshot, node::NodeInfo};

const MIB: i64 = 1 << 20;
/// Less than this counts for nothing.
const LEAST: i64 = 23 * MIB;
/// More than this, for each container, counts for no more.
const MOST: i64 = 1000 * MIB;

/// The pod's images, before any node is looked at.
#[derive(Debug, Clone)]
pub struct State<'a> {
    /// Those that some node has, and the share of nodes that do.
    known: Vec<(&'a str, f64)>,
    most: i64,
}

impl<'a> State<'a> {
    pub fn of(pod: &'a Object, snapshot: &Snapshot) -> Self {
        let images = &pod.pod().images;
        let all = snapshot.len().max(1) as f64;
        let share = |image: &'a String| match snapshot.nodes_with_image(image) {
            0 => None,
            nodes => Some((image.as_str(), nodes as f64 / all)),
        };
        Self {
            known: images.iter().filter_map(share).collect(),
            most: MOST.saturating_mul(i64::try_from(images.len()).unwrap_or(i64::MAX)),
        }
    }

    pub fn score(&self, node: &NodeInfo) -> i64 {
        if self.known.is_empty() {
            return 0;
        }
        let images = &node.node.node().images;
        let worth = |(image, share): &(&str, f64)| (images.get(*image).copied().unwrap_or(0) as f64 * share) as i64;
        let sum: i64 = self.known.iter().map(worth).sum();
        SCORE_MAX * (sum.clamp(LEAST, self.most) - LEAST) / (self.most - LEAST)
    }
}
