//! What differs between two specs, in words for an error. Upstream prints a diff of its own Go structs there, which begins alike
//! and which nobody can read by machine; ours names the fields.

use crate::{Value, field::Path};

/// Where two specs differ, as text: one block a member.
pub(super) fn of_specs(old: &Value, new: &Value) -> String {
    let mut text = String::new();
    differences(old, new, &Path::new("spec"), &mut text);
    text
}

fn differences(old: &Value, new: &Value, path: &Path, text: &mut String) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                differences(value, after.get(name).unwrap_or(&Value::Null), &path.child(name), text);
            }
            for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                differences(&Value::Null, value, &path.child(name), text);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (i, (before, after)) in before.iter().zip(after).enumerate() {
                differences(before, after, &path.index(i), text);
            }
        }
        _ => text.push_str(&format!("\n@@ {path} @@\n- {old}\n+ {new}")),
    }
}
