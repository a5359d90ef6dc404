//! Exec, attach and port-forward of real containers: their pipes, terminals and sockets as this process reads and writes them.

use super::Real;
use super::exec::refusal;
use crate::runtime::ExecError;
use crate::streams::{Duplex, Process, Sink, Source, Streams, Terminal, Wanted};
use futures::future::FutureExt;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use stead_runtime as rt;
use tokio::io::AsyncWrite;
use tokio::net::unix::pipe;

/// How long a program may live on whose client is gone: it has got SIGHUP, and its input and output are closed.
const GRACE: Duration = Duration::from_secs(10);
/// Room of a pipe through which much may go; less where the machine gives less.
const PIPE_BYTES: i32 = 1 << 20;

impl Streams for Real {
    async fn run(&self, id: &str, argv: Vec<String>, wanted: Wanted) -> Result<Process, ExecError> {
        let spec = rt::ExecSpec { argv, grace: Some(GRACE) };
        let failed = |error: io::Error| ExecError::Failed(format!("set up input and output: {error}"));
        if wanted.tty {
            let mut exec = self.runtime.exec(id, spec, rt::Stdio::Terminal { size: None }).await.map_err(refusal)?;
            let master = exec.take_terminal().ok_or_else(|| ExecError::Failed("no terminal came back".to_owned()))?;
            let master = Master::new(master).map_err(failed)?;
            let stdin = wanted.stdin.then(|| master.sink()).transpose().map_err(failed)?;
            let stdout = wanted.stdout.then(|| master.source()).transpose().map_err(failed)?;
            return Ok(Process { stdin, stdout, stderr: None, terminal: Some(Arc::new(master)), end: end(exec) });
        }
        let (stdin, stdin_end) = pipe_to(wanted.stdin).map_err(failed)?;
        let (stdout_end, stdout) = pipe_from(wanted.stdout).map_err(failed)?;
        let (stderr_end, stderr) = pipe_from(wanted.stderr).map_err(failed)?;
        let exec = self.runtime.exec(id, spec, rt::Stdio::Pipes { stdin, stdout, stderr }).await.map_err(refusal)?;
        let stdin = stdin_end.map(|end| Box::new(end) as _);
        Ok(Process { stdin, stdout: stdout_end, stderr: stderr_end, terminal: None, end: end(exec) })
    }

    async fn attach(&self, id: &str, wanted: Wanted) -> Result<Process, String> {
        let text = |error: io::Error| format!("set up input and output: {error}");
        let mut attached = self.runtime.attach(id, wanted.stdin).await.map_err(|error| error.to_string())?;
        let source = |end: Option<OwnedFd>, wanted: bool| -> io::Result<Option<Source>> {
            let Some(end) = end.filter(|_| wanted) else { return Ok(None) };
            Ok(Some(Box::new(pipe::Receiver::from_owned_fd(end)?)))
        };
        let stdout = source(attached.stdout.take(), wanted.stdout).map_err(text)?;
        let stderr = source(attached.stderr.take(), wanted.stderr && !attached.terminal).map_err(text)?;
        let master = attached.master().and_then(|master| master.map(|master| Master::new(master.into())).transpose()).map_err(text)?;
        let stdin: Option<Sink> = match (attached.input.take().filter(|_| wanted.stdin), &master) {
            (None, _) => None,
            (Some(_), Some(master)) => Some(master.sink().map_err(text)?),
            (Some(input), None) => {
                let sender = pipe::Sender::from_owned_fd(input).map_err(text)?;
                Some(Box::new(ContainerInput { sender, _end: attached.input_end() }))
            }
        };
        let end = async move {
            attached.ended().await;
            Ok(0)
        };
        Ok(Process { stdin, stdout, stderr, terminal: master.map(|master| Arc::new(master) as _), end: end.boxed() })
    }

    async fn connect(&self, pod: &str, port: u16) -> Result<Box<dyn Duplex>, String> {
        let mut of_pod = self.runtime.sandboxes().into_iter().filter(|sandbox| super::pod_of(&sandbox.spec.id) == pod);
        let sandbox = of_pod.rfind(|sandbox| sandbox.state == rt::SandboxState::Ready);
        let sandbox = sandbox.ok_or_else(|| "the pod has no sandbox that is up".to_owned())?;
        match self.runtime.connect_to_port(&sandbox.spec.id, port).await {
            Ok(socket) => Ok(Box::new(socket)),
            Err(error) => Err(super::text(&error)),
        }
    }
}

fn end(mut exec: rt::Exec) -> futures::future::BoxFuture<'static, Result<i32, String>> {
    async move { exec.wait().await.map_err(|error| error.to_string()) }.boxed()
}

/// A pipe to a program: the program's end and ours, if one is wanted.
fn pipe_to(wanted: bool) -> io::Result<(Option<OwnedFd>, Option<pipe::Sender>)> {
    let Some((reader, writer)) = big_pipe(wanted)? else { return Ok((None, None)) };
    Ok((Some(reader.into()), Some(pipe::Sender::from_owned_fd(writer.into())?)))
}

/// A pipe from a program: our end and the program's, if one is wanted.
fn pipe_from(wanted: bool) -> io::Result<(Option<Source>, Option<OwnedFd>)> {
    let Some((reader, writer)) = big_pipe(wanted)? else { return Ok((None, None)) };
    Ok((Some(Box::new(pipe::Receiver::from_owned_fd(reader.into())?)), Some(writer.into())))
}

fn big_pipe(wanted: bool) -> io::Result<Option<(PipeReader, PipeWriter)>> {
    if !wanted {
        return Ok(None);
    }
    let (reader, writer) = io::pipe()?;
    // What can be had without it is enough to work.
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES)).map(drop).unwrap_or_default();
    Ok(Some((reader, writer)))
}

/// The master of a terminal.
#[derive(Debug)]
pub(super) struct Master(File);

impl Master {
    pub(super) fn new(master: OwnedFd) -> io::Result<Self> {
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self(File::from(master)))
    }

    /// Where what is typed goes.
    pub(super) fn sink(&self) -> io::Result<Sink> {
        Ok(Box::new(pipe::Sender::from_owned_fd_unchecked(self.0.try_clone()?.into())?))
    }

    /// What it shows. Reading fails once nobody has the terminal open any more.
    pub(super) fn source(&self) -> io::Result<Source> {
        Ok(Box::new(pipe::Receiver::from_owned_fd_unchecked(self.0.try_clone()?.into())?))
    }
}

impl Terminal for Master {
    fn resize(&self, columns: u16, rows: u16) {
        if let Err(error) = stead_sys::terminal::set_size(&self.0, rt::Size { columns, rows }) {
            tracing::debug!(%error, "a terminal was not resized");
        }
    }
}

/// The input of a container's first process, which may end with this.
struct ContainerInput {
    sender: pipe::Sender,
    _end: rt::InputEnd,
}

impl AsyncWrite for ContainerInput {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.sender).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sender).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sender).poll_shutdown(cx)
    }
}
