//! The entries of managedFields. Input and output: the JSON list, and entries in memory.

use super::set::Set;
use crate::{Value, json, value::Access};

/// How the fields came to be owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Apply,
    Update,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What one manager owns through one endpoint.
#[derive(Debug, Clone)]
pub struct Entry {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    /// Empty for the main resource.
    pub subresource: String,
    /// RFC 3339, whole seconds.
    pub time: Option<String>,
    pub fields: Set,
}

impl Entry {
    /// Sorts oldest first; a missing time is oldest of all.
    pub fn age_key(&self) -> (Option<String>, String, String, String) {
        (self.time.clone(), self.manager.clone(), self.api_version.clone(), self.subresource.clone())
    }

    /// P24: what makes two entries the same.
    fn identity(&self) -> (&str, Operation, &str, &str) {
        let version = if self.operation == Operation::Apply { "" } else { &self.api_version };
        (&self.manager, self.operation, version, &self.subresource)
    }
}

/// Reads managedFields; `None` if any entry cannot be understood. Of two entries of one identity the later counts.
pub fn decode(list: &Value) -> Option<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    for value in list.as_array()? {
        if value.str("fieldsType") != "FieldsV1" || value.str("apiVersion").is_empty() {
            return None;
        }
        let operation = match value.str("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let entry = Entry {
            manager: value.str("manager").to_owned(),
            operation,
            api_version: value.str("apiVersion").to_owned(),
            subresource: value.str("subresource").to_owned(),
            time: value.get("time").and_then(Value::as_str).map(str::to_owned),
            fields: value.get("fieldsV1").filter(|v| !v.is_null()).map_or(Some(Set::default()), Set::decode)?,
        };
        entries.retain(|other| other.identity() != entry.identity());
        entries.push(entry);
    }
    Some(entries)
}

/// Writes managedFields in upstream's order (P24).
pub fn encode(entries: &[Entry]) -> Value {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| (entry.operation, entry.age_key()));
    entries.into_iter().map(encode_entry).collect()
}

fn encode_entry(entry: &Entry) -> Value {
    let mut value = json!({"manager": entry.manager, "operation": entry.operation.name(), "apiVersion": entry.api_version});
    if let Some(time) = &entry.time {
        value["time"] = time.as_str().into();
    }
    value["fieldsType"] = "FieldsV1".into();
    value["fieldsV1"] = entry.fields.encode();
    if !entry.subresource.is_empty() {
        value["subresource"] = entry.subresource.as_str().into();
    }
    value
}
