//! Forwarded ports: connections that the client opens, each to a port, with data both ways and a text if it could not be made.
//!
//! Over SPDY, itself perhaps inside of WebSocket messages, each has two streams; over plain WebSocket the ports are given beforehand, one
//! connection each, with two channels.

mod spdy;
mod websocket;

pub use self::websocket::PORTS_MAX;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::Violation;
use crate::channels::Protocol;

/// Name of the protocol over SPDY.
pub const SPDY_PROTOCOL: &str = "portforward.k8s.io";
/// Name of the protocol in `Sec-WebSocket-Protocol` where SPDY is spoken inside.
pub const TUNNEL_PROTOCOL: &str = "SPDY/3.1+portforward.k8s.io";

/// What the client says. Connections have numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A new connection is wanted.
    Open {
        /// Its number.
        connection: u32,
        /// To where.
        port: u16,
    },
    /// Bytes for it.
    Data {
        /// Its number.
        connection: u32,
        /// Some.
        data: Bytes,
    },
    /// No more bytes for it.
    End {
        /// Its number.
        connection: u32,
    },
    /// It is given up.
    Gone {
        /// Its number.
        connection: u32,
    },
    /// Everything is.
    Closed,
}

/// One connection of the client's, with those that are forwarded.
#[derive(Debug)]
pub struct Forward {
    wire: Wire,
    events: VecDeque<Event>,
    out: BytesMut,
}

#[derive(Debug)]
enum Wire {
    Spdy(Box<spdy::Wire>),
    WebSocket(websocket::Wire),
}

impl Forward {
    /// SPDY.
    pub fn spdy() -> Forward {
        Forward::new(Wire::Spdy(Box::new(spdy::Wire::raw())), VecDeque::new(), BytesMut::new())
    }

    /// SPDY inside of WebSocket.
    pub fn tunnel() -> Forward {
        Forward::new(Wire::Spdy(Box::new(spdy::Wire::tunnelled())), VecDeque::new(), BytesMut::new())
    }

    /// WebSocket, with a connection to each of these ports, at most [`PORTS_MAX`].
    pub fn websocket(protocol: Protocol, ports: &[u16]) -> Forward {
        let (mut events, mut out) = (VecDeque::new(), BytesMut::new());
        let wire = websocket::Wire::new(protocol, ports, &mut events, &mut out);
        Forward::new(Wire::WebSocket(wire), events, out)
    }

    fn new(wire: Wire, events: VecDeque<Event>, out: BytesMut) -> Forward {
        Forward { wire, events, out }
    }

    /// Takes what was received.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        match &mut self.wire {
            Wire::Spdy(wire) => wire.receive(bytes, &mut self.events, &mut self.out),
            Wire::WebSocket(wire) => wire.receive(bytes, &mut self.events, &mut self.out),
        }
    }

    /// The next thing that the client said.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Sends what came from a connection.
    pub fn send(&mut self, connection: u32, data: &[u8]) {
        match &mut self.wire {
            Wire::Spdy(wire) => wire.send(connection, data, &mut self.out),
            Wire::WebSocket(wire) => wire.send(connection, data, &mut self.out),
        }
    }

    /// Sends that nothing more comes from a connection. To be called once, unless it failed.
    pub fn finish(&mut self, connection: u32) {
        match &mut self.wire {
            Wire::Spdy(wire) => wire.finish(connection, None, &mut self.out),
            Wire::WebSocket(wire) => wire.finish(connection, None, &mut self.out),
        }
    }

    /// Sends why a connection was not made, or broke.
    pub fn fail(&mut self, connection: u32, text: &str) {
        match &mut self.wire {
            Wire::Spdy(wire) => wire.finish(connection, Some(text), &mut self.out),
            Wire::WebSocket(wire) => wire.finish(connection, Some(text), &mut self.out),
        }
    }

    /// Whether no connection is left, and none can come.
    pub fn is_over(&self) -> bool {
        match &self.wire {
            Wire::Spdy(_) => false,
            Wire::WebSocket(wire) => wire.is_over(),
        }
    }

    /// What is to be sent over the client's connection; the caller takes away what it has sent.
    pub fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }
}

#[cfg(test)]
mod tests;
