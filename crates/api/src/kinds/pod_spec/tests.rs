//! No body makes the hooks panic: every recorded pod and StatefulSet, with parts of it taken out, emptied or swapped.

use crate::{
    Value, json,
    kinds::{pod::POD, stateful_set::STATEFUL_SET},
    registry::{Kind, Part},
    schema::walker,
    time::Timestamp,
};

/// Every how many-th place in a body is changed; the places move with the number of the body.
const STRIDE: usize = 7;

fn recorded(kind: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/cases");
    let mut bodies = Vec::new();
    for area in ["validation_pods", "validation_workloads", "validation_fields", "defaults_workloads", "immutability", "tables"] {
        let lines = std::fs::read_to_string(format!("{folder}/{area}.jsonl")).unwrap();
        for case in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            for step in case["steps"].as_array().unwrap() {
                if step["body"]["kind"] == kind {
                    bodies.push(step["body"].clone());
                }
            }
        }
    }
    assert!(bodies.len() > 100, "{kind}: {}", bodies.len());
    bodies
}

/// The pointers to all places in a body.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{i}"), all);
            }
        }
        _ => {}
    }
}

/// Takes a body through every hook; what does not decode is no concern of theirs.
fn run(kind: &'static Kind, body: Value, old: &Value) {
    let Ok(decoded) = walker::decode_value(kind.schema, body) else { return };
    let mut object = decoded.value;
    kind.hooks.default(&mut object);
    for part in [Part::Main, Part::Status, Part::Other("resize"), Part::Other("ephemeralcontainers")] {
        let mut changed = object.clone();
        kind.hooks.prepare_update(part, &mut changed, old);
        walker::canonical(kind.schema, &mut changed);
        kind.hooks.validate_update(part, &changed, old);
        kind.hooks.warnings(&changed, Some(old));
    }
    kind.hooks.cells(&object, Timestamp::default());
    kind.hooks.row_conditions(&object);
    kind.hooks.prepare_create(&mut object);
    walker::canonical(kind.schema, &mut object);
    kind.hooks.validate(&object);
    kind.hooks.warnings(&object, None);
}

fn stored(kind: &'static Kind, body: &Value) -> Option<Value> {
    let mut object = walker::decode_value(kind.schema, body.clone()).ok()?.value;
    kind.hooks.default(&mut object);
    kind.hooks.prepare_create(&mut object);
    walker::canonical(kind.schema, &mut object);
    Some(object)
}

fn survives(kind: &'static Kind) {
    for (number, body) in recorded(kind.kind).iter().enumerate() {
        let Some(old) = stored(kind, body) else { continue };
        let mut all = Vec::new();
        places(body, "", &mut all);
        for (i, at) in all.iter().enumerate().filter(|(i, _)| (i + number) % STRIDE == 0) {
            let replacements = [Value::Null, json!({}), json!([]), json!([null, {}]), json!(""), json!(-1)];
            let mut changed = body.clone();
            if let Some(place) = changed.pointer_mut(at) {
                *place = replacements[(i + number) % replacements.len()].clone();
            }
            run(kind, changed, &old);
        }
    }
}

#[test]
fn no_pod_makes_the_hooks_panic() {
    survives(&POD);
}

#[test]
fn no_stateful_set_makes_the_hooks_panic() {
    survives(&STATEFUL_SET);
}
