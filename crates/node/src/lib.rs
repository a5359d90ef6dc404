//! The node agent: makes the pods bound to this node real, and says so. An API client that touches no store.
//!
//! Data flow: watch -> one worker per pod -> observe -> [`pod::plan`] (pure) -> steps on a [`runtime::Runtime`] -> [`pod::status`] (pure) -> API.

pub mod agent;
pub mod host;
pub mod pod;
pub mod real;
pub mod registration;
pub mod runtime;
pub mod simulated;
