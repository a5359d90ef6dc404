//! What a program in ELF form says that it needs: its loader, its libraries, where it looks for them. 64-bit little-endian alone.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERP: u32 = 3;
const NEEDED: u64 = 1;
const STRTAB: u64 = 5;
const RPATH: u64 = 15;
const RUNPATH: u64 = 29;
/// Largest table that is read.
const TABLE_BYTES_MAX: u64 = 1 << 20;

/// See the file's head.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub interpreter: Option<PathBuf>,
    pub libraries: Vec<String>,
    /// Directories, perhaps with `$ORIGIN`.
    pub search: Vec<String>,
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

/// None if the file is no such program.
pub fn needs(file: &mut File) -> io::Result<Option<Needs>> {
    let head = read(file, 0, 64)?;
    if head.len() < 64 || !head.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let (table, size, count) = (u64_at(&head, 32), u64::from(u16_at(&head, 54)), u64::from(u16_at(&head, 56)));
    let bytes = read(file, table, size * count)?;
    let segments: Vec<Segment> = bytes
        .chunks_exact(usize::try_from(size.max(56)).unwrap_or(56))
        .map(|entry| Segment { kind: u32_at(entry, 0), offset: u64_at(entry, 8), address: u64_at(entry, 16), size: u64_at(entry, 32) })
        .collect();
    let mut needs = Needs::default();
    if let Some(segment) = segments.iter().find(|segment| segment.kind == INTERP) {
        needs.interpreter = Some(PathBuf::from(text(&read(file, segment.offset, segment.size)?, 0)));
    }
    let Some(dynamic) = segments.iter().find(|segment| segment.kind == DYNAMIC) else { return Ok(Some(needs)) };
    let entries: Vec<(u64, u64)> =
        read(file, dynamic.offset, dynamic.size)?.chunks_exact(16).map(|entry| (u64_at(entry, 0), u64_at(entry, 8))).collect();
    let address = entries.iter().find(|(tag, _)| *tag == STRTAB).map_or(0, |(_, address)| *address);
    let load = segments.iter().find(|s| s.kind == LOAD && (s.address..s.address.saturating_add(s.size)).contains(&address));
    let Some(load) = load else { return Ok(Some(needs)) };
    let strings = read(file, load.offset + (address - load.address), TABLE_BYTES_MAX)?;
    for (tag, value) in entries {
        let word = || text(&strings, usize::try_from(value).unwrap_or(usize::MAX));
        match tag {
            NEEDED => needs.libraries.push(word()),
            RPATH | RUNPATH => needs.search.extend(word().split(':').filter(|word| !word.is_empty()).map(str::to_owned)),
            _ => {}
        }
    }
    Ok(Some(needs))
}

/// Where loaders look: the usual places and those of `/etc/ld.so.conf`.
pub fn directories() -> Vec<PathBuf> {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let mut all: Vec<PathBuf> = ["/lib", "/usr/lib"].iter().map(|directory| Path::new(directory).join(&triplet)).collect();
    all.extend(["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"].map(PathBuf::from));
    let listed = fs::read_dir("/etc/ld.so.conf.d").into_iter().flatten().flatten().map(|found| found.path());
    for file in listed.chain([PathBuf::from("/etc/ld.so.conf")]) {
        let text = fs::read_to_string(file).unwrap_or_default();
        all.extend(text.lines().map(str::trim).filter(|line| line.starts_with('/')).map(PathBuf::from));
    }
    all
}

fn read(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length.min(TABLE_BYTES_MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: &[u8], at: usize) -> String {
    let bytes = bytes.get(at..).unwrap_or_default();
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_what_it_needs() {
        let mut own = File::open("/proc/self/exe").unwrap();
        let needs = needs(&mut own).unwrap().unwrap();
        assert!(needs.libraries.iter().any(|library| library.starts_with("libc.so")), "{needs:?}");
        assert!(needs.interpreter.is_some_and(|path| path.exists()));
        let mut other = tempfile::tempfile().unwrap();
        assert_eq!(super::needs(&mut other).unwrap(), None);
    }
}
