//! Talks to the kernel's packet filter: sends batches and requests, and collects what it answers. Decides nothing.

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::numbers::*;
use crate::wire::{Message, Messages, Writer, u32_at};
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{setsockopt, sockopt};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// Of answers that are waiting.
const RECEIVE_BYTES: usize = 4 << 20;
/// A datagram of the kernel's.
const DATAGRAM_BYTES: usize = 64 * 1024;
/// How often a list is read again that changed meanwhile.
const READS_MAX: usize = 16;

/// A connection to one network namespace.
pub struct Connection {
    socket: netlink_sys::Socket,
    /// What fits into one batch as the socket is now.
    send_bytes: usize,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// To the network namespace of this thread.
    pub fn open() -> Result<Connection> {
        let open = || {
            let mut socket = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
            socket.bind_auto()?;
            socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
            socket.set_cap_ack(true)?;
            if setsockopt(&socket.as_fd(), sockopt::RcvBufForce, &RECEIVE_BYTES).is_err() {
                setsockopt(&socket.as_fd(), sockopt::RcvBuf, &RECEIVE_BYTES)?;
            }
            Ok(Connection { socket, send_bytes: 0 })
        };
        open().map_err(talk("open a socket"))
    }

    /// To another network namespace. A thread that goes there for a moment opens it, so that no other thread is ever in the wrong one.
    pub fn open_in(namespace: &File) -> Result<Connection> {
        let open = || {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|error| talk("enter a network namespace")(error.into()))?;
            Connection::open()
        };
        std::thread::scope(|scope| scope.spawn(open).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    /// Puts a batch into force, all of it or nothing.
    pub fn apply(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let batch = batch.finish();
        self.make_room(batch.bytes.len());
        let sent = self.socket.send(&batch.bytes, 0).map_err(talk("send a batch"))?;
        if sent != batch.bytes.len() {
            return Err(talk("send a batch")(io::ErrorKind::WriteZero.into()));
        }
        // The kernel has judged all of it by now: its answers are there.
        let (mut is_done, mut refused) = (false, None);
        while let Some(bytes) = self.receive(libc::MSG_DONTWAIT).map_err(talk("receive an answer"))? {
            for message in Messages(&bytes).filter(|message| message.kind == NLMSG_ERROR) {
                let index = message.sequence as usize;
                match failure(&message) {
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
            let made = setsockopt(&self.socket.as_fd(), sockopt::SndBufForce, &room).is_ok();
            if made || setsockopt(&self.socket.as_fd(), sockopt::SndBuf, &room).is_ok() {
                self.send_bytes = room;
            }
        }
    }

    /// Sends a request of a subsystem's and shows every answer.
    pub(crate) fn ask(&mut self, request: &Request<'_>, mut see: impl FnMut(Message<'_>)) -> Result<Whole> {
        let mut writer = Writer::default();
        writer.message(request.kind, NLM_F_REQUEST | request.flags, 1, request.family, 0, request.body);
        self.socket.send(&writer.bytes, 0).map_err(talk(request.what))?;
        let mut whole = Whole::Yes;
        loop {
            let Some(bytes) = self.receive(0).map_err(talk(request.what))? else { continue };
            for message in Messages(&bytes) {
                if message.flags & NLM_F_DUMP_INTR != 0 {
                    whole = Whole::ChangedMeanwhile;
                }
                match message.kind {
                    NLMSG_DONE => return Ok(whole),
                    NLMSG_ERROR => return failure(&message).map_or(Ok(whole), |source| Err(talk(request.what)(source))),
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

    /// One datagram; `None` if none is there and the flags say not to wait.
    fn receive(&self, flags: libc::c_int) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::with_capacity(DATAGRAM_BYTES);
        match self.socket.recv(&mut bytes, flags) {
            Ok(_) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Some(bytes)),
            Err(error) => Err(error),
        }
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

/// `None`: all is well.
fn failure(message: &Message<'_>) -> Option<io::Error> {
    let code = u32_at(message.body, 0).unwrap_or_default().cast_signed();
    (code != 0).then(|| io::Error::from_raw_os_error(-code))
}
