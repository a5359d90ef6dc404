//! Types of `flowcontrol_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static FLOWCONTROL_V1_EXEMPT_PRIORITY_LEVEL_CONFIGURATION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration",
    message: "k8s.io.api.flowcontrol.v1.ExemptPriorityLevelConfiguration",
    gvk: &[],
    fields: &[
        Field { name: "nominalConcurrencyShares", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "lendablePercent", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_DISTINGUISHER_METHOD: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod",
    message: "k8s.io.api.flowcontrol.v1.FlowDistinguisherMethod",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.FlowDistinguisherMethodType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_SCHEMA: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowSchema",
    message: "k8s.io.api.flowcontrol.v1.FlowSchema",
    gvk: &[("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&FLOWCONTROL_V1_FLOW_SCHEMA_SPEC), go: "v1.FlowSchemaSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&FLOWCONTROL_V1_FLOW_SCHEMA_STATUS), go: "v1.FlowSchemaStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_SCHEMA_CONDITION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowSchemaCondition",
    message: "k8s.io.api.flowcontrol.v1.FlowSchemaCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.FlowSchemaConditionType", tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_SCHEMA_LIST: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowSchemaList",
    message: "k8s.io.api.flowcontrol.v1.FlowSchemaList",
    gvk: &[("flowcontrol.apiserver.k8s.io", "v1", "FlowSchemaList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_FLOW_SCHEMA)), go: "[]v1.FlowSchema", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_SCHEMA_SPEC: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowSchemaSpec",
    message: "k8s.io.api.flowcontrol.v1.FlowSchemaSpec",
    gvk: &[],
    fields: &[
        Field { name: "priorityLevelConfiguration", shape: Shape::Struct(&FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_REFERENCE), go: "v1.PriorityLevelConfigurationReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "matchingPrecedence", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "distinguisherMethod", shape: Shape::Struct(&FLOWCONTROL_V1_FLOW_DISTINGUISHER_METHOD), go: "v1.FlowDistinguisherMethod", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_POLICY_RULES_WITH_SUBJECTS)), go: "[]v1.PolicyRulesWithSubjects", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_FLOW_SCHEMA_STATUS: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.FlowSchemaStatus",
    message: "k8s.io.api.flowcontrol.v1.FlowSchemaStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_FLOW_SCHEMA_CONDITION)), go: "[]v1.FlowSchemaCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_GROUP_SUBJECT: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.GroupSubject",
    message: "k8s.io.api.flowcontrol.v1.GroupSubject",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_LIMIT_RESPONSE: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.LimitResponse",
    message: "k8s.io.api.flowcontrol.v1.LimitResponse",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.LimitResponseType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "queuing", shape: Shape::Struct(&FLOWCONTROL_V1_QUEUING_CONFIGURATION), go: "v1.QueuingConfiguration", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_LIMITED_PRIORITY_LEVEL_CONFIGURATION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration",
    message: "k8s.io.api.flowcontrol.v1.LimitedPriorityLevelConfiguration",
    gvk: &[],
    fields: &[
        Field { name: "nominalConcurrencyShares", shape: Shape::Int32, go: "int32", pointer: true, omit: Omit::Never, tag: 1, ..Field::PLAIN },
        Field { name: "limitResponse", shape: Shape::Struct(&FLOWCONTROL_V1_LIMIT_RESPONSE), go: "v1.LimitResponse", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "lendablePercent", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "borrowingLimitPercent", shape: Shape::Int32, go: "int32", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_NON_RESOURCE_POLICY_RULE: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.NonResourcePolicyRule",
    message: "k8s.io.api.flowcontrol.v1.NonResourcePolicyRule",
    gvk: &[],
    fields: &[
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 1, ..Field::PLAIN },
        Field { name: "nonResourceURLs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_POLICY_RULES_WITH_SUBJECTS: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects",
    message: "k8s.io.api.flowcontrol.v1.PolicyRulesWithSubjects",
    gvk: &[],
    fields: &[
        Field { name: "subjects", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_SUBJECT)), go: "[]v1.Subject", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "resourceRules", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_RESOURCE_POLICY_RULE)), go: "[]v1.ResourcePolicyRule", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "nonResourceRules", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_NON_RESOURCE_POLICY_RULE)), go: "[]v1.NonResourcePolicyRule", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration",
    gvk: &[("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_SPEC), go: "v1.PriorityLevelConfigurationSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_STATUS), go: "v1.PriorityLevelConfigurationStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_CONDITION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.PriorityLevelConfigurationConditionType", tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_LIST: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationList",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationList",
    gvk: &[("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfigurationList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION)), go: "[]v1.PriorityLevelConfiguration", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_REFERENCE: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationReference",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_SPEC: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.PriorityLevelEnablement", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "limited", shape: Shape::Struct(&FLOWCONTROL_V1_LIMITED_PRIORITY_LEVEL_CONFIGURATION), go: "v1.LimitedPriorityLevelConfiguration", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "exempt", shape: Shape::Struct(&FLOWCONTROL_V1_EXEMPT_PRIORITY_LEVEL_CONFIGURATION), go: "v1.ExemptPriorityLevelConfiguration", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_STATUS: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus",
    message: "k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_CONDITION)), go: "[]v1.PriorityLevelConfigurationCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_QUEUING_CONFIGURATION: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.QueuingConfiguration",
    message: "k8s.io.api.flowcontrol.v1.QueuingConfiguration",
    gvk: &[],
    fields: &[
        Field { name: "queues", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "handSize", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "queueLengthLimit", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_RESOURCE_POLICY_RULE: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.ResourcePolicyRule",
    message: "k8s.io.api.flowcontrol.v1.ResourcePolicyRule",
    gvk: &[],
    fields: &[
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 1, ..Field::PLAIN },
        Field { name: "apiGroups", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 2, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 3, ..Field::PLAIN },
        Field { name: "clusterScope", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "namespaces", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, list: ListType::Set, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_SERVICE_ACCOUNT_SUBJECT: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.ServiceAccountSubject",
    message: "k8s.io.api.flowcontrol.v1.ServiceAccountSubject",
    gvk: &[],
    fields: &[
        Field { name: "namespace", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_SUBJECT: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.Subject",
    message: "k8s.io.api.flowcontrol.v1.Subject",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "v1.SubjectKind", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Struct(&FLOWCONTROL_V1_USER_SUBJECT), go: "v1.UserSubject", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "group", shape: Shape::Struct(&FLOWCONTROL_V1_GROUP_SUBJECT), go: "v1.GroupSubject", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "serviceAccount", shape: Shape::Struct(&FLOWCONTROL_V1_SERVICE_ACCOUNT_SUBJECT), go: "v1.ServiceAccountSubject", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static FLOWCONTROL_V1_USER_SUBJECT: Type = Type {
    name: "io.k8s.api.flowcontrol.v1.UserSubject",
    message: "k8s.io.api.flowcontrol.v1.UserSubject",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
