//! Compressed streams, told by their first bytes; never by what somebody says they are.

use std::io::{self, BufRead, BufReader, Read};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Frames of zstd that hold nothing, as some writers put first.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// Read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Told by the first bytes of a stream.
    pub fn of(first: &[u8]) -> Compression {
        let skippable = first.len() >= 4 && first[0] & 0xf0 == 0x50 && first[1..4] == ZSTD_SKIPPABLE;
        match first {
            _ if first.starts_with(&GZIP) => Compression::Gzip,
            _ if first.starts_with(&ZSTD) || skippable => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// What a media type of it ends with.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        }
    }
}

/// The same, uncompressed.
pub fn decompress<'a>(reader: impl Read + Send + 'a) -> io::Result<(Compression, Box<dyn Read + Send + 'a>)> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    let compression = Compression::of(reader.fill_buf()?);
    let plain: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Compression::Zstd => Box::new(Frames::new(reader)),
    };
    Ok((compression, plain))
}

/// All frames of a zstd stream, one after the other.
struct Frames<R: BufRead> {
    frame: Option<ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
    between: Option<R>,
}

impl<R: BufRead> Frames<R> {
    fn new(reader: R) -> Frames<R> {
        Frames { frame: None, between: Some(reader) }
    }

    /// Begins the next frame; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        let Some(mut reader) = self.between.take() else { return Ok(true) };
        loop {
            let first = reader.fill_buf()?;
            if first.is_empty() {
                self.between = Some(reader);
                return Ok(false);
            }
            if first[0] & 0xf0 != 0x50 {
                break;
            }
            let mut head = [0; 8];
            reader.read_exact(&mut head)?;
            let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
            io::copy(&mut (&mut reader).take(length), &mut io::sink())?;
        }
        self.frame = Some(ruzstd::decoding::StreamingDecoder::new(reader).map_err(io::Error::other)?);
        Ok(true)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.frame.is_some() || self.begin()? {
            let Some(frame) = &mut self.frame else { continue };
            match frame.read(buffer)? {
                0 if !buffer.is_empty() => self.between = self.frame.take().map(|frame| frame.into_inner()),
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn plain(bytes: &[u8]) -> (Compression, Vec<u8>) {
        let (compression, mut reader) = decompress(bytes).unwrap();
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        (compression, out)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn streams_are_told_by_their_first_bytes() {
        // IMG-11
        assert_eq!(plain(b"plain"), (Compression::None, b"plain".to_vec()));
        assert_eq!(plain(b""), (Compression::None, Vec::new()));
        let twice = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(plain(&twice), (Compression::Gzip, b"one two".to_vec()));
        let zstd = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        let frames = [&skippable[..], &zstd(b"one "), &skippable, &zstd(b"two")].concat();
        assert_eq!(plain(&frames), (Compression::Zstd, b"one two".to_vec()));
    }
}
