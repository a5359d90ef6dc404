//! Controllers and the scheduler. They are API clients and touch no store; the driver alone awaits.
//!
//! Data flow: watch -> cache -> queue -> `reconcile(key, cache, now) -> Plan` (pure) -> calls -> outcomes -> queue.

pub mod claim_protection;
pub mod driver;
pub mod engine;
pub mod garbage;
pub mod namespace;
pub mod node_lifecycle;
pub mod object;
pub mod options;
pub mod plan;
pub mod pod;
pub mod pod_gc;
pub mod root_ca;
pub mod scheduler;
pub mod service_account;
pub mod statefulset;

pub use driver::{Progress, run, run_with_progress};
pub use options::{Clock, Options, Selection};
