//! What is written down of a disk: all that is needed to finish, find or remove it.

use crate::wanted::{Enforcement, Made};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Of the pool, for what has been removed.
pub(crate) const TRASH: &str = ".trash";

const FILE: &str = "disk.img";

/// A disk in one of its states. A change is a record of a higher generation, after which the former one is crossed out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Record {
    pub name: String,
    pub generation: u64,
    pub pool: PathBuf,
    pub backing: Backing,
    /// How much its user can write.
    pub bytes: u64,
    /// How much of the pool that may come to take.
    pub promised_bytes: u64,
    pub phase: Phase,
}

/// What it is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Backing {
    Directory { permissions: u32, why: String },
    ProjectQuota { permissions: u32, project: u32 },
    Image { permissions: u32 },
    Device,
}

/// What is under way with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// It is being made, and nobody was told of it: the next create of that name finishes it, a removal undoes it.
    Making,
    Ready,
    /// It is being given more room; until that is done it has what it had.
    Growing {
        bytes: u64,
        promised_bytes: u64,
    },
    /// It is on its way to the trash: the next start or sweep finishes that.
    Removing {
        since_unix_s: u64,
    },
    /// It is in the trash and takes room there.
    Trashed {
        since_unix_s: u64,
    },
}

impl stead_journal::Thing for Record {
    fn outlives_power(&self) -> bool {
        true
    }
}

impl Record {
    /// The directory with all that belongs to it.
    pub fn home(&self) -> PathBuf {
        self.pool.join(&self.name)
    }

    /// Where that is moved to.
    pub fn trash(&self) -> PathBuf {
        trash(&self.pool, &self.name)
    }

    /// The file of an image or a device.
    pub fn file(&self) -> PathBuf {
        self.home().join(FILE)
    }

    /// The same in the trash.
    pub fn trash_file(&self) -> PathBuf {
        self.trash().join(FILE)
    }

    /// Where the file system of an image is mounted.
    pub fn mount_point(&self) -> PathBuf {
        self.home().join("fs")
    }

    /// What its user is given.
    pub fn path(&self) -> PathBuf {
        match self.backing {
            Backing::Directory { .. } | Backing::ProjectQuota { .. } => self.home(),
            Backing::Image { .. } => self.mount_point().join("data"),
            Backing::Device => self.home().join("device"),
        }
    }

    pub fn made(&self) -> Made {
        let enforcement = match &self.backing {
            Backing::Directory { why, .. } => Enforcement::Unenforced { why: why.clone() },
            Backing::ProjectQuota { .. } => Enforcement::ProjectQuota,
            Backing::Image { .. } | Backing::Device => Enforcement::Image,
        };
        Made { path: self.path(), bytes: self.bytes, enforcement }
    }

    /// What it may come to take of the pool, a growth under way included.
    pub fn promise(&self) -> u64 {
        match self.phase {
            Phase::Growing { promised_bytes, .. } => self.promised_bytes.max(promised_bytes),
            _ => self.promised_bytes,
        }
    }

    /// Whether nothing of its user's data may be touched by anything but its user.
    pub fn is_kept(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::Growing { .. })
    }

    /// Whether its directory is in the trash.
    pub fn is_trashed(&self) -> bool {
        matches!(self.phase, Phase::Trashed { .. })
    }

    /// Where its bytes are now.
    pub fn place(&self) -> PathBuf {
        if self.is_trashed() { self.trash() } else { self.home() }
    }

    /// The same in another phase.
    pub fn with(&self, phase: Phase) -> Record {
        Record { phase, ..self.clone() }
    }
}

/// Where a disk of that name in a pool is moved to when it is removed.
pub fn trash(pool: &Path, name: &str) -> PathBuf {
    pool.join(TRASH).join(name)
}

/// Whether a name can be that of a disk.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    const BYTES_MAX: usize = 200;
    match name {
        "" => Err("a disk needs a name".to_owned()),
        _ if name.len() > BYTES_MAX => Err(format!("the name of a disk has at most {BYTES_MAX} bytes: {name}")),
        _ if name.starts_with('.') || name.contains(['/', '\0']) => Err(format!("not a name for a disk: {name}")),
        _ => Ok(()),
    }
}

/// Whether a path can be a pool's.
pub(crate) fn check_pool(pool: &Path) -> Result<(), String> {
    let plain = pool.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_)));
    if pool.is_absolute() && plain { Ok(()) } else { Err(format!("not an absolute path without ..: {}", pool.display())) }
}
