//! Who listens to a container's output beside its log, as the shim sees it.
//!
//! What is read for the log is written to each listener's pipes too. They never hold the container up: what a pipe has no room for its
//! listener misses, and finds in the log. Input does not come this way: a listener gets the container's own input.
//!
//! A container that wants input once is made for one who comes at once (`kubectl run -i`): what it says before is kept for the first listener.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// A listener.
#[derive(Debug)]
pub struct Attachment {
    /// Its connection, with which it ends.
    pub client: u64,
    /// Whether it has the container's input.
    pub input: bool,
    /// For standard output and standard error; none once nobody reads there.
    outputs: [Option<File>; 2],
}

impl Attachment {
    /// Takes the ends to write to.
    pub fn new(client: u64, input: bool, outputs: [OwnedFd; 2]) -> io::Result<Attachment> {
        for output in &outputs {
            fcntl(output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Attachment { client, input, outputs: outputs.map(|output| Some(File::from(output))) })
    }

    /// Gives it what was read of an output, as far as there is room.
    pub fn give(&mut self, index: usize, mut bytes: &[u8]) {
        let output = &mut self.outputs[index];
        while let (Some(file), false) = (output.as_mut(), bytes.is_empty()) {
            match file.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => *output = None,
            }
        }
    }
}

/// What was said before anybody listened: of a container that somebody is expected to listen to, and only as much as a listener's pipe holds.
#[derive(Debug, Default)]
pub struct Unheard {
    /// Which output, and what it said.
    parts: Vec<(usize, Vec<u8>)>,
    bytes: usize,
}

/// More than this is left to the log.
const UNHEARD_BYTES_MAX: usize = 1 << 20;

impl Unheard {
    /// Keeps what was read of an output. `None` once it is too much.
    pub fn keep(mut self, index: usize, bytes: &[u8]) -> Option<Unheard> {
        self.bytes += bytes.len();
        self.parts.push((index, bytes.to_vec()));
        (self.bytes <= UNHEARD_BYTES_MAX).then_some(self)
    }

    /// Gives the first listener all of it.
    pub fn give(self, attachment: &mut Attachment) {
        self.parts.iter().for_each(|(index, bytes)| attachment.give(*index, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_listener_that_does_not_read_misses_something_and_holds_nobody_up() {
        // STR-10
        let (mut reader, writer) = io::pipe().unwrap();
        let (other, other_writer) = io::pipe().unwrap();
        let mut attachment = Attachment::new(0, false, [writer.into(), other_writer.into()]).unwrap();
        attachment.give(0, b"first ");
        for _ in 0..100 {
            attachment.give(0, &[b'x'; 10_000]);
        }
        drop(other);
        attachment.give(1, b"nobody reads this");
        attachment.give(1, b"nor this");
        drop(attachment);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("first xxx"));
        assert!(text.len() < 100 * 10_000);
    }
    #[test]
    fn the_first_listener_hears_what_was_said_before_unless_it_is_too_much() {
        // STR-10
        let ((mut reader, writer), (_other, other_writer)) = (io::pipe().unwrap(), io::pipe().unwrap());
        let mut attachment = Attachment::new(0, true, [writer.into(), other_writer.into()]).unwrap();
        Unheard::default().keep(0, b"one ").and_then(|unheard| unheard.keep(0, b"two")).unwrap().give(&mut attachment);
        drop(attachment);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        assert!(Unheard::default().keep(1, &vec![b'x'; UNHEARD_BYTES_MAX + 1]).is_none());
    }
}
