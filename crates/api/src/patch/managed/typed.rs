//! What may be done with a value of a type by the paths in it: which it has, one laid over another, some taken out.
//! Input: values of a type, decoded or as a client wrote them, that `check` lets pass. Output: sets and values.

use super::compare::{Kind, Untyped, key_of};
use super::set::{Element, Set};
use crate::schema::Type;
use crate::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The paths that a value sets. Maps and structs are not among them but for empty ones, members of maps and items of lists are.
pub(super) fn field_set(ty: &'static Type, value: &Value) -> Result<Set, Untyped> {
    let mut set = Set::default();
    collect(Kind::Struct(ty), value, &mut Vec::new(), &mut set)?;
    Ok(set)
}

fn collect(kind: Kind, value: &Value, path: &mut Vec<Element>, set: &mut Set) -> Result<(), Untyped> {
    match kind {
        Kind::Whole => set.insert(path),
        Kind::Struct(_) | Kind::Map(_) => {
            for (name, value) in value.as_object().into_iter().flatten() {
                path.push(Element::field(name));
                let (below, declared) = kind.member(name);
                if let Some(below) = below {
                    collect(below, value, path, set)?;
                }
                if !declared || value.is_null() || value.as_object().is_some_and(Map::is_empty) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Kind::Keyed(..) | Kind::Set => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let elements = elements_of(kind, items)?;
            let repeated = repeated(&elements);
            for (element, item) in elements.iter().zip(items) {
                path.push(element.clone());
                if !repeated.contains(element) {
                    collect(kind.item(), item, path, set)?;
                }
                set.insert(path);
                path.pop();
            }
        }
    }
    Ok(())
}

fn elements_of(kind: Kind, items: &[Value]) -> Result<Vec<Element>, Untyped> {
    items.iter().map(|item| element_of(kind, item)).collect()
}

fn element_of(kind: Kind, item: &Value) -> Result<Element, Untyped> {
    match kind {
        Kind::Keyed(ty, keys) => key_of(ty, keys, item),
        _ => Ok(Element::Value(item.to_string())),
    }
}

fn repeated(elements: &[Element]) -> BTreeSet<Element> {
    let mut seen = BTreeSet::new();
    elements.iter().filter(|element| !seen.insert(*element)).cloned().collect()
}

/// `over` laid over `under`: what both have is as in `over`.
pub(super) fn merge(ty: &'static Type, under: &Value, over: &Value) -> Result<Value, Untyped> {
    merged(Kind::Struct(ty), Some(under), Some(over))
}

fn is_hollow(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn merged(kind: Kind, under: Option<&Value>, over: Option<&Value>) -> Result<Value, Untyped> {
    let leaf = || over.or(under).cloned().unwrap_or_default();
    if matches!(kind, Kind::Whole) || (is_hollow(under) && is_hollow(over)) {
        return Ok(leaf());
    }
    match kind {
        Kind::Whole => Ok(leaf()),
        Kind::Struct(_) | Kind::Map(_) => {
            let (under, over) = (under.and_then(Value::as_object), over.and_then(Value::as_object));
            let mut out = under.cloned().unwrap_or_default();
            for (name, value) in over.into_iter().flatten() {
                let member = match kind.member(name).0 {
                    Some(below) => merged(below, under.and_then(|members| members.get(name)), Some(value))?,
                    None => value.clone(),
                };
                out.insert(name.clone(), member);
            }
            Ok(Value::Object(out))
        }
        Kind::Keyed(..) | Kind::Set => {
            let items = |side: Option<&Value>| side.and_then(Value::as_array).cloned().unwrap_or_default();
            merged_items(kind, &items(under), &items(over)).map(Value::Array)
        }
    }
}

/// One item of a merged list.
fn pair(kind: Kind, under: Option<&Value>, over: Option<&Value>) -> Result<Value, Untyped> {
    merged(kind.item(), under, over)
}

/// The items of `over` in their order, those that only `under` has where they were among their neighbours.
fn merged_items(kind: Kind, under: &[Value], over: &[Value]) -> Result<Vec<Value>, Untyped> {
    let (left, right) = (elements_of(kind, under)?, elements_of(kind, over)?);
    let doubled = repeated(&left);
    let index = |elements: &[Element], values: &[Value]| -> BTreeMap<Element, Value> {
        elements.iter().cloned().zip(values.iter().cloned()).collect()
    };
    let (mut by_left, by_right) = (index(&left, under), index(&right, over));
    // Of items that share their keys none is merged with.
    by_left.retain(|element, _| !doubled.contains(element));
    let in_left: BTreeSet<&Element> = left.iter().collect();
    let mut shared = right.iter().filter(|element| in_left.contains(element));
    let mut next_shared = shared.next();
    let mut done: BTreeSet<&Element> = BTreeSet::new();
    let mut out = Vec::with_capacity(left.len().max(right.len()));
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() {
            let element = &left[l];
            if *element == right[r] {
                done.insert(element);
                out.push(pair(kind, by_left.get(element), by_right.get(element))?);
                (l, r) = (l + 1, r + 1);
                next_shared = shared.next();
                continue;
            }
            if by_right.contains_key(element) && next_shared.is_some_and(|next| next != element) {
                // It comes later, where the other list has it.
                l += 1;
                continue;
            }
        }
        if l < left.len() {
            let element = &left[l];
            if !by_right.contains_key(element) {
                out.push(pair(kind, Some(&under[l]), None)?);
                l += 1;
                continue;
            } else if done.contains(element) {
                l += 1;
            }
        }
        if r < right.len() {
            let element = &right[r];
            done.insert(element);
            out.push(pair(kind, by_left.get(element), by_right.get(element))?);
            r += 1;
            if next_shared == Some(element) {
                next_shared = shared.next();
            }
        }
    }
    Ok(out)
}

/// The value without those paths and what is below them; a map or list that loses all becomes null.
pub(super) fn remove(ty: &'static Type, value: &Value, paths: &Set) -> Value {
    removed(Kind::Struct(ty), value, paths)
}

fn removed(kind: Kind, value: &Value, paths: &Set) -> Value {
    match (kind, value) {
        (Kind::Struct(_) | Kind::Map(_), Value::Object(members)) => {
            let mut out = Map::new();
            for (name, value) in members {
                let element = Element::field(name);
                if paths.has_element(&element) {
                    continue;
                }
                let value = match (paths.below(&element), kind.member(name).0) {
                    (Some(below), Some(kind)) => removed(kind, value, below),
                    _ => value.clone(),
                };
                out.insert(name.clone(), value);
            }
            if out.is_empty() && !members.is_empty() { Value::Null } else { Value::Object(out) }
        }
        (Kind::Keyed(..) | Kind::Set, Value::Array(items)) => {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                let Ok(element) = element_of(kind, item) else {
                    out.push(item.clone());
                    continue;
                };
                if paths.has_element(&element) {
                    continue;
                }
                out.push(paths.below(&element).map_or_else(|| item.clone(), |below| removed(kind.item(), item, below)));
            }
            if out.is_empty() && !items.is_empty() { Value::Null } else { Value::Array(out) }
        }
        _ => value.clone(),
    }
}

/// The set, and of every path in it the struct fields on the way.
pub(super) fn with_named_fields(ty: &'static Type, set: &Set) -> Set {
    set.with_members(Some(Kind::Struct(ty)), &|kind, element| match (kind, element) {
        (Some(kind @ (Kind::Struct(_) | Kind::Map(_))), Element::Field(name)) => {
            let (below, declared) = kind.member(name);
            (below, declared)
        }
        (Some(kind @ Kind::Keyed(..)), Element::Key(_)) => (Some(kind.item()), false),
        _ => (None, false),
    })
}
