//! Publishing the files of a volume as a whole (VOL-5, VOL-6): who reads `..data` finds the old files or the new ones, never some of each.
//!
//! ```text
//!   ..2026_01_31_12_00_00.123456789/a    the files
//!   ..data -> ..2026_01_31_12_00_00.123456789
//!   a -> ..data/a
//! ```

use crate::error::{Result, failed, unless_missing};
use crate::ownership::Group;
use crate::payload::{File, Payload};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

const DATA: &str = "..data";
const DATA_NEXT: &str = "..data_tmp";
const DIRECTORY_MODE: u32 = 0o755;
/// Names tried for a new directory of files.
const NAMES_MAX: u32 = 1000;

/// Makes the payload the content of a volume's directory. Nothing is written where it is that already.
pub(crate) fn publish(directory: &Path, payload: &Payload, group: Option<Group>) -> Result<()> {
    let current = current(directory);
    let is_same = current.as_ref().is_some_and(|current| holds(current, payload, group).unwrap_or(false));
    let published = match current.filter(|_| is_same) {
        Some(current) => current,
        None => {
            let new = new_directory(directory)?;
            if let Err(error) = fill(&new, payload, group) {
                fs::remove_dir_all(&new).unwrap_or_default();
                return Err(error);
            }
            switch(directory, &new)?;
            new
        }
    };
    link(directory, payload, group)?;
    // Also where nothing changed: a crash may have come before it.
    remove_old(directory, payload, &published)
}

/// The directory of files that is published.
fn current(directory: &Path) -> Option<PathBuf> {
    let target = fs::read_link(directory.join(DATA)).ok()?;
    let name = target.to_str().filter(|name| name.starts_with("..") && !name.contains('/') && *name != "..")?;
    Some(directory.join(name))
}

/// Whether a directory holds these files, and no other, with their modes and owners.
fn holds(directory: &Path, payload: &Payload, group: Option<Group>) -> io::Result<bool> {
    let mut found = 0;
    let mut directories = vec![PathBuf::new()];
    while let Some(relative) = directories.pop() {
        for entry in fs::read_dir(directory.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                directories.push(path);
                continue;
            }
            let Some(file) = path.to_str().and_then(|path| payload.get(path)) else { return Ok(false) };
            let metadata = entry.metadata()?;
            let right = metadata.is_file()
                && metadata.mode() & 0o7777 == mode(file, group)
                && metadata.uid() == file.owner.unwrap_or(metadata.uid())
                && group.is_none_or(|group| metadata.gid() == group.gid)
                && metadata.len() == file.content.len() as u64;
            if !right || fs::read(entry.path())? != file.content {
                return Ok(false);
            }
            found += 1;
        }
    }
    Ok(found == payload.len())
}

fn mode(file: &File, group: Option<Group>) -> u32 {
    group.map_or(file.mode, |group| group.file_mode(file.mode))
}

fn new_directory(directory: &Path) -> Result<PathBuf> {
    let now = stead_sys::clock::now();
    let at = OffsetDateTime::from(now);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let stamp = format!("..{year}_{month:02}_{day:02}_{:02}_{:02}_{:02}", at.hour(), at.minute(), at.second());
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 0..NAMES_MAX {
        let path = directory.join(format!("{stamp}.{}", at.nanosecond().wrapping_add(n)));
        match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(failed("make", &path)(error)),
        }
    }
    Err(failed("make a directory in", directory)(last))
}

/// Writes the files, with their owners and modes: only then may they be seen.
fn fill(new: &Path, payload: &Payload, group: Option<Group>) -> Result<()> {
    let mut directories = BTreeSet::from([new.to_owned()]);
    for (path, _) in payload.iter() {
        let place = new.join(path);
        let mut parent = place.parent();
        while let Some(directory) = parent.filter(|directory| *directory != new) {
            directories.insert(directory.to_owned());
            parent = directory.parent();
        }
    }
    // Parents come before what is in them.
    for directory in directories.iter().filter(|directory| *directory != new) {
        fs::DirBuilder::new().mode(DIRECTORY_MODE).create(directory).map_err(failed("make", directory))?;
    }
    for (path, file) in payload.iter() {
        let place = new.join(path);
        write(&place, file, group).map_err(failed("write", &place))?;
    }
    for directory in directories.iter().rev() {
        own_directory(directory, DIRECTORY_MODE, group).map_err(failed("give to the group", directory))?;
    }
    Ok(())
}

fn write(place: &Path, file: &File, group: Option<Group>) -> io::Result<()> {
    let mut written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
    written.write_all(&file.content)?;
    if file.owner.is_some() || group.is_some() {
        std::os::unix::fs::fchown(&written, file.owner, group.map(|group| group.gid))?;
    }
    written.set_permissions(fs::Permissions::from_mode(mode(file, group)))
}

fn own_directory(directory: &Path, mode: u32, group: Option<Group>) -> io::Result<()> {
    if let Some(group) = group {
        chown(directory, None, Some(group.gid))?;
    }
    let mode = group.map_or(mode, |group| group.directory_mode(mode));
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))
}

fn switch(directory: &Path, new: &Path) -> Result<()> {
    let (next, data) = (directory.join(DATA_NEXT), directory.join(DATA));
    unless_missing(fs::remove_file(&next)).map_err(failed("remove", &next))?;
    let name = new.file_name().unwrap_or_default();
    symlink(name, &next).map_err(failed("link", &next))?;
    fs::rename(&next, &data).map_err(failed("link", &data))
}

/// The names that users see; repaired where they are missing.
fn link(directory: &Path, payload: &Payload, group: Option<Group>) -> Result<()> {
    for name in payload.first_names().collect::<BTreeSet<_>>() {
        let place = directory.join(name);
        if fs::symlink_metadata(&place).is_err() {
            symlink(Path::new(DATA).join(name), &place).map_err(failed("link", &place))?;
            give_link(&place, group).map_err(failed("give to the group", &place))?;
        }
    }
    give_link(&directory.join(DATA), group).map_err(failed("give to the group", directory))
}

fn give_link(link: &Path, group: Option<Group>) -> io::Result<()> {
    group.map_or(Ok(()), |group| lchown(link, None, Some(group.gid)))
}

/// Links to files that are no longer there, then the files themselves.
fn remove_old(directory: &Path, payload: &Payload, published: &Path) -> Result<()> {
    let names: BTreeSet<&str> = payload.first_names().collect();
    let mut old = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed("list", directory))?.flatten() {
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let is_ours = fs::read_link(&path).is_ok_and(|target| target == Path::new(DATA).join(&name));
        if is_ours && !names.contains(name.as_str()) {
            unless_missing(fs::remove_file(&path)).map_err(failed("remove", &path))?;
        } else if name.starts_with("..2") && path != published {
            old.push(path);
        }
    }
    for path in old {
        unless_missing(fs::remove_dir_all(&path)).map_err(failed("remove", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(files: &[(&str, &str, u32)]) -> Payload {
        let mut payload = Payload::default();
        for (path, content, mode) in files {
            payload.insert(path, File { content: content.as_bytes().to_vec(), mode: *mode, owner: None }).unwrap();
        }
        payload
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with("..2"));
        names.sort();
        names
    }

    fn data(directory: &Path) -> PathBuf {
        fs::read_link(directory.join(DATA)).unwrap()
    }

    #[test]
    fn files_show_through_links_with_their_modes() {
        // VOL-5
        let dir = tempfile::tempdir().unwrap();
        publish(dir.path(), &payload(&[("a", "one", 0o644), ("x/y", "two", 0o400)]), None).unwrap();
        assert_eq!(names(dir.path()), ["..data", "a", "x"]);
        assert_eq!(fs::read_link(dir.path().join("x")).unwrap(), Path::new("..data/x"));
        assert_eq!(fs::read(dir.path().join("x/y")).unwrap(), b"two");
        assert_eq!(fs::metadata(dir.path().join("x/y")).unwrap().mode() & 0o7777, 0o400);
        assert_eq!(fs::metadata(dir.path().join("x")).unwrap().mode() & 0o7777, 0o755);
        assert!(data(dir.path()).to_str().unwrap().starts_with("..20"));
    }

    #[test]
    fn another_content_replaces_all_files_at_once() {
        // VOL-5
        let dir = tempfile::tempdir().unwrap();
        publish(dir.path(), &payload(&[("a", "one", 0o644), ("b", "two", 0o644)]), None).unwrap();
        let before = fs::File::open(dir.path().join(DATA)).unwrap();
        publish(dir.path(), &payload(&[("a", "three", 0o644), ("c/d", "", 0o644)]), None).unwrap();
        assert_eq!(names(dir.path()), ["..data", "a", "c"]);
        assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"three");
        let all = fs::read_dir(dir.path()).unwrap().flatten().filter(|e| e.file_name().to_str().unwrap().starts_with("..2"));
        assert_eq!(all.count(), 1, "the old files are gone");
        drop(before);
    }

    #[test]
    fn nothing_is_written_where_nothing_changes_but_lost_links_come_back() {
        // VOL-6
        let dir = tempfile::tempdir().unwrap();
        let files = payload(&[("a", "one", 0o644), ("b/c", "two", 0o600)]);
        publish(dir.path(), &files, None).unwrap();
        let before = data(dir.path());
        fs::remove_file(dir.path().join("a")).unwrap();
        publish(dir.path(), &files, None).unwrap();
        assert_eq!(data(dir.path()), before);
        assert_eq!(names(dir.path()), ["..data", "a", "b"]);
        publish(dir.path(), &payload(&[("a", "one", 0o640), ("b/c", "two", 0o600)]), None).unwrap();
        assert_ne!(data(dir.path()), before, "a mode is a change too");
    }

    #[test]
    fn what_a_crash_left_is_repaired() {
        // VOL-5
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("..2020_01_01_00_00_00.1")).unwrap();
        symlink("..2020_01_01_00_00_00.1", dir.path().join(DATA_NEXT)).unwrap();
        symlink("..2019_gone", dir.path().join(DATA)).unwrap();
        publish(dir.path(), &payload(&[("a", "one", 0o644)]), None).unwrap();
        assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"one");
        assert!(!dir.path().join("..2020_01_01_00_00_00.1").exists());
    }

    #[test]
    fn what_a_crash_left_beside_the_right_files_goes_too() {
        // VOL-5
        let dir = tempfile::tempdir().unwrap();
        let files = payload(&[("a", "one", 0o644)]);
        publish(dir.path(), &files, None).unwrap();
        fs::create_dir(dir.path().join("..2020_01_01_00_00_00.1")).unwrap();
        symlink("..data/b", dir.path().join("b")).unwrap();
        publish(dir.path(), &files, None).unwrap();
        assert_eq!(names(dir.path()), ["..data", "a"]);
        assert!(!dir.path().join("..2020_01_01_00_00_00.1").exists());
    }

    #[test]
    fn an_empty_volume_is_published_too() {
        let dir = tempfile::tempdir().unwrap();
        publish(dir.path(), &Payload::default(), None).unwrap();
        assert_eq!(names(dir.path()), ["..data"]);
    }
}
