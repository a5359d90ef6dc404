//! A text as documents: YAML between lines of `---`, or JSON objects one after another; Lists are taken apart. Pure.

use super::document::Document;
use serde_json::value::RawValue;
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;
use stead_api::wire::yaml::{self, lines::Lines};

/// Objects of one file at most.
const OBJECTS_MAX: usize = 10_000;
/// Lists in Lists at most.
const LISTS_DEPTH_MAX: usize = 4;

/// A part of the text, and the line it begins at.
struct Part<'t> {
    text: &'t str,
    line: usize,
}

/// A document that can be read.
struct Tree {
    json: Vec<u8>,
    repeated: Vec<String>,
    lines: Lines,
}

/// The objects of a text, or what is wrong with it, a line each.
pub fn documents(file: &str, text: &str) -> Result<Vec<Document>, Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.trim_start().starts_with('{');
    let json = if is_json { json_trees(text) } else { Vec::new() };
    let trees = if json.iter().any(Result::is_err) || !is_json {
        let yaml: Vec<_> = yaml_parts(text).iter().filter_map(yaml_tree).collect();
        // YAML may begin with a brace, too. What is neither was meant as JSON.
        if is_json && yaml.iter().any(Result::is_err) { json } else { yaml }
    } else {
        json
    };
    let file: Arc<str> = file.into();
    let (mut objects, mut wrong) = (Vec::new(), Vec::new());
    for tree in trees {
        match tree {
            Ok(Tree { json, repeated, lines }) => {
                let document =
                    Document { object: Value::Null, json, repeated, file: file.clone(), lines: Arc::new(lines), within: String::new() };
                if let Err(error) = take(document, LISTS_DEPTH_MAX, &mut objects) {
                    wrong.push(error);
                }
            }
            Err((line, error)) => wrong.push(format!("{file}:{line}: {error}")),
        }
        if objects.len() > OBJECTS_MAX {
            wrong.push(format!("{file}: it has more than {OBJECTS_MAX} objects"));
            break;
        }
    }
    if wrong.is_empty() { Ok(objects) } else { Err(wrong) }
}

/// The parts between lines that begin with `---`, but those that hold nothing.
fn yaml_parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begin, mut begin_line) = (0, 1);
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_separator {
            parts.push(Part { text: &text[begin..at], line: begin_line });
            (begin, begin_line) = (at, index + 1);
        }
        at += line.len();
    }
    parts.push(Part { text: &text[begin..], line: begin_line });
    parts
}

/// `None` for a document with nothing in it.
fn yaml_tree(part: &Part<'_>) -> Option<Result<Tree, (usize, String)>> {
    // Blank lines before it, so that errors count the file's lines.
    let shifted = format!("{}{}", "\n".repeat(part.line - 1), part.text);
    let read = match yaml::to_json(shifted.as_bytes()) {
        Ok(read) => read,
        Err(error) => return Some(Err((line_in(&error).unwrap_or(part.line), error))),
    };
    if read.json == b"null" {
        return None;
    }
    let repeated = read.duplicates.iter().flat_map(|text| text.lines().skip(1)).map(|line| line.trim().to_owned()).collect();
    Some(Ok(Tree { json: read.json, repeated, lines: Lines::read(part.text, part.line) }))
}

/// The line that an error of the YAML reader names.
fn line_in(error: &str) -> Option<usize> {
    error.strip_prefix("yaml: line ")?.split(':').next()?.parse().ok()
}

/// JSON values, one after another.
fn json_trees(text: &str) -> Vec<Result<Tree, (usize, String)>> {
    let mut trees = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Box<RawValue>>();
    loop {
        let begin = values.byte_offset();
        let begin = begin + (text[begin..].len() - text[begin..].trim_start().len());
        let line = text[..begin].matches('\n').count() + 1;
        match values.next() {
            None => return trees,
            Some(Ok(value)) => {
                // What YAML reads otherwise has no say in where things stand.
                let plain = value.get().replace("\\\\", "xx").replace("\\u", "xx").replace('\t', " ");
                let lines = Lines::read(&plain, line);
                trees.push(Ok(Tree { json: value.get().as_bytes().to_vec(), repeated: Vec::new(), lines }));
            }
            Some(Err(error)) => {
                trees.push(Err((error.line(), format!("json: {error}"))));
                return trees;
            }
        }
    }
}

/// Adds the object, or those of a List.
fn take(mut document: Document, depth: usize, objects: &mut Vec<Document>) -> Result<(), String> {
    let wrong = |document: &Document, error: String| format!("{}: {error}", document.place());
    document.object = serde_json::from_slice(&document.json).map_err(|error| wrong(&document, format!("json: {error}")))?;
    if !document.object.is_object() {
        return Err(wrong(&document, "expected an object with apiVersion and kind".to_owned()));
    }
    for field in ["apiVersion", "kind"] {
        if document.object.str(field).is_empty() {
            return Err(wrong(&document, format!("{field} is missing or no text")));
        }
    }
    // What kubectl calls a list: a kind of that name with items.
    if !(document.kind().ends_with("List") && document.object.get("items").is_some_and(Value::is_array)) {
        objects.push(document);
        return Ok(());
    }
    if depth == 0 {
        return Err(wrong(&document, format!("Lists stand in each other more than {LISTS_DEPTH_MAX} deep")));
    }
    for (index, json) in raw_items(&document.json).map_err(|error| wrong(&document, error))?.into_iter().enumerate() {
        let item = format!("items[{index}]");
        let within = if document.within.is_empty() { item } else { format!("{}.{item}", document.within) };
        // Keys that are repeated are told once, with the first object.
        let repeated = if index == 0 { std::mem::take(&mut document.repeated) } else { Vec::new() };
        let (json, file, lines) = (json.get().as_bytes().to_vec(), document.file.clone(), document.lines.clone());
        take(Document { object: Value::Null, json, repeated, file, lines, within }, depth - 1, objects)?;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct List {
    items: Vec<Box<RawValue>>,
}

fn raw_items(json: &[u8]) -> Result<Vec<Box<RawValue>>, String> {
    serde_json::from_slice::<List>(json).map(|list| list.items).map_err(|error| format!("json: {error}"))
}
