//! Descriptions of types and fields, for `kubectl explain`, from the doc comments of the `k8s-openapi` crate's source.
//! Input: the directory of that crate's newest version module, and the names of the types wanted. Output: one text, a line for each
//! description: `T <type>\t<text>`, then its fields as `F <name>\t<text>`. A newline in a text is `\n`, a backslash `\\`.

use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the crate says of one type.
#[derive(Default)]
struct TypeDocs {
    text: String,
    /// By Rust name, in order.
    fields: Vec<(String, String)>,
}

/// Writes the descriptions of the types for which `wanted` holds.
pub fn text(root: &Path, wanted: impl Fn(&str) -> bool) -> Result<String> {
    let mut docs: BTreeMap<String, TypeDocs> = BTreeMap::new();
    visit(&source(root)?.join("src/v1_37"), &mut |source| {
        if let Some((name, ty)) = read(source)
            && wanted(&name)
        {
            docs.insert(name, ty);
        }
    })?;
    if docs.is_empty() {
        bail!("no descriptions found");
    }
    let mut text = String::new();
    for (name, ty) in &docs {
        text += &format!("T {name}\t{}\n", escaped(&ty.text));
        for (field, description) in ty.fields.iter().filter(|(_, description)| !description.is_empty()) {
            text += &format!("F {field}\t{}\n", escaped(description));
        }
    }
    Ok(text)
}

/// Where cargo keeps the crate.
fn source(root: &Path) -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "cargo alone knows where it keeps the sources")]
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--offline"]).current_dir(root).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let package = packages.iter().find(|package| package["name"] == "k8s-openapi").context("k8s-openapi")?;
    let manifest = Path::new(package["manifest_path"].as_str().context("manifest_path")?);
    Ok(manifest.parent().context("a manifest is in a directory")?.to_owned())
}

/// Reads all Rust files below a directory.
fn visit(dir: &Path, each: &mut impl FnMut(&str)) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            visit(&path, each)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?);
        }
    }
    Ok(())
}

/// The type of a file that begins with the definition's name.
fn read(source: &str) -> Option<(String, TypeDocs)> {
    let name = source.lines().next()?.strip_prefix("// Generated from definition ")?;
    let json_names = json_names(source);
    let mut ty = TypeDocs::default();
    let mut comment: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        let trimmed = line.trim_start();
        if let Some(text) = trimmed.strip_prefix("///") {
            comment.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        if line.starts_with("pub struct ") || line.starts_with("pub enum ") {
            ty.text = joined(&comment);
            inside = line.starts_with("pub struct ") && line.ends_with('{');
            if !inside {
                break;
            }
        } else if inside && line == "}" {
            break;
        } else if let Some((field, _)) = trimmed.strip_prefix("pub ").and_then(|rest| rest.split_once(':'))
            && inside
        {
            let json_name = json_names.get(field).copied().unwrap_or(field);
            ty.fields.push((json_name.to_owned(), joined(&comment)));
        } else if trimmed.starts_with("#[") {
            continue;
        }
        comment.clear();
    }
    Some((name.to_owned(), ty))
}

/// JSON names by Rust names, from the crate's own table of keys: `"binaryData" => Field::Key_binary_data,`.
fn json_names(source: &str) -> HashMap<&str, &str> {
    source
        .lines()
        .filter_map(|line| {
            let (json, rust) = line.trim().strip_prefix('"')?.split_once("\" => Field::Key_")?;
            Some((rust.trim_end_matches(','), json))
        })
        .collect()
}

/// The text of comment lines, without the escapes that rustdoc needs. Paragraphs are parted by an empty line, as in the original.
fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut chars = lines.join("\n").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('[' | ']' | '<' | '>' | '\\' | '*' | '_' | '`')) => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    text.trim_end().to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', " ")
}
