//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_POD_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.PodSpec",
    message: "k8s.io.api.core.v1.PodSpec",
    gvk: &[],
    fields: &[
        Field { name: "volumes", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME)), go: "[]v1.Volume", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: true, merge_key: "name" }, tag: 1, ..Field::PLAIN },
        Field { name: "initContainers", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER)), go: "[]v1.Container", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 20, ..Field::PLAIN },
        Field { name: "containers", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER)), go: "[]v1.Container", omit: Omit::Never, required: true, list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 2, ..Field::PLAIN },
        Field { name: "ephemeralContainers", shape: Shape::List(&Shape::Struct(&CORE_V1_EPHEMERAL_CONTAINER)), go: "[]v1.EphemeralContainer", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 34, ..Field::PLAIN },
        Field { name: "restartPolicy", shape: Shape::String, go: "v1.RestartPolicy", enum_values: &["Always", "Never", "OnFailure"], tag: 3, ..Field::PLAIN },
        Field { name: "terminationGracePeriodSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "activeDeadlineSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "dnsPolicy", shape: Shape::String, go: "v1.DNSPolicy", enum_values: &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], tag: 6, ..Field::PLAIN },
        Field { name: "nodeSelector", shape: Shape::Map(&Shape::String), go: "map[string]string", map_atomic: true, tag: 7, ..Field::PLAIN },
        Field { name: "serviceAccountName", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "serviceAccount", shape: Shape::String, go: "string", tag: 9, ..Field::PLAIN },
        Field { name: "automountServiceAccountToken", shape: Shape::Bool, go: "bool", pointer: true, tag: 21, ..Field::PLAIN },
        Field { name: "nodeName", shape: Shape::String, go: "string", tag: 10, ..Field::PLAIN },
        Field { name: "hostNetwork", shape: Shape::Bool, go: "bool", tag: 11, ..Field::PLAIN },
        Field { name: "hostPID", shape: Shape::Bool, go: "bool", tag: 12, ..Field::PLAIN },
        Field { name: "hostIPC", shape: Shape::Bool, go: "bool", tag: 13, ..Field::PLAIN },
        Field { name: "shareProcessNamespace", shape: Shape::Bool, go: "bool", pointer: true, tag: 27, ..Field::PLAIN },
        Field { name: "securityContext", shape: Shape::Struct(&CORE_V1_POD_SECURITY_CONTEXT), go: "v1.PodSecurityContext", pointer: true, tag: 14, ..Field::PLAIN },
        Field { name: "imagePullSecrets", shape: Shape::List(&Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE)), go: "[]v1.LocalObjectReference", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 15, ..Field::PLAIN },
        Field { name: "hostname", shape: Shape::String, go: "string", tag: 16, ..Field::PLAIN },
        Field { name: "subdomain", shape: Shape::String, go: "string", tag: 17, ..Field::PLAIN },
        Field { name: "affinity", shape: Shape::Struct(&CORE_V1_AFFINITY), go: "v1.Affinity", pointer: true, tag: 18, ..Field::PLAIN },
        Field { name: "schedulerName", shape: Shape::String, go: "string", tag: 19, ..Field::PLAIN },
        Field { name: "tolerations", shape: Shape::List(&Shape::Struct(&CORE_V1_TOLERATION)), go: "[]v1.Toleration", list: ListType::Atomic, tag: 22, ..Field::PLAIN },
        Field { name: "hostAliases", shape: Shape::List(&Shape::Struct(&CORE_V1_HOST_ALIAS)), go: "[]v1.HostAlias", list: ListType::Map(&["ip"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "ip" }, tag: 23, ..Field::PLAIN },
        Field { name: "priorityClassName", shape: Shape::String, go: "string", tag: 24, ..Field::PLAIN },
        Field { name: "priority", shape: Shape::Int32, go: "int32", pointer: true, tag: 25, ..Field::PLAIN },
        Field { name: "dnsConfig", shape: Shape::Struct(&CORE_V1_POD_DNS_CONFIG), go: "v1.PodDNSConfig", pointer: true, tag: 26, ..Field::PLAIN },
        Field { name: "readinessGates", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_READINESS_GATE)), go: "[]v1.PodReadinessGate", list: ListType::Atomic, tag: 28, ..Field::PLAIN },
        Field { name: "runtimeClassName", shape: Shape::String, go: "string", pointer: true, tag: 29, ..Field::PLAIN },
        Field { name: "enableServiceLinks", shape: Shape::Bool, go: "bool", pointer: true, tag: 30, ..Field::PLAIN },
        Field { name: "preemptionPolicy", shape: Shape::String, go: "v1.PreemptionPolicy", pointer: true, enum_values: &["Never", "PreemptLowerPriority"], tag: 31, ..Field::PLAIN },
        Field { name: "overhead", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 32, ..Field::PLAIN },
        Field { name: "topologySpreadConstraints", shape: Shape::List(&Shape::Struct(&CORE_V1_TOPOLOGY_SPREAD_CONSTRAINT)), go: "[]v1.TopologySpreadConstraint", list: ListType::Map(&["topologyKey", "whenUnsatisfiable"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "topologyKey" }, tag: 33, ..Field::PLAIN },
        Field { name: "setHostnameAsFQDN", shape: Shape::Bool, go: "bool", pointer: true, tag: 35, ..Field::PLAIN },
        Field { name: "os", shape: Shape::Struct(&CORE_V1_POD_OS), go: "v1.PodOS", pointer: true, tag: 36, ..Field::PLAIN },
        Field { name: "hostUsers", shape: Shape::Bool, go: "bool", pointer: true, tag: 37, ..Field::PLAIN },
        Field { name: "schedulingGates", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_SCHEDULING_GATE)), go: "[]v1.PodSchedulingGate", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 38, ..Field::PLAIN },
        Field { name: "resourceClaims", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_RESOURCE_CLAIM)), go: "[]v1.PodResourceClaim", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: true, merge_key: "name" }, tag: 39, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_RESOURCE_REQUIREMENTS), go: "v1.ResourceRequirements", pointer: true, tag: 40, ..Field::PLAIN },
        Field { name: "hostnameOverride", shape: Shape::String, go: "string", pointer: true, tag: 41, ..Field::PLAIN },
        Field { name: "schedulingGroup", shape: Shape::Struct(&CORE_V1_POD_SCHEDULING_GROUP), go: "v1.PodSchedulingGroup", pointer: true, tag: 43, ..Field::PLAIN },
        Field { name: "evictionResponders", shape: Shape::List(&Shape::Struct(&CORE_V1_EVICTION_RESPONDER)), go: "[]v1.EvictionResponder", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 44, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PodStatus",
    message: "k8s.io.api.core.v1.PodStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 17, ..Field::PLAIN },
        Field { name: "phase", shape: Shape::String, go: "v1.PodPhase", enum_values: &["Failed", "Pending", "Running", "Succeeded", "Unknown"], tag: 1, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_CONDITION)), go: "[]v1.PodCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "nominatedNodeName", shape: Shape::String, go: "string", tag: 11, ..Field::PLAIN },
        Field { name: "hostIP", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "hostIPs", shape: Shape::List(&Shape::Struct(&CORE_V1_HOST_IP)), go: "[]v1.HostIP", list: ListType::Atomic, patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "ip" }, tag: 16, ..Field::PLAIN },
        Field { name: "podIP", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "podIPs", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_IP)), go: "[]v1.PodIP", list: ListType::Map(&["ip"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "ip" }, tag: 12, ..Field::PLAIN },
        Field { name: "startTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "initContainerStatuses", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_STATUS)), go: "[]v1.ContainerStatus", list: ListType::Atomic, tag: 10, ..Field::PLAIN },
        Field { name: "containerStatuses", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_STATUS)), go: "[]v1.ContainerStatus", list: ListType::Atomic, tag: 8, ..Field::PLAIN },
        Field { name: "qosClass", shape: Shape::String, go: "v1.PodQOSClass", enum_values: &["BestEffort", "Burstable", "Guaranteed"], tag: 9, ..Field::PLAIN },
        Field { name: "ephemeralContainerStatuses", shape: Shape::List(&Shape::Struct(&CORE_V1_CONTAINER_STATUS)), go: "[]v1.ContainerStatus", list: ListType::Atomic, tag: 13, ..Field::PLAIN },
        Field { name: "resize", shape: Shape::String, go: "v1.PodResizeStatus", tag: 14, ..Field::PLAIN },
        Field { name: "resourceClaimStatuses", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_RESOURCE_CLAIM_STATUS)), go: "[]v1.PodResourceClaimStatus", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: true, merge_key: "name" }, tag: 15, ..Field::PLAIN },
        Field { name: "extendedResourceClaimStatus", shape: Shape::Struct(&CORE_V1_POD_EXTENDED_RESOURCE_CLAIM_STATUS), go: "v1.PodExtendedResourceClaimStatus", pointer: true, tag: 18, ..Field::PLAIN },
        Field { name: "allocatedResources", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 19, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::Struct(&CORE_V1_RESOURCE_REQUIREMENTS), go: "v1.ResourceRequirements", pointer: true, tag: 20, ..Field::PLAIN },
        Field { name: "nodeAllocatableResourceClaimStatuses", shape: Shape::List(&Shape::Struct(&CORE_V1_NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUS)), go: "[]v1.NodeAllocatableResourceClaimStatus", list: ListType::Map(&["resourceClaimName"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "resourceClaimName" }, tag: 21, ..Field::PLAIN },
        Field { name: "volumeHealth", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_VOLUME_HEALTH)), go: "[]v1.PodVolumeHealth", list: ListType::Map(&["name"]), tag: 22, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_TEMPLATE: Type = Type {
    name: "io.k8s.api.core.v1.PodTemplate",
    message: "k8s.io.api.core.v1.PodTemplate",
    gvk: &[("", "v1", "PodTemplate")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_TEMPLATE_LIST: Type = Type {
    name: "io.k8s.api.core.v1.PodTemplateList",
    message: "k8s.io.api.core.v1.PodTemplateList",
    gvk: &[("", "v1", "PodTemplateList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_POD_TEMPLATE)), go: "[]v1.PodTemplate", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_TEMPLATE_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.PodTemplateSpec",
    message: "k8s.io.api.core.v1.PodTemplateSpec",
    gvk: &[],
    fields: &[
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_POD_SPEC), go: "v1.PodSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_POD_VOLUME_HEALTH: Type = Type {
    name: "io.k8s.api.core.v1.PodVolumeHealth",
    message: "k8s.io.api.core.v1.PodVolumeHealth",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "healthConditions", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_HEALTH_CONDITION)), go: "[]v1.VolumeHealthCondition", list: ListType::Map(&["status", "reason"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "status" }, tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PORT_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.PortStatus",
    message: "k8s.io.api.core.v1.PortStatus",
    gvk: &[],
    fields: &[
        Field { name: "port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["SCTP", "TCP", "UDP"], tag: 2, ..Field::PLAIN },
        Field { name: "error", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PORTWORX_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.PortworxVolumeSource",
    message: "k8s.io.api.core.v1.PortworxVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumeID", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PREFERRED_SCHEDULING_TERM: Type = Type {
    name: "io.k8s.api.core.v1.PreferredSchedulingTerm",
    message: "k8s.io.api.core.v1.PreferredSchedulingTerm",
    gvk: &[],
    fields: &[
        Field { name: "weight", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "preference", shape: Shape::Struct(&CORE_V1_NODE_SELECTOR_TERM), go: "v1.NodeSelectorTerm", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PROBE: Type = Type {
    name: "io.k8s.api.core.v1.Probe",
    message: "k8s.io.api.core.v1.Probe",
    gvk: &[],
    fields: &[
        Field { name: "exec", shape: Shape::Struct(&CORE_V1_EXEC_ACTION), go: "v1.ExecAction", pointer: true, tag: 1, within: &[1], inlined: &["ProbeHandler"], ..Field::PLAIN },
        Field { name: "httpGet", shape: Shape::Struct(&CORE_V1_HTTP_GET_ACTION), go: "v1.HTTPGetAction", pointer: true, tag: 2, within: &[1], inlined: &["ProbeHandler"], ..Field::PLAIN },
        Field { name: "tcpSocket", shape: Shape::Struct(&CORE_V1_TCP_SOCKET_ACTION), go: "v1.TCPSocketAction", pointer: true, tag: 3, within: &[1], inlined: &["ProbeHandler"], ..Field::PLAIN },
        Field { name: "grpc", shape: Shape::Struct(&CORE_V1_GRPC_ACTION), go: "v1.GRPCAction", pointer: true, tag: 4, within: &[1], inlined: &["ProbeHandler"], ..Field::PLAIN },
        Field { name: "initialDelaySeconds", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "timeoutSeconds", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "periodSeconds", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "successThreshold", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "failureThreshold", shape: Shape::Int32, go: "int32", tag: 6, ..Field::PLAIN },
        Field { name: "terminationGracePeriodSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "handler", tag: 1, message: "k8s.io.api.core.v1.ProbeHandler" }],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_PROJECTED_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ProjectedVolumeSource",
    message: "k8s.io.api.core.v1.ProjectedVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "sources", shape: Shape::List(&Shape::Struct(&CORE_V1_VOLUME_PROJECTION)), go: "[]v1.VolumeProjection", omit: Omit::Never, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "defaultMode", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "defaultUser", shape: Shape::Int64, go: "int64", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_QUOBYTE_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.QuobyteVolumeSource",
    message: "k8s.io.api.core.v1.QuobyteVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "registry", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "volume", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "group", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "tenant", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RBD_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.RBDPersistentVolumeSource",
    message: "k8s.io.api.core.v1.RBDPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "monitors", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "image", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "pool", shape: Shape::String, go: "string", default: Some("\"rbd\""), tag: 4, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", default: Some("\"admin\""), tag: 5, ..Field::PLAIN },
        Field { name: "keyring", shape: Shape::String, go: "string", default: Some("\"/etc/ceph/keyring\""), tag: 6, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RBD_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.RBDVolumeSource",
    message: "k8s.io.api.core.v1.RBDVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "monitors", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "image", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "pool", shape: Shape::String, go: "string", default: Some("\"rbd\""), tag: 4, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", default: Some("\"admin\""), tag: 5, ..Field::PLAIN },
        Field { name: "keyring", shape: Shape::String, go: "string", default: Some("\"/etc/ceph/keyring\""), tag: 6, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_REPLICATION_CONTROLLER: Type = Type {
    name: "io.k8s.api.core.v1.ReplicationController",
    message: "k8s.io.api.core.v1.ReplicationController",
    gvk: &[("", "v1", "ReplicationController")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_REPLICATION_CONTROLLER_SPEC), go: "v1.ReplicationControllerSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_REPLICATION_CONTROLLER_STATUS), go: "v1.ReplicationControllerStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_REPLICATION_CONTROLLER_CONDITION: Type = Type {
    name: "io.k8s.api.core.v1.ReplicationControllerCondition",
    message: "k8s.io.api.core.v1.ReplicationControllerCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.ReplicationControllerConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_REPLICATION_CONTROLLER_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ReplicationControllerList",
    message: "k8s.io.api.core.v1.ReplicationControllerList",
    gvk: &[("", "v1", "ReplicationControllerList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_REPLICATION_CONTROLLER)), go: "[]v1.ReplicationController", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_REPLICATION_CONTROLLER_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.ReplicationControllerSpec",
    message: "k8s.io.api.core.v1.ReplicationControllerSpec",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", pointer: true, default: Some("1"), tag: 1, ..Field::PLAIN },
        Field { name: "minReadySeconds", shape: Shape::Int32, go: "int32", default: Some("0"), tag: 4, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Map(&Shape::String), go: "map[string]string", map_atomic: true, tag: 2, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_REPLICATION_CONTROLLER_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ReplicationControllerStatus",
    message: "k8s.io.api.core.v1.ReplicationControllerStatus",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "fullyLabeledReplicas", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "readyReplicas", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "availableReplicas", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 3, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CORE_V1_REPLICATION_CONTROLLER_CONDITION)), go: "[]v1.ReplicationControllerCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_CLAIM: Type = Type {
    name: "io.k8s.api.core.v1.ResourceClaim",
    message: "k8s.io.api.core.v1.ResourceClaim",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "request", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_FIELD_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.ResourceFieldSelector",
    message: "k8s.io.api.core.v1.ResourceFieldSelector",
    gvk: &[],
    fields: &[
        Field { name: "containerName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "divisor", shape: Shape::Quantity, go: "resource.Quantity", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_HEALTH: Type = Type {
    name: "io.k8s.api.core.v1.ResourceHealth",
    message: "k8s.io.api.core.v1.ResourceHealth",
    gvk: &[],
    fields: &[
        Field { name: "resourceID", shape: Shape::String, go: "v1.ResourceID", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "health", shape: Shape::String, go: "v1.ResourceHealthStatus", tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_QUOTA: Type = Type {
    name: "io.k8s.api.core.v1.ResourceQuota",
    message: "k8s.io.api.core.v1.ResourceQuota",
    gvk: &[("", "v1", "ResourceQuota")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CORE_V1_RESOURCE_QUOTA_SPEC), go: "v1.ResourceQuotaSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CORE_V1_RESOURCE_QUOTA_STATUS), go: "v1.ResourceQuotaStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_QUOTA_LIST: Type = Type {
    name: "io.k8s.api.core.v1.ResourceQuotaList",
    message: "k8s.io.api.core.v1.ResourceQuotaList",
    gvk: &[("", "v1", "ResourceQuotaList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CORE_V1_RESOURCE_QUOTA)), go: "[]v1.ResourceQuota", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_QUOTA_SPEC: Type = Type {
    name: "io.k8s.api.core.v1.ResourceQuotaSpec",
    message: "k8s.io.api.core.v1.ResourceQuotaSpec",
    gvk: &[],
    fields: &[
        Field { name: "hard", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "scopes", shape: Shape::List(&Shape::String), go: "[]v1.ResourceQuotaScope", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "scopeSelector", shape: Shape::Struct(&CORE_V1_SCOPE_SELECTOR), go: "v1.ScopeSelector", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_QUOTA_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ResourceQuotaStatus",
    message: "k8s.io.api.core.v1.ResourceQuotaStatus",
    gvk: &[],
    fields: &[
        Field { name: "hard", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "used", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_REQUIREMENTS: Type = Type {
    name: "io.k8s.api.core.v1.ResourceRequirements",
    message: "k8s.io.api.core.v1.ResourceRequirements",
    gvk: &[],
    fields: &[
        Field { name: "limits", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
        Field { name: "requests", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 2, ..Field::PLAIN },
        Field { name: "claims", shape: Shape::List(&Shape::Struct(&CORE_V1_RESOURCE_CLAIM)), go: "[]v1.ResourceClaim", list: ListType::Map(&["name"]), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_RESOURCE_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.ResourceStatus",
    message: "k8s.io.api.core.v1.ResourceStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::Struct(&CORE_V1_RESOURCE_HEALTH)), go: "[]v1.ResourceHealth", list: ListType::Map(&["resourceID"]), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SE_LINUX_OPTIONS: Type = Type {
    name: "io.k8s.api.core.v1.SELinuxOptions",
    message: "k8s.io.api.core.v1.SELinuxOptions",
    gvk: &[],
    fields: &[
        Field { name: "user", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "role", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "level", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SCALE_IO_PERSISTENT_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ScaleIOPersistentVolumeSource",
    message: "k8s.io.api.core.v1.ScaleIOPersistentVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "gateway", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "system", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_SECRET_REFERENCE), go: "v1.SecretReference", pointer: true, omit: Omit::Never, required: true, tag: 3, ..Field::PLAIN },
        Field { name: "sslEnabled", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "protectionDomain", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "storagePool", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "storageMode", shape: Shape::String, go: "string", default: Some("\"ThinProvisioned\""), tag: 7, ..Field::PLAIN },
        Field { name: "volumeName", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", default: Some("\"xfs\""), tag: 9, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SCALE_IO_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.ScaleIOVolumeSource",
    message: "k8s.io.api.core.v1.ScaleIOVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "gateway", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "system", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "secretRef", shape: Shape::Struct(&CORE_V1_LOCAL_OBJECT_REFERENCE), go: "v1.LocalObjectReference", pointer: true, omit: Omit::Never, required: true, tag: 3, ..Field::PLAIN },
        Field { name: "sslEnabled", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "protectionDomain", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "storagePool", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "storageMode", shape: Shape::String, go: "string", default: Some("\"ThinProvisioned\""), tag: 7, ..Field::PLAIN },
        Field { name: "volumeName", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", default: Some("\"xfs\""), tag: 9, ..Field::PLAIN },
        Field { name: "readOnly", shape: Shape::Bool, go: "bool", tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SCOPE_SELECTOR: Type = Type {
    name: "io.k8s.api.core.v1.ScopeSelector",
    message: "k8s.io.api.core.v1.ScopeSelector",
    gvk: &[],
    fields: &[
        Field { name: "matchExpressions", shape: Shape::List(&Shape::Struct(&CORE_V1_SCOPED_RESOURCE_SELECTOR_REQUIREMENT)), go: "[]v1.ScopedResourceSelectorRequirement", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static CORE_V1_SCOPED_RESOURCE_SELECTOR_REQUIREMENT: Type = Type {
    name: "io.k8s.api.core.v1.ScopedResourceSelectorRequirement",
    message: "k8s.io.api.core.v1.ScopedResourceSelectorRequirement",
    gvk: &[],
    fields: &[
        Field { name: "scopeName", shape: Shape::String, go: "v1.ResourceQuotaScope", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"], tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.ScopeSelectorOperator", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["DoesNotExist", "Exists", "In", "NotIn"], tag: 2, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SECCOMP_PROFILE: Type = Type {
    name: "io.k8s.api.core.v1.SeccompProfile",
    message: "k8s.io.api.core.v1.SeccompProfile",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.SeccompProfileType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["Localhost", "RuntimeDefault", "Unconfined"], tag: 1, ..Field::PLAIN },
        Field { name: "localhostProfile", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_SECRET: Type = Type {
    name: "io.k8s.api.core.v1.Secret",
    message: "k8s.io.api.core.v1.Secret",
    gvk: &[("", "v1", "Secret")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "immutable", shape: Shape::Bool, go: "bool", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "data", shape: Shape::Map(&Shape::Bytes), go: "map[string][]uint8", tag: 2, ..Field::PLAIN },
        Field { name: "stringData", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 4, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "v1.SecretType", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
