//! Joining a container that runs, as whoever asks for it sees it: its output from now on, and its input.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::fcntl::{FcntlArg, fcntl};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::Inner;
use super::execs::{connect, send_all};
use crate::error::Error;
use crate::exec::ExecError;
use crate::protocol::{Answer, Call, EXEC_VERSION, Message, Refusal, Request, encode, take_frame};

/// Room of a pipe of output: what a reader may be behind before it misses something.
const PIPE_BYTES: i32 = 1 << 20;

/// A container that is joined. Dropping this leaves it.
#[derive(Debug)]
pub struct Attached {
    container: String,
    link: Arc<UnixStream>,
    /// Standard output, or what the terminal shows.
    pub stdout: Option<OwnedFd>,
    /// Standard error; ends at once where there is a terminal.
    pub stderr: Option<OwnedFd>,
    /// Where its input goes, if it takes any: a pipe, or the terminal's master, which is not to be read.
    pub input: Option<OwnedFd>,
    /// Whether it has a terminal.
    pub terminal: bool,
}

/// See [`crate::Runtime::attach`].
pub async fn attach(inner: &Inner, container: &str, input: bool) -> Result<Attached, ExecError> {
    let not_running = || ExecError::NotRunning(container.to_owned());
    let entry = inner.entry_of(container).map_err(|_| not_running())?;
    if entry.connection().ok_or_else(not_running)?.version() < EXEC_VERSION {
        let text = "an earlier version of the program started this pod, and its shim cannot be attached to: start the pod anew";
        return Err(ExecError::Failed(text.to_owned()));
    }
    let failed = |source| Error::Connection { sandbox: entry.id().to_owned(), source };
    let (stdout, stdout_end) = pipe().map_err(failed)?;
    let (stderr, stderr_end) = pipe().map_err(failed)?;
    let link = connect(&entry.dir).await.map_err(failed)?;
    let request = Request { number: 0, call: Call::Attach { id: container.to_owned(), input } };
    send_all(&link, &encode(&request), &[stdout_end.as_fd(), stderr_end.as_fd()]).await.map_err(failed)?;
    drop((stdout_end, stderr_end));
    let (message, input) = answer(&link).await.map_err(failed)?;
    match message {
        Message::Reply { result: Ok(Answer::Attached { terminal }), .. } => Ok(Attached {
            container: container.to_owned(),
            link: Arc::new(link),
            stdout: Some(stdout),
            stderr: Some(stderr),
            input,
            terminal,
        }),
        Message::Reply { result: Err(Refusal::NotRunning), .. } => Err(not_running()),
        Message::Reply { result: Err(Refusal::Other(text)), .. } => Err(ExecError::Failed(text)),
        _ => Err(Error::Refused("unexpected answer of the shim".to_owned()).into()),
    }
}

/// The end to read from and the one to write to.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    // What can be had without it is enough to work.
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES)).map(drop).unwrap_or_default();
    Ok((reader.into(), writer.into()))
}

/// The shim's answer, and the descriptor that came with it.
async fn answer(link: &UnixStream) -> io::Result<(Message, Option<OwnedFd>)> {
    let (mut buffer, mut chunk, mut descriptors) = (Vec::new(), [0; 8 * 1024], Vec::new());
    loop {
        let received = link.async_io(Interest::READABLE, || stead_sys::socket::receive(link, &mut chunk, &mut descriptors)).await?;
        if received == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&chunk[..received]);
        if let Some(body) = take_frame(&mut buffer)? {
            return Ok((serde_json::from_slice(&body).map_err(io::Error::other)?, descriptors.pop()));
        }
    }
}

impl Attached {
    /// Waits until the container has ended. Cancel safe.
    pub async fn ended(&self) {
        // The shim says nothing more that matters; it closes the connection, or is gone.
        while self.link.readable().await.is_ok() {
            match self.link.try_read(&mut [0; 256]) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// What ends the container's input, if it wants that only once.
    pub fn input_end(&self) -> InputEnd {
        InputEnd { container: self.container.clone(), link: Arc::clone(&self.link) }
    }

    /// The terminal's master, to be resized.
    pub fn master(&self) -> io::Result<Option<File>> {
        match &self.input {
            Some(input) if self.terminal => input.try_clone().map(|master| Some(File::from(master))),
            _ => Ok(None),
        }
    }
}

/// Ends a container's input, when this is dropped.
#[derive(Debug)]
pub struct InputEnd {
    container: String,
    link: Arc<UnixStream>,
}

impl Drop for InputEnd {
    fn drop(&mut self) {
        let request = Request { number: 1, call: Call::EndInput { id: std::mem::take(&mut self.container) } };
        // Where the connection is gone the shim knows; on one on which so little was sent there is room.
        self.link.try_write(&encode(&request)).map(drop).unwrap_or_default();
    }
}
