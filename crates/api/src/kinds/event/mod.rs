//! Event: a report of something that happened to an object. Hardly checked, never graceful, kept for a while.
//! `v1` is the same object as `events.k8s.io/v1` shows it, which is checked when it is written there.

mod v1;

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, invalid, required},
    names::{self, NameRule},
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Retention},
    schema::generated::CORE_V1_EVENT,
    time::{Timestamp, human_duration},
    value::Access,
};

pub use v1::EVENT_V1;

pub static EVENT: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_EVENT,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Event),
};

const WORD_MAX: usize = 128;
const MESSAGE_MAX: usize = 1024;

const COLUMNS: &[Column] = &[
    columns::text("Last Seen", "The time at which the most recent occurrence of this event was recorded."),
    columns::text("Type", "Type of this event (Normal, Warning), new types could be added in the future"),
    columns::text(
        "Reason",
        "This should be a short, machine understandable string that gives the reason for the transition into the \
                      object's current status.",
    ),
    columns::text("Object", "The object that this event is about."),
    columns::wide(
        "Subobject",
        "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go \
                      field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is \
                      to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" \
                      refers to the name of the container that triggered the event) or if no container name is specified \
                      \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some \
                      well-defined way of referencing a part of an object.",
    ),
    columns::wide("Source", "The component reporting this event. Should be a short machine understandable string."),
    columns::text("Message", "A human-readable description of the status of this operation."),
    columns::wide("First Seen", "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)"),
    columns::wide("Count", "The number of times this event has occurred."),
    Column { priority: 1, ..columns::NAME },
];

#[derive(Debug)]
struct Event;

impl Hooks for Event {
    fn retention(&self) -> Retention {
        Retention::Hour
    }

    fn owns_dependents(&self) -> bool {
        false
    }

    fn validate(&self, object: &Value) -> Errors {
        validate(object, "reportingComponent")
    }

    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn qualified_finalizers(&self) -> bool {
        false
    }

    fn selectable(&self, object: &Value, label: &str) -> String {
        let value = match label.split_once('.') {
            Some((parent, field)) => object[parent].str(field),
            None if label == "source" => match object["source"].str("component") {
                "" => object.str("reportingComponent"),
                component => component,
            },
            None => object.str(label),
        };
        value.to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let event_time = object.str("eventTime");
        let first = match object.str("firstTimestamp") {
            "" => event_time,
            first => first,
        };
        let series = object.get("series").filter(|s| s.is_object());
        let last = match (series, object.str("lastTimestamp")) {
            (Some(series), _) => series.str("lastObservedTime"),
            (None, "") => first,
            (None, last) => last,
        };
        let count = match series {
            Some(series) => series.int("count").unwrap_or_default(),
            None => object.int("count").filter(|n| *n != 0).unwrap_or(1),
        };
        vec![
            since(last, now).into(),
            object.str("type").into(),
            object.str("reason").into(),
            target(object).into(),
            object["involvedObject"].str("fieldPath").into(),
            source(object).into(),
            object.str("message").trim().into(),
            since(first, now).into(),
            count.into(),
            object["metadata"].str("name").into(),
        ]
    }
}

/// What holds in both versions; `reporter` is what the one at hand calls who reports.
fn validate(object: &Value, reporter: &str) -> Errors {
    let namespace = object["metadata"].str("namespace");
    let about = object["involvedObject"].str("namespace");
    let mut errors = if object.has("eventTime") { validate_new_style(object, reporter) } else { Errors::new() };
    let agrees = match (object.has("eventTime"), about) {
        (false, "") => matches!(namespace, "" | "default"),
        (false, about) => about == namespace,
        (true, "") => matches!(namespace, "default" | "kube-system"),
        (true, _) => true,
    };
    if !agrees {
        errors.insert(0, invalid(&Path::new("involvedObject.namespace"), about, "does not match event.namespace"));
    }
    let path = Path::new("namespace");
    errors.extend(names::dns_subdomain(namespace).iter().map(|why| invalid(&path, namespace, why)));
    errors
}

/// Events with an eventTime must say who saw what.
fn validate_new_style(object: &Value, reporter: &str) -> Errors {
    let mut errors = Errors::new();
    let controller = object.str("reportingComponent");
    let path = Path::new(reporter);
    if controller.is_empty() {
        errors.push(required(&path, ""));
    }
    errors.extend(names::qualified_name(controller).iter().map(|why| invalid(&path, controller, why)));
    for name in ["reportingInstance", "action", "reason"] {
        let (path, value) = (Path::new(name), object.str(name));
        if value.is_empty() {
            errors.push(required(&path, ""));
        }
        if value.len() > WORD_MAX {
            errors.push(invalid(&path, "", &format!("can have at most {WORD_MAX} characters")));
        }
    }
    if object.str("message").len() > MESSAGE_MAX {
        errors.push(invalid(&Path::new("message"), "", &format!("can have at most {MESSAGE_MAX} characters")));
    }
    errors
}

fn since(time: &str, now: Timestamp) -> String {
    Timestamp::parse(time).map_or("<unknown>".to_owned(), |at| human_duration(now.seconds() - at.seconds()))
}

/// `pod/web-0`, lower case but for the name.
fn target(object: &Value) -> String {
    let about = &object["involvedObject"];
    let kind = about.str("kind").to_lowercase();
    match about.str("name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// Component and instance: `kubelet, n1`.
fn source(object: &Value) -> String {
    fn either<'a>(first: &'a str, second: &'a str) -> &'a str {
        if first.is_empty() { second } else { first }
    }
    let component = either(object["source"].str("component"), object.str("reportingComponent"));
    let instance = either(object["source"].str("host"), object.str("reportingInstance"));
    if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") }
}
