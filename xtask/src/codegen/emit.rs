//! Facts to Rust source. Input: [`Facts`]. Output: file names and texts: one file per group and version, long ones in parts,
//! and a `mod.rs` with the index.

use super::facts::{Facts, PropertyFacts, TypeFacts};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// Lines after which a group continues in a further file.
const FILE_LINES_MAX: usize = 600;

/// All generated files.
pub fn files(facts: &Facts) -> Result<BTreeMap<String, String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut names = Vec::new();
    for (name, ty) in &facts.types {
        if shape_of_ref(name, ty).is_none() {
            groups.entry(module_name(name)).or_default().push(type_text(facts, name, ty)?);
            names.push(name.as_str());
        }
    }
    let mut files = BTreeMap::new();
    for (group, types) in &groups {
        let parts = split(types);
        for (i, part) in parts.iter().enumerate() {
            let module = if parts.len() == 1 { group.clone() } else { format!("{group}_{}", i + 1) };
            files.insert(format!("{module}.rs"), format!("{}{}\n", head(group), part.trim_end()));
        }
    }
    let modules: Vec<String> = files.keys().map(|file| file.trim_end_matches(".rs").to_owned()).collect();
    files.insert("mod.rs".to_owned(), index(&modules, &names));
    Ok(files)
}

/// Cuts the types of a group into parts of bounded length.
fn split(types: &[String]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lines = 0;
    for text in types {
        let more = text.lines().count();
        if lines + more > FILE_LINES_MAX && lines > 0 {
            parts.push(String::new());
            lines = 0;
        }
        lines += more;
        if let Some(part) = parts.last_mut() {
            part.push_str(text);
        }
    }
    parts
}

fn head(group: &str) -> String {
    format!(
        "//! Types of `{group}`, written by `cargo xtask codegen` from docs/schema; change the generator instead.\n\n\
         use super::*;\n\n"
    )
}

/// `mod.rs`: the modules and the table of all types by name.
fn index(modules: &[String], names: &[&str]) -> String {
    let mut text = String::from(
        "//! The schema table, written by `cargo xtask codegen` from docs/schema; change the generator instead.\n\
         //! One static per type, named by group, version and type, and an index of all by OpenAPI name.\n\n\
         use super::{Embedded, Field, ListType, Omit, PatchStrategy, Shape, Type};\n\n",
    );
    for module in modules {
        text += &format!("mod {module};\n");
    }
    text.push('\n');
    for module in modules {
        text += &format!("pub use {module}::*;\n");
    }
    text.push_str("\n/// Every type, sorted by OpenAPI name.\n#[rustfmt::skip]\npub static TYPES: &[&Type] = &[\n");
    for name in names {
        text += &format!("    &{},\n", static_name(name));
    }
    text.push_str("];\n");
    text
}

/// One `pub static`.
fn type_text(facts: &Facts, name: &str, ty: &TypeFacts) -> Result<String> {
    let mut text = format!("#[rustfmt::skip]\npub static {}: Type = Type {{\n    name: {name:?},\n", static_name(name));
    text += &format!("    message: {:?},\n", ty.message);
    let gvk: Vec<String> = ty.group_version_kind.iter().map(|g| format!("({:?}, {:?}, {:?})", g.group, g.version, g.kind)).collect();
    text += &format!("    gvk: &[{}],\n", gvk.join(", "));
    text.push_str("    fields: &[\n");
    for (field, value) in &ty.properties {
        let property: PropertyFacts = serde_json::from_value(value.clone()).with_context(|| format!("property {name} {field}"))?;
        let text_of = field_text(facts, name, ty, field, &property).with_context(|| format!("{name} {field}"))?;
        text += &format!("        {text_of},\n");
    }
    text.push_str("    ],\n");
    let embedded: Vec<String> =
        ty.embedded.iter().map(|e| format!("Embedded {{ name: {:?}, tag: {}, message: {:?} }}", e.name, e.proto.0, e.message)).collect();
    text += &format!("    embedded: &[{}],\n", embedded.join(", "));
    text += &format!("    atomic: {},\n}};\n\n", ty.map_type == "atomic");
    Ok(text)
}

/// Lists that are refused when they are empty and filled in when they are absent; no stored object has an empty one.
const EMPTY_KEPT: &[(&str, &str)] = &[("io.k8s.api.autoscaling.v2.HPAScalingRules", "policies")];

/// `Field { .. }`, naming only what differs from `Field::PLAIN`.
fn field_text(facts: &Facts, type_name: &str, ty: &TypeFacts, name: &str, p: &PropertyFacts) -> Result<String> {
    let required = ty.required.iter().any(|r| r == name);
    let go = p.go.clone().unwrap_or_default();
    // Without a Go type (apiextensions) an optional field counts as a pointer.
    let pointer = if p.go.is_some() { go.starts_with('*') } else { !required } || EMPTY_KEPT.contains(&(type_name, name));
    let shape = shape(facts, p)?;
    let mut parts = vec![format!("name: {name:?}, shape: {shape}")];
    let go_type = go_type(type_name, &go);
    if !go_type.is_empty() {
        parts.push(format!("go: {go_type:?}"));
    }
    if pointer {
        parts.push("pointer: true".into());
    }
    match omit(type_name, name, p, required) {
        "Empty" => {}
        other => parts.push(format!("omit: Omit::{other}")),
    }
    if required {
        parts.push("required: true".into());
    }
    semantics(p, &mut parts)?;
    protobuf(facts, ty, name, p, &mut parts)?;
    Ok(format!("Field {{ {}, ..Field::PLAIN }}", parts.join(", ")))
}

fn omit(type_name: &str, name: &str, p: &PropertyFacts, required: bool) -> &'static str {
    // Go has `omitempty,omitzero` there; see docs/schema/README.md.
    if type_name.ends_with(".meta.v1.ObjectMeta") && name == "creationTimestamp" {
        return "Zero";
    }
    match p.omit.as_deref() {
        Some("never") => "Never",
        Some("zero") => "Zero",
        Some(_) => "Empty",
        None if required => "Never",
        None => "Empty",
    }
}

/// List and map semantics, patch strategy, default, enum.
fn semantics(p: &PropertyFacts, parts: &mut Vec<String>) -> Result<()> {
    match p.list_type.as_str() {
        "" => {}
        "atomic" => parts.push("list: ListType::Atomic".into()),
        "set" => parts.push("list: ListType::Set".into()),
        "map" => parts.push(format!("list: ListType::Map(&{:?})", p.list_map_keys)),
        other => bail!("unknown list type {other}"),
    }
    if p.map_type == "atomic" {
        parts.push("map_atomic: true".into());
    }
    if !p.patch_strategy.is_empty() {
        let merge = p.patch_strategy.split(',').any(|s| s == "merge");
        let retain_keys = p.patch_strategy.split(',').any(|s| s == "retainKeys");
        parts.push(format!("patch: PatchStrategy {{ merge: {merge}, retain_keys: {retain_keys}, merge_key: {:?} }}", p.patch_merge_key));
    }
    if let Some(default) = &p.default {
        parts.push(format!("default: Some({:?})", default.to_string()));
    }
    if !p.r#enum.is_empty() {
        parts.push(format!("enum_values: &{:?}", p.r#enum));
    }
    Ok(())
}

fn protobuf(facts: &Facts, ty: &TypeFacts, name: &str, p: &PropertyFacts, parts: &mut Vec<String>) -> Result<()> {
    let never_sent = ty.message.is_empty() || matches!(name, "kind" | "apiVersion");
    if never_sent && p.proto.is_none() {
        if !ty.group_version_kind.is_empty() {
            parts.push("inlined: &[\"TypeMeta\"]".into());
        }
        return Ok(());
    }
    let Some(mut way) = facts.way_in_type(ty, name) else { bail!("no protobuf tag") };
    let tag = way.tags.pop().context("no protobuf tag")?;
    parts.push(format!("tag: {tag}"));
    if !way.tags.is_empty() {
        parts.push(format!("within: &{:?}, inlined: &{:?}", way.tags, way.structs));
    }
    if p.r#type == "array" && p.proto.as_ref().is_some_and(|(_, label)| label.starts_with("optional")) {
        parts.push("wrapped: true".into());
    }
    Ok(())
}

fn shape(facts: &Facts, p: &PropertyFacts) -> Result<String> {
    if !p.r#ref.is_empty() {
        let ty = facts.types.get(&p.r#ref).with_context(|| format!("no type {}", p.r#ref))?;
        return Ok(match shape_of_ref(&p.r#ref, ty) {
            Some(shape) => format!("Shape::{shape}"),
            None => format!("Shape::Struct(&{})", static_name(&p.r#ref)),
        });
    }
    if let Some(items) = &p.items {
        return Ok(format!("Shape::List(&{})", shape(facts, items)?));
    }
    if let Some(values) = &p.additional_properties {
        return Ok(format!("Shape::Map(&{})", shape(facts, values)?));
    }
    Ok(match (p.r#type.as_str(), p.format.as_str()) {
        ("string", "byte") => "Shape::Bytes",
        ("string", _) => "Shape::String",
        ("boolean", _) => "Shape::Bool",
        ("integer", "int32") => "Shape::Int32",
        ("integer", _) => "Shape::Int64",
        ("number", _) => "Shape::Double",
        ("object", _) | ("", _) => "Shape::Raw",
        (ty, format) => bail!("unknown type {ty} {format}"),
    }
    .to_owned())
}

/// Types that are no structs: what a reference to them means.
fn shape_of_ref(name: &str, ty: &TypeFacts) -> Option<&'static str> {
    match name.rsplit('.').next()? {
        "Quantity" => Some("Quantity"),
        "IntOrString" => Some("IntOrString"),
        "Time" => Some("Time"),
        "MicroTime" => Some("MicroTime"),
        "Duration" => Some("Duration"),
        "FieldsV1" | "RawExtension" | "Patch" => Some("Raw"),
        _ if ty.r#type.is_empty() => Some("Raw"),
        _ => None,
    }
}

/// The Go type as reflection prints it, without the pointer: `[]v1.Container`, `map[string]string`, `types.UID`.
fn go_type(type_name: &str, go: &str) -> String {
    let own = type_name.rsplit('.').nth(1).unwrap_or_default();
    let mut out = String::new();
    let mut rest = go.trim_start_matches('*');
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(rest.len());
        if end == 0 {
            let c = rest.chars().next().unwrap_or_default();
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (word, tail) = rest.split_at(end);
        match word.split_once('.') {
            Some((package, ty)) => {
                let version = package.find("v1").or_else(|| package.find("v2")).map_or(package, |at| &package[at..]);
                out.push_str(&format!("{version}.{ty}"));
            }
            None if word == "byte" => out.push_str("uint8"),
            None if word.starts_with(char::is_uppercase) => out.push_str(&format!("{own}.{word}")),
            None => out.push_str(word),
        }
        rest = tail;
    }
    out
}

/// `core_v1` of `io.k8s.api.core.v1.Pod`.
fn module_name(name: &str) -> String {
    let mut parts = name.rsplit('.').skip(1);
    let version = parts.next().unwrap_or_default();
    let group = parts.next().unwrap_or_default();
    format!("{group}_{version}")
}

/// `CORE_V1_POD` of `io.k8s.api.core.v1.Pod`.
pub fn static_name(name: &str) -> String {
    let ty: Vec<char> = name.rsplit('.').next().unwrap_or_default().chars().collect();
    let mut snake = String::new();
    for (i, c) in ty.iter().enumerate() {
        let after_lower = i > 0 && !ty[i - 1].is_uppercase();
        let before_lower = i > 0 && ty.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(c.to_uppercase());
    }
    format!("{}_{snake}", module_name(name).to_uppercase())
}
