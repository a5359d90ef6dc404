//! Whether this machine can run containers at all: looked at before a server starts, so that whoever starts it for the first time is told
//! exactly what is missing, and what to do about it, instead of how the first pod fails.

mod facts;
mod verdict;

pub use verdict::MachineCheck;

use crate::config::ServerArgs;
use stead_api::time::Timestamp;

/// What is missing on this machine for a server with these settings, and what else its user should know.
pub fn look(args: &ServerArgs, now: Timestamp) -> MachineCheck {
    verdict::of(&facts::gather(args, now))
}
