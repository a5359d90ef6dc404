//! End-to-end tests: the real binary, real kubectls (the newest and the oldest at hand), real containers.
//!
//! `cargo xtask test` says where the binary and the kubectls are; without it these tests are left out, and say so.

mod binding;
mod browser;
mod claims;
mod clean;
mod cluster;
mod crash;
mod daemon_sets;
mod drain;
mod explain;
mod jobs;
mod kubectl;
mod limits;
mod logs;
mod middle;
mod names;
mod plan;
mod proxy;
mod pulls;
mod roles;
mod secrets;
mod services;
mod shared_claims;
mod simulated;
mod statefulset;
mod streams;
mod systems;
mod tutorial;
mod ui;
mod up;
mod up_files;
mod verbs;
mod whole;
