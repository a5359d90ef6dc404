//! Watch events as lines, encoded once for all watches that show them alike, and shared: a watcher that does not read holds
//! no copy. Input: what happened, in which form it is shown. Output: the line. Bounded by bytes; the oldest go first.

use crate::format::ResponseFormat;
use crate::negotiation::{Media, Transform};
use crate::table::Include;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use stead_api::registry::Kind;

/// What the lines that are kept may take. One larger line is kept alone.
const LINES_BYTES_MAX: usize = 2 << 20;

/// What happened to an object, as a watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    Added,
    Modified,
    Deleted,
    /// It left the watcher's selection, which is shown as a deletion of its former state.
    Left,
}

impl Happening {
    /// The event's type on the wire.
    pub(crate) fn ty(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted | Self::Left => "DELETED",
        }
    }
}

/// What makes one line differ from another. A revision belongs to one change of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    revision: u64,
    happening: Happening,
    /// Of the kind, as the client watches it.
    version: &'static str,
    media: Media,
    transform: Transform,
    include: Include,
    /// Ages in tables are those of this second; 0 for what shows no ages.
    second: i64,
}

impl Line {
    pub(crate) fn new(kind: &Kind, revision: u64, happening: Happening, format: ResponseFormat) -> Self {
        let transform = format.form.transform;
        let second = if matches!(transform, Transform::Table(_)) { format.now.seconds() } else { 0 };
        Self { revision, happening, version: kind.version, media: format.form.media, transform, include: format.include, second }
    }
}

/// The lines that were sent lately.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    generations: Mutex<Generations>,
}

/// When the young are too many they become the old, and the old go.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Line, Arc<OnceLock<Bytes>>>,
    old: HashMap<Line, Arc<OnceLock<Bytes>>>,
    young_bytes: usize,
}

impl Lines {
    /// The line, which `encode` writes if nobody has yet. Who asks meanwhile waits for it.
    pub(crate) fn get(&self, line: Line, encode: impl FnOnce() -> Vec<u8>) -> Bytes {
        let place = self.lock().place(line);
        let mut written = 0;
        let bytes = place.get_or_init(|| {
            let bytes = Bytes::from(encode());
            written = bytes.len();
            bytes
        });
        if written > 0 {
            self.lock().wrote(written);
        }
        bytes.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().expect("nothing panics while it holds the lines")
    }
}

impl Generations {
    fn place(&mut self, line: Line) -> Arc<OnceLock<Bytes>> {
        if let Some(place) = self.young.get(&line).or_else(|| self.old.get(&line)) {
            return place.clone();
        }
        let place = Arc::default();
        self.young.insert(line, Arc::clone(&place));
        place
    }

    fn wrote(&mut self, bytes: usize) {
        self.young_bytes += bytes;
        if self.young_bytes > LINES_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::negotiation::Form;

    fn line(revision: u64) -> Line {
        Line {
            revision,
            happening: Happening::Added,
            version: "v1",
            media: Form::JSON.media,
            transform: Transform::Plain,
            include: Include::Metadata,
            second: 0,
        }
    }

    #[test]
    fn a_line_is_written_once_and_shared() {
        let lines = Lines::default();
        let first = lines.get(line(1), || b"one".to_vec());
        let again = lines.get(line(1), || panic!("it is written"));
        assert_eq!((first.as_ptr(), &first[..]), (again.as_ptr(), &b"one"[..]));
        let other = lines.get(Line { happening: Happening::Left, ..line(1) }, || b"other".to_vec());
        assert_eq!(&other[..], b"other");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let lines = Lines::default();
        for revision in 0..200 {
            lines.get(line(revision), || vec![b'x'; 100_000]);
        }
        let generations = lines.lock();
        let kept = (generations.young.len() + generations.old.len()) * 100_000;
        assert!(kept <= LINES_BYTES_MAX + 200_000, "{kept}");
        assert!(generations.young.len() + generations.old.len() > 1);
    }
}
