//! Types of `meta_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static META_V1_API_RESOURCE: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.APIResource",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.APIResource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "singularName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
        Field { name: "namespaced", shape: Shape::Bool, go: "bool", omit: Omit::Never, required: true, default: Some("false"), tag: 2, ..Field::PLAIN },
        Field { name: "group", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
        Field { name: "version", shape: Shape::String, go: "string", tag: 9, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "v1.Verbs", omit: Omit::Never, required: true, tag: 4, wrapped: true, ..Field::PLAIN },
        Field { name: "shortNames", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "categories", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 7, ..Field::PLAIN },
        Field { name: "storageVersionHash", shape: Shape::String, go: "string", tag: 10, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_API_RESOURCE_LIST: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList",
    gvk: &[("", "v1", "APIResourceList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "groupVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::Struct(&META_V1_API_RESOURCE)), go: "[]v1.APIResource", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_CONDITION: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.Condition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 3, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", omit: Omit::Never, required: true, tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 5, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_DELETE_OPTIONS: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    gvk: &[("", "v1", "DeleteOptions"), ("certificates.k8s.io", "v1", "DeleteOptions")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "gracePeriodSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "preconditions", shape: Shape::Struct(&META_V1_PRECONDITIONS), go: "v1.Preconditions", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "orphanDependents", shape: Shape::Bool, go: "bool", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "propagationPolicy", shape: Shape::String, go: "v1.DeletionPropagation", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "dryRun", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "ignoreStoreReadErrorWithClusterBreakingPotential", shape: Shape::Bool, go: "bool", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_FIELD_SELECTOR_REQUIREMENT: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.FieldSelectorOperator", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_LABEL_SELECTOR: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector",
    gvk: &[],
    fields: &[
        Field { name: "matchLabels", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 1, ..Field::PLAIN },
        Field { name: "matchExpressions", shape: Shape::List(&Shape::Struct(&META_V1_LABEL_SELECTOR_REQUIREMENT)), go: "[]v1.LabelSelectorRequirement", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static META_V1_LABEL_SELECTOR_REQUIREMENT: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "operator", shape: Shape::String, go: "v1.LabelSelectorOperator", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "values", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_LIST_META: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta",
    gvk: &[],
    fields: &[
        Field { name: "selfLink", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "resourceVersion", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "continue", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "remainingItemCount", shape: Shape::Int64, go: "int64", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "shardInfo", shape: Shape::Struct(&META_V1_SHARD_INFO), go: "v1.ShardInfo", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_MANAGED_FIELDS_ENTRY: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
    gvk: &[],
    fields: &[
        Field { name: "manager", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "operation", shape: Shape::String, go: "v1.ManagedFieldsOperationType", tag: 2, ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "time", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "fieldsType", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "fieldsV1", shape: Shape::Raw, go: "v1.FieldsV1", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "subresource", shape: Shape::String, go: "string", tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_OBJECT_META: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "generateName", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "selfLink", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", tag: 5, ..Field::PLAIN },
        Field { name: "resourceVersion", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "generation", shape: Shape::Int64, go: "int64", tag: 7, ..Field::PLAIN },
        Field { name: "creationTimestamp", shape: Shape::Time, go: "v1.Time", omit: Omit::Zero, tag: 8, ..Field::PLAIN },
        Field { name: "deletionTimestamp", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "deletionGracePeriodSeconds", shape: Shape::Int64, go: "int64", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "labels", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 11, ..Field::PLAIN },
        Field { name: "annotations", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 12, ..Field::PLAIN },
        Field { name: "ownerReferences", shape: Shape::List(&Shape::Struct(&META_V1_OWNER_REFERENCE)), go: "[]v1.OwnerReference", list: ListType::Map(&["uid"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "uid" }, tag: 13, ..Field::PLAIN },
        Field { name: "finalizers", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Set, patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "" }, tag: 14, ..Field::PLAIN },
        Field { name: "managedFields", shape: Shape::List(&Shape::Struct(&META_V1_MANAGED_FIELDS_ENTRY)), go: "[]v1.ManagedFieldsEntry", list: ListType::Atomic, tag: 17, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_OWNER_REFERENCE: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.OwnerReference",
    gvk: &[],
    fields: &[
        Field { name: "apiVersion", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 5, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", omit: Omit::Never, required: true, default: Some("\"\""), tag: 4, ..Field::PLAIN },
        Field { name: "controller", shape: Shape::Bool, go: "bool", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "blockOwnerDeletion", shape: Shape::Bool, go: "bool", pointer: true, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static META_V1_PRECONDITIONS: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions",
    gvk: &[],
    fields: &[
        Field { name: "uid", shape: Shape::String, go: "types.UID", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "resourceVersion", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_SHARD_INFO: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.ShardInfo",
    gvk: &[],
    fields: &[
        Field { name: "selector", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_STATUS: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.Status",
    gvk: &[("", "v1", "Status")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "v1.StatusReason", tag: 4, ..Field::PLAIN },
        Field { name: "details", shape: Shape::Struct(&META_V1_STATUS_DETAILS), go: "v1.StatusDetails", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "code", shape: Shape::Int32, go: "int32", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_STATUS_CAUSE: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.StatusCause",
    gvk: &[],
    fields: &[
        Field { name: "reason", shape: Shape::String, go: "v1.CauseType", tag: 1, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "field", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_STATUS_DETAILS: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails",
    message: "k8s.io.apimachinery.pkg.apis.meta.v1.StatusDetails",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "group", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", tag: 6, ..Field::PLAIN },
        Field { name: "causes", shape: Shape::List(&Shape::Struct(&META_V1_STATUS_CAUSE)), go: "[]v1.StatusCause", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "retryAfterSeconds", shape: Shape::Int32, go: "int32", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static META_V1_WATCH_EVENT: Type = Type {
    name: "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
    message: "",
    gvk: &[("", "v1", "WatchEvent"), ("certificates.k8s.io", "v1", "WatchEvent")],
    fields: &[
        Field { name: "object", shape: Shape::Raw, omit: Omit::Never, required: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), inlined: &["TypeMeta"], ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
