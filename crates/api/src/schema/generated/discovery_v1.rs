//! Types of `discovery_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT: Type = Type {
    name: "io.k8s.api.discovery.v1.Endpoint",
    message: "k8s.io.api.discovery.v1.Endpoint",
    gvk: &[],
    fields: &[
        Field { name: "addresses", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Set, tag: 1, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::Struct(&DISCOVERY_V1_ENDPOINT_CONDITIONS), go: "v1.EndpointConditions", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "hostname", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "targetRef", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "deprecatedTopology", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 5, ..Field::PLAIN },
        Field { name: "nodeName", shape: Shape::String, go: "string", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "zone", shape: Shape::String, go: "string", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "hints", shape: Shape::Struct(&DISCOVERY_V1_ENDPOINT_HINTS), go: "v1.EndpointHints", pointer: true, tag: 8, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT_CONDITIONS: Type = Type {
    name: "io.k8s.api.discovery.v1.EndpointConditions",
    message: "k8s.io.api.discovery.v1.EndpointConditions",
    gvk: &[],
    fields: &[
        Field { name: "ready", shape: Shape::Bool, go: "bool", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "serving", shape: Shape::Bool, go: "bool", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "terminating", shape: Shape::Bool, go: "bool", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT_HINTS: Type = Type {
    name: "io.k8s.api.discovery.v1.EndpointHints",
    message: "k8s.io.api.discovery.v1.EndpointHints",
    gvk: &[],
    fields: &[
        Field { name: "forZones", shape: Shape::List(&Shape::Struct(&DISCOVERY_V1_FOR_ZONE)), go: "[]v1.ForZone", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "forNodes", shape: Shape::List(&Shape::Struct(&DISCOVERY_V1_FOR_NODE)), go: "[]v1.ForNode", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT_PORT: Type = Type {
    name: "io.k8s.api.discovery.v1.EndpointPort",
    message: "k8s.io.api.discovery.v1.EndpointPort",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", pointer: true, enum_values: &["SCTP", "TCP", "UDP"], tag: 2, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "appProtocol", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT_SLICE: Type = Type {
    name: "io.k8s.api.discovery.v1.EndpointSlice",
    message: "k8s.io.api.discovery.v1.EndpointSlice",
    gvk: &[("discovery.k8s.io", "v1", "EndpointSlice")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "addressType", shape: Shape::String, go: "v1.AddressType", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["FQDN", "IPv4", "IPv6"], tag: 4, ..Field::PLAIN },
        Field { name: "endpoints", shape: Shape::List(&Shape::Struct(&DISCOVERY_V1_ENDPOINT)), go: "[]v1.Endpoint", omit: Omit::Never, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&DISCOVERY_V1_ENDPOINT_PORT)), go: "[]v1.EndpointPort", omit: Omit::Never, list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_ENDPOINT_SLICE_LIST: Type = Type {
    name: "io.k8s.api.discovery.v1.EndpointSliceList",
    message: "k8s.io.api.discovery.v1.EndpointSliceList",
    gvk: &[("discovery.k8s.io", "v1", "EndpointSliceList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&DISCOVERY_V1_ENDPOINT_SLICE)), go: "[]v1.EndpointSlice", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_FOR_NODE: Type = Type {
    name: "io.k8s.api.discovery.v1.ForNode",
    message: "k8s.io.api.discovery.v1.ForNode",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static DISCOVERY_V1_FOR_ZONE: Type = Type {
    name: "io.k8s.api.discovery.v1.ForZone",
    message: "k8s.io.api.discovery.v1.ForZone",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
