//! What lies elsewhere on the machine and outlives its users: a directory, file or device, bound into an owner's directory for as long
//! as that is there. Taking it down takes the bind away, never what is in it.

use crate::error::{Error, Result, failed};
use crate::ownership::{self, Group};
use crate::store::{Made, Store, check_name, private_directory};
use crate::{mounts, sub_path};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// What is bound, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Unique for its owner; a name that can be a file's.
    pub name: String,
    /// Directory of its kind.
    pub kind: &'static str,
    pub source: PathBuf,
    pub shape: Shape,
    pub sharing: Sharing,
    /// Whom a directory is given to.
    pub group: Option<Group>,
}

/// What must lie there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Any,
    Directory,
    BlockDevice,
}

/// Who else may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    Shared,
    /// Nobody.
    Alone,
}

impl Store {
    /// Binds it; done already, it stays so. [`Error::InUse`] if another owner has what is wanted alone, [`Error::Missing`] if nothing lies
    /// there.
    pub fn bind_outside(&self, owner: &str, outside: &Outside) -> Result<()> {
        check_name(owner)?;
        check_name(&outside.name)?;
        let place = self.place(owner, outside.kind, &outside.name);
        if self.is_bound(&place)? {
            return Ok(());
        }
        let source = resolved(&outside.source)?;
        check(&source, outside.shape)?;
        let made = [Made::Bind { place: place.clone(), source: source.clone() }];
        {
            let _claiming = self.claiming.lock().unwrap_or_else(PoisonError::into_inner);
            if outside.sharing == Sharing::Alone
                && let Some(other) = self.users_of(&source).into_iter().find(|other| other != owner)
            {
                return Err(Error::InUse { source_path: source, owner: other });
            }
            self.journal.make(&made)?;
        }
        let bound = self.bind_at(&source, &place, outside);
        if bound.is_err() {
            mounts::unmount(&place)?;
            self.journal.gone(&made);
        }
        bound
    }

    fn bind_at(&self, source: &Path, place: &Path, outside: &Outside) -> Result<()> {
        // First its group: what is bound is ready.
        if let Some(group) = outside.group.filter(|_| source.is_dir()) {
            ownership::give(source, group)?;
        }
        let handle = nix::fcntl::open(source, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
        let handle = handle.map_err(|error| failed("open", source)(error.into()))?;
        private_directory(place.parent().unwrap_or(place))?;
        sub_path::bind(&handle, place)
    }

    /// Whether something is bound at a place.
    pub fn is_bound(&self, place: &Path) -> Result<bool> {
        Ok(mounts::below(&self.root)?.iter().any(|mounted| mounted == place))
    }

    /// The owners that have what lies at a path, or below it.
    pub fn users_of(&self, source: &Path) -> Vec<String> {
        let of = |made: Made| match made {
            Made::Bind { place, source: theirs } if theirs.starts_with(source) => {
                let owner = place.strip_prefix(&self.root).ok()?.iter().next()?;
                owner.to_str().map(str::to_owned)
            }
            Made::Bind { .. } | Made::Mount(_) => None,
        };
        self.journal.live().into_iter().filter_map(of).collect()
    }
}

fn resolved(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => failed("resolve", path)(error),
    })
}

fn check(path: &Path, shape: Shape) -> Result<()> {
    let found = fs::metadata(path).map_err(failed("look at", path))?.file_type();
    match shape {
        Shape::Any => Ok(()),
        Shape::Directory if found.is_dir() => Ok(()),
        Shape::BlockDevice if found.is_block_device() => Ok(()),
        Shape::Directory => Err(Error::Refused(format!("path {:?} is not a directory", path.display().to_string()))),
        Shape::BlockDevice => Err(Error::Refused(format!("path {:?} is not a block device", path.display().to_string()))),
    }
}
