//! Golden bytes of RFC 6455, and any cut of them.

use super::*;
use crate::Violation;
use proptest::prelude::*;

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    put(first & 0x0f, payload.len(), &mut out);
    let mut frame = out.to_vec();
    frame[0] = first;
    frame[1] |= 0x80;
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
    frame
}

fn decode(parts: &[&[u8]]) -> Result<Vec<Message>, Violation> {
    let (mut decoder, mut messages) = (Decoder::default(), Vec::new());
    for part in parts {
        decoder.push(part);
        while let Some(message) = decoder.next_message()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

#[test]
fn the_key_of_the_rfc_is_accepted() {
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn the_masked_hello_of_the_rfc() {
    let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(masked(0x81, b"Hello"), frame);
    assert_eq!(decode(&[&frame]).unwrap(), [Message::Text("Hello".into())]);
}

#[test]
fn fragments_become_one_message_and_pings_may_come_between() {
    let frames = [masked(0x02, b"one "), masked(0x89, b"p"), masked(0x00, b"two "), masked(0x80, b"three"), masked(0x88, &[3, 232])];
    let parts: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    assert_eq!(decode(&parts).unwrap(), [Message::Ping("p".into()), Message::Binary("one two three".into()), Message::Close]);
}

#[test]
fn what_is_not_a_client_s_frame_is_refused() {
    for (frame, why) in [
        (vec![0x82, 0x01, 0x00], "a client's frame is not masked"),
        (masked(0xc2, b"x"), "a reserved bit is set"),
        (masked(0x83, b"x"), "an unknown kind of frame"),
        (masked(0x80, b"x"), "a message goes on that has not begun"),
        (masked(0x09, b"x"), "a control frame is cut or too long"),
        (masked(0x89, &[0; 126]), "a control frame is cut or too long"),
        (vec![0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0], "a message is too long"),
    ] {
        assert_eq!(decode(&[&frame]), Err(Violation(why)));
    }
    assert_eq!(decode(&[&masked(0x02, b"x"), &masked(0x82, b"x")]), Err(Violation("a message begins before the last one has ended")));
}

#[test]
fn frames_of_all_lengths() {
    for (length, head) in
        [(5, vec![0x82, 5]), (125, vec![0x82, 125]), (126, vec![0x82, 126, 0, 126]), (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0])]
    {
        let mut out = BytesMut::new();
        put_head(Kind::Binary, length, &mut out);
        assert_eq!(out.to_vec(), head);
        let payload = vec![7; length];
        assert_eq!(decode(&[&masked(0x82, &payload)]).unwrap(), [Message::Binary(payload.into())]);
    }
    let mut out = BytesMut::new();
    put_close(CloseCode::Normal, &mut out);
    put_pong(b"x", &mut out);
    assert_eq!(out.to_vec(), [0x88, 2, 3, 232, 0x8a, 1, b'x']);
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_decodes_the_same(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6),
        cuts in proptest::collection::vec(1usize..64, 1..40)) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| masked(0x82, payload)).collect();
        let (mut parts, mut rest, mut sizes) = (Vec::new(), bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (part, more) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            parts.push(part);
            rest = more;
        }
        let expected: Vec<Message> = payloads.into_iter().map(|payload| Message::Binary(payload.into())).collect();
        prop_assert_eq!(decode(&parts).unwrap(), expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode(&[&bytes]).map(drop).unwrap_or_default();
    }
}
