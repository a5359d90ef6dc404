//! System calls that have no safe wrapper elsewhere: one small function each.
//!
//! All unsafe code but the allocator's. Never decides anything and keeps no state. Input: plain values; output: `io::Result`.

pub mod capability;
pub mod clock;
pub mod datagram;
pub mod device_filter;
pub mod fd;
pub mod file;
pub mod keyring;
pub mod library;
pub mod loop_device;
pub mod memory;
pub mod mount;
pub mod mount_table;
pub mod namespace;
pub mod network;
pub mod process;
pub mod project_quota;
pub mod seccomp;
pub mod signal;
pub mod socket;
pub mod terminal;
pub mod xattr;
