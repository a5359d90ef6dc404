//! What of a data directory is Stead's, by the names that it gives, and what is somebody else's. Output: an [`Inventory`]. It removes nothing.

use crate::logging;
use anyhow::Context;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use stead_sys::file::unfinished;

/// Directories that are Stead's with all that is in them.
const DIRECTORIES: [&str; 6] = ["containers", "images", "logs", "network", "pods", "storage"];
/// Files that are Stead's and written anew as a whole: a crash may leave the new one beside it.
const REPLACED: [&str; 2] = ["kubeconfig", "server.json"];
/// Other files that are Stead's, besides the logs.
const FILES: [&str; 4] = ["store.redb", "store.redb.exists", "store.redb.lock", "store.redb.new"];
const TLS: &str = "tls";
const TLS_REPLACED: [&str; 8] =
    ["admin.crt", "admin.key", "ca.crt", "ca.key", "secrets-keys.json", "server.crt", "server.key", "service-account.key"];
const TLS_FILES: [&str; 1] = ["ca.crt.unusable"];

/// What is in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// Stead's own, directories before files.
    pub directories: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
    /// Somebody else's, which stays.
    pub foreign: Vec<PathBuf>,
}

impl Inventory {
    /// Looks into a data directory; one that is not there has nothing.
    pub fn of(data_dir: &Path) -> anyhow::Result<Self> {
        let mut inventory = Self::default();
        for (path, is_directory) in entries(data_dir)? {
            let name = name(&path);
            match is_directory {
                true if name == TLS => inventory.add_tls(&path)?,
                true if DIRECTORIES.contains(&name.as_str()) => inventory.directories.push(path),
                false if is_named(&name, &REPLACED, &FILES) || logging::is_server_log(&name) => inventory.files.push(path),
                _ => inventory.foreign.push(path),
            }
        }
        Ok(inventory)
    }

    fn add_tls(&mut self, dir: &Path) -> anyhow::Result<()> {
        for (path, is_directory) in entries(dir)? {
            let is_ours = !is_directory && is_named(&name(&path), &TLS_REPLACED, &TLS_FILES);
            if is_ours { self.files.push(path) } else { self.foreign.push(path) }
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.directories.is_empty() && self.files.is_empty()
    }

    /// Whether this has ever been a server's directory: other programs have directories called `images`, too.
    pub fn is_a_servers(&self) -> bool {
        let names: BTreeSet<String> = self.directories.iter().chain(&self.files).map(|path| name(path)).collect();
        names.contains("store.redb")
            || names.contains("store.redb.exists")
            || ["ca.crt", "containers", "network"].iter().all(|one| names.contains(*one))
    }
}

/// What is in a directory, and whether each is a directory itself; links are not followed.
fn entries(dir: &Path) -> anyhow::Result<Vec<(PathBuf, bool)>> {
    let listed = match std::fs::read_dir(dir) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("list {}", dir.display())),
    };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry.with_context(|| format!("list {}", dir.display()))?;
        let kind = entry.file_type().with_context(|| format!("look at {}", entry.path().display()))?;
        entries.push((entry.path(), kind.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_named(name: &str, replaced: &[&str], others: &[&str]) -> bool {
    replaced.contains(&unfinished(name).unwrap_or(name)) || others.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes files in a directory and says which of them count as Stead's and as somebody else's, and which directories are Stead's.
    fn told_apart(dir: &Path, files: &[&str]) -> [Vec<String>; 3] {
        for file in files {
            let path = dir.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let Inventory { directories, files, foreign } = Inventory::of(dir).unwrap();
        let within = |path: &PathBuf| path.strip_prefix(dir).unwrap().display().to_string();
        [directories, files, foreign].map(|paths| paths.iter().map(within).collect())
    }

    #[test]
    fn what_others_put_there_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("containers")).unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("images")).unwrap();
        let files = ["store.redb", "server.log.1", "tls/ca.crt", "tls/mine.pem", "registries.yaml", "notes.txt", "backup/x"];
        let [directories, files, foreign] = told_apart(dir.path(), &files);
        assert_eq!(directories, ["containers"]);
        assert_eq!(files, ["server.log.1", "store.redb", "tls/ca.crt"]);
        assert_eq!(foreign, ["backup", "images", "notes.txt", "registries.yaml", "tls/mine.pem"]);
        assert!(Inventory::of(dir.path()).unwrap().is_a_servers());
    }

    #[test]
    fn all_that_a_server_leaves_is_steads() {
        let dir = tempfile::tempdir().unwrap();
        let left = [
            ".kubeconfig.17-0",
            ".server.json.4000000-12",
            "kubeconfig",
            "server.json",
            "server.log",
            "server.log.1",
            "server.log.3",
            "store.redb",
            "store.redb.exists",
            "store.redb.lock",
            "store.redb.new",
            "tls/.ca.key.17-3",
            "tls/ca.crt",
            "tls/ca.crt.unusable",
            "tls/secrets-keys.json",
        ];
        assert_eq!(told_apart(dir.path(), &left), [vec![], left.map(str::to_owned).to_vec(), vec![]]);
    }

    #[test]
    fn copies_that_others_made_stay() {
        let dir = tempfile::tempdir().unwrap();
        let copies = [
            ".kubeconfig.mine",
            ".store.redb.17-0",
            "kubeconfig.bak",
            "server.log.0",
            "server.log.01",
            "server.log.4",
            "server.log.old",
            "store.redb.bak",
            "store.redb.new.gz",
            "tls/ca-2025.crt",
            "tls/ca.crt.bak",
            "tls/ca.key.mine",
            "tls/ca.pem",
        ];
        assert_eq!(told_apart(dir.path(), &copies), [vec![], vec![], copies.map(str::to_owned).to_vec()]);
    }

    #[test]
    fn a_directory_that_was_never_a_servers_is_not_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        ["images", "logs"].iter().for_each(|made| std::fs::create_dir(dir.path().join(made)).unwrap());
        assert!(!Inventory::of(dir.path()).unwrap().is_a_servers());
        assert!(Inventory::of(Path::new("/nowhere/at/all")).unwrap().is_empty());
    }
}
