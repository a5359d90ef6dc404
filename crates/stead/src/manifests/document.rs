//! One object of a manifest, and where it stands there.

use std::sync::Arc;
use stead_api::field::{self, Errors, Path};
use stead_api::value::Access;
use stead_api::wire::yaml::lines::Lines;
use stead_api::{Value, names};

/// An object as a user has written it. It is not to be cloned: a List may be as large as its file, and has thousands of items.
#[derive(Debug)]
pub struct Document {
    /// As written: no defaults, unknown fields still in it.
    pub object: Value,
    /// The object as JSON text, with fields that stand there twice.
    pub json: Vec<u8>,
    /// Keys that a YAML text has twice: `line 5: key "a" already set in map`. Of JSON the decoder finds them.
    pub repeated: Vec<String>,
    /// The file as the user named it, `standard input` for that.
    pub file: Arc<str>,
    pub(super) lines: Arc<Lines>,
    /// Before the object's own paths: `items[3]` in a List.
    pub(super) within: String,
}

impl Document {
    pub fn kind(&self) -> &str {
        self.object.str("kind")
    }

    pub fn api_version(&self) -> &str {
        self.object.str("apiVersion")
    }

    /// Empty for an object that is to be named by the server (`generateName`).
    pub fn name(&self) -> &str {
        self.object["metadata"].str("name")
    }

    /// Empty where the manifest names none.
    pub fn namespace(&self) -> &str {
        self.object["metadata"].str("namespace")
    }

    /// Names that no path of the API leads to, in its words: an object of such a name would be looked for elsewhere.
    pub fn unreachable_names(&self) -> Errors {
        let metadata = Path::new("metadata");
        let of = |(member, name): (&str, &str)| {
            let (path, name) = (metadata.child(member), name.to_owned());
            names::path_segment_name(&name).into_iter().map(move |why| field::invalid(&path, name.as_str(), &why))
        };
        [("name", self.name()), ("namespace", self.namespace())].into_iter().flat_map(of).collect()
    }

    /// The line where the object begins, counted from 1.
    pub fn line(&self) -> usize {
        self.lines.of(&self.within)
    }

    /// The line of a field (`spec.template.spec.containers[0].image`), or of what it would stand in.
    pub fn line_of(&self, path: &str) -> usize {
        match (self.within.as_str(), path) {
            ("", path) => self.lines.of(path),
            (within, "") => self.lines.of(within),
            (within, path) => self.lines.of(&format!("{within}.{path}")),
        }
    }

    /// `web.yaml:12`
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line())
    }
}
