//! Types of `batch_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static BATCH_V1_CRON_JOB: Type = Type {
    name: "io.k8s.api.batch.v1.CronJob",
    message: "k8s.io.api.batch.v1.CronJob",
    gvk: &[("batch", "v1", "CronJob")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&BATCH_V1_CRON_JOB_SPEC), go: "v1.CronJobSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&BATCH_V1_CRON_JOB_STATUS), go: "v1.CronJobStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_CRON_JOB_LIST: Type = Type {
    name: "io.k8s.api.batch.v1.CronJobList",
    message: "k8s.io.api.batch.v1.CronJobList",
    gvk: &[("batch", "v1", "CronJobList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&BATCH_V1_CRON_JOB)), go: "[]v1.CronJob", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_CRON_JOB_SPEC: Type = Type {
    name: "io.k8s.api.batch.v1.CronJobSpec",
    message: "k8s.io.api.batch.v1.CronJobSpec",
    gvk: &[],
    fields: &[
        Field { name: "schedule", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "timeZone", shape: Shape::String, go: "string", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "startingDeadlineSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "concurrencyPolicy", shape: Shape::String, go: "v1.ConcurrencyPolicy", enum_values: &["Allow", "Forbid", "Replace"], tag: 3, ..Field::PLAIN },
        Field { name: "suspend", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "jobTemplate", shape: Shape::Struct(&BATCH_V1_JOB_TEMPLATE_SPEC), go: "v1.JobTemplateSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 5, ..Field::PLAIN },
        Field { name: "successfulJobsHistoryLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "failedJobsHistoryLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_CRON_JOB_STATUS: Type = Type {
    name: "io.k8s.api.batch.v1.CronJobStatus",
    message: "k8s.io.api.batch.v1.CronJobStatus",
    gvk: &[],
    fields: &[
        Field { name: "active", shape: Shape::List(&Shape::Struct(&CORE_V1_OBJECT_REFERENCE)), go: "[]v1.ObjectReference", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "lastScheduleTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "lastSuccessfulTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB: Type = Type {
    name: "io.k8s.api.batch.v1.Job",
    message: "k8s.io.api.batch.v1.Job",
    gvk: &[("batch", "v1", "Job")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&BATCH_V1_JOB_SPEC), go: "v1.JobSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&BATCH_V1_JOB_STATUS), go: "v1.JobStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB_CONDITION: Type = Type {
    name: "io.k8s.api.batch.v1.JobCondition",
    message: "k8s.io.api.batch.v1.JobCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.JobConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
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
pub static BATCH_V1_JOB_LIST: Type = Type {
    name: "io.k8s.api.batch.v1.JobList",
    message: "k8s.io.api.batch.v1.JobList",
    gvk: &[("batch", "v1", "JobList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&BATCH_V1_JOB)), go: "[]v1.Job", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB_SCHEDULING_CONFIGURATION: Type = Type {
    name: "io.k8s.api.batch.v1.JobSchedulingConfiguration",
    message: "k8s.io.api.batch.v1.JobSchedulingConfiguration",
    gvk: &[],
    fields: &[
        Field { name: "schedulingPolicy", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SCHEDULING_POLICY), go: "v1alpha3.WorkloadPodGroupSchedulingPolicy", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "schedulingConstraints", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SCHEDULING_CONSTRAINTS), go: "v1alpha3.WorkloadPodGroupSchedulingConstraints", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "disruptionMode", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_DISRUPTION_MODE), go: "v1alpha3.WorkloadPodGroupDisruptionMode", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "resourceClaims", shape: Shape::List(&Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_RESOURCE_CLAIM)), go: "[]v1alpha3.WorkloadPodGroupResourceClaim", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB_SPEC: Type = Type {
    name: "io.k8s.api.batch.v1.JobSpec",
    message: "k8s.io.api.batch.v1.JobSpec",
    gvk: &[],
    fields: &[
        Field { name: "parallelism", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "completions", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "activeDeadlineSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "podFailurePolicy", shape: Shape::Struct(&BATCH_V1_POD_FAILURE_POLICY), go: "v1.PodFailurePolicy", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "successPolicy", shape: Shape::Struct(&BATCH_V1_SUCCESS_POLICY), go: "v1.SuccessPolicy", pointer: true, tag: 16, ..Field::PLAIN },
        Field { name: "backoffLimit", shape: Shape::Int32, go: "int32", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "backoffLimitPerIndex", shape: Shape::Int32, go: "int32", pointer: true, tag: 12, ..Field::PLAIN },
        Field { name: "maxFailedIndexes", shape: Shape::Int32, go: "int32", pointer: true, tag: 13, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "manualSelector", shape: Shape::Bool, go: "bool", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "template", shape: Shape::Struct(&CORE_V1_POD_TEMPLATE_SPEC), go: "v1.PodTemplateSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 6, ..Field::PLAIN },
        Field { name: "ttlSecondsAfterFinished", shape: Shape::Int32, go: "int32", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "completionMode", shape: Shape::String, go: "v1.CompletionMode", pointer: true, enum_values: &["Indexed", "NonIndexed"], tag: 9, ..Field::PLAIN },
        Field { name: "suspend", shape: Shape::Bool, go: "bool", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "podReplacementPolicy", shape: Shape::String, go: "v1.PodReplacementPolicy", pointer: true, enum_values: &["Failed", "TerminatingOrFailed"], tag: 14, ..Field::PLAIN },
        Field { name: "managedBy", shape: Shape::String, go: "string", pointer: true, tag: 15, ..Field::PLAIN },
        Field { name: "scheduling", shape: Shape::Struct(&BATCH_V1_JOB_SCHEDULING_CONFIGURATION), go: "v1.JobSchedulingConfiguration", pointer: true, tag: 17, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB_STATUS: Type = Type {
    name: "io.k8s.api.batch.v1.JobStatus",
    message: "k8s.io.api.batch.v1.JobStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&BATCH_V1_JOB_CONDITION)), go: "[]v1.JobCondition", list: ListType::Atomic, patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 1, ..Field::PLAIN },
        Field { name: "startTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "completionTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "active", shape: Shape::Int32, go: "int32", tag: 4, ..Field::PLAIN },
        Field { name: "succeeded", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
        Field { name: "failed", shape: Shape::Int32, go: "int32", tag: 6, ..Field::PLAIN },
        Field { name: "terminating", shape: Shape::Int32, go: "int32", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "completedIndexes", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
        Field { name: "failedIndexes", shape: Shape::String, go: "string", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "uncountedTerminatedPods", shape: Shape::Struct(&BATCH_V1_UNCOUNTED_TERMINATED_PODS), go: "v1.UncountedTerminatedPods", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "ready", shape: Shape::Int32, go: "int32", pointer: true, tag: 9, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_JOB_TEMPLATE_SPEC: Type = Type {
    name: "io.k8s.api.batch.v1.JobTemplateSpec",
    message: "k8s.io.api.batch.v1.JobTemplateSpec",
    gvk: &[],
    fields: &[
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&BATCH_V1_JOB_SPEC), go: "v1.JobSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_POD_FAILURE_POLICY: Type = Type {
    name: "io.k8s.api.batch.v1.PodFailurePolicy",
    message: "k8s.io.api.batch.v1.PodFailurePolicy",
    gvk: &[],
    fields: &[
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&BATCH_V1_POD_FAILURE_POLICY_RULE)), go: "[]v1.PodFailurePolicyRule", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT: Type = Type {
    name: "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement",
    message: "k8s.io.api.batch.v1.PodFailurePolicyOnExitCodesRequirement",
    gvk: &[],
    fields: &[
        Field { name: "containerName", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.PodFailurePolicyOnExitCodesOperator", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["In", "NotIn"], tag: 2, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::Int32), go: "[]int32", omit: Omit::Never, required: true, list: ListType::Set, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN: Type = Type {
    name: "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern",
    message: "k8s.io.api.batch.v1.PodFailurePolicyOnPodConditionsPattern",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.PodConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_POD_FAILURE_POLICY_RULE: Type = Type {
    name: "io.k8s.api.batch.v1.PodFailurePolicyRule",
    message: "k8s.io.api.batch.v1.PodFailurePolicyRule",
    gvk: &[],
    fields: &[
        Field { name: "action", shape: Shape::String, go: "v1.PodFailurePolicyAction", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["Count", "FailIndex", "FailJob", "Ignore"], tag: 1, ..Field::PLAIN },
        Field { name: "onExitCodes", shape: Shape::Struct(&BATCH_V1_POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT), go: "v1.PodFailurePolicyOnExitCodesRequirement", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "onPodConditions", shape: Shape::List(&Shape::Struct(&BATCH_V1_POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN)), go: "[]v1.PodFailurePolicyOnPodConditionsPattern", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_SUCCESS_POLICY: Type = Type {
    name: "io.k8s.api.batch.v1.SuccessPolicy",
    message: "k8s.io.api.batch.v1.SuccessPolicy",
    gvk: &[],
    fields: &[
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&BATCH_V1_SUCCESS_POLICY_RULE)), go: "[]v1.SuccessPolicyRule", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_SUCCESS_POLICY_RULE: Type = Type {
    name: "io.k8s.api.batch.v1.SuccessPolicyRule",
    message: "k8s.io.api.batch.v1.SuccessPolicyRule",
    gvk: &[],
    fields: &[
        Field { name: "succeededIndexes", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "succeededCount", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static BATCH_V1_UNCOUNTED_TERMINATED_PODS: Type = Type {
    name: "io.k8s.api.batch.v1.UncountedTerminatedPods",
    message: "k8s.io.api.batch.v1.UncountedTerminatedPods",
    gvk: &[],
    fields: &[
        Field { name: "succeeded", shape: Shape::List(&Shape::String), go: "[]types.UID", list: ListType::Set, tag: 1, ..Field::PLAIN },
        Field { name: "failed", shape: Shape::List(&Shape::String), go: "[]types.UID", list: ListType::Set, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
