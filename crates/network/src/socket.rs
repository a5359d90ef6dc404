//! Talks to the kernel's routing interface: sends requests many at a time and collects what it answers. Decides nothing.

use crate::error::{Error, Result};
use crate::request::Request;
use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::io;

/// Requests that go out together: their answers must fit into the socket's buffer.
const REQUESTS_MAX: usize = 64;

/// A connection to one network namespace.
pub struct Socket {
    socket: netlink_sys::Socket,
    sequence: u32,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Socket {
    /// To the network namespace of this thread.
    pub fn open() -> io::Result<Socket> {
        let mut socket = netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
        Ok(Socket { socket, sequence: 0 })
    }

    /// To another network namespace. A thread that goes there for a moment opens it, so that no other thread is ever in the wrong one.
    pub fn open_in(namespace: &File) -> io::Result<Socket> {
        let open = || {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Socket::open()
        };
        std::thread::scope(|scope| scope.spawn(open).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    /// Sends requests in order and gives all objects that were asked for. The first that fails is the error; those after it were tried all
    /// the same.
    pub fn perform(&mut self, requests: &[Request]) -> Result<Vec<RouteNetlinkMessage>> {
        let (mut answers, mut failure) = (Vec::new(), None);
        for batch in requests.chunks(REQUESTS_MAX) {
            let first = self.sequence + 1;
            let refused = self.send(batch).and_then(|sent| self.receive(first, sent, &mut answers));
            let refused = refused.map_err(|source| Error::Netlink { what: "talk to the kernel", source })?;
            failure = failure.or(refused.map(|(index, source)| Error::Netlink { what: batch[index].what, source }));
        }
        failure.map_or(Ok(answers), Err)
    }

    /// Gives how many went out.
    fn send(&mut self, batch: &[Request]) -> io::Result<usize> {
        #[cfg(test)]
        let batch = tests::allowed(batch)?;
        let mut bytes = Vec::new();
        for request in batch {
            self.sequence += 1;
            let mut header = NetlinkHeader::default();
            header.flags = NLM_F_REQUEST | NLM_F_ACK | request.flags;
            header.sequence_number = self.sequence;
            let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(request.message.clone()));
            message.finalize();
            let begin = bytes.len();
            bytes.resize(begin + message.buffer_len().next_multiple_of(4), 0);
            message.serialize(&mut bytes[begin..]);
        }
        let sent = self.socket.send(&bytes, 0)?;
        if sent == bytes.len() { Ok(batch.len()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Reads until every request is answered. Gives the first that was refused.
    fn receive(&self, first: u32, count: usize, answers: &mut Vec<RouteNetlinkMessage>) -> io::Result<Option<(usize, io::Error)>> {
        let (mut open, mut refused) = (count, None);
        while open > 0 {
            let (bytes, _) = self.socket.recv_from_full()?;
            let mut rest = &bytes[..];
            while let Some(length) = length_of(rest) {
                let (message, others) = rest.split_at(length);
                rest = others.get(length.next_multiple_of(4) - length..).unwrap_or_default();
                // What this program does not know of newer kernels says nothing about ours.
                let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(message) else { continue };
                let index = message.header.sequence_number.wrapping_sub(first) as usize;
                match message.payload {
                    _ if index >= count => {}
                    NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                    NetlinkPayload::Error(error) => {
                        open -= 1;
                        if error.code.is_some() {
                            refused.get_or_insert((index, error.to_io()));
                        }
                    }
                    NetlinkPayload::Done(_) => open -= 1,
                    _ => {}
                }
            }
        }
        Ok(refused)
    }
}

/// The length that the message at the beginning says it has, if it is whole.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    (16..=bytes.len()).contains(&length).then_some(length)
}

#[cfg(test)]
pub mod tests {
    //! Stands for a process that is killed between two requests.

    use super::{Request, io};
    use std::cell::Cell;

    thread_local! {
        static ALLOWED: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// From here on this many requests of this thread reach the kernel.
    pub fn allow(requests: Option<usize>) {
        ALLOWED.set(requests);
    }

    /// Whether all of them are used up.
    pub fn is_cut() -> bool {
        ALLOWED.get() == Some(0)
    }

    pub(super) fn allowed(batch: &[Request]) -> io::Result<&[Request]> {
        let Some(allowed) = ALLOWED.get() else { return Ok(batch) };
        let count = allowed.min(batch.len());
        ALLOWED.set(Some(allowed - count));
        if count == 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(&batch[..count]) }
    }
}
