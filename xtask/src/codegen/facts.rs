//! The facts of `docs/schema/` as typed data: what a type and a property are. Input: JSON files. Output: [`Facts`].

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fs, path::Path};

/// All types, and the tags inside embedded messages.
pub struct Facts {
    pub types: BTreeMap<String, TypeFacts>,
    /// Message name, then field name, to tag.
    pub embedded: BTreeMap<String, BTreeMap<String, u32>>,
    /// OpenAPI name by message name.
    by_message: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
pub struct TypeFacts {
    pub r#type: String,
    pub format: String,
    pub properties: Map<String, Value>,
    pub required: Vec<String>,
    pub group_version_kind: Vec<Gvk>,
    pub map_type: String,
    pub message: String,
    pub embedded: Vec<EmbeddedFacts>,
}

#[derive(Deserialize)]
pub struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

#[derive(Deserialize)]
pub struct EmbeddedFacts {
    pub name: String,
    pub proto: (u32, String),
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
pub struct PropertyFacts {
    pub r#ref: String,
    pub r#type: String,
    pub format: String,
    pub items: Option<Box<PropertyFacts>>,
    #[serde(rename = "additionalProperties")]
    pub additional_properties: Option<Box<PropertyFacts>>,
    pub r#enum: Vec<String>,
    pub default: Option<Value>,
    pub list_type: String,
    pub list_map_keys: Vec<String>,
    pub map_type: String,
    pub patch_strategy: String,
    pub patch_merge_key: String,
    pub go: Option<String>,
    pub omit: Option<String>,
    pub proto: Option<(u32, String)>,
}

impl Facts {
    pub fn read(dir: &Path) -> Result<Self> {
        let types: BTreeMap<String, TypeFacts> = read_json(&dir.join("types-1.37.2.json"))?;
        let embedded = read_json(&dir.join("embedded.json"))?;
        let by_message = types.iter().filter(|(_, t)| !t.message.is_empty()).map(|(n, t)| (t.message.clone(), n.clone())).collect();
        Ok(Self { types, embedded, by_message })
    }

    /// The way to a field of a message that is embedded, or of what that message embeds itself.
    fn way_in_message(&self, message: &str, field: &str) -> Option<Way> {
        if let Some(tags) = self.embedded.get(message) {
            return tags.get(field).map(|tag| Way { tags: vec![*tag], structs: Vec::new() });
        }
        // The common part of ephemeral containers has the tags of Container.
        let message = message.replace("EphemeralContainerCommon", "Container");
        let ty = self.types.get(self.by_message.get(&message)?)?;
        self.way_in_type(ty, field)
    }

    /// The way to a field of a type.
    pub fn way_in_type(&self, ty: &TypeFacts, field: &str) -> Option<Way> {
        let property: PropertyFacts = serde_json::from_value(ty.properties.get(field)?.clone()).ok()?;
        if let Some((tag, _)) = property.proto {
            return Some(Way { tags: vec![tag], structs: Vec::new() });
        }
        ty.embedded.iter().find_map(|embedded| {
            let mut way = self.way_in_message(&embedded.message, field)?;
            way.tags.insert(0, embedded.proto.0);
            way.structs.insert(0, embedded.message.rsplit('.').next()?.to_owned());
            Some(way)
        })
    }
}

/// How protobuf and Go reach a field that JSON has inline.
pub struct Way {
    /// Tags of the embedded messages, then the field's own.
    pub tags: Vec<u32>,
    /// The embedded Go structs.
    pub structs: Vec<String>,
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("parse {}", path.display()))
}
