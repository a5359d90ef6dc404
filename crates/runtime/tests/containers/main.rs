//! Tests with real containers, in one binary. They need root and leave nothing behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod attach;
mod confinement;
mod damage;
mod escapes;
mod exec;
mod hanging;
mod harness;
mod image_volumes;
mod lifecycle;
mod logs;
mod namespaces;
mod races;
mod recovery;
mod resources;
mod seccomp;
mod upgrade;
mod users;
