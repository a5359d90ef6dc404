//! A client's frames. Data is given out as it comes, a piece of a frame at a time; control frames when they are whole.

use bytes::{Buf, Bytes, BytesMut};

use super::headers::{Headers, Inflater};
use super::{FIN, GOAWAY, PING, RST_STREAM, SYN_REPLY, SYN_STREAM, VERSION};
use crate::Violation;

/// Longest control frame, in bytes.
const CONTROL_BYTES_MAX: usize = 64 << 10;
const HEADERS: u16 = 8;
const HEAD_BYTES: usize = 8;
const STREAM_MASK: u32 = 0x7fff_ffff;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A new stream.
    Open {
        /// Its id: odd, and higher than all before.
        stream: u32,
        /// Its headers.
        headers: Headers,
        /// The client sends nothing on it.
        fin: bool,
    },
    /// Bytes of a stream.
    Data {
        /// Which.
        stream: u32,
        /// Perhaps none.
        data: Bytes,
        /// The client sends nothing more on it.
        fin: bool,
    },
    /// The client gives a stream up.
    Reset {
        /// Which.
        stream: u32,
    },
    /// To be answered, if the id is odd.
    Ping {
        /// The client's.
        id: u32,
    },
    /// The client opens no more streams.
    GoAway,
}

/// The connection so far.
#[derive(Debug, Default)]
pub struct Decoder {
    input: BytesMut,
    inflater: Inflater,
    last_stream: u32,
    /// Of a data frame that has not come as a whole: its stream, the bytes that are left, whether it is the last one.
    data: Option<(u32, usize, bool)>,
}

impl Decoder {
    /// Takes what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The newest stream.
    pub fn last_stream(&self) -> u32 {
        self.last_stream
    }

    /// The next frame, or piece of one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Violation> {
        loop {
            if let Some((stream, left, fin)) = self.data {
                if self.input.is_empty() && left > 0 {
                    return Ok(None);
                }
                let data = self.input.split_to(left.min(self.input.len())).freeze();
                let left = left - data.len();
                self.data = (left > 0).then_some((stream, left, fin));
                return Ok(Some(Frame::Data { stream, data, fin: fin && left == 0 }));
            }
            let Some(head) = self.input.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
            let [first, second] = [&head[..4], &head[4..]].map(|half| half.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)));
            let (flags, length) = ((second >> 24) as u8, (second & 0x00ff_ffff) as usize);
            if first & !STREAM_MASK == 0 {
                self.input.advance(HEAD_BYTES);
                self.data = Some((first, length, flags & FIN != 0));
                continue;
            }
            if length > CONTROL_BYTES_MAX {
                return Err(Violation("a control frame is too long"));
            }
            if self.input.len() < HEAD_BYTES + length {
                return Ok(None);
            }
            self.input.advance(HEAD_BYTES);
            let body = self.input.split_to(length).freeze();
            let (version, kind) = ((first >> 16 & 0x7fff) as u16, (first & 0xffff) as u16);
            if version != VERSION {
                return Err(Violation("another version of SPDY"));
            }
            if let Some(frame) = self.control(kind, flags, body)? {
                return Ok(Some(frame));
            }
        }
    }

    /// None for what needs no answer: SETTINGS, WINDOW_UPDATE and whatever is unknown.
    fn control(&mut self, kind: u16, flags: u8, mut body: Bytes) -> Result<Option<Frame>, Violation> {
        const SHORT: Violation = Violation("a control frame is too short");
        let fin = flags & FIN != 0;
        let word = |body: &mut Bytes| if body.len() >= 4 { Ok(body.get_u32() & STREAM_MASK) } else { Err(SHORT) };
        match kind {
            SYN_STREAM => {
                let stream = word(&mut body)?;
                if body.len() < 6 {
                    return Err(SHORT);
                }
                body.advance(6); // the stream that it belongs to, and a priority
                if stream % 2 == 0 || stream <= self.last_stream {
                    return Err(Violation("a stream's id is not a new one of the client's"));
                }
                self.last_stream = stream;
                Ok(Some(Frame::Open { stream, headers: self.inflater.inflate(&body)?, fin }))
            }
            SYN_REPLY | HEADERS => {
                let stream = word(&mut body)?;
                // The block must be read even though nobody wants it: later ones build on it.
                self.inflater.inflate(&body)?;
                Ok(fin.then(|| Frame::Data { stream, data: Bytes::new(), fin }))
            }
            RST_STREAM => Ok(Some(Frame::Reset { stream: word(&mut body)? })),
            PING => Ok(Some(Frame::Ping { id: word(&mut body)? })),
            GOAWAY => Ok(Some(Frame::GoAway)),
            _ => Ok(None),
        }
    }
}
