//! `cargo xtask codegen`: writes the schema table (`crates/api/src/schema/generated/`) from the facts in `docs/schema/`.
//! and the descriptions beside it from the doc comments of the k8s-openapi crate.
//! Input: `types-1.37.2.json`, `embedded.json`, that crate's source. Output: Rust source, the same bytes for the same facts. Never touches other files.

mod descriptions;
mod emit;
mod facts;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, path::Path};

/// Where the generated sources go, below the workspace root.
const OUTPUT: &str = "crates/api/src/schema/generated";

/// Writes the generated files and removes stale ones.
pub fn run(root: &Path) -> Result<()> {
    let files = generate(root)?;
    let dir = root.join(OUTPUT);
    fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    for entry in fs::read_dir(&dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !files.contains_key(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    for (name, text) in &files {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// File name to contents.
fn generate(root: &Path) -> Result<BTreeMap<String, String>> {
    let facts = facts::Facts::read(&root.join("docs/schema"))?;
    let mut files = emit::files(&facts)?;
    let texts = descriptions::text(root, |name| facts.types.contains_key(name))?;
    files.insert("descriptions.txt".to_owned(), texts);
    Ok(files)
}
