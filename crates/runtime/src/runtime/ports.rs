//! Connections to the ports of a sandbox, from inside of its network.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use tokio::net::{TcpSocket, TcpStream};

use super::{Inner, blocking};
use crate::error::{Error, Result};
use crate::record::io_error;
use crate::sandbox::NamespaceMode;

/// See [`crate::Runtime::connect_to_port`]: STR-13.
pub async fn connect(inner: &Inner, sandbox: &str, port: u16) -> Result<TcpStream> {
    let entry = inner.entry(sandbox)?;
    if entry.connection().is_none() {
        return Err(entry.not_ready());
    }
    let namespace = (entry.record.spec.network == NamespaceMode::Own).then(|| entry.dir.namespace("net"));
    let first = match to(namespace.clone(), (Ipv4Addr::LOCALHOST, port).into()).await? {
        Ok(stream) => return Ok(stream),
        Err(error) => error,
    };
    match to(namespace, (Ipv6Addr::LOCALHOST, port).into()).await? {
        Ok(stream) => Ok(stream),
        Err(second) => Err(Error::NotConnected { sandbox: sandbox.to_owned(), port, first: reason(&first), second: reason(&second) }),
    }
}

/// As users know it.
fn reason(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), crate::executor::plain)
}

async fn to(namespace: Option<PathBuf>, address: SocketAddr) -> Result<io::Result<TcpStream>> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let made = blocking(move || match namespace {
        None => make(family),
        Some(path) => {
            let namespace = File::open(&path).map_err(io_error("open", &path))?;
            // A thread of its own, which ends: no other one may find itself in that network.
            let made = std::thread::scope(|scope| {
                let thread = scope.spawn(|| setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(io::Error::from).map(|()| make(family)));
                thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
            });
            made.map_err(io_error("enter", &path))?
        }
    });
    let socket = match made.await? {
        Ok(socket) => socket,
        Err(error) => return Ok(Err(error)),
    };
    Ok(TcpSocket::from_std_stream(socket.into()).connect(address).await)
}

fn make(family: AddressFamily) -> Result<io::Result<OwnedFd>> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    Ok(socket(family, SockType::Stream, flags, None).map_err(io::Error::from))
}
