//! What packets of this node's pods may pass, and how they look elsewhere: NetworkPolicies, the check of senders, masquerading of what leaves
//! the cluster, and ports of the node that are passed on to pods (`hostPort`).
//!
//! Never decides about Services, which have chosen an endpoint before. Input: the API's pods, namespaces and NetworkPolicies, and which
//! sandbox has which link and addresses. Output: chains and sets whose names begin with `pod-`, in the data directory's table.
//!
//! ```text
//!   objects, sandboxes ──▶ World ──▶ Content ──differences──▶ Batch ──▶ kernel
//!   a sandbox is connected ──▶ Gate::admit ──(its verdict is in force)──▶ its containers start
//! ```

mod content;
mod foreign;
mod gate;
mod keeper;
mod kernel;
mod lookout;
mod object;
mod policies;
mod run;
mod unenforced;
mod ways;
mod world;
mod xtables;

pub use gate::{Connected, Gate};
pub use kernel::clean;
pub use run::{Firewall, Settings, Surroundings, USER};
pub use world::Place;

#[cfg(test)]
mod tests;
