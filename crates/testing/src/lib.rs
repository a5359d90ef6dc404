//! For tests and development tasks only: an in-process server under virtual time, a server process, a real registry, and the golden cases, runs
//! and lives replayed against them.

pub mod environment;
pub mod fuzz;
pub mod golden;
pub mod http;
pub mod https;
mod left_out;
pub mod program;
pub mod registry;
pub mod simulation;

pub use left_out::{left_out, tell};

#[cfg(test)]
mod restart;
