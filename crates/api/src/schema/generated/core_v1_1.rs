//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource",
    message: "k8s.io.api.core.v1.AWSElasticBlockStoreVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "partition", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_AFFINITY: Type = Type {
    name: "io.k8s.api.core.v1.Affinity",
    message: "k8s.io.api.core.v1.Affinity",
    gvk: &[],
    fields: &[
        Field { name: "nodeAffinity", shape: Shape::Struct(&CORE_V1_NODE_AFFINITY), go: "v1.NodeAffinity", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "podAffinity", shape: Shape::Struct(&CORE_V1_POD_AFFINITY), go: "v1.PodAffinity", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "podAntiAffinity", shape: Shape::Struct(&CORE_V1_POD_ANTI_AFFINITY), go: "v1.PodAntiAffinity", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_APP_ARMOR_PROFILE: Type = Type {
    name: "io.k8s.api.core.v1.AppArmorProfile",
    message: "k8s.io.api.core.v1.AppArmorProfile",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.AppArmorProfileType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["Localhost", "RuntimeDefault", "Unconfined"], tag: 1, ..Field::PLAIN },
        Field { name: "localhostProfile", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ATTACHED_VOLUME: Type = Type {
    name: "io.k8s.api.core.v1.AttachedVolume",
    message: "k8s.io.api.core.v1.AttachedVolume",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.UniqueVolumeName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "devicePath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_AZURE_DISK_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.AzureDiskVolumeSource",
    message: "k8s.io.api.core.v1.AzureDiskVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "diskName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "diskURI", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "cachingMode", shape: Shape::String, go: "v1.AzureDataDiskCachingMode", pointer: true, default: Some("\"ReadWrite\""), enum_values: &["None", "ReadOnly", "ReadWrite"], tag: 3, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", pointer: true, default: Some("\"ext4\""), tag: 4, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", pointer: true, default: Some("false"), tag: 5, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "v1.AzureDataDiskKind", pointer: true, default: Some("\"Shared\""), enum_values: &["Dedicated", "Managed", "Shared"], tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_AZURE_FILE_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.AzureFilePersistentVolumeSource",
    message: "k8s.io.api.core.v1.AzureFilePersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "secretName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "shareName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "secretNamespace", shape: Shape::String, go: "string", pointer: true, omit: Omit::Never, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_AZURE_FILE_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.AzureFileVolumeSource",
    message: "k8s.io.api.core.v1.AzureFileVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "secretName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "shareName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_BINDING: Type = Type {
    name: "io.k8s.api.core.v1.Binding",
    message: "k8s.io.api.core.v1.Binding",
    gvk: &[("", "v1", "Binding")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CSI_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CSIPersistentVolumeSource",
    message: "k8s.io.api.core.v1.CSIPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "driver", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "volumeHandle", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "volumeAttributes", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 5, ..Field::PLAIN },
        Field { name: "controllerPublishSecretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "nodeStageSecretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "nodePublishSecretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "controllerExpandSecretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "nodeExpandSecretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CSI_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CSIVolumeSource",
    message: "k8s.io.api.core.v1.CSIVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "driver", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "volumeAttributes", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 4, ..Field::PLAIN },
        Field { name: "nodePublishSecretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CAPABILITIES: Type = Type {
    name: "io.k8s.api.core.v1.Capabilities",
    message: "k8s.io.api.core.v1.Capabilities",
    gvk: &[],
    fields: &[
        Field { name: "add", shape: Shape::List(&Shape::String), go: "[]v1.Capability", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "drop", shape: Shape::List(&Shape::String), go: "[]v1.Capability", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CEPH_FS_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CephFSPersistentVolumeSource",
    message: "k8s.io.api.core.v1.CephFSPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "monitors", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "secretFile", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CEPH_FS_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CephFSVolumeSource",
    message: "k8s.io.api.core.v1.CephFSVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "monitors", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "secretFile", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CINDER_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CinderPersistentVolumeSource",
    message: "k8s.io.api.core.v1.CinderPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CINDER_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.CinderVolumeSource",
    message: "k8s.io.api.core.v1.CinderVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CLIENT_IP_CONFIG: Type = Type {
    name: "io.k8s.api.core.v1.ClientIPConfig",
    message: "k8s.io.api.core.v1.ClientIPConfig",
    gvk: &[],
    fields: &[
        Field { name: "timeoutSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CLUSTER_TRUST_BUNDLE_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.ClusterTrustBundleProjection",
    message: "k8s.io.api.core.v1.ClusterTrustBundleProjection",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "signerName", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "labelSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 4, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Int64, go: "int64", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_COMPONENT_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.ComponentCondition",
    message: "k8s.io.api.core.v1.ComponentCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.ComponentConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "error", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_COMPONENT_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ComponentStatus",
    message: "k8s.io.api.core.v1.ComponentStatus",
    gvk: &[("", "v1", "ComponentStatus")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_COMPONENT_CONDITION)), go: "[]v1.ComponentCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_COMPONENT_STATUS_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ComponentStatusList",
    message: "k8s.io.api.core.v1.ComponentStatusList",
    gvk: &[("", "v1", "ComponentStatusList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_COMPONENT_STATUS)), go: "[]v1.ComponentStatus", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMap",
    message: "k8s.io.api.core.v1.ConfigMap",
    gvk: &[("", "v1", "ConfigMap")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "immutable", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "data", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 2, ..Field::PLAIN },
        Field { name: "binaryData", shape: Shape::Map(&Shape::Bytes), go: "map[string][]uint8", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_ENV_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapEnvSource",
    message: "k8s.io.api.core.v1.ConfigMapEnvSource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, within: &[1], inlined: &["LocalObjectReference"], ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "localObjectReference", tag: 1, message: "k8s.io.api.core.v1.LocalObjectReference" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_KEY_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapKeySelector",
    message: "k8s.io.api.core.v1.ConfigMapKeySelector",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, within: &[1], inlined: &["LocalObjectReference"], ..Field::PLAIN },
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "localObjectReference", tag: 1, message: "k8s.io.api.core.v1.LocalObjectReference" }],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapList",
    message: "k8s.io.api.core.v1.ConfigMapList",
    gvk: &[("", "v1", "ConfigMapList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_CONFIG_MAP)), go: "[]v1.ConfigMap", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_NODE_CONFIG_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapNodeConfigSource",
    message: "k8s.io.api.core.v1.ConfigMapNodeConfigSource",
    gvk: &[],
    fields: &[
        Field { name: "namespace", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", tag: 3, ..Field::PLAIN },
        Field { name: "resourceVersion", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "kubeletConfigKey", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapProjection",
    message: "k8s.io.api.core.v1.ConfigMapProjection",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, within: &[1], inlined: &["LocalObjectReference"], ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_KEY_TO_PATH)), go: "[]v1.KeyToPath", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "localObjectReference", tag: 1, message: "k8s.io.api.core.v1.LocalObjectReference" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONFIG_MAP_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ConfigMapVolumeSource",
    message: "k8s.io.api.core.v1.ConfigMapVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, within: &[1], inlined: &["LocalObjectReference"], ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_KEY_TO_PATH)), go: "[]v1.KeyToPath", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "defaultMode", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "defaultUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "localObjectReference", tag: 1, message: "k8s.io.api.core.v1.LocalObjectReference" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER: Type = Type {
    name: "io.k8s.api.core.v1.Container",
    message: "k8s.io.api.core.v1.Container",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "image", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "command", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "args", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "workingDir", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_PORT)), go: "[]v1.ContainerPort", list: ListType::Map(&["containerPort", "protocol"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "containerPort" }, tag: 6, ..Field::PLAIN },
        Field { name: "envFrom", shape: Shape::List(&Shape::Struct(&CORE_V1_ENV_FROM_SOURCE)), go: "[]v1.EnvFromSource", list: ListType::Atomic, tag: 19, ..Field::PLAIN },
        Field { name: "env", shape: Shape::List(&Shape::Struct(&CORE_V1_ENV_VAR)), go: "[]v1.EnvVar", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 7, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_RESOURCE_REQUIREMENTS), go: "v1.ResourceRequirements", default: Some("{}"), tag: 8, ..Field::PLAIN },
        Field { name: "resizePolicy", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_RESIZE_POLICY)), go: "[]v1.ContainerResizePolicy", list: ListType::Atomic, tag: 23, ..Field::PLAIN },
        Field { name: "restartPolicy", shape: Shape::String, go: "v1.ContainerRestartPolicy", pointer: true, tag: 24, ..Field::PLAIN },
        Field { name: "restartPolicyRules", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_RESTART_RULE)), go: "[]v1.ContainerRestartRule", list: ListType::Atomic, tag: 25, ..Field::PLAIN },
        Field { name: "volumeMounts", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_MOUNT)), go: "[]v1.VolumeMount", list: ListType::Map(&["mountPath"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "mountPath" }, tag: 9, ..Field::PLAIN },
        Field { name: "volumeDevices", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_DEVICE)), go: "[]v1.VolumeDevice", list: ListType::Map(&["devicePath"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "devicePath" }, tag: 21, ..Field::PLAIN },
        Field { name: "livenessProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "readinessProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "startupProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 22, ..Field::PLAIN },
        Field { name: "lifecycle", shape: Shape::Struct(&CORE_V1_LIFECYCLE), go: "v1.Lifecycle", pointer: true, tag: 12, ..Field::PLAIN },
        Field { name: "terminationMessagePath", shape: Shape::String, go: "string", tag: 13, ..Field::PLAIN },
        Field { name: "terminationMessagePolicy", shape: Shape::String, go: "v1.TerminationMessagePolicy", enum_values: &["FallbackToLogsOnError", "File"], tag: 20, ..Field::PLAIN },
        Field { name: "imagePullPolicy", shape: Shape::String, go: "v1.PullPolicy", enum_values: &["Always", "IfNotPresent", "Never"], tag: 14, ..Field::PLAIN },
        Field { name: "securityContext", shape: Shape::Struct(&CORE_V1_SECURITY_CONTEXT), go: "v1.SecurityContext", pointer: true, tag: 15, ..Field::PLAIN },
        Field { name: "stdin", shape: Shape::Bool, go: "bool", tag: 16, ..Field::PLAIN },
        Field { name: "stdinOnce", shape: Shape::Bool, go: "bool", tag: 17, ..Field::PLAIN },
        Field { name: "tty", shape: Shape::Bool, go: "bool", tag: 18, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_EXTENDED_RESOURCE_REQUEST: Type = Type {
    name: "io.k8s.api.core.v1.ContainerExtendedResourceRequest",
    message: "k8s.io.api.core.v1.ContainerExtendedResourceRequest",
    gvk: &[],
    fields: &[
        Field { name: "containerName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resourceName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "requestName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_IMAGE: Type = Type {
    name: "io.k8s.api.core.v1.ContainerImage",
    message: "k8s.io.api.core.v1.ContainerImage",
    gvk: &[],
    fields: &[
        Field { name: "names", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "sizeBytes", shape: Shape::Int64, go: "int64", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_PORT: Type = Type {
    name: "io.k8s.api.core.v1.ContainerPort",
    message: "k8s.io.api.core.v1.ContainerPort",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "hostPort", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "containerPort", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", default: Some("\"TCP\""), enum_values: &["SCTP", "TCP", "UDP"], tag: 4, ..Field::PLAIN },
        Field { name: "hostIP", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_RESIZE_POLICY: Type = Type {
    name: "io.k8s.api.core.v1.ContainerResizePolicy",
    message: "k8s.io.api.core.v1.ContainerResizePolicy",
    gvk: &[],
    fields: &[
        Field { name: "resourceName", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "restartPolicy", shape: Shape::String, go: "v1.ResourceResizeRestartPolicy", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_RESTART_RULE: Type = Type {
    name: "io.k8s.api.core.v1.ContainerRestartRule",
    message: "k8s.io.api.core.v1.ContainerRestartRule",
    gvk: &[],
    fields: &[
        Field { name: "action", shape: Shape::String, go: "v1.ContainerRestartRuleAction", required: true, tag: 1, ..Field::PLAIN },
        Field { name: "exitCodes", shape: Shape::Struct(&CORE_V1_CONTAINER_RESTART_RULE_ON_EXIT_CODES), go: "v1.ContainerRestartRuleOnExitCodes", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_RESTART_RULE_ON_EXIT_CODES: Type = Type {
    name: "io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes",
    message: "k8s.io.api.core.v1.ContainerRestartRuleOnExitCodes",
    gvk: &[],
    fields: &[
        Field { name: "operator", shape: Shape::String, go: "v1.ContainerRestartRuleOnExitCodesOperator", required: true, tag: 1, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::Int32), go: "[]int32", list: ListType::Set, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_STATE: Type = Type {
    name: "io.k8s.api.core.v1.ContainerState",
    message: "k8s.io.api.core.v1.ContainerState",
    gvk: &[],
    fields: &[
        Field { name: "waiting", shape: Shape::Struct(&CORE_V1_CONTAINER_STATE_WAITING), go: "v1.ContainerStateWaiting", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "running", shape: Shape::Struct(&CORE_V1_CONTAINER_STATE_RUNNING), go: "v1.ContainerStateRunning", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "terminated", shape: Shape::Struct(&CORE_V1_CONTAINER_STATE_TERMINATED), go: "v1.ContainerStateTerminated", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_STATE_RUNNING: Type = Type {
    name: "io.k8s.api.core.v1.ContainerStateRunning",
    message: "k8s.io.api.core.v1.ContainerStateRunning",
    gvk: &[],
    fields: &[
        Field { name: "startedAt", shape: Shape::Time, go: "v1.Time", tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_STATE_TERMINATED: Type = Type {
    name: "io.k8s.api.core.v1.ContainerStateTerminated",
    message: "k8s.io.api.core.v1.ContainerStateTerminated",
    gvk: &[],
    fields: &[
        Field { name: "exitCode", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "signal", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "startedAt", shape: Shape::Time, go: "v1.Time", tag: 5, ..Field::PLAIN },
        Field { name: "finishedAt", shape: Shape::Time, go: "v1.Time", tag: 6, ..Field::PLAIN },
        Field { name: "containerID", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_STATE_WAITING: Type = Type {
    name: "io.k8s.api.core.v1.ContainerStateWaiting",
    message: "k8s.io.api.core.v1.ContainerStateWaiting",
    gvk: &[],
    fields: &[
        Field { name: "reason", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
