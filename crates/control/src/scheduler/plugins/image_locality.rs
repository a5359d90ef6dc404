//! Images that are there already (SCH-96). Pure.

use super::SCORE_MAX;
use crate::object::Object;
use crate::scheduler::snapshot::{Snapshot, node::NodeInfo};

const MIB: i64 = 1 << 20;
/// Less than this counts for nothing.
const LEAST: i64 = 23 * MIB;
/// More than this, for each container, counts for no more.
const MOST: i64 = 1000 * MIB;

pub fn score(pod: &Object, node: &NodeInfo, snapshot: &Snapshot) -> i64 {
    let images = &pod.pod().images;
    let Ok(count) = i64::try_from(images.len()) else { return 0 };
    let all = snapshot.len().max(1) as f64;
    let worth = |image: &String| {
        let size = node.node.node().images.get(image).copied().unwrap_or(0);
        (size as f64 * (snapshot.nodes_with_image(image) as f64 / all)) as i64
    };
    let sum: i64 = images.iter().map(worth).sum();
    let most = MOST.saturating_mul(count);
    if most <= LEAST { 0 } else { SCORE_MAX * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST) }
}
