//! The entries of a tar stream, as layers have them: ustar, GNU long names, POSIX extended headers. Reads forwards only, holds one header
//! at a time, and refuses what is malformed or beyond measure.

use std::io::{self, Read};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;
/// Largest long name or extended header, in bytes.
const EXTENSION_BYTES_MAX: u64 = 1 << 20;
/// Longest path or link target, as in the kernel.
const PATH_BYTES_MAX: usize = 4095;
const XATTR: &str = "SCHILY.xattr.";

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// To that text.
    Symlink(Vec<u8>),
    /// To the file of that path.
    HardLink(Vec<u8>),
    Fifo,
    /// A device, which no image may bring.
    Device,
}

/// One entry; its content is read from [`Entries`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As written.
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970, and nanoseconds.
    pub mtime: (i64, u32),
    pub size_bytes: u64,
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// Reads a tar stream.
pub struct Entries<R> {
    reader: R,
    /// Of the current entry.
    content_left: u64,
    padding: u64,
}

/// What extended headers say about the next entry.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    mtime: Option<(i64, u32)>,
    xattrs: Vec<(String, Vec<u8>)>,
}

fn wrong(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

impl<R: Read> Entries<R> {
    pub fn new(reader: R) -> Entries<R> {
        Entries { reader, content_left: 0, padding: 0 }
    }

    /// The next entry; what is left of the last one is passed over.
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size()?;
            match header.entry_type() {
                EntryType::XHeader => extended.add(&self.extension(size)?)?,
                EntryType::XGlobalHeader => drop(self.extension(size)?),
                EntryType::GNULongName => extended.path = Some(until_zero(self.extension(size)?)),
                EntryType::GNULongLink => extended.link = Some(until_zero(self.extension(size)?)),
                _ => return self.entry(&header, extended).map(Some),
            }
        }
    }

    /// Whence it reads.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Reads to the end of the stream, padding and all.
    pub fn drain(mut self) -> io::Result<()> {
        io::copy(&mut self.reader, &mut io::sink()).map(drop)
    }

    fn skip(&mut self) -> io::Result<()> {
        let wanted = self.content_left + self.padding;
        (self.content_left, self.padding) = (0, 0);
        let skipped = io::copy(&mut (&mut self.reader).take(wanted), &mut io::sink())?;
        if skipped < wanted { Err(wrong("the archive ends in the middle of a file")) } else { Ok(()) }
    }

    /// The next header; None at the end mark, or where the stream ends between two entries.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.reader.read(&mut block[filled..])? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(wrong("the archive ends in the middle of a header")),
                count => filled += count,
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum = block.iter().enumerate().map(|(at, byte)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum::<u32>();
        let header = Header::from_byte_slice(&block).clone();
        if header.cksum()? == sum { Ok(Some(header)) } else { Err(wrong("the archive has a header whose checksum is wrong")) }
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_BYTES_MAX {
            return Err(wrong(format!("an extended header of {size} bytes is refused: at most {EXTENSION_BYTES_MAX} are read")));
        }
        self.begin_content(size);
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn begin_content(&mut self, size: u64) {
        self.content_left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    fn entry(&mut self, header: &Header, extended: Extended) -> io::Result<Entry> {
        let path = extended.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let link = extended.link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned)).unwrap_or_default();
        if path.len() > PATH_BYTES_MAX || link.len() > PATH_BYTES_MAX {
            return Err(wrong("a path of more than 4095 bytes is refused"));
        }
        let kind = match header.entry_type() {
            // Before POSIX a directory was a file with a slash.
            EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => Kind::Directory,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink(link),
            EntryType::Link => Kind::HardLink(link),
            EntryType::Fifo => Kind::Fifo,
            EntryType::Char | EntryType::Block => Kind::Device,
            other => {
                let (kind, path) = (char::from(other.as_byte()).escape_default(), String::from_utf8_lossy(&path).into_owned());
                return Err(wrong(format!("{path:?} is of a kind that is not unpacked ('{kind}')")));
            }
        };
        let size_bytes = match kind {
            Kind::File => extended.size.map_or_else(|| header.entry_size(), Ok)?,
            // A hard link may say the size of its file, and has no content.
            _ => 0,
        };
        self.begin_content(size_bytes);
        let number = |value: u64| u32::try_from(value).map_err(|_| wrong("an owner of more than 32 bits is refused"));
        Ok(Entry {
            path,
            kind,
            mode: unless_blank(&header.as_old().mode, || header.mode())? & 0o7777,
            uid: number(extended.uid.map_or_else(|| unless_blank(&header.as_old().uid, || header.uid()), Ok)?)?,
            gid: number(extended.gid.map_or_else(|| unless_blank(&header.as_old().gid, || header.gid()), Ok)?)?,
            mtime: extended.mtime.unwrap_or((i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(0), 0)),
            size_bytes,
            xattrs: extended.xattrs,
        })
    }
}

/// The content of the current entry.
impl<R: Read> Read for Entries<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.content_left).unwrap_or(usize::MAX).min(buffer.len());
        if length == 0 {
            return Ok(0);
        }
        let count = self.reader.read(&mut buffer[..length])?;
        if count == 0 {
            return Err(wrong("the archive ends in the middle of a file"));
        }
        self.content_left -= count as u64;
        Ok(count)
    }
}

impl Extended {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        for extension in PaxExtensions::new(bytes) {
            let extension = extension?;
            let (key, value) = (extension.key().map_err(io::Error::other)?, extension.value_bytes());
            let number =
                || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or_else(|| wrong(format!("{key} is no number")));
            match key {
                "path" => self.path = Some(value.to_owned()),
                "linkpath" => self.link = Some(value.to_owned()),
                "size" => self.size = Some(number()?),
                "uid" => self.uid = Some(number()?),
                "gid" => self.gid = Some(number()?),
                "mtime" => self.mtime = Some(time(value).ok_or_else(|| wrong("mtime is no time"))?),
                _ if key.starts_with("GNU.sparse.") => return Err(wrong("files in GNU's sparse form are not unpacked")),
                _ => self.xattrs.extend(key.strip_prefix(XATTR).map(|name| (name.to_owned(), value.to_owned()))),
            }
        }
        Ok(())
    }
}

/// A field that nobody filled in is zero.
fn unless_blank<T: Default>(field: &[u8], read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if field.iter().all(|byte| matches!(byte, 0 | b' ')) { Ok(T::default()) } else { read() }
}

/// Seconds with a fraction.
fn time(value: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(value).ok()?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some((seconds.parse().ok()?, digits.parse().ok()?))
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: EntryType, path: &str, size: u64) -> Header {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_path(path).unwrap();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(7);
        header.set_gid(8);
        header.set_mtime(5);
        header.set_cksum();
        header
    }

    fn first(archive: &[u8]) -> io::Result<Option<Entry>> {
        Entries::new(archive).next()
    }

    #[test]
    fn extended_headers_are_about_the_next_entry() {
        // IMG-11
        let long = format!("{}/end", "long".repeat(50));
        let record = |key: &str, value: &str| {
            let length = key.len() + value.len() + 3;
            let total = (length + length.to_string().len()..).find(|total| total.to_string().len() + length == *total).unwrap();
            format!("{total} {key}={value}\n")
        };
        let pax = [("path", long.as_str()), ("mtime", "-3.25"), ("uid", "70000"), ("SCHILY.xattr.user.x", "y")]
            .map(|(k, v)| record(k, v))
            .concat();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header(EntryType::XHeader, "pax", pax.len() as u64), pax.as_bytes()).unwrap();
        builder.append(&header(EntryType::Regular, "short", 4), &b"text"[..]).unwrap();
        builder.append(&header(EntryType::Regular, "next", 0), &b""[..]).unwrap();
        let archive = builder.into_inner().unwrap();
        let mut entries = Entries::new(&archive[..]);
        let entry = entries.next().unwrap().unwrap();
        assert_eq!((entry.path, entry.uid, entry.gid, entry.mtime), (long.into_bytes(), 70000, 8, (-3, 250_000_000)));
        assert_eq!(entry.xattrs, [("user.x".to_owned(), b"y".to_vec())]);
        assert_eq!(io::read_to_string(&mut entries).unwrap(), "text");
        let entry = entries.next().unwrap().unwrap();
        assert_eq!((entry.path.as_slice(), entry.uid, entry.mtime), (&b"next"[..], 7, (5, 0)));
        assert!(entries.next().unwrap().is_none());
    }

    #[test]
    fn what_is_malformed_or_beyond_measure_is_refused() {
        // IMG-11
        let said = |archive: &[u8]| first(archive).unwrap_err().to_string();
        let huge = header(EntryType::XHeader, "pax", 1 << 40);
        assert!(said(huge.as_bytes()).contains("refused"));
        let mut changed = *header(EntryType::Regular, "x", 0).as_bytes();
        changed[0] = b'y';
        assert!(said(&changed).contains("checksum"));
        assert!(said(&changed[..100]).contains("middle of a header"));
        assert!(said(header(EntryType::GNUSparse, "x", 0).as_bytes()).contains("not unpacked"));
        let cut = header(EntryType::Regular, "x", 600);
        let mut entries = Entries::new(&cut.as_bytes()[..]);
        assert_eq!(entries.next().unwrap().unwrap().size_bytes, 600);
        assert!(entries.next().unwrap_err().to_string().contains("middle of a file"));
        assert!(first(b"").unwrap().is_none());
    }
}
