//! `kubectl proxy` and the paths `proxy` below it: long bodies, both directions at once, an upgraded connection.

use crate::cluster::{Cluster, Needs, have};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A limit of the API's own bodies, which these do not have, is 3 MiB.
const PIECES: u8 = 64;
const PIECE: usize = 256 * 1024;
const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
/// How long somebody waits for the other side.
const PATIENCE_S: i64 = 30;

/// Reads the head of a request or an answer.
fn head(stream: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).expect("the other side speaks"), 0, "it ended after {head:?}");
    }
    head
}

/// A program on every address of this machine that sends back what it is sent: a body once it has all of it, since Go's servers do not read
/// on while they answer, and what comes after an upgrade at once. It ends after `connections`.
fn serve(listener: &TcpListener, connections: usize) {
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let mut from = BufReader::new(stream.try_clone().expect("it can be read, too"));
        let head = head(&mut from).to_lowercase();
        match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
            Some(length) => {
                let mut body = vec![0; length.parse().expect("a length")];
                from.read_exact(&mut body).expect("the body comes");
                stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).expect("it takes the head");
                stream.write_all(&body).expect("it takes the body");
            }
            None => {
                stream.write_all(UPGRADED.as_bytes()).expect("it takes the head");
                std::io::copy(&mut from, &mut stream).expect("it takes what it sent");
            }
        }
    }
}

/// A connection to kubectl that has a time-out.
fn connect(address: &str) -> (TcpStream, BufReader<TcpStream>) {
    let stream = TcpStream::connect(address).expect("kubectl listens");
    stream.set_read_timeout(Some(Duration::from_secs(PATIENCE_S.unsigned_abs()))).expect("a time-out can be set");
    let from = BufReader::new(stream.try_clone().expect("it can be read, too"));
    (stream, from)
}

fn piece(n: u8) -> Vec<u8> {
    vec![n; PIECE]
}

fn comes_back(n: u8, from: &mut impl Read) {
    let mut back = vec![0; PIECE];
    from.read_exact(&mut back).expect("the piece comes back");
    assert!(back == piece(n));
}

fn a_long_body_goes_there_and_back(address: &str, asked: &str) {
    let (mut stream, mut from) = connect(address);
    let length = usize::from(PIECES) * PIECE;
    stream.write_all(format!("POST {asked}\r\nContent-Length: {length}\r\n\r\n").as_bytes()).expect("it takes the head");
    (0..PIECES).for_each(|n| stream.write_all(&piece(n)).expect("it takes a piece"));
    let head = head(&mut from);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    (0..PIECES).for_each(|n| comes_back(n, &mut from));
}

fn an_upgraded_connection_goes_both_ways(address: &str, asked: &str) {
    let (mut stream, mut from) = connect(address);
    stream.write_all(format!("GET {asked}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").as_bytes()).expect("it takes the head");
    let head = head(&mut from);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    for n in 0..PIECES {
        stream.write_all(&piece(n)).expect("it takes a piece");
        comes_back(n, &mut from);
    }
}

#[test]
fn programs_are_reached_by_kubectl_proxy() {
    // R56
    let Some(programs) = have("programs_are_reached_by_kubectl_proxy", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port is free");
    setsockopt(&listener, sockopt::ReceiveTimeout, &TimeVal::new(PATIENCE_S, 0)).expect("a time-out can be set");
    let port = listener.local_addr().expect("it has an address").port();
    for program in programs {
        let kubectl = cluster.kubectl(&program);
        let (_running, mut out) = kubectl.start(&["proxy", "--port=0"]);
        let mut line = String::new();
        out.read_line(&mut line).expect("kubectl prints text");
        let address = line.trim().rsplit(' ').next().expect("kubectl says where it listens");
        let asked = format!("/api/v1/nodes/e2e:{port}/proxy/x HTTP/1.1\r\nHost: {address}");
        std::thread::scope(|scope| {
            scope.spawn(|| serve(&listener, 2));
            a_long_body_goes_there_and_back(address, &asked);
            an_upgraded_connection_goes_both_ways(address, &asked);
        });
    }
}
