//! One pod on this node: what is known of it, what to do next, and what to say about it.

pub mod backoff;
pub mod bandwidth;
pub mod container;
pub mod environment;
pub mod fields;
pub mod files;
pub mod hooks;
pub mod huge_pages;
pub mod limits;
pub mod machine;
pub mod operation;
pub mod plan;
pub mod probes;
pub mod pull_progress;
pub mod pull_secrets;
pub mod pulls;
pub mod recovery;
pub mod resize;
pub mod restart;
pub mod runner;
pub mod runtime_class;
pub mod state;
pub mod status;
pub mod steps;
pub mod unsupported;
pub mod volumes;
