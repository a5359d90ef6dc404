//! What a watch shows first: the objects that exist, all as of one revision. They are taken from the store a page at a time, so that
//! a watch that nobody reads keeps no more than a page of them.

use std::collections::VecDeque;
use std::sync::Arc;
use stead_store::{Entry, ReadError, Store};

/// Objects of a page.
const PAGE_MAX: usize = 1_000;

pub(super) struct Initial {
    prefix: String,
    revision: u64,
    page: VecDeque<Entry>,
    rest: Rest,
}

/// What follows the page.
enum Rest {
    After(Arc<str>),
    Nothing,
}

impl Initial {
    /// What is below a prefix now.
    pub fn of(store: &Store, prefix: &str) -> Result<Self, ReadError> {
        let page = store.range(prefix, None, PAGE_MAX, None)?;
        let rest = Rest::of(&page.entries, page.remaining);
        Ok(Self { prefix: prefix.to_owned(), revision: page.revision, page: page.entries.into(), rest })
    }

    /// The revision that all of it shows.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The next object; an error if it took so long that nobody knows any more what there was.
    pub fn next(&mut self, store: &Store) -> Result<Option<Entry>, ReadError> {
        if let (None, Rest::After(last)) = (self.page.front(), &self.rest) {
            let page = store.range(&self.prefix, Some(last), PAGE_MAX, Some(self.revision))?;
            self.rest = Rest::of(&page.entries, page.remaining);
            self.page = page.entries.into();
        }
        Ok(self.page.pop_front())
    }
}

impl Rest {
    fn of(page: &[Entry], remaining: u64) -> Self {
        match page.last() {
            Some(last) if remaining > 0 => Self::After(Arc::clone(&last.key)),
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use stead_store::{Durability, Expect, Limits, NewValue};

    fn put(store: &Store, key: &str) {
        let value = NewValue { bytes: b"{}".to_vec(), stamp: None };
        store.put(key, Expect::Anything, value, Durability::Durable).now_or_never().unwrap().unwrap();
    }

    fn filled(limits: Limits, count: usize) -> Store {
        let store = Store::memory_with(limits);
        (0..count).for_each(|n| put(&store, &format!("/a/{n:05}")));
        store
    }

    #[test]
    fn pages_show_one_revision_whatever_comes_meanwhile() {
        let count = 2 * PAGE_MAX + 1;
        let store = filled(Limits::default(), count);
        let mut initial = Initial::of(&store, "/a/").unwrap();
        assert_eq!(initial.revision(), store.revision());
        put(&store, "/a/00000x");
        put(&store, &format!("/a/{:05}", count - 1));
        let mut seen = Vec::new();
        while let Some(entry) = initial.next(&store).unwrap() {
            assert!(initial.page.len() < PAGE_MAX);
            assert!(entry.revision <= initial.revision());
            seen.push(entry.key);
        }
        assert_eq!(seen, (0..count).map(|n| Arc::from(format!("/a/{n:05}"))).collect::<Vec<Arc<str>>>());
    }

    #[test]
    fn who_is_too_slow_is_told() {
        let store = filled(Limits { events_max: 3, ..Limits::default() }, PAGE_MAX + 1);
        let mut initial = Initial::of(&store, "/a/").unwrap();
        (0..4).for_each(|_| put(&store, "/b"));
        let page = (0..PAGE_MAX).map(|_| initial.next(&store));
        assert!(page.into_iter().all(|read| matches!(read, Ok(Some(_)))), "what was taken is shown");
        assert!(matches!(initial.next(&store), Err(ReadError::Compacted { .. })));
    }
}
