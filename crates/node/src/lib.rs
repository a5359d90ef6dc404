//! The node agent: makes the pods bound to this node real, and says so. An API client that touches no store.
//!
//! Data flow: watch -> [`pods`] (pure) -> one [`pod::machine`] per pod (pure) -> operations, performed by its [`pod::runner`] on a
//! [`runtime::Runtime`] and the API -> outcomes back to the machine.
//! Beside that, [`kubelet_api`] answers what the API server asks of a node.

pub mod admission;
pub mod agent;
pub mod clock;
pub mod disks;
pub mod eviction;
pub mod following;
pub mod heartbeat;
pub mod host;
mod image_gc;
mod image_volumes;
pub mod kubelet_api;
pub mod network;
pub mod node;
pub mod pod;
pub mod pods;
pub mod probe;
pub mod provisioner;
pub mod questions;
pub mod real;
pub mod registration;
pub mod roster;
pub mod runtime;
pub mod shutdown;
pub mod simulated;
pub mod stats;
pub mod streams;
pub mod upkeep;
pub mod volumes;
