//! YAML 1.1 as `sigs.k8s.io/yaml` reads it: the first document, turned into JSON with sorted keys.
//! Input: bytes. Output: JSON text and what is repeated, or the error in go-yaml's words. Knows no types.

mod error;
pub mod lines;
mod scalar;
#[cfg(test)]
mod tests;

use crate::{Map, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use std::{borrow::Cow, collections::HashMap};

/// How the list of repeated keys begins.
pub const DUPLICATES_HEAD: &str = "yaml: unmarshal errors:\n";

/// Containers nest at most this deep.
const DEPTH_MAX: usize = 500;

/// Nodes of a document at most, those behind aliases counted each time: an alias bomb ends here.
const NODES_MAX: usize = 1_000_000;

/// Tabs after colons in a document at most; our parser refuses each, and the text is read again with spaces.
const TABS_MAX: usize = 100;

/// Bytes of strings at most, those behind aliases counted each time.
const BYTES_MAX: usize = 32 << 20;

const MERGE_ERROR: &str = "yaml: map merge requires map or sequence of maps as the value";

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
    let mut text = Cow::Borrowed(text);
    for _ in 0..TABS_MAX {
        let mut reader = Reader::new(&text);
        match (reader.document(), reader.tab_before) {
            (Ok(value), _) => return Ok(Json { json: value.to_string().into_bytes(), duplicates: reader.listed() }),
            (Err(_), Some(index)) => text = Cow::Owned(spaced(&text, index)),
            (Err(error), None) => return Err(error),
        }
    }
    Err("yaml: too many tabs after colons".to_owned())
}

/// The text with spaces for the tabs before that character.
fn spaced(text: &str, index: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut at = index.min(chars.len());
    while at > 0 && matches!(chars[at - 1], ' ' | '\t') {
        at -= 1;
        chars[at] = ' ';
    }
    chars.into_iter().collect()
}

#[derive(Debug, Clone)]
enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
struct Entry {
    /// In its own type: `5` and `"5"` are two keys in YAML.
    key: Value,
    value: Node,
    /// Where the value begins, counted from 1.
    line: usize,
    /// The key is a plain `<<`.
    merge: bool,
}

/// What an anchor names.
enum Anchored {
    /// Its node has not ended yet.
    Open,
    /// The node, and how many nodes and bytes it has.
    Node(Node, usize, usize),
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Anchored>,
    /// First and last line of each scalar and flow collection, and whether it is a plain scalar. Kept only if there are tabs.
    covered: Vec<(usize, usize, bool)>,
    nodes: usize,
    bytes: usize,
    duplicates: Vec<String>,
    /// The character before which tabs stand that our parser alone refuses.
    tab_before: Option<usize>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let parser = Parser::new_from_str(text);
        let (anchors, covered, duplicates) = (HashMap::new(), Vec::new(), Vec::new());
        Self { text, parser, anchors, covered, nodes: 0, bytes: 0, duplicates, tab_before: None }
    }

    /// The repeated keys as one text.
    fn listed(&self) -> Option<String> {
        (!self.duplicates.is_empty()).then(|| format!("{DUPLICATES_HEAD}  {}", self.duplicates.join("\n  ")))
    }

    fn document(&mut self) -> Result<Value, String> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentStart(_) => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
                event => {
                    let node = self.node(event, span, 0)?;
                    // The document must end well; what follows it is not read.
                    let end = match self.parser.next_event() {
                        Some(Err(error)) if !error::is_of_next_document(&error) => return Err(error::text(self.text, &error)),
                        Some(Err(error)) => error.marker().line(),
                        Some(Ok((_, span))) => span.start.line(),
                        None => 0,
                    };
                    self.check_tabs(end)?;
                    return self.json(node);
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                self.tab_before = error::tab_after_colon(&error);
                Err(error::text(self.text, &error))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Refuses lines before `end` that a tab indents, as libyaml does outside of flow collections and scalars of several lines.
    fn check_tabs(&self, end: usize) -> Result<(), String> {
        for (index, line) in self.text.lines().enumerate().take(end) {
            let number = index + 1;
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            if line[..blank].contains('\t') && !self.covered.iter().any(|(start, end, _)| (start + 1..=*end).contains(&number)) {
                let scalar_before = self.covered.iter().rev().find(|(_, end, _)| *end < number);
                let line_before = self.text.lines().take(index).filter(|line| !line.trim().is_empty()).last();
                let after_plain = scalar_before.is_some_and(|(_, _, plain)| *plain)
                    && line_before.is_some_and(|line| !line.trim_end().ends_with([':', '-']));
                return Err(error::tab(number, after_plain));
            }
        }
        Ok(())
    }

    /// The node that begins with that event.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err(format!("yaml: exceeded max depth of {DEPTH_MAX}"));
        }
        self.count(1, 0)?;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                self.cover(span, plain);
                let tag = tag.as_deref().map(|tag: &Tag| (tag.is_yaml_core_schema(), tag.suffix.as_str()));
                (Node::Scalar(scalar::resolve(&text, plain, tag)?), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.anchors.insert(anchor, Anchored::Open);
                (self.list(span, depth)?, anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.anchors.insert(anchor, Anchored::Open);
                (self.map(span, depth)?, anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            _ => return Err("yaml: did not find expected node content".to_owned()),
        };
        // Nodes without an anchor have number 0.
        if anchor != 0 {
            let (nodes, bytes) = weight(&node);
            self.anchors.insert(anchor, Anchored::Node(node.clone(), nodes, bytes));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, String> {
        let name = error::anchor_name(self.text, span.start.index());
        let (nodes, bytes) = match self.anchors.get(&anchor) {
            None => return Err(format!("yaml: unknown anchor '{name}' referenced")),
            Some(Anchored::Open) => return Err(format!("yaml: anchor '{name}' value contains itself")),
            Some(Anchored::Node(_, nodes, bytes)) => (*nodes, *bytes),
        };
        // Counted before it is copied.
        self.count(nodes, bytes)?;
        match self.anchors.get(&anchor) {
            Some(Anchored::Node(node, ..)) => Ok(node.clone()),
            _ => Err(format!("yaml: unknown anchor '{name}' referenced")),
        }
    }

    fn count(&mut self, nodes: usize, bytes: usize) -> Result<(), String> {
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes > NODES_MAX || self.bytes > BYTES_MAX {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    /// Remembers which lines a scalar or flow collection takes, if tabs will be judged.
    fn cover(&mut self, span: Span, plain: bool) {
        if self.text.contains('\t') {
            // A block scalar ends before the line that follows it.
            let end = span.end.line() - usize::from(span.end.col() == 0 && span.end.line() > span.start.line());
            self.covered.push((span.start.line(), end, plain));
        }
    }

    /// The same for a collection, if it is in brackets.
    fn cover_flow(&mut self, start: Span, end: Span) {
        if self.text.contains('\t') && self.text.chars().nth(start.start.index()).is_some_and(|c| matches!(c, '[' | '{')) {
            self.cover(Span::new(start.start, end.end), false);
        }
    }

    fn list(&mut self, start: Span, depth: usize) -> Result<Node, String> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => {
                    self.cover_flow(start, end);
                    return Ok(Node::List(list));
                }
                (event, span) => list.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, start: Span, depth: usize) -> Result<Node, String> {
        let mut entries = Vec::new();
        let mut bad_key = None;
        loop {
            let (event, span) = self.next()?;
            let merge = match &event {
                Event::MappingEnd => {
                    self.cover_flow(start, span);
                    break;
                }
                Event::Scalar(text, style, ..) => text == "<<" && *style == ScalarStyle::Plain,
                _ => false,
            };
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let line = span.start.line();
            let value = self.node(event, span, depth + 1)?;
            match key {
                Node::Scalar(key) => entries.push(Entry { key, value, line, merge }),
                // Syntax errors further on come first.
                other => bad_key = bad_key.or(Some(other)),
            }
        }
        match bad_key {
            Some(key) => Err(format!("yaml: invalid map key: {}", go_syntax(&key))),
            None => Ok(Node::Map(entries)),
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
            let name = match &key {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => key.to_string(),
                _ => return Err("unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>".to_owned()),
            };
            let value = self.json(value)?;
            if map.insert(name, value).is_some() {
                self.duplicates.push(format!("line {line}: key {} already set in map", go_syntax(&Node::Scalar(key))));
            }
        }
        Ok(())
    }

    /// `<<: *anchor` or a list of them; in a list the first wins.
    fn merge(&mut self, map: &mut Map<String, Value>, value: Node) -> Result<(), String> {
        let maps = match value {
            Node::Map(entries) => vec![Node::Map(entries)],
            Node::List(list) => list,
            Node::Scalar(_) => return Err(MERGE_ERROR.to_owned()),
        };
        for node in maps.into_iter().rev() {
            let Node::Map(entries) = node else { return Err(MERGE_ERROR.to_owned()) };
            self.fill(map, entries)?;
        }
        Ok(())
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

/// A value as Go's `%#v` prints it.
fn go_syntax(node: &Node) -> String {
    let joined = |items: Vec<String>| items.join(", ");
    match node {
        Node::Scalar(Value::String(text)) => super::json::go_quote(text),
        Node::Scalar(Value::Null) => "interface {}(nil)".to_owned(),
        Node::Scalar(value) => value.to_string(),
        Node::List(list) => format!("[]interface {{}}{{{}}}", joined(list.iter().map(go_syntax).collect())),
        Node::Map(entries) => {
            let entry = |entry: &Entry| format!("{}:{}", go_syntax(&Node::Scalar(entry.key.clone())), go_syntax(&entry.value));
            format!("map[interface {{}}]interface {{}}{{{}}}", joined(entries.iter().map(entry).collect()))
        }
    }
}
