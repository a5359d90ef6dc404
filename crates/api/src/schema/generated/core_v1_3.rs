//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_ISCSI_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ISCSIPersistentVolumeSource",
    message: "k8s.io.api.core.v1.ISCSIPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "targetPortal", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "iqn", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lun", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "iscsiInterface", shape: Shape::String, go: "string", default: Some("\"default\""), tag: 4, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 6, ..Field::PLAIN },
        Field { name: "portals", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 7, ..Field::PLAIN },
        Field { name: "chapAuthDiscovery", shape: Shape::Bool, go: "bool", tag: 8, ..Field::PLAIN },
        Field { name: "chapAuthSession", shape: Shape::Bool, go: "bool", tag: 11, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "initiatorName", shape: Shape::String, go: "string", pointer: true, tag: 12, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ISCSI_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ISCSIVolumeSource",
    message: "k8s.io.api.core.v1.ISCSIVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "targetPortal", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "iqn", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lun", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "iscsiInterface", shape: Shape::String, go: "string", default: Some("\"default\""), tag: 4, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 6, ..Field::PLAIN },
        Field { name: "portals", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 7, ..Field::PLAIN },
        Field { name: "chapAuthDiscovery", shape: Shape::Bool, go: "bool", tag: 8, ..Field::PLAIN },
        Field { name: "chapAuthSession", shape: Shape::Bool, go: "bool", tag: 11, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "initiatorName", shape: Shape::String, go: "string", pointer: true, tag: 12, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_IMAGE_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ImageVolumeSource",
    message: "k8s.io.api.core.v1.ImageVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "reference", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "pullPolicy", shape: Shape::String, go: "v1.PullPolicy", enum_values: &["Always", "IfNotPresent", "Never"], tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_IMAGE_VOLUME_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ImageVolumeStatus",
    message: "k8s.io.api.core.v1.ImageVolumeStatus",
    gvk: &[],
    fields: &[
        Field { name: "imageRef", shape: Shape::String, go: "string", required: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_KEY_TO_PATH: Type = Type {
    name: "io.k8s.api.core.v1.KeyToPath",
    message: "k8s.io.api.core.v1.KeyToPath",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "mode", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Int64, go: "int64", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIFECYCLE: Type = Type {
    name: "io.k8s.api.core.v1.Lifecycle",
    message: "k8s.io.api.core.v1.Lifecycle",
    gvk: &[],
    fields: &[
        Field { name: "postStart", shape: Shape::Struct(&CORE_V1_LIFECYCLE_HANDLER), go: "v1.LifecycleHandler", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "preStop", shape: Shape::Struct(&CORE_V1_LIFECYCLE_HANDLER), go: "v1.LifecycleHandler", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "stopSignal", shape: Shape::String, go: "v1.Signal", pointer: true, enum_values: &["SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMAX-1", "SIGRTMAX-10", "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13", "SIGRTMAX-14", "SIGRTMAX-2", "SIGRTMAX-3", "SIGRTMAX-4", "SIGRTMAX-5", "SIGRTMAX-6", "SIGRTMAX-7", "SIGRTMAX-8", "SIGRTMAX-9", "SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMIN+2", "SIGRTMIN+3", "SIGRTMIN+4", "SIGRTMIN+5", "SIGRTMIN+6", "SIGRTMIN+7", "SIGRTMIN+8", "SIGRTMIN+9", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ"], tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIFECYCLE_HANDLER: Type = Type {
    name: "io.k8s.api.core.v1.LifecycleHandler",
    message: "k8s.io.api.core.v1.LifecycleHandler",
    gvk: &[],
    fields: &[
        Field { name: "exec", shape: Shape::Struct(&CORE_V1_EXEC_ACTION), go: "v1.ExecAction", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "httpGet", shape: Shape::Struct(&CORE_V1_HTTP_GET_ACTION), go: "v1.HTTPGetAction", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "tcpSocket", shape: Shape::Struct(&CORE_V1_TCP_SOCKET_ACTION), go: "v1.TCPSocketAction", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "sleep", shape: Shape::Struct(&CORE_V1_SLEEP_ACTION), go: "v1.SleepAction", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIMIT_RANGE: Type = Type {
    name: "io.k8s.api.core.v1.LimitRange",
    message: "k8s.io.api.core.v1.LimitRange",
    gvk: &[("", "v1", "LimitRange")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_LIMIT_RANGE_SPEC), go: "v1.LimitRangeSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIMIT_RANGE_ITEM: Type = Type {
    name: "io.k8s.api.core.v1.LimitRangeItem",
    message: "k8s.io.api.core.v1.LimitRangeItem",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.LimitType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "max", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 2, ..Field::PLAIN },
        Field { name: "min", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 3, ..Field::PLAIN },
        Field { name: "default", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 4, ..Field::PLAIN },
        Field { name: "defaultRequest", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 5, ..Field::PLAIN },
        Field { name: "maxLimitRequestRatio", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIMIT_RANGE_LIST: Type = Type {
    name: "io.k8s.api.core.v1.LimitRangeList",
    message: "k8s.io.api.core.v1.LimitRangeList",
    gvk: &[("", "v1", "LimitRangeList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_LIMIT_RANGE)), go: "[]v1.LimitRange", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LIMIT_RANGE_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.LimitRangeSpec",
    message: "k8s.io.api.core.v1.LimitRangeSpec",
    gvk: &[],
    fields: &[
        Field { name: "limits", shape: Shape::List(&Shape::Struct(&CORE_V1_LIMIT_RANGE_ITEM)), go: "[]v1.LimitRangeItem", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LINUX_CONTAINER_USER: Type = Type {
    name: "io.k8s.api.core.v1.LinuxContainerUser",
    message: "k8s.io.api.core.v1.LinuxContainerUser",
    gvk: &[],
    fields: &[
        Field { name: "uid", shape: Shape::Int64, go: "int64", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "gid", shape: Shape::Int64, go: "int64", omit: Omit::Never, required: true, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "supplementalGroups", shape: Shape::List(&Shape::Int64), go: "[]int64", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LOAD_BALANCER_INGRESS: Type = Type {
    name: "io.k8s.api.core.v1.LoadBalancerIngress",
    message: "k8s.io.api.core.v1.LoadBalancerIngress",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "hostname", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "ipMode", shape: Shape::String, go: "v1.LoadBalancerIPMode", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&CORE_V1_PORT_STATUS)), go: "[]v1.PortStatus", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LOAD_BALANCER_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.LoadBalancerStatus",
    message: "k8s.io.api.core.v1.LoadBalancerStatus",
    gvk: &[],
    fields: &[
        Field { name: "ingress", shape: Shape::List(&Shape::Struct(&CORE_V1_LOAD_BALANCER_INGRESS)), go: "[]v1.LoadBalancerIngress", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_LOCAL_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.core.v1.LocalObjectReference",
    message: "k8s.io.api.core.v1.LocalObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_LOCAL_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.LocalVolumeSource",
    message: "k8s.io.api.core.v1.LocalVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_MODIFY_VOLUME_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ModifyVolumeStatus",
    message: "k8s.io.api.core.v1.ModifyVolumeStatus",
    gvk: &[],
    fields: &[
        Field { name: "targetVolumeAttributesClassName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.PersistentVolumeClaimModifyVolumeStatus", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["InProgress", "Infeasible", "Pending"], tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NFS_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.NFSVolumeSource",
    message: "k8s.io.api.core.v1.NFSVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "server", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NAMESPACE: Type = Type {
    name: "io.k8s.api.core.v1.Namespace",
    message: "k8s.io.api.core.v1.Namespace",
    gvk: &[("", "v1", "Namespace")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_NAMESPACE_SPEC), go: "v1.NamespaceSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_NAMESPACE_STATUS), go: "v1.NamespaceStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NAMESPACE_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.NamespaceCondition",
    message: "k8s.io.api.core.v1.NamespaceCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.NamespaceConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NAMESPACE_LIST: Type = Type {
    name: "io.k8s.api.core.v1.NamespaceList",
    message: "k8s.io.api.core.v1.NamespaceList",
    gvk: &[("", "v1", "NamespaceList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_NAMESPACE)), go: "[]v1.Namespace", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NAMESPACE_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.NamespaceSpec",
    message: "k8s.io.api.core.v1.NamespaceSpec",
    gvk: &[],
    fields: &[
        Field { name: "finalizers", shape: Shape::List(&Shape::String), go: "[]v1.FinalizerName", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NAMESPACE_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.NamespaceStatus",
    message: "k8s.io.api.core.v1.NamespaceStatus",
    gvk: &[],
    fields: &[
        Field { name: "phase", shape: Shape::String, go: "v1.NamespacePhase", enum_values: &["Active", "Terminating"], tag: 1, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_NAMESPACE_CONDITION)), go: "[]v1.NamespaceCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE: Type = Type {
    name: "io.k8s.api.core.v1.Node",
    message: "k8s.io.api.core.v1.Node",
    gvk: &[("", "v1", "Node")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_NODE_SPEC), go: "v1.NodeSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_NODE_STATUS), go: "v1.NodeStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_ADDRESS: Type = Type {
    name: "io.k8s.api.core.v1.NodeAddress",
    message: "k8s.io.api.core.v1.NodeAddress",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.NodeAddressType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "address", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_AFFINITY: Type = Type {
    name: "io.k8s.api.core.v1.NodeAffinity",
    message: "k8s.io.api.core.v1.NodeAffinity",
    gvk: &[],
    fields: &[
        Field { name: "requiredDuringSchedulingIgnoredDuringExecution", shape: Shape::Struct(&CORE_V1_NODE_SELECTOR), go: "v1.NodeSelector", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "preferredDuringSchedulingIgnoredDuringExecution", shape: Shape::List(&Shape::Struct(&CORE_V1_PREFERRED_SCHEDULING_TERM)), go: "[]v1.PreferredSchedulingTerm", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_ALLOCATABLE_MAPPED_RESOURCES: Type = Type {
    name: "io.k8s.api.core.v1.NodeAllocatableMappedResources",
    message: "k8s.io.api.core.v1.NodeAllocatableMappedResources",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "quantity", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_ALLOCATABLE_OVERHEAD_RESOURCES: Type = Type {
    name: "io.k8s.api.core.v1.NodeAllocatableOverheadResources",
    message: "k8s.io.api.core.v1.NodeAllocatableOverheadResources",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "perPod", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "perContainer", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus",
    message: "k8s.io.api.core.v1.NodeAllocatableResourceClaimStatus",
    gvk: &[],
    fields: &[
        Field { name: "resourceClaimName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "containers", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Set, tag: 2, ..Field::PLAIN },
        Field { name: "mapping", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_ALLOCATABLE_MAPPED_RESOURCES)), go: "[]v1.NodeAllocatableMappedResources", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 4, ..Field::PLAIN },
        Field { name: "overhead", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_ALLOCATABLE_OVERHEAD_RESOURCES)), go: "[]v1.NodeAllocatableOverheadResources", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.NodeCondition",
    message: "k8s.io.api.core.v1.NodeCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.NodeConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastHeartbeatTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_CONFIG_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.NodeConfigSource",
    message: "k8s.io.api.core.v1.NodeConfigSource",
    gvk: &[],
    fields: &[
        Field { name: "configMap", shape: Shape::Struct(&CORE_V1_CONFIG_MAP_NODE_CONFIG_SOURCE), go: "v1.ConfigMapNodeConfigSource", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_CONFIG_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.NodeConfigStatus",
    message: "k8s.io.api.core.v1.NodeConfigStatus",
    gvk: &[],
    fields: &[
        Field { name: "assigned", shape: Shape::Struct(&CORE_V1_NODE_CONFIG_SOURCE), go: "v1.NodeConfigSource", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "active", shape: Shape::Struct(&CORE_V1_NODE_CONFIG_SOURCE), go: "v1.NodeConfigSource", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "lastKnownGood", shape: Shape::Struct(&CORE_V1_NODE_CONFIG_SOURCE), go: "v1.NodeConfigSource", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "error", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_DAEMON_ENDPOINTS: Type = Type {
    name: "io.k8s.api.core.v1.NodeDaemonEndpoints",
    message: "k8s.io.api.core.v1.NodeDaemonEndpoints",
    gvk: &[],
    fields: &[
        Field { name: "kubeletEndpoint", shape: Shape::Struct(&CORE_V1_DAEMON_ENDPOINT), go: "v1.DaemonEndpoint", default: Some("{}"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_FEATURES: Type = Type {
    name: "io.k8s.api.core.v1.NodeFeatures",
    message: "k8s.io.api.core.v1.NodeFeatures",
    gvk: &[],
    fields: &[
        Field { name: "supplementalGroupsPolicy", shape: Shape::Bool, go: "bool", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_LIST: Type = Type {
    name: "io.k8s.api.core.v1.NodeList",
    message: "k8s.io.api.core.v1.NodeList",
    gvk: &[("", "v1", "NodeList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE)), go: "[]v1.Node", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_POD_PREEMPTION_POLICY: Type = Type {
    name: "io.k8s.api.core.v1.NodePodPreemptionPolicy",
    message: "k8s.io.api.core.v1.NodePodPreemptionPolicy",
    gvk: &[],
    fields: &[
        Field { name: "disableResizePreemption", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Set, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_RUNTIME_HANDLER: Type = Type {
    name: "io.k8s.api.core.v1.NodeRuntimeHandler",
    message: "k8s.io.api.core.v1.NodeRuntimeHandler",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "features", shape: Shape::Struct(&CORE_V1_NODE_RUNTIME_HANDLER_FEATURES), go: "v1.NodeRuntimeHandlerFeatures", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_RUNTIME_HANDLER_FEATURES: Type = Type {
    name: "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures",
    message: "k8s.io.api.core.v1.NodeRuntimeHandlerFeatures",
    gvk: &[],
    fields: &[
        Field { name: "recursiveReadOnlyMounts", shape: Shape::Bool, go: "bool", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "userNamespaces", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.NodeSelector",
    message: "k8s.io.api.core.v1.NodeSelector",
    gvk: &[],
    fields: &[
        Field { name: "nodeSelectorTerms", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_SELECTOR_TERM)), go: "[]v1.NodeSelectorTerm", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SELECTOR_REQUIREMENT: Type = Type {
    name: "io.k8s.api.core.v1.NodeSelectorRequirement",
    message: "k8s.io.api.core.v1.NodeSelectorRequirement",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.NodeSelectorOperator", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"], tag: 2, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SELECTOR_TERM: Type = Type {
    name: "io.k8s.api.core.v1.NodeSelectorTerm",
    message: "k8s.io.api.core.v1.NodeSelectorTerm",
    gvk: &[],
    fields: &[
        Field { name: "matchExpressions", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_SELECTOR_REQUIREMENT)), go: "[]v1.NodeSelectorRequirement", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "matchFields", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_SELECTOR_REQUIREMENT)), go: "[]v1.NodeSelectorRequirement", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_NODE_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.NodeSpec",
    message: "k8s.io.api.core.v1.NodeSpec",
    gvk: &[],
    fields: &[
        Field { name: "podCIDR", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "podCIDRs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Set, patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "" }, tag: 7, ..Field::PLAIN },
        Field { name: "providerID", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "unschedulable", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "taints", shape: Shape::List(&Shape::Struct(&CORE_V1_TAINT)), go: "[]v1.Taint", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "configSource", shape: Shape::Struct(&CORE_V1_NODE_CONFIG_SOURCE), go: "v1.NodeConfigSource", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "externalID", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "podPreemptionPolicy", shape: Shape::Struct(&CORE_V1_NODE_POD_PREEMPTION_POLICY), go: "v1.NodePodPreemptionPolicy", pointer: true, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
