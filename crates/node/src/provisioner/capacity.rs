//! What a node can still give for claims, as CSIStorageCapacity objects: one for each class of this provisioner and each node (STO-22).
//! Pure. Amounts are rounded down, so that what else is written to the disk does not change an object each time.

use super::class::{is_ours, parameters};
use super::facts::Facts;
use super::objects::quantity;
use std::path::{Path, PathBuf};
use stead_api::{Value, json};

/// Where the objects are.
pub const NAMESPACE: &str = "kube-system";
/// Amounts are multiples of this, in bytes: what is lost by that is little beside a large pool.
const STEP_BYTES_MAX: u64 = 1 << 30;
/// The smallest disk.
const STEP_BYTES_MIN: u64 = 1 << 20;
/// Of smaller amounts, no more than this part is lost.
const PART: u64 = 16;

/// Where volumes of a class lie on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pool {
    pub class: String,
    pub node: String,
    pub path: PathBuf,
}

/// Every class of this provisioner on every node; one that asks for what is not known gives nothing.
pub fn pools(facts: &Facts, default_pool: &Path) -> Vec<Pool> {
    let classes = facts.classes.iter().filter(|(_, class)| is_ours(class));
    let known = classes.filter_map(|(name, class)| Some((name, parameters(class, default_pool).ok()?.pool)));
    known
        .flat_map(|(class, path)| facts.nodes.iter().map(move |node| Pool { class: class.clone(), node: node.clone(), path: path.clone() }))
        .collect()
}

/// As it is told.
pub fn rounded(available_bytes: u64) -> u64 {
    available_bytes / step(available_bytes) * step(available_bytes)
}

/// Whether it differs enough from what was told to be told again. A step more is always told: it could never be asked for else. Of less,
/// what only goes to and fro is not: it is refused where it is asked for.
pub fn is_another(told: u64, available_bytes: u64) -> bool {
    rounded(available_bytes) > told || available_bytes < told.saturating_sub(step(available_bytes) / 2)
}

/// A power of two, so that an amount that is larger is never told to be smaller.
fn step(available_bytes: u64) -> u64 {
    let part = (available_bytes / PART).max(1);
    (1 << part.ilog2()).clamp(STEP_BYTES_MIN, STEP_BYTES_MAX)
}

impl Pool {
    /// The object's name: of node and class, however long their names are.
    pub fn name(&self) -> String {
        let text = format!("{}/{}", self.node, self.class);
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        format!("stead-{hash:016x}")
    }

    pub fn object(&self, available_bytes: u64) -> Value {
        let topology = json!({"matchLabels": {"kubernetes.io/hostname": self.node}});
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity",
            "metadata": {"name": self.name(), "namespace": NAMESPACE}, "storageClassName": self.class, "nodeTopology": topology,
            "capacity": quantity(available_bytes, &Value::Null)})
    }
}
