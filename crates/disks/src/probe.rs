//! What a pool's file system can do, found out by trying it, and what is made of a demand then.

use crate::error::{Error, Result, failed};
use crate::wanted::{Content, Demand};
use crate::{pool, quota};
use std::path::Path;

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
pub(crate) fn probe(pool: &Path) -> Result<Probed> {
    let _lock = pool::lock_file_system(pool)?;
    let place = pool.join(".probe");
    pool::directory(&place)?;
    let project_quota = quota::try_in(&place);
    std::fs::remove_dir(&place).map_err(failed("remove", &place))?;
    Ok(Probed { project_quota, image: Err("files with a file system of their own are not in this version".to_owned()) })
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
