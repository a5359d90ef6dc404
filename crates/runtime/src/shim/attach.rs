//! Who listens to a container's output beside its log, as the shim sees it.
//!
//! What is read for the log is written to each listener's pipes too. They never hold the container up: what a pipe has no room for its
//! listener misses, and finds in the log. Input does not come this way: a listener gets the container's own input.

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
}
