//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_SECRET_ENV_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.SecretEnvSource",
    message: "k8s.io.api.core.v1.SecretEnvSource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, within: &[1], inlined: &["LocalObjectReference"], ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "localObjectReference", tag: 1, message: "k8s.io.api.core.v1.LocalObjectReference" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SECRET_KEY_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.SecretKeySelector",
    message: "k8s.io.api.core.v1.SecretKeySelector",
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
pub static CORE_V1_SECRET_LIST: Type = Type {
    name: "io.k8s.api.core.v1.SecretList",
    message: "k8s.io.api.core.v1.SecretList",
    gvk: &[("", "v1", "SecretList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_SECRET)), go: "[]v1.Secret", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SECRET_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.SecretProjection",
    message: "k8s.io.api.core.v1.SecretProjection",
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
pub static CORE_V1_SECRET_REFERENCE: Type = Type {
    name: "io.k8s.api.core.v1.SecretReference",
    message: "k8s.io.api.core.v1.SecretReference",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_SECRET_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.SecretVolumeSource",
    message: "k8s.io.api.core.v1.SecretVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "secretName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_KEY_TO_PATH)), go: "[]v1.KeyToPath", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "defaultMode", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "defaultUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SECURITY_CONTEXT: Type = Type {
    name: "io.k8s.api.core.v1.SecurityContext",
    message: "k8s.io.api.core.v1.SecurityContext",
    gvk: &[],
    fields: &[
        Field { name: "capabilities", shape: Shape::Struct(&CORE_V1_CAPABILITIES), go: "v1.Capabilities", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "privileged", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "seLinuxOptions", shape: Shape::Struct(&CORE_V1_SE_LINUX_OPTIONS), go: "v1.SELinuxOptions", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "windowsOptions", shape: Shape::Struct(&CORE_V1_WINDOWS_SECURITY_CONTEXT_OPTIONS), go: "v1.WindowsSecurityContextOptions", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "runAsUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "runAsGroup", shape: Shape::Int64, go: "int64", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "runAsNonRoot", shape: Shape::Bool, go: "bool", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "readOnlyRootFilesystem", shape: Shape::Bool, go: "bool", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "allowPrivilegeEscalation", shape: Shape::Bool, go: "bool", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "procMount", shape: Shape::String, go: "v1.ProcMountType", pointer: true, enum_values: &["Default", "Unmasked"], tag: 9, ..Field::PLAIN },
        Field { name: "seccompProfile", shape: Shape::Struct(&CORE_V1_SECCOMP_PROFILE), go: "v1.SeccompProfile", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "appArmorProfile", shape: Shape::Struct(&CORE_V1_APP_ARMOR_PROFILE), go: "v1.AppArmorProfile", pointer: true, tag: 12, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE: Type = Type {
    name: "io.k8s.api.core.v1.Service",
    message: "k8s.io.api.core.v1.Service",
    gvk: &[("", "v1", "Service")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_SERVICE_SPEC), go: "v1.ServiceSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_SERVICE_STATUS), go: "v1.ServiceStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_ACCOUNT: Type = Type {
    name: "io.k8s.api.core.v1.ServiceAccount",
    message: "k8s.io.api.core.v1.ServiceAccount",
    gvk: &[("", "v1", "ServiceAccount")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "secrets", shape: Shape::List(&Shape::Struct(&CORE_V1_OBJECT_REFERENCE)), go: "[]v1.ObjectReference", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 2, ..Field::PLAIN },
        Field { name: "imagePullSecrets", shape: Shape::List(&Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE)), go: "[]v1.LocalObjectReference", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "automountServiceAccountToken", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_ACCOUNT_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ServiceAccountList",
    message: "k8s.io.api.core.v1.ServiceAccountList",
    gvk: &[("", "v1", "ServiceAccountList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_SERVICE_ACCOUNT)), go: "[]v1.ServiceAccount", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_ACCOUNT_TOKEN_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.ServiceAccountTokenProjection",
    message: "k8s.io.api.core.v1.ServiceAccountTokenProjection",
    gvk: &[],
    fields: &[
        Field { name: "audience", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "expirationSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Int64, go: "int64", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ServiceList",
    message: "k8s.io.api.core.v1.ServiceList",
    gvk: &[("", "v1", "ServiceList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_SERVICE)), go: "[]v1.Service", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_PORT: Type = Type {
    name: "io.k8s.api.core.v1.ServicePort",
    message: "k8s.io.api.core.v1.ServicePort",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", default: Some("\"TCP\""), enum_values: &["SCTP", "TCP", "UDP"], tag: 2, ..Field::PLAIN },
        Field { name: "appProtocol", shape: Shape::String, go: "string", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "targetPort", shape: Shape::IntOrString, go: "intstr.IntOrString", tag: 4, ..Field::PLAIN },
        Field { name: "nodePort", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.ServiceSpec",
    message: "k8s.io.api.core.v1.ServiceSpec",
    gvk: &[],
    fields: &[
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&CORE_V1_SERVICE_PORT)), go: "[]v1.ServicePort", list: ListType::Map(&["port", "protocol"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "port" }, tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Map(&Shape::String), go: "map[string]string", map_atomic: true, tag: 2, ..Field::PLAIN },
        Field { name: "clusterIP", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "clusterIPs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 18, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "v1.ServiceType", enum_values: &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], tag: 4, ..Field::PLAIN },
        Field { name: "externalIPs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "sessionAffinity", shape: Shape::String, go: "v1.ServiceAffinity", enum_values: &["ClientIP", "None"], tag: 7, ..Field::PLAIN },
        Field { name: "loadBalancerIP", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "loadBalancerSourceRanges", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 9, ..Field::PLAIN },
        Field { name: "externalName", shape: Shape::String, go: "string", tag: 10, ..Field::PLAIN },
        Field { name: "externalTrafficPolicy", shape: Shape::String, go: "v1.ServiceExternalTrafficPolicy", enum_values: &["Cluster", "Local"], tag: 11, ..Field::PLAIN },
        Field { name: "healthCheckNodePort", shape: Shape::Int32, go: "int32", tag: 12, ..Field::PLAIN },
        Field { name: "publishNotReadyAddresses", shape: Shape::Bool, go: "bool", tag: 13, ..Field::PLAIN },
        Field { name: "sessionAffinityConfig", shape: Shape::Struct(&CORE_V1_SESSION_AFFINITY_CONFIG), go: "v1.SessionAffinityConfig", pointer: true, tag: 14, ..Field::PLAIN },
        Field { name: "ipFamilies", shape: Shape::List(&Shape::String), go: "[]v1.IPFamily", list: ListType::Atomic, tag: 19, ..Field::PLAIN },
        Field { name: "ipFamilyPolicy", shape: Shape::String, go: "v1.IPFamilyPolicy", pointer: true, enum_values: &["PreferDualStack", "RequireDualStack", "SingleStack"], tag: 17, ..Field::PLAIN },
        Field { name: "allocateLoadBalancerNodePorts", shape: Shape::Bool, go: "bool", pointer: true, tag: 20, ..Field::PLAIN },
        Field { name: "loadBalancerClass", shape: Shape::String, go: "string", pointer: true, tag: 21, ..Field::PLAIN },
        Field { name: "internalTrafficPolicy", shape: Shape::String, go: "v1.ServiceInternalTrafficPolicy", pointer: true, enum_values: &["Cluster", "Local"], tag: 22, ..Field::PLAIN },
        Field { name: "trafficDistribution", shape: Shape::String, go: "string", pointer: true, tag: 23, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SERVICE_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ServiceStatus",
    message: "k8s.io.api.core.v1.ServiceStatus",
    gvk: &[],
    fields: &[
        Field { name: "loadBalancer", shape: Shape::Struct(&CORE_V1_LOAD_BALANCER_STATUS), go: "v1.LoadBalancerStatus", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&META_V1_CONDITION)), go: "[]v1.Condition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SESSION_AFFINITY_CONFIG: Type = Type {
    name: "io.k8s.api.core.v1.SessionAffinityConfig",
    message: "k8s.io.api.core.v1.SessionAffinityConfig",
    gvk: &[],
    fields: &[
        Field { name: "clientIP", shape: Shape::Struct(&CORE_V1_CLIENT_IP_CONFIG), go: "v1.ClientIPConfig", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SLEEP_ACTION: Type = Type {
    name: "io.k8s.api.core.v1.SleepAction",
    message: "k8s.io.api.core.v1.SleepAction",
    gvk: &[],
    fields: &[
        Field { name: "seconds", shape: Shape::Int64, go: "int64", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_STORAGE_OS_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.StorageOSPersistentVolumeSource",
    message: "k8s.io.api.core.v1.StorageOSPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "volumeNamespace", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_STORAGE_OS_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.StorageOSVolumeSource",
    message: "k8s.io.api.core.v1.StorageOSVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "volumeNamespace", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SYSCTL: Type = Type {
    name: "io.k8s.api.core.v1.Sysctl",
    message: "k8s.io.api.core.v1.Sysctl",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TCP_SOCKET_ACTION: Type = Type {
    name: "io.k8s.api.core.v1.TCPSocketAction",
    message: "k8s.io.api.core.v1.TCPSocketAction",
    gvk: &[],
    fields: &[
        Field { name: "port", shape: Shape::IntOrString, go: "intstr.IntOrString", omit: Omit::Never, required: true, tag: 1, ..Field::PLAIN },
        Field { name: "host", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TAINT: Type = Type {
    name: "io.k8s.api.core.v1.Taint",
    message: "k8s.io.api.core.v1.Taint",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "effect", shape: Shape::String, go: "v1.TaintEffect", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["NoExecute", "NoSchedule", "PreferNoSchedule"], tag: 3, ..Field::PLAIN },
        Field { name: "timeAdded", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TOLERATION: Type = Type {
    name: "io.k8s.api.core.v1.Toleration",
    message: "k8s.io.api.core.v1.Toleration",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.TolerationOperator", enum_values: &["Equal", "Exists", "Gt", "Lt"], tag: 2, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "effect", shape: Shape::String, go: "v1.TaintEffect", enum_values: &["NoExecute", "NoSchedule", "PreferNoSchedule"], tag: 4, ..Field::PLAIN },
        Field { name: "tolerationSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TOPOLOGY_SELECTOR_LABEL_REQUIREMENT: Type = Type {
    name: "io.k8s.api.core.v1.TopologySelectorLabelRequirement",
    message: "k8s.io.api.core.v1.TopologySelectorLabelRequirement",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TOPOLOGY_SELECTOR_TERM: Type = Type {
    name: "io.k8s.api.core.v1.TopologySelectorTerm",
    message: "k8s.io.api.core.v1.TopologySelectorTerm",
    gvk: &[],
    fields: &[
        Field { name: "matchLabelExpressions", shape: Shape::List(&Shape::Struct(&CORE_V1_TOPOLOGY_SELECTOR_LABEL_REQUIREMENT)), go: "[]v1.TopologySelectorLabelRequirement", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_TOPOLOGY_SPREAD_CONSTRAINT: Type = Type {
    name: "io.k8s.api.core.v1.TopologySpreadConstraint",
    message: "k8s.io.api.core.v1.TopologySpreadConstraint",
    gvk: &[],
    fields: &[
        Field { name: "maxSkew", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "topologyKey", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "whenUnsatisfiable", shape: Shape::String, go: "v1.UnsatisfiableConstraintAction", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["DoNotSchedule", "ScheduleAnyway"], tag: 3, ..Field::PLAIN },
        Field { name: "labelSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "minDomains", shape: Shape::Int32, go: "int32", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "nodeAffinityPolicy", shape: Shape::String, go: "v1.NodeInclusionPolicy", pointer: true, enum_values: &["Honor", "Ignore"], tag: 6, ..Field::PLAIN },
        Field { name: "nodeTaintsPolicy", shape: Shape::String, go: "v1.NodeInclusionPolicy", pointer: true, enum_values: &["Honor", "Ignore"], tag: 7, ..Field::PLAIN },
        Field { name: "matchLabelKeys", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_TYPED_LOCAL_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.core.v1.TypedLocalObjectReference",
    message: "k8s.io.api.core.v1.TypedLocalObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "apiGroup", shape: Shape::String, go: "string", pointer: true, omit: Omit::Never, tag: 1, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_TYPED_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.core.v1.TypedObjectReference",
    message: "k8s.io.api.core.v1.TypedObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "apiGroup", shape: Shape::String, go: "string", pointer: true, omit: Omit::Never, tag: 1, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME: Type = Type {
    name: "io.k8s.api.core.v1.Volume",
    message: "k8s.io.api.core.v1.Volume",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "hostPath", shape: Shape::Struct(&CORE_V1_HOST_PATH_VOLUME_SOURCE), go: "v1.HostPathVolumeSource", pointer: true, tag: 1, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "emptyDir", shape: Shape::Struct(&CORE_V1_EMPTY_DIR_VOLUME_SOURCE), go: "v1.EmptyDirVolumeSource", pointer: true, tag: 2, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "gcePersistentDisk", shape: Shape::Struct(&CORE_V1_GCE_PERSISTENT_DISK_VOLUME_SOURCE), go: "v1.GCEPersistentDiskVolumeSource", pointer: true, tag: 3, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "awsElasticBlockStore", shape: Shape::Struct(&CORE_V1_AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE), go: "v1.AWSElasticBlockStoreVolumeSource", pointer: true, tag: 4, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "gitRepo", shape: Shape::Struct(&CORE_V1_GIT_REPO_VOLUME_SOURCE), go: "v1.GitRepoVolumeSource", pointer: true, tag: 5, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "secret", shape: Shape::Struct(&CORE_V1_SECRET_VOLUME_SOURCE), go: "v1.SecretVolumeSource", pointer: true, tag: 6, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "nfs", shape: Shape::Struct(&CORE_V1_NFS_VOLUME_SOURCE), go: "v1.NFSVolumeSource", pointer: true, tag: 7, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "iscsi", shape: Shape::Struct(&CORE_V1_ISCSI_VOLUME_SOURCE), go: "v1.ISCSIVolumeSource", pointer: true, tag: 8, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "glusterfs", shape: Shape::Struct(&CORE_V1_GLUSTERFS_VOLUME_SOURCE), go: "v1.GlusterfsVolumeSource", pointer: true, tag: 9, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "persistentVolumeClaim", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE), go: "v1.PersistentVolumeClaimVolumeSource", pointer: true, tag: 10, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "rbd", shape: Shape::Struct(&CORE_V1_RBD_VOLUME_SOURCE), go: "v1.RBDVolumeSource", pointer: true, tag: 11, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "flexVolume", shape: Shape::Struct(&CORE_V1_FLEX_VOLUME_SOURCE), go: "v1.FlexVolumeSource", pointer: true, tag: 12, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "cinder", shape: Shape::Struct(&CORE_V1_CINDER_VOLUME_SOURCE), go: "v1.CinderVolumeSource", pointer: true, tag: 13, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "cephfs", shape: Shape::Struct(&CORE_V1_CEPH_FS_VOLUME_SOURCE), go: "v1.CephFSVolumeSource", pointer: true, tag: 14, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "flocker", shape: Shape::Struct(&CORE_V1_FLOCKER_VOLUME_SOURCE), go: "v1.FlockerVolumeSource", pointer: true, tag: 15, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "downwardAPI", shape: Shape::Struct(&CORE_V1_DOWNWARD_API_VOLUME_SOURCE), go: "v1.DownwardAPIVolumeSource", pointer: true, tag: 16, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "fc", shape: Shape::Struct(&CORE_V1_FC_VOLUME_SOURCE), go: "v1.FCVolumeSource", pointer: true, tag: 17, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "azureFile", shape: Shape::Struct(&CORE_V1_AZURE_FILE_VOLUME_SOURCE), go: "v1.AzureFileVolumeSource", pointer: true, tag: 18, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "configMap", shape: Shape::Struct(&CORE_V1_CONFIG_MAP_VOLUME_SOURCE), go: "v1.ConfigMapVolumeSource", pointer: true, tag: 19, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "vsphereVolume", shape: Shape::Struct(&CORE_V1_VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE), go: "v1.VsphereVirtualDiskVolumeSource", pointer: true, tag: 20, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "quobyte", shape: Shape::Struct(&CORE_V1_QUOBYTE_VOLUME_SOURCE), go: "v1.QuobyteVolumeSource", pointer: true, tag: 21, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "azureDisk", shape: Shape::Struct(&CORE_V1_AZURE_DISK_VOLUME_SOURCE), go: "v1.AzureDiskVolumeSource", pointer: true, tag: 22, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "photonPersistentDisk", shape: Shape::Struct(&CORE_V1_PHOTON_PERSISTENT_DISK_VOLUME_SOURCE), go: "v1.PhotonPersistentDiskVolumeSource", pointer: true, tag: 23, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "projected", shape: Shape::Struct(&CORE_V1_PROJECTED_VOLUME_SOURCE), go: "v1.ProjectedVolumeSource", pointer: true, tag: 26, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "portworxVolume", shape: Shape::Struct(&CORE_V1_PORTWORX_VOLUME_SOURCE), go: "v1.PortworxVolumeSource", pointer: true, tag: 24, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "scaleIO", shape: Shape::Struct(&CORE_V1_SCALE_IO_VOLUME_SOURCE), go: "v1.ScaleIOVolumeSource", pointer: true, tag: 25, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "storageos", shape: Shape::Struct(&CORE_V1_STORAGE_OS_VOLUME_SOURCE), go: "v1.StorageOSVolumeSource", pointer: true, tag: 27, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "csi", shape: Shape::Struct(&CORE_V1_CSI_VOLUME_SOURCE), go: "v1.CSIVolumeSource", pointer: true, tag: 28, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "ephemeral", shape: Shape::Struct(&CORE_V1_EPHEMERAL_VOLUME_SOURCE), go: "v1.EphemeralVolumeSource", pointer: true, tag: 29, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
        Field { name: "image", shape: Shape::Struct(&CORE_V1_IMAGE_VOLUME_SOURCE), go: "v1.ImageVolumeSource", pointer: true, tag: 30, within: &[2], inlined: &["VolumeSource"], ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "volumeSource", tag: 2, message: "k8s.io.api.core.v1.VolumeSource" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_DEVICE: Type = Type {
    name: "io.k8s.api.core.v1.VolumeDevice",
    message: "k8s.io.api.core.v1.VolumeDevice",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "devicePath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_HEALTH_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.VolumeHealthCondition",
    message: "k8s.io.api.core.v1.VolumeHealthCondition",
    gvk: &[],
    fields: &[
        Field { name: "status", shape: Shape::String, go: "v1.VolumeHealthStatusType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["DataLoss", "Degraded", "Inaccessible"], tag: 1, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_HEALTH_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.VolumeHealthStatus",
    message: "k8s.io.api.core.v1.VolumeHealthStatus",
    gvk: &[],
    fields: &[
        Field { name: "healthConditions", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_HEALTH_CONDITION)), go: "[]v1.VolumeHealthCondition", list: ListType::Map(&["status", "reason"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "status" }, tag: 1, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_MOUNT: Type = Type {
    name: "io.k8s.api.core.v1.VolumeMount",
    message: "k8s.io.api.core.v1.VolumeMount",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 2, ..Field::PLAIN },
        Field { name: "recursiveReadOnly", shape: Shape::String, go: "v1.RecursiveReadOnlyMode", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "mountPath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "subPath", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "mountPropagation", shape: Shape::String, go: "v1.MountPropagationMode", pointer: true, enum_values: &["Bidirectional", "HostToContainer", "None"], tag: 5, ..Field::PLAIN },
        Field { name: "subPathExpr", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "bindMountOptions", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Set, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_MOUNT_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.VolumeMountStatus",
    message: "k8s.io.api.core.v1.VolumeMountStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "mountPath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "recursiveReadOnly", shape: Shape::String, go: "v1.RecursiveReadOnlyMode", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "volumeStatus", shape: Shape::Struct(&CORE_V1_VOLUME_STATUS), go: "v1.VolumeStatus", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_NODE_AFFINITY: Type = Type {
    name: "io.k8s.api.core.v1.VolumeNodeAffinity",
    message: "k8s.io.api.core.v1.VolumeNodeAffinity",
    gvk: &[],
    fields: &[
        Field { name: "required", shape: Shape::Struct(&CORE_V1_NODE_SELECTOR), go: "v1.NodeSelector", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.VolumeProjection",
    message: "k8s.io.api.core.v1.VolumeProjection",
    gvk: &[],
    fields: &[
        Field { name: "secret", shape: Shape::Struct(&CORE_V1_SECRET_PROJECTION), go: "v1.SecretProjection", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "downwardAPI", shape: Shape::Struct(&CORE_V1_DOWNWARD_API_PROJECTION), go: "v1.DownwardAPIProjection", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "configMap", shape: Shape::Struct(&CORE_V1_CONFIG_MAP_PROJECTION), go: "v1.ConfigMapProjection", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "serviceAccountToken", shape: Shape::Struct(&CORE_V1_SERVICE_ACCOUNT_TOKEN_PROJECTION), go: "v1.ServiceAccountTokenProjection", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "clusterTrustBundle", shape: Shape::Struct(&CORE_V1_CLUSTER_TRUST_BUNDLE_PROJECTION), go: "v1.ClusterTrustBundleProjection", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "podCertificate", shape: Shape::Struct(&CORE_V1_POD_CERTIFICATE_PROJECTION), go: "v1.PodCertificateProjection", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VOLUME_RESOURCE_REQUIREMENTS: Type = Type {
    name: "io.k8s.api.core.v1.VolumeResourceRequirements",
    message: "k8s.io.api.core.v1.VolumeResourceRequirements",
    gvk: &[],
    fields: &[
        Field { name: "limits", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "requests", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
