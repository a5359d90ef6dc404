//! `cargo xtask images`: images for tests and demonstrations without a hub, of the packages of this machine's Debian and of jars of Maven Central,
//! with the names and the contract of the official images (entry point, variables, user, directories, ports, stop signal) and entry points
//! of our own. Archives as `docker save` writes them, for `stead image import`. Packages' own scripts are never run: nothing here needs root.
//!
//! Where Debian has another version, or another program, than a tag says, the image's label `stead.io/stand-in` says what is in it.
//! Not as in the official ones: users that the image does not name, JIT compilation in PostgreSQL, locales but C.UTF-8, Confluent's own parts of Kafka.

mod archive;
mod contents;
mod jars;
mod official;
mod packages;
pub mod recipe;

use crate::say;
use crate::vm::host::{find, output};
use anyhow::{Context, Result, bail, ensure};
use contents::IMAGES;
use recipe::{Change, Image};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// Only these, by the names of their archives: nginx, mysql, ...
    #[arg(long)]
    only: Vec<String>,
    /// Fetch the official ones from their hub instead, into target/official
    #[arg(long)]
    official: bool,
}

pub fn run(root: &Path, args: &Args) -> Result<()> {
    if let Some(unknown) = args.only.iter().find(|only| IMAGES.iter().all(|image| image.name != **only)) {
        bail!("there is no image {unknown}; there are {}", IMAGES.map(|image| image.name).join(", "));
    }
    if args.official {
        return official::run(&official_dir(root), &args.only).map(drop);
    }
    let dir = dir(root);
    let wanted: Vec<&Image> =
        IMAGES.iter().copied().filter(|image| args.only.is_empty() || args.only.iter().any(|only| only == image.name)).collect();
    made(&dir, &wanted)?;
    for image in wanted {
        say(&format!("{} {}", dir.join(image.archive()).display(), image.tags.join(" ")));
    }
    Ok(())
}

/// The directory of the archives, those made that are not there; why they cannot be had otherwise. What cannot be had alone is said, and lacks.
pub fn at_hand(root: &Path) -> Result<PathBuf> {
    let dir = dir(root);
    let (jars, packages): (Vec<&Image>, Vec<&Image>) = IMAGES.iter().partition(|image| image.jars.is_some());
    made(&dir, &packages)?;
    match find("mvn") {
        Some(_) => made(&dir, &jars)?,
        None => say("no images of jars: there is no mvn (apt-get install maven)"),
    }
    Ok(dir)
}

/// The directory of the archives of the official images, fetched; why they cannot be had otherwise.
pub fn official(root: &Path) -> Result<PathBuf> {
    official::run(&official_dir(root), &[])
}

/// The archive of one of them, made if it is not there.
pub fn archive(root: &Path, name: &str) -> Result<PathBuf> {
    let image = IMAGES.into_iter().find(|image| image.name == name).with_context(|| format!("there is no image {name}"))?;
    let dir = dir(root);
    made(&dir, &[image])?;
    Ok(dir.join(image.archive()))
}

/// A directory with what a recipe names of packages, files, directories and links, for whoever needs no archive of it.
pub fn tree(root: &Path, image: &Image) -> Result<PathBuf> {
    let materials = fetched(&dir(root), image).with_context(|| format!("fetch what {} is made of", image.name))?;
    let tree = packages::unpacked(&materials.work, image.base, &materials.packages)?;
    for (path, mode) in image.directories {
        fs::create_dir_all(tree.join(path))
            .and_then(|()| fs::set_permissions(tree.join(path), Permissions::from_mode(*mode)))
            .context("make a directory")?;
    }
    for own in image.files {
        let path = tree.join(own.path);
        fs::write(&path, own.content)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(own.mode)))
            .with_context(|| format!("write {}", own.path))?;
    }
    for (path, to) in image.links {
        symlink(to, tree.join(path)).with_context(|| format!("make the link {path}"))?;
    }
    Ok(tree)
}

fn dir(root: &Path) -> PathBuf {
    root.join("target/images")
}

fn official_dir(root: &Path) -> PathBuf {
    root.join("target/official")
}

/// Makes those whose recipe is another than that of the archive: fetched one after another, made side by side.
fn made(dir: &Path, images: &[&Image]) -> Result<()> {
    std::thread::scope(|scope| {
        let mut makers = Vec::new();
        for image in images.iter().filter(|image| !is_made(dir, image)) {
            let materials = fetched(dir, image).with_context(|| format!("fetch what the image {} is made of", image.name))?;
            makers.push((image, scope.spawn(move || make(dir, image, &materials))));
        }
        for (image, maker) in makers {
            let outcome = maker.join().map_err(|_panic| anyhow::anyhow!("panicked"))?;
            outcome.with_context(|| format!("make the image {}", image.name))?;
        }
        Ok(())
    })
}

fn is_made(dir: &Path, image: &Image) -> bool {
    dir.join(image.archive()).exists() && fs::read_to_string(record(dir, image)).is_ok_and(|there| there == image.digest())
}

/// Says of which recipe an archive is.
fn record(dir: &Path, image: &Image) -> PathBuf {
    dir.join(format!("{}.recipe", image.name))
}

/// What an image is made of, fetched.
struct Materials {
    work: PathBuf,
    packages: Vec<PathBuf>,
    /// A directory that has the jars where they will be.
    jars: Option<PathBuf>,
}

fn fetched(dir: &Path, image: &Image) -> Result<Materials> {
    let work = dir.join(image.name);
    if work.exists() {
        fs::remove_dir_all(&work).context("remove what was left of the attempt before")?;
    }
    fs::create_dir_all(&work).context("make a directory")?;
    let packages = packages::fetched(&dir.join("packages"), image)?;
    let jars = image.jars.as_ref().map(|_| work.join("jars"));
    if let (Some(to), Some(jars)) = (&jars, &image.jars) {
        jars::fetch(&work, to, jars)?;
    }
    Ok(Materials { work, packages, jars })
}

fn make(dir: &Path, image: &Image, materials: &Materials) -> Result<()> {
    let work = &materials.work;
    let unpacked = packages::unpacked(work, image.base, &materials.packages)?;
    for change in image.changes {
        apply(&unpacked, change)?;
    }
    let path = archive::write(work, &unpacked, materials.jars.as_deref(), image)?;
    fs::rename(&path, dir.join(image.archive())).context("put the archive into place")?;
    fs::write(record(dir, image), image.digest()).context("note of which recipe it is")?;
    fs::remove_dir_all(work).context("remove what it was made of")
}

fn apply(root: &Path, change: &Change) -> Result<()> {
    match change {
        Change::Replace { file, old, new } => {
            let path = root.join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("read {file}"))?;
            ensure!(text.contains(old), "{file} is another than was expected");
            fs::write(&path, text.replace(old, new)).with_context(|| format!("write {file}"))
        }
        Change::Remove(file) => fs::remove_file(root.join(file)).with_context(|| format!("remove {file}")),
        Change::Names { program, to } => {
            let listed = output(&root.join(program).to_string_lossy(), &[OsStr::new("--list")])?;
            for name in String::from_utf8_lossy(&listed).lines() {
                let link = root.join(to).join(name);
                if !link.exists() {
                    symlink(Path::new("/").join(program), &link).with_context(|| format!("make a link for {name}"))?;
                }
            }
            Ok(())
        }
    }
}
