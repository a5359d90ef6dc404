//! The sockets: one UDP and one TCP socket for each address that is listened on.

mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use crate::site::{Memory, Site};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};

/// Bound sockets of one address.
#[derive(Debug)]
pub struct Listener {
    udp: UdpSocket,
    tcp: TcpListener,
    memory: Memory,
}

impl Listener {
    /// Port 0 is any that is free for both.
    pub async fn bind(address: SocketAddr, memory: Memory) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let udp = udp::bind(tcp.local_addr()?).await?;
        Ok(Self { udp, tcp, memory })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Answers until it is dropped, or a socket breaks.
    pub async fn serve(self, site: Arc<Site>) -> io::Error {
        let udp = Arc::new(self.udp);
        tokio::select! {
            error = udp::serve(udp, &site, self.memory) => error,
            error = tcp::serve(self.tcp, &site, self.memory) => error,
        }
    }
}
