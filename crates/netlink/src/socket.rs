//! A connection to the kernel in one network namespace. Decides nothing.

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{setsockopt, sockopt};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// A datagram of the kernel's, which never makes larger ones.
pub(crate) const DATAGRAM_BYTES: usize = 64 * 1024;

/// Which of the kernel's interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Links, addresses and routes.
    Route,
    /// Rules for packets, and tracked connections.
    Netfilter,
}

impl Protocol {
    pub(crate) fn number(self) -> isize {
        match self {
            Protocol::Route => netlink_sys::protocols::NETLINK_ROUTE,
            Protocol::Netfilter => netlink_sys::protocols::NETLINK_NETFILTER,
        }
    }
}

/// A connection for requests and their answers.
pub struct Socket {
    socket: netlink_sys::Socket,
    port: u32,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Socket {
    /// To the network namespace of this thread.
    pub fn open(protocol: Protocol) -> io::Result<Socket> {
        let mut socket = netlink_sys::Socket::new(protocol.number())?;
        let port = socket.bind_auto()?.port_number();
        socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
        // An answer to a request that failed need not repeat it.
        socket.set_cap_ack(true)?;
        Ok(Socket { socket, port })
    }

    /// To another network namespace. A thread that goes there for a moment opens it, so that no other thread is ever in the wrong one.
    pub fn open_in(protocol: Protocol, namespace: &File) -> io::Result<Socket> {
        let open = || {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Socket::open(protocol)
        };
        std::thread::scope(|scope| scope.spawn(open).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    /// What the kernel calls this connection: changes made by it are told of with this number.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Sends one datagram, which may hold many messages.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.socket.send(bytes, 0)?;
        if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Waits for one datagram.
    pub fn receive(&self) -> io::Result<Vec<u8>> {
        loop {
            match receive(&self.socket, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return received,
            }
        }
    }

    /// One datagram, if one is there.
    pub fn receive_now(&self) -> io::Result<Option<Vec<u8>>> {
        match receive(&self.socket, libc::MSG_DONTWAIT) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            received => received.map(Some),
        }
    }

    /// Makes room for datagrams of that size to be sent, as far as this process may; gives whether it did.
    pub fn make_room_to_send(&self, bytes: usize) -> bool {
        let socket = self.socket.as_fd();
        setsockopt(&socket, sockopt::SndBufForce, &bytes).is_ok() || setsockopt(&socket, sockopt::SndBuf, &bytes).is_ok()
    }

    /// Makes room for so much that is received and not read yet, as far as this process may.
    pub fn make_room_to_receive(&self, bytes: usize) -> io::Result<()> {
        let socket = self.socket.as_fd();
        if setsockopt(&socket, sockopt::RcvBufForce, &bytes).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &bytes)?;
        }
        Ok(())
    }
}

fn receive(socket: &netlink_sys::Socket, flags: libc::c_int) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(DATAGRAM_BYTES);
    let length = socket.recv(&mut bytes, flags | libc::MSG_TRUNC)?;
    if length > bytes.len() { Err(io::Error::new(io::ErrorKind::InvalidData, "a datagram of the kernel's was cut off")) } else { Ok(bytes) }
}
