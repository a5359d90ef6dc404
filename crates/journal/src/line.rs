//! What the lines of a journal say. Pure: text in, lists out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Of the lines that are written. Lines without a number are of the time before there was one, and mean the same.
const VERSION: u64 = 1;

/// What a line says of a thing.
#[derive(Debug, Serialize)]
pub enum Change<T> {
    /// It is about to be made.
    Made(T),
    /// It has been removed.
    Gone(T),
}

impl<T: Serialize> Change<T> {
    /// As a line, without its end.
    pub fn line(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a thing's names and paths are UTF-8");
        value["v"] = VERSION.into();
        value.to_string()
    }
}

/// The things that are not crossed out.
#[derive(Debug)]
pub struct Contents<T> {
    live: BTreeSet<T>,
    /// Things of kinds that this version does not know.
    unknown: Vec<Value>,
    /// Lines that cannot be read at all, or of a later version.
    unreadable: Vec<String>,
    /// `unknown` and `unreadable` as lines.
    kept: Vec<String>,
}

impl<T: Clone + Ord + Serialize + DeserializeOwned> Contents<T> {
    /// From whole lines; also says how many there were.
    pub fn parse(bytes: &[u8]) -> (Contents<T>, usize) {
        let mut contents = Contents { live: BTreeSet::new(), unknown: Vec::new(), unreadable: Vec::new(), kept: Vec::new() };
        let mut lines = 0;
        for line in String::from_utf8_lossy(bytes).lines().filter(|line| !line.is_empty()) {
            lines += 1;
            match serde_json::from_str::<Map<String, Value>>(line).ok().and_then(change) {
                Some(change) => contents.apply(change),
                None => contents.unreadable.push(line.to_owned()),
            }
        }
        contents.kept =
            contents.unreadable.iter().cloned().chain(contents.unknown.iter().map(|thing| Change::Made(thing).line())).collect();
        (contents, lines)
    }

    fn apply(&mut self, change: Change<Value>) {
        let (Change::Made(value) | Change::Gone(value)) = &change;
        let thing = serde_json::from_value::<T>(value.clone()).ok();
        match (change, thing) {
            (Change::Made(_), Some(thing)) => {
                self.live.insert(thing);
            }
            (Change::Gone(_), Some(thing)) => {
                self.live.remove(&thing);
            }
            (Change::Made(value), None) if !self.unknown.contains(&value) => self.unknown.push(value),
            (Change::Made(_), None) => {}
            (Change::Gone(value), None) => self.unknown.retain(|known| *known != value),
        }
    }

    /// Whether a thing is there.
    pub fn contains(&self, thing: &T) -> bool {
        self.live.contains(thing)
    }

    /// Adds things.
    pub fn add(&mut self, things: &[T]) {
        self.live.extend(things.iter().cloned());
    }

    /// Takes things away.
    pub fn remove(&mut self, things: &[T]) {
        for thing in things {
            self.live.remove(thing);
        }
    }

    /// The things that this version knows.
    pub fn live(&self) -> &BTreeSet<T> {
        &self.live
    }

    /// Lines for what it does not know.
    pub fn not_understood(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(String::as_str)
    }

    /// How many lines it takes.
    pub fn len(&self) -> usize {
        self.live.len() + self.kept.len()
    }

    /// All of it as lines.
    pub fn text(&self) -> String {
        let known = self.live.iter().map(|thing| Change::Made(thing).line());
        self.kept.iter().cloned().chain(known).map(|line| line + "\n").collect()
    }
}

/// The change that a line of a version up to ours describes.
fn change(mut line: Map<String, Value>) -> Option<Change<Value>> {
    let version = line.remove("v").map_or(Some(0), |version| version.as_u64())?;
    let (name, thing) = line.into_iter().next().filter(|_| version <= VERSION)?;
    match name.as_str() {
        "Made" => Some(Change::Made(thing)),
        "Gone" => Some(Change::Gone(thing)),
        _ => None,
    }
}
