//! A client's frames, put together to messages.

use bytes::{Buf, Bytes, BytesMut};

use super::{BINARY, CLOSE, FINAL, PING, PONG, TEXT};
use crate::Violation;

/// Longest message, in bytes: what clients send has some ten thousand.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Longest payload of a frame that carries no message.
const CONTROL_BYTES_MAX: usize = 125;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Bytes.
    Binary(Bytes),
    /// Text, which was not checked.
    Text(Bytes),
    /// To be answered with the same payload.
    Ping(Bytes),
    /// It will send nothing more.
    Close,
}

/// The connection so far.
#[derive(Debug, Default)]
pub struct Decoder {
    input: BytesMut,
    /// The first frame's opcode and what has come of a message that has not ended.
    begun: Option<(u8, BytesMut)>,
}

/// A frame's first bytes.
struct Head {
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    length: usize,
    /// Of itself.
    bytes: usize,
}

impl Decoder {
    /// Takes what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub fn next_message(&mut self) -> Result<Option<Message>, Violation> {
        while let Some(head) = read_head(&self.input)? {
            if self.input.len() < head.bytes + head.length {
                self.input.reserve(head.bytes + head.length - self.input.len());
                return Ok(None);
            }
            self.input.advance(head.bytes);
            let mut payload = self.input.split_to(head.length);
            unmask(&mut payload, head.mask);
            if let Some(message) = self.frame(&head, payload)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn frame(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Message>, Violation> {
        let message = |opcode, payload: BytesMut| match opcode {
            TEXT => Message::Text(payload.freeze()),
            _ => Message::Binary(payload.freeze()),
        };
        match (head.opcode, &mut self.begun) {
            (CLOSE, _) => Ok(Some(Message::Close)),
            (PING, _) => Ok(Some(Message::Ping(payload.freeze()))),
            (PONG, _) => Ok(None),
            (0, None) => Err(Violation("a message goes on that has not begun")),
            (0, Some((_, so_far))) => {
                if so_far.len() + payload.len() > MESSAGE_BYTES_MAX {
                    return Err(Violation("a message is too long"));
                }
                so_far.extend_from_slice(&payload);
                Ok(self.begun.take_if(|_| head.is_final).map(|(opcode, whole)| message(opcode, whole)))
            }
            (TEXT | BINARY, Some(_)) => Err(Violation("a message begins before the last one has ended")),
            (opcode @ (TEXT | BINARY), None) if head.is_final => Ok(Some(message(opcode, payload))),
            (opcode @ (TEXT | BINARY), None) => {
                self.begun = Some((opcode, payload));
                Ok(None)
            }
            _ => Err(Violation("an unknown kind of frame")),
        }
    }
}

fn read_head(input: &[u8]) -> Result<Option<Head>, Violation> {
    let &[first, second, ref rest @ ..] = input else { return Ok(None) };
    let (opcode, is_final) = (first & 0x0f, first & FINAL != 0);
    if first & 0x70 != 0 {
        return Err(Violation("a reserved bit is set"));
    }
    if second & 0x80 == 0 {
        return Err(Violation("a client's frame is not masked"));
    }
    let (length, rest, extended) = match second & 0x7f {
        126 => match rest.split_first_chunk::<2>() {
            Some((bytes, rest)) => (usize::from(u16::from_be_bytes(*bytes)), rest, 2),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((bytes, rest)) => (usize::try_from(u64::from_be_bytes(*bytes)).unwrap_or(usize::MAX), rest, 8),
            None => return Ok(None),
        },
        short => (usize::from(short), rest, 0),
    };
    if length > MESSAGE_BYTES_MAX {
        return Err(Violation("a message is too long"));
    }
    if opcode >= CLOSE && (!is_final || length > CONTROL_BYTES_MAX) {
        return Err(Violation("a control frame is cut or too long"));
    }
    let Some(mask) = rest.first_chunk::<4>() else { return Ok(None) };
    Ok(Some(Head { opcode, is_final, mask: *mask, length, bytes: 2 + extended + 4 }))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut words = payload.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, key) in word.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}
