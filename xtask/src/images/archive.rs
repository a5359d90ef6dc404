//! An archive as `docker save` writes it: a layer of the packages, a layer of the image's own, the configuration and the manifest.

use super::contents::Image;
use crate::vm::host::run_in;
use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

const NAME_SERVICES: &str = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n";

/// Writes the archive below `work`; where.
pub fn write(work: &Path, root: &Path, image: &Image) -> Result<PathBuf> {
    let layers = [("packages.tar", packages(work, root)?), ("own.tar", own(work, image)?)];
    let mut diff_ids = Vec::new();
    for (_, path) in &layers {
        diff_ids.push(format!("sha256:{}", digest(path)?));
    }
    let config = json!({"architecture": architecture(), "os": "linux", "config": (image.config)(),
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let manifest = json!([{"Config": "config.json", "RepoTags": image.tags, "Layers": layers.each_ref().map(|(name, _)| name)}]);
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

fn packages(work: &Path, root: &Path) -> Result<PathBuf> {
    // A link, as on every Debian since 7; the package has a directory that its scripts would replace.
    fs::remove_dir(root.join("var/run")).context("remove a directory")?;
    let layer = work.join("packages.tar");
    let place = layer.to_string_lossy();
    run_in(root, "tar", &["--create", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--file", &place, "."])?;
    Ok(layer)
}

fn own(work: &Path, image: &Image) -> Result<PathBuf> {
    let layer = work.join("own.tar");
    let (user, number, home) = image.user;
    let mut out = Builder::new(File::create(&layer).context("make a layer")?);
    let passwd = format!(
        "root:x:0:0:root:/root:/bin/bash\n{user}:x:{number}:{number}::{home}:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
    );
    file(&mut out, "etc/passwd", 0o644, passwd.as_bytes())?;
    file(&mut out, "etc/group", 0o644, format!("root:x:0:\n{user}:x:{number}:\nnogroup:x:65534:\n").as_bytes())?;
    file(&mut out, "etc/nsswitch.conf", 0o644, NAME_SERVICES.as_bytes())?;
    file(&mut out, "usr/local/bin/docker-entrypoint.sh", 0o755, image.entry_point.as_bytes())?;
    let mut link = header(EntryType::Symlink, 0o777, 0);
    out.append_link(&mut link, "var/run", "/run").context("write a link")?;
    for (path, mode) in image.directories {
        let mut header = header(EntryType::Directory, *mode, 0);
        header.set_uid(number.into());
        header.set_gid(number.into());
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
