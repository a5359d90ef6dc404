//! One question to one resolver and its answer. Every question has a port and a number of its own, so that a false answer has to guess both.

use super::Transport;
use hickory_proto::op::{Message, MessageType};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// The longest message there is.
const MESSAGE_MAX: usize = 65_535;

/// Asks; the caller says for how long.
pub async fn exchange(resolver: SocketAddr, question: &Message, transport: Transport) -> io::Result<Message> {
    let bytes = question.to_vec().map_err(io::Error::other)?;
    match transport {
        Transport::Udp => over_udp(resolver, question, &bytes).await,
        Transport::Tcp => over_tcp(resolver, question, &bytes).await,
    }
}

async fn over_udp(resolver: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let any = if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(resolver).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; MESSAGE_MAX];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match Message::from_vec(&buffer[..length]) {
            Ok(reply) if answers(&reply, question) => return Ok(reply),
            // Somebody else's, or nothing that can be read: the right one may still come.
            Ok(_) => {}
            Err(error) if buffer[..2] == bytes[..2] => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(_) => {}
        }
    }
}

async fn over_tcp(resolver: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(resolver).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let mut buffer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut buffer).await?;
    let reply = Message::from_vec(&buffer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    if answers(&reply, question) { Ok(reply) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "an answer to another question")) }
}

/// Whether that is the answer to this. Some resolvers leave out the question of what they refuse.
fn answers(reply: &Message, question: &Message) -> bool {
    let is_same = match reply.queries.as_slice() {
        [] => reply.answers.is_empty(),
        asked => *asked == *question.queries,
    };
    reply.metadata.id == question.metadata.id && reply.metadata.message_type == MessageType::Response && is_same
}
