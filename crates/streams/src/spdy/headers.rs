//! Header blocks: lists of names and values, compressed in one stream for each direction of a connection.

use bytes::{Buf, BufMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::dictionary;
use crate::Violation;

/// Longest block, in bytes, once it is decompressed: a small one can be made to become a very large one.
const BLOCK_BYTES_MAX: usize = 64 << 10;
const STEP_BYTES: usize = 4 << 10;

/// Names, in lower case, and values.
pub type Headers = Vec<(String, String)>;

/// The value of a header.
pub fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The client's blocks.
#[derive(Debug)]
pub struct Inflater(Decompress);

impl Default for Inflater {
    fn default() -> Inflater {
        Inflater(Decompress::new(true))
    }
}

impl Inflater {
    /// The headers of the next block.
    pub fn inflate(&mut self, mut block: &[u8]) -> Result<Headers, Violation> {
        let mut text = Vec::new();
        loop {
            text.reserve(STEP_BYTES);
            let (consumed, produced) = (self.0.total_in(), self.0.total_out());
            let result = self.0.decompress_vec(block, &mut text, FlushDecompress::Sync);
            let consumed = usize::try_from(self.0.total_in() - consumed).unwrap_or(usize::MAX);
            block = block.get(consumed..).unwrap_or_default();
            match result {
                Ok(Status::Ok | Status::BufError) if block.is_empty() && text.len() < text.capacity() => return parse(&text),
                // Neither took nor gave anything: the block is cut off.
                Ok(Status::BufError) if consumed == 0 && self.0.total_out() == produced => return Err(Violation("a header block is torn")),
                Ok(Status::Ok | Status::BufError) if text.len() <= BLOCK_BYTES_MAX => {}
                Ok(Status::Ok | Status::BufError) => return Err(Violation("a header block is too long")),
                Ok(Status::StreamEnd) => return Err(Violation("the stream of header blocks has ended")),
                Err(error) if error.needs_dictionary() == Some(dictionary::CHECKSUM) => {
                    self.0.set_dictionary(dictionary::bytes()).map_err(|_| Violation("a header block wants another dictionary"))?;
                }
                Err(_) => return Err(Violation("a header block is not compressed as it should be")),
            }
        }
    }
}

fn parse(mut text: &[u8]) -> Result<Headers, Violation> {
    const TORN: Violation = Violation("a header block is torn");
    let number = |text: &mut &[u8]| if text.len() >= 4 { Ok(text.get_u32() as usize) } else { Err(TORN) };
    let string = |text: &mut &[u8]| {
        let length = number(text)?;
        let (string, rest) = text.split_at_checked(length).ok_or(TORN)?;
        *text = rest;
        Ok(String::from_utf8_lossy(string).into_owned())
    };
    let count = number(&mut text)?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((string(&mut text)?, string(&mut text)?));
    }
    Ok(headers)
}

/// Our own blocks.
#[derive(Debug)]
pub struct Deflater(Compress);

impl Default for Deflater {
    fn default() -> Deflater {
        let mut compress = Compress::new(Compression::fast(), true);
        compress.set_dictionary(dictionary::bytes()).expect("nothing was compressed yet");
        Deflater(compress)
    }
}

impl Deflater {
    /// The block of these headers.
    pub fn deflate(&mut self, headers: &Headers) -> Vec<u8> {
        let mut text = Vec::new();
        let number = |length: usize| u32::try_from(length).expect("our own headers are short");
        text.put_u32(number(headers.len()));
        for part in headers.iter().flat_map(|(name, value)| [name, value]) {
            text.put_u32(number(part.len()));
            text.extend_from_slice(part.as_bytes());
        }
        let (mut block, mut rest) = (Vec::new(), text.as_slice());
        loop {
            block.reserve(STEP_BYTES);
            let before = self.0.total_in();
            self.0.compress_vec(rest, &mut block, FlushCompress::Sync).expect("the stream has not ended");
            rest = &rest[usize::try_from(self.0.total_in() - before).expect("no more than was given")..];
            if rest.is_empty() && block.len() < block.capacity() {
                return block;
            }
        }
    }
}
