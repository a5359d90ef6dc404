//! A manifest as the API reads it: which fields it does not know, which have another type, which values it refuses. Input: the object as
//! JSON text. Output: the object with its defaults, and findings.

use crate::findings::{Finding, Findings};
use crate::rules::{INVALID, REPEATED_KEY, UNKNOWN_FIELD, UNKNOWN_KIND, WRONG_TYPE};
use stead_api::kinds::KINDS;
use stead_api::meta;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Value, json};

/// What stands for what the server would say, where that is asked for.
const UID: &str = "00000000-0000-4000-8000-000000000000";
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The API would not take it.
#[derive(Debug)]
pub struct Unreadable(pub Vec<Finding>);

/// Reads an object: its canonical form with defaults, and what the API has against it. `repeated`: keys that stand twice in its YAML.
pub fn canonical(json: &[u8], repeated: &[String], namespace: &str) -> Result<(Value, Vec<Finding>), Unreadable> {
    let written: Value = stead_api::wire::json::check(json).ok().and_then(|()| parse(json)).unwrap_or_default();
    let mut findings = Findings::new(&written, namespace);
    for text in repeated {
        let message = format!("{text}: only the last one counts");
        findings.add(&REPEATED_KEY, "", message, "remove one of the two");
    }
    let Some(kind) = kind_of(&written) else {
        let (kind, version) = (written.str("kind"), written.str("apiVersion"));
        let message = format!("the API has no kind {kind:?} in version {version:?}");
        findings.add(&UNKNOWN_KIND, "kind", message, known_as(kind));
        return Err(Unreadable(findings.into_list()));
    };
    let decoded = match walker::decode_json(kind.schema, json) {
        Ok(decoded) => decoded,
        Err(error) => {
            let (path, fix) = wrong_type(&error.0, &written);
            findings.add(&WRONG_TYPE, path, error.0, fix);
            return Err(Unreadable(findings.into_list()));
        }
    };
    for text in decoded.warnings() {
        let path = text.split('"').nth(1).unwrap_or_default().to_owned();
        let rule = if text.starts_with("duplicate") { &REPEATED_KEY } else { &UNKNOWN_FIELD };
        let fix = if rule == &REPEATED_KEY {
            "remove one of the two".to_owned()
        } else {
            format!("remove it, or mind its spelling and indentation; kubectl explain {} shows the fields", kind.plural)
        };
        findings.add(rule, path, text, fix);
    }
    let object = validated(kind, decoded.value, namespace, &mut findings);
    Ok((object, findings.into_list()))
}

fn parse(json: &[u8]) -> Option<Value> {
    std::str::from_utf8(json).ok()?.parse().ok()
}

fn kind_of(object: &Value) -> Option<&'static Kind> {
    let (kind, version) = (object.str("kind"), object.str("apiVersion"));
    KINDS.iter().copied().find(|row| row.kind == kind && row.api_version() == version)
}

/// Where a kind of that name is.
fn known_as(kind: &str) -> String {
    match KINDS.iter().find(|row| row.kind.eq_ignore_ascii_case(kind)) {
        Some(row) => format!("apiVersion: {}, kind: {}", row.api_version(), row.kind),
        None => "kubectl api-resources lists the kinds; custom resources are not served".to_owned(),
    }
}

/// The object as the server would store it, and what it would refuse.
fn validated(kind: &Kind, mut object: Value, namespace: &str, findings: &mut Findings) -> Value {
    if kind.namespaced && object["metadata"].str("namespace").is_empty() && object["metadata"].is_object() {
        object["metadata"]["namespace"] = namespace.into();
    }
    kind.hooks.default(&mut object);
    let mut judged = object.clone();
    if judged["metadata"].is_object() {
        judged["metadata"]["uid"] = json!(UID);
        judged["metadata"]["creationTimestamp"] = json!(CREATED);
        if judged["metadata"].str("name").is_empty() && judged["metadata"].has("generateName") {
            judged["metadata"]["name"] = format!("{}xxxxx", judged["metadata"].str("generateName")).into();
        }
    }
    if kind.hooks.allocates() && !judged["spec"].str("clusterIP").is_empty() && judged["spec"].items("clusterIPs").is_empty() {
        judged["spec"]["clusterIPs"] = json!([judged["spec"]["clusterIP"]]);
    }
    kind.hooks.prepare_create(&mut judged);
    walker::canonical(kind.schema, &mut judged);
    let mut errors = meta::validate_create(kind, &judged);
    errors.extend(kind.hooks.validate(&judged));
    for error in errors {
        let path = error.path.to_string();
        // The server completes addresses before it judges them.
        if kind.hooks.allocates() && path.starts_with("spec.clusterIPs") {
            continue;
        }
        // That has a rule of its own (L105), which says what to write.
        if kind.kind == "StatefulSet" && path == "spec.template.metadata.labels" && error.body().contains("selector") {
            continue;
        }
        findings.add(&INVALID, path.clone(), format!("{path}: {}", error.body()), "the API refuses it so; change the value");
    }
    walker::canonical(kind.schema, &mut object);
    object
}

/// Where a value of a wrong type stands, as far as Go's words say it, and what should be there.
fn wrong_type(error: &str, written: &Value) -> (String, String) {
    let Some((head, wanted)) = error.rsplit_once(" of type ") else { return (String::new(), "mind the value's form".to_owned()) };
    let fix = match wanted {
        "string" => "a text: put it in quotes".to_owned(),
        "int32" | "int64" => "a whole number, without quotes".to_owned(),
        "bool" => "true or false, without quotes".to_owned(),
        other if other.starts_with("[]") => "a list: lines that begin with -".to_owned(),
        other if other.starts_with("map[") => "a map of texts: KEY: \"VALUE\"".to_owned(),
        other => format!("fields of {}", other.rsplit('.').next().unwrap_or(other)),
    };
    let given = error.strip_prefix("json: cannot unmarshal ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let fields = head.rsplit(' ').next().and_then(|field| field.split_once('.')).map_or("", |(_, path)| path);
    (place(written, fields, given).unwrap_or_else(|| fields.to_owned()), fix)
}

/// The first place of these fields, through any list, with a value of that sort.
fn place(value: &Value, fields: &str, given: &str) -> Option<String> {
    let mut ahead = vec![(value, String::new())];
    for field in fields.split('.') {
        let mut next = Vec::new();
        for (value, path) in ahead {
            let items: Vec<(&Value, String)> = match value.as_array() {
                Some(items) => items.iter().enumerate().map(|(index, item)| (item, format!("{path}[{index}]"))).collect(),
                None => vec![(value, path)],
            };
            for (item, path) in items {
                if let Some(below) = item.get(field) {
                    next.push((below, if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }));
                }
            }
        }
        ahead = next;
    }
    let is_given = |value: &Value| match given {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "bool" => value.is_boolean(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    ahead.into_iter().find(|(value, _)| is_given(value)).map(|(_, path)| path)
}
