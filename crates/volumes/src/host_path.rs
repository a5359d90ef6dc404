//! Paths of the machine that are to be there, or are made (VOL-4).

use crate::error::{Error, Result, failed};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// What must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything; a directory is made where nothing is.
    Any,
    DirectoryOrCreate,
    Directory,
    FileOrCreate,
    File,
    Socket,
    CharDevice,
    BlockDevice,
}

impl Kind {
    /// By its name in a specification; an empty one stands for [`Kind::Any`].
    pub fn parse(name: &str) -> Option<Kind> {
        Some(match name {
            "" => Kind::Any,
            "DirectoryOrCreate" => Kind::DirectoryOrCreate,
            "Directory" => Kind::Directory,
            "FileOrCreate" => Kind::FileOrCreate,
            "File" => Kind::File,
            "Socket" => Kind::Socket,
            "CharDevice" => Kind::CharDevice,
            "BlockDevice" => Kind::BlockDevice,
            _ => return None,
        })
    }

    /// The type that it must have, and how that is called.
    fn wanted(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Kind::Any => return None,
            Kind::DirectoryOrCreate | Kind::Directory => ("Directory", "directory"),
            Kind::FileOrCreate | Kind::File => ("File", "file"),
            Kind::Socket => ("Socket", "socket file"),
            Kind::CharDevice => ("CharDevice", "character device"),
            Kind::BlockDevice => ("BlockDevice", "block device"),
        })
    }
}

/// Checks the path, and makes what may be made.
pub fn check(path: &Path, kind: Kind) -> Result<()> {
    let missing = matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    match kind {
        Kind::Any | Kind::DirectoryOrCreate if missing => {
            return fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(failed("make", path));
        }
        Kind::FileOrCreate if missing => {
            let made = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path);
            return made.map(drop).map_err(failed("make", path));
        }
        _ => {}
    }
    let Some((name, called)) = kind.wanted() else { return Ok(()) };
    let shown = path.display();
    match type_of(path) {
        Ok(found) if found == name => Ok(()),
        Ok(found) => Err(Error::Refused(format!("hostPath type check failed: {shown} is not a {called}, it's a {found}"))),
        Err(why) => {
            Err(Error::Refused(format!("hostPath type check failed, {shown} is not a {called}, unable to determine its type: {why}")))
        }
    }
}

fn type_of(path: &Path) -> std::result::Result<&'static str, String> {
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("path {:?} does not exist", path.display().to_string()),
        _ => error.to_string(),
    })?;
    let kind = found.file_type();
    Ok(match () {
        () if kind.is_dir() => "Directory",
        () if kind.is_file() => "File",
        () if kind.is_socket() => "Socket",
        () if kind.is_char_device() => "CharDevice",
        () if kind.is_block_device() => "BlockDevice",
        () => return Err("only recognise file, directory, socket, block device and character device".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn what_is_there_must_be_what_was_asked_for() {
        // VOL-4
        let dir = tempfile::tempdir().unwrap();
        let (d, f, s) = (dir.path().join("d"), dir.path().join("f"), dir.path().join("s"));
        fs::create_dir(&d).unwrap();
        fs::write(&f, "").unwrap();
        let _socket = UnixListener::bind(&s).unwrap();
        for (path, kind) in [
            (&d, Kind::Directory),
            (&d, Kind::DirectoryOrCreate),
            (&f, Kind::File),
            (&f, Kind::FileOrCreate),
            (&s, Kind::Socket),
            (&s, Kind::Any),
        ] {
            check(path, kind).unwrap();
        }
        check(Path::new("/dev/null"), Kind::CharDevice).unwrap();
        let text = |path: &Path, kind| check(path, kind).unwrap_err().to_string();
        let (d, f) = (d.as_path(), f.as_path());
        assert_eq!(text(d, Kind::File), format!("hostPath type check failed: {} is not a file, it's a Directory", d.display()));
        assert_eq!(text(f, Kind::Socket), format!("hostPath type check failed: {} is not a socket file, it's a File", f.display()));
        assert_eq!(
            text(Path::new("/nowhere"), Kind::Directory),
            "hostPath type check failed, /nowhere is not a directory, unable to determine its type: path \"/nowhere\" does not exist"
        );
        assert_eq!(
            text(Path::new("/dev/null"), Kind::BlockDevice),
            "hostPath type check failed: /dev/null is not a block device, it's a CharDevice"
        );
    }

    #[test]
    fn what_may_be_made_is_made() {
        // VOL-4
        let dir = tempfile::tempdir().unwrap();
        check(&dir.path().join("a/b"), Kind::DirectoryOrCreate).unwrap();
        check(&dir.path().join("a/f"), Kind::FileOrCreate).unwrap();
        check(&dir.path().join("any"), Kind::Any).unwrap();
        assert!(dir.path().join("a/b").is_dir() && dir.path().join("a/f").is_file() && dir.path().join("any").is_dir());
        check(&dir.path().join("none/f"), Kind::FileOrCreate).unwrap_err();
    }
}
