//! Services on a node: what comes to their addresses goes to their endpoints, by rules of the kernel's packet filter.
//!
//! Input: Services, EndpointSlices and this node's own Node. Output: one table of the packet filter, which outlives this process. Never
//! touches what of the table is of pods (names that begin with `pod-`), nor any other table, and runs no program.
//!
//! ```text
//!   Service, EndpointSlices, Node ─▶ elements (pure) ─▶ state: what is to be, and changes to it (pure) ─▶ batch ─▶ kernel
//! ```

mod applier;
mod elements;
mod endpoints;
mod flows;
mod health;
mod layout;
mod range;
mod reconcile;
mod run;
mod service;
mod state;

pub use applier::{Applier, remove};
pub use endpoints::Node;
pub use layout::{Name, Settings, chains};
pub use range::AddressRange;
pub use run::{Options, USER, run};
pub use service::{ServiceName, ServicePort};
pub use state::{Changes, Health, State};
