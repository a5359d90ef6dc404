//! Changes as the kernel tells of them, to whoever listens to their groups. Asks for nothing.

use crate::socket::{DATAGRAM_BYTES, Protocol};
use netlink_sys::{AsyncSocket, SocketAddr, TokioSocket};
use nix::sys::socket::{setsockopt, sockopt};
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;

/// What is told and not read yet; what does not fit is lost.
const WAITING_BYTES: usize = 1 << 20;

/// What the kernel tells of, in one network namespace.
pub struct Changes {
    socket: TokioSocket,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// One datagram: [`Messages`](crate::Messages) of it.
    Datagram(Vec<u8>),
    /// There was more than fits: nobody knows what has changed.
    Lost,
}

impl Changes {
    /// Of the network namespace of this thread, from now on. Groups are by their number in the protocol. Within a tokio runtime.
    pub fn open(protocol: Protocol, groups: &[u32]) -> io::Result<Changes> {
        let mut socket = TokioSocket::new(protocol.number())?;
        socket.socket_mut().bind(&SocketAddr::new(0, 0))?;
        if setsockopt(&socket.socket_ref().as_fd(), sockopt::RcvBufForce, &WAITING_BYTES).is_err() {
            setsockopt(&socket.socket_ref().as_fd(), sockopt::RcvBuf, &WAITING_BYTES)?;
        }
        groups.iter().try_for_each(|group| socket.socket_mut().add_membership(*group))?;
        Ok(Changes { socket })
    }

    /// Waits for the next. May be given up at any time; nothing is lost by it.
    pub async fn next(&mut self) -> io::Result<Heard> {
        loop {
            let mut bytes = Vec::with_capacity(DATAGRAM_BYTES);
            match poll_fn(|context| self.socket.poll_recv(context, &mut bytes)).await {
                Ok(()) => return Ok(Heard::Datagram(bytes)),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Heard::Lost),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
