//! Controllers and the scheduler. They are API clients and touch no store; the driver alone awaits.
//!
//! Data flow: watch -> cache -> queue -> `reconcile(key, cache, now) -> Plan` (pure) -> calls -> outcomes -> queue.

pub mod api;
pub mod engine;
pub mod object;
pub mod plan;
pub mod pod;
pub mod resource;
pub mod statefulset;
