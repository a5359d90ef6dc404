//! Decoded objects by key and revision, shared by everything that looks into stored bytes: selectors, tables, admission,
//! writes and watches read each state once. Input: a kind and a stored entry. Output: its value, or the Status that says that the
//! bytes cannot be read. Bounded by bytes; what has not been asked for longest goes first.

use crate::object;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use stead_api::registry::Kind;
use stead_api::{Status, Value};
use stead_store::Entry;

/// What the decoded objects may take, about.
const DECODED_BYTES_MAX: usize = 8 << 20;
/// A value in memory takes about so many times the bytes of its text.
const BYTES_PER_TEXT_BYTE: usize = 6;

/// The decoded objects of one server.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    generations: Mutex<Generations>,
}

/// A state of an object in one version of its kind: group and version, the key, the revision.
type State = ((&'static str, &'static str), Arc<str>, u64);

/// What was asked for lately, and what was before that: when the young are too many they become the old, and the old go.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<State, Arc<Value>>,
    old: HashMap<State, Arc<Value>>,
    young_bytes: usize,
}

impl Objects {
    /// The object in an entry of the store.
    pub(crate) fn read(&self, kind: &Kind, entry: &Entry) -> Result<Arc<Value>, Status> {
        let state = ((kind.group, kind.version), entry.key.clone(), entry.revision);
        if let Some(object) = self.lock().get(&state, entry.value.len()) {
            return Ok(object);
        }
        let object = Arc::new(object::from_store(kind, &entry.key, &entry.value)?);
        self.lock().insert(state, object.clone(), entry.value.len());
        Ok(object)
    }

    /// Keeps an object that was just stored: `object` is what reading the entry would give.
    pub(crate) fn keep(&self, kind: &Kind, entry: &Entry, object: Value) {
        self.lock().insert(((kind.group, kind.version), entry.key.clone(), entry.revision), Arc::new(object), entry.value.len());
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().expect("nothing panics while it holds the objects")
    }
}

impl Generations {
    fn get(&mut self, state: &State, text_bytes: usize) -> Option<Arc<Value>> {
        if let Some(object) = self.young.get(state) {
            return Some(object.clone());
        }
        let object = self.old.remove(state)?;
        self.insert(state.clone(), object.clone(), text_bytes);
        Some(object)
    }

    fn insert(&mut self, state: State, object: Arc<Value>, text_bytes: usize) {
        let bytes = text_bytes * BYTES_PER_TEXT_BYTE;
        if self.young_bytes + bytes > DECODED_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if bytes <= DECODED_BYTES_MAX / 2 && self.young.insert(state, object).is_none() {
            self.young_bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
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
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let objects = Objects::default();
        let text = Bytes::from(format!(r#"{{"data":{{"x":"{}"}}}}"#, "y".repeat(10_000)));
        let used = objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap();
        for revision in 0..1000 {
            objects.read(&CONFIG_MAP, &entry("other", revision, text.clone())).unwrap();
            objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap();
        }
        assert!(Arc::ptr_eq(&used, &objects.read(&CONFIG_MAP, &entry("used", 1, text.clone())).unwrap()));
        let generations = objects.lock();
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
