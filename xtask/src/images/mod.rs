//! `cargo xtask images`: images of databases for tests and demonstrations, made of the packages of this machine's Debian, with the contract
//! of the official images of the same names (entry point, variables, user, directories, port, stop signal) and entry points of our own.
//! Archives as `docker save` writes them, for `stead image import`. Packages' own scripts are never run: nothing here needs root.
//!
//! Not as in the official ones: users that the image does not name, JIT compilation, locales but C.UTF-8.

mod archive;
mod contents;
mod packages;

use crate::say;
use anyhow::{Context, Result, bail};
use contents::IMAGES;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// Only this one: postgres or redis
    #[arg(long)]
    only: Option<String>,
}

pub fn run(root: &Path, args: &Args) -> Result<()> {
    let dir = dir(root);
    if let Some(only) = &args.only
        && !IMAGES.iter().any(|image| image.name == only)
    {
        bail!("there is no image {only}");
    }
    for image in IMAGES.iter().filter(|image| args.only.as_deref().is_none_or(|only| only == image.name)) {
        let path = make(&dir, image).with_context(|| format!("make the image {}", image.name))?;
        say(&format!("{} {}", path.display(), image.tags.join(" ")));
    }
    Ok(())
}

/// The archives, made if they are not there; why they cannot be had otherwise.
pub fn at_hand(root: &Path) -> Result<PathBuf> {
    let dir = dir(root);
    for image in IMAGES.iter().filter(|image| !dir.join(image.archive()).exists()) {
        make(&dir, image).with_context(|| format!("make the image {}", image.name))?;
    }
    Ok(dir)
}

fn dir(root: &Path) -> PathBuf {
    root.join("target/images")
}

fn make(dir: &Path, image: &contents::Image) -> Result<PathBuf> {
    let work = dir.join(image.name);
    if work.exists() {
        fs::remove_dir_all(&work).context("remove what was left of the attempt before")?;
    }
    fs::create_dir_all(&work).context("make a directory")?;
    let unpacked = packages::unpacked(&work, image.packages)?;
    (image.change)(&unpacked)?;
    let path = archive::write(&work, &unpacked, image)?;
    let done = dir.join(image.archive());
    fs::rename(&path, &done).context("put the archive into place")?;
    fs::remove_dir_all(&work).context("remove what it was made of")?;
    Ok(done)
}
