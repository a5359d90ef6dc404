//! Types of `events_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static EVENTS_V1_EVENT: Type = Type {
    name: "io.k8s.api.events.v1.Event",
    message: "k8s.io.api.events.v1.Event",
    gvk: &[("events.k8s.io", "v1", "Event")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", omit: Omit::Never, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "eventTime", shape: Shape::MicroTime, go: "v1.MicroTime", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
        Field { name: "series", shape: Shape::Struct(&EVENTS_V1_EVENT_SERIES), go: "v1.EventSeries", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "reportingController", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "reportingInstance", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "action", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
        Field { name: "regarding", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", default: Some("{}"), tag: 8, ..Field::PLAIN },
        Field { name: "related", shape: Shape::Struct(&CORE_V1_OBJECT_REFERENCE), go: "v1.ObjectReference", pointer: true, tag: 9, ..Field::PLAIN },
        Field { name: "note", shape: Shape::String, go: "string", tag: 10, ..Field::PLAIN },
        Field { name: "type", shape: Shape::String, go: "string", tag: 11, ..Field::PLAIN },
        Field { name: "deprecatedSource", shape: Shape::Struct(&CORE_V1_EVENT_SOURCE), go: "v1.EventSource", default: Some("{}"), tag: 12, ..Field::PLAIN },
        Field { name: "deprecatedFirstTimestamp", shape: Shape::Time, go: "v1.Time", tag: 13, ..Field::PLAIN },
        Field { name: "deprecatedLastTimestamp", shape: Shape::Time, go: "v1.Time", tag: 14, ..Field::PLAIN },
        Field { name: "deprecatedCount", shape: Shape::Int32, go: "int32", tag: 15, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static EVENTS_V1_EVENT_LIST: Type = Type {
    name: "io.k8s.api.events.v1.EventList",
    message: "k8s.io.api.events.v1.EventList",
    gvk: &[("events.k8s.io", "v1", "EventList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&EVENTS_V1_EVENT)), go: "[]v1.Event", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static EVENTS_V1_EVENT_SERIES: Type = Type {
    name: "io.k8s.api.events.v1.EventSeries",
    message: "k8s.io.api.events.v1.EventSeries",
    gvk: &[],
    fields: &[
        Field { name: "count", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "lastObservedTime", shape: Shape::MicroTime, go: "v1.MicroTime", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
