//! Everything about pod specs that Pod and the kinds with pod templates share: defaults, validation, the rules for
//! changes, warnings, quality of service. Knows no kind, no HTTP. Input and output: canonical values of `core/v1.PodSpec`.

pub mod amount;
pub mod defaults;
pub mod dropped;
pub mod images;
pub mod node_selection;
pub mod qos;
#[cfg(test)]
mod tests;
pub mod totals;
pub mod validation;
pub mod warnings;

use crate::{Value, field::Path, value::Access};

/// The three lists of containers of a pod spec, in the order upstream visits them.
pub const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Every container of a spec with its path: init containers, containers, ephemeral ones.
pub fn containers<'a>(spec: &'a Value, path: &Path) -> Vec<(&'a Value, Path)> {
    let mut all = Vec::new();
    for list in CONTAINER_LISTS {
        let list_path = path.child(list);
        for (i, container) in spec.items(list).iter().enumerate() {
            all.push((container, list_path.index(i)));
        }
    }
    all
}

/// Calls `change` on every container of a spec.
pub fn each_container(spec: &mut Value, mut change: impl FnMut(&mut Value)) {
    for list in CONTAINER_LISTS {
        spec.items_mut(list).iter_mut().for_each(&mut change);
    }
}

/// Whether an init container is a sidecar, which runs as long as the pod does.
pub fn is_sidecar(container: &Value) -> bool {
    container.str("restartPolicy") == "Always"
}

/// Whether a resource is a size of huge pages.
pub fn is_huge_page(resource: &str) -> bool {
    resource.starts_with("hugepages-")
}

/// A resource of Kubernetes itself: unprefixed, or of `kubernetes.io`.
pub fn is_native_resource(resource: &str) -> bool {
    !resource.contains('/') || resource.contains("kubernetes.io/")
}

/// Whether requests may be lower than limits.
pub fn may_overcommit(resource: &str) -> bool {
    is_native_resource(resource) && !is_huge_page(resource)
}

/// Whether a resource may be given for the pod as a whole.
pub fn is_pod_level_resource(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || is_huge_page(resource)
}
