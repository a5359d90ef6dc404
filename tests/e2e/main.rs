//! End-to-end tests: the real binary, real kubectls (the newest and the oldest at hand), real containers.
//!
//! `cargo xtask test` says where the binary and the kubectls are; without it these tests are left out, and say so.

mod binding;
mod claims;
mod clean;
mod cluster;
mod crash;
mod daemon_sets;
mod databases;
mod drain;
mod explain;
mod jobs;
mod kubectl;
mod logs;
mod middle;
mod names;
mod proxy;
mod pulls;
mod roles;
mod secrets;
mod services;
mod simulated;
mod statefulset;
mod streams;
mod up;
mod verbs;
