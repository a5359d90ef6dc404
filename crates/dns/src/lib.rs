//! The cluster's name server: what Services, EndpointSlices and Namespaces are called in DNS, and everything else asked of the host's
//! resolvers. Owns no object but those that show itself.
//!
//! ```text
//!   follow ──changes──▶ index ─┐
//!   serve ──▶ site ──question──┴▶ answer (pure) ─┬▶ records: sent at once
//!                                                └▶ elsewhere: forward (cache, resolvers) ─▶ sent when it comes
//! ```
//!
//! `index`, `answer` and `message` are without I/O, time and chance.

mod answer;
mod custom;
mod follow;
mod forward;
mod index;
mod message;
mod name;
mod probe;
mod publish;
mod serve;
mod server;
mod site;

pub use forward::Source;
pub use name::Zone;
pub use publish::{SERVICE, Shown};
pub use serve::Listener;
pub use server::{Clock, Options, USER, run};
pub use site::Memory;
