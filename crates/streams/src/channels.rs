//! Numbered channels over WebSocket messages: the first byte of each message is its channel's number.
//!
//! Protocols are chosen here, by the names that clients offer. Pings are answered here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};

use crate::Violation;
use crate::websocket::{CloseCode, Decoder, Kind, Message, put_close, put_head, put_pong};

/// Longest message, in bytes: what clients can be relied on to take at once.
const MESSAGE_BYTES_MAX: usize = 32 << 10;
/// Number of no channel: what follows is the number of a channel that has ended.
const END: u8 = 255;

/// What is spoken, besides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Version 1 to 3: the error channel has plain text.
    Plain,
    /// The error channel has a Status.
    Four,
    /// A client can end one channel.
    Five,
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// A byte and the bytes.
    Binary,
    /// A digit and base64, in text.
    Base64,
}

/// A protocol by its name in `Sec-WebSocket-Protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// As the client must be told.
    pub name: &'static str,
    /// What it is.
    pub version: Version,
    encoding: Encoding,
}

const fn protocol(name: &'static str, version: Version, encoding: Encoding) -> Protocol {
    Protocol { name, version, encoding }
}

const PROTOCOLS: [Protocol; 7] = [
    protocol("v5.channel.k8s.io", Version::Five, Encoding::Binary),
    protocol("v4.channel.k8s.io", Version::Four, Encoding::Binary),
    protocol("v3.channel.k8s.io", Version::Plain, Encoding::Binary),
    protocol("v2.channel.k8s.io", Version::Plain, Encoding::Binary),
    protocol("channel.k8s.io", Version::Plain, Encoding::Binary),
    protocol("v4.base64.channel.k8s.io", Version::Four, Encoding::Base64),
    protocol("base64.channel.k8s.io", Version::Plain, Encoding::Base64),
];

impl Protocol {
    /// The first of the offered ones that is known (STR-2).
    pub fn choose<'a>(offered: impl IntoIterator<Item = &'a str>) -> Option<Protocol> {
        offered.into_iter().find_map(|name| PROTOCOLS.into_iter().find(|known| known.name == name))
    }

    /// The one of a client that offers none.
    pub fn unnamed() -> Protocol {
        protocol("", Version::Plain, Encoding::Binary)
    }
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Something on a channel.
    Data(u8, Bytes),
    /// Nothing more comes on a channel.
    End(u8),
    /// Nothing more comes at all.
    Closed,
}

/// One connection.
#[derive(Debug)]
pub struct Channels {
    protocol: Protocol,
    decoder: Decoder,
}

impl Channels {
    /// A new one.
    pub fn new(protocol: Protocol) -> Channels {
        Channels { protocol, decoder: Decoder::default() }
    }

    /// What is spoken.
    pub fn version(&self) -> Version {
        self.protocol.version
    }

    /// Takes what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
    }

    /// The next thing that the client says. Answers are appended to `out`.
    pub fn next(&mut self, out: &mut BytesMut) -> Result<Option<Said>, Violation> {
        while let Some(message) = self.decoder.next_message()? {
            match message {
                Message::Ping(payload) => put_pong(&payload, out),
                Message::Close => return Ok(Some(Said::Closed)),
                // Some clients send binary data in text frames.
                Message::Binary(message) | Message::Text(message) => {
                    if let Some(said) = self.read(&message)? {
                        return Ok(Some(said));
                    }
                }
            }
        }
        Ok(None)
    }

    fn read(&self, message: &Bytes) -> Result<Option<Said>, Violation> {
        let Some((number, rest)) = message.split_first() else { return Ok(None) };
        Ok(Some(match (self.protocol.encoding, *number) {
            (Encoding::Binary, END) if self.protocol.version == Version::Five => match rest {
                [channel] => Said::End(*channel),
                _ => return Err(Violation("the end of a channel names none")),
            },
            (Encoding::Binary, channel) => Said::Data(channel, message.slice(1..)),
            (Encoding::Base64, digit @ b'0'..=b'9') => {
                let data = STANDARD.decode(rest).map_err(|_| Violation("a message is not in base64"))?;
                Said::Data(digit - b'0', data.into())
            }
            (Encoding::Base64, _) => return Err(Violation("a message does not begin with a channel's number")),
        }))
    }

    /// Appends data of a channel; no data is one empty message.
    pub fn put(&self, channel: u8, data: &[u8], out: &mut BytesMut) {
        let length_max = match self.protocol.encoding {
            Encoding::Binary => MESSAGE_BYTES_MAX - 1,
            Encoding::Base64 => (MESSAGE_BYTES_MAX - 1) / 4 * 3,
        };
        let (first, rest) = data.split_at(data.len().min(length_max));
        self.put_one(channel, first, out);
        rest.chunks(length_max).for_each(|part| self.put_one(channel, part, out));
    }

    fn put_one(&self, channel: u8, data: &[u8], out: &mut BytesMut) {
        match self.protocol.encoding {
            Encoding::Binary => {
                put_head(Kind::Binary, 1 + data.len(), out);
                out.put_u8(channel);
                out.extend_from_slice(data);
            }
            Encoding::Base64 => {
                let text = STANDARD.encode(data);
                put_head(Kind::Text, 1 + text.len(), out);
                out.put_u8(b'0' + channel);
                out.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Appends the end of the connection.
    pub fn put_close(&self, out: &mut BytesMut) {
        put_close(CloseCode::Normal, out);
    }
}
