//! The text of a ControllerRevision's data: what Go's JSON encoder writes for a template patch (REV-1), and its hash (REV-2).
//! Byte equality with it decides whether pods are replaced.

use stead_api::{Value, value::Access};

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

/// The bytes that Go's encoder writes, members in the order given.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            out.push(b'{');
            for (i, (name, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::String(text) => write_string(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// Escapes what Go escapes: quotes, controls, and what HTML or JavaScript would read.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// The hash in a revision's name: FNV-1 (32 bit) of data and collision count, in an alphabet without vowels.
pub fn hash(data: &[u8], collisions: i64) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let count = collisions.to_string();
    let sum = data.iter().chain(count.as_bytes()).fold(2_166_136_261_u32, |h, b| h.wrapping_mul(16_777_619) ^ u32::from(*b));
    sum.to_string().bytes().map(|c| char::from(ALPHABET[usize::from(c) % ALPHABET.len()])).collect()
}
