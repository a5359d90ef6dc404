//! Manifests as users name them: a file, a directory, `-`. Input: those names. Output: every object in them, in order, with file and line;
//! or everything that cannot be read, each with its place. Knows no server; which fields an object may have is not judged here.

mod document;
mod split;
#[cfg(test)]
mod tests;

pub use document::Document;

use anyhow::{Context, bail};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What of a directory is read, as kubectl does.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];
/// Bytes of one file or of standard input at most.
const BYTES_MAX: u64 = 32 << 20;
const FILES_MAX: usize = 10_000;

/// Where manifests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `-`
    StandardInput,
    /// A file, or a directory with files.
    Path(PathBuf),
}

impl Source {
    /// What a word of the command line names.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "" => Err("expected a file, a directory, or - for standard input".to_owned()),
            "-" => Ok(Self::StandardInput),
            _ if word.starts_with("http://") || word.starts_with("https://") => {
                Err(format!("is an address; fetch it first: curl -fsSL {word} | stead ... -"))
            }
            path => Ok(Self::Path(PathBuf::from(path))),
        }
    }
}

/// Which files of a directory are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Those in it.
    Directory,
    /// Those below it, too (`-R`).
    Recursive,
}

/// All objects of these sources, in the order given; files of a directory by name. The error has a line for everything that cannot be read.
pub fn read(sources: &[Source], depth: Depth) -> anyhow::Result<Vec<Document>> {
    let mut documents = Vec::new();
    let mut wrong = Vec::new();
    let mut take = |read: Result<Vec<Document>, Vec<String>>| match read {
        Ok(some) => documents.extend(some),
        Err(lines) => wrong.extend(lines),
    };
    for source in sources {
        match source {
            Source::StandardInput => take(split::documents("standard input", &standard_input()?)),
            Source::Path(path) => {
                for file in files(path, depth)? {
                    take(split::documents(&file.display().to_string(), &text(&file)?));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    if documents.is_empty() {
        bail!("no objects in {}", sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    Ok(documents)
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StandardInput => f.write_str("standard input"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

fn standard_input() -> anyhow::Result<String> {
    limited(std::io::stdin().lock()).context("read standard input")
}

fn text(file: &Path) -> anyhow::Result<String> {
    let opened = fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
    limited(opened).with_context(|| format!("read {}", file.display()))
}

fn limited(from: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        bail!("it has more than {} MiB", BYTES_MAX >> 20);
    }
    String::from_utf8(bytes).context("it is not text (UTF-8)")
}

/// The file itself, or the manifests of a directory.
fn files(path: &Path, depth: Depth) -> anyhow::Result<Vec<PathBuf>> {
    let about = fs::metadata(path).with_context(|| format!("read {}", path.display()))?;
    if !about.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut ahead = vec![path.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in fs::read_dir(&directory).with_context(|| format!("list {}", directory.display()))? {
            let entry = entry.with_context(|| format!("list {}", directory.display()))?;
            let is_directory = entry.file_type().with_context(|| format!("read {}", entry.path().display()))?.is_dir();
            match (is_directory, depth) {
                (true, Depth::Recursive) => ahead.push(entry.path()),
                (false, _) if is_manifest(&entry.path()) => found.push(entry.path()),
                _ => {}
            }
        }
        if found.len() > FILES_MAX {
            bail!("{} has more than {FILES_MAX} manifests", path.display());
        }
    }
    if found.is_empty() {
        bail!("{} has no files that end in .yaml, .yml or .json", path.display());
    }
    found.sort();
    Ok(found)
}

fn is_manifest(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| EXTENSIONS.contains(&extension))
}
