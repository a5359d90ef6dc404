//! Which network namespaces there are on the machine, by their numbers: those of threads, those that are mounted and those that somebody has
//! open. Reads `/proc` alone and says so if that does not tell all.

use std::collections::BTreeSet;
use std::fs::ReadDir;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The number of the first namespace of processes, in which all of them are seen.
const ALL_PROCESSES: &str = "pid:[4026531836]";

/// The namespace of this thread.
pub fn own() -> io::Result<u64> {
    std::fs::metadata("/proc/thread-self/ns/net").map(|namespace| namespace.ino())
}

/// All of them. An error if some may be hidden.
pub fn alive() -> io::Result<BTreeSet<u64>> {
    if std::fs::read_link("/proc/self/ns/pid")?.to_str() != Some(ALL_PROCESSES) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "not all processes can be seen from here"));
    }
    let mut numbers = BTreeSet::new();
    for process in std::fs::read_dir("/proc")? {
        let process = process?;
        if process.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
            unless_gone(of_process(&process.path(), &mut numbers))?;
        }
    }
    Ok(numbers)
}

fn of_process(process: &Path, numbers: &mut BTreeSet<u64>) -> io::Result<()> {
    for thread in std::fs::read_dir(process.join("task"))? {
        unless_gone(note(&thread?.path().join("ns/net"), numbers))?;
    }
    for file in unless_gone(std::fs::read_dir(process.join("fd")))?.into_iter().flat_map(|files: ReadDir| files) {
        unless_gone(file.and_then(|file| note(&file.path(), numbers)))?;
    }
    let mounts = unless_gone(std::fs::read_to_string(process.join("mountinfo")))?.unwrap_or_default();
    // The fourth word is what of the file system is mounted.
    numbers.extend(mounts.lines().filter_map(|line| number(line.split(' ').nth(3)?)));
    Ok(())
}

fn note(link: &Path, numbers: &mut BTreeSet<u64>) -> io::Result<()> {
    numbers.extend(std::fs::read_link(link)?.to_str().and_then(number));
    Ok(())
}

/// Of `net:[NUMBER]`.
fn number(text: &str) -> Option<u64> {
    text.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

/// What ends while it is looked at has no namespace any more.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How a process that has ended answers whoever reads of it. The standard library has no kind for it.
const ESRCH: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_tell_numbers() {
        assert_eq!(number("net:[4026531833]"), Some(4_026_531_833));
        assert_eq!([number("mnt:[4026531832]"), number("/"), number("net:[x]")], [None; 3]);
    }

    #[test]
    fn our_own_is_alive_or_it_is_said_that_this_cannot_be_known() {
        match alive() {
            Ok(alive) => assert!(alive.contains(&own().unwrap())),
            Err(error) => assert!(matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied), "{error}"),
        }
    }
}
