//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ContainerStatus",
    message: "k8s.io.api.core.v1.ContainerStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "state", shape: Shape::Struct(&CORE_V1_CONTAINER_STATE), go: "v1.ContainerState", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "lastState", shape: Shape::Struct(&CORE_V1_CONTAINER_STATE), go: "v1.ContainerState", default: Some("{}"), tag: 3, ..Field::PLAIN },
        Field { name: "ready", shape: Shape::Bool, go: "bool", omit: Omit::Never, required: true, default: Some("false"), tag: 4, ..Field::PLAIN },
        Field { name: "restartCount", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 5, ..Field::PLAIN },
        Field { name: "image", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
        Field { name: "imageID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 7, ..Field::PLAIN },
        Field { name: "containerID", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "started", shape: Shape::Bool, go: "bool", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "allocatedResources", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 10, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_RESOURCE_REQUIREMENTS), go: "v1.ResourceRequirements", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "volumeMounts", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_MOUNT_STATUS)), go: "[]v1.VolumeMountStatus", list: ListType::Map(&["mountPath"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "mountPath" }, tag: 12, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Struct(&CORE_V1_CONTAINER_USER), go: "v1.ContainerUser", pointer: true, tag: 13, ..Field::PLAIN },
        Field { name: "allocatedResourcesStatus", shape: Shape::List(&Shape::Struct(&CORE_V1_RESOURCE_STATUS)), go: "[]v1.ResourceStatus", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 14, ..Field::PLAIN },
        Field { name: "stopSignal", shape: Shape::String, go: "v1.Signal", pointer: true, enum_values: &["SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMAX-1", "SIGRTMAX-10", "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13", "SIGRTMAX-14", "SIGRTMAX-2", "SIGRTMAX-3", "SIGRTMAX-4", "SIGRTMAX-5", "SIGRTMAX-6", "SIGRTMAX-7", "SIGRTMAX-8", "SIGRTMAX-9", "SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMIN+2", "SIGRTMIN+3", "SIGRTMIN+4", "SIGRTMIN+5", "SIGRTMIN+6", "SIGRTMIN+7", "SIGRTMIN+8", "SIGRTMIN+9", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ"], tag: 15, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_CONTAINER_USER: Type = Type {
    name: "io.k8s.api.core.v1.ContainerUser",
    message: "k8s.io.api.core.v1.ContainerUser",
    gvk: &[],
    fields: &[
        Field { name: "linux", shape: Shape::Struct(&CORE_V1_LINUX_CONTAINER_USER), go: "v1.LinuxContainerUser", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_DAEMON_ENDPOINT: Type = Type {
    name: "io.k8s.api.core.v1.DaemonEndpoint",
    message: "k8s.io.api.core.v1.DaemonEndpoint",
    gvk: &[],
    fields: &[
        Field { name: "Port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_DOWNWARD_API_PROJECTION: Type = Type {
    name: "io.k8s.api.core.v1.DownwardAPIProjection",
    message: "k8s.io.api.core.v1.DownwardAPIProjection",
    gvk: &[],
    fields: &[
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_DOWNWARD_API_VOLUME_FILE)), go: "[]v1.DownwardAPIVolumeFile", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_DOWNWARD_API_VOLUME_FILE: Type = Type {
    name: "io.k8s.api.core.v1.DownwardAPIVolumeFile",
    message: "k8s.io.api.core.v1.DownwardAPIVolumeFile",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fieldRef", shape: Shape::Struct(&CORE_V1_OBJECT_FIELD_SELECTOR), go: "v1.ObjectFieldSelector", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "resourceFieldRef", shape: Shape::Struct(&CORE_V1_RESOURCE_FIELD_SELECTOR), go: "v1.ResourceFieldSelector", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "mode", shape: Shape::Int32, go: "int32", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_DOWNWARD_API_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.DownwardAPIVolumeSource",
    message: "k8s.io.api.core.v1.DownwardAPIVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_DOWNWARD_API_VOLUME_FILE)), go: "[]v1.DownwardAPIVolumeFile", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "defaultMode", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "defaultUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EMPTY_DIR_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.EmptyDirVolumeSource",
    message: "k8s.io.api.core.v1.EmptyDirVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "medium", shape: Shape::String, go: "v1.StorageMedium", tag: 1, ..Field::PLAIN },
        Field { name: "sizeLimit", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "mode", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENDPOINT_ADDRESS: Type = Type {
    name: "io.k8s.api.core.v1.EndpointAddress",
    message: "k8s.io.api.core.v1.EndpointAddress",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "hostname", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "nodeName", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "targetRef", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_ENDPOINT_PORT: Type = Type {
    name: "io.k8s.api.core.v1.EndpointPort",
    message: "k8s.io.api.core.v1.EndpointPort",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", enum_values: &["SCTP", "TCP", "UDP"], tag: 3, ..Field::PLAIN },
        Field { name: "appProtocol", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_ENDPOINT_SUBSET: Type = Type {
    name: "io.k8s.api.core.v1.EndpointSubset",
    message: "k8s.io.api.core.v1.EndpointSubset",
    gvk: &[],
    fields: &[
        Field { name: "addresses", shape: Shape::List(&Shape::Struct(&CORE_V1_ENDPOINT_ADDRESS)), go: "[]v1.EndpointAddress", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "notReadyAddresses", shape: Shape::List(&Shape::Struct(&CORE_V1_ENDPOINT_ADDRESS)), go: "[]v1.EndpointAddress", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&CORE_V1_ENDPOINT_PORT)), go: "[]v1.EndpointPort", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENDPOINTS: Type = Type {
    name: "io.k8s.api.core.v1.Endpoints",
    message: "k8s.io.api.core.v1.Endpoints",
    gvk: &[("", "v1", "Endpoints")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "subsets", shape: Shape::List(&Shape::Struct(&CORE_V1_ENDPOINT_SUBSET)), go: "[]v1.EndpointSubset", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENDPOINTS_LIST: Type = Type {
    name: "io.k8s.api.core.v1.EndpointsList",
    message: "k8s.io.api.core.v1.EndpointsList",
    gvk: &[("", "v1", "EndpointsList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_ENDPOINTS)), go: "[]v1.Endpoints", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENV_FROM_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.EnvFromSource",
    message: "k8s.io.api.core.v1.EnvFromSource",
    gvk: &[],
    fields: &[
        Field { name: "prefix", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "configMapRef", shape: Shape::Struct(&CORE_V1_CONFIG_MAP_ENV_SOURCE), go: "v1.ConfigMapEnvSource", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_ENV_SOURCE), go: "v1.SecretEnvSource", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENV_VAR: Type = Type {
    name: "io.k8s.api.core.v1.EnvVar",
    message: "k8s.io.api.core.v1.EnvVar",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "valueFrom", shape: Shape::Struct(&CORE_V1_ENV_VAR_SOURCE), go: "v1.EnvVarSource", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_ENV_VAR_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.EnvVarSource",
    message: "k8s.io.api.core.v1.EnvVarSource",
    gvk: &[],
    fields: &[
        Field { name: "fieldRef", shape: Shape::Struct(&CORE_V1_OBJECT_FIELD_SELECTOR), go: "v1.ObjectFieldSelector", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "resourceFieldRef", shape: Shape::Struct(&CORE_V1_RESOURCE_FIELD_SELECTOR), go: "v1.ResourceFieldSelector", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "configMapKeyRef", shape: Shape::Struct(&CORE_V1_CONFIG_MAP_KEY_SELECTOR), go: "v1.ConfigMapKeySelector", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "secretKeyRef", shape: Shape::Struct(&CORE_V1_SECRET_KEY_SELECTOR), go: "v1.SecretKeySelector", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "fileKeyRef", shape: Shape::Struct(&CORE_V1_FILE_KEY_SELECTOR), go: "v1.FileKeySelector", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EPHEMERAL_CONTAINER: Type = Type {
    name: "io.k8s.api.core.v1.EphemeralContainer",
    message: "k8s.io.api.core.v1.EphemeralContainer",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "image", shape: Shape::String, go: "string", tag: 2, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "command", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "args", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "workingDir", shape: Shape::String, go: "string", tag: 5, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_PORT)), go: "[]v1.ContainerPort", list: ListType::Map(&["containerPort", "protocol"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "containerPort" }, tag: 6, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "envFrom", shape: Shape::List(&Shape::Struct(&CORE_V1_ENV_FROM_SOURCE)), go: "[]v1.EnvFromSource", list: ListType::Atomic, tag: 19, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "env", shape: Shape::List(&Shape::Struct(&CORE_V1_ENV_VAR)), go: "[]v1.EnvVar", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 7, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_RESOURCE_REQUIREMENTS), go: "v1.ResourceRequirements", default: Some("{}"), tag: 8, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "resizePolicy", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_RESIZE_POLICY)), go: "[]v1.ContainerResizePolicy", list: ListType::Atomic, tag: 23, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "restartPolicy", shape: Shape::String, go: "v1.ContainerRestartPolicy", pointer: true, tag: 24, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "restartPolicyRules", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_RESTART_RULE)), go: "[]v1.ContainerRestartRule", list: ListType::Atomic, tag: 25, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "volumeMounts", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_MOUNT)), go: "[]v1.VolumeMount", list: ListType::Map(&["mountPath"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "mountPath" }, tag: 9, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "volumeDevices", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_DEVICE)), go: "[]v1.VolumeDevice", list: ListType::Map(&["devicePath"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "devicePath" }, tag: 21, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "livenessProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 10, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "readinessProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 11, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "startupProbe", shape: Shape::Struct(&CORE_V1_PROBE), go: "v1.Probe", pointer: true, tag: 22, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "lifecycle", shape: Shape::Struct(&CORE_V1_LIFECYCLE), go: "v1.Lifecycle", pointer: true, tag: 12, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "terminationMessagePath", shape: Shape::String, go: "string", tag: 13, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "terminationMessagePolicy", shape: Shape::String, go: "v1.TerminationMessagePolicy", enum_values: &["FallbackToLogsOnError", "File"], tag: 20, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "imagePullPolicy", shape: Shape::String, go: "v1.PullPolicy", enum_values: &["Always", "IfNotPresent", "Never"], tag: 14, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "securityContext", shape: Shape::Struct(&CORE_V1_SECURITY_CONTEXT), go: "v1.SecurityContext", pointer: true, tag: 15, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "stdin", shape: Shape::Bool, go: "bool", tag: 16, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "stdinOnce", shape: Shape::Bool, go: "bool", tag: 17, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "tty", shape: Shape::Bool, go: "bool", tag: 18, within: &[1], inlined: &["EphemeralContainerCommon"], ..Field::PLAIN },
        Field { name: "targetContainerName", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "ephemeralContainerCommon", tag: 1, message: "k8s.io.api.core.v1.EphemeralContainerCommon" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EPHEMERAL_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.EphemeralVolumeSource",
    message: "k8s.io.api.core.v1.EphemeralVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeClaimTemplate", shape: Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM_TEMPLATE), go: "v1.PersistentVolumeClaimTemplate", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EVENT: Type = Type {
    name: "io.k8s.api.core.v1.Event",
    message: "k8s.io.api.core.v1.Event",
    gvk: &[("", "v1", "Event")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "involvedObject", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "source", shape: Shape::Struct(&CORE_V1_EVENT_SOURCE), go: "v1.EventSource", default: Some("{}"), tag: 5, ..Field::PLAIN },
        Field { name: "firstTimestamp", shape: Shape::Time, go: "v1.Time", tag: 6, ..Field::PLAIN },
        Field { name: "lastTimestamp", shape: Shape::Time, go: "v1.Time", tag: 7, ..Field::PLAIN },
        Field { name: "count", shape: Shape::Int32, go: "int32", tag: 8, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "string", tag: 9, ..Field::PLAIN },
        Field { name: "eventTime", shape: Shape::MicroTime, go: "v1.MicroTime", tag: 10, ..Field::PLAIN },
        Field { name: "series", shape: Shape::Struct(&CORE_V1_EVENT_SERIES), go: "v1.EventSeries", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "action", shape: Shape::String, go: "string", tag: 12, ..Field::PLAIN },
        Field { name: "related", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 13, ..Field::PLAIN },
        Field { name: "reportingComponent", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 14, ..Field::PLAIN },
        Field { name: "reportingInstance", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 15, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EVENT_LIST: Type = Type {
    name: "io.k8s.api.core.v1.EventList",
    message: "k8s.io.api.core.v1.EventList",
    gvk: &[("", "v1", "EventList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_EVENT)), go: "[]v1.Event", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EVENT_SERIES: Type = Type {
    name: "io.k8s.api.core.v1.EventSeries",
    message: "k8s.io.api.core.v1.EventSeries",
    gvk: &[],
    fields: &[
        Field { name: "count", shape: Shape::Int32, go: "int32", tag: 1, ..Field::PLAIN },
        Field { name: "lastObservedTime", shape: Shape::MicroTime, go: "v1.MicroTime", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EVENT_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.EventSource",
    message: "k8s.io.api.core.v1.EventSource",
    gvk: &[],
    fields: &[
        Field { name: "component", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "host", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_EVICTION_RESPONDER: Type = Type {
    name: "io.k8s.api.core.v1.EvictionResponder",
    message: "k8s.io.api.core.v1.EvictionResponder",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "priority", shape: Shape::Int32, go: "int32", pointer: true, omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_EXEC_ACTION: Type = Type {
    name: "io.k8s.api.core.v1.ExecAction",
    message: "k8s.io.api.core.v1.ExecAction",
    gvk: &[],
    fields: &[
        Field { name: "command", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_FC_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.FCVolumeSource",
    message: "k8s.io.api.core.v1.FCVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "targetWWNs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "lun", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "wwids", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_FILE_KEY_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.FileKeySelector",
    message: "k8s.io.api.core.v1.FileKeySelector",
    gvk: &[],
    fields: &[
        Field { name: "volumeName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "optional", shape: Shape::Bool, go: "bool", pointer: true, default: Some("false"), tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_FLEX_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.FlexPersistentVolumeSource",
    message: "k8s.io.api.core.v1.FlexPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "driver", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "options", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_FLEX_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.FlexVolumeSource",
    message: "k8s.io.api.core.v1.FlexVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "driver", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "options", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_FLOCKER_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.FlockerVolumeSource",
    message: "k8s.io.api.core.v1.FlockerVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "datasetName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "datasetUUID", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_GCE_PERSISTENT_DISK_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource",
    message: "k8s.io.api.core.v1.GCEPersistentDiskVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "pdName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "partition", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_GRPC_ACTION: Type = Type {
    name: "io.k8s.api.core.v1.GRPCAction",
    message: "k8s.io.api.core.v1.GRPCAction",
    gvk: &[],
    fields: &[
        Field { name: "port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "service", shape: Shape::String, go: "string", pointer: true, omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "mode", shape: Shape::String, go: "v1.GRPCProbeMode", pointer: true, enum_values: &["Plaintext", "TLS"], tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_GIT_REPO_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.GitRepoVolumeSource",
    message: "k8s.io.api.core.v1.GitRepoVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "repository", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "revision", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "directory", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_GLUSTERFS_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.GlusterfsPersistentVolumeSource",
    message: "k8s.io.api.core.v1.GlusterfsPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "endpoints", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "endpointsNamespace", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_GLUSTERFS_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.GlusterfsVolumeSource",
    message: "k8s.io.api.core.v1.GlusterfsVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "endpoints", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_HTTP_GET_ACTION: Type = Type {
    name: "io.k8s.api.core.v1.HTTPGetAction",
    message: "k8s.io.api.core.v1.HTTPGetAction",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "port", shape: Shape::IntOrString, go: "intstr.IntOrString", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "host", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "scheme", shape: Shape::String, go: "v1.URIScheme", enum_values: &["HTTP", "HTTPS"], tag: 4, ..Field::PLAIN },
        Field { name: "httpHeaders", shape: Shape::List(&Shape::Struct(&CORE_V1_HTTP_HEADER)), go: "[]v1.HTTPHeader", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.HTTPProtocol", pointer: true, enum_values: &["HTTP1", "HTTP2"], tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_HTTP_HEADER: Type = Type {
    name: "io.k8s.api.core.v1.HTTPHeader",
    message: "k8s.io.api.core.v1.HTTPHeader",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_HOST_ALIAS: Type = Type {
    name: "io.k8s.api.core.v1.HostAlias",
    message: "k8s.io.api.core.v1.HostAlias",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "hostnames", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_HOST_IP: Type = Type {
    name: "io.k8s.api.core.v1.HostIP",
    message: "k8s.io.api.core.v1.HostIP",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_HOST_PATH_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.HostPathVolumeSource",
    message: "k8s.io.api.core.v1.HostPathVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "v1.HostPathType", pointer: true, enum_values: &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"], tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
