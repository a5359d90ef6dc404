//! Types of `apiextensions_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_COLUMN_DEFINITION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "description", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "format", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "jsonPath", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "priority", shape: Shape::Int32, pointer: true, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_CONVERSION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "strategy", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "webhook", shape: Shape::Struct(&APIEXTENSIONS_V1_WEBHOOK_CONVERSION), pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    message: "",
    gvk: &[("apiextensions.k8s.io", "v1", "CustomResourceDefinition")],
    fields: &[
        Field { name: "apiVersion", shape: Shape::String, pointer: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, pointer: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), pointer: true, default: Some("{}"), inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_SPEC), omit: Omit::Never, required: true, default: Some("{}"), inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_STATUS), pointer: true, default: Some("{}"), inlined: &["TypeMeta"], ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_CONDITION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "lastTransitionTime", shape: Shape::Time, pointer: true, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_LIST: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionList",
    message: "",
    gvk: &[("apiextensions.k8s.io", "v1", "CustomResourceDefinitionList")],
    fields: &[
        Field { name: "apiVersion", shape: Shape::String, pointer: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION)), omit: Omit::Never, required: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, pointer: true, inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), pointer: true, default: Some("{}"), inlined: &["TypeMeta"], ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_NAMES: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "categories", shape: Shape::List(&Shape::String), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "listKind", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "plural", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "shortNames", shape: Shape::List(&Shape::String), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "singular", shape: Shape::String, pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_SPEC: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "conversion", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_CONVERSION), pointer: true, ..Field::PLAIN },
        Field { name: "group", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "names", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_NAMES), omit: Omit::Never, required: true, default: Some("{}"), ..Field::PLAIN },
        Field { name: "preserveUnknownFields", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "scope", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "versions", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_VERSION)), omit: Omit::Never, required: true, list: ListType::Atomic, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_STATUS: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "acceptedNames", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_NAMES), pointer: true, default: Some("{}"), ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_CONDITION)), pointer: true, list: ListType::Map(&["type"]), ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "storedVersions", shape: Shape::List(&Shape::String), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_DEFINITION_VERSION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "additionalPrinterColumns", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_COLUMN_DEFINITION)), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "deprecated", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "deprecationWarning", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "schema", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_VALIDATION), pointer: true, ..Field::PLAIN },
        Field { name: "selectableFields", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_SELECTABLE_FIELD)), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "served", shape: Shape::Bool, omit: Omit::Never, required: true, default: Some("false"), ..Field::PLAIN },
        Field { name: "storage", shape: Shape::Bool, omit: Omit::Never, required: true, default: Some("false"), ..Field::PLAIN },
        Field { name: "subresources", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCES), pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCE_SCALE: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "labelSelectorPath", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "specReplicasPath", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "statusReplicasPath", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCE_STATUS: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus",
    message: "",
    gvk: &[],
    fields: &[
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCES: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "scale", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCE_SCALE), pointer: true, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&APIEXTENSIONS_V1_CUSTOM_RESOURCE_SUBRESOURCE_STATUS), pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_CUSTOM_RESOURCE_VALIDATION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "openAPIV3Schema", shape: Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS), pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_EXTERNAL_DOCUMENTATION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "description", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "url", shape: Shape::String, pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_JSON_SCHEMA_PROPS: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "$ref", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "$schema", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "additionalItems", shape: Shape::Raw, pointer: true, ..Field::PLAIN },
        Field { name: "additionalProperties", shape: Shape::Raw, pointer: true, ..Field::PLAIN },
        Field { name: "allOf", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "anyOf", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "default", shape: Shape::Raw, pointer: true, ..Field::PLAIN },
        Field { name: "definitions", shape: Shape::Map(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, ..Field::PLAIN },
        Field { name: "dependencies", shape: Shape::Map(&Shape::Raw), pointer: true, ..Field::PLAIN },
        Field { name: "description", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "enum", shape: Shape::List(&Shape::Raw), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "example", shape: Shape::Raw, pointer: true, ..Field::PLAIN },
        Field { name: "exclusiveMaximum", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "exclusiveMinimum", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "externalDocs", shape: Shape::Struct(&APIEXTENSIONS_V1_EXTERNAL_DOCUMENTATION), pointer: true, ..Field::PLAIN },
        Field { name: "format", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "id", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "items", shape: Shape::Raw, pointer: true, ..Field::PLAIN },
        Field { name: "maxItems", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "maxLength", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "maxProperties", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "maximum", shape: Shape::Double, pointer: true, ..Field::PLAIN },
        Field { name: "minItems", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "minLength", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "minProperties", shape: Shape::Int64, pointer: true, ..Field::PLAIN },
        Field { name: "minimum", shape: Shape::Double, pointer: true, ..Field::PLAIN },
        Field { name: "multipleOf", shape: Shape::Double, pointer: true, ..Field::PLAIN },
        Field { name: "not", shape: Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS), pointer: true, ..Field::PLAIN },
        Field { name: "nullable", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "oneOf", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "pattern", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "patternProperties", shape: Shape::Map(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, ..Field::PLAIN },
        Field { name: "properties", shape: Shape::Map(&Shape::Struct(&APIEXTENSIONS_V1_JSON_SCHEMA_PROPS)), pointer: true, ..Field::PLAIN },
        Field { name: "required", shape: Shape::List(&Shape::String), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "title", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "uniqueItems", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-embedded-resource", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-int-or-string", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-list-map-keys", shape: Shape::List(&Shape::String), pointer: true, list: ListType::Atomic, ..Field::PLAIN },
        Field { name: "x-kubernetes-list-type", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-map-type", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-preserve-unknown-fields", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "x-kubernetes-validations", shape: Shape::List(&Shape::Struct(&APIEXTENSIONS_V1_VALIDATION_RULE)), pointer: true, list: ListType::Map(&["rule"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "rule" }, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_SELECTABLE_FIELD: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "jsonPath", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_SERVICE_REFERENCE: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
        Field { name: "path", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Int32, pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_VALIDATION_RULE: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "fieldPath", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "messageExpression", shape: Shape::String, pointer: true, ..Field::PLAIN },
        Field { name: "optionalOldSelf", shape: Shape::Bool, pointer: true, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, pointer: true, enum_values: &["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"], ..Field::PLAIN },
        Field { name: "rule", shape: Shape::String, omit: Omit::Never, required: true, default: Some("\"\""), ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_WEBHOOK_CLIENT_CONFIG: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "caBundle", shape: Shape::Bytes, pointer: true, ..Field::PLAIN },
        Field { name: "service", shape: Shape::Struct(&APIEXTENSIONS_V1_SERVICE_REFERENCE), pointer: true, ..Field::PLAIN },
        Field { name: "url", shape: Shape::String, pointer: true, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static APIEXTENSIONS_V1_WEBHOOK_CONVERSION: Type = Type {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion",
    message: "",
    gvk: &[],
    fields: &[
        Field { name: "clientConfig", shape: Shape::Struct(&APIEXTENSIONS_V1_WEBHOOK_CLIENT_CONFIG), pointer: true, ..Field::PLAIN },
        Field { name: "conversionReviewVersions", shape: Shape::List(&Shape::String), omit: Omit::Never, required: true, list: ListType::Atomic, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
