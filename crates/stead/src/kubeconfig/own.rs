//! The contexts of a data directory's server in kubeconfigs of users: found by the server's authority, and taken away again.

use super::merge::{self, Owner};
use super::user::{self, UserFiles};
use super::{NAME, users};
use anyhow::Context;
use base64::Engine as _;
use std::path::{Path, PathBuf};
use stead_api::{Value, json};

/// A context that leads to this data directory's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnContext {
    pub name: String,
    pub file: PathBuf,
}

/// Those in the files that this user's kubectl reads, and in the one that a running server was told to write.
pub fn own_contexts(data_dir: &Path, written: Option<&Path>) -> Vec<OwnContext> {
    let Ok(authorities) = std::fs::read(data_dir.join("tls/ca.crt")) else { return Vec::new() };
    let encoded = base64::engine::general_purpose::STANDARD.encode(authorities);
    let ours = json!({"clusters": [{"name": NAME, "cluster": {"certificate-authority-data": encoded}}]});
    let elsewhere = written.filter(|file| !file.starts_with(data_dir)).map(Path::to_owned);
    let files = users().into_iter().flat_map(|UserFiles(files)| files).chain(elsewhere);
    let mut contexts: Vec<OwnContext> = files.flat_map(|file| in_file(&file, &ours, &user::names(data_dir))).collect();
    contexts.dedup();
    contexts
}

/// A file that cannot be read has none.
fn in_file(file: &Path, ours: &Value, names: &[String]) -> Vec<OwnContext> {
    let config: Value = std::fs::read_to_string(file).ok().and_then(|text| serde_saphyr::from_str(&text).ok()).unwrap_or_default();
    let is_ours = |name: &&String| merge::owner(&config, name, ours) == Owner::Us;
    names.iter().filter(is_ours).map(|name| OwnContext { name: name.clone(), file: file.to_owned() }).collect()
}

/// Takes the context, its cluster and its user out of the file; a file in which nothing is left goes, too. One that is gone, as the server's own with
/// its directory, has none.
pub fn remove_context(context: &OwnContext) -> anyhow::Result<()> {
    if !context.file.exists() {
        return Ok(());
    }
    let left = user::remove_entries(&context.file, &context.name)?;
    let is_empty = |list: &str| left[list].as_array().is_none_or(Vec::is_empty);
    if ["clusters", "users", "contexts"].into_iter().all(is_empty) {
        std::fs::remove_file(&context.file).with_context(|| format!("remove {}", context.file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeconfig::tests::{document_of, prod};
    use crate::kubeconfig::text;

    #[test]
    fn only_the_servers_own_contexts_are_found_and_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let both = merge::merged(prod(), &document_of(1), "stead", merge::Current::Always).unwrap();
        std::fs::write(&file, text::yaml(&both).unwrap()).unwrap();
        let names = user::names(Path::new("/d"));
        assert_eq!(in_file(&file, &document_of(2), &names), []);
        let found = in_file(&file, &document_of(1), &names);
        assert_eq!(found, [OwnContext { name: "stead".to_owned(), file: file.clone() }]);
        remove_context(&found[0]).unwrap();
        let left: Value = serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!((&left["clusters"], &left["current-context"]), (&prod()["clusters"], &"".into()));
        std::fs::write(&file, text::yaml(&document_of(1)).unwrap()).unwrap();
        remove_context(&found[0]).unwrap();
        assert!(!file.exists());
        remove_context(&found[0]).unwrap();
        assert!(!file.exists());
    }
}
