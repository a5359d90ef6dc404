//! The kinds that are served. Rows come and go while the server runs; a request works with those that were there when it came.
//! Input: rows. Output: the row of a path.

use std::sync::{Arc, RwLock};
use stead_api::kinds::KINDS;
use stead_api::registry::Kind;

/// The registry of kinds.
#[derive(Debug)]
pub(crate) struct Kinds {
    rows: RwLock<Arc<Rows>>,
}

/// The rows at one moment, in the order in which discovery lists them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    kinds: Vec<Arc<Kind>>,
}

impl Default for Kinds {
    /// The built-in kinds.
    fn default() -> Self {
        let kinds = KINDS.iter().map(|kind| Arc::new(Kind::clone(kind))).collect();
        Self { rows: RwLock::new(Arc::new(Rows { kinds })) }
    }
}

impl Kinds {
    pub(crate) fn rows(&self) -> Arc<Rows> {
        self.rows.read().expect("nothing panics while it holds the rows").clone()
    }

    /// The row of that group, version and plural.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.rows().find(group, version, plural).cloned()
    }

    /// The row of a kind that the server itself works with.
    pub(crate) fn built_in(&self, plural: &str) -> Arc<Kind> {
        let row = KINDS.iter().find(|row| row.plural == plural).expect("the server asks for built-in rows");
        self.find(row.group, row.version, plural).expect("built-in rows stay")
    }

    /// Adds a row, or replaces that of the same group, version and plural.
    pub(crate) fn set(&self, kind: Kind) {
        self.change(|kinds| match kinds.iter_mut().find(|row| is_same(row, &kind)) {
            Some(row) => *row = Arc::new(kind),
            None => kinds.push(Arc::new(kind)),
        });
    }

    /// Removes a row; built-in ones stay. Its objects stay in the store.
    pub(crate) fn remove(&self, kind: &Kind) {
        if !KINDS.iter().any(|row| is_same(row, kind)) {
            self.change(|kinds| kinds.retain(|row| !is_same(row, kind)));
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Kind>>)) {
        let mut rows = self.rows.write().expect("nothing panics while it holds the rows");
        let mut kinds = rows.kinds.clone();
        change(&mut kinds);
        *rows = Arc::new(Rows { kinds });
    }
}

impl Rows {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.iter()
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.kinds.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
    }

    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.kinds.iter().any(|kind| kind.group == group)
    }

    pub(crate) fn has_version(&self, group: &str, version: &str) -> bool {
        self.kinds.iter().any(|kind| kind.group == group && kind.version == version)
    }
}

fn is_same(a: &Kind, b: &Kind) -> bool {
    (a.group, a.version, a.plural) == (b.group, b.version, b.plural)
}
