//! What the network makes on the machine, and so writes down in its journal.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A thing on the machine that must be removed or put back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Made {
    /// A link, by the name of its end on the machine.
    Link(String),
    /// An address of the machine's loopback device.
    Address(IpAddr),
    /// A setting of the machine below `/proc/sys`.
    Sysctl { name: String, was: String, set: String },
}

impl stead_journal::Thing for Made {
    /// The machine forgets all of it when it starts anew.
    fn outlives_power(&self) -> bool {
        false
    }
}
