//! For tests and development tasks only: an in-process server under virtual time, and the golden cases replayed against it.

pub mod environment;
pub mod golden;
pub mod http;
mod left_out;
pub mod simulation;

pub use left_out::{left_out, tell};

#[cfg(test)]
mod restart;
