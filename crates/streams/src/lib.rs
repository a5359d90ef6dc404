//! What is spoken over an upgraded connection: WebSocket and SPDY/3.1 as a server frames them, and over these the channels of a remote
//! command ([`remote`]) and of forwarded ports ([`forward`]).
//!
//! Pure: bytes that were received go in, events come out; what is to be sent is appended to a buffer. No I/O, no clock, no tasks. Never
//! decides who may do what, and knows nothing of containers.
//!
//! ```text
//!   received bytes ─▶ websocket | spdy ─▶ remote | forward ─▶ events
//!   bytes to send  ◀─ websocket | spdy ◀─ remote | forward ◀─ data, ends
//! ```

pub mod channels;
pub mod forward;
pub mod remote;
pub mod spdy;
pub mod websocket;

/// The other side does not keep to the protocol: the connection is of no more use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub &'static str);
