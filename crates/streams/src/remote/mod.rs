//! The channels of a remote command: standard input, output and error, the terminal's size, and how it ended.
//!
//! Over WebSocket they are numbered; over SPDY they are streams whose headers say what they are, and the command begins once all of them
//! are open.

mod spdy;
mod status;
mod websocket;

pub use self::spdy::{NegotiationError, choose_spdy};
pub use self::status::End;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::Violation;
use crate::channels::{Protocol, Version};

/// Longest size of a terminal in bytes, as it is sent; also what is held of a torn one.
const SIZE_BYTES_MAX: usize = 1 << 10;

/// Which channels there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// A terminal, and its size.
    pub tty: bool,
}

/// Where the command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What the client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Input.
    Stdin(Bytes),
    /// No more input.
    StdinEnd,
    /// The terminal's columns and rows.
    Resize(u16, u16),
    /// It is gone.
    Closed,
}

/// One connection.
#[derive(Debug)]
pub struct Remote {
    wire: Wire,
    events: VecDeque<Event>,
    /// Input that waits to be taken, in bytes.
    waiting: usize,
    size_text: Vec<u8>,
    out: BytesMut,
}

#[derive(Debug)]
enum Wire {
    WebSocket(websocket::Wire),
    Spdy(Box<spdy::Wire>),
}

/// What came over a wire.
#[derive(Debug)]
enum Said {
    Stdin(Bytes),
    StdinEnd,
    Size(Bytes),
    Closed,
}

impl Remote {
    /// Over WebSocket.
    pub fn websocket(protocol: Protocol, wanted: Wanted) -> Remote {
        let mut out = BytesMut::new();
        Remote::new(Wire::WebSocket(websocket::Wire::new(protocol, wanted, &mut out)), out)
    }

    /// Over SPDY.
    pub fn spdy(version: Version, wanted: Wanted) -> Remote {
        Remote::new(Wire::Spdy(Box::new(spdy::Wire::new(version, wanted))), BytesMut::new())
    }

    fn new(wire: Wire, out: BytesMut) -> Remote {
        Remote { wire, events: VecDeque::new(), waiting: 0, size_text: Vec::new(), out }
    }

    /// Takes what was received.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        match &mut self.wire {
            Wire::WebSocket(wire) => wire.push(bytes),
            Wire::Spdy(wire) => wire.push(bytes),
        }
        while let Some(said) = match &mut self.wire {
            Wire::WebSocket(wire) => wire.next(&mut self.out)?,
            Wire::Spdy(wire) => wire.next(&mut self.out)?,
        } {
            match said {
                Said::Stdin(data) if data.is_empty() => {}
                Said::Stdin(data) => {
                    self.waiting += data.len();
                    self.events.push_back(Event::Stdin(data));
                }
                Said::StdinEnd => self.events.push_back(Event::StdinEnd),
                Said::Size(text) => self.sizes(&text)?,
                Said::Closed => self.events.push_back(Event::Closed),
            }
        }
        Ok(())
    }

    /// STR-5: JSON, perhaps torn, perhaps several.
    fn sizes(&mut self, text: &[u8]) -> Result<(), Violation> {
        self.size_text.extend_from_slice(text);
        let mut values = serde_json::Deserializer::from_slice(&self.size_text).into_iter::<serde_json::Value>();
        let mut taken = 0;
        while let Some(Ok(value)) = values.next() {
            taken = values.byte_offset();
            let number = |name: &str| value[name].as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(0);
            let (columns, rows) = (number("Width"), number("Height"));
            // A client that does not know its own size says 0.
            if columns > 0 && rows > 0 {
                self.events.push_back(Event::Resize(columns, rows));
            }
        }
        self.size_text.drain(..taken);
        if self.size_text.len() > SIZE_BYTES_MAX { Err(Violation("a terminal's size is too long")) } else { Ok(()) }
    }

    /// Whether every channel is there.
    pub fn is_open(&self) -> bool {
        match &self.wire {
            Wire::WebSocket(_) => true,
            Wire::Spdy(wire) => wire.is_open(),
        }
    }

    /// The next thing that the client said.
    pub fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::Stdin(data) = &event {
            self.waiting -= data.len();
        }
        Some(event)
    }

    /// Bytes of input that wait to be taken with [`Remote::next_event`].
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Sends what the command wrote.
    pub fn send(&mut self, output: Output, data: &[u8]) {
        match &mut self.wire {
            Wire::WebSocket(wire) => wire.send(output, data, &mut self.out),
            Wire::Spdy(wire) => wire.send(output, data, &mut self.out),
        }
    }

    /// Sends how it ended, and the end of everything. To be called once, after all output.
    pub fn finish(&mut self, end: &End) {
        match &mut self.wire {
            Wire::WebSocket(wire) => wire.finish(end, &mut self.out),
            Wire::Spdy(wire) => wire.finish(end, &mut self.out),
        }
    }

    /// What is to be sent over the connection; the caller takes away what it has sent.
    pub fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }
}

#[cfg(test)]
mod tests;
