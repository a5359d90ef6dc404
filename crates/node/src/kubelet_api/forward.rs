//! Port-forward: many connections into a pod over one of the client's, served by one task.
//!
//! Nothing more than some buffers is held of each connection; where one does not take what the client sends it, the client is not read any
//! more until it does.

use super::sessions::{Connection, Pending};
use crate::streams::Duplex;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, Shared};
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use stead_streams::forward::{Event, Forward, PORTS_MAX};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::oneshot;

/// After so long without a byte a connection is closed (STR-9).
const IDLE_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// What may wait for all connections together before the client is not read any more.
const INPUT_BYTES_MAX: usize = 4 << 20;
/// What may wait for the client before the connections are not read any more.
const OUTPUT_BYTES_MAX: usize = 512 << 10;
/// Read at once.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// Connects to a port; a failure is a text for the client.
pub(super) type Connect = Arc<dyn Fn(u16) -> BoxFuture<'static, Result<Box<dyn Duplex>, String>> + Send + Sync>;

type Socket = Box<dyn Duplex>;

/// What a connection did.
enum Did {
    Connected(Result<Socket, String>),
    Read(ReadHalf<Socket>, Vec<u8>, io::Result<usize>),
    Wrote(WriteHalf<Socket>, usize, io::Result<()>),
    /// It was forgotten before anything came of it.
    Nothing,
}

/// Comes true when a connection is forgotten.
type Forgotten = Shared<oneshot::Receiver<()>>;

/// One forwarded connection.
struct Forwarded {
    /// What is under way of it is given up when this goes.
    _end: oneshot::Sender<()>,
    forgotten: Forgotten,
    /// Data for it, in order; None ends it.
    queue: VecDeque<Option<Bytes>>,
    /// While nothing is written with it.
    writer: Option<WriteHalf<Socket>>,
    /// While it is not read because the client takes nothing.
    reader: Option<(ReadHalf<Socket>, Vec<u8>)>,
    /// Bytes that are being written.
    writing: usize,
}

impl Forwarded {
    fn run(&self, connection: u32, work: impl Future<Output = Did> + Send + 'static) -> BoxFuture<'static, (u32, Did)> {
        let forgotten = self.forgotten.clone();
        async move {
            tokio::select! {
                did = work => (connection, did),
                _ = forgotten => (connection, Did::Nothing),
            }
        }
        .boxed()
    }

    /// Bytes that it has not taken yet.
    fn waiting(&self) -> usize {
        self.writing + self.queue.iter().flatten().map(Bytes::len).sum::<usize>()
    }
}

/// Serves a connection of a client to its end.
pub(super) async fn serve(connection: Connection, forward: Forward, connect: Connect) {
    let (reader, writer) = tokio::io::split(connection);
    let mut session = Session { forward, connect, connections: BTreeMap::new(), under_way: FuturesUnordered::new(), waiting: 0 };
    if let Err(error) = session.serve(reader, writer).await {
        tracing::debug!(%error, "a stream broke off");
    }
}

struct Session {
    forward: Forward,
    connect: Connect,
    connections: BTreeMap<u32, Forwarded>,
    under_way: FuturesUnordered<BoxFuture<'static, (u32, Did)>>,
    /// Bytes in all queues.
    waiting: usize,
}

impl Session {
    async fn serve(&mut self, mut reader: ReadHalf<Connection>, mut writer: WriteHalf<Connection>) -> io::Result<()> {
        let (mut input, mut pending) = (vec![0; PIECE_BYTES_MAX], Pending::default());
        loop {
            while let Some(event) = self.forward.next_event() {
                if !self.take(event) {
                    return Ok(());
                }
            }
            pending.refill(self.forward.out());
            if pending.is_sent() && self.forward.is_over() {
                return writer.shutdown().await;
            }
            if self.may_read(pending.len()) {
                self.read_on();
            }
            tokio::select! {
                count = reader.read(&mut input), if self.waiting < INPUT_BYTES_MAX => match count? {
                    0 => return Ok(()),
                    count => self.forward.receive(&input[..count]).map_err(io::Error::other)?,
                },
                count = pending.send(&mut writer), if !pending.is_sent() => pending.sent(count?),
                Some((connection, did)) = self.under_way.next() => {
                    let may_read = self.may_read(pending.len());
                    self.did(connection, did, may_read);
                }
                () = tokio::time::sleep(IDLE_MAX) => return Ok(()),
            }
        }
    }

    fn may_read(&mut self, pending: usize) -> bool {
        pending + self.forward.out().len() < OUTPUT_BYTES_MAX
    }

    /// Does what the client said; false: it is gone.
    fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Open { connection, port } => {
                let (end, forgotten) = oneshot::channel();
                let forwarded =
                    Forwarded { _end: end, forgotten: forgotten.shared(), queue: VecDeque::new(), writer: None, reader: None, writing: 0 };
                let connecting = (self.connect)(port);
                self.under_way.push(forwarded.run(connection, connecting.map(Did::Connected)));
                self.connections.insert(connection, forwarded);
            }
            Event::Data { connection, data } => {
                if let Some(forwarded) = self.connections.get_mut(&connection) {
                    self.waiting += data.len();
                    forwarded.queue.push_back(Some(data));
                    self.write_on(connection);
                }
            }
            Event::End { connection } => {
                if let Some(forwarded) = self.connections.get_mut(&connection) {
                    forwarded.queue.push_back(None);
                    self.write_on(connection);
                }
            }
            Event::Gone { connection } => self.forget(connection),
            Event::Closed => return false,
        }
        true
    }

    fn did(&mut self, connection: u32, did: Did, may_read: bool) {
        let Some(forwarded) = self.connections.get_mut(&connection) else { return };
        match did {
            Did::Connected(Err(text)) => {
                self.forward.fail(connection, &text);
                self.forget(connection);
            }
            Did::Connected(Ok(socket)) => {
                let (reader, writer) = tokio::io::split(socket);
                forwarded.writer = Some(writer);
                let reading = forwarded.run(connection, reading(reader, vec![0; PIECE_BYTES_MAX]));
                self.under_way.push(reading);
                self.write_on(connection);
            }
            Did::Read(reader, piece, Ok(count @ 1..)) => {
                self.forward.send(connection, &piece[..count]);
                forwarded.reader = Some((reader, piece));
                if may_read {
                    self.read_on();
                }
            }
            // It has said all. What the client still has to say to it is of no use, as with a kubelet.
            Did::Read(_, _, Ok(0) | Err(_)) => {
                self.forward.finish(connection);
                self.forget(connection);
            }
            Did::Nothing => {}
            Did::Wrote(writer, count, result) => {
                self.waiting -= count;
                forwarded.writing -= count;
                if result.is_ok() {
                    forwarded.writer = Some(writer);
                    self.write_on(connection);
                } else {
                    // It takes nothing more; that it says nothing more shows when it is read.
                    self.waiting -= forwarded.waiting();
                    forwarded.queue.clear();
                }
            }
        }
    }

    /// Reads on from every connection that waits for it.
    fn read_on(&mut self) {
        for (connection, forwarded) in &mut self.connections {
            if let Some((reader, piece)) = forwarded.reader.take() {
                let reading = forwarded.run(*connection, reading(reader, piece));
                self.under_way.push(reading);
            }
        }
    }

    /// Writes the next piece of a connection's queue, if none is being written.
    fn write_on(&mut self, connection: u32) {
        let Some(forwarded) = self.connections.get_mut(&connection) else { return };
        let Some(mut writer) = forwarded.writer.take_if(|_| !forwarded.queue.is_empty()) else { return };
        let next = forwarded.queue.pop_front().flatten();
        forwarded.writing = next.as_ref().map_or(0, Bytes::len);
        let writing = async move {
            let (count, result) = match &next {
                Some(data) => (data.len(), writer.write_all(data).await),
                None => (0, writer.shutdown().await),
            };
            Did::Wrote(writer, count, result)
        };
        let writing = forwarded.run(connection, writing);
        self.under_way.push(writing);
    }

    /// Closes both of its ends.
    fn forget(&mut self, connection: u32) {
        if let Some(forwarded) = self.connections.remove(&connection) {
            self.waiting -= forwarded.waiting();
        }
    }
}

async fn reading(mut reader: ReadHalf<Socket>, mut piece: Vec<u8>) -> Did {
    let result = reader.read(&mut piece).await;
    Did::Read(reader, piece, result)
}

/// What the query says: the ports of a client that does not name them stream by stream.
pub(super) fn ports(query: &str) -> Result<Vec<u16>, String> {
    let values = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "port").map(|(_, value)| value.into_owned());
    let parse =
        |text: String| text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("port {text:?} must be a number from 1 to 65535"));
    let ports: Vec<u16> = values.map(parse).collect::<Result<_, _>>()?;
    if (1..=PORTS_MAX).contains(&ports.len()) {
        Ok(ports)
    } else {
        Err(format!("1 to {PORTS_MAX} ports must be given, not {}", ports.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_and_at_least_one() {
        // STR-1
        assert_eq!(ports("port=80&port=8080").unwrap(), [80, 8080]);
        for bad in ["", "port=0", "port=x", "port=65536"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }
}
