//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_NODE_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.NodeStatus",
    message: "k8s.io.api.core.v1.NodeStatus",
    gvk: &[],
    fields: &[
        Field { name: "capacity", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "allocatable", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 2, ..Field::PLAIN },
        Field { name: "phase", shape: Shape::String, go: "v1.NodePhase", enum_values: &["Pending", "Running", "Terminated"], tag: 3, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_CONDITION)), go: "[]v1.NodeCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 4, ..Field::PLAIN },
        Field { name: "addresses", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_ADDRESS)), go: "[]v1.NodeAddress", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 5, ..Field::PLAIN },
        Field { name: "daemonEndpoints", shape: Shape::Struct(&CORE_V1_NODE_DAEMON_ENDPOINTS), go: "v1.NodeDaemonEndpoints", default: Some("{}"), tag: 6, ..Field::PLAIN },
        Field { name: "nodeInfo", shape: Shape::Struct(&CORE_V1_NODE_SYSTEM_INFO), go: "v1.NodeSystemInfo", default: Some("{}"), tag: 7, ..Field::PLAIN },
        Field { name: "images", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_IMAGE)), go: "[]v1.ContainerImage", list: ListType::Atomic, tag: 8, ..Field::PLAIN },
        Field { name: "volumesInUse", shape: Shape::List(&Shape::String), go: "[]v1.UniqueVolumeName", list: ListType::Atomic, tag: 9, ..Field::PLAIN },
        Field { name: "volumesAttached", shape: Shape::List(&Shape::Struct(&CORE_V1_ATTACHED_VOLUME)), go: "[]v1.AttachedVolume", list: ListType::Atomic, tag: 10, ..Field::PLAIN },
        Field { name: "config", shape: Shape::Struct(&CORE_V1_NODE_CONFIG_STATUS), go: "v1.NodeConfigStatus", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "runtimeHandlers", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_RUNTIME_HANDLER)), go: "[]v1.NodeRuntimeHandler", list: ListType::Atomic, tag: 12, ..Field::PLAIN },
        Field { name: "features", shape: Shape::Struct(&CORE_V1_NODE_FEATURES), go: "v1.NodeFeatures", pointer: true, tag: 13, ..Field::PLAIN },
        Field { name: "declaredFeatures", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 14, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SWAP_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.NodeSwapStatus",
    message: "k8s.io.api.core.v1.NodeSwapStatus",
    gvk: &[],
    fields: &[
        Field { name: "capacity", shape: Shape::Int64, go: "int64", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SYSTEM_INFO: Type = Type {
    name: "io.k8s.api.core.v1.NodeSystemInfo",
    message: "k8s.io.api.core.v1.NodeSystemInfo",
    gvk: &[],
    fields: &[
        Field { name: "machineID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "systemUUID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "bootID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "kernelVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 4, ..Field::PLAIN },
        Field { name: "osImage", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 5, ..Field::PLAIN },
        Field { name: "containerRuntimeVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
        Field { name: "kubeletVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 7, ..Field::PLAIN },
        Field { name: "kubeProxyVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 8, ..Field::PLAIN },
        Field { name: "operatingSystem", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 9, ..Field::PLAIN },
        Field { name: "architecture", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 10, ..Field::PLAIN },
        Field { name: "swap", shape: Shape::Struct(&CORE_V1_NODE_SWAP_STATUS), go: "v1.NodeSwapStatus", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "runningInUserNamespace", shape: Shape::Bool, go: "bool", pointer: true, tag: 12, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_OBJECT_FIELD_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.ObjectFieldSelector",
    message: "k8s.io.api.core.v1.ObjectFieldSelector",
    gvk: &[],
    fields: &[
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "fieldPath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.core.v1.ObjectReference",
    message: "k8s.io.api.core.v1.ObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", tag: 4, ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "resourceVersion", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "fieldPath", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolume",
    message: "k8s.io.api.core.v1.PersistentVolume",
    gvk: &[("", "v1", "PersistentVolume")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_SPEC), go: "v1.PersistentVolumeSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_STATUS), go: "v1.PersistentVolumeStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaim",
    message: "k8s.io.api.core.v1.PersistentVolumeClaim",
    gvk: &[("", "v1", "PersistentVolumeClaim")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC), go: "v1.PersistentVolumeClaimSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS), go: "v1.PersistentVolumeClaimStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimCondition",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.PersistentVolumeClaimConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastProbeTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_LIST: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimList",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimList",
    gvk: &[("", "v1", "PersistentVolumeClaimList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM)), go: "[]v1.PersistentVolumeClaim", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimSpec",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimSpec",
    gvk: &[],
    fields: &[
        Field { name: "accessModes", shape: Shape::List(&Shape::String), go: "[]v1.PersistentVolumeAccessMode", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_VOLUME_RESOURCE_REQUIREMENTS), go: "v1.VolumeResourceRequirements", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "volumeName", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "storageClassName", shape: Shape::String, go: "string", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "volumeMode", shape: Shape::String, go: "v1.PersistentVolumeMode", pointer: true, enum_values: &["Block", "Filesystem"], tag: 6, ..Field::PLAIN },
        Field { name: "dataSource", shape: Shape::Struct(&CORE_V1_TYPED_LOCAL_OBJECT_REFERENCE), go: "v1.TypedLocalObjectReference", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "dataSourceRef", shape: Shape::Struct(&CORE_V1_TYPED_OBJECT_REFERENCE), go: "v1.TypedObjectReference", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "volumeAttributesClassName", shape: Shape::String, go: "string", pointer: true, tag: 9, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimStatus",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimStatus",
    gvk: &[],
    fields: &[
        Field { name: "phase", shape: Shape::String, go: "v1.PersistentVolumeClaimPhase", enum_values: &["Bound", "Lost", "Pending"], tag: 1, ..Field::PLAIN },
        Field { name: "accessModes", shape: Shape::List(&Shape::String), go: "[]v1.PersistentVolumeAccessMode", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "capacity", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 3, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_CONDITION)), go: "[]v1.PersistentVolumeClaimCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 4, ..Field::PLAIN },
        Field { name: "allocatedResources", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 5, ..Field::PLAIN },
        Field { name: "allocatedResourceStatuses", shape: Shape::Map(&Shape::String), go: "map[v1.ResourceName]v1.ClaimResourceStatus", tag: 7, ..Field::PLAIN },
        Field { name: "currentVolumeAttributesClassName", shape: Shape::String, go: "string", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "modifyVolumeStatus", shape: Shape::Struct(&CORE_V1_MODIFY_VOLUME_STATUS), go: "v1.ModifyVolumeStatus", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "healthStatus", shape: Shape::Struct(&CORE_V1_VOLUME_HEALTH_STATUS), go: "v1.VolumeHealthStatus", pointer: true, tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_TEMPLATE: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimTemplate",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimTemplate",
    gvk: &[],
    fields: &[
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC), go: "v1.PersistentVolumeClaimSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource",
    message: "k8s.io.api.core.v1.PersistentVolumeClaimVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "claimName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_LIST: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeList",
    message: "k8s.io.api.core.v1.PersistentVolumeList",
    gvk: &[("", "v1", "PersistentVolumeList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_PERSISTENT_VOLUME)), go: "[]v1.PersistentVolume", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeSpec",
    message: "k8s.io.api.core.v1.PersistentVolumeSpec",
    gvk: &[],
    fields: &[
        Field { name: "capacity", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "gcePersistentDisk", shape: Shape::Struct(&CORE_V1_GCE_PERSISTENT_DISK_VOLUME_SOURCE), go: "v1.GCEPersistentDiskVolumeSource", pointer: true, tag: 1, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "awsElasticBlockStore", shape: Shape::Struct(&CORE_V1_AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE), go: "v1.AWSElasticBlockStoreVolumeSource", pointer: true, tag: 2, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "hostPath", shape: Shape::Struct(&CORE_V1_HOST_PATH_VOLUME_SOURCE), go: "v1.HostPathVolumeSource", pointer: true, tag: 3, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "glusterfs", shape: Shape::Struct(&CORE_V1_GLUSTERFS_PERSISTENT_VOLUME_SOURCE), go: "v1.GlusterfsPersistentVolumeSource", pointer: true, tag: 4, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "nfs", shape: Shape::Struct(&CORE_V1_NFS_VOLUME_SOURCE), go: "v1.NFSVolumeSource", pointer: true, tag: 5, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "rbd", shape: Shape::Struct(&CORE_V1_RBD_PERSISTENT_VOLUME_SOURCE), go: "v1.RBDPersistentVolumeSource", pointer: true, tag: 6, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "iscsi", shape: Shape::Struct(&CORE_V1_ISCSI_PERSISTENT_VOLUME_SOURCE), go: "v1.ISCSIPersistentVolumeSource", pointer: true, tag: 7, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "cinder", shape: Shape::Struct(&CORE_V1_CINDER_PERSISTENT_VOLUME_SOURCE), go: "v1.CinderPersistentVolumeSource", pointer: true, tag: 8, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "cephfs", shape: Shape::Struct(&CORE_V1_CEPH_FS_PERSISTENT_VOLUME_SOURCE), go: "v1.CephFSPersistentVolumeSource", pointer: true, tag: 9, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "fc", shape: Shape::Struct(&CORE_V1_FC_VOLUME_SOURCE), go: "v1.FCVolumeSource", pointer: true, tag: 10, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "flocker", shape: Shape::Struct(&CORE_V1_FLOCKER_VOLUME_SOURCE), go: "v1.FlockerVolumeSource", pointer: true, tag: 11, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "flexVolume", shape: Shape::Struct(&CORE_V1_FLEX_PERSISTENT_VOLUME_SOURCE), go: "v1.FlexPersistentVolumeSource", pointer: true, tag: 12, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "azureFile", shape: Shape::Struct(&CORE_V1_AZURE_FILE_PERSISTENT_VOLUME_SOURCE), go: "v1.AzureFilePersistentVolumeSource", pointer: true, tag: 13, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "vsphereVolume", shape: Shape::Struct(&CORE_V1_VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE), go: "v1.VsphereVirtualDiskVolumeSource", pointer: true, tag: 14, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "quobyte", shape: Shape::Struct(&CORE_V1_QUOBYTE_VOLUME_SOURCE), go: "v1.QuobyteVolumeSource", pointer: true, tag: 15, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "azureDisk", shape: Shape::Struct(&CORE_V1_AZURE_DISK_VOLUME_SOURCE), go: "v1.AzureDiskVolumeSource", pointer: true, tag: 16, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "photonPersistentDisk", shape: Shape::Struct(&CORE_V1_PHOTON_PERSISTENT_DISK_VOLUME_SOURCE), go: "v1.PhotonPersistentDiskVolumeSource", pointer: true, tag: 17, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "portworxVolume", shape: Shape::Struct(&CORE_V1_PORTWORX_VOLUME_SOURCE), go: "v1.PortworxVolumeSource", pointer: true, tag: 18, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "scaleIO", shape: Shape::Struct(&CORE_V1_SCALE_IO_PERSISTENT_VOLUME_SOURCE), go: "v1.ScaleIOPersistentVolumeSource", pointer: true, tag: 19, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "local", shape: Shape::Struct(&CORE_V1_LOCAL_VOLUME_SOURCE), go: "v1.LocalVolumeSource", pointer: true, tag: 20, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "storageos", shape: Shape::Struct(&CORE_V1_STORAGE_OS_PERSISTENT_VOLUME_SOURCE), go: "v1.StorageOSPersistentVolumeSource", pointer: true, tag: 21, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "csi", shape: Shape::Struct(&CORE_V1_CSI_PERSISTENT_VOLUME_SOURCE), go: "v1.CSIPersistentVolumeSource", pointer: true, tag: 22, within: &[2], inlined: &["PersistentVolumeSource"], ..Field::PLAIN },
        Field { name: "accessModes", shape: Shape::List(&Shape::String), go: "[]v1.PersistentVolumeAccessMode", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "claimRef", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "persistentVolumeReclaimPolicy", shape: Shape::String, go: "v1.PersistentVolumeReclaimPolicy", enum_values: &["Delete", "Recycle", "Retain"], tag: 5, ..Field::PLAIN },
        Field { name: "storageClassName", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "mountOptions", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 7, ..Field::PLAIN },
        Field { name: "volumeMode", shape: Shape::String, go: "v1.PersistentVolumeMode", pointer: true, enum_values: &["Block", "Filesystem"], tag: 8, ..Field::PLAIN },
        Field { name: "nodeAffinity", shape: Shape::Struct(&CORE_V1_VOLUME_NODE_AFFINITY), go: "v1.VolumeNodeAffinity", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "volumeAttributesClassName", shape: Shape::String, go: "string", pointer: true, tag: 10, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "persistentVolumeSource", tag: 2, message: "k8s.io.api.core.v1.PersistentVolumeSource" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PERSISTENT_VOLUME_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PersistentVolumeStatus",
    message: "k8s.io.api.core.v1.PersistentVolumeStatus",
    gvk: &[],
    fields: &[
        Field { name: "phase", shape: Shape::String, go: "v1.PersistentVolumePhase", enum_values: &["Available", "Bound", "Failed", "Pending", "Released"], tag: 1, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "lastPhaseTransitionTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource",
    message: "k8s.io.api.core.v1.PhotonPersistentDiskVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "pdID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD: Type = Type {
    name: "io.k8s.api.core.v1.Pod",
    message: "k8s.io.api.core.v1.Pod",
    gvk: &[("", "v1", "Pod")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_POD_SPEC), go: "v1.PodSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_POD_STATUS), go: "v1.PodStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_AFFINITY: Type = Type {
    name: "io.k8s.api.core.v1.PodAffinity",
    message: "k8s.io.api.core.v1.PodAffinity",
    gvk: &[],
    fields: &[
        Field { name: "requiredDuringSchedulingIgnoredDuringExecution", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_AFFINITY_TERM)), go: "[]v1.PodAffinityTerm", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "preferredDuringSchedulingIgnoredDuringExecution", shape: Shape::List(&Shape::Struct(&CORE_V1_WEIGHTED_POD_AFFINITY_TERM)), go: "[]v1.WeightedPodAffinityTerm", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_AFFINITY_TERM: Type = Type {
    name: "io.k8s.api.core.v1.PodAffinityTerm",
    message: "k8s.io.api.core.v1.PodAffinityTerm",
    gvk: &[],
    fields: &[
        Field { name: "labelSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "namespaces", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "topologyKey", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "namespaceSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "matchLabelKeys", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "mismatchLabelKeys", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_ANTI_AFFINITY: Type = Type {
    name: "io.k8s.api.core.v1.PodAntiAffinity",
    message: "k8s.io.api.core.v1.PodAntiAffinity",
    gvk: &[],
    fields: &[
        Field { name: "requiredDuringSchedulingIgnoredDuringExecution", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_AFFINITY_TERM)), go: "[]v1.PodAffinityTerm", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "preferredDuringSchedulingIgnoredDuringExecution", shape: Shape::List(&Shape::Struct(&CORE_V1_WEIGHTED_POD_AFFINITY_TERM)), go: "[]v1.WeightedPodAffinityTerm", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_CERTIFICATE_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.PodCertificateProjection",
    message: "k8s.io.api.core.v1.PodCertificateProjection",
    gvk: &[],
    fields: &[
        Field { name: "signerName", shape: Shape::String, go: "string", required: true, tag: 1, ..Field::PLAIN },
        Field { name: "keyType", shape: Shape::String, go: "string", required: true, tag: 2, ..Field::PLAIN },
        Field { name: "maxExpirationSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "credentialBundlePath", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "keyPath", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "certificateChainPath", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "userAnnotations", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 7, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Int64, go: "int64", pointer: true, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.PodCondition",
    message: "k8s.io.api.core.v1.PodCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.PodConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 7, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastProbeTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_DNS_CONFIG: Type = Type {
    name: "io.k8s.api.core.v1.PodDNSConfig",
    message: "k8s.io.api.core.v1.PodDNSConfig",
    gvk: &[],
    fields: &[
        Field { name: "nameservers", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "searches", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "options", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_DNS_CONFIG_OPTION)), go: "[]v1.PodDNSConfigOption", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_DNS_CONFIG_OPTION: Type = Type {
    name: "io.k8s.api.core.v1.PodDNSConfigOption",
    message: "k8s.io.api.core.v1.PodDNSConfigOption",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_EXTENDED_RESOURCE_CLAIM_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PodExtendedResourceClaimStatus",
    message: "k8s.io.api.core.v1.PodExtendedResourceClaimStatus",
    gvk: &[],
    fields: &[
        Field { name: "requestMappings", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_EXTENDED_RESOURCE_REQUEST)), go: "[]v1.ContainerExtendedResourceRequest", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "resourceClaimName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_IP: Type = Type {
    name: "io.k8s.api.core.v1.PodIP",
    message: "k8s.io.api.core.v1.PodIP",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_LIST: Type = Type {
    name: "io.k8s.api.core.v1.PodList",
    message: "k8s.io.api.core.v1.PodList",
    gvk: &[("", "v1", "PodList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_POD)), go: "[]v1.Pod", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_OS: Type = Type {
    name: "io.k8s.api.core.v1.PodOS",
    message: "k8s.io.api.core.v1.PodOS",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.OSName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_READINESS_GATE: Type = Type {
    name: "io.k8s.api.core.v1.PodReadinessGate",
    message: "k8s.io.api.core.v1.PodReadinessGate",
    gvk: &[],
    fields: &[
        Field { name: "conditionType", shape: Shape::String, go: "v1.PodConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_RESOURCE_CLAIM: Type = Type {
    name: "io.k8s.api.core.v1.PodResourceClaim",
    message: "k8s.io.api.core.v1.PodResourceClaim",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resourceClaimName", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "resourceClaimTemplateName", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_RESOURCE_CLAIM_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PodResourceClaimStatus",
    message: "k8s.io.api.core.v1.PodResourceClaimStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resourceClaimName", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_SCHEDULING_GATE: Type = Type {
    name: "io.k8s.api.core.v1.PodSchedulingGate",
    message: "k8s.io.api.core.v1.PodSchedulingGate",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_SCHEDULING_GROUP: Type = Type {
    name: "io.k8s.api.core.v1.PodSchedulingGroup",
    message: "k8s.io.api.core.v1.PodSchedulingGroup",
    gvk: &[],
    fields: &[
        Field { name: "podGroupName", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_SECURITY_CONTEXT: Type = Type {
    name: "io.k8s.api.core.v1.PodSecurityContext",
    message: "k8s.io.api.core.v1.PodSecurityContext",
    gvk: &[],
    fields: &[
        Field { name: "seLinuxOptions", shape: Shape::Struct(&CORE_V1_SE_LINUX_OPTIONS), go: "v1.SELinuxOptions", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "windowsOptions", shape: Shape::Struct(&CORE_V1_WINDOWS_SECURITY_CONTEXT_OPTIONS), go: "v1.WindowsSecurityContextOptions", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "runAsUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "runAsGroup", shape: Shape::Int64, go: "int64", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "runAsNonRoot", shape: Shape::Bool, go: "bool", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "supplementalGroups", shape: Shape::List(&Shape::Int64), go: "[]int64", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "supplementalGroupsPolicy", shape: Shape::String, go: "v1.SupplementalGroupsPolicy", pointer: true, enum_values: &["Merge", "Strict"], tag: 12, ..Field::PLAIN },
        Field { name: "fsGroup", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "sysctls", shape: Shape::List(&Shape::Struct(&CORE_V1_SYSCTL)), go: "[]v1.Sysctl", list: ListType::Atomic, tag: 7, ..Field::PLAIN },
        Field { name: "fsGroupChangePolicy", shape: Shape::String, go: "v1.PodFSGroupChangePolicy", pointer: true, enum_values: &["Always", "OnRootMismatch"], tag: 9, ..Field::PLAIN },
        Field { name: "seccompProfile", shape: Shape::Struct(&CORE_V1_SECCOMP_PROFILE), go: "v1.SeccompProfile", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "appArmorProfile", shape: Shape::Struct(&CORE_V1_APP_ARMOR_PROFILE), go: "v1.AppArmorProfile", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "seLinuxChangePolicy", shape: Shape::String, go: "v1.PodSELinuxChangePolicy", pointer: true, tag: 13, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
