//! Names of resources as API paths have them. Owns the constants of the kinds that controllers and node act on, and the
//! resources that discovery told of. Output: [`Resource`], cheap to copy and ordered by name.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A resource by API path parts, e.g. `("apps/v1", "statefulsets")`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// `v1`, `apps/v1`.
    pub api_version: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub namespaced: bool,
}

const fn core(plural: &'static str, kind: &'static str) -> Resource {
    Resource { api_version: "v1", plural, kind, namespaced: true }
}

const fn storage(plural: &'static str, kind: &'static str) -> Resource {
    Resource { api_version: "storage.k8s.io/v1", plural, kind, namespaced: false }
}

pub const PODS: Resource = core("pods", "Pod");
pub const EVENTS: Resource = core("events", "Event");
pub const CONFIG_MAPS: Resource = core("configmaps", "ConfigMap");
pub const SERVICES: Resource = core("services", "Service");
pub const ENDPOINTS: Resource = core("endpoints", "Endpoints");
pub const ENDPOINT_SLICES: Resource =
    Resource { api_version: "discovery.k8s.io/v1", plural: "endpointslices", kind: "EndpointSlice", namespaced: true };
pub const SECRETS: Resource = core("secrets", "Secret");
pub const SERVICE_ACCOUNTS: Resource = core("serviceaccounts", "ServiceAccount");
pub const RESOURCE_QUOTAS: Resource = core("resourcequotas", "ResourceQuota");
pub const NAMESPACES: Resource = Resource { namespaced: false, ..core("namespaces", "Namespace") };
pub const NODES: Resource = Resource { namespaced: false, ..core("nodes", "Node") };
pub const PERSISTENT_VOLUME_CLAIMS: Resource = core("persistentvolumeclaims", "PersistentVolumeClaim");
pub const PERSISTENT_VOLUMES: Resource = Resource { namespaced: false, ..core("persistentvolumes", "PersistentVolume") };
pub const STORAGE_CLASSES: Resource = storage("storageclasses", "StorageClass");
pub const CSI_NODES: Resource = storage("csinodes", "CSINode");
pub const CSI_DRIVERS: Resource = storage("csidrivers", "CSIDriver");
pub const CSI_STORAGE_CAPACITIES: Resource = Resource { namespaced: true, ..storage("csistoragecapacities", "CSIStorageCapacity") };
pub const VOLUME_ATTACHMENTS: Resource = storage("volumeattachments", "VolumeAttachment");
pub const VOLUME_ATTRIBUTES_CLASSES: Resource = storage("volumeattributesclasses", "VolumeAttributesClass");
pub const STATEFUL_SETS: Resource = Resource { api_version: "apps/v1", plural: "statefulsets", kind: "StatefulSet", namespaced: true };
pub const REPLICATION_CONTROLLERS: Resource = core("replicationcontrollers", "ReplicationController");
pub const REPLICA_SETS: Resource = Resource { api_version: "apps/v1", plural: "replicasets", kind: "ReplicaSet", namespaced: true };
pub const DEPLOYMENTS: Resource = Resource { api_version: "apps/v1", plural: "deployments", kind: "Deployment", namespaced: true };
pub const DAEMON_SETS: Resource = Resource { api_version: "apps/v1", plural: "daemonsets", kind: "DaemonSet", namespaced: true };
pub const JOBS: Resource = Resource { api_version: "batch/v1", plural: "jobs", kind: "Job", namespaced: true };
pub const CRON_JOBS: Resource = Resource { api_version: "batch/v1", plural: "cronjobs", kind: "CronJob", namespaced: true };
pub const POD_DISRUPTION_BUDGETS: Resource =
    Resource { api_version: "policy/v1", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", namespaced: true };
pub const CONTROLLER_REVISIONS: Resource =
    Resource { api_version: "apps/v1", plural: "controllerrevisions", kind: "ControllerRevision", namespaced: true };
pub const RUNTIME_CLASSES: Resource =
    Resource { api_version: "node.k8s.io/v1", plural: "runtimeclasses", kind: "RuntimeClass", namespaced: false };
pub const CLUSTER_ROLES: Resource =
    Resource { api_version: "rbac.authorization.k8s.io/v1", plural: "clusterroles", kind: "ClusterRole", namespaced: false };
pub const LEASES: Resource = Resource { api_version: "coordination.k8s.io/v1", plural: "leases", kind: "Lease", namespaced: true };

/// The texts of every resource that discovery named: one entry per distinct name, at most [`NAMES_MAX`].
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// How many distinct group, plural and kind names a process may learn from discovery.
const NAMES_MAX: usize = 20_000;

impl Resource {
    /// A resource named by discovery; `None` once [`NAMES_MAX`] names are known.
    pub fn discovered(api_version: &str, plural: &str, kind: &str, namespaced: bool) -> Option<Self> {
        Some(Self { api_version: interned(api_version)?, plural: interned(plural)?, kind: interned(kind)?, namespaced })
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

fn interned(text: &str) -> Option<&'static str> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(text) {
        return Some(known);
    }
    if names.len() >= NAMES_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    names.insert(kept);
    Some(kept)
}
