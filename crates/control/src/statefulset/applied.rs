//! A revision's data applied to its set, as a strategic merge patch, and the defaulted form of the outcome: by the same
//! rules as the server's.

use super::data;
use super::set::Set;
use stead_api::kinds::stateful_set::STATEFUL_SET;
use stead_api::patch::{self, Format, Validation};
use stead_api::schema::walker;
use stead_api::{Value, json, value::Access};

/// The template that data stands for. Data that the set cannot be patched with leaves the live template.
pub fn template(data: &Value, set: &Set) -> Value {
    let written = data.get("spec").and_then(|s| s.get("template")).unwrap_or(&Value::Null);
    if written.is_null() || written.str("$patch") == "replace" {
        return data::template_of(data, set.template());
    }
    // What is no patch leaves the live template, as one that cannot be applied does.
    let Ok(body) = patch::Body::parse(&data::encode(data)) else { return set.template().clone() };
    let decode = |value| walker::decode_value(STATEFUL_SET.schema, value);
    let current = document(set.object.spec().clone());
    let patched = patch::apply(Format::Strategic, STATEFUL_SET.schema, &current, body, Validation::Ignore, &decode);
    patched.map_or_else(|_| set.template().clone(), |patched| patched.object["spec"]["template"].clone())
}

/// The template as the server would have stored it in this set. `None` if it cannot be read.
pub fn defaulted(template: Value, set: &Set) -> Option<Value> {
    let mut spec = set.object.spec().clone();
    spec["template"] = template;
    let mut value = walker::decode_value(STATEFUL_SET.schema, document(spec)).ok()?.value;
    STATEFUL_SET.hooks.default(&mut value);
    walker::canonical(STATEFUL_SET.schema, &mut value);
    Some(value["spec"]["template"].take())
}

fn document(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {}, "spec": spec})
}
