//! An archive as `docker save` writes it: a layer of the packages, one of the jars, the image's own, the configuration and the manifest.

use super::recipe::{Base, Image};
use crate::vm::host::run_in;
use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

const NAME_SERVICES: &str = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n";

/// Says what is really in an image whose tags say something else.
const STAND_IN_LABEL: &str = "stead.io/stand-in";

/// Writes the archive below `work`; where. `jars` is the directory that has them alone.
pub fn write(work: &Path, root: &Path, jars: Option<&Path>, image: &Image) -> Result<PathBuf> {
    let mut layers = vec![("packages.tar", layer_of(work, root, "packages.tar")?)];
    if let Some(jars) = jars {
        layers.push(("jars.tar", layer_of(work, jars, "jars.tar")?));
    }
    layers.push(("own.tar", own(work, image)?));
    let mut diff_ids = Vec::new();
    for (_, path) in &layers {
        diff_ids.push(format!("sha256:{}", digest(path)?));
    }
    let mut members = (image.config)();
    if let Some(what) = image.stand_in {
        members["Labels"] = json!({STAND_IN_LABEL: what});
    }
    let config =
        json!({"architecture": architecture(), "os": "linux", "config": members, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": image.tags, "Layers": names}]);
    let path = work.join(image.archive());
    let mut out = Builder::new(File::create(&path).context("make the archive")?);
    file(&mut out, "manifest.json", 0o644, manifest.to_string().as_bytes())?;
    file(&mut out, "config.json", 0o644, config.to_string().as_bytes())?;
    for (name, path) in &layers {
        out.append_path_with_name(path, name).context("put a layer into the archive")?;
    }
    out.into_inner().context("end the archive")?;
    Ok(path)
}

/// What images call the architecture that this program was built for.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The same bytes for the same files, so that images share the layer.
fn layer_of(work: &Path, root: &Path, name: &str) -> Result<PathBuf> {
    let layer = work.join(name);
    let place = layer.to_string_lossy();
    run_in(root, "tar", &["--create", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--file", &place, "."])?;
    Ok(layer)
}

fn own(work: &Path, image: &Image) -> Result<PathBuf> {
    let layer = work.join("own.tar");
    let mut out = Builder::new(File::create(&layer).context("make a layer")?);
    let shell = if image.base == Base::Debian { "/bin/bash" } else { "/bin/sh" };
    let (mut passwd, mut group) = (format!("root:x:0:0:root:/root:{shell}\n"), "root:x:0:\n".to_owned());
    if let Some(user) = &image.user {
        passwd.push_str(&format!("{0}:x:{1}:{1}::{2}:{shell}\n", user.name, user.number, user.home));
        group.push_str(&format!("{}:x:{}:\n", user.name, user.number));
    }
    passwd.push_str("nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n");
    group.push_str("nogroup:x:65534:\n");
    file(&mut out, "etc/passwd", 0o644, passwd.as_bytes())?;
    file(&mut out, "etc/group", 0o644, group.as_bytes())?;
    file(&mut out, "etc/nsswitch.conf", 0o644, NAME_SERVICES.as_bytes())?;
    for own in image.files {
        file(&mut out, own.path, own.mode, own.content.as_bytes())?;
    }
    for (path, target) in [("var/run", "/run")].iter().chain(image.links) {
        let target = target.replace("{architecture}", architecture());
        out.append_link(&mut header(EntryType::Symlink, 0o777, 0), path, target).context("write a link")?;
    }
    let owner = image.user.as_ref().map_or(0, |user| user.number);
    for (path, mode) in image.directories {
        let mut header = header(EntryType::Directory, *mode, 0);
        header.set_uid(owner.into());
        header.set_gid(owner.into());
        out.append_data(&mut header, format!("{path}/"), &[][..]).with_context(|| format!("write {path}"))?;
    }
    out.into_inner().context("end a layer")?;
    Ok(layer)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

fn file(out: &mut Builder<File>, path: &str, mode: u32, content: &[u8]) -> Result<()> {
    let mut header = header(EntryType::Regular, mode, content.len() as u64);
    out.append_data(&mut header, path, content).with_context(|| format!("write {path}"))
}

fn digest(path: &Path) -> Result<String> {
    let mut opened = File::open(path).context("open a layer")?;
    let (mut hash, mut part) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let count = opened.read(&mut part).context("read a layer")?;
        if count == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&part[..count]);
    }
}
