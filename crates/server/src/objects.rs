//! Decoded objects by key and revision, shared by everything that looks into stored bytes: selectors, tables, admission,
//! writes and watches read each state once; and what lists in protobuf show of each. Input: a kind and a stored entry. Output: its value or its
//! bytes, or the Status that says that what is stored cannot be read. Bounded by bytes; what has not been asked for longest goes first.

use crate::object;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use stead_api::registry::Kind;
use stead_api::wire::protobuf;
use stead_api::{Status, Value};
use stead_store::Entry;

/// What the decoded objects may take, about.
const DECODED_BYTES_MAX: usize = 8 << 20;
/// A value in memory takes about so many times the bytes of its text.
const BYTES_PER_TEXT_BYTE: usize = 6;
/// What elements of protobuf lists may take: ten thousand pods stay even if others are listed in between.
const PROTOBUF_BYTES_MAX: usize = 32 << 20;

/// The decoded objects of one server, and the elements of its protobuf lists.
#[derive(Debug)]
pub(crate) struct Objects {
    decoded: Mutex<Generations<Arc<Value>>>,
    list_items: Mutex<Generations<Bytes>>,
}

impl Default for Objects {
    fn default() -> Self {
        Self { decoded: Generations::of(DECODED_BYTES_MAX).into(), list_items: Generations::of(PROTOBUF_BYTES_MAX).into() }
    }
}

/// A state of an object in one version of its kind: group and version, the key, the revision.
type State = ((&'static str, &'static str), Arc<str>, u64);

/// What was asked for lately, and what was before that: when the young are too many they become the old, and the old go.
#[derive(Debug)]
struct Generations<T> {
    young: HashMap<State, Kept<T>>,
    old: HashMap<State, Kept<T>>,
    young_bytes: usize,
    /// Of both together.
    bytes_max: usize,
}

#[derive(Debug)]
struct Kept<T> {
    what: T,
    bytes: usize,
}

impl Objects {
    /// The object in an entry of the store.
    pub(crate) fn read(&self, kind: &Kind, entry: &Entry) -> Result<Arc<Value>, Status> {
        let state = state(kind, entry);
        if let Some(object) = lock(&self.decoded).get(&state) {
            return Ok(object);
        }
        let object = Arc::new(object::from_store(kind, &entry.key, &entry.value)?);
        lock(&self.decoded).insert(state, object.clone(), entry.value.len() * BYTES_PER_TEXT_BYTE);
        Ok(object)
    }

    /// The object in an entry of the store, as an element of a list in protobuf.
    pub(crate) fn list_item(&self, kind: &Kind, entry: &Entry) -> Result<Bytes, Status> {
        let state = state(kind, entry);
        if let Some(item) = lock(&self.list_items).get(&state) {
            return Ok(item);
        }
        let item = Bytes::from(protobuf::write::list_item(kind.schema, &object::from_store(kind, &entry.key, &entry.value)?));
        lock(&self.list_items).insert(state, item.clone(), item.len());
        Ok(item)
    }

    /// Keeps an object that was just stored: `object` is what reading the entry would give.
    pub(crate) fn keep(&self, kind: &Kind, entry: &Entry, object: Value) {
        let state = state(kind, entry);
        lock(&self.decoded).insert(state, Arc::new(object), entry.value.len() * BYTES_PER_TEXT_BYTE);
    }
}

fn state(kind: &Kind, entry: &Entry) -> State {
    ((kind.group, kind.version), entry.key.clone(), entry.revision)
}

fn lock<T>(generations: &Mutex<Generations<T>>) -> MutexGuard<'_, Generations<T>> {
    generations.lock().expect("nothing panics while it holds the objects")
}

impl<T: Clone> Generations<T> {
    fn of(bytes_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, bytes_max }
    }

    fn get(&mut self, state: &State) -> Option<T> {
        if let Some(kept) = self.young.get(state) {
            return Some(kept.what.clone());
        }
        let Kept { what, bytes } = self.old.remove(state)?;
        self.insert(state.clone(), what.clone(), bytes);
        Some(what)
    }

    fn insert(&mut self, state: State, what: T, bytes: usize) {
        if self.young_bytes + bytes > self.bytes_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if bytes <= self.bytes_max / 2 && self.young.insert(state, Kept { what, bytes }).is_none() {
            self.young_bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::kinds::config_map::CONFIG_MAP;

    fn entry(name: &str, revision: u64, text: impl Into<Bytes>) -> Entry {
        Entry { key: name.into(), value: text.into(), created: revision, revision }
    }

    #[test]
    fn a_state_is_decoded_once() {
        let objects = Objects::default();
        let first = objects.read(&CONFIG_MAP, &entry("a", 1, r#"{"data":{"x":"1"}}"#)).unwrap();
        let again = objects.read(&CONFIG_MAP, &entry("a", 1, "not looked at again")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let next = objects.read(&CONFIG_MAP, &entry("a", 2, r#"{"data":{"x":"2"}}"#)).unwrap();
        assert_eq!(next["data"]["x"], "2");
    }

    #[test]
    fn a_state_is_written_as_protobuf_once() {
        let objects = Objects::default();
        let first = objects.list_item(&CONFIG_MAP, &entry("a", 1, r#"{"data":{"x":"1"}}"#)).unwrap();
        assert_eq!(first, objects.list_item(&CONFIG_MAP, &entry("a", 1, "not looked at again")).unwrap());
        assert_ne!(first, objects.list_item(&CONFIG_MAP, &entry("a", 2, r#"{"data":{"x":"2"}}"#)).unwrap());
        objects.list_item(&CONFIG_MAP, &entry("a", 3, "{")).unwrap_err();
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let objects = Objects::default();
        let text = Bytes::from(format!(r#"{{"data":{{"x":"{}"}}}}"#, "y".repeat(10_000)));
        let used = objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap();
        for revision in 0..1000 {
            objects.read(&CONFIG_MAP, &entry("other", revision, text.clone())).unwrap();
            objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap();
        }
        assert!(Arc::ptr_eq(&used, &objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap()));
        let generations = lock(&objects.decoded);
        let kept = generations.young.len() + generations.old.len();
        assert!(kept * text.len() * BYTES_PER_TEXT_BYTE <= DECODED_BYTES_MAX, "{kept}");
    }

    #[test]
    fn bytes_that_cannot_be_read_are_an_error() {
        let deep = format!(r#"{{"data":{}1{}}}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
        for text in ["", "{", "[]", "\u{1}", deep.as_str()] {
            let error = Objects::default().read(&CONFIG_MAP, &entry("/registry/configmaps/ns/bad", 1, text.to_owned())).unwrap_err();
            assert_eq!((error.code, error.reason), (500, "InternalError"));
            assert!(error.message.contains("/registry/configmaps/ns/bad"), "{}", error.message);
        }
    }
}
