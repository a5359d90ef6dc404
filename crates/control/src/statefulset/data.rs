//! The text of a ControllerRevision's data: what Go's JSON encoder writes for a template patch (REV-1), and its hash (REV-2).
//! Byte equality with it decides whether pods are replaced.

use stead_api::{Value, value::Access};

/// The bytes of data.
pub use stead_api::wire::go_json::encode;

/// `{"spec":{"template":{...,"$patch":"replace"}}}` of a defaulted template.
pub fn patch_of(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(map) = template.as_object_mut() {
        map.insert("$patch".into(), "replace".into());
    }
    stead_api::json!({"spec": {"template": sorted(&template)}})
}

/// The template that data stands for, on a set whose template is `live`: replaced, or untouched if data does not name it.
pub fn template_of(data: &Value, live: &Value) -> Value {
    let Some(template) = data.get("spec").and_then(|s| s.get("template")).filter(|t| t.is_object()) else {
        return live.clone();
    };
    let mut template = template.clone();
    template.drop("$patch");
    template
}

/// With the members of every object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(name, _)| name.as_bytes());
            members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<stead_api::Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The hash in a revision's name: FNV-1 (32 bit) of data and collision count, in an alphabet without vowels.
pub fn hash(data: &[u8], collisions: i64) -> String {
    let count = collisions.to_string();
    let sum = data.iter().chain(count.as_bytes()).fold(2_166_136_261_u32, |h, b| h.wrapping_mul(16_777_619) ^ u32::from(*b));
    crate::template_hash::safe_encode(sum)
}
