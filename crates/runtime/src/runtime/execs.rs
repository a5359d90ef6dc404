//! Running one more program in a container, as whoever asks for it sees it. See [`crate::exec`] for how it is done.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;

use super::{Inner, greeting};
use crate::error::Error;
use crate::exec::{ExecError, ExecSpec, ORDER_BYTES_MAX, Order, Stdio, Word};
use crate::protocol::{Answer, Call, EXEC_VERSION, Message, Refusal, Request, encode, take_frame};
use crate::record::{SandboxDir, hex};

/// How often a shim that is asked for many at once is tried again, and after which pause: its queue of connections is short.
const CONNECTS_MAX: u32 = 200;
const CONNECT_PAUSE: Duration = Duration::from_millis(5);

/// A program that runs in a container. Dropping this ends it, see [`ExecSpec::grace`].
#[derive(Debug)]
pub struct Exec {
    sandbox: String,
    container: String,
    link: UnixStream,
    buffer: Vec<u8>,
    terminal: Option<OwnedFd>,
}

/// See [`crate::Runtime::exec`].
pub async fn exec(inner: &Inner, container: &str, spec: ExecSpec, stdio: Stdio) -> Result<Exec, ExecError> {
    let not_running = || ExecError::NotRunning(container.to_owned());
    let entry = inner.entry_of(container).map_err(|_| not_running())?;
    let version = entry.connection().ok_or_else(not_running)?.version();
    if version < EXEC_VERSION {
        let text = "an earlier version of the program started this pod, and its shim cannot run programs in it: start the pod anew";
        return Err(ExecError::Failed(text.to_owned()));
    }
    let failed = |source| Error::Connection { sandbox: entry.id().to_owned(), source };
    let call =
        Call::Exec { id: container.to_owned(), grace_ms: spec.grace.map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)) };
    let (link, control) = ask(&entry.dir, call).await.map_err(failed)?;
    let mut exec = Exec { sandbox: entry.id().to_owned(), container: container.to_owned(), link, buffer: Vec::new(), terminal: None };
    // A helper that could not take the order has said why, or the shim has.
    send_order(&control, spec.argv, stdio).await.map_err(failed).or_else(|error| if is_broken(&error) { Ok(()) } else { Err(error) })?;
    let words = read_words(&control, &mut exec.terminal).await.map_err(failed)?;
    match words.as_slice() {
        [Word::Entered] => Ok(exec),
        [.., Word::Failed(reason)] => {
            let id = exec_id(container);
            Err(ExecError::Failed(format!("failed to start exec {id:?}: OCI runtime exec failed: exec failed: {reason}")))
        }
        _ => match exec.wait().await {
            // It ended with its container before it could do anything.
            Ok(_) => Err(not_running()),
            Err(error) => Err(error),
        },
    }
}

/// The name of this call, in the form that users know: nothing else ever sees it.
fn exec_id(container: &str) -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut hash = Sha256::new();
    hash.update(container);
    hash.update(std::process::id().to_be_bytes());
    hash.update(CALLS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    hex(&hash.finalize())
}

/// The connection to the shim and the socket to its helper.
async fn ask(dir: &SandboxDir, call: Call) -> io::Result<(UnixStream, UnixStream)> {
    let link = connect(dir).await?;
    // A blocking one for the helper, which does nothing else meanwhile.
    let (control, theirs) = std::os::unix::net::UnixStream::pair()?;
    control.set_nonblocking(true)?;
    let control = UnixStream::from_std(control)?;
    send_all(&link, &encode(&Request { number: 0, call }), &[theirs.as_fd()]).await?;
    Ok((link, control))
}

pub async fn connect(dir: &SandboxDir) -> io::Result<UnixStream> {
    let mut tries = 0;
    loop {
        match greeting::connect(dir).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < CONNECTS_MAX => {
                tries += 1;
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            result => return result,
        }
    }
}

fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Connection { source, .. } if matches!(source.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset))
}

async fn send_order(control: &UnixStream, argv: Vec<String>, stdio: Stdio) -> io::Result<()> {
    let mut order = Order { argv, stdin: false, stdout: false, stderr: false, terminal: false, size: None };
    let mut descriptors = Vec::new();
    match stdio {
        Stdio::Pipes { stdin, stdout, stderr } => {
            (order.stdin, order.stdout, order.stderr) = (stdin.is_some(), stdout.is_some(), stderr.is_some());
            descriptors.extend([stdin, stdout, stderr].into_iter().flatten());
        }
        Stdio::Terminal { size } => {
            order.terminal = true;
            order.size = size.map(|size| (size.columns, size.rows));
        }
    }
    let borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let frame = encode(&order);
    if frame.len() > ORDER_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is too long"));
    }
    send_all(control, &frame, &borrowed).await
}

/// Sends all bytes, with the descriptors beside the first of them.
pub async fn send_all(socket: &UnixStream, mut bytes: &[u8], mut descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = socket.async_io(Interest::WRITABLE, || stead_sys::socket::send(socket, bytes, descriptors)).await?;
        (bytes, descriptors) = (&bytes[sent..], &[]);
    }
    Ok(())
}

/// All that the helper says until the program is executed or there will be none; at most one terminal comes along.
async fn read_words(control: &UnixStream, terminal: &mut Option<OwnedFd>) -> io::Result<Vec<Word>> {
    let (mut words, mut buffer, mut chunk) = (Vec::new(), Vec::new(), [0; 8 * 1024]);
    loop {
        let mut descriptors = Vec::new();
        let received = control.async_io(Interest::READABLE, || stead_sys::socket::receive(control, &mut chunk, &mut descriptors)).await;
        *terminal = descriptors.pop().or_else(|| terminal.take());
        match received {
            Ok(0) => return Ok(words),
            // What it was not sent yet is in a socket that nobody will read: that is no failure of ours.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(words),
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) => return Err(error),
        }
        while let Some(body) = take_frame(&mut buffer)? {
            words.push(serde_json::from_slice(&body).map_err(io::Error::other)?);
        }
    }
}

impl Exec {
    /// Takes the master of the terminal, if there is one.
    pub fn take_terminal(&mut self) -> Option<OwnedFd> {
        self.terminal.take()
    }

    /// Waits for the program's end: its exit code, or 128 + the signal's number. Cancel safe. To be asked once.
    pub async fn wait(&mut self) -> Result<i32, ExecError> {
        let failed = |source| Error::Connection { sandbox: self.sandbox.clone(), source };
        let body = loop {
            if let Some(body) = take_frame(&mut self.buffer).map_err(failed)? {
                break body;
            }
            if self.link.read_buf(&mut self.buffer).await.map_err(failed)? == 0 {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()).into());
            }
        };
        match serde_json::from_slice(&body).map_err(|error| failed(io::Error::other(error)))? {
            Message::Reply { result: Ok(Answer::ExecEnded { code }), .. } => Ok(code),
            Message::Reply { result: Err(Refusal::NotRunning), .. } => Err(ExecError::NotRunning(self.container.clone())),
            Message::Reply { result: Err(Refusal::Other(text)), .. } => Err(ExecError::Failed(text)),
            Message::Reply { .. } | Message::Started { .. } | Message::NotMade { .. } | Message::Exited { .. } => {
                Err(Error::Refused("unexpected answer of the shim".to_owned()).into())
            }
        }
    }
}
