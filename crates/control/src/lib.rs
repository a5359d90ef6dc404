//! Controllers and the scheduler. They are API clients and touch no store; `engine` alone awaits.
//!
//! Data flow: watch -> cache -> queue -> `reconcile(key, cache, now) -> Plan` (pure) -> effects through [`api::Api`].

pub mod api;
pub mod plan;
