//! Forwarded connections over each wire.

use super::*;
use crate::spdy::{Decoder, Encoder, Fin, Frame, Headers};
use crate::websocket;

/// A client's stream, see the tests of `remote`.
fn opening(encoder: &mut Encoder, stream: u32, headers: &[(&str, &str)]) -> Vec<u8> {
    let headers: Headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut reply = BytesMut::new();
    encoder.put_reply(stream, &headers, &mut reply);
    let block = &reply[12..];
    let length = u8::try_from(10 + block.len()).unwrap();
    [&[0x80, 3, 0, 1, 0, 0, 0, length], stream.to_be_bytes().as_slice(), &[0; 6], block].concat()
}

fn data(stream: u32, data: &[u8], fin: Fin) -> Vec<u8> {
    let mut out = BytesMut::new();
    Encoder::put_data(stream, data, fin, &mut out);
    out.to_vec()
}

fn message(payload: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

fn events(forward: &mut Forward) -> Vec<Event> {
    std::iter::from_fn(|| forward.next_event()).collect()
}

/// Opens a connection with stream 3, sends on it and is answered: the frames that the client gets.
fn exchange(forward: &mut Forward, wrap: fn(Vec<u8>) -> Vec<u8>, unwrap: fn(&[u8]) -> Vec<u8>) -> Vec<Frame> {
    let mut client = Encoder::default();
    let request = [("streamtype", "error"), ("port", "80"), ("requestid", "0")];
    let error = opening(&mut client, 1, &request);
    let opened = opening(&mut client, 3, &[("streamtype", "data"), request[1], request[2]]);
    for part in [error, data(1, b"", Fin::Yes), opened, data(3, b"GET", Fin::Yes)] {
        forward.receive(&wrap(part)).unwrap();
    }
    let connection = 3;
    assert_eq!(
        events(forward),
        [Event::Open { connection, port: 80 }, Event::Data { connection, data: "GET".into() }, Event::End { connection }]
    );
    forward.send(connection, b"200");
    forward.finish(connection);
    forward.send(connection, b"too late");
    let mut decoder = Decoder::default();
    decoder.push(&unwrap(&forward.out().split()));
    std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
}

fn answered() -> [Frame; 3] {
    [
        Frame::Data { stream: 3, data: "200".into(), fin: false },
        Frame::Data { stream: 1, data: Bytes::new(), fin: true },
        Frame::Data { stream: 3, data: Bytes::new(), fin: true },
    ]
}

#[test]
fn over_spdy() {
    // R31
    assert_eq!(exchange(&mut Forward::spdy(), |part| part, <[u8]>::to_vec), answered());
}

#[test]
fn over_spdy_inside_of_websocket() {
    // R30
    let unwrap = |bytes: &[u8]| {
        // The server's messages are not masked: masked with zeros they are a client's.
        let (mut decoder, mut rest, mut inner) = (websocket::Decoder::default(), bytes, Vec::new());
        while let [first, length, more @ ..] = rest {
            let (payload, after) = more.split_at(usize::from(*length));
            decoder.push(&[*first, 0x80 | length, 0, 0, 0, 0]);
            decoder.push(payload);
            rest = after;
        }
        while let Some(websocket::Message::Binary(part)) = decoder.next_message().unwrap() {
            inner.extend_from_slice(&part);
        }
        inner
    };
    let mut forward = Forward::tunnel();
    assert_eq!(exchange(&mut forward, |part| message(&part), unwrap), answered());
    forward.receive(&[0x88, 0x80, 0, 0, 0, 0]).unwrap();
    assert_eq!(events(&mut forward), [Event::Closed]);
}

#[test]
fn a_failure_is_said_on_the_error_stream_and_other_connections_go_on() {
    // STR-13
    let (mut client, mut forward) = (Encoder::default(), Forward::spdy());
    for (error, number) in [(1, "0"), (5, "1")] {
        let request = [("streamtype", "error"), ("port", "80"), ("requestid", number)];
        forward.receive(&opening(&mut client, error, &request)).unwrap();
        forward.receive(&opening(&mut client, error + 2, &[("streamtype", "data"), request[1], request[2]])).unwrap();
    }
    forward.out().clear();
    assert_eq!(events(&mut forward).len(), 2);
    forward.fail(3, "connection refused");
    forward.send(7, b"x");
    let mut decoder = Decoder::default();
    decoder.push(&forward.out().split());
    let frames: Vec<Frame> = std::iter::from_fn(|| decoder.next_frame().unwrap()).collect();
    assert_eq!(
        frames,
        [
            Frame::Data { stream: 1, data: "connection refused".into(), fin: true },
            Frame::Data { stream: 3, data: Bytes::new(), fin: true },
            Frame::Data { stream: 7, data: "x".into(), fin: false },
        ]
    );
    forward.receive(&[0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 7, 0, 0, 0, 5]).unwrap();
    assert_eq!(events(&mut forward), [Event::Gone { connection: 7 }]);
}

#[test]
fn streams_that_say_no_port_or_no_kind_are_refused() {
    let (mut client, mut forward) = (Encoder::default(), Forward::spdy());
    for (stream, headers) in [
        (1, [("streamtype", "error"), ("port", "none")].as_slice()),
        (3, &[("streamtype", "error")]),
        (5, &[("port", "80"), ("requestid", "0")]),
        (7, &[("streamtype", "error"), ("port", "0")]),
    ] {
        forward.receive(&opening(&mut client, stream, headers)).unwrap();
        assert_eq!(forward.out().split()[..4], [0x80, 3, 0, 3], "{headers:?}");
    }
    // A client that numbers nothing.
    forward.receive(&opening(&mut client, 9, &[("streamtype", "error"), ("port", "80")])).unwrap();
    forward.receive(&opening(&mut client, 11, &[("streamtype", "data"), ("port", "80")])).unwrap();
    assert_eq!(events(&mut forward), [Event::Open { connection: 11, port: 80 }]);
}

#[test]
fn what_is_given_up_or_refused_leaves_no_request_behind() {
    // STR-13
    let (mut client, mut forward) = (Encoder::default(), Forward::spdy());
    let streams = (1..=8191_u32).step_by(4);
    for (stream, number) in streams.clone().zip(streams.map(|stream| stream.to_string())) {
        let request = |kind| [("streamtype", kind), ("port", "80"), ("requestid", number.as_str())];
        forward.receive(&opening(&mut client, stream, &request("error"))).unwrap();
        let reset = [&[0x80, 3, 0, 3, 0, 0, 0, 8], stream.to_be_bytes().as_slice(), &[0, 0, 0, 5]].concat();
        forward.receive(&reset).unwrap();
        forward.receive(&opening(&mut client, stream + 2, &request("other"))).unwrap();
    }
    let request = [("streamtype", "error"), ("port", "80"), ("requestid", "a")];
    forward.receive(&opening(&mut client, 8193, &request)).unwrap();
    forward.receive(&opening(&mut client, 8195, &[("streamtype", "data"), request[1], request[2]])).unwrap();
    assert_eq!(events(&mut forward), [Event::Open { connection: 8195, port: 80 }]);
}

#[test]
fn over_websocket_channels() {
    // R32, STR-12
    let mut forward = Forward::websocket(Protocol::choose(["v4.channel.k8s.io"]).unwrap(), &[80, 8080]);
    assert_eq!(
        forward.out().split().to_vec(),
        [[0x82, 3, 0, 80, 0], [0x82, 3, 1, 80, 0], [0x82, 3, 2, 0x90, 0x1f], [0x82, 3, 3, 0x90, 0x1f]].concat()
    );
    assert_eq!(events(&mut forward), [Event::Open { connection: 0, port: 80 }, Event::Open { connection: 1, port: 8080 }]);
    forward.receive(&[message(b"\x02hi"), message(b"\x01ignored")].concat()).unwrap();
    assert_eq!(events(&mut forward), [Event::Data { connection: 1, data: "hi".into() }]);
    forward.send(1, b"ho");
    forward.fail(0, "no");
    assert!(!forward.is_over());
    forward.finish(1);
    assert!(forward.is_over());
    assert_eq!(forward.out().split().to_vec(), [&[0x82, 3, 2], b"ho".as_slice(), &[0x82, 3, 1], b"no", &[0x88, 2, 3, 232]].concat());
}
