//! What a pool's file system can do, found out by trying it, and what is made of a demand then.

use crate::error::{Error, Result, failed};
use crate::loops::Owner;
use crate::record::{Backing, Phase, Record};
use crate::wanted::{Content, Demand};
use crate::{image, pool, quota};
use std::path::Path;

/// Where it is tried: not a name that a disk can have.
const PLACE: &str = ".probe";
const PROBED_BYTES: u64 = 1 << 20;

/// What can be had in a pool, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Limits of projects.
    pub project_quota: std::result::Result<(), String>,
    /// Files as block devices with a file system of their own.
    pub image: std::result::Result<(), String>,
}

/// What a disk is made of, once that is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory { permissions: u32, why: String },
    ProjectQuota { permissions: u32 },
    Image { permissions: u32 },
    Device,
}

/// Tries what a pool can do.
pub(crate) fn probe(pool: &Path, owner: &Owner) -> Result<Probed> {
    let _lock = pool::lock_file_system(pool)?;
    let record = record(pool);
    let place = record.home();
    pool::directory(&place)?;
    let image = image::try_in(&record, owner)?;
    let project_quota = quota::try_in(&place);
    std::fs::remove_dir(&place).map_err(failed("remove", &place))?;
    Ok(Probed { project_quota, image })
}

/// What an attempt makes, of which there is none on record.
pub(crate) fn record(pool: &Path) -> Record {
    let (bytes, promised_bytes) = (PROBED_BYTES, PROBED_BYTES);
    let (name, backing) = (PLACE.to_owned(), Backing::Image { permissions: 0 });
    Record { name, generation: 0, pool: pool.to_owned(), backing, bytes, promised_bytes, phase: Phase::Making }
}

/// What to make. Pure.
pub(crate) fn decide(pool: &Path, demand: Demand, content: Content, probed: &Probed) -> Result<Kind> {
    let unavailable = |what, why: &str| Error::Unavailable { what, pool: pool.to_owned(), why: why.to_owned() };
    let Content::Directory { permissions, .. } = content else {
        return match (&probed.image, demand) {
            (_, Demand::ProjectQuota) => Err(Error::Invalid("a block device cannot have a project quota".to_owned())),
            (Ok(()), _) => Ok(Kind::Device),
            (Err(why), _) => Err(unavailable("a block device", why)),
        };
    };
    match (demand, &probed.project_quota, &probed.image) {
        (Demand::Auto | Demand::ProjectQuota, Ok(()), _) => Ok(Kind::ProjectQuota { permissions }),
        (Demand::ProjectQuota, Err(why), _) => Err(unavailable("a project quota", why)),
        (Demand::Auto | Demand::Image, _, Ok(())) => Ok(Kind::Image { permissions }),
        (Demand::Image, _, Err(why)) => Err(unavailable("an image", why)),
        (Demand::Auto, Err(quota), Err(image)) => {
            Ok(Kind::Directory { permissions, why: format!("no project quota: {quota}; no image: {image}") })
        }
        (Demand::Unenforced, ..) => Ok(Kind::Directory { permissions, why: "asked for without".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wanted::FileSystem;

    const DIRECTORY: Content = Content::Directory { permissions: 0o755, file_system: FileSystem::Ext4 };

    fn decided(demand: Demand, content: Content, quota: bool, image: bool) -> std::result::Result<Kind, String> {
        let tried = |works: bool, why: &str| if works { Ok(()) } else { Err(why.to_owned()) };
        let probed = Probed { project_quota: tried(quota, "no quota"), image: tried(image, "no loop") };
        decide(Path::new("/p"), demand, content, &probed).map_err(|error| error.to_string())
    }

    #[test]
    fn the_best_that_can_be_had_is_taken_and_what_is_demanded_is_had_or_refused() {
        // LOCV-5 LOCV-6
        let permissions = 0o755;
        let of_auto = |quota, image| decided(Demand::Auto, DIRECTORY, quota, image);
        assert_eq!(of_auto(true, true), Ok(Kind::ProjectQuota { permissions }));
        assert_eq!(of_auto(false, true), Ok(Kind::Image { permissions }));
        let why = "no project quota: no quota; no image: no loop".to_owned();
        assert_eq!(of_auto(false, false), Ok(Kind::Directory { permissions, why }));
        let refused = Err("a project quota cannot be had in /p: no quota".to_owned());
        assert_eq!(decided(Demand::ProjectQuota, DIRECTORY, false, true), refused);
        assert_eq!(decided(Demand::Image, DIRECTORY, true, true), Ok(Kind::Image { permissions }));
        assert_eq!(decided(Demand::Image, DIRECTORY, true, false), Err("an image cannot be had in /p: no loop".to_owned()));
        assert!(matches!(decided(Demand::Unenforced, DIRECTORY, true, true), Ok(Kind::Directory { .. })));
    }

    #[test]
    fn a_device_is_a_file_or_is_refused() {
        // STO-16
        assert_eq!(decided(Demand::Auto, Content::Device, true, true), Ok(Kind::Device));
        assert_eq!(decided(Demand::Auto, Content::Device, true, false), Err("a block device cannot be had in /p: no loop".to_owned()));
        assert!(decided(Demand::ProjectQuota, Content::Device, true, true).is_err());
    }
}
