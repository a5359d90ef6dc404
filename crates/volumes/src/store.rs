//! The owners' directories below one root: setting volumes up, taking them down, removing an owner, and what is there after a restart.

use crate::error::{Error, Result, failed};
use crate::ownership::{self, Change, Group};
use crate::payload::Payload;
use crate::sub_path::{self, SubPath};
use crate::{mounts, publish, removal};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use stead_journal::{Journal, Thing};

const ROOT_MODE: u32 = 0o777;
/// Of what only this program goes through.
const PRIVATE_MODE: u32 = 0o750;
const JOURNAL: &str = "journal";

/// One volume of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Unique for its owner; a name that can be a file's.
    pub name: String,
    /// Directory of its kind, such as `kubernetes.io~empty-dir`.
    pub kind: &'static str,
    pub content: Content,
    /// Whom it is given to.
    pub group: Option<Group>,
    /// Directories inside that other mounts of a container need.
    pub mount_points: Vec<String>,
}

/// What a volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A directory on disk that its users fill.
    Directory,
    /// One in memory.
    Memory { size_bytes: u64 },
    /// One in huge pages of a size.
    HugePages { page_bytes: u64 },
    /// Files that this program publishes; in memory if a size is given.
    Files { payload: Payload, memory_bytes: Option<u64> },
}

/// What is made on the machine beside plain files of the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Made {
    Mount(PathBuf),
    /// What lies elsewhere, bound.
    Bind {
        place: PathBuf,
        source: PathBuf,
    },
}

impl Made {
    fn place(&self) -> &Path {
        let (Made::Mount(place) | Made::Bind { place, .. }) = self;
        place
    }
}

impl Thing for Made {
    fn outlives_power(&self) -> bool {
        false
    }
}

/// All owners' volumes; one process at a time has them open.
#[derive(Debug)]
pub struct Store {
    pub(crate) root: PathBuf,
    pub(crate) journal: Journal<Made>,
    /// Held from looking at who uses something to using it.
    pub(crate) claiming: Mutex<()>,
}

impl Store {
    /// Opens the root, or begins it. Mounts of before are kept.
    pub fn open(root: &Path) -> Result<Store> {
        private_directory(root)?;
        let root = root.canonicalize().map_err(failed("resolve", root))?;
        let journal = Journal::open(&root.join(JOURNAL))?;
        let store = Store { root, journal, claiming: Mutex::new(()) };
        let mounted = mounts::below(&store.root)?;
        // What a restart of the machine took away.
        let gone: Vec<Made> = store.journal.live().into_iter().filter(|made| !mounted.iter().any(|place| place == made.place())).collect();
        store.journal.gone(&gone);
        Ok(store)
    }

    /// An owner's directory.
    pub fn directory(&self, owner: &str) -> PathBuf {
        self.root.join(owner)
    }

    /// A volume's directory.
    pub fn place(&self, owner: &str, kind: &str, name: &str) -> PathBuf {
        self.directory(owner).join("volumes").join(kind).join(name)
    }

    /// Everybody who has a directory.
    pub fn owners(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.root).map_err(failed("list", &self.root))?;
        let directories = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        Ok(directories.filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// Makes an owner's directory.
    pub fn begin(&self, owner: &str) -> Result<()> {
        check_name(owner)?;
        private_directory(&self.directory(owner))
    }

    /// Sets a volume up, or brings its files up to date. What its users wrote stays.
    pub fn set_up(&self, owner: &str, volume: &Volume) -> Result<()> {
        check_name(owner)?;
        check_name(&volume.name)?;
        let place = self.place(owner, volume.kind, &volume.name);
        private_directory(place.parent().unwrap_or(&place))?;
        match &volume.content {
            Content::Directory => on_disk(&place, volume.group)?,
            Content::Memory { size_bytes } => self.mounted(&place, volume.group, |place| mounts::memory(place, *size_bytes))?,
            Content::HugePages { page_bytes } => self.mounted(&place, volume.group, |place| mounts::huge_pages(place, *page_bytes))?,
            Content::Files { payload, memory_bytes } => {
                match memory_bytes {
                    Some(size_bytes) => self.mounted(&place, volume.group, |place| mounts::memory(place, *size_bytes))?,
                    None => on_disk(&place, volume.group)?,
                }
                publish::publish(&place, payload, volume.group)?;
            }
        }
        for point in &volume.mount_points {
            let path = place.join(point);
            fs::DirBuilder::new().recursive(true).mode(0o755).create(&path).map_err(failed("make", &path))?;
        }
        Ok(())
    }

    /// A file system of its own.
    fn mounted(&self, place: &Path, group: Option<Group>, mount: impl Fn(&Path) -> Result<()>) -> Result<()> {
        private_directory(place)?;
        if !mounts::is_mounted(place) {
            let made = [Made::Mount(place.to_owned())];
            self.journal.make(&made)?;
            if let Err(error) = mount(place) {
                self.journal.gone(&made);
                return Err(error);
            }
        }
        // A crash may have come between the two; its root is given last, and so says whether all of it was.
        group.map_or(Ok(()), |group| ownership::give(place, Group { change: Change::OnRootMismatch, ..group }))
    }

    /// Makes the directory of a volume that somebody else mounts, and writes that mount down; where. `None`: it is mounted.
    pub fn begin_mount(&self, owner: &str, kind: &str, name: &str) -> Result<Option<PathBuf>> {
        check_name(owner)?;
        check_name(name)?;
        let place = self.place(owner, kind, name);
        private_directory(&place)?;
        if mounts::is_mounted(&place) {
            return Ok(None);
        }
        self.journal.make(&[Made::Mount(place.clone())])?;
        Ok(Some(place))
    }

    /// Binds a path inside a volume; gives its place.
    pub fn bind(&self, owner: &str, sub_path: &SubPath) -> Result<PathBuf> {
        check_name(owner)?;
        check_name(&sub_path.volume)?;
        check_name(&sub_path.container)?;
        let source = sub_path::resolve(&sub_path.root, &sub_path.path)?;
        let place = sub_path.place(&self.directory(owner));
        self.journal.make(&[Made::Mount(place.clone())])?;
        sub_path::bind(&source, &place)?;
        Ok(place)
    }

    /// Takes all volumes of an owner down, with what is in them. Its directory and other files in it stay.
    pub fn tear_down(&self, owner: &str) -> Result<()> {
        check_name(owner)?;
        self.unmount(owner)?;
        for name in ["volume-subpaths", "volumes"] {
            self.remove_tree(owner, &self.directory(owner).join(name))?;
        }
        Ok(())
    }

    /// Removes every trace of an owner. One that is not there is removed.
    pub fn remove(&self, owner: &str) -> Result<()> {
        check_name(owner)?;
        self.unmount(owner)?;
        self.remove_tree(owner, &self.directory(owner))
    }

    /// Takes every mount of an owner away that the journal lists; the inner ones first.
    fn unmount(&self, owner: &str) -> Result<()> {
        let directory = self.directory(owner);
        let ours = self.journal.live().into_iter().filter(|made| made.place().starts_with(&directory));
        // A place is older than what is mounted in it, whatever kind of thing either is.
        let mut ours: Vec<Made> = ours.collect();
        ours.sort_by(|a, b| a.place().cmp(b.place()));
        for made in ours.into_iter().rev() {
            mounts::unmount(made.place())?;
            self.journal.gone(&[made]);
        }
        Ok(())
    }

    /// Mounts that nobody wrote down, as a container with shared mounts may leave, are taken away and the removal tried once more.
    fn remove_tree(&self, owner: &str, path: &Path) -> Result<()> {
        match removal::remove_tree(path) {
            Err(Error::Refused(_)) => {}
            other => return other,
        }
        for place in mounts::below(&self.directory(owner))?.iter().rev() {
            mounts::unmount(place)?;
        }
        removal::remove_tree(path)
    }

    /// Takes every mount away, as when all that uses them has ended; files stay. The number of mounts.
    pub fn unmount_all(&self) -> Result<usize> {
        let mounted = mounts::below(&self.root)?;
        for place in mounted.iter().rev() {
            mounts::unmount(place)?;
        }
        self.journal.gone(&self.journal.live());
        Ok(mounted.len())
    }
}

/// Takes away what is mounted below a root whose files are gone.
pub fn unmount_below(root: &Path) -> Result<usize> {
    let mounted = mounts::below(root)?;
    for place in mounted.iter().rev() {
        mounts::unmount(place)?;
    }
    Ok(mounted.len())
}

/// Made as a whole: a volume that is there has its mode and its group.
fn on_disk(place: &Path, group: Option<Group>) -> Result<()> {
    if place.is_dir() {
        return Ok(());
    }
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = place.with_file_name(format!(".{name}.new"));
    removal::remove_tree(&new)?;
    fs::create_dir(&new).map_err(failed("make", &new))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(ROOT_MODE)).map_err(failed("chmod", &new))?;
    if let Some(group) = group {
        ownership::give(&new, group)?;
    }
    fs::rename(&new, place).map_err(failed("make", place))
}

pub(crate) fn private_directory(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_MODE).create(path).map_err(failed("make", path))
}

/// A name that is one element of a path.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let bad = name.is_empty() || name.len() > 255 || name.starts_with('.') || name.contains(['/', '\0']) || name == JOURNAL;
    if bad { Err(Error::Refused(format!("{name:?} cannot be the name of a directory"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use std::os::unix::fs::MetadataExt;

    fn volume(name: &str, content: Content) -> Volume {
        Volume { name: name.to_owned(), kind: "plain", content, group: None, mount_points: Vec::new() }
    }

    #[test]
    fn a_directory_has_its_mode_and_keeps_what_is_written() {
        // VOL-3
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("pods")).unwrap();
        let place = store.place("u", "plain", "v");
        store.set_up("u", &Volume { mount_points: vec!["in/side".to_owned()], ..volume("v", Content::Directory) }).unwrap();
        assert_eq!(fs::metadata(&place).unwrap().mode() & 0o7777, 0o777);
        assert!(place.join("in/side").is_dir());
        fs::write(place.join("f"), vec![1; 10_000]).unwrap();
        store.set_up("u", &volume("v", Content::Directory)).unwrap();
        assert!(place.join("f").exists());
        assert_eq!(store.owners().unwrap(), ["u"]);
        store.tear_down("u").unwrap();
        assert!(store.directory("u").is_dir() && !place.exists());
        store.remove("u").unwrap();
        assert_eq!(store.owners().unwrap(), [""; 0]);
        store.remove("u").unwrap();
    }

    #[test]
    fn files_are_published_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut payload = Payload::default();
        payload.insert("a", File { content: b"one".to_vec(), mode: 0o644, owner: None }).unwrap();
        store.set_up("u", &volume("v", Content::Files { payload, memory_bytes: None })).unwrap();
        assert_eq!(fs::read(store.place("u", "plain", "v").join("a")).unwrap(), b"one");
    }

    #[test]
    fn names_are_one_element() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for bad in ["", "..", "a/b", ".hidden", "journal"] {
            store.begin(bad).unwrap_err();
            store.remove(bad).unwrap_err();
        }
    }
}
