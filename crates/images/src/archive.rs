//! Image archives as files: a tar, compressed or not, or a directory, whose members are read by name.

use crate::compression::{Compression, decompress};
use crate::error::{Error, Result};
use crate::store::{Ingest, Store};
use crate::unpack::{Entries, Kind, parts};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Members of an archive.
const MEMBERS_MAX: usize = 100_000;
/// Links from one member to the next.
const LINKS_MAX: usize = 8;

/// An archive that is open.
pub enum Archive {
    Tar {
        file: File,
        members: HashMap<String, Member>,
        /// Where it was decompressed to, until this goes.
        _scratch: Option<Ingest>,
    },
    Directory(PathBuf),
}

/// Where a member's content is.
pub enum Member {
    At {
        offset: u64,
        size: u64,
    },
    /// The same as another.
    Link(String),
}

impl Archive {
    /// Opens a file or directory. A compressed file is decompressed into the store's directory first.
    pub fn open(store: &Store, path: &Path) -> Result<Archive> {
        if path.is_dir() {
            return Ok(Archive::Directory(path.to_owned()));
        }
        let file = File::open(path).map_err(Error::io("open", path))?;
        let (compression, mut plain) = decompress(file.try_clone().map_err(Error::io("open", path))?).map_err(Error::io("read", path))?;
        // What cannot be read twice is copied.
        let is_regular = file.metadata().map_err(Error::io("look at", path))?.is_file();
        if compression == Compression::None && is_regular {
            let members = members(&file).map_err(|error| malformed(path, &error))?;
            return Ok(Archive::Tar { file, members, _scratch: None });
        }
        let scratch = store.ingest();
        let mut copy = File::options().read(true).write(true).create_new(true).open(&scratch.0).map_err(Error::io("create", &scratch.0))?;
        io::copy(&mut plain, &mut copy).map_err(|error| malformed(path, &error))?;
        let members = members(&copy).map_err(|error| malformed(path, &error))?;
        Ok(Archive::Tar { file: copy, members, _scratch: Some(scratch) })
    }

    /// A member's content.
    pub fn read(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>> {
        match self {
            Archive::Tar { file, members, .. } => {
                let mut name = plain_name(name.as_bytes());
                for _ in 0..LINKS_MAX {
                    match members.get(&name) {
                        Some(Member::At { offset, size }) => return Ok(Some(Box::new(Section { file, at: *offset, left: *size }))),
                        Some(Member::Link(other)) => name.clone_from(other),
                        None => break,
                    }
                }
                Ok(None)
            }
            Archive::Directory(directory) => {
                let path = directory.join(plain_name(name.as_bytes()));
                match File::open(&path) {
                    Ok(file) => Ok(Some(Box::new(file))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(Error::io("open", &path)(error)),
                }
            }
        }
    }

    /// A member that is small.
    pub fn document(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        let Some(reader) = self.read(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        reader.take(bytes_max + 1).read_to_end(&mut bytes).map_err(Error::io("read", Path::new(name)))?;
        if bytes.len() as u64 > bytes_max {
            return Err(Error::refused(format!("{name} has more than {bytes_max} bytes and is refused")));
        }
        Ok(Some(bytes))
    }
}

fn malformed(path: &Path, error: &io::Error) -> Error {
    Error::refused(format!("{} is no image archive: {error}", path.display()))
}

/// A name without dots and double slashes; the name of nothing if it leads out.
fn plain_name(name: &[u8]) -> String {
    let parts = parts(name).unwrap_or_default();
    parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn members(file: &File) -> io::Result<HashMap<String, Member>> {
    let size = fs::File::metadata(file)?.len();
    let mut entries = Entries::new(Positioned { inner: BufReader::with_capacity(64 << 10, Section { file, at: 0, left: size }), at: 0 });
    let mut members = HashMap::new();
    while let Some(entry) = entries.next()? {
        if members.len() >= MEMBERS_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {MEMBERS_MAX} members")));
        }
        let name = plain_name(&entry.path);
        let member = match entry.kind {
            Kind::File => Member::At { offset: entries.reader().at, size: entry.size_bytes },
            Kind::HardLink(target) => Member::Link(plain_name(&target)),
            Kind::Symlink(target) => {
                let directory = name.rsplit_once('/').map_or("", |(directory, _)| directory);
                Member::Link(plain_name(&[directory.as_bytes(), b"/", &target].concat()))
            }
            Kind::Directory | Kind::Fifo | Kind::Device => continue,
        };
        members.insert(name, member);
    }
    Ok(members)
}

/// Part of a file, read at its place whoever else reads it.
struct Section<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..length], self.at)?;
        (self.at, self.left) = (self.at + count as u64, self.left - count as u64);
        Ok(count)
    }
}

/// Knows how much was read.
struct Positioned<R> {
    inner: R,
    at: u64,
}

impl<R: Read> Read for Positioned<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}
