//! Talks to the kernel's routing interface: sends requests many at a time and collects what it answers. Decides nothing.

use crate::error::{Error, Result};
use crate::request::Request;
use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use std::fs::File;
use std::io;
use stead_netlink::{Message, Messages, NLMSG_DONE, NLMSG_ERROR, Protocol};

/// Requests that go out together: their answers must fit into the socket's buffer.
const REQUESTS_MAX: usize = 64;

/// A connection to one network namespace.
#[derive(Debug)]
pub struct Socket {
    socket: stead_netlink::Socket,
    sequence: u32,
}

impl Socket {
    /// To the network namespace of this thread.
    pub fn open() -> io::Result<Socket> {
        Ok(Socket { socket: stead_netlink::Socket::open(Protocol::Route)?, sequence: 0 })
    }

    /// To another network namespace.
    pub fn open_in(namespace: &File) -> io::Result<Socket> {
        Ok(Socket { socket: stead_netlink::Socket::open_in(Protocol::Route, namespace)?, sequence: 0 })
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
        self.socket.send(&bytes)?;
        Ok(batch.len())
    }

    /// Reads until every request is answered. Gives the first that was refused.
    fn receive(&self, first: u32, count: usize, answers: &mut Vec<RouteNetlinkMessage>) -> io::Result<Option<(usize, io::Error)>> {
        let (mut open, mut refused) = (count, None);
        while open > 0 {
            let bytes = self.socket.receive()?;
            for message in Messages(&bytes) {
                let index = message.sequence.wrapping_sub(first) as usize;
                match message.kind {
                    _ if index >= count => {}
                    NLMSG_ERROR => {
                        open -= 1;
                        if let Some(source) = message.failure() {
                            refused.get_or_insert((index, source));
                        }
                    }
                    NLMSG_DONE => open -= 1,
                    _ => answers.extend(read(&message)),
                }
            }
        }
        Ok(refused)
    }
}

/// What this program does not know of newer kernels says nothing about ours.
pub fn read(message: &Message<'_>) -> Option<RouteNetlinkMessage> {
    match NetlinkMessage::deserialize(message.whole).ok()?.payload {
        NetlinkPayload::InnerMessage(inner) => Some(inner),
        _ => None,
    }
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
