//! The administrator's kubeconfig: a file of its own, and a context merged into the user's `~/.kube/config`.
//! Merging touches the entries named `stead` and no other.

use crate::file;
use crate::pki::Pki;
use anyhow::Context;
use base64::Engine as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use stead_api::{Value, json};

/// Name of our cluster, user and context.
pub const NAME: &str = "stead";

/// A kubeconfig of one cluster, user and context.
pub fn document(server: &str, pki: &Pki) -> Value {
    let encode = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": server, "certificate-authority-data": encode(&pki.ca.certificate)}}],
        "users": [{"name": NAME, "user": {
            "client-certificate-data": encode(&pki.admin.certificate),
            "client-key-data": encode(&pki.admin.key),
        }}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
    })
}

/// `theirs` with our cluster, user and context added or replaced. The current context stays theirs if they have one.
pub fn merged(mut theirs: Value, ours: &Value) -> anyhow::Result<Value> {
    if theirs.is_null() {
        theirs = json!({"apiVersion": "v1", "kind": "Config"});
    }
    let map = theirs.as_object_mut().context("it is not a map")?;
    for list in ["clusters", "users", "contexts"] {
        let entry = &ours[list][0];
        let entries = map.entry(list).or_insert_with(|| json!([]));
        if entries.is_null() {
            *entries = json!([]);
        }
        let entries = entries.as_array_mut().with_context(|| format!("its {list} are not a list"))?;
        match entries.iter_mut().find(|e| e["name"] == NAME) {
            Some(old) => *old = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
    if map.get("current-context").and_then(Value::as_str).unwrap_or_default().is_empty() {
        map.insert("current-context".to_owned(), NAME.into());
    }
    Ok(theirs)
}

fn yaml(value: &Value) -> anyhow::Result<String> {
    serde_saphyr::to_string(value).context("write YAML")
}

/// Writes the kubeconfig file.
pub fn write(path: &Path, document: &Value, mode: u32) -> anyhow::Result<()> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        file::private_dir(parent)?;
    }
    file::replace(path, yaml(document)?.as_bytes(), mode)
}

/// Merges our context into a user's kubeconfig, keeping its mode and owner. A file that cannot be read as a kubeconfig is left alone.
pub fn merge_into(path: &Path, document: &Value) -> anyhow::Result<()> {
    let parent = path.parent().context("a kubeconfig has a directory")?;
    let (theirs, mode) = match std::fs::read_to_string(path) {
        Ok(text) => {
            let theirs: Value = serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", path.display()))?;
            (theirs, std::fs::metadata(path)?.mode() & 0o777)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Value::Null, 0o600),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let new = merged(theirs.clone(), document).with_context(|| format!("{} is not a kubeconfig", path.display()))?;
    if new == theirs {
        return Ok(());
    }
    let existed = parent.exists();
    file::private_dir(parent)?;
    file::replace(path, yaml(&new)?.as_bytes(), mode)?;
    let home = std::fs::metadata(parent.parent().unwrap_or(parent))?;
    let own = |path: &Path| {
        std::os::unix::fs::chown(path, Some(home.uid()), Some(home.gid())).with_context(|| format!("give {} to its user", path.display()))
    };
    if !existed {
        own(parent)?;
    }
    own(path)
}

/// The kubeconfigs of the user and, under sudo, of the user who called it.
pub fn user_files(home: Option<&str>, sudo_user: Option<&str>) -> Vec<PathBuf> {
    let sudo_home =
        sudo_user.filter(|name| *name != "root").and_then(|name| nix::unistd::User::from_name(name).ok().flatten()).map(|user| user.dir);
    let mut files: Vec<PathBuf> =
        home.map(PathBuf::from).into_iter().chain(sudo_home).map(|home| home.join(".kube").join("config")).collect();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Value {
        let pair = crate::pki::Pair { certificate: "C".into(), key: "K".into() };
        document("https://127.0.0.1:1", &Pki { ca: pair.clone(), server: pair.clone(), admin: pair })
    }

    #[test]
    fn other_contexts_are_not_touched() {
        let theirs = json!({"apiVersion": "v1", "kind": "Config", "preferences": {"colors": true}, "x": 1,
            "clusters": [{"name": "prod", "cluster": {"server": "https://prod"}}],
            "users": [{"name": "prod", "user": {"exec": {"command": "aws"}}}],
            "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "prod"}}], "current-context": "prod"});
        let new = merged(theirs.clone(), &ours()).unwrap();
        for list in ["clusters", "users", "contexts"] {
            assert_eq!(new[list][0], theirs[list][0]);
            assert_eq!(new[list][1]["name"], NAME);
        }
        assert_eq!(new["current-context"], "prod");
        assert_eq!(new["preferences"], theirs["preferences"]);
        assert_eq!(new["x"], 1);
    }

    #[test]
    fn merging_twice_is_merging_once() {
        let once = merged(Value::Null, &ours()).unwrap();
        assert_eq!(once["current-context"], NAME);
        assert_eq!(merged(once.clone(), &ours()).unwrap(), once);
    }

    #[test]
    fn a_file_is_merged_and_keeps_its_mode() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".kube/config");
        merge_into(&path, &ours()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        let back: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, ours());
    }

    #[test]
    fn what_is_no_kubeconfig_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        std::fs::write(&path, "- a\n- b\n").unwrap();
        assert!(merge_into(&path, &ours()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "- a\n- b\n");
    }
}
