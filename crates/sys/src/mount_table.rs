//! The mounts that a process sees, as the kernel lists them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// What of the file system is mounted.
    pub root: PathBuf,
    /// Where.
    pub place: PathBuf,
    /// Whether what is mounted below it shows elsewhere, and the other way round.
    pub is_shared: bool,
    /// The type of its file system.
    pub kind: String,
    /// What is mounted, as whoever mounted it said.
    pub source: String,
    /// The file system's own options.
    pub options: String,
}

/// All mounts that this thread sees, in the order in which they were made.
pub fn read() -> io::Result<Vec<Mounted>> {
    fs::read("/proc/thread-self/mountinfo").map(|text| parse(&text))
}

/// All that a process sees.
pub fn read_of(pid: i32) -> io::Result<Vec<Mounted>> {
    fs::read(format!("/proc/{pid}/mountinfo")).map(|text| parse(&text))
}

/// Those of some types alone.
pub fn read_kinds(kinds: &[&str]) -> io::Result<Vec<Mounted>> {
    fs::read("/proc/thread-self/mountinfo").map(|text| parse_kinds(&text, kinds))
}

/// A look that costs little before a line is taken apart: there are some for each container.
fn parse_kinds(text: &[u8], kinds: &[&str]) -> Vec<Mounted> {
    let words: Vec<Vec<u8>> = kinds.iter().map(|kind| format!(" - {kind} ").into_bytes()).collect();
    let holds = |line: &&[u8]| words.iter().any(|word| line.windows(word.len()).any(|part| part == word));
    let found = text.split(|byte| *byte == b'\n').filter(holds).filter_map(mounted);
    found.filter(|mounted| kinds.contains(&mounted.kind.as_str())).collect()
}

/// Of the text of a `mountinfo`. What is no line of one is passed over. Names need not be UTF-8.
pub fn parse(text: &[u8]) -> Vec<Mounted> {
    text.split(|byte| *byte == b'\n').filter_map(mounted).collect()
}

/// `ID PARENT DEVICE ROOT PLACE OPTIONS [shared:N ...] - KIND SOURCE OPTIONS`; no field has a blank in it.
fn mounted(line: &[u8]) -> Option<Mounted> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let end = 6 + fields.get(6..)?.iter().position(|field| *field == b"-")?;
    let text = |index: usize| Some(String::from_utf8_lossy(&unescaped(fields.get(index)?)).into_owned());
    Some(Mounted {
        root: PathBuf::from(OsString::from_vec(unescaped(fields[3]))),
        place: PathBuf::from(OsString::from_vec(unescaped(fields[4]))),
        is_shared: fields[6..end].iter().any(|field| field.starts_with(b"shared:")),
        kind: text(end + 1)?,
        source: text(end + 2)?,
        options: text(end + 3)?,
    })
}

/// Blanks and backslashes are written as octal numbers.
fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let Some((first, rest)) = text.split_first() {
        let octal = (*first == b'\\').then(|| rest.get(..3)).flatten();
        match octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                text = &rest[3..];
            }
            None => {
                bytes.push(*first);
                text = rest;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn mounts_of_a_type_are_picked_out() {
        let text = b"1 0 0:1 / /a rw shared:1 - cgroup cgroup rw,cpu\n2 0 0:2 / /b\\040-\\040cgroup rw - tmpfs cgroup rw\n3 0 0:3 / /c rw - cgroup2 x rw\n";
        let places = |kinds: &[&str]| parse_kinds(text, kinds).into_iter().map(|found| found.place).collect::<Vec<_>>();
        assert_eq!(places(&["cgroup"]), [Path::new("/a")]);
        assert_eq!(places(&["cgroup", "cgroup2"]), [Path::new("/a"), Path::new("/c")]);
        assert_eq!(parse_kinds(text, &["cgroup"]), parse(text)[..1]);
    }

    #[test]
    fn lines_are_taken_apart() {
        let text = b"28 27 0:1 / /shared rw shared:5 master:2 - tmpfs some\\040where rw,size=1k\nno line\n29 27 0:2 / /plain rw - ext4 /dev/vda rw\n";
        let found = parse(text);
        let shared = Mounted {
            root: "/".into(),
            place: "/shared".into(),
            is_shared: true,
            kind: "tmpfs".into(),
            source: "some where".into(),
            options: "rw,size=1k".into(),
        };
        assert_eq!(found[0], shared);
        assert_eq!((found.len(), found[1].place.as_path(), found[1].is_shared), (2, Path::new("/plain"), false));
    }

    #[test]
    fn places_are_unescaped_whatever_they_are_called() {
        assert_eq!(unescaped(br"/a\040b\134c\0"), br"/a b\c\0");
        let found = parse(b"29 27 0:2 / /caf\xe9 rw - ext4 /dev/vda rw\n30 27 0:2 / /after rw - ext4 /dev/vda rw\n");
        assert_eq!(found[0].place.as_os_str().as_encoded_bytes(), b"/caf\xe9");
        assert_eq!(found[1].place, Path::new("/after"));
    }

    #[test]
    fn what_is_mounted_is_listed() {
        assert!(read().expect("the kernel's list").iter().any(|mounted| mounted.place == Path::new("/proc")));
    }
}
