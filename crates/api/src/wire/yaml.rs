//! YAML 1.1 as `sigs.k8s.io/yaml` reads it: the first document, turned into JSON with sorted keys.
//! Input: bytes. Output: JSON text and what is repeated, or the error in go-yaml's words. Knows no types.

mod scalar;
#[cfg(test)]
mod tests;

use crate::{Map, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use std::collections::HashMap;

/// How the list of repeated keys begins.
pub const DUPLICATES_HEAD: &str = "yaml: unmarshal errors:\n";

/// Containers nest at most this deep.
const DEPTH_MAX: usize = 500;

/// Nodes of a document at most, those behind aliases counted each time: an alias bomb ends here.
const NODES_MAX: usize = 1_000_000;

/// Bytes of strings at most, those behind aliases counted each time.
const BYTES_MAX: usize = 32 << 20;

/// A YAML document as JSON.
#[derive(Debug)]
pub struct Json {
    pub json: Vec<u8>,
    /// Repeated keys as one error text, which begins with [`DUPLICATES_HEAD`].
    pub duplicates: Option<String>,
}

/// Converts the first document; an empty stream is `null`.
pub fn to_json(bytes: &[u8]) -> Result<Json, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::new(text);
    let value = reader.document()?;
    let duplicates =
        (!reader.duplicates.is_empty()).then(|| format!("{DUPLICATES_HEAD}  {}", reader.duplicates.join("\n  ")));
    Ok(Json { json: value.to_string().into_bytes(), duplicates })
}

/// A key, in its own type: `5` and `"5"` are two keys in YAML.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: Value,
    value: Node,
    line: usize,
    merge: bool,
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Anchored nodes, and how many nodes and bytes each has.
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    bytes: usize,
    duplicates: Vec<String>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let parser = Parser::new_from_str(text);
        Self { parser, anchors: HashMap::new(), nodes: 0, bytes: 0, duplicates: Vec::new() }
    }

    fn document(&mut self) -> Result<Value, String> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentStart(_) => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
                event => {
                    let (node, _) = self.node(event, span, 0)?;
                    return self.json(node);
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(error_text(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The node that begins with that event, and its line.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(Node, usize), String> {
        if depth > DEPTH_MAX {
            return Err(format!("yaml: exceeded max depth of {DEPTH_MAX}"));
        }
        let line = span.start.line();
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let tag = tag.map(|tag| tag.suffix.clone());
                (Node::Scalar(scalar::resolve(&text, plain, tag.as_deref())), anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => {
                let (nodes, bytes) = self.anchors.get(&anchor).map_or((0, 0), |(_, nodes, bytes)| (*nodes, *bytes));
                self.count(nodes, bytes)?;
                let (node, ..) = self.anchors.get(&anchor).ok_or_else(|| "yaml: unknown anchor referenced".to_owned())?;
                (node.clone(), 0)
            }
            _ => return Err("yaml: did not find expected node content".to_owned()),
        };
        self.count(1, 0)?;
        if anchor != 0 {
            let (nodes, bytes) = weight(&node);
            self.anchors.insert(anchor, (node.clone(), nodes, bytes));
        }
        Ok((node, line))
    }

    fn count(&mut self, nodes: usize, bytes: usize) -> Result<(), String> {
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes > NODES_MAX || self.bytes > BYTES_MAX {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Node, String> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::List(list)),
                (event, span) => list.push(self.node(event, span, depth + 1)?.0),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, String> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node::Map(entries));
            }
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let Node::Scalar(key) = self.node(event, span, depth + 1)?.0 else {
                return Err("yaml: invalid map key".to_owned());
            };
            let (event, span) = self.next()?;
            let (value, line) = self.node(event, span, depth + 1)?;
            entries.push(Entry { key, value, line, merge });
        }
    }

    fn json(&mut self, node: Node) -> Result<Value, String> {
        match node {
            Node::Scalar(value) => Ok(value),
            Node::List(list) => list.into_iter().map(|node| self.json(node)).collect(),
            Node::Map(entries) => {
                let mut map = Map::new();
                self.fill(&mut map, entries)?;
                map.sort_keys();
                Ok(Value::Object(map))
            }
        }
    }

    /// Sets the entries in order; a later one wins, a repeated one is noted.
    fn fill(&mut self, map: &mut Map<String, Value>, entries: Vec<Entry>) -> Result<(), String> {
        for Entry { key, value, line, merge } in entries {
            if merge {
                self.merge(map, value)?;
                continue;
            }
            let name = key_text(&key)?;
            let value = self.json(value)?;
            if map.insert(name, value).is_some() {
                let key = match &key {
                    Value::String(text) => super::json::go_quote(text),
                    other => other.to_string(),
                };
                self.duplicates.push(format!("line {line}: key {key} already set in map"));
            }
        }
        Ok(())
    }

    /// `<<: *anchor` or a list of them; in a list the first wins.
    fn merge(&mut self, map: &mut Map<String, Value>, value: Node) -> Result<(), String> {
        match value {
            Node::Map(entries) => self.fill(map, entries),
            Node::List(list) => {
                for node in list.into_iter().rev() {
                    let Node::Map(entries) = node else { return Err(MERGE_ERROR.to_owned()) };
                    self.fill(map, entries)?;
                }
                Ok(())
            }
            Node::Scalar(_) => Err(MERGE_ERROR.to_owned()),
        }
    }
}

/// How many nodes and bytes of strings a node has.
fn weight(node: &Node) -> (usize, usize) {
    let below: Vec<(usize, usize)> = match node {
        Node::Scalar(value) => return (1, value.as_str().map_or(8, str::len)),
        Node::List(list) => list.iter().map(weight).collect(),
        Node::Map(entries) => entries.iter().map(|entry| weight(&entry.value)).collect(),
    };
    below.into_iter().fold((1, 0), |(nodes, bytes), (n, b)| (nodes + n, bytes + b))
}

const MERGE_ERROR: &str = "yaml: map merge requires map or sequence of maps as the value";

fn key_text(key: &Value) -> Result<String, String> {
    Ok(match key {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => key.to_string(),
        _ => return Err("unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>".to_owned()),
    })
}

/// go-yaml counts lines from zero, names no line 0, and adds one for errors of its scanner alone.
fn error_text(error: &ScanError) -> String {
    let info = error.info();
    let (text, scanner) = match info {
        _ if info.contains("mapping values are not allowed") => ("mapping values are not allowed in this context", true),
        _ if info.contains("character that cannot start any token") || info.contains("unexpected character") => {
            ("found character that cannot start any token", true)
        }
        _ if info.contains("tab") => ("found character that cannot start any token", true),
        _ if info.contains("could not find expected ':'") || info.contains("simple key expected") => {
            ("could not find expected ':'", true)
        }
        _ if info.contains("unexpected end of stream") || info.contains("unexpected EOF") => {
            ("found unexpected end of stream", true)
        }
        _ if info.contains("unknown anchor") => return "yaml: unknown anchor referenced".to_owned(),
        _ if info.contains("did not find expected") => (info, false),
        _ if info.contains("while parsing a node") => ("did not find expected node content", false),
        _ => (info, false),
    };
    let line = error.marker().line();
    match (line, scanner) {
        (0 | 1, _) => format!("yaml: {text}"),
        (line, true) => format!("yaml: line {line}: {text}"),
        (line, false) => format!("yaml: line {}: {text}", line - 1),
    }
}
