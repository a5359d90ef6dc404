//! Golden bytes (compressed by zlib), and any cut of them.

use super::*;
use crate::Violation;
use bytes::Bytes;
use proptest::prelude::*;

/// The two streams of a forwarded connection as a client opens them: the first one is closed at once.
const OPENED: [&[u8]; 2] = [
    &[
        0x80, 0x03, 0x00, 0x01, 0x01, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x78, 0xf9, 0xe3, 0xc6,
        0xa7, 0xc2, 0x02, 0xa6, 0x23, 0x46, 0x70, 0x3a, 0x2b, 0x29, 0x4a, 0x4d, 0xcc, 0x85, 0x16, 0x25, 0xac, 0xa9, 0xa0, 0x80, 0x06, 0x00,
        0x00, 0x00, 0xff, 0xff,
    ],
    &[
        0x80, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x2d, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xa5, 0x47, 0x0c,
        0x29, 0x50, 0x29, 0x93, 0x08, 0x29, 0xb0, 0x8b, 0x40, 0x89, 0x9b, 0xc9, 0xc2, 0x00, 0x48, 0x72, 0x16, 0x41, 0xa2, 0x37, 0x13, 0x94,
        0xec, 0x19, 0x0d, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
    ],
];

fn decode(parts: &[&[u8]]) -> Result<Vec<Frame>, Violation> {
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    for part in parts {
        decoder.push(part);
        while let Some(frame) = decoder.next_frame()? {
            frames.push(frame);
        }
    }
    Ok(frames)
}

fn headers(all: &[(&str, &str)]) -> Headers {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn opened() -> [Frame; 2] {
    [
        Frame::Open { stream: 1, headers: headers(&[("streamtype", "error")]), fin: true },
        Frame::Open { stream: 3, headers: headers(&[("streamtype", "data"), ("port", "80"), ("requestid", "0")]), fin: false },
    ]
}

fn data(stream: u32, data: &[u8], fin: Fin) -> Vec<u8> {
    let mut out = BytesMut::new();
    Encoder::put_data(stream, data, fin, &mut out);
    out.to_vec()
}

#[test]
fn streams_are_opened_with_headers_that_build_on_each_other() {
    // R21, R31
    assert_eq!(decode(&OPENED).unwrap(), opened());
    assert!(decode(&OPENED[1..]).is_err(), "the second block needs the first one");
    assert!(decode(&[OPENED[0], OPENED[0]]).is_err(), "the same stream twice");
}

#[test]
fn data_comes_in_pieces_and_its_end_once() {
    let frame = data(3, b"hello", Fin::Yes);
    assert_eq!(frame, [0, 0, 0, 3, 1, 0, 0, 5, b'h', b'e', b'l', b'l', b'o']);
    let piece = |data: &'static [u8], fin| Frame::Data { stream: 3, data: Bytes::from_static(data), fin };
    assert_eq!(decode(&[&frame[..10], &frame[10..]]).unwrap(), [piece(b"he", false), piece(b"llo", true)]);
    assert_eq!(decode(&[&data(3, b"", Fin::Yes)]).unwrap(), [piece(b"", true)]);
    assert!(data(3, b"", Fin::No).is_empty());
    assert_eq!(data(3, &vec![0; DATA_BYTES_MAX + 1], Fin::Yes).len(), DATA_BYTES_MAX + 1 + 2 * 8);
}

#[test]
fn the_small_frames() {
    // R21
    let mut out = BytesMut::new();
    Encoder::put_ping(7, &mut out);
    Encoder::put_goaway(5, &mut out);
    Encoder::put_reset(5, &mut out);
    assert_eq!(
        out.to_vec(),
        [
            [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7].as_slice(),
            &[0x80, 3, 0, 7, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 0],
            &[0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 3],
        ]
        .concat()
    );
    let settings = [0x80, 3, 0, 4, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0xff, 0xff];
    let window = [0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 1, 0, 0];
    assert_eq!(decode(&[&settings, &window, &out]).unwrap(), [Frame::Ping { id: 7 }, Frame::GoAway, Frame::Reset { stream: 5 }]);
}

#[test]
fn our_own_header_blocks_are_read_back() {
    let (mut encoder, mut out) = (Encoder::default(), BytesMut::new());
    let (mut inflater, all) = (headers::Inflater::default(), headers(&[("streamtype", "data"), ("port", "80")]));
    for all in [all.clone(), Headers::new(), all] {
        out.clear();
        encoder.put_reply(3, &all, &mut out);
        assert_eq!(out[..4], [0x80, 3, 0, 2]);
        assert_eq!(out[8..12], [0, 0, 0, 3]);
        assert_eq!(inflater.inflate(&out[12..]).unwrap(), all);
    }
}

#[test]
fn a_block_that_becomes_very_long_is_refused() {
    let (mut deflater, mut inflater) = (Deflater::default(), headers::Inflater::default());
    let block = deflater.deflate(&headers(&[("a", &"x".repeat(1 << 20))]));
    assert!(block.len() < 16 << 10);
    assert_eq!(inflater.inflate(&block), Err(Violation("a header block is too long")));
    assert!(headers::Inflater::default().inflate(b"no zlib").is_err());
    assert!(headers::Inflater::default().inflate(b"").is_err());
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_decodes_the_same(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..6),
        cuts in proptest::collection::vec(1usize..64, 1..40)) {
        let mut bytes = OPENED.concat();
        for payload in &payloads {
            bytes.extend(data(3, payload, Fin::No));
        }
        bytes.extend(data(3, b"", Fin::Yes));
        let (mut parts, mut rest, mut sizes) = (Vec::new(), bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (part, more) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            parts.push(part);
            rest = more;
        }
        let frames = decode(&parts).unwrap();
        prop_assert_eq!(&frames[..2], &opened()[..]);
        let (mut found, mut ends) = (Vec::new(), Vec::new());
        for frame in &frames[2..] {
            let Frame::Data { stream: 3, data, fin } = frame else { panic!("{frame:?}") };
            found.extend_from_slice(data);
            ends.push(*fin);
        }
        prop_assert_eq!(found, payloads.concat());
        prop_assert_eq!(ends.iter().position(|end| *end), Some(ends.len() - 1));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..12) {
        let head = [0x80, 3, 0, kind, 0, 0, 0, u8::try_from(bytes.len()).unwrap()];
        decode(&[&head, &bytes]).map(drop).unwrap_or_default();
        decode(&[&bytes]).map(drop).unwrap_or_default();
    }
}
