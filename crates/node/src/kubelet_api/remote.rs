//! Exec and attach: what the query means, and the connection that is served from then on.
//!
//! One task for each connection: it reads the client while the program takes its input, and the program while the client takes its output.
//! Nothing more than some buffers is held of either.

use super::sessions::{Connection, Pending};
use crate::streams::{Process, Wanted};
use bytes::{Buf, Bytes};
use futures::future::BoxFuture;
use std::io;
use std::time::Duration;
use stead_streams::remote::{End, Event, Output, Remote};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::Instant;

/// How long a client may take to open its streams (STR-9).
const OPEN_MAX: Duration = Duration::from_secs(30);
/// After so long without a byte a connection is closed (STR-9).
const IDLE_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// Input that may wait for the program before the client is not read any more.
const INPUT_BYTES_MAX: usize = 1 << 20;
/// Output that may wait for the client before the program is not read any more.
const OUTPUT_BYTES_MAX: usize = 512 << 10;
/// Read at once.
const PIECE_BYTES_MAX: usize = 128 << 10;
/// After the program's end: how long whoever else holds its output may be silent before that counts as ended.
const QUIET_MAX: Duration = Duration::from_millis(500);
/// How long a client may take to close a connection on which all is said.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// What the query of exec and attach says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RemoteOptions {
    pub argv: Vec<String>,
    pub wanted: Wanted,
}

impl RemoteOptions {
    /// STR-6; names as a kubelet has them.
    pub(super) fn parse(query: &str) -> Result<Self, &'static str> {
        let mut options = Self { argv: Vec::new(), wanted: Wanted::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let is_on = matches!(&*value, "1" | "true");
            match &*name {
                "command" => options.argv.push(value.into_owned()),
                "input" => options.wanted.stdin = is_on,
                "output" => options.wanted.stdout = is_on,
                "error" => options.wanted.stderr = is_on,
                "tty" => options.wanted.tty = is_on,
                _ => {}
            }
        }
        // A terminal has one output only.
        options.wanted.stderr &= !options.wanted.tty;
        let Wanted { stdin, stdout, stderr, .. } = options.wanted;
        if stdin || stdout || stderr { Ok(options) } else { Err("you must specify at least 1 of stdin, stdout, stderr") }
    }
}

/// A program to begin once the client is ready, or why there is none.
pub(super) type Start = BoxFuture<'static, Result<Process, String>>;

/// Serves a connection to its end. `told` is what clients are told of an exit code that is not 0.
pub(super) async fn serve(connection: Connection, remote: Remote, start: Start, told: impl Fn(i32) -> String + Send) {
    let (reader, writer) = tokio::io::split(connection);
    let mut session = Session { remote, reader, writer, input: vec![0; PIECE_BYTES_MAX], pending: Pending::default() };
    let served = session.serve(start, told).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a stream broke off");
    }
}

struct Session {
    remote: Remote,
    reader: ReadHalf<Connection>,
    writer: WriteHalf<Connection>,
    input: Vec<u8>,
    /// Taken from the remote, to be sent.
    pending: Pending,
}

/// What a program still has to do.
struct Running {
    process: Process,
    /// Input that it has not taken.
    rest: Bytes,
    ended: Option<Result<i32, String>>,
    quiet_at: Instant,
}

/// One thing that happened.
enum Happened {
    Received(usize),
    Sent(usize),
    Wrote(io::Result<usize>),
    Printed(Output, io::Result<usize>),
    Ended(Result<i32, String>),
    Quiet,
    Idle,
}

impl Session {
    async fn serve(&mut self, start: Start, told: impl Fn(i32) -> String + Send) -> io::Result<()> {
        let opened = tokio::time::timeout(OPEN_MAX, self.open()).await;
        opened.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "timed out waiting for client to create streams"))??;
        let end = match start.await {
            Err(reason) => End::Failed(reason),
            Ok(process) => match self.pump(process).await? {
                // The client is gone: with the process's ends dropped, it is given up.
                None => return Ok(()),
                Some(Ok(0)) => End::Success,
                Some(Ok(code)) => End::Code { code, text: told(code) },
                Some(Err(reason)) => End::Failed(reason),
            },
        };
        self.remote.finish(&end);
        tokio::time::timeout(CLOSE_MAX, self.close()).await.unwrap_or(Ok(()))
    }

    /// Waits until every channel is there.
    async fn open(&mut self) -> io::Result<()> {
        while !self.remote.is_open() {
            self.send_all().await?;
            let count = self.reader.read(&mut self.input).await?;
            self.receive(count)?;
        }
        Ok(())
    }

    fn receive(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remote.receive(&self.input[..count]).map_err(io::Error::other)
    }

    async fn send_all(&mut self) -> io::Result<()> {
        loop {
            self.pending.refill(self.remote.out());
            if self.pending.is_sent() {
                return Ok(());
            }
            let count = self.pending.send(&mut self.writer).await?;
            self.pending.sent(count);
        }
    }

    /// Sends what is left, and waits for the client to close: what it has sent meanwhile must not make the connection break off before the
    /// last bytes have arrived.
    async fn close(&mut self) -> io::Result<()> {
        self.send_all().await?;
        loop {
            let count = self.reader.read(&mut self.input).await?;
            let understood = self.remote.receive(&self.input[..count]).is_ok();
            let closed = std::iter::from_fn(|| self.remote.next_event()).any(|event| event == Event::Closed);
            if count == 0 || closed || !understood {
                break;
            }
        }
        self.writer.shutdown().await
    }

    /// Carries bytes both ways. None: the client is gone.
    async fn pump(&mut self, process: Process) -> io::Result<Option<Result<i32, String>>> {
        let mut running = Running { process, rest: Bytes::new(), ended: None, quiet_at: Instant::now() };
        let mut pieces = [vec![0; PIECE_BYTES_MAX], vec![0; PIECE_BYTES_MAX]];
        loop {
            if !running.take_events(&mut self.remote) {
                return Ok(None);
            }
            if let (Some(end), None, None) = (&running.ended, &running.process.stdout, &running.process.stderr) {
                return Ok(Some(end.clone()));
            }
            match self.next(&mut running, &mut pieces).await? {
                Happened::Received(0) | Happened::Idle => return Ok(None),
                Happened::Received(count) => self.receive(count)?,
                Happened::Sent(count) => self.pending.sent(count),
                Happened::Printed(output, Ok(count @ 1..)) => {
                    let piece = if output == Output::Stdout { &pieces[0] } else { &pieces[1] };
                    self.remote.send(output, &piece[..count]);
                    running.quiet_at = Instant::now() + QUIET_MAX;
                }
                Happened::Printed(output, _) => running.output_ended(output),
                Happened::Wrote(result) => running.wrote(result),
                Happened::Ended(end) => {
                    running.ended = Some(end);
                    running.quiet_at = Instant::now() + QUIET_MAX;
                }
                Happened::Quiet => (running.process.stdout, running.process.stderr) = (None, None),
            }
        }
    }

    async fn next(&mut self, running: &mut Running, [stdout, stderr]: &mut [Vec<u8>; 2]) -> io::Result<Happened> {
        self.pending.refill(self.remote.out());
        let may_read = self.remote.waiting() < INPUT_BYTES_MAX;
        let may_print = self.pending.len() + self.remote.out().len() < OUTPUT_BYTES_MAX;
        let Running { process, rest, ended, quiet_at } = running;
        let may_write = !rest.is_empty() && process.stdin.is_some();
        Ok(tokio::select! {
            count = self.reader.read(&mut self.input), if may_read => Happened::Received(count?),
            count = self.pending.send(&mut self.writer), if !self.pending.is_sent() => Happened::Sent(count?),
            count = read(&mut process.stdout, stdout), if may_print && process.stdout.is_some() => Happened::Printed(Output::Stdout, count),
            count = read(&mut process.stderr, stderr), if may_print && process.stderr.is_some() => Happened::Printed(Output::Stderr, count),
            result = write(&mut process.stdin, rest), if may_write => Happened::Wrote(result),
            end = &mut process.end, if ended.is_none() => Happened::Ended(end),
            () = tokio::time::sleep_until(*quiet_at), if ended.is_some() && may_print => Happened::Quiet,
            () = tokio::time::sleep(IDLE_MAX) => Happened::Idle,
        })
    }
}

async fn read(source: &mut Option<impl AsyncRead + Unpin>, into: &mut [u8]) -> io::Result<usize> {
    match source {
        Some(source) => source.read(into).await,
        None => Ok(0),
    }
}

async fn write(sink: &mut Option<impl AsyncWrite + Unpin>, bytes: &[u8]) -> io::Result<usize> {
    match sink {
        Some(sink) => sink.write(bytes).await,
        None => Ok(0),
    }
}

impl Running {
    /// Takes what the client said as far as the program can; false: it is gone.
    fn take_events(&mut self, remote: &mut Remote) -> bool {
        while self.rest.is_empty() {
            match remote.next_event() {
                None => break,
                // A program that takes no more input does not keep the rest from being read.
                Some(Event::Stdin(data)) if self.process.stdin.is_some() => self.rest = data,
                Some(Event::Stdin(_)) => {}
                Some(Event::StdinEnd) if self.process.terminal.is_none() => self.process.stdin = None,
                Some(Event::StdinEnd) => {}
                Some(Event::Resize(columns, rows)) => {
                    if let Some(terminal) = &self.process.terminal {
                        terminal.resize(columns, rows);
                    }
                }
                Some(Event::Closed) => return false,
            }
        }
        true
    }

    fn wrote(&mut self, result: io::Result<usize>) {
        match result {
            Ok(count @ 1..) => self.rest.advance(count),
            // It has closed its input.
            Ok(0) | Err(_) => {
                self.process.stdin = None;
                self.rest.clear();
            }
        }
    }

    fn output_ended(&mut self, output: Output) {
        match output {
            Output::Stdout => self.process.stdout = None,
            Output::Stderr => self.process.stderr = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_a_kubelet_s() {
        // STR-6
        let options = RemoteOptions::parse("command=sh&command=-c&command=a+b&input=1&output=1&error=1&tty=1").unwrap();
        assert_eq!(options.argv, ["sh", "-c", "a b"]);
        assert_eq!(options.wanted, Wanted { stdin: true, stdout: true, stderr: false, tty: true });
        assert_eq!(RemoteOptions::parse("command=sh&tty=1").unwrap_err(), "you must specify at least 1 of stdin, stdout, stderr");
        assert_eq!(RemoteOptions::parse("error=1&tty=1").unwrap_err(), "you must specify at least 1 of stdin, stdout, stderr");
    }
}
