//! Compares two objects of one type path by path, as ownership sees them: granular structs and maps by field, lists by their
//! declared keys, atomic values whole. Input: canonical values. Output: the paths added, changed and removed.

use super::set::{Element, Set, keys_text};
use crate::schema::{Field, ListType, Shape, Type};
use crate::{Map, Value};
use std::collections::BTreeMap;

/// The differences from one object to another.
#[derive(Debug, Default)]
pub struct Comparison {
    pub added: Set,
    pub modified: Set,
    pub removed: Set,
}

/// A list item without any of its keys: the object cannot be tracked.
#[derive(Debug, PartialEq, Eq)]
pub struct Untyped;

/// Compares two objects of a type.
pub fn compare(ty: &'static Type, old: &Value, new: &Value) -> Result<Comparison, Untyped> {
    let mut walk = Walk { path: Vec::new(), found: Comparison::default() };
    walk.visit(Kind::Struct(ty), Some(old), Some(new))?;
    Ok(walk.found)
}

/// How a value is owned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// As one piece.
    Whole,
    Struct(&'static Type),
    Map(&'static Shape),
    /// List of structs with these keys.
    Keyed(&'static Type, &'static [&'static str]),
    /// List whose items are their own keys.
    Set,
}

impl Kind {
    pub(super) fn of(field: &'static Field) -> Self {
        match (&field.shape, field.list) {
            _ if field.map_atomic => Self::Whole,
            (Shape::List(Shape::Struct(ty)), ListType::Map(keys)) => Self::Keyed(ty, keys),
            (Shape::List(_), ListType::Set) => Self::Set,
            (shape, _) => Self::of_shape(shape),
        }
    }

    pub(super) fn of_shape(shape: &'static Shape) -> Self {
        match shape {
            Shape::Struct(ty) if ty.atomic => Self::Whole,
            Shape::Struct(ty) => Self::Struct(ty),
            Shape::Map(element) => Self::Map(element),
            _ => Self::Whole,
        }
    }
}

struct Walk {
    path: Vec<Element>,
    found: Comparison,
}

type Side<'a> = Option<&'a Value>;

impl Walk {
    fn visit(&mut self, kind: Kind, old: Side<'_>, new: Side<'_>) -> Result<(), Untyped> {
        // Two empty or null values are one piece, so that empty and null stay apart.
        if matches!(kind, Kind::Whole) || (hollow(old) && hollow(new)) {
            self.leaf(old, new);
            return Ok(());
        }
        match kind {
            Kind::Whole => {}
            Kind::Struct(ty) => {
                let (old, new) = (members(old), members(new));
                for field in ty.fields {
                    self.member(field.name, Kind::of(field), old, new)?;
                }
            }
            Kind::Map(element) => {
                let (old, new) = (members(old), members(new));
                let names = |side: Option<&Map<String, Value>>| side.map(|m| m.keys().cloned().collect()).unwrap_or_default();
                let mut all: Vec<String> = names(old);
                all.extend(names(new).into_iter().filter(|name: &String| !old.is_some_and(|m| m.contains_key(name))));
                for name in all {
                    self.member(&name, Kind::of_shape(element), old, new)?;
                }
            }
            Kind::Keyed(ty, keys) => self.items(Kind::of_shape_of(ty), old, new, |item| key_of(ty, keys, item))?,
            Kind::Set => self.items(Kind::Whole, old, new, |item| Ok(Element::Value(item.to_string())))?,
        }
        match (old, new) {
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            _ => {}
        }
        Ok(())
    }

    fn member(
        &mut self,
        name: &str,
        kind: Kind,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) -> Result<(), Untyped> {
        let (old, new) = (old.and_then(|m| m.get(name)), new.and_then(|m| m.get(name)));
        self.child(Element::field(name), kind, old, new)
    }

    fn child(&mut self, element: Element, kind: Kind, old: Side<'_>, new: Side<'_>) -> Result<(), Untyped> {
        if old.is_none() && new.is_none() {
            return Ok(());
        }
        self.path.push(element);
        let done = self.visit(kind, old, new);
        self.path.pop();
        done
    }

    fn leaf(&mut self, old: Side<'_>, new: Side<'_>) {
        match (old, new) {
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if old != new => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn items(
        &mut self,
        kind: Kind,
        old: Side<'_>,
        new: Side<'_>,
        element: impl Fn(&Value) -> Result<Element, Untyped>,
    ) -> Result<(), Untyped> {
        let mut groups: BTreeMap<Element, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for item in old.and_then(Value::as_array).into_iter().flatten() {
            groups.entry(element(item)?).or_default().0.push(item);
        }
        for item in new.and_then(Value::as_array).into_iter().flatten() {
            groups.entry(element(item)?).or_default().1.push(item);
        }
        for (element, (old, new)) in groups {
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => self.child(element, kind, old.first().copied(), new.first().copied())?,
                (old, new) => self.duplicates(element, old, new),
            }
        }
        Ok(())
    }

    /// Items that share their keys are owned together, without what is in them.
    fn duplicates(&mut self, element: Element, old: &[&Value], new: &[&Value]) {
        self.path.push(element);
        if old.is_empty() {
            self.found.added.insert(&self.path);
        } else if new.is_empty() {
            self.found.removed.insert(&self.path);
        } else if old != new {
            self.found.modified.insert(&self.path);
        }
        self.path.pop();
    }
}

impl Kind {
    fn of_shape_of(ty: &'static Type) -> Self {
        if ty.atomic { Self::Whole } else { Self::Struct(ty) }
    }

    /// How a member of a struct or map is owned, and whether the type declares it by name.
    pub(super) fn member(self, name: &str) -> (Option<Self>, bool) {
        match self {
            Self::Struct(ty) => match ty.field(name) {
                Some(field) => (Some(Self::of(field)), true),
                None => (None, false),
            },
            Self::Map(element) => (Some(Self::of_shape(element)), false),
            Self::Whole | Self::Keyed(..) | Self::Set => (None, false),
        }
    }

    /// How the items of a list are owned.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Keyed(ty, _) => Self::of_shape_of(ty),
            Self::Whole | Self::Struct(_) | Self::Map(_) | Self::Set => Self::Whole,
        }
    }
}

fn members(side: Side<'_>) -> Option<&Map<String, Value>> {
    side.and_then(Value::as_object)
}

fn hollow(side: Side<'_>) -> bool {
    match side {
        None | Some(Value::Null) => true,
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// The keys of a list item; an absent key counts with its default.
pub(super) fn key_of(ty: &Type, names: &[&str], item: &Value) -> Result<Element, Untyped> {
    let keys: Vec<(String, Value)> = names
        .iter()
        .filter_map(|name| {
            let default = || ty.field(name)?.default.and_then(|text| serde_json::from_str(text).ok());
            Some(((*name).to_owned(), item.get(name).cloned().or_else(default)?))
        })
        .collect();
    if keys.is_empty() { Err(Untyped) } else { Ok(Element::Key(keys_text(keys))) }
}
