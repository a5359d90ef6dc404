//! Types of `storage_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static STORAGE_V1_CSI_DRIVER: Type = Type {
    name: "io.k8s.api.storage.v1.CSIDriver",
    message: "k8s.io.api.storage.v1.CSIDriver",
    gvk: &[("storage.k8s.io", "v1", "CSIDriver")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&STORAGE_V1_CSI_DRIVER_SPEC), go: "v1.CSIDriverSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_DRIVER_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.CSIDriverList",
    message: "k8s.io.api.storage.v1.CSIDriverList",
    gvk: &[("storage.k8s.io", "v1", "CSIDriverList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_CSI_DRIVER)), go: "[]v1.CSIDriver", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_DRIVER_SPEC: Type = Type {
    name: "io.k8s.api.storage.v1.CSIDriverSpec",
    message: "k8s.io.api.storage.v1.CSIDriverSpec",
    gvk: &[],
    fields: &[
        Field { name: "attachRequired", shape: Shape::Bool, go: "bool", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "podInfoOnMount", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "volumeLifecycleModes", shape: Shape::List(&Shape::String), go: "[]v1.VolumeLifecycleMode", list: ListType::Set, tag: 3, ..Field::PLAIN },
        Field { name: "storageCapacity", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "fsGroupPolicy", shape: Shape::String, go: "v1.FSGroupPolicy", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "tokenRequests", shape: Shape::List(&Shape::Struct(&STORAGE_V1_TOKEN_REQUEST)), go: "[]v1.TokenRequest", list: ListType::Atomic, tag: 6, ..Field::PLAIN },
        Field { name: "requiresRepublish", shape: Shape::Bool, go: "bool", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "seLinuxMount", shape: Shape::Bool, go: "bool", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "nodeAllocatableUpdatePeriodSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "serviceAccountTokenInSecrets", shape: Shape::Bool, go: "bool", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "preventPodSchedulingIfMissing", shape: Shape::Bool, go: "bool", pointer: true, tag: 11, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_NODE: Type = Type {
    name: "io.k8s.api.storage.v1.CSINode",
    message: "k8s.io.api.storage.v1.CSINode",
    gvk: &[("storage.k8s.io", "v1", "CSINode")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&STORAGE_V1_CSI_NODE_SPEC), go: "v1.CSINodeSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&STORAGE_V1_CSI_NODE_STATUS), go: "v1.CSINodeStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_NODE_DRIVER: Type = Type {
    name: "io.k8s.api.storage.v1.CSINodeDriver",
    message: "k8s.io.api.storage.v1.CSINodeDriver",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "nodeID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "topologyKeys", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "allocatable", shape: Shape::Struct(&STORAGE_V1_VOLUME_NODE_RESOURCES), go: "v1.VolumeNodeResources", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_NODE_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.CSINodeList",
    message: "k8s.io.api.storage.v1.CSINodeList",
    gvk: &[("storage.k8s.io", "v1", "CSINodeList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_CSI_NODE)), go: "[]v1.CSINode", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_NODE_SPEC: Type = Type {
    name: "io.k8s.api.storage.v1.CSINodeSpec",
    message: "k8s.io.api.storage.v1.CSINodeSpec",
    gvk: &[],
    fields: &[
        Field { name: "drivers", shape: Shape::List(&Shape::Struct(&STORAGE_V1_CSI_NODE_DRIVER)), go: "[]v1.CSINodeDriver", omit: Omit::Never, required: true, list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_NODE_STATUS: Type = Type {
    name: "io.k8s.api.storage.v1.CSINodeStatus",
    message: "k8s.io.api.storage.v1.CSINodeStatus",
    gvk: &[],
    fields: &[
        Field { name: "storageHealth", shape: Shape::List(&Shape::Struct(&STORAGE_V1_STORAGE_HEALTH)), go: "[]v1.StorageHealth", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_STORAGE_CAPACITY: Type = Type {
    name: "io.k8s.api.storage.v1.CSIStorageCapacity",
    message: "k8s.io.api.storage.v1.CSIStorageCapacity",
    gvk: &[("storage.k8s.io", "v1", "CSIStorageCapacity")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "nodeTopology", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "storageClassName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "capacity", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "maximumVolumeSize", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_CSI_STORAGE_CAPACITY_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.CSIStorageCapacityList",
    message: "k8s.io.api.storage.v1.CSIStorageCapacityList",
    gvk: &[("storage.k8s.io", "v1", "CSIStorageCapacityList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_CSI_STORAGE_CAPACITY)), go: "[]v1.CSIStorageCapacity", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_STORAGE_CLASS: Type = Type {
    name: "io.k8s.api.storage.v1.StorageClass",
    message: "k8s.io.api.storage.v1.StorageClass",
    gvk: &[("storage.k8s.io", "v1", "StorageClass")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "provisioner", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "parameters", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 3, ..Field::PLAIN },
        Field { name: "reclaimPolicy", shape: Shape::String, go: "v1.PersistentVolumeReclaimPolicy", pointer: true, enum_values: &["Delete", "Recycle", "Retain"], tag: 4, ..Field::PLAIN },
        Field { name: "mountOptions", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "allowVolumeExpansion", shape: Shape::Bool, go: "bool", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "volumeBindingMode", shape: Shape::String, go: "v1.VolumeBindingMode", pointer: true, enum_values: &["Immediate", "WaitForFirstConsumer"], tag: 7, ..Field::PLAIN },
        Field { name: "allowedTopologies", shape: Shape::List(&Shape::Struct(&CORE_V1_TOPOLOGY_SELECTOR_TERM)), go: "[]v1.TopologySelectorTerm", list: ListType::Atomic, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_STORAGE_CLASS_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.StorageClassList",
    message: "k8s.io.api.storage.v1.StorageClassList",
    gvk: &[("storage.k8s.io", "v1", "StorageClassList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_STORAGE_CLASS)), go: "[]v1.StorageClass", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_STORAGE_HEALTH: Type = Type {
    name: "io.k8s.api.storage.v1.StorageHealth",
    message: "k8s.io.api.storage.v1.StorageHealth",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "healthConditions", shape: Shape::List(&Shape::Struct(&STORAGE_V1_STORAGE_HEALTH_CONDITION)), go: "[]v1.StorageHealthCondition", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_STORAGE_HEALTH_CONDITION: Type = Type {
    name: "io.k8s.api.storage.v1.StorageHealthCondition",
    message: "k8s.io.api.storage.v1.StorageHealthCondition",
    gvk: &[],
    fields: &[
        Field { name: "status", shape: Shape::String, go: "v1.StorageHealthStatusType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["StorageDegraded", "StorageUnreachable"], tag: 1, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "accessMode", shape: Shape::String, go: "v1.PersistentVolumeAccessMode", pointer: true, enum_values: &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"], tag: 4, ..Field::PLAIN },
        Field { name: "volumeMode", shape: Shape::String, go: "v1.PersistentVolumeMode", pointer: true, enum_values: &["Block", "Filesystem"], tag: 5, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_TOKEN_REQUEST: Type = Type {
    name: "io.k8s.api.storage.v1.TokenRequest",
    message: "k8s.io.api.storage.v1.TokenRequest",
    gvk: &[],
    fields: &[
        Field { name: "audience", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "expirationSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTACHMENT: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttachment",
    message: "k8s.io.api.storage.v1.VolumeAttachment",
    gvk: &[("storage.k8s.io", "v1", "VolumeAttachment")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&STORAGE_V1_VOLUME_ATTACHMENT_SPEC), go: "v1.VolumeAttachmentSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&STORAGE_V1_VOLUME_ATTACHMENT_STATUS), go: "v1.VolumeAttachmentStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTACHMENT_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttachmentList",
    message: "k8s.io.api.storage.v1.VolumeAttachmentList",
    gvk: &[("storage.k8s.io", "v1", "VolumeAttachmentList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_VOLUME_ATTACHMENT)), go: "[]v1.VolumeAttachment", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTACHMENT_SOURCE: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttachmentSource",
    message: "k8s.io.api.storage.v1.VolumeAttachmentSource",
    gvk: &[],
    fields: &[
        Field { name: "persistentVolumeName", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "inlineVolumeSpec", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_SPEC), go: "v1.PersistentVolumeSpec", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTACHMENT_SPEC: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttachmentSpec",
    message: "k8s.io.api.storage.v1.VolumeAttachmentSpec",
    gvk: &[],
    fields: &[
        Field { name: "attacher", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "source", shape: Shape::Struct(&STORAGE_V1_VOLUME_ATTACHMENT_SOURCE), go: "v1.VolumeAttachmentSource", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "nodeName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTACHMENT_STATUS: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttachmentStatus",
    message: "k8s.io.api.storage.v1.VolumeAttachmentStatus",
    gvk: &[],
    fields: &[
        Field { name: "attached", shape: Shape::Bool, go: "bool", omit: Omit::Never, required: true, default: Some("false"), tag: 1, ..Field::PLAIN },
        Field { name: "attachmentMetadata", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 2, ..Field::PLAIN },
        Field { name: "attachError", shape: Shape::Struct(&STORAGE_V1_VOLUME_ERROR), go: "v1.VolumeError", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "detachError", shape: Shape::Struct(&STORAGE_V1_VOLUME_ERROR), go: "v1.VolumeError", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTRIBUTES_CLASS: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttributesClass",
    message: "k8s.io.api.storage.v1.VolumeAttributesClass",
    gvk: &[("storage.k8s.io", "v1", "VolumeAttributesClass")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "driverName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "parameters", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ATTRIBUTES_CLASS_LIST: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeAttributesClassList",
    message: "k8s.io.api.storage.v1.VolumeAttributesClassList",
    gvk: &[("storage.k8s.io", "v1", "VolumeAttributesClassList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&STORAGE_V1_VOLUME_ATTRIBUTES_CLASS)), go: "[]v1.VolumeAttributesClass", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_ERROR: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeError",
    message: "k8s.io.api.storage.v1.VolumeError",
    gvk: &[],
    fields: &[
        Field { name: "time", shape: Shape::Time, go: "v1.Time", tag: 1, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "errorCode", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static STORAGE_V1_VOLUME_NODE_RESOURCES: Type = Type {
    name: "io.k8s.api.storage.v1.VolumeNodeResources",
    message: "k8s.io.api.storage.v1.VolumeNodeResources",
    gvk: &[],
    fields: &[
        Field { name: "count", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
