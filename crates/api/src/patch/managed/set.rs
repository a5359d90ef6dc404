//! Sets of field paths and their `FieldsV1` form (P23). Input and output: sets, and JSON such as
//! `{"f:data":{".":{},"f:x":{}}}`. It knows no schema.

use crate::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// One step of a path; the order is that of the encoded form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// `f:name`: a struct field or map key.
    Field(String),
    /// `k:{...}`: a list item by its keys, as sorted JSON text.
    Key(String),
    /// `v:...`: a set's item, as JSON text.
    Value(String),
    /// `i:n`: a list item by its index.
    Index(i64),
}

impl Element {
    pub fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    fn encoded(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => format!("k:{keys}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (tag, rest) = text.split_once(':')?;
        match tag {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => {
                let Ok(Value::Object(keys)) = serde_json::from_str(rest) else { return None };
                Some(Self::Key(keys_text(keys.into_iter().collect())))
            }
            "v" => serde_json::from_str::<Value>(rest).ok().map(|value| Self::Value(value.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }
}

/// As a step of a path in messages: `.name`, `[name="a"]`, `[="a"]`, `[0]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", keys.join(","))
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The text of a list item's keys, sorted by name.
pub fn keys_text(mut keys: Vec<(String, Value)>) -> String {
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Object(keys.into_iter().collect()).to_string()
}

/// A set of paths, as a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set {
    children: BTreeMap<Element, Node>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Node {
    /// The path that ends here is in the set.
    member: bool,
    below: Set,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl Set {
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// The set of one path.
    pub fn of(path: &[Element]) -> Self {
        let mut set = Self::default();
        set.insert(path);
        set
    }

    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.children.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    pub fn has(&self, path: &[Element]) -> bool {
        match path.split_first() {
            None => false,
            Some((first, [])) => self.children.get(first).is_some_and(|node| node.member),
            Some((first, rest)) => self.children.get(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// Whether the path of that one step is in the set.
    pub fn has_element(&self, element: &Element) -> bool {
        self.children.get(element).is_some_and(|node| node.member)
    }

    /// What is below that step, if anything is.
    pub fn below(&self, element: &Element) -> Option<&Self> {
        self.children.get(element).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// The paths as messages show them; those that end here come before those that go on.
    pub fn paths(&self) -> Vec<String> {
        let ends = self.children.iter().filter(|(_, node)| node.member).map(|(element, _)| element.to_string());
        let mut paths: Vec<String> = ends.collect();
        for (element, node) in &self.children {
            paths.extend(node.below.paths().into_iter().map(|path| format!("{element}{path}")));
        }
        paths
    }

    /// The set with more of its inner paths as members: `step` says of an inner step, seen from `state`, how it goes on and
    /// whether it is to be one.
    pub fn with_members<S: Copy>(&self, state: S, step: &impl Fn(S, &Element) -> (S, bool)) -> Self {
        let children = self.children.iter().map(|(element, node)| {
            let (next, is_member) = step(state, element);
            (element.clone(), Node { member: node.member || is_member, below: node.below.with_members(next, step) })
        });
        Self { children: children.collect() }
    }

    /// Paths in either.
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (element, node) in &other.children {
            let mine = all.children.entry(element.clone()).or_default();
            mine.member |= node.member;
            mine.below = mine.below.union(&node.below);
        }
        all
    }

    /// Paths in both.
    pub fn intersection(&self, other: &Self) -> Self {
        self.combined(other, |mine, theirs| Node {
            member: mine.member && theirs.is_some_and(|t| t.member),
            below: theirs.map(|t| mine.below.intersection(&t.below)).unwrap_or_default(),
        })
    }

    /// Paths of this set that are not in the other; a path below one that is stays.
    pub fn difference(&self, other: &Self) -> Self {
        self.combined(other, |mine, theirs| match theirs {
            None => mine.clone(),
            Some(theirs) => Node { member: mine.member && !theirs.member, below: mine.below.difference(&theirs.below) },
        })
    }

    /// As [`Self::difference`], and nothing below a path of the other stays.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.combined(other, |mine, theirs| match theirs {
            None => mine.clone(),
            Some(theirs) if theirs.member => Node::default(),
            Some(theirs) => Node { member: mine.member, below: mine.below.recursive_difference(&theirs.below) },
        })
    }

    fn combined(&self, other: &Self, combine: impl Fn(&Node, Option<&Node>) -> Node) -> Self {
        let pairs = self.children.iter().map(|(element, node)| (element.clone(), combine(node, other.children.get(element))));
        Self { children: pairs.filter(|(_, node)| !node.is_empty()).collect() }
    }

    /// `FieldsV1`.
    pub fn encode(&self) -> Value {
        Value::Object(self.encode_members(Map::new()))
    }

    fn encode_members(&self, mut out: Map<String, Value>) -> Map<String, Value> {
        for (element, node) in &self.children {
            let mut below = Map::new();
            if node.member && !node.below.is_empty() {
                below.insert(".".into(), json!({}));
            }
            out.insert(element.encoded(), Value::Object(node.below.encode_members(below)));
        }
        out
    }

    /// Reads `FieldsV1`; `None` if it is not that.
    pub fn decode(fields: &Value) -> Option<Self> {
        let mut set = Self::default();
        for (name, below) in fields.as_object()? {
            if name == "." {
                continue;
            }
            let members = below.as_object()?;
            let node = Node { member: members.is_empty() || members.contains_key("."), below: Self::decode(below)? };
            set.children.insert(Element::parse(name)?, node);
        }
        Some(set)
    }
}
