//! Sets and maps of a table, and their elements. Pure.

use crate::datum::{Datum, Type};
use crate::numbers::*;
use crate::rule::Decision;
use std::fmt::{self, Display};

/// What a set has for each of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetKind {
    Set,
    VerdictMap,
    Map(Vec<Type>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub name: String,
    pub key: Vec<Type>,
    pub kind: SetKind,
    /// Elements are ranges: each has an end.
    pub has_intervals: bool,
    /// `Some`: rules add elements, which go after a while; at most so many are there.
    pub dynamic: Option<u32>,
}

impl Set {
    pub fn new(name: impl Into<String>, key: &[Type]) -> Set {
        Set { name: name.into(), key: key.to_vec(), kind: SetKind::Set, has_intervals: false, dynamic: None }
    }

    pub fn map(name: impl Into<String>, key: &[Type], value: &[Type]) -> Set {
        Set { kind: SetKind::Map(value.to_vec()), ..Set::new(name, key) }
    }

    pub fn verdict_map(name: impl Into<String>, key: &[Type]) -> Set {
        Set { kind: SetKind::VerdictMap, ..Set::new(name, key) }
    }

    pub fn with_intervals(self) -> Set {
        Set { has_intervals: true, ..self }
    }

    /// For [`crate::Statement::Update`].
    pub fn with_timeouts(self, elements_max: u32) -> Set {
        Set { dynamic: Some(elements_max), ..self }
    }

    pub(crate) fn flags(&self) -> u32 {
        let mut flags = 0;
        if self.kind != SetKind::Set {
            flags |= NFT_SET_MAP;
        }
        if self.has_intervals {
            flags |= NFT_SET_INTERVAL;
        }
        if self.key.len() > 1 {
            flags |= NFT_SET_CONCAT;
        }
        if self.dynamic.is_some() {
            flags |= NFT_SET_EVAL | NFT_SET_TIMEOUT;
        }
        flags
    }
}

/// Parts of a key: it has 64 bytes at most, and nothing is made of more.
const PARTS_MAX: usize = 8;

/// The bytes of a key or value, with where its parts end. There may be very many: it is one piece of memory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    bytes: Box<[u8]>,
    types: [Type; PARTS_MAX],
    parts: u8,
}

impl Key {
    pub fn new(data: &[Datum]) -> Key {
        let mut bytes = Vec::new();
        for datum in data {
            bytes.extend_from_slice(&datum.bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        Key::of(bytes, &data.iter().map(Datum::kind).collect::<Vec<_>>())
    }

    /// `None` if there are too few bytes.
    pub fn read(bytes: &[u8], types: &[Type]) -> Option<Key> {
        let room: usize = types.iter().map(|part| part.room()).sum();
        // The kernel leaves the padding of a last part away.
        let width = room - types.last().map_or(0, |last| last.room() - last.width());
        let mut whole = bytes.get(..width.max(bytes.len().min(room)))?.to_vec();
        whole.resize(room, 0);
        Some(Key::of(whole, types))
    }

    fn of(bytes: Vec<u8>, types: &[Type]) -> Key {
        let mut all = [Type::Number; PARTS_MAX];
        all[..types.len()].copy_from_slice(types);
        Key { bytes: bytes.into(), types: all, parts: u8::try_from(types.len()).expect("a key has few parts") }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn types(&self) -> &[Type] {
        &self.types[..usize::from(self.parts)]
    }

    pub fn data(&self) -> Vec<Datum> {
        let mut at = 0;
        let parts = self.types().iter().filter_map(|part| {
            let datum = part.read(&self.bytes[at..]);
            at += part.room();
            datum
        });
        parts.collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.data())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Nothing,
    Verdict(Decision),
    Data(Key),
}

/// An element of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element {
    pub key: Key,
    /// The last key, itself included, in a set with intervals.
    pub end: Option<Key>,
    pub value: Value,
}

impl Element {
    pub fn new(key: &[Datum]) -> Element {
        Element { key: Key::new(key), end: None, value: Value::Nothing }
    }

    pub fn to(self, end: &[Datum]) -> Element {
        Element { end: Some(Key::new(end)), ..self }
    }

    pub fn verdict(self, verdict: Decision) -> Element {
        Element { value: Value::Verdict(verdict), ..self }
    }

    pub fn value(self, value: &[Datum]) -> Element {
        Element { value: Value::Data(Key::new(value)), ..self }
    }
}

impl Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |types: &[Type]| types.iter().map(|part| format!("{part:?}").to_lowercase()).collect::<Vec<_>>().join(" . ");
        let kind = if self.kind == SetKind::Set { "set" } else { "map" };
        write!(f, "{kind} {} {{ type {}", self.name, names(&self.key))?;
        match &self.kind {
            SetKind::Set => {}
            SetKind::VerdictMap => f.write_str(" : verdict")?,
            SetKind::Map(value) => write!(f, " : {}", names(value))?,
        }
        if self.has_intervals {
            f.write_str("; flags interval")?;
        }
        if let Some(size) = self.dynamic {
            write!(f, "; flags dynamic,timeout; size {size}")?;
        }
        f.write_str(" }")
    }
}
