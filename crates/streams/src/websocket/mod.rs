//! WebSocket (RFC 6455), server side: the handshake's key, messages in, frames out. Messages of any fragmentation; no extensions.

mod decoder;

pub use self::decoder::{Decoder, Message};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};

/// A binary frame's opcode.
const BINARY: u8 = 2;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// On a frame that ends its message.
const FINAL: u8 = 0x80;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes.
    Binary,
    /// UTF-8.
    Text,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// All is said.
    Normal,
    /// The other side does not keep to the protocol.
    ProtocolError,
}

/// The value of `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

/// Appends the head of a message of one frame; its `length` bytes are to follow.
pub fn put_head(kind: Kind, length: usize, out: &mut BytesMut) {
    put(if kind == Kind::Text { TEXT } else { BINARY }, length, out);
}

fn put(opcode: u8, length: usize, out: &mut BytesMut) {
    out.put_u8(FINAL | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => out.put_u8(short),
        (_, Ok(middle)) => {
            out.put_u8(126);
            out.put_u16(middle);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
}

/// Appends the answer to a ping.
pub fn put_pong(payload: &[u8], out: &mut BytesMut) {
    put(PONG, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Appends the end of the connection.
pub fn put_close(code: CloseCode, out: &mut BytesMut) {
    put(CLOSE, 2, out);
    out.put_u16(match code {
        CloseCode::Normal => 1000,
        CloseCode::ProtocolError => 1002,
    });
}

#[cfg(test)]
mod tests;
