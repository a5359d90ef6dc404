//! The network of containers on this machine: every network namespace gets a link of its own and an address, and reaches the others, the
//! machine and itself by routes. Knows no Kubernetes words.
//!
//! Never touches what it did not make, runs no program, and decides nothing about containers. Input: network namespaces by path, who they
//! are for, and the ranges of addresses. Output: links, routes and addresses of the kernel, found again by their names.
//!
//! ```text
//!   inside:  eth0 ADDRESS/32, default via 169.254.1.1 ◀──link──▶ on the machine: st<directory><place>, route to ADDRESS/32
//!                                                               lo: the first address of the range, whom containers see the machine as
//! ```
//!
//! There is no bridge: every packet is routed. Both ends know the other's hardware address from the beginning, so that nobody has to ask or
//! to answer for it.

mod error;
mod host;
mod journal;
mod link;
mod namespaces;
mod network;
mod pool;
mod range;
mod rate;
mod request;
mod settings;
mod socket;
mod ways;

pub use error::{Error, Result};
pub use link::Tag;
pub use network::{Cleaned, Network, clean, recorded_addresses};
pub use pool::{Exhausted, Owner, Pool, Tenure};
pub use range::Range;
pub use rate::Rates;
pub use ways::Ways;
