//! logind as a bus shows it, played by the test.

use super::wire::{Kind, Message, Writer};
use super::*;
use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{UnixListener, UnixStream};

/// The other side of one connection.
struct Played {
    stream: UnixStream,
    bytes: Vec<u8>,
}

impl Played {
    /// Lets a caller in, and plays up to the lock; gives that what is called, and a reader that ends when the lock is given up.
    async fn begin(listener: &UnixListener, longest: Duration) -> (Self, PipeReader) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut played = Self { stream, bytes: Vec::new() };
        for (word, answer) in [("AUTH EXTERNAL", "OK 0123\r\n"), ("NEGOTIATE_UNIX_FD", "AGREE_UNIX_FD\r\n"), ("BEGIN", "")] {
            let line = played.line().await;
            assert!(line.trim_start_matches('\0').starts_with(word), "{line}");
            played.stream.write_all(answer.as_bytes()).await.unwrap();
        }
        for member in ["Hello", "AddMatch"] {
            let call = played.call(member).await;
            played.answer(&call, "", |_| {}).await;
        }
        let call = played.call("Get").await;
        let micros = u64::try_from(longest.as_micros()).unwrap();
        let variant = |body: &mut Writer| {
            body.signature("t");
            body.long(micros);
        };
        played.answer(&call, "v", variant).await;
        let lock = played.inhibit().await;
        (played, lock)
    }

    async fn inhibit(&mut self) -> PipeReader {
        let call = self.call("Inhibit").await;
        let (reader, writer) = std::io::pipe().unwrap();
        let mut body = Writer::default();
        body.number(0);
        let answer = Message { kind: Kind::Return, reply_to: call.serial, signature: "h".into(), fds: 1, body: body.bytes, ..empty() };
        let bytes = answer.encode();
        let send = || stead_sys::socket::send(&self.stream, &bytes, &[writer.as_fd()]);
        assert_eq!(self.stream.async_io(Interest::WRITABLE, send).await.unwrap(), bytes.len());
        reader
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.bytes.drain(..end + 2).collect();
                return String::from_utf8(line).unwrap();
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        assert!(self.stream.read_buf(&mut self.bytes).await.unwrap() > 0, "the caller has gone");
    }

    async fn call(&mut self, member: &str) -> Message {
        loop {
            if let Some((message, length)) = Message::decode(&self.bytes).unwrap() {
                self.bytes.drain(..length);
                assert_eq!((message.kind, message.member.as_str()), (Kind::Call, member));
                return message;
            }
            self.read().await;
        }
    }

    async fn answer(&mut self, call: &Message, signature: &str, write: impl FnOnce(&mut Writer)) {
        let mut body = Writer::default();
        write(&mut body);
        let answer = Message { kind: Kind::Return, reply_to: call.serial, signature: signature.to_owned(), body: body.bytes, ..empty() };
        self.stream.write_all(&answer.encode()).await.unwrap();
    }

    async fn prepare_for_shutdown(&mut self, begins: u32) {
        let mut body = Writer::default();
        body.number(begins);
        let signal = Message {
            kind: Kind::Signal,
            path: "/org/freedesktop/login1".into(),
            interface: "org.freedesktop.login1.Manager".into(),
            member: "PrepareForShutdown".into(),
            signature: "b".into(),
            body: body.bytes,
            ..empty()
        };
        self.stream.write_all(&signal.encode()).await.unwrap();
    }
}

fn empty() -> Message {
    Message::call(1, "", "", "", "", &[])
}

fn listener(dir: &Path) -> UnixListener {
    UnixListener::bind(dir.join("bus")).unwrap()
}

/// Ends when the lock is given up.
async fn given_up(lock: PipeReader) {
    let mut lock = lock;
    tokio::task::spawn_blocking(move || lock.read(&mut [0])).await.unwrap().unwrap();
}

async fn play(socket: &Path, longest: Duration, part: impl AsyncFnOnce(UnixListener, Shutdown, Duration)) {
    let (handle, shutdown) = shutdown(Config::of_periods(Duration::from_secs(30), Duration::ZERO).unwrap());
    let listener = listener(socket);
    let heard = logind::listen(socket.join("bus"), handle, shutdown.config.total());
    let played = tokio::time::timeout(Duration::from_secs(30), part(listener, shutdown, longest));
    tokio::select! {
        () = heard => unreachable!("it listens for ever"),
        played = played => played.expect("it was played in time"),
    }
}

#[tokio::test]
async fn the_machine_waits_until_the_pods_have_ended() {
    // NODE-15
    let dir = tempfile::tempdir().unwrap();
    play(dir.path(), Duration::from_secs(60), async |listener, mut shutdown, longest| {
        let (mut logind, lock) = Played::begin(&listener, longest).await;
        logind.prepare_for_shutdown(1).await;
        shutdown.wanted.wait_for(|wanted| *wanted).await.unwrap();
        shutdown.done.send_replace(true);
        given_up(lock).await;
        assert!(shutdown.troubles.try_recv().is_err(), "there is time enough");
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_that_is_called_off_is_waited_for_anew() {
    // NODE-15
    let dir = tempfile::tempdir().unwrap();
    play(dir.path(), Duration::from_secs(60), async |listener, mut shutdown, longest| {
        let (mut logind, lock) = Played::begin(&listener, longest).await;
        for _ in 0..2 {
            logind.prepare_for_shutdown(1).await;
            shutdown.wanted.wait_for(|wanted| *wanted).await.unwrap();
            logind.prepare_for_shutdown(0).await;
            shutdown.wanted.wait_for(|wanted| !*wanted).await.unwrap();
            logind.inhibit().await;
        }
        given_up(lock).await;
    })
    .await;
}

#[tokio::test]
async fn too_short_a_delay_is_said_and_a_broken_connection_is_made_again() {
    // NODE-15
    let dir = tempfile::tempdir().unwrap();
    play(dir.path(), Duration::from_secs(5), async |listener, mut shutdown, longest| {
        let (logind, lock) = Played::begin(&listener, longest).await;
        let said = shutdown.troubles.recv().await.unwrap();
        assert!(said.starts_with("logind waits no longer than 5s before a shutdown, and pods are to have 30s"), "{said}");
        assert!(said.contains("InhibitDelayMaxSec=30"), "{said}");
        drop(logind);
        given_up(lock).await;
        let (mut logind, _lock) = Played::begin(&listener, longest).await;
        logind.prepare_for_shutdown(1).await;
        shutdown.wanted.wait_for(|wanted| *wanted).await.unwrap();
    })
    .await;
}
