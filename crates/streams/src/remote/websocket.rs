//! A remote command's channels over WebSocket (STR-3).

use bytes::BytesMut;

use super::{End, Output, Said, Wanted};
use crate::Violation;
use crate::channels::{self, Channels, Protocol};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;

#[derive(Debug)]
pub struct Wire {
    channels: Channels,
    wanted: Wanted,
}

impl Wire {
    /// Says at once, with an empty message, that the connection stands.
    pub fn new(protocol: Protocol, wanted: Wanted, out: &mut BytesMut) -> Wire {
        let channels = Channels::new(protocol);
        let lowest = match wanted {
            Wanted { stdout: true, .. } => STDOUT,
            Wanted { stderr: true, .. } => STDERR,
            _ => ERROR,
        };
        channels.put(lowest, &[], out);
        Wire { channels, wanted }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.channels.push(bytes);
    }

    pub fn next(&mut self, out: &mut BytesMut) -> Result<Option<Said>, Violation> {
        while let Some(said) = self.channels.next(out)? {
            match said {
                channels::Said::Data(STDIN, data) if self.wanted.stdin => return Ok(Some(Said::Stdin(data))),
                channels::Said::Data(RESIZE, data) if self.wanted.tty => return Ok(Some(Said::Size(data))),
                channels::Said::End(STDIN) if self.wanted.stdin => return Ok(Some(Said::StdinEnd)),
                channels::Said::Closed => return Ok(Some(Said::Closed)),
                channels::Said::Data(..) | channels::Said::End(_) => {} // nobody listens there
            }
        }
        Ok(None)
    }

    pub fn send(&mut self, output: Output, data: &[u8], out: &mut BytesMut) {
        let channel = match output {
            Output::Stdout => STDOUT,
            Output::Stderr => STDERR,
        };
        if !data.is_empty() {
            self.channels.put(channel, data, out);
        }
    }

    pub fn finish(&mut self, end: &End, out: &mut BytesMut) {
        let written = end.written(self.channels.version());
        if !written.is_empty() {
            self.channels.put(ERROR, &written, out);
        }
        self.channels.put_close(out);
    }
}
