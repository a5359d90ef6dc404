//! Strategic merge patch (P10-P14) over the schema table's merge keys. Input: a type, the object and a parsed patch.
//! Output: the patched document, directives consumed, or the Status upstream gives: most of its errors are plain 500s.

use super::restore::go_kind;
use crate::schema::{Field, Shape, Type};
use crate::{Map, Status, Value};

type Members = Map<String, Value>;

/// Directive inside a map or list element.
const PATCH: &str = "$patch";
/// Directive of a map: drop what is not listed.
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies the patch.
pub fn apply(ty: &'static Type, current: &Value, patch: Members) -> Result<Value, Status> {
    let original = match current {
        Value::Object(members) => members.clone(),
        _ => Members::new(),
    };
    merge_map(original, patch, Schema::Struct(ty)).map(Value::Object)
}

/// What is known of the map that is being merged.
#[derive(Debug, Clone, Copy)]
enum Schema {
    Struct(&'static Type),
    /// Any JSON, which upstream holds in a struct without the fields that a patch may name.
    Raw,
    /// A map with string keys, or a list's scalar elements: its members have no fields to look up.
    Opaque,
}

/// How a member merges.
struct Strategy {
    merge: bool,
    replace: bool,
    merge_key: &'static str,
    inner: Schema,
}

impl Schema {
    fn strategy(self, name: &str) -> Result<Strategy, Status> {
        let absent = |ty: &str| plain(format!("unable to find api field in struct {ty} for the json field {name:?}"));
        let ty = match self {
            Schema::Struct(ty) => ty,
            Schema::Raw => return Err(absent("RawExtension")),
            Schema::Opaque => return Err(plain("merging an object in json but data type is not struct, instead is: map")),
        };
        let field = ty.field(name).ok_or_else(|| absent(ty.short_name()))?;
        Ok(Strategy {
            merge: field.patch.merge,
            replace: replaces(ty, field),
            merge_key: field.patch.merge_key,
            inner: Self::of(&field.shape),
        })
    }

    fn of(shape: &Shape) -> Self {
        match shape {
            Shape::Struct(ty) => Self::Struct(ty),
            Shape::List(element) => Self::of(element),
            Shape::Raw => Self::Raw,
            _ => Self::Opaque,
        }
    }
}

/// The one map of the API with strategy `replace`, which the table has no word for.
fn replaces(ty: &Type, field: &Field) -> bool {
    field.name == "selector" && ty.name.ends_with(".PodDisruptionBudgetSpec")
}

/// An error that upstream does not classify.
fn plain(message: impl Into<String>) -> Status {
    Status::new(500, "", message)
}

fn no_merge_key(item: &Value, key: &str) -> Status {
    plain(format!("map: {} does not contain declared merge key: {key}", printed(item)))
}

fn bad_patch_type(directive: &Value, patch: &Members) -> Status {
    let shown = match directive {
        Value::String(text) => text.clone(),
        Value::Null => "%!s(<nil>)".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("%!s({}={})", go_kind(directive), printed(directive)),
        other => printed(other),
    };
    plain(format!("unknown patch type: {shown} in map: {}", printed(&Value::Object(patch.clone()))))
}

fn bad_argument(received: &Value) -> Status {
    let received = match received {
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        other => go_kind(other),
    };
    plain(format!("expected a []interface {{}}, but received a {received}"))
}

/// A value as Go's `%v` prints it: `map[a:1 b:[x y]]`.
pub fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> = members.into_iter().map(|(name, v)| format!("{name}:{}", printed(v))).collect();
            format!("map[{}]", members.join(" "))
        }
    }
}

fn merge_map(mut original: Members, mut patch: Members, schema: Schema) -> Result<Members, Status> {
    if let Some(directive) = patch.get(PATCH) {
        match directive.as_str() {
            Some("replace") => drop(patch.shift_remove(PATCH)),
            Some("delete") => patch.clear(),
            _ => return Err(bad_patch_type(directive, &patch)),
        }
        return Ok(patch);
    }
    retain_keys(&mut original, &mut patch)?;
    set_element_orders(&mut original, &mut patch, schema)?;
    let mut members: Vec<(String, Value)> = patch.into_iter().collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, value) in members {
        let (name, deletes) = match name.strip_prefix(DELETE_FROM) {
            Some(rest) => match rest.strip_prefix('/') {
                Some(field) => (field.to_owned(), true),
                None => return Err(Status::bad_request("invalid patch format of primitive list")),
            },
            None => (name, false),
        };
        merge_member(&mut original, name, value, deletes, schema)?;
    }
    Ok(original)
}

fn merge_member(original: &mut Members, name: String, value: Value, deletes: bool, schema: Schema) -> Result<(), Status> {
    if value.is_null() {
        original.shift_remove(&name);
        return Ok(());
    }
    match (original.get(&name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let strategy = schema.strategy(&name)?;
            let merged = if strategy.replace { new } else { merge_map(old.clone(), new, strategy.inner)? };
            original.insert(name, Value::Object(merged));
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            let strategy = schema.strategy(&name)?;
            let merged = merge_list(old.clone(), new, &strategy, deletes)?;
            original.insert(name, Value::Array(merged));
        }
        (Some(old), new) if go_kind(old) == go_kind(&new) => drop(original.insert(name, new)),
        (_, _) if deletes => {}
        (_, mut new) => {
            discard_nulls(&mut new);
            match without_directives(new) {
                Some(new) => drop(original.insert(name, new)),
                None => drop(original.shift_remove(&name)),
            }
        }
    }
    Ok(())
}

fn merge_list(old: Vec<Value>, new: Vec<Value>, strategy: &Strategy, deletes: bool) -> Result<Vec<Value>, Status> {
    if !strategy.merge && !deletes {
        return Ok(new);
    }
    if old.is_empty() && new.is_empty() {
        return Ok(old);
    }
    if !element_are_maps(&old, &new)? {
        if deletes {
            return Ok(old.into_iter().filter(|item| !new.contains(item)).collect());
        }
        let mut merged: Vec<Value> = Vec::new();
        for item in old.iter().chain(&new) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        let (patched, server_only) = merged.into_iter().partition(|item| new.contains(item));
        return order(patched, server_only, &new, &old, "");
    }
    let key = strategy.merge_key;
    if key.is_empty() {
        return Err(plain("cannot merge lists without merge key for "));
    }
    let (old, new) = special_elements(old, new, key)?;
    let merged = merge_elements(old.clone(), &new, key, strategy.inner)?;
    let (patched, server_only) = partition(merged, &new, key)?;
    order(patched, server_only, &new, &old, key)
}

/// Whether the elements are maps; all of both lists must be of one kind.
fn element_are_maps(old: &[Value], new: &[Value]) -> Result<bool, Status> {
    let mut items = old.iter().chain(new);
    let Some(first) = items.next() else {
        return Err(plain("no elements in any of the given slices"));
    };
    if first.is_array() {
        return Err(
            Status::new(422, "Invalid", "the server rejected our request due to an error in our request").with_details(crate::json!({}))
        );
    }
    if items.any(|item| go_kind(item) != go_kind(first)) {
        let lists = [Value::Array(old.to_vec()), Value::Array(new.to_vec())];
        let shown: Vec<String> = lists.iter().map(printed).collect();
        return Err(plain(format!("list element types are not identical: [{}]", shown.join(" "))));
    }
    Ok(first.is_object())
}

/// Carries out `$patch` elements; returns the original and the elements left to merge.
fn special_elements(mut old: Vec<Value>, new: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), Status> {
    let mut rest = Vec::new();
    let mut replace = false;
    for item in new {
        let Some(directive) = item.get(PATCH) else {
            rest.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let value = item.get(key).ok_or_else(|| no_merge_key(&item, key))?;
                while let Some(index) = find(&old, key, value)? {
                    old.remove(index);
                }
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(plain("merging lists cannot yet be specified in the patch")),
            _ => return Err(bad_patch_type(directive, item.as_object().unwrap_or(&Members::new()))),
        }
    }
    Ok(if replace { (rest, Vec::new()) } else { (old, rest) })
}

fn merge_elements(mut old: Vec<Value>, new: &[Value], key: &str, schema: Schema) -> Result<Vec<Value>, Status> {
    for item in new {
        let value = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
        match (find(&old, key, value)?, item) {
            (Some(index), Value::Object(patch)) => {
                let Value::Object(members) = old[index].take() else { continue };
                old[index] = Value::Object(merge_map(members, patch.clone(), schema)?);
            }
            _ => old.push(item.clone()),
        }
    }
    Ok(old)
}

/// The first element whose merge key has that value.
fn find(items: &[Value], key: &str, value: &Value) -> Result<Option<usize>, Status> {
    for (index, item) in items.iter().enumerate() {
        if !item.is_object() {
            return Err(plain(format!("value for key {index} is not a map")));
        }
        if item.get(key) == Some(value) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Splits into the elements that `by` has and those that only the server has.
fn partition(items: Vec<Value>, by: &[Value], key: &str) -> Result<(Vec<Value>, Vec<Value>), Status> {
    let (mut listed, mut rest) = (Vec::new(), Vec::new());
    for item in items {
        let value = item.get(key).ok_or_else(|| no_merge_key(&item, key))?;
        let group = if find(by, key, value)?.is_some() { &mut listed } else { &mut rest };
        group.push(item);
    }
    Ok((listed, rest))
}

/// Sorts the patch's elements by the patch and the server's by the server, then interleaves them by the server's order.
/// An empty key compares whole elements.
fn order(
    mut patched: Vec<Value>,
    mut server_only: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
) -> Result<Vec<Value>, Status> {
    if !key.is_empty() {
        let all = patched.iter().chain(patch_order).chain(&server_only).chain(server_order);
        for item in all {
            if !item.is_object() {
                return Err(bad_argument(item));
            }
            if item.get(key).is_none() {
                return Err(no_merge_key(item, key));
            }
        }
    }
    let same = |a: &Value, b: &Value| if key.is_empty() { a == b } else { a.get(key) == b.get(key) };
    let rank = |order: &[Value], item: &Value| order.iter().position(|other| same(other, item));
    patched.sort_by_key(|item| rank(patch_order, item));
    server_only.sort_by_key(|item| rank(server_order, item));
    let mut all = Vec::with_capacity(patched.len() + server_only.len());
    let (mut left, mut right) = (server_only.into_iter().peekable(), patched.into_iter().peekable());
    loop {
        let from_left = match (left.peek(), right.peek()) {
            (None, None) => return Ok(all),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => match (rank(server_order, l), rank(server_order, r)) {
                (Some(l), Some(r)) => l < r,
                _ => false,
            },
        };
        all.extend(if from_left { left.next() } else { right.next() });
    }
}

/// P12: drops the members that the directive does not list.
fn retain_keys(original: &mut Members, patch: &mut Members) -> Result<(), Status> {
    let Some(directive) = patch.shift_remove(RETAIN_KEYS) else { return Ok(()) };
    let bad = || Status::bad_request("invalid patch format of retainKeys");
    let Value::Array(kept) = directive else { return Err(bad()) };
    let listed = |name: &str| kept.iter().any(|k| k.as_str() == Some(name));
    let unlisted = patch
        .iter()
        .any(|(name, value)| !value.is_null() && !name.starts_with(DELETE_FROM) && !name.starts_with(ELEMENT_ORDER) && !listed(name));
    if unlisted {
        return Err(bad());
    }
    original.retain(|name, _| listed(name));
    Ok(())
}

/// P12: merges each list that has an order directive, and orders it.
fn set_element_orders(original: &mut Members, patch: &mut Members, schema: Schema) -> Result<(), Status> {
    let directives: Vec<String> = patch.keys().filter(|name| name.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let wanted = match patch.shift_remove(&directive) {
            Some(Value::Array(wanted)) => wanted,
            Some(other) => return Err(bad_argument(&other)),
            None => continue,
        };
        let name = directive
            .strip_prefix(ELEMENT_ORDER)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| Status::bad_request("invalid patch format of setElementOrder list"))?;
        let old = list_at(original, name)?;
        let new = list_at(patch, name)?;
        let strategy = schema.strategy(name)?;
        check_order(new.as_deref().unwrap_or_default(), &wanted, strategy.merge_key)?;
        let merged = match (&old, &new) {
            (None, None) => continue,
            (Some(old), None) => old.clone(),
            (None, Some(new)) => match without_directives(Value::Array(new.clone())) {
                Some(Value::Array(items)) => items,
                _ => continue,
            },
            (Some(old), Some(new)) => merge_list(old.clone(), new.clone(), &strategy, false)?,
        };
        let key = strategy.merge_key;
        let (listed, rest) =
            if key.is_empty() { merged.into_iter().partition(|item| wanted.contains(item)) } else { partition(merged, &wanted, key)? };
        let old = old.unwrap_or_default();
        element_are_maps(&old, new.as_deref().unwrap_or_default())?;
        let ordered = order(listed, rest, &wanted, &old, key)?;
        original.insert(name.to_owned(), Value::Array(ordered));
        patch.shift_remove(name);
    }
    Ok(())
}

fn list_at(members: &Members, name: &str) -> Result<Option<Vec<Value>>, Status> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(other) => Err(bad_argument(other)),
    }
}

/// The patch's elements must stand in the directive, in the same order; deletions aside.
fn check_order(new: &[Value], wanted: &[Value], key: &str) -> Result<(), Status> {
    if new.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut items = new.iter().filter(|item| key.is_empty() || item.get(PATCH).is_none()).peekable();
    for listed in wanted {
        let Some(item) = items.peek() else { return Ok(()) };
        let equal = if key.is_empty() {
            *item == listed
        } else {
            let left = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
            left == listed.get(key).ok_or_else(|| no_merge_key(listed, key))?
        };
        if equal {
            items.next();
        }
    }
    if items.peek().is_none() {
        return Ok(());
    }
    let (new, wanted) = (printed(&Value::Array(new.to_vec())), printed(&Value::Array(wanted.to_vec())));
    Err(plain(format!("The order in patch list:\n{new}\n doesn't match {ELEMENT_ORDER} list:\n{wanted}\n")))
}

/// In a value that is new, nulls have nothing to delete.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, v| !v.is_null());
            members.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// A new value without its maps that carry `$patch`; `None` if it is one itself.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(members) if members.contains_key(PATCH) => None,
        Value::Object(members) => {
            Some(Value::Object(members.into_iter().filter_map(|(name, v)| without_directives(v).map(|v| (name, v))).collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}
