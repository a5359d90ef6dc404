//! Short accessors over dynamic values, for hooks and controllers.

use crate::{Map, Value};

/// How deep maps and lists nest.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Reading and writing a [`Value`] without ceremony: a missing member reads as empty.
pub trait Access {
    /// The string at that member, or `""`.
    fn str(&self, name: &str) -> &str;
    /// The integer at that member.
    fn int(&self, name: &str) -> Option<i64>;
    /// The boolean at that member, false if absent.
    fn flag(&self, name: &str) -> bool;
    /// The list at that member, empty if absent.
    fn items(&self, name: &str) -> &[Value];
    /// The map at that member, if present and a map.
    fn map(&self, name: &str) -> Option<&Map<String, Value>>;
    /// Whether the member is present and not null.
    fn has(&self, name: &str) -> bool;
    /// Sets the member unless it is present and not null.
    fn default_to(&mut self, name: &str, value: impl Into<Value>);
    /// The elements of the list at that member, to change; empty if absent.
    fn items_mut(&mut self, name: &str) -> &mut [Value];
    /// Removes the member, keeping the order of the others.
    fn drop(&mut self, name: &str) -> Option<Value>;
}

impl Access for Value {
    fn str(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }
    fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }
    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
    fn items(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
    fn map(&self, name: &str) -> Option<&Map<String, Value>> {
        self.get(name).and_then(Value::as_object)
    }
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| !v.is_null())
    }
    fn default_to(&mut self, name: &str, value: impl Into<Value>) {
        if !self.has(name)
            && let Some(map) = self.as_object_mut()
        {
            map.insert(name.to_owned(), value.into());
        }
    }
    fn items_mut(&mut self, name: &str) -> &mut [Value] {
        self.get_mut(name).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
    }
    fn drop(&mut self, name: &str) -> Option<Value> {
        self.as_object_mut().and_then(|map| map.shift_remove(name))
    }
}
