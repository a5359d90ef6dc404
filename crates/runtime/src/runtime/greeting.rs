//! Finding a shim's socket and agreeing with it on a version of the protocol.
//!
//! ```text
//!   alive? ─no──▶ Silent            answer ─▶ Greeted
//!     └─yes─▶ Hello ─┬─ nothing in time ─▶ Silent
//!                    └─ an answer that is not understood ─▶ NotUnderstood: such a shim is left alone
//! ```

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use stead_sys::process::PidFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::Inner;
use crate::protocol::{Answer, Call, FIRST_VERSION, Message, Refusal, Request, SPOKEN, Status, encode, take_frame};
use crate::record::{SandboxDir, ShimRecord};

const PAUSE: Duration = Duration::from_millis(20);
/// Silence that is worth a word.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// Whether the process of that record still lives.
pub fn is_alive(shim: &ShimRecord, boot_id: &str) -> bool {
    shim.boot_id == boot_id
        && stead_sys::process::start_ticks(shim.pid).is_ok_and(|ticks| ticks == shim.start_ticks)
        && PidFd::open(shim.pid).and_then(|handle| handle.has_ended()).is_ok_and(|ended| !ended)
}

/// A connected socket and what has been read ahead of it.
#[derive(Debug)]
pub struct Link {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Link {
    /// The next message. Cancel safe.
    pub async fn next(&mut self) -> io::Result<Message> {
        let body = self.next_frame().await?;
        serde_json::from_slice(&body).map_err(io::Error::other)
    }

    async fn next_frame(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(body) = take_frame(&mut self.buffer)? {
                return Ok(body);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Sends a request.
    pub async fn send(&mut self, number: u64, call: Call) -> io::Result<()> {
        self.stream.write_all(&encode(&Request { number, call })).await
    }
}

/// A shim that answers.
#[derive(Debug)]
pub struct Greeted {
    pub link: Link,
    /// Of the protocol, agreed on.
    pub version: u32,
    /// All that the shim has.
    pub containers: Vec<Status>,
}

/// Why a shim cannot be talked to.
#[derive(Debug, thiserror::Error)]
pub enum GreetError {
    /// It is dead, or has not answered in time.
    #[error("it does not answer: {0}")]
    Silent(io::Error),
    /// It answers, and what it says is not understood: another version of the program.
    #[error("{0}")]
    NotUnderstood(String),
}

/// Connects and greets, as long as the shim lives and answers in time.
pub async fn greet(inner: &Inner, dir: &SandboxDir, shim: &ShimRecord) -> Result<Greeted, GreetError> {
    let boot_id = &inner.facts.boot_id;
    let patience = inner.options.shim_patience;
    let attempt = async {
        loop {
            match greet_once(dir).await {
                Ok(greeted) => return Ok(greeted),
                Err(GreetError::Silent(error)) if !is_alive(shim, boot_id) => return Err(GreetError::Silent(error)),
                Err(GreetError::Silent(_)) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    };
    let saying_so = async {
        tokio::time::sleep(NOTICEABLE).await;
        tracing::warn!(dir = %dir.0.display(), pid = shim.pid, patience_s = patience.as_secs(), "waiting for a shim that does not answer");
        std::future::pending::<Infallible>().await
    };
    let attempt = async {
        tokio::select! { greeted = attempt => greeted, never = saying_so => match never {} }
    };
    tokio::time::timeout(patience, attempt).await.unwrap_or_else(|_| Err(GreetError::Silent(io::ErrorKind::TimedOut.into())))
}

async fn greet_once(dir: &SandboxDir) -> Result<Greeted, GreetError> {
    let (link, body) = hello(dir).await.map_err(GreetError::Silent)?;
    let (version, containers) = match serde_json::from_slice(&body) {
        Ok(Message::Reply { result: Ok(Answer::Containers(containers)), .. }) => (FIRST_VERSION, containers),
        Ok(Message::Reply { result: Ok(Answer::Welcome { version, containers }), .. }) if SPOKEN.contains(&version) => {
            (version, containers)
        }
        Ok(Message::Reply { result: Err(Refusal::Version { oldest, newest }), .. }) => {
            let (first, last) = (SPOKEN.start(), SPOKEN.end());
            let text = format!("its shim speaks versions {oldest} to {newest} of the protocol, and this program {first} to {last}");
            return Err(GreetError::NotUnderstood(text));
        }
        Ok(Message::Reply { result: Err(Refusal::Other(text)), .. }) => return Err(GreetError::NotUnderstood(text)),
        _ => return Err(GreetError::NotUnderstood("its shim's answer to the greeting is not understood".to_owned())),
    };
    Ok(Greeted { link, version, containers })
}

async fn hello(dir: &SandboxDir) -> io::Result<(Link, Vec<u8>)> {
    let mut link = Link { stream: connect(dir).await?, buffer: Vec::new() };
    link.send(0, Call::Hello { version: *SPOKEN.start(), newest: Some(*SPOKEN.end()) }).await?;
    let body = link.next_frame().await?;
    Ok((link, body))
}

/// Connects to the socket of a shim.
pub async fn connect(dir: &SandboxDir) -> io::Result<UnixStream> {
    // A socket's path may have 107 bytes only; through the directory's descriptor it has a few.
    let directory = File::open(&dir.0)?;
    UnixStream::connect(format!("/proc/self/fd/{}/shim.sock", directory.as_raw_fd())).await
}
