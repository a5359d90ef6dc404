//! Changes at random: of bytes, of texts and of documents. Pure but for the chance that is given.

use crate::simulation::Chance;
use serde_json::{Map, Value, json};

/// Changes of one input at most.
const CHANGES_MAX: u64 = 4;
/// Numbers at which something ends.
const NUMBERS: &[i64] =
    &[0, 1, -1, 2, 63, 64, 127, 128, 255, 256, 32_767, 65_535, 65_536, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN, 1 << 53];
/// Texts that mean something somewhere.
const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "1Ei",
    "99999999999999999999",
    "0.000000001",
    "null",
    "true",
    "a/b/c",
    "../..",
    "*",
    "$patch",
    "%",
    "{",
    "\u{0}",
    "\u{feff}",
    "\u{10ffff}",
    "é",
    "a=b,c in (d)",
    "!x",
    "10%",
    "101%",
    "-5%",
    "2006-01-02T15:04:05Z",
    "9999-99-99T99:99:99Z",
    "::1/129",
    "300.300.300.300",
    "UID",
    "kubernetes",
    "metadata.name=",
    "\n",
    "\t---\n",
    "k:{\"name\":\"x\"}",
    "f:metadata",
    "i:0",
    ".",
];

fn pick<'a, T>(chance: &mut Chance, all: &'a [T]) -> &'a T {
    &all[index(chance, all.len())]
}

/// Some place below a length, which is not 0.
pub(super) fn index(chance: &mut Chance, length: usize) -> usize {
    usize::try_from(chance.below(length as u64)).unwrap_or_default()
}

/// Changed bytes; `other` lends a piece.
pub(super) fn bytes(chance: &mut Chance, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(CHANGES_MAX) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = index(chance, bytes.len());
        let end = (at + 1 + index(chance, 16)).min(bytes.len());
        match chance.below(8) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = u8::try_from(chance.below(256)).unwrap_or_default(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                (0..=chance.below(40)).for_each(|_| drop(bytes.splice(at..at, piece.iter().copied())));
            }
            4 => bytes.truncate(at),
            5 if !other.is_empty() => {
                let from = index(chance, other.len());
                let piece = &other[from..(from + 1 + index(chance, 64)).min(other.len())];
                drop(bytes.splice(at..end, piece.iter().copied()));
            }
            6 => drop(bytes.splice(at..end, pick(chance, TEXTS).bytes())),
            _ => drop(bytes.splice(at..end, pick(chance, NUMBERS).to_string().into_bytes())),
        }
    }
    bytes
}

/// A changed text.
pub(super) fn text(chance: &mut Chance, seed: &str, other: &str) -> String {
    String::from_utf8_lossy(&bytes(chance, seed.as_bytes(), other.as_bytes())).into_owned()
}

/// A changed document; `other` lends a part.
pub(super) fn document(chance: &mut Chance, seed: &Value, other: &Value) -> Value {
    let mut document = seed.clone();
    for _ in 0..=chance.below(CHANGES_MAX) {
        let place = place(chance, &mut document);
        change(chance, place, other);
    }
    document
}

/// Some place in a document, the deep ones too.
fn place<'a>(chance: &mut Chance, document: &'a mut Value) -> &'a mut Value {
    let length = match &*document {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if length == 0 || chance.one_in(6) {
        return document;
    }
    let at = index(chance, length);
    let below = match document {
        Value::Object(members) => members.values_mut().nth(at),
        Value::Array(items) => items.get_mut(at),
        _ => None,
    };
    place(chance, below.expect("the place is below the length"))
}

fn change(chance: &mut Chance, place: &mut Value, other: &Value) {
    match (chance.below(7), &mut *place) {
        (0, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(index(chance, members.len())).cloned().unwrap_or_default();
            let value = members.remove(&name).unwrap_or_default();
            if chance.one_in(2) {
                members.insert(text(chance, &name, ""), value);
            }
        }
        (0 | 1, Value::Array(items)) if !items.is_empty() => {
            let item = items[index(chance, items.len())].clone();
            items.push(item);
        }
        (1, Value::Object(members)) => drop(members.insert((*pick(chance, TEXTS)).to_owned(), scalar(chance))),
        (2, _) => {
            let mut lent = other.clone();
            *place = self::place(chance, &mut lent).take();
        }
        (3, Value::String(seed)) => *seed = text(chance, seed, ""),
        (4, _) if chance.one_in(8) => {
            let deep = 1 + index(chance, 300);
            *place = (0..deep).fold(place.take(), |inner, _| if deep.is_multiple_of(2) { json!([inner]) } else { json!({"a": inner}) });
        }
        _ => *place = scalar(chance),
    }
}

fn scalar(chance: &mut Chance) -> Value {
    match chance.below(8) {
        0 => Value::Null,
        1 => true.into(),
        2 => Value::Object(Map::new()),
        3 => Value::Array(Vec::new()),
        4 => json!(1.5e300),
        5 => (*pick(chance, NUMBERS)).into(),
        _ => (*pick(chance, TEXTS)).into(),
    }
}
