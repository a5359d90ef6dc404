//! Redirections: files in the place of descriptors, and the descriptors back in their places.

use super::run::{Outcome, Shell};
use super::syntax::Target;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use stead_sys::fd;

/// Copies that a shell keeps lie above what its user counts.
const COPIES_FROM: i32 = 10;
/// What a pipe holds without a reader: longer texts go through a file.
const PIPE_BYTES: usize = 65_536;

/// A target whose words are texts.
pub enum Place {
    Read(String),
    Write(String),
    Append(String),
    ReadWrite(String),
    Duplicate(String),
    Text(String),
}

impl Shell {
    pub fn target(&mut self, target: &Target) -> Outcome<Place> {
        Ok(match target {
            Target::Read(word) => Place::Read(self.text(word)?),
            Target::Write(word) => Place::Write(self.text(word)?),
            Target::Append(word) => Place::Append(self.text(word)?),
            Target::ReadWrite(word) => Place::ReadWrite(self.text(word)?),
            Target::Duplicate(word) => Place::Duplicate(self.text(word)?),
            Target::Text(word) => Place::Text(self.text(word)?),
        })
    }
}

/// What was where before.
#[derive(Default)]
pub struct Saved(Vec<(i32, Option<OwnedFd>)>);

impl Saved {
    /// Puts the target in the place of a descriptor.
    pub fn make(&mut self, number: i32, place: &Place) -> Result<(), String> {
        std::io::stdout().flush().unwrap_or_default();
        let named = |name: &str, error: std::io::Error| format!("{name}: {error}");
        let mut options = OpenOptions::new();
        let opened: OwnedFd = match place {
            Place::Read(name) => File::open(name).map_err(|error| named(name, error))?.into(),
            Place::Write(name) => options.write(true).create(true).truncate(true).open(name).map_err(|error| named(name, error))?.into(),
            Place::Append(name) => options.append(true).create(true).open(name).map_err(|error| named(name, error))?.into(),
            Place::ReadWrite(name) => {
                options.read(true).write(true).create(true).truncate(false).open(name).map_err(|error| named(name, error))?.into()
            }
            Place::Text(text) => document(text)?,
            Place::Duplicate(word) if word == "-" => {
                self.keep_copy(number);
                fd::close_number(number);
                return Ok(());
            }
            Place::Duplicate(word) => {
                let from: i32 = word.parse().map_err(|_| format!("{word}: not a descriptor"))?;
                self.keep_copy(number);
                return fd::place(from, number).map_err(|error| named(word, error));
            }
        };
        // The file may have got the very number: it makes room first.
        let moved = fd::copy_above(opened.as_raw_fd(), COPIES_FROM).map_err(|error| error.to_string())?;
        drop(opened);
        self.keep_copy(number);
        fd::place(moved.as_raw_fd(), number).map_err(|error| error.to_string())
    }

    fn keep_copy(&mut self, number: i32) {
        self.0.push((number, fd::copy_above(number, COPIES_FROM).ok()));
    }

    /// Everything as it was.
    pub fn restore(self) {
        std::io::stdout().flush().unwrap_or_default();
        for (number, copy) in self.0.into_iter().rev() {
            match copy {
                Some(copy) => fd::place(copy.as_raw_fd(), number).unwrap_or_default(),
                None => fd::close_number(number),
            }
        }
    }

    /// For good.
    pub fn keep(self) {
        drop(self);
    }
}

/// A descriptor from which the text is read.
fn document(text: &str) -> Result<OwnedFd, String> {
    if text.len() >= PIPE_BYTES {
        return Err("a here-document is longer than 64 KiB".to_owned());
    }
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).map_err(|error| error.to_string())?;
    File::from(writer).write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(reader)
}
