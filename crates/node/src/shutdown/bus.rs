//! A connection to a message bus: says who it is, calls and waits for the answer, and takes signals in. Descriptors that come with a
//! message are handed out with it.

use super::wire::{Kind, Malformed, Message};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// Signals that came while an answer was waited for; more end the connection.
const SIGNALS_MAX: usize = 64;
/// The longest wait for an answer, as the libraries of D-Bus have it.
const ANSWER_MAX: Duration = Duration::from_secs(25);
/// The longest line of the beginning.
const LINE_MAX: usize = 4096;
const READ: usize = 4096;

/// Why the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the connection to the bus")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the bus does not let this process in: {0:?}")]
    NotLetIn(String),
    #[error("{member}: {name}: {text}")]
    Refused { member: String, name: String, text: String },
    #[error("{0} was not answered")]
    NotAnswered(String),
    #[error("the bus is flooded with signals")]
    Flooded,
}

/// A message with what was passed along.
#[derive(Debug)]
pub struct Received {
    pub message: Message,
    pub fds: Vec<OwnedFd>,
}

/// See the module.
#[derive(Debug)]
pub struct Bus {
    stream: UnixStream,
    serial: u32,
    bytes: Vec<u8>,
    fds: Vec<OwnedFd>,
    signals: VecDeque<Received>,
}

impl Bus {
    /// Connects to the bus at a socket.
    pub async fn connect(socket: &Path) -> Result<Self, Error> {
        let stream = UnixStream::connect(socket).await?;
        let mut bus = Self { stream, serial: 0, bytes: Vec::new(), fds: Vec::new(), signals: VecDeque::new() };
        tokio::time::timeout(ANSWER_MAX, bus.begin()).await.map_err(|_| Error::NotAnswered("the beginning".to_owned()))??;
        Ok(bus)
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let uid: String = nix::unistd::geteuid().to_string().bytes().map(|digit| format!("{digit:02x}")).collect();
        self.stream.write_all(format!("\0AUTH EXTERNAL {uid}\r\n").as_bytes()).await?;
        self.expect("OK ").await?;
        self.stream.write_all(b"NEGOTIATE_UNIX_FD\r\n").await?;
        self.expect("AGREE_UNIX_FD").await?;
        self.stream.write_all(b"BEGIN\r\n").await?;
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", &[]).await.map(drop)
    }

    async fn expect(&mut self, word: &str) -> Result<(), Error> {
        let end = loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if self.bytes.len() > LINE_MAX {
                return Err(Error::NotLetIn("an endless line".to_owned()));
            }
            self.read().await?;
        };
        let line: Vec<u8> = self.bytes.drain(..end + 2).collect();
        let line = String::from_utf8_lossy(&line[..end]).into_owned();
        if line.starts_with(word) { Ok(()) } else { Err(Error::NotLetIn(line)) }
    }

    async fn read(&mut self) -> Result<(), Error> {
        let mut buffer = [0; READ];
        let (socket, fds) = (&self.stream, &mut self.fds);
        let length = socket.async_io(Interest::READABLE, || stead_sys::socket::receive(socket, &mut buffer, fds)).await?;
        if length == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        self.bytes.extend(&buffer[..length]);
        Ok(())
    }

    /// The next message of any kind. Cancel safe.
    async fn receive(&mut self) -> Result<Received, Error> {
        loop {
            if let Some((message, length)) = Message::decode(&self.bytes)? {
                self.bytes.drain(..length);
                let count = usize::try_from(message.fds).unwrap_or(usize::MAX).min(self.fds.len());
                let fds = self.fds.drain(..count).collect();
                return Ok(Received { message, fds });
            }
            self.read().await?;
        }
    }

    /// Calls a method, and waits for its answer.
    pub async fn call(&mut self, to: &str, path: &str, interface: &str, member: &str, arguments: &[&str]) -> Result<Received, Error> {
        self.serial += 1;
        let serial = self.serial;
        self.stream.write_all(&Message::call(serial, to, path, interface, member, arguments).encode()).await?;
        let answered = tokio::time::timeout(ANSWER_MAX, self.answer(serial)).await;
        let answer = answered.map_err(|_| Error::NotAnswered(member.to_owned()))??;
        if answer.message.kind == Kind::Error {
            let text = answer.message.text().unwrap_or_default();
            return Err(Error::Refused { member: member.to_owned(), name: answer.message.member, text });
        }
        Ok(answer)
    }

    async fn answer(&mut self, serial: u32) -> Result<Received, Error> {
        loop {
            let received = self.receive().await?;
            match received.message.kind {
                Kind::Return | Kind::Error if received.message.reply_to == serial => return Ok(received),
                Kind::Signal if self.signals.len() == SIGNALS_MAX => return Err(Error::Flooded),
                Kind::Signal => self.signals.push_back(received),
                _ => {}
            }
        }
    }

    /// The next signal. Cancel safe.
    pub async fn signal(&mut self) -> Result<Received, Error> {
        loop {
            if let Some(signal) = self.signals.pop_front() {
                return Ok(signal);
            }
            let received = self.receive().await?;
            if received.message.kind == Kind::Signal {
                return Ok(received);
            }
        }
    }
}
