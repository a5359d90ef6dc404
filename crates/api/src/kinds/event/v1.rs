//! `events.k8s.io/v1`: the same Events under other names of members. Whoever writes them here has to say more.

use super::{EVENT, Event, validate};
use crate::{
    Map, Value,
    field::{Errors, Path, invalid, required},
    names::NameRule,
    registry::{Form, Hooks, HooksRef, Kind, Part, Retention, StoredAs},
    schema::generated::{CORE_V1_EVENT, EVENTS_V1_EVENT},
    time::Timestamp,
    value::Access,
};

pub static EVENT_V1: Kind = Kind {
    group: "events.k8s.io",
    schema: &EVENTS_V1_EVENT,
    selectable: &[
        "regarding.kind",
        "regarding.namespace",
        "regarding.name",
        "regarding.uid",
        "regarding.apiVersion",
        "regarding.resourceVersion",
        "regarding.fieldPath",
        "reason",
        "reportingController",
        "type",
    ],
    stored_as: Some(StoredAs { group: "", version: "v1", schema: &CORE_V1_EVENT }),
    hooks: HooksRef::Static(&V1),
    ..EVENT
};

/// What members are called here and in the core group, where they differ.
const NAMES: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];
/// What may not change, in the core group's names, and in which order it is looked at.
const IMMUTABLE: [&str; 13] = [
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingComponent",
    "reportingInstance",
];
/// What errors call who reports.
const REPORTER: &str = "reportingController";

#[derive(Debug)]
struct V1;

impl Hooks for V1 {
    fn retention(&self) -> Retention {
        Event.retention()
    }

    fn owns_dependents(&self) -> bool {
        Event.owns_dependents()
    }

    fn validate(&self, object: &Value) -> Errors {
        let event = stored(object);
        let mut errors = validate(&event, REPORTER);
        errors.extend(series(&event));
        if !event.has("eventTime") {
            errors.push(required(&Path::new("eventTime"), ""));
        }
        let ty = event.str("type");
        if !matches!(ty, "Normal" | "Warning") {
            errors.push(invalid(&Path::new("type"), "", &format!("has invalid value: {ty}")));
        }
        let is_said = |name: &str| match name {
            "count" => event.int(name).is_some_and(|count| count != 0),
            "source" => ["component", "host"].iter().any(|member| !event[name].str(member).is_empty()),
            _ => event.has(name),
        };
        let of_old = ["firstTimestamp", "lastTimestamp", "count", "source"];
        errors.extend(of_old.iter().filter(|name| is_said(name)).map(|name| invalid(&Path::new(name), "", "needs to be unset")));
        errors
    }

    fn validate_update(&self, _: Part, object: &Value, old: &Value) -> Errors {
        let (event, old) = (stored(object), stored(old));
        let mut errors = validate(&event, REPORTER);
        if event.get("series") != old.get("series") {
            errors.extend(series(&event));
        }
        for name in IMMUTABLE.iter().filter(|name| said(&event, name) != said(&old, name)) {
            let called = if *name == "reportingComponent" { REPORTER } else { *name };
            errors.push(invalid(&Path::new(called), shown(&event, name), "field is immutable"));
        }
        errors
    }

    fn name_rule(&self) -> NameRule {
        Event.name_rule()
    }

    fn qualified_finalizers(&self) -> bool {
        Event.qualified_finalizers()
    }

    fn selectable(&self, object: &Value, label: &str) -> String {
        match label.split_once('.') {
            Some((parent, field)) => object[parent].str(field).to_owned(),
            None => object.str(label).to_owned(),
        }
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        Event.cells(&stored(object), now)
    }

    fn convert(&self, object: &mut Value, to: Form) {
        let Some(members) = object.as_object_mut() else { return };
        for (here, there) in NAMES {
            let (from, into) = match to {
                Form::Served => (there, here),
                Form::Stored => (here, there),
            };
            if let Some(value) = members.shift_remove(from) {
                members.insert(into.to_owned(), value);
            }
        }
    }
}

/// The Event as the core group has it.
fn stored(object: &Value) -> Value {
    let mut event = object.clone();
    V1.convert(&mut event, Form::Stored);
    event
}

fn series(event: &Value) -> Errors {
    let Some(series) = event.get("series").filter(|series| series.is_object()) else { return Errors::new() };
    let mut errors = Errors::new();
    if series.int("count").unwrap_or_default() < 2 {
        errors.push(invalid(&Path::new("series.count"), "", "should be at least 2"));
    }
    if !series.has("lastObservedTime") {
        errors.push(required(&Path::new("series.lastObservedTime"), ""));
    }
    errors
}

/// A member, where nothing, null, "" and {} are one.
fn said<'a>(event: &'a Value, name: &str) -> Option<&'a Value> {
    event.get(name).filter(|value| !matches!(value, Value::Null) && value.as_str() != Some("") && value.as_object() != Some(&Map::new()))
}

/// A member as upstream shows it: references and sources as its own types are spelt.
fn shown(event: &Value, name: &str) -> Value {
    let spelt = |members: &[(&str, &str)]| {
        let each = members.iter().map(|(called, member)| ((*called).to_owned(), event[name].str(member).into()));
        Value::Object(each.collect())
    };
    const REFERENCE: [(&str, &str); 7] = [
        ("Kind", "kind"),
        ("Namespace", "namespace"),
        ("Name", "name"),
        ("UID", "uid"),
        ("APIVersion", "apiVersion"),
        ("ResourceVersion", "resourceVersion"),
        ("FieldPath", "fieldPath"),
    ];
    match name {
        "related" if !event.has(name) => Value::Null,
        "involvedObject" | "related" => spelt(&REFERENCE),
        "source" => spelt(&[("Component", "component"), ("Host", "host")]),
        "count" => event.int(name).unwrap_or_default().into(),
        "firstTimestamp" | "lastTimestamp" | "eventTime" => event.get(name).cloned().unwrap_or_default(),
        _ => event.str(name).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::EVENT_V1;
    use crate::registry::{Form, Part};
    use crate::{Value, json};

    fn event() -> Value {
        json!({
            "metadata": {"name": "e", "namespace": "d"}, "regarding": {"kind": "Pod", "name": "p", "namespace": "d"}, "type": "Normal",
            "eventTime": "2024-01-01T00:00:00.000000Z", "reportingController": "x.example/y", "reportingInstance": "i", "action": "A",
            "reason": "R", "note": "n",
        })
    }

    fn texts(errors: &[crate::field::Error]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    // V1
    #[test]
    fn the_core_group_shows_the_same_event() {
        let mut other = event();
        EVENT_V1.hooks.convert(&mut other, Form::Stored);
        assert_eq!(
            (&other["involvedObject"]["name"], &other["message"], &other["reportingComponent"]),
            (&json!("p"), &json!("n"), &json!("x.example/y"))
        );
        EVENT_V1.hooks.convert(&mut other, Form::Served);
        assert_eq!(other, event());
    }

    // V4
    #[test]
    fn more_has_to_be_said_here() {
        assert_eq!(texts(&EVENT_V1.hooks.validate(&event())), [""; 0]);
        let mut wrong = event();
        wrong["type"] = "Other".into();
        wrong["deprecatedCount"] = 1.into();
        wrong["reportingController"] = "".into();
        let errors = texts(&EVENT_V1.hooks.validate(&wrong)).join("\n");
        for what in [
            "reportingController: Required value",
            "type: Invalid value: \"\": has invalid value: Other",
            "count: Invalid value: \"\": needs to be unset",
        ] {
            assert!(errors.contains(what), "{errors}");
        }
    }

    // V3
    #[test]
    fn only_the_series_may_change() {
        let change = |member: &str, value: Value| {
            let mut new = event();
            new[member] = value;
            texts(&EVENT_V1.hooks.validate_update(Part::Main, &new, &event()))
        };
        assert_eq!(change("series", json!({"count": 2, "lastObservedTime": "2024-01-01T00:00:00.000000Z"})), [""; 0]);
        assert_eq!(change("series", json!({"count": 1, "lastObservedTime": null})).len(), 2);
        assert_eq!(change("note", json!("m")), ["message: Invalid value: \"m\": field is immutable"]);
        assert!(change("regarding", json!({"name": "q", "namespace": "d"}))[0].contains(r#""Kind":"","Namespace":"d","Name":"q""#));
    }
}
