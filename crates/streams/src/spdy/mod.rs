//! SPDY/3.1, server side: frames in and out, and their compressed header blocks.
//!
//! Streams are always the client's. Windows are not kept: no client of this kind sends updates of them or waits for one (they were made
//! for Go's spdystream, which has none), so that back-pressure is the connection's alone.

mod decoder;
mod dictionary;
mod headers;

pub use self::decoder::{Decoder, Frame};
pub use self::headers::{Headers, header};

use bytes::{BufMut, BytesMut};

use self::headers::Deflater;

const VERSION: u16 = 3;
const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
/// Flag of a stream's last frame.
const FIN: u8 = 1;
/// Longest payload of a frame that is sent; 24 bits are there.
const DATA_BYTES_MAX: usize = 1 << 20;

/// Whether this side sends more on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fin {
    /// More may come.
    No,
    /// This is the end.
    Yes,
}

/// Frames to send. One for each connection: header blocks build on the ones before.
#[derive(Debug, Default)]
pub struct Encoder {
    deflater: Deflater,
}

fn put_control(kind: u16, flags: u8, length: usize, out: &mut BytesMut) {
    out.put_u16(0x8000 | VERSION);
    out.put_u16(kind);
    put_flags_and_length(flags, length, out);
}

fn put_flags_and_length(flags: u8, length: usize, out: &mut BytesMut) {
    out.put_u32(u32::from(flags) << 24 | u32::try_from(length).expect("frames are shorter than 16 MiB"));
}

impl Encoder {
    /// Appends the acceptance of a stream.
    pub fn put_reply(&mut self, stream: u32, headers: &Headers, out: &mut BytesMut) {
        let block = self.deflater.deflate(headers);
        put_control(SYN_REPLY, 0, 4 + block.len(), out);
        out.put_u32(stream);
        out.extend_from_slice(&block);
    }

    /// Appends data of a stream.
    pub fn put_data(stream: u32, data: &[u8], fin: Fin, out: &mut BytesMut) {
        let mut parts = data.chunks(DATA_BYTES_MAX).peekable();
        if parts.peek().is_none() && fin == Fin::Yes {
            put_data_head(stream, 0, fin, out);
        }
        while let Some(part) = parts.next() {
            put_data_head(stream, part.len(), if parts.peek().is_none() { fin } else { Fin::No }, out);
            out.extend_from_slice(part);
        }
    }

    /// Appends the refusal of a stream.
    pub fn put_reset(stream: u32, out: &mut BytesMut) {
        const REFUSED_STREAM: u32 = 3;
        put_control(RST_STREAM, 0, 8, out);
        out.put_u32(stream);
        out.put_u32(REFUSED_STREAM);
    }

    /// Appends the answer to a ping.
    pub fn put_ping(id: u32, out: &mut BytesMut) {
        put_control(PING, 0, 4, out);
        out.put_u32(id);
    }

    /// Appends that no more streams are taken.
    pub fn put_goaway(last_stream: u32, out: &mut BytesMut) {
        put_control(GOAWAY, 0, 8, out);
        out.put_u32(last_stream);
        out.put_u32(0);
    }
}

fn put_data_head(stream: u32, length: usize, fin: Fin, out: &mut BytesMut) {
    out.put_u32(stream);
    put_flags_and_length(if fin == Fin::Yes { FIN } else { 0 }, length, out);
}

#[cfg(test)]
mod tests;
