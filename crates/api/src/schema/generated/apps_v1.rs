//! Types of `apps_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static APPS_V1_CONTROLLER_REVISION: Type = Type {
    name: "io.k8s.api.apps.v1.ControllerRevision",
    message: "k8s.io.api.apps.v1.ControllerRevision",
    gvk: &[("apps", "v1", "ControllerRevision")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "data", shape: Shape::Raw, go: "runtime.RawExtension", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "revision", shape: Shape::Int64, go: "int64", omit: Omit::Never, default: Some("0"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_CONTROLLER_REVISION_LIST: Type = Type {
    name: "io.k8s.api.apps.v1.ControllerRevisionList",
    message: "k8s.io.api.apps.v1.ControllerRevisionList",
    gvk: &[("apps", "v1", "ControllerRevisionList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APPS_V1_CONTROLLER_REVISION)), go: "[]v1.ControllerRevision", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSet",
    message: "k8s.io.api.apps.v1.DaemonSet",
    gvk: &[("apps", "v1", "DaemonSet")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&APPS_V1_DAEMON_SET_SPEC), go: "v1.DaemonSetSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APPS_V1_DAEMON_SET_STATUS), go: "v1.DaemonSetStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET_CONDITION: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSetCondition",
    message: "k8s.io.api.apps.v1.DaemonSetCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.DaemonSetConditionType", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET_LIST: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSetList",
    message: "k8s.io.api.apps.v1.DaemonSetList",
    gvk: &[("apps", "v1", "DaemonSetList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APPS_V1_DAEMON_SET)), go: "[]v1.DaemonSet", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET_SPEC: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSetSpec",
    message: "k8s.io.api.apps.v1.DaemonSetSpec",
    gvk: &[],
    fields: &[
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, omit: Omit::Never, required: true, tag: 1, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "updateStrategy", shape: Shape::Struct(&APPS_V1_DAEMON_SET_UPDATE_STRATEGY), go: "v1.DaemonSetUpdateStrategy", default: Some("{}"), tag: 3, ..Field::PLAIN },
        Field { name: "minReadySeconds", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "revisionHistoryLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET_STATUS: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSetStatus",
    message: "k8s.io.api.apps.v1.DaemonSetStatus",
    gvk: &[],
    fields: &[
        Field { name: "currentNumberScheduled", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "numberMisscheduled", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "desiredNumberScheduled", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "numberReady", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 4, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 5, ..Field::PLAIN },
        Field { name: "updatedNumberScheduled", shape: Shape::Int32, go: "int32", tag: 6, ..Field::PLAIN },
        Field { name: "numberAvailable", shape: Shape::Int32, go: "int32", tag: 7, ..Field::PLAIN },
        Field { name: "numberUnavailable", shape: Shape::Int32, go: "int32", tag: 8, ..Field::PLAIN },
        Field { name: "collisionCount", shape: Shape::Int32, go: "int32", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&APPS_V1_DAEMON_SET_CONDITION)), go: "[]v1.DaemonSetCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DAEMON_SET_UPDATE_STRATEGY: Type = Type {
    name: "io.k8s.api.apps.v1.DaemonSetUpdateStrategy",
    message: "k8s.io.api.apps.v1.DaemonSetUpdateStrategy",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.DaemonSetUpdateStrategyType", enum_values: &["OnDelete", "RollingUpdate"], tag: 1, ..Field::PLAIN },
        Field { name: "rollingUpdate", shape: Shape::Struct(&APPS_V1_ROLLING_UPDATE_DAEMON_SET), go: "v1.RollingUpdateDaemonSet", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT: Type = Type {
    name: "io.k8s.api.apps.v1.Deployment",
    message: "k8s.io.api.apps.v1.Deployment",
    gvk: &[("apps", "v1", "Deployment")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&APPS_V1_DEPLOYMENT_SPEC), go: "v1.DeploymentSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APPS_V1_DEPLOYMENT_STATUS), go: "v1.DeploymentStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT_CONDITION: Type = Type {
    name: "io.k8s.api.apps.v1.DeploymentCondition",
    message: "k8s.io.api.apps.v1.DeploymentCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.DeploymentConditionType", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastUpdateTime", shape: Shape::Time, go: "v1.Time", tag: 6, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 7, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT_LIST: Type = Type {
    name: "io.k8s.api.apps.v1.DeploymentList",
    message: "k8s.io.api.apps.v1.DeploymentList",
    gvk: &[("apps", "v1", "DeploymentList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APPS_V1_DEPLOYMENT)), go: "[]v1.Deployment", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT_SPEC: Type = Type {
    name: "io.k8s.api.apps.v1.DeploymentSpec",
    message: "k8s.io.api.apps.v1.DeploymentSpec",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
        Field { name: "strategy", shape: Shape::Struct(&APPS_V1_DEPLOYMENT_STRATEGY), go: "v1.DeploymentStrategy", patch: PatchStrategy { merge: false, retain_keys: true, merge_key: "" }, default: Some("{}"), tag: 4, ..Field::PLAIN },
        Field { name: "minReadySeconds", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "revisionHistoryLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "paused", shape: Shape::Bool, go: "bool", tag: 7, ..Field::PLAIN },
        Field { name: "progressDeadlineSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 9, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT_STATUS: Type = Type {
    name: "io.k8s.api.apps.v1.DeploymentStatus",
    message: "k8s.io.api.apps.v1.DeploymentStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 1, ..Field::PLAIN },
        Field { name: "replicas", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "updatedReplicas", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "readyReplicas", shape: Shape::Int32, go: "int32", tag: 7, ..Field::PLAIN },
        Field { name: "availableReplicas", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "unavailableReplicas", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "terminatingReplicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&APPS_V1_DEPLOYMENT_CONDITION)), go: "[]v1.DeploymentCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 6, ..Field::PLAIN },
        Field { name: "collisionCount", shape: Shape::Int32, go: "int32", pointer: true, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_DEPLOYMENT_STRATEGY: Type = Type {
    name: "io.k8s.api.apps.v1.DeploymentStrategy",
    message: "k8s.io.api.apps.v1.DeploymentStrategy",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.DeploymentStrategyType", enum_values: &["Recreate", "RollingUpdate"], tag: 1, ..Field::PLAIN },
        Field { name: "rollingUpdate", shape: Shape::Struct(&APPS_V1_ROLLING_UPDATE_DEPLOYMENT), go: "v1.RollingUpdateDeployment", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_REPLICA_SET: Type = Type {
    name: "io.k8s.api.apps.v1.ReplicaSet",
    message: "k8s.io.api.apps.v1.ReplicaSet",
    gvk: &[("apps", "v1", "ReplicaSet")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&APPS_V1_REPLICA_SET_SPEC), go: "v1.ReplicaSetSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APPS_V1_REPLICA_SET_STATUS), go: "v1.ReplicaSetStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_REPLICA_SET_CONDITION: Type = Type {
    name: "io.k8s.api.apps.v1.ReplicaSetCondition",
    message: "k8s.io.api.apps.v1.ReplicaSetCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.ReplicaSetConditionType", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_REPLICA_SET_LIST: Type = Type {
    name: "io.k8s.api.apps.v1.ReplicaSetList",
    message: "k8s.io.api.apps.v1.ReplicaSetList",
    gvk: &[("apps", "v1", "ReplicaSetList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APPS_V1_REPLICA_SET)), go: "[]v1.ReplicaSet", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_REPLICA_SET_SPEC: Type = Type {
    name: "io.k8s.api.apps.v1.ReplicaSetSpec",
    message: "k8s.io.api.apps.v1.ReplicaSetSpec",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "minReadySeconds", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_REPLICA_SET_STATUS: Type = Type {
    name: "io.k8s.api.apps.v1.ReplicaSetStatus",
    message: "k8s.io.api.apps.v1.ReplicaSetStatus",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "fullyLabeledReplicas", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
        Field { name: "readyReplicas", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "availableReplicas", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "terminatingReplicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 3, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&APPS_V1_REPLICA_SET_CONDITION)), go: "[]v1.ReplicaSetCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_ROLLING_UPDATE_DAEMON_SET: Type = Type {
    name: "io.k8s.api.apps.v1.RollingUpdateDaemonSet",
    message: "k8s.io.api.apps.v1.RollingUpdateDaemonSet",
    gvk: &[],
    fields: &[
        Field { name: "maxUnavailable", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "maxSurge", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_ROLLING_UPDATE_DEPLOYMENT: Type = Type {
    name: "io.k8s.api.apps.v1.RollingUpdateDeployment",
    message: "k8s.io.api.apps.v1.RollingUpdateDeployment",
    gvk: &[],
    fields: &[
        Field { name: "maxUnavailable", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "maxSurge", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_ROLLING_UPDATE_STATEFUL_SET_STRATEGY: Type = Type {
    name: "io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy",
    message: "k8s.io.api.apps.v1.RollingUpdateStatefulSetStrategy",
    gvk: &[],
    fields: &[
        Field { name: "partition", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "maxUnavailable", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSet",
    message: "k8s.io.api.apps.v1.StatefulSet",
    gvk: &[("apps", "v1", "StatefulSet")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&APPS_V1_STATEFUL_SET_SPEC), go: "v1.StatefulSetSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APPS_V1_STATEFUL_SET_STATUS), go: "v1.StatefulSetStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_CONDITION: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetCondition",
    message: "k8s.io.api.apps.v1.StatefulSetCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.StatefulSetConditionType", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_LIST: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetList",
    message: "k8s.io.api.apps.v1.StatefulSetList",
    gvk: &[("apps", "v1", "StatefulSetList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APPS_V1_STATEFUL_SET)), go: "[]v1.StatefulSet", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_ORDINALS: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetOrdinals",
    message: "k8s.io.api.apps.v1.StatefulSetOrdinals",
    gvk: &[],
    fields: &[
        Field { name: "start", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_PERSISTENT_VOLUME_CLAIM_RETENTION_POLICY: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    message: "k8s.io.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    gvk: &[],
    fields: &[
        Field { name: "whenDeleted", shape: Shape::String, go: "v1.PersistentVolumeClaimRetentionPolicyType", tag: 1, ..Field::PLAIN },
        Field { name: "whenScaled", shape: Shape::String, go: "v1.PersistentVolumeClaimRetentionPolicyType", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_SPEC: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetSpec",
    message: "k8s.io.api.apps.v1.StatefulSetSpec",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
        Field { name: "volumeClaimTemplates", shape: Shape::List(&Shape::Struct(&CORE_V1_PERSISTENT_VOLUME_CLAIM)), go: "[]v1.PersistentVolumeClaim", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "serviceName", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 5, ..Field::PLAIN },
        Field { name: "podManagementPolicy", shape: Shape::String, go: "v1.PodManagementPolicyType", enum_values: &["OrderedReady", "Parallel"], tag: 6, ..Field::PLAIN },
        Field { name: "updateStrategy", shape: Shape::Struct(&APPS_V1_STATEFUL_SET_UPDATE_STRATEGY), go: "v1.StatefulSetUpdateStrategy", default: Some("{}"), tag: 7, ..Field::PLAIN },
        Field { name: "revisionHistoryLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "minReadySeconds", shape: Shape::Int32, go: "int32", tag: 9, ..Field::PLAIN },
        Field { name: "persistentVolumeClaimRetentionPolicy", shape: Shape::Struct(&APPS_V1_STATEFUL_SET_PERSISTENT_VOLUME_CLAIM_RETENTION_POLICY), go: "v1.StatefulSetPersistentVolumeClaimRetentionPolicy", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "ordinals", shape: Shape::Struct(&APPS_V1_STATEFUL_SET_ORDINALS), go: "v1.StatefulSetOrdinals", pointer: true, tag: 11, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_STATUS: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetStatus",
    message: "k8s.io.api.apps.v1.StatefulSetStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 1, ..Field::PLAIN },
        Field { name: "replicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "readyReplicas", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "currentReplicas", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "updatedReplicas", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "currentRevision", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "updateRevision", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
        Field { name: "collisionCount", shape: Shape::Int32, go: "int32", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&APPS_V1_STATEFUL_SET_CONDITION)), go: "[]v1.StatefulSetCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 10, ..Field::PLAIN },
        Field { name: "availableReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 11, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APPS_V1_STATEFUL_SET_UPDATE_STRATEGY: Type = Type {
    name: "io.k8s.api.apps.v1.StatefulSetUpdateStrategy",
    message: "k8s.io.api.apps.v1.StatefulSetUpdateStrategy",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.StatefulSetUpdateStrategyType", enum_values: &["OnDelete", "Recreate", "RollingUpdate"], tag: 1, ..Field::PLAIN },
        Field { name: "rollingUpdate", shape: Shape::Struct(&APPS_V1_ROLLING_UPDATE_STATEFUL_SET_STRATEGY), go: "v1.RollingUpdateStatefulSetStrategy", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
