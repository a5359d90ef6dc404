//! What clients send and must be sent, byte by byte.

use super::*;
use crate::spdy::{Decoder, Encoder, Fin, Frame};

const ALL: Wanted = Wanted { stdin: true, stdout: true, stderr: true, tty: false };

/// A client's message, masked with zeros.
fn message(payload: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

fn v(name: &str) -> Protocol {
    Protocol::choose([name]).unwrap()
}

fn events(remote: &mut Remote) -> Vec<Event> {
    std::iter::from_fn(|| remote.next_event()).collect()
}

fn taken(remote: &mut Remote) -> Vec<u8> {
    remote.out().split().to_vec()
}

fn code() -> End {
    End::Code { code: 3, text: "error executing command [x], exit code 3".to_owned() }
}

#[test]
fn protocols_are_chosen_in_the_client_s_order() {
    // STR-2, R10
    let chosen = |offered: &[&str]| Protocol::choose(offered.iter().copied()).map(|protocol| (protocol.name, protocol.version));
    assert_eq!(chosen(&["v5.channel.k8s.io", "v4.channel.k8s.io"]), Some(("v5.channel.k8s.io", Version::Five)));
    assert_eq!(chosen(&["v9.channel.k8s.io", "v4.channel.k8s.io"]), Some(("v4.channel.k8s.io", Version::Four)));
    assert_eq!(chosen(&["v9.channel.k8s.io"]), None);
    // R20
    assert_eq!(
        choose_spdy(&["v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io"]).unwrap(),
        ("v4.channel.k8s.io", Version::Four)
    );
    assert_eq!(
        choose_spdy(&["v5.channel.k8s.io"]).unwrap_err().to_string(),
        "unable to upgrade: unable to negotiate protocol: client supports [v5.channel.k8s.io], server accepts [v4.channel.k8s.io \
         v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]"
    );
}

#[test]
fn websocket_channels_of_version_5() {
    // STR-3, R11, R12
    let mut remote = Remote::websocket(v("v5.channel.k8s.io"), ALL);
    assert_eq!(taken(&mut remote), [0x82, 1, 1]);
    remote.receive(&[message(b"\0in"), message(b"\0"), message(&[255, 0]), message(b"\x01ignored")].concat()).unwrap();
    assert_eq!(remote.waiting(), 2);
    assert_eq!(events(&mut remote), [Event::Stdin("in".into()), Event::StdinEnd]);
    assert_eq!(remote.waiting(), 0);
    remote.send(Output::Stdout, b"out");
    remote.send(Output::Stderr, b"err");
    remote.finish(&End::Success);
    let status = br#"{"metadata":{},"status":"Success"}"#;
    let expected =
        [&[0x82, 4, 1], b"out".as_slice(), &[0x82, 4, 2], b"err", &[0x82, 1 + status.len() as u8, 3], status, &[0x88, 2, 3, 232]].concat();
    assert_eq!(taken(&mut remote), expected);
    remote.receive(&[0x88, 0x80, 0, 0, 0, 0]).unwrap();
    assert_eq!(events(&mut remote), [Event::Closed]);
}

#[test]
fn long_output_is_cut_into_messages_that_clients_take() {
    // R11
    let mut remote = Remote::websocket(v("v5.channel.k8s.io"), ALL);
    remote.out().clear();
    remote.send(Output::Stdout, &vec![7; 40_000]);
    let out = taken(&mut remote);
    assert_eq!(out[..5], [0x82, 126, 0x80, 0x00, 1]);
    let second = &out[4 + 32_768..];
    assert_eq!(second[..5], [0x82, 126, (7234u16 >> 8) as u8, 7234u16 as u8, 1]);
    assert_eq!(second.len(), 4 + 7234);
}

#[test]
fn how_a_command_ended() {
    // STR-7
    let status = |end: &End| serde_json::from_slice::<serde_json::Value>(&end.written(Version::Four)).unwrap();
    assert_eq!(
        status(&code()),
        serde_json::json!({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": "command terminated with non-zero exit code: error executing command [x], exit code 3",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}})
    );
    let failed = status(&End::Failed("no".to_owned()));
    assert_eq!(
        (&failed["reason"], &failed["code"], &failed["message"]),
        (&"InternalError".into(), &500.into(), &"Internal error occurred: no".into())
    );
    // v1 to v3
    assert_eq!(End::Success.written(Version::Plain), b"");
    assert_eq!(code().written(Version::Plain), b"command terminated with non-zero exit code: error executing command [x], exit code 3");
}

#[test]
fn websocket_channels_in_base64() {
    // STR-2, R15
    let mut remote = Remote::websocket(v("v4.base64.channel.k8s.io"), ALL);
    assert_eq!(taken(&mut remote), [0x81, 1, b'1']);
    remote.receive(&message(b"0aW4=")).unwrap();
    assert_eq!(events(&mut remote), [Event::Stdin("in".into())]);
    remote.send(Output::Stdout, b"out");
    assert_eq!(taken(&mut remote), [&[0x81, 5], b"1b3V0".as_slice()].concat());
    assert!(remote.receive(&message(b"0%%")).is_err());
}

#[test]
fn sizes_may_be_torn_and_joined() {
    // STR-5
    let mut remote = Remote::websocket(v("v5.channel.k8s.io"), Wanted { stdin: true, stdout: true, stderr: false, tty: true });
    remote
        .receive(
            &[message(b"\x04{\"Width\":80,\"Hei"), message(b"\x04ght\":24}\n{\"Width\":0,\"Height\":0}\n{\"Width\":9,\"Height\":8}")]
                .concat(),
        )
        .unwrap();
    assert_eq!(events(&mut remote), [Event::Resize(80, 24), Event::Resize(9, 8)]);
    assert!(remote.receive(&message(&[&[4], [b'{'; 120].as_slice()].concat()).repeat(10)).is_err());
}

/// A SYN_STREAM whose block is stored and not compressed is not possible with our encoder: a reply's block is the same, so one is made of it.
fn opening(encoder: &mut Encoder, stream: u32, kind: &str) -> Vec<u8> {
    let mut reply = BytesMut::new();
    encoder.put_reply(stream, &vec![("streamtype".to_owned(), kind.to_owned())], &mut reply);
    let block = &reply[12..];
    let length = u8::try_from(10 + block.len()).unwrap();
    [&[0x80, 3, 0, 1, 0, 0, 0, length], stream.to_be_bytes().as_slice(), &[0; 6], block].concat()
}

fn data(stream: u32, data: &[u8], fin: Fin) -> Vec<u8> {
    let mut out = BytesMut::new();
    Encoder::put_data(stream, data, fin, &mut out);
    out.to_vec()
}

#[test]
fn spdy_streams() {
    // R20 to R22
    let mut client = Encoder::default();
    let mut remote = Remote::spdy(Version::Four, ALL);
    for (stream, kind) in [(1, "error"), (3, "stdin"), (5, "stdout")] {
        remote.receive(&opening(&mut client, stream, kind)).unwrap();
        assert!(!remote.is_open());
    }
    remote.receive(&opening(&mut client, 7, "stderr")).unwrap();
    assert!(remote.is_open());
    let mut decoder = Decoder::default();
    decoder.push(&taken(&mut remote));
    assert_eq!(decoder.next_frame().unwrap(), None, "replies are read and mean nothing more");
    remote.receive(&opening(&mut client, 9, "stdin")).unwrap();
    assert_eq!(taken(&mut remote), [0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 3]);
    remote.receive(&[data(3, b"in", Fin::Yes), data(5, b"ignored", Fin::No)].concat()).unwrap();
    assert_eq!(events(&mut remote), [Event::Stdin("in".into()), Event::StdinEnd]);
    remote.send(Output::Stderr, b"err");
    remote.finish(&code());
    decoder.push(&taken(&mut remote));
    let frames: Vec<Frame> = std::iter::from_fn(|| decoder.next_frame().unwrap()).collect();
    let end = |stream| Frame::Data { stream, data: Bytes::new(), fin: true };
    assert_eq!(frames[0], Frame::Data { stream: 7, data: "err".into(), fin: false });
    assert!(matches!(&frames[1], Frame::Data { stream: 1, data, fin: true } if data.starts_with(b"{\"metadata\"")));
    assert_eq!(frames[2..], [end(5), end(7), end(3), Frame::GoAway]);
    remote.receive(&[0x80, 3, 0, 7, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(events(&mut remote), [Event::Closed]);
}
