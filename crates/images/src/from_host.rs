//! Makes an image of programs of this machine, with the shared libraries and the few files that they need.

use crate::Progress;
use crate::digest::Digest;
use crate::document::{Descriptor, Manifest, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST};
use crate::elf::{self, Needs};
use crate::error::{Error, Result};
use crate::import::Imported;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Files of one image.
const FILES_MAX: usize = 50_000;
/// What programs look up, as far as it is there: names, hosts, certificates, where libraries are.
const COMPANIONS: [&str; 4] = ["/etc/ld.so.cache", "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/services"];
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";
const DIRECTORIES: [(&str, u32); 7] =
    [("dev", 0o755), ("etc", 0o755), ("proc", 0o755), ("root", 0o700), ("sys", 0o755), ("tmp", 0o1777), ("var", 0o755)];

/// Makes it and pins it; its command is the first of the programs.
pub fn from_host(store: &Store, name: &Reference, paths: &[PathBuf], progress: &dyn Progress) -> Result<Imported> {
    let hold = store.hold()?;
    let files = gather(paths)?;
    let ingest = store.ingest();
    write_layer(&ingest.0, &files)?;
    let layer = File::open(&ingest.0).map_err(Error::io("open", &ingest.0))?;
    let (diff_id, size) = store.add_blob(layer, "the layer", None)?;
    let platform = Platform::host();
    let command = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
    let config = serde_json::json!({
        "architecture": platform.architecture, "os": platform.os,
        "config": {"Cmd": [command], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    });
    let (config, config_size) = store.add_blob(config.to_string().as_bytes(), "the configuration", None)?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: OCI_MANIFEST.to_owned(),
        config: Descriptor::new(OCI_CONFIG, config, config_size),
        layers: vec![Descriptor::new(OCI_LAYER, diff_id, size)],
    };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::refused(format!("the manifest cannot be written: {error}")))?;
    let (manifest, _): (Digest, u64) = store.add_blob(&bytes[..], "the manifest", None)?;
    let names = vec![name.key()];
    let id = store.add_image(&hold, &manifest, &names, true, progress)?;
    Ok(Imported { id, names })
}

/// Every file of the image, by its place on this machine and in the image.
fn gather(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut todo: VecDeque<PathBuf> = VecDeque::new();
    for path in paths {
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(Error::refused(format!("{}: expected a whole path, such as /usr/bin/env", path.display())));
        }
        fs::metadata(path).map_err(Error::io("look at", path))?;
        todo.push_back(path.clone());
    }
    todo.extend(COMPANIONS.iter().map(PathBuf::from).filter(|path| path.exists()));
    while let Some(path) = todo.pop_front() {
        if files.len() > FILES_MAX {
            return Err(Error::refused(format!("more than {FILES_MAX} files")));
        }
        let there = fs::symlink_metadata(&path).map_err(Error::io("look at", &path))?;
        if !(there.is_dir() || there.is_file() || there.is_symlink()) || !files.insert(path.clone()) {
            continue;
        }
        if there.is_symlink() {
            let target = fs::read_link(&path).map_err(Error::io("read", &path))?;
            let target = normal(&path.parent().unwrap_or(Path::new("/")).join(target));
            todo.extend(target.exists().then_some(target));
        } else if there.is_dir() {
            todo.extend(fs::read_dir(&path).map_err(Error::io("list", &path))?.flatten().map(|found| found.path()));
        } else {
            todo.extend(needs(&path)?);
        }
    }
    Ok(files)
}

/// Without dots; links are left as they are.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut done, part| {
        match part {
            Component::ParentDir => drop(done.pop()),
            Component::CurDir => {}
            other => done.push(other),
        }
        done
    })
}

/// What a file needs to run: the loader and the libraries of a program, the interpreter of a script.
fn needs(path: &Path) -> Result<Vec<PathBuf>> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut first = [0; 256];
    let length = file.read(&mut first).map_err(Error::io("read", path))?;
    if let Some(line) = first[..length].strip_prefix(b"#!") {
        let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
        let words = line.split_whitespace().take(2).map(PathBuf::from);
        return Ok(words.filter(|word| word.is_absolute() && word.exists()).collect());
    }
    let Some(Needs { interpreter, libraries, search }) = elf::needs(&mut file).map_err(Error::io("read", path))? else {
        return Ok(Vec::new());
    };
    let origin = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_default();
    let mut found: Vec<PathBuf> = interpreter.into_iter().filter(|path| path.exists()).collect();
    for library in libraries {
        let own = search
            .iter()
            .map(|directory| PathBuf::from(directory.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &origin.to_string_lossy())));
        let place = own.chain(elf::directories()).map(|directory| directory.join(&library)).find(|place| place.exists());
        found.push(place.ok_or_else(|| Error::refused(format!("{} needs {library}, which is nowhere on this machine", path.display())))?);
    }
    Ok(found)
}

fn write_layer(path: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    let failed = |error| Error::io("write", path)(error);
    let mut builder = tar::Builder::new(File::create(path).map_err(Error::io("create", path))?);
    let header = |kind, mode, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header
    };
    let mut directories: BTreeMap<PathBuf, u32> = DIRECTORIES.iter().map(|(name, mode)| (PathBuf::from(name), *mode)).collect();
    let within: Vec<(PathBuf, &PathBuf)> = files.iter().filter_map(|file| Some((file.strip_prefix("/").ok()?.to_owned(), file))).collect();
    for (place, file) in &within {
        let above = place.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        for above in above {
            directories.entry(above.to_owned()).or_insert(0o755);
        }
        if !file.is_symlink() && file.is_dir() {
            directories.insert(place.clone(), file.metadata().map_or(0o755, |there| there.mode() & 0o7777));
        }
    }
    for (place, mode) in &directories {
        builder.append_data(&mut header(tar::EntryType::Directory, *mode, 0), place, std::io::empty()).map_err(failed)?;
    }
    for (place, text) in [("etc/passwd", PASSWD), ("etc/group", GROUP)] {
        if !files.contains(&Path::new("/").join(place)) {
            builder.append_data(&mut header(tar::EntryType::Regular, 0o644, text.len() as u64), place, text.as_bytes()).map_err(failed)?;
        }
    }
    for (place, file) in within.iter().filter(|(place, _)| !directories.contains_key(place)) {
        if file.is_symlink() {
            let target = fs::read_link(file).map_err(Error::io("read", file))?;
            builder.append_link(&mut header(tar::EntryType::Symlink, 0o777, 0), place, target).map_err(failed)?;
        } else {
            let content = File::open(file).map_err(Error::io("open", file))?;
            let there = content.metadata().map_err(Error::io("look at", file))?;
            builder
                .append_data(&mut header(tar::EntryType::Regular, there.mode() & 0o7777, there.len()), place, content)
                .map_err(failed)?;
        }
    }
    builder.finish().map_err(failed)
}
