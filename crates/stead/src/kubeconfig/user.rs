//! The kubeconfigs that a user's kubectl reads: choosing the name of our context there and writing it.
//!
//! A symbolic link stays one, mode and owner stay, kubectl's lock is respected. A file that is no kubeconfig is left alone.

use super::merge::{self, Current, Owner};
use super::{NAME, text};
use crate::file;
use anyhow::{Context, bail};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// Attempts to take the lock that kubectl takes, and the pause between them.
const LOCK_ATTEMPTS_MAX: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The files of one user, in the order in which kubectl reads them; there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFiles(pub Vec<PathBuf>);

/// Where our context is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedContext {
    /// Name of the context.
    pub name: String,
    /// Whether kubectl uses it unless told otherwise.
    pub is_current: bool,
    /// The namespace that the user set on it.
    pub namespace: Option<String>,
    /// Servers whose contexts have the names that we would rather have had.
    pub taken_by: Vec<String>,
}

/// The files of the user who runs us and, under sudo, of the one who called it. The last is whose shell is used.
pub fn users(kubeconfig: Option<&str>, home: Option<&str>, sudo_user: Option<&str>) -> Vec<UserFiles> {
    let in_home = |home: PathBuf| UserFiles(vec![home.join(".kube").join("config")]);
    let listed: Vec<PathBuf> = kubeconfig.unwrap_or_default().split(':').filter(|p| !p.is_empty()).map(PathBuf::from).collect();
    let own = if listed.is_empty() { home.map(PathBuf::from).map(in_home) } else { Some(UserFiles(listed)) };
    let sudo_home =
        sudo_user.filter(|name| *name != "root").and_then(|name| nix::unistd::User::from_name(name).ok().flatten()).map(|user| user.dir);
    let mut users: Vec<UserFiles> = own.into_iter().chain(sudo_home.map(in_home)).collect();
    users.dedup();
    users
}

/// The names that the context of a data directory may have, best first.
pub fn names(data_dir: &Path) -> [String; 3] {
    let base = data_dir.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let base: String = base.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, data_dir.as_os_str().as_encoded_bytes());
    let id: String = digest.as_ref()[..4].iter().map(|b| format!("{b:02x}")).collect();
    [NAME.to_owned(), format!("{NAME}-{}", base.trim_matches('-')), format!("{NAME}-{id}")]
}

/// A kubeconfig as it is on disk.
struct Opened {
    /// Where the content lies, behind symbolic links.
    path: PathBuf,
    text: Option<String>,
    config: Value,
}

impl Opened {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let path = file::behind_links(path)?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let config: Value =
            serde_saphyr::from_str(text.as_deref().unwrap_or("null")).with_context(|| format!("{} is not YAML", path.display()))?;
        if !config.is_null() && !config.is_object() {
            bail!("{} is not a kubeconfig", path.display());
        }
        Ok(Self { path, text, config })
    }

    /// Writes `new` in its place, if it differs.
    fn write(&mut self, new: Value) -> anyhow::Result<()> {
        if new == self.config {
            return Ok(());
        }
        let parent = self.path.parent().context("a kubeconfig has a directory")?.to_owned();
        let content = text::edited(self.text.as_deref().unwrap_or_default(), &self.config, &new)?;
        match std::fs::metadata(&self.path) {
            Ok(old) => file::replace_owned(&self.path, content.as_bytes(), old.mode() & 0o777, Some((old.uid(), old.gid())))?,
            Err(_) => {
                // A new one is its user's, whoever runs us.
                let new_dir = !parent.exists();
                file::private_dir(&parent)?;
                let home = std::fs::metadata(parent.parent().unwrap_or(&parent))?;
                let owner = (home.uid(), home.gid());
                if new_dir {
                    std::os::unix::fs::chown(&parent, Some(owner.0), Some(owner.1))
                        .with_context(|| format!("give {} to its user", parent.display()))?;
                }
                file::replace_owned(&self.path, content.as_bytes(), 0o600, Some(owner))?;
            }
        }
        (self.text, self.config) = (Some(content), new);
        Ok(())
    }
}

/// The lock that kubectl takes while it changes a kubeconfig.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> anyhow::Result<Option<Self>> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        for _ in 0..LOCK_ATTEMPTS_MAX {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(_) => return Ok(Some(Self(lock))),
                // Nobody else writes into a directory that is not there yet.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => std::thread::sleep(LOCK_PAUSE),
                Err(error) => return Err(error).with_context(|| format!("make {}", lock.display())),
            }
        }
        bail!("{} exists: another program changes the file; if none does, remove it", lock.display())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Merges our context into a user's files. `is_alive` tells whether the server of that address and these authorities is there.
pub fn merge_context(
    files: &UserFiles,
    document: &Value,
    data_dir: &Path,
    is_alive: impl Fn(&str, &str) -> bool,
) -> anyhow::Result<MergedContext> {
    let mut locks = Vec::new();
    for path in &files.0 {
        locks.extend(Lock::take(&file::behind_links(path)?)?);
    }
    let mut opened: Vec<Opened> = files.0.iter().map(|path| Opened::read(path)).collect::<anyhow::Result<_>>()?;
    let names = names(data_dir);
    let mut taken_by = Vec::new();
    let mut choice = None;
    for name in &names {
        let there = opened.iter().position(|o| merge::owner(&o.config, name, document) != Owner::Nobody);
        let Some(at) = there else {
            // As kubectl: the first that exists, else the last.
            let at = opened.iter().position(|o| o.text.is_some()).unwrap_or(opened.len() - 1);
            choice = Some((name, at, false));
            break;
        };
        match merge::owner(&opened[at].config, name, document) {
            Owner::Nobody | Owner::Us => choice = Some((name, at, false)),
            Owner::Stead { server, authorities } if !is_alive(&server, &authorities) => choice = Some((name, at, true)),
            Owner::Stead { server, .. } => taken_by.push(server),
            Owner::Other => taken_by.push(format!("the context {name:?} of yours")),
        }
        if choice.is_some() {
            break;
        }
    }
    let (name, at, is_anothers) = choice.with_context(|| format!("the contexts {} are all of others", names.join(", ")))?;
    let current = opened.iter().map(|o| o.config.str("current-context")).find(|c| !c.is_empty()).unwrap_or_default().to_owned();
    for stale in names.iter().filter(|other| *other != name) {
        for o in &mut opened {
            if merge::owner(&o.config, stale, document) == Owner::Us {
                o.write(merge::without(o.config.clone(), stale, name))?;
            }
        }
    }
    let target = &mut opened[at];
    let mut theirs = target.config.clone();
    if is_anothers {
        let stays = theirs.str("current-context").to_owned();
        theirs = merge::without(theirs, name, &stays);
    }
    let when = if current.is_empty() { Current::IfNone } else { Current::Never };
    let new = merge::merged(theirs, document, name, when).with_context(|| format!("{} is not a kubeconfig", target.path.display()))?;
    target.write(new)?;
    let context = target.config.items("contexts").iter().find(|c| c.str("name") == name);
    let namespace = context.map(|c| c["context"].str("namespace").to_owned()).filter(|n| !n.is_empty());
    let current = opened.iter().map(|o| o.config.str("current-context")).find(|c| !c.is_empty()).unwrap_or_default();
    Ok(MergedContext { name: name.clone(), is_current: current == name, namespace, taken_by })
}

/// Takes the entries of that name out of a file; what is left in it.
pub fn remove_entries(path: &Path, name: &str) -> anyhow::Result<Value> {
    let _lock = Lock::take(&file::behind_links(path)?)?;
    let mut opened = Opened::read(path)?;
    opened.write(merge::without(opened.config.clone(), name, ""))?;
    Ok(opened.config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeconfig::tests::{document_of, server_of};

    const ALIVE: fn(&str, &str) -> bool = |_, _| true;
    const DEAD: fn(&str, &str) -> bool = |_, _| false;

    fn one_file(dir: &tempfile::TempDir) -> UserFiles {
        UserFiles(vec![dir.path().join(".kube/config")])
    }

    fn server(files: &UserFiles, context: &str) -> String {
        let config = files.0.iter().map(|f| Opened::read(f).unwrap().config);
        let found = config.flat_map(|c| c.items("clusters").to_vec()).find(|c| c.str("name") == context);
        found.map(|c| c["cluster"].str("server").to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_new_file_is_private_and_ours_is_current() {
        let home = tempfile::tempdir().unwrap();
        let files = one_file(&home);
        let joined = merge_context(&files, &document_of(1), Path::new("/d"), ALIVE).unwrap();
        assert_eq!((joined.name.as_str(), joined.is_current), ("stead", true));
        assert_eq!(std::fs::metadata(&files.0[0]).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(home.path().join(".kube")).unwrap().count(), 1, "no lock and no temporary file stay");
    }

    #[test]
    fn a_second_living_server_gets_a_name_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let files = one_file(&home);
        merge_context(&files, &document_of(1), Path::new("/one"), ALIVE).unwrap();
        let second = merge_context(&files, &document_of(2), Path::new("/srv/Two"), ALIVE).unwrap();
        assert_eq!((second.name.as_str(), second.is_current), ("stead-two", false));
        assert_eq!(second.taken_by, [server_of(1)]);
        assert_eq!((server(&files, "stead"), server(&files, "stead-two")), (server_of(1), server_of(2)));
        // Both keep what they have.
        assert_eq!(merge_context(&files, &document_of(1), Path::new("/one"), ALIVE).unwrap().name, "stead");
        assert_eq!(merge_context(&files, &document_of(2), Path::new("/srv/Two"), ALIVE).unwrap().name, "stead-two");
    }

    #[test]
    fn the_name_of_a_server_that_is_gone_is_free_and_goes_back() {
        let home = tempfile::tempdir().unwrap();
        let files = one_file(&home);
        merge_context(&files, &document_of(1), Path::new("/one"), ALIVE).unwrap();
        merge_context(&files, &document_of(2), Path::new("/two"), ALIVE).unwrap();
        // The first has gone: the second leaves its own name for the better one.
        assert_eq!(merge_context(&files, &document_of(2), Path::new("/two"), DEAD).unwrap().name, "stead");
        assert_eq!((server(&files, "stead"), server(&files, "stead-two")), (server_of(2), String::new()));
        // The second has gone: the first gets its name back.
        assert_eq!(merge_context(&files, &document_of(1), Path::new("/one"), DEAD).unwrap().name, "stead");
        assert_eq!(server(&files, "stead"), server_of(1));
    }

    #[test]
    fn a_cluster_of_another_kind_keeps_its_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        std::fs::write(&path, "clusters:\n- name: stead\n  cluster: {server: https://far}\n").unwrap();
        let files = UserFiles(vec![path]);
        assert_eq!(merge_context(&files, &document_of(1), Path::new("/d"), DEAD).unwrap().name, "stead-d");
        assert_eq!(server(&files, "stead"), "https://far");
    }

    #[test]
    fn a_symbolic_link_stays_one_also_where_it_leads_nowhere_yet() {
        for there in [true, false] {
            let home = tempfile::tempdir().unwrap();
            let (link, target) = (home.path().join("config"), home.path().join("mine.yaml"));
            if there {
                std::fs::write(&target, "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n").unwrap();
            }
            std::os::unix::fs::symlink("mine.yaml", &link).unwrap();
            merge_context(&UserFiles(vec![link.clone()]), &document_of(1), Path::new("/d"), ALIVE).unwrap();
            assert!(link.is_symlink());
            assert!(std::fs::read_to_string(&target).unwrap().contains("name: stead"));
        }
    }

    #[test]
    fn mode_and_namespace_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        let files = UserFiles(vec![path.clone()]);
        merge_context(&files, &document_of(1), Path::new("/d"), ALIVE).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("user: stead\n", "user: stead\n    namespace: team\n")).unwrap();
        let joined = merge_context(&files, &document_of(1), Path::new("/d"), ALIVE).unwrap();
        assert_eq!(joined.namespace.as_deref(), Some("team"), "{}", std::fs::read_to_string(&path).unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn of_several_files_the_one_that_has_our_context_is_written() {
        let home = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["a", "b", "c"].iter().map(|n| home.path().join(n)).collect();
        std::fs::write(&paths[1], "current-context: other\n").unwrap();
        let files = UserFiles(paths.clone());
        // The first that exists, as kubectl does; and the current context of any of them counts.
        let joined = merge_context(&files, &document_of(1), Path::new("/d"), ALIVE).unwrap();
        assert!(!joined.is_current);
        assert!(!paths[0].exists() && !paths[2].exists());
        std::fs::write(&paths[0], "{}\n").unwrap();
        merge_context(&files, &document_of(1), Path::new("/d"), ALIVE).unwrap();
        assert_eq!(std::fs::read_to_string(&paths[0]).unwrap(), "{}\n");
    }

    #[test]
    fn what_is_no_kubeconfig_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        std::fs::write(&path, "- a\n- b\n").unwrap();
        assert!(merge_context(&UserFiles(vec![path.clone()]), &document_of(1), Path::new("/d"), ALIVE).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "- a\n- b\n");
    }

    #[test]
    fn the_files_of_a_user() {
        assert_eq!(users(None, Some("/h"), None), [UserFiles(vec!["/h/.kube/config".into()])]);
        assert_eq!(users(Some("/a::/b"), Some("/h"), Some("root")), [UserFiles(vec!["/a".into(), "/b".into()])]);
        assert_eq!(users(Some(""), Some("/h"), None), [UserFiles(vec!["/h/.kube/config".into()])]);
        assert!(users(None, None, None).is_empty());
    }
}
