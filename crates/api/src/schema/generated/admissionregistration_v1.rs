//! Types of `admissionregistration_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_APPLY_CONFIGURATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ApplyConfiguration",
    message: "k8s.io.api.admissionregistration.v1.ApplyConfiguration",
    gvk: &[],
    fields: &[
        Field { name: "expression", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_AUDIT_ANNOTATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.AuditAnnotation",
    message: "k8s.io.api.admissionregistration.v1.AuditAnnotation",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "valueExpression", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_EXPRESSION_WARNING: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ExpressionWarning",
    message: "k8s.io.api.admissionregistration.v1.ExpressionWarning",
    gvk: &[],
    fields: &[
        Field { name: "fieldRef", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "warning", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_JSON_PATCH: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.JSONPatch",
    message: "k8s.io.api.admissionregistration.v1.JSONPatch",
    gvk: &[],
    fields: &[
        Field { name: "expression", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MATCH_CONDITION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MatchCondition",
    message: "k8s.io.api.admissionregistration.v1.MatchCondition",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "expression", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MATCH_RESOURCES: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MatchResources",
    message: "k8s.io.api.admissionregistration.v1.MatchResources",
    gvk: &[],
    fields: &[
        Field { name: "namespaceSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "objectSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "resourceRules", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_NAMED_RULE_WITH_OPERATIONS)), go: "[]v1.NamedRuleWithOperations", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "excludeResourceRules", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_NAMED_RULE_WITH_OPERATIONS)), go: "[]v1.NamedRuleWithOperations", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "matchPolicy", shape: Shape::String, go: "v1.MatchPolicyType", pointer: true, enum_values: &["Equivalent", "Exact"], tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_SPEC), go: "v1.MutatingAdmissionPolicySpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_BINDING: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_BINDING_SPEC), go: "v1.MutatingAdmissionPolicyBindingSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_BINDING_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingList",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingList",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBindingList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_BINDING)), go: "[]v1.MutatingAdmissionPolicyBinding", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_BINDING_SPEC: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec",
    gvk: &[],
    fields: &[
        Field { name: "policyName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "paramRef", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_PARAM_REF), go: "v1.ParamRef", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "matchResources", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_RESOURCES), go: "v1.MatchResources", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyList",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyList",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY)), go: "[]v1.MutatingAdmissionPolicy", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_ADMISSION_POLICY_SPEC: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec",
    message: "k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicySpec",
    gvk: &[],
    fields: &[
        Field { name: "paramKind", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_PARAM_KIND), go: "v1.ParamKind", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "matchConstraints", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_RESOURCES), go: "v1.MatchResources", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "variables", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VARIABLE)), go: "[]v1.Variable", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "mutations", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATION)), go: "[]v1.Mutation", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "failurePolicy", shape: Shape::String, go: "v1.FailurePolicyType", pointer: true, enum_values: &["Fail", "Ignore"], tag: 5, ..Field::PLAIN },
        Field { name: "matchConditions", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_CONDITION)), go: "[]v1.MatchCondition", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 6, ..Field::PLAIN },
        Field { name: "reinvocationPolicy", shape: Shape::String, go: "v1.ReinvocationPolicyType", enum_values: &["IfNeeded", "Never"], tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_WEBHOOK: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingWebhook",
    message: "k8s.io.api.admissionregistration.v1.MutatingWebhook",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "clientConfig", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_WEBHOOK_CLIENT_CONFIG), go: "v1.WebhookClientConfig", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_RULE_WITH_OPERATIONS)), go: "[]v1.RuleWithOperations", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "failurePolicy", shape: Shape::String, go: "v1.FailurePolicyType", pointer: true, enum_values: &["Fail", "Ignore"], tag: 4, ..Field::PLAIN },
        Field { name: "matchPolicy", shape: Shape::String, go: "v1.MatchPolicyType", pointer: true, enum_values: &["Equivalent", "Exact"], tag: 9, ..Field::PLAIN },
        Field { name: "namespaceSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "objectSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 11, ..Field::PLAIN },
        Field { name: "sideEffects", shape: Shape::String, go: "v1.SideEffectClass", pointer: true, omit: Omit::Never, required: true, enum_values: &["None", "NoneOnDryRun", "Some", "Unknown"], tag: 6, ..Field::PLAIN },
        Field { name: "timeoutSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "admissionReviewVersions", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 8, ..Field::PLAIN },
        Field { name: "reinvocationPolicy", shape: Shape::String, go: "v1.ReinvocationPolicyType", pointer: true, enum_values: &["IfNeeded", "Never"], tag: 10, ..Field::PLAIN },
        Field { name: "matchConditions", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_CONDITION)), go: "[]v1.MatchCondition", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 12, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_WEBHOOK_CONFIGURATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
    message: "k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "webhooks", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_WEBHOOK)), go: "[]v1.MutatingWebhook", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATING_WEBHOOK_CONFIGURATION_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.MutatingWebhookConfigurationList",
    message: "k8s.io.api.admissionregistration.v1.MutatingWebhookConfigurationList",
    gvk: &[("admissionregistration.k8s.io", "v1", "MutatingWebhookConfigurationList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MUTATING_WEBHOOK_CONFIGURATION)), go: "[]v1.MutatingWebhookConfiguration", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_MUTATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.Mutation",
    message: "k8s.io.api.admissionregistration.v1.Mutation",
    gvk: &[],
    fields: &[
        Field { name: "patchType", shape: Shape::String, go: "v1.PatchType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["ApplyConfiguration", "JSONPatch"], tag: 2, ..Field::PLAIN },
        Field { name: "applyConfiguration", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_APPLY_CONFIGURATION), go: "v1.ApplyConfiguration", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "jsonPatch", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_JSON_PATCH), go: "v1.JSONPatch", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_NAMED_RULE_WITH_OPERATIONS: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.NamedRuleWithOperations",
    message: "k8s.io.api.admissionregistration.v1.NamedRuleWithOperations",
    gvk: &[],
    fields: &[
        Field { name: "resourceNames", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "operations", shape: Shape::List(&Shape::String), go: "[]v1.OperationType", list: ListType::Atomic, tag: 1, within: &[2], inlined: &["RuleWithOperations"], ..Field::PLAIN },
        Field { name: "apiGroups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, within: &[2, 2], inlined: &["RuleWithOperations", "Rule"], ..Field::PLAIN },
        Field { name: "apiVersions", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, within: &[2, 2], inlined: &["RuleWithOperations", "Rule"], ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, within: &[2, 2], inlined: &["RuleWithOperations", "Rule"], ..Field::PLAIN },
        Field { name: "scope", shape: Shape::String, go: "v1.ScopeType", pointer: true, enum_values: &["*", "Cluster", "Namespaced"], tag: 4, within: &[2, 2], inlined: &["RuleWithOperations", "Rule"], ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "ruleWithOperations", tag: 2, message: "k8s.io.api.admissionregistration.v1.RuleWithOperations" }],
    atomic: true,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_PARAM_KIND: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ParamKind",
    message: "k8s.io.api.admissionregistration.v1.ParamKind",
    gvk: &[],
    fields: &[
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_PARAM_REF: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ParamRef",
    message: "k8s.io.api.admissionregistration.v1.ParamRef",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "parameterNotFoundAction", shape: Shape::String, go: "v1.ParameterNotFoundActionType", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_RULE_WITH_OPERATIONS: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.RuleWithOperations",
    message: "k8s.io.api.admissionregistration.v1.RuleWithOperations",
    gvk: &[],
    fields: &[
        Field { name: "operations", shape: Shape::List(&Shape::String), go: "[]v1.OperationType", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "apiGroups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, within: &[2], inlined: &["Rule"], ..Field::PLAIN },
        Field { name: "apiVersions", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, within: &[2], inlined: &["Rule"], ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, within: &[2], inlined: &["Rule"], ..Field::PLAIN },
        Field { name: "scope", shape: Shape::String, go: "v1.ScopeType", pointer: true, enum_values: &["*", "Cluster", "Namespaced"], tag: 4, within: &[2], inlined: &["Rule"], ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "rule", tag: 2, message: "k8s.io.api.admissionregistration.v1.Rule" }],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_SERVICE_REFERENCE: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ServiceReference",
    message: "k8s.io.api.admissionregistration.v1.ServiceReference",
    gvk: &[],
    fields: &[
        Field { name: "namespace", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Int32, go: "int32", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_TYPE_CHECKING: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.TypeChecking",
    message: "k8s.io.api.admissionregistration.v1.TypeChecking",
    gvk: &[],
    fields: &[
        Field { name: "expressionWarnings", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_EXPRESSION_WARNING)), go: "[]v1.ExpressionWarning", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_SPEC), go: "v1.ValidatingAdmissionPolicySpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_STATUS), go: "v1.ValidatingAdmissionPolicyStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_BINDING: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_BINDING_SPEC), go: "v1.ValidatingAdmissionPolicyBindingSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_BINDING_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingList",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingList",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBindingList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_BINDING)), go: "[]v1.ValidatingAdmissionPolicyBinding", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_BINDING_SPEC: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
    gvk: &[],
    fields: &[
        Field { name: "policyName", shape: Shape::String, go: "string", required: true, tag: 1, ..Field::PLAIN },
        Field { name: "paramRef", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_PARAM_REF), go: "v1.ParamRef", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "matchResources", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_RESOURCES), go: "v1.MatchResources", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "validationActions", shape: Shape::List(&Shape::String), go: "[]v1.ValidationAction", required: true, list: ListType::Set, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyList",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyList",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY)), go: "[]v1.ValidatingAdmissionPolicy", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_SPEC: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec",
    gvk: &[],
    fields: &[
        Field { name: "paramKind", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_PARAM_KIND), go: "v1.ParamKind", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "matchConstraints", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_RESOURCES), go: "v1.MatchResources", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "validations", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATION)), go: "[]v1.Validation", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "failurePolicy", shape: Shape::String, go: "v1.FailurePolicyType", pointer: true, enum_values: &["Fail", "Ignore"], tag: 4, ..Field::PLAIN },
        Field { name: "auditAnnotations", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_AUDIT_ANNOTATION)), go: "[]v1.AuditAnnotation", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "matchConditions", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_CONDITION)), go: "[]v1.MatchCondition", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 6, ..Field::PLAIN },
        Field { name: "variables", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VARIABLE)), go: "[]v1.Variable", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_ADMISSION_POLICY_STATUS: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus",
    message: "k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 1, ..Field::PLAIN },
        Field { name: "typeChecking", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_TYPE_CHECKING), go: "v1.TypeChecking", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&META_V1_CONDITION)), go: "[]v1.Condition", list: ListType::Map(&["type"]), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_WEBHOOK: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingWebhook",
    message: "k8s.io.api.admissionregistration.v1.ValidatingWebhook",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "clientConfig", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_WEBHOOK_CLIENT_CONFIG), go: "v1.WebhookClientConfig", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_RULE_WITH_OPERATIONS)), go: "[]v1.RuleWithOperations", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "failurePolicy", shape: Shape::String, go: "v1.FailurePolicyType", pointer: true, enum_values: &["Fail", "Ignore"], tag: 4, ..Field::PLAIN },
        Field { name: "matchPolicy", shape: Shape::String, go: "v1.MatchPolicyType", pointer: true, enum_values: &["Equivalent", "Exact"], tag: 9, ..Field::PLAIN },
        Field { name: "namespaceSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "objectSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 10, ..Field::PLAIN },
        Field { name: "sideEffects", shape: Shape::String, go: "v1.SideEffectClass", pointer: true, omit: Omit::Never, required: true, enum_values: &["None", "NoneOnDryRun", "Some", "Unknown"], tag: 6, ..Field::PLAIN },
        Field { name: "timeoutSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "admissionReviewVersions", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 8, ..Field::PLAIN },
        Field { name: "matchConditions", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_MATCH_CONDITION)), go: "[]v1.MatchCondition", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 11, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_WEBHOOK_CONFIGURATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
    message: "k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "webhooks", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_WEBHOOK)), go: "[]v1.ValidatingWebhook", list: ListType::Map(&["name"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "name" }, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATING_WEBHOOK_CONFIGURATION_LIST: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfigurationList",
    message: "k8s.io.api.admissionregistration.v1.ValidatingWebhookConfigurationList",
    gvk: &[("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfigurationList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&ADMISSIONREGISTRATION_V1_VALIDATING_WEBHOOK_CONFIGURATION)), go: "[]v1.ValidatingWebhookConfiguration", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VALIDATION: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.Validation",
    message: "k8s.io.api.admissionregistration.v1.Validation",
    gvk: &[],
    fields: &[
        Field { name: "expression", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "v1.StatusReason", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "messageExpression", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_VARIABLE: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.Variable",
    message: "k8s.io.api.admissionregistration.v1.Variable",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "expression", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static ADMISSIONREGISTRATION_V1_WEBHOOK_CLIENT_CONFIG: Type = Type {
    name: "io.k8s.api.admissionregistration.v1.WebhookClientConfig",
    message: "k8s.io.api.admissionregistration.v1.WebhookClientConfig",
    gvk: &[],
    fields: &[
        Field { name: "url", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "service", shape: Shape::Struct(&ADMISSIONREGISTRATION_V1_SERVICE_REFERENCE), go: "v1.ServiceReference", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "caBundle", shape: Shape::Bytes, go: "[]uint8", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
