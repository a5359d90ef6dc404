//! Kubernetes types and rules: the schema table and its walker, one registry row per kind with its defaults,
//! validation and columns, and the patch algorithms. Pure: no I/O, no tokio, no logging, no clock.
//!
//! Objects are dynamic [`Value`]s over the schema table; everything here takes and returns them.

pub mod allocation;
pub mod cron;
pub mod field;
pub mod kinds;
pub mod meta;
pub mod names;
pub mod patch;
pub mod pod_security;
pub mod quantity;
pub mod registry;
pub mod schema;
pub mod selector;
pub mod status;
pub mod time;
pub mod value;
pub mod wire;

pub use serde_json::{Map, Value, json};
pub use status::Status;
