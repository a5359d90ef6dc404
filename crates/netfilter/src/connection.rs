//! Talks to the kernel's packet filter: sends batches and requests, and collects what it answers. Decides nothing.

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::numbers::*;
use crate::wire::Writer;
use std::fs::File;
use std::io;
use stead_netlink::{Message, Messages, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, Protocol, Socket};

/// Of answers that are waiting.
const RECEIVE_BYTES: usize = 4 << 20;
/// How often a list is read again that changed meanwhile.
const READS_MAX: usize = 16;

/// A connection to one network namespace.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    /// What fits into one batch as the socket is now.
    send_bytes: usize,
}

impl Connection {
    /// To the network namespace of this thread.
    pub fn open() -> Result<Connection> {
        Self::of(Socket::open(Protocol::Netfilter))
    }

    /// To another network namespace.
    pub fn open_in(namespace: &File) -> Result<Connection> {
        Self::of(Socket::open_in(Protocol::Netfilter, namespace))
    }

    fn of(opened: io::Result<Socket>) -> Result<Connection> {
        let with_room = opened.and_then(|socket| socket.make_room_to_receive(RECEIVE_BYTES).map(|()| socket));
        Ok(Connection { socket: with_room.map_err(talk("open a socket"))?, send_bytes: 0 })
    }

    /// What changes that are made by it are told of with.
    pub fn port(&self) -> u32 {
        self.socket.port()
    }

    /// Puts a batch into force, all of it or nothing.
    pub fn apply(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let batch = batch.finish();
        self.make_room(batch.bytes.len());
        self.socket.send(&batch.bytes).map_err(talk("send a batch"))?;
        // The kernel has judged all of it by now: its answers are there.
        let (mut is_done, mut refused) = (false, None);
        while let Some(bytes) = self.socket.receive_now().map_err(talk("receive an answer"))? {
            for message in Messages(&bytes).filter(|message| message.kind == NLMSG_ERROR) {
                let index = message.sequence as usize;
                match message.failure() {
                    None => is_done |= index == batch.answered,
                    Some(source) => {
                        refused.get_or_insert_with(|| Error::Refused { what: batch.about(index), source });
                    }
                }
            }
        }
        match refused {
            Some(error) => Err(error),
            None if is_done => Ok(()),
            None => Err(talk("receive an answer")(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// A batch is one datagram: the socket's buffer must take it whole.
    fn make_room(&mut self, bytes: usize) {
        if bytes > self.send_bytes {
            let room = bytes.next_power_of_two().max(1 << 20);
            if self.socket.make_room_to_send(room) {
                self.send_bytes = room;
            }
        }
    }

    /// Sends a request of a subsystem's and shows every answer.
    pub(crate) fn ask(&mut self, request: &Request<'_>, mut see: impl FnMut(Message<'_>)) -> Result<Whole> {
        let mut writer = Writer::default();
        writer.message(request.kind, NLM_F_REQUEST | request.flags, 1, request.family, 0, request.body);
        self.socket.send(&writer.bytes).map_err(talk(request.what))?;
        let mut whole = Whole::Yes;
        loop {
            let bytes = self.socket.receive().map_err(talk(request.what))?;
            for message in Messages(&bytes) {
                if message.flags & NLM_F_DUMP_INTR != 0 {
                    whole = Whole::ChangedMeanwhile;
                }
                match message.kind {
                    NLMSG_DONE => return Ok(whole),
                    NLMSG_ERROR => return message.failure().map_or(Ok(whole), |source| Err(talk(request.what)(source))),
                    _ => {
                        see(message);
                        if request.flags & (NLM_F_DUMP | NLM_F_ACK) == 0 {
                            return Ok(whole);
                        }
                    }
                }
            }
        }
    }

    /// Reads a list, again if it changed meanwhile.
    pub(crate) fn list<T>(&mut self, request: &Request<'_>, read: impl Fn(Message<'_>) -> Option<T>) -> Result<Vec<T>> {
        for _ in 0..READS_MAX {
            let mut all = Vec::new();
            if self.ask(request, |message| all.extend(read(message)))? == Whole::Yes {
                return Ok(all);
            }
        }
        Err(Error::Restless(READS_MAX))
    }
}

/// One question.
pub(crate) struct Request<'a> {
    pub what: &'static str,
    /// With its subsystem.
    pub kind: u16,
    pub flags: u16,
    pub family: u8,
    pub body: &'a dyn Fn(&mut Writer),
}

/// Whether a list is of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Yes,
    ChangedMeanwhile,
}

pub(crate) fn talk(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Talk { what, source }
}
