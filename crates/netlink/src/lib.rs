//! Netlink: sockets to the kernel's interfaces, what is received taken apart into messages, and changes as the kernel tells of them.
//!
//! Never knows what a message is about: that is for whoever speaks one of its protocols. Input: bytes to send, in one network namespace;
//! output: bytes that were received, and messages in them.

mod changes;
mod message;
mod socket;

pub use changes::{Changes, Heard};
pub use message::{Message, Messages, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, u16_at, u32_at};
pub use socket::{Protocol, Socket};
