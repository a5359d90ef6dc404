//! Reads JSON of the API without what no client of ours reads: managedFields are often the larger half of an object, and
//! of the answer to a write its metadata is enough. What is left out is scanned and never built. Input: bytes.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Error;
use stead_api::{Map, Value};

/// How much of an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All but managedFields.
    Object,
    /// Its type, its metadata without managedFields, and what a Status says.
    Metadata,
}

/// An object, a Status, a list or a watch event.
pub fn read(bytes: &[u8], extent: Extent) -> Result<Value, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Part::Top(extent).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Which part of the answer is being read.
#[derive(Debug, Clone, Copy)]
enum Part {
    Top(Extent),
    /// Of a list.
    Items,
    Object,
    Metadata,
    /// Anything else, as it is.
    Rest,
}

/// Members of an answer beside `metadata` that are read of every extent.
const BRIEF: &[&str] = &["apiVersion", "kind", "code", "message", "reason", "details", "items"];

impl Part {
    /// What a member of a map is; `None`: it is left out.
    fn member(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Metadata, "managedFields") => None,
            (Self::Top(_) | Self::Object, "metadata") => Some(Self::Metadata),
            (Self::Top(_), "object") => Some(Self::Object),
            (Self::Top(_), "items") => Some(Self::Items),
            (Self::Top(Extent::Metadata), other) if !BRIEF.contains(&other) => None,
            _ => Some(Self::Rest),
        }
    }

    fn element(self) -> Self {
        if matches!(self, Self::Items) { Self::Object } else { Self::Rest }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if matches!(self, Self::Rest) {
            return serde::Deserialize::deserialize(deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            match self.member(&name) {
                Some(part) => {
                    let value = map.next_value_seed(part)?;
                    members.insert(name, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(self.element())? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod() -> Value {
        let metadata = json!({"name": "p", "managedFields": [{"manager": "x"}], "labels": {"managedFields": "kept"}});
        json!({"kind": "Pod", "metadata": metadata, "spec": {"metadata": {"managedFields": 1}}, "n": [1, -2, 2.5, null, true]})
    }

    fn pruned(value: &Value, extent: Extent) -> Value {
        read(value.to_string().as_bytes(), extent).unwrap()
    }

    #[test]
    fn managed_fields_are_left_out_wherever_objects_are_and_nowhere_else() {
        let mut wanted = pod();
        wanted["metadata"].as_object_mut().unwrap().shift_remove("managedFields");
        assert_eq!(pruned(&pod(), Extent::Object), wanted);
        let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "3"}, "items": [pod(), null]});
        let event = json!({"type": "ADDED", "object": pod()});
        assert_eq!(pruned(&list, Extent::Object)["items"], json!([wanted, null]));
        assert_eq!(pruned(&event, Extent::Object), json!({"type": "ADDED", "object": wanted}));
        for scalar in [json!(null), json!("x"), json!(4), json!([])] {
            assert_eq!(pruned(&scalar, Extent::Object), scalar);
        }
    }

    #[test]
    fn metadata_alone_is_read_of_the_answer_to_a_write() {
        let brief = pruned(&pod(), Extent::Metadata);
        assert_eq!(brief, json!({"kind": "Pod", "metadata": {"name": "p", "labels": {"managedFields": "kept"}}}));
        let status = json!({"kind": "Status", "reason": "NotFound", "message": "gone", "code": 404});
        assert_eq!(pruned(&status, Extent::Metadata), status);
    }

    #[test]
    fn torn_and_trailing_bytes_are_errors() {
        for text in ["", "{", "{\"kind\": \"Pod\"} x", "{\"metadata\": {\"managedFields\": [}}"] {
            assert!(read(text.as_bytes(), Extent::Object).is_err(), "{text}");
        }
    }
}
