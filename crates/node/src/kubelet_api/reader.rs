//! Reads a container's log across its rotated files, in pieces of bounded size. Blocking; never waits for more to be written.
//!
//! A kubelet reads the file that is written and no other (LOG-8), so that a log is empty just after a rotation. Here the rotated files that
//! are kept come first.

use super::options::{End, LogOptions};
use super::records::Records;
use memchr::memrchr_iter;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Read at once.
const PIECE_BYTES_MAX: u64 = 256 * 1024;
/// More than any record has; so much without an end is no log.
const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Looked through at once for ends of lines.
const BLOCK_BYTES: u64 = 64 * 1024;

/// Rotated files that are looked at, the newest; fewer are kept (LOG-5).
const ROTATED_MAX: usize = 16;

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Text(Vec<u8>),
    /// All that is written has been read; more may be written.
    Idle,
    End,
}

/// One file of a log, read up to where its cursor is.
#[derive(Debug)]
struct Part {
    file: File,
    inode: u64,
    /// Bytes to be read of it.
    left: u64,
}

/// A place in a log.
#[derive(Debug)]
pub(super) struct LogReader {
    /// Of the file that is written; `None` where nothing is.
    path: Option<PathBuf>,
    end: End,
    /// The oldest first. The last one stays when it was read, for the one after it is found by it.
    parts: VecDeque<Part>,
    /// Read, but not a whole record.
    pending: Vec<u8>,
    records: Records,
}

impl LogReader {
    /// Goes to where these options begin.
    pub(super) fn open(path: Option<PathBuf>, options: &LogOptions) -> io::Result<Self> {
        let mut parts: VecDeque<Part> = path.as_deref().map(open_all).transpose()?.unwrap_or_default().into();
        if let Some(lines) = options.tail_lines {
            skip_to_tail(&mut parts, lines)?;
        }
        if let (End::Follow, Some(last)) = (options.end, parts.back_mut()) {
            last.left = u64::MAX;
        }
        Ok(Self { path, end: options.end, parts, pending: Vec::new(), records: Records::new(options) })
    }

    /// The next piece.
    pub(super) fn read(&mut self) -> io::Result<Progress> {
        loop {
            if self.records.is_full() {
                return Ok(Progress::End);
            }
            if self.fill()? {
                let mut text = Vec::with_capacity(self.pending.len());
                let taken = self.records.take(&self.pending, &mut text);
                self.pending.drain(..taken);
                if self.pending.len() > RECORD_BYTES_MAX {
                    self.pending.clear();
                }
                if !text.is_empty() {
                    return Ok(Progress::Text(text));
                }
            } else if self.parts.len() > 1 {
                self.parts.pop_front();
                self.pending.clear();
            } else if self.end == End::Now {
                return Ok(Progress::End);
            } else if !self.find_successors()? {
                return Ok(Progress::Idle);
            }
        }
    }

    /// Reads more of the first part; whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        let Some(part) = self.parts.front_mut() else { return Ok(false) };
        let count = (&part.file).take(part.left.min(PIECE_BYTES_MAX)).read_to_end(&mut self.pending)?;
        part.left -= count as u64;
        Ok(count > 0)
    }

    /// Looks for what came after the last part. If that was rotated nothing more is written to it, but something may have been since it was
    /// read: it is to be read once more.
    fn find_successors(&mut self) -> io::Result<bool> {
        let Some(path) = &self.path else { return Ok(false) };
        let last = self.parts.back().map(|part| part.inode);
        let current = unless_missing(fs::metadata(path))?.map(|metadata| metadata.ino());
        if current == last {
            return Ok(false);
        }
        let mut found = open_all(path)?;
        // One that is not among them was rotated away entirely: what is left begins with the oldest.
        let from = found.iter().position(|part| Some(part.inode) == last).map_or(0, |at| at + 1);
        for mut part in found.drain(from..) {
            part.left = u64::MAX;
            self.parts.push_back(part);
        }
        Ok(self.parts.back().map(|part| part.inode) != last)
    }
}

/// The files of a log, the oldest first, each as long as it is now. Rotation may happen meanwhile: the file that is written is opened
/// before the others are looked for, so that none is missing between them.
fn open_all(path: &Path) -> io::Result<Vec<Part>> {
    let current = open(path)?;
    let mut parts = Vec::new();
    for path in rotated(path)? {
        let Some(part) = open(&path)? else { continue };
        if current.as_ref().is_some_and(|current| current.inode == part.inode) {
            break;
        }
        parts.push(part);
    }
    parts.extend(current);
    Ok(parts)
}

fn open(path: &Path) -> io::Result<Option<Part>> {
    let Some(file) = unless_missing(File::open(path))? else { return Ok(None) };
    let metadata = file.metadata()?;
    Ok(Some(Part { file, inode: metadata.ino(), left: metadata.len() }))
}

/// The newest rotated files of a log; their names are in the order of their times.
fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(Vec::new()) };
    let prefix = format!("{}.", name.to_string_lossy());
    let Some(entries) = unless_missing(fs::read_dir(parent))? else { return Ok(Vec::new()) };
    let is_rotated = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
    let mut paths: Vec<PathBuf> = entries.flatten().filter(is_rotated).map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths.drain(..paths.len().saturating_sub(ROTATED_MAX));
    Ok(paths)
}

fn unless_missing<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Moves the cursors to the last so many records.
fn skip_to_tail(parts: &mut VecDeque<Part>, lines: u64) -> io::Result<()> {
    // The end of the record before them is sought too.
    let mut ends = lines.saturating_add(1);
    for index in (0..parts.len()).rev() {
        let part = &mut parts[index];
        if let Some(start) = find_back(part, &mut ends)? {
            part.file.seek(SeekFrom::Start(start))?;
            part.left -= start;
            parts.drain(..index);
            return Ok(());
        }
    }
    Ok(())
}

/// Where the record begins that has `ends` ends of records from the one before it to the file's end; counts those that it finds down.
fn find_back(part: &Part, ends: &mut u64) -> io::Result<Option<u64>> {
    let (mut stop, mut block) = (part.left, Vec::new());
    while stop > 0 {
        let start = stop.saturating_sub(BLOCK_BYTES);
        block.resize(usize::try_from(stop - start).map_err(io::Error::other)?, 0);
        part.file.read_exact_at(&mut block, start)?;
        for end in memrchr_iter(b'\n', &block) {
            *ends -= 1;
            if *ends == 0 {
                return Ok(Some(start + end as u64 + 1));
            }
        }
        stop = start;
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
