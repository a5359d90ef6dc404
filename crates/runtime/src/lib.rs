//! OCI containers on this machine: images, sandboxes (one shim each) and containers. Knows no Kubernetes words.
//!
//! Owns everything below its root directory and its own cgroup subtree. Never talks to an API server, never decides what should run.
//! Input: specifications of sandboxes and containers. Output: their states and a stream of exits.
//!
//! ```text
//!   Runtime ──spawns──▶ shim (one per sandbox, single-threaded, outlives us)
//!      │  ▲                │ ├─spawns─▶ exec helper (one per program that is run in a running container)
//!      │  │                │ ├─spawns─▶ create helper (one per container, exits at once) ─▶ libcontainer
//!      │  └── exits ───────┘ └─waits──▶ container init (reparented to the shim, a subreaper)
//!      └── framed protocol on <sandbox>/shim.sock
//! ```

mod app_armor;
mod cgroup;
mod container;
mod create;
mod dev_volume;
mod device;
mod error;
mod exec;
mod executor;
mod first_process;
mod ids;
mod image;
mod journal;
mod mounts;
mod protocol;
mod record;
pub mod roles;
mod rootfs;
mod runtime;
mod sandbox;
mod seccomp;
mod shim;
mod spec;
mod terminal;
mod usage;
mod user;

pub use container::{
    AppArmor, Container, ContainerSpec, ContainerState, Device, EffectiveUser, Exit, ExitReason, HugePages, ImageGroups, LogRotation,
    Mount, Propagation, Resources, Rlimit, Seccomp, Started, TerminationLog, User, all_capabilities, default_capabilities,
    default_masked_paths, default_readonly_paths,
};
pub use error::{Error, Result, StartError};
pub use exec::{ExecError, ExecSpec, Size, Stdio};
pub use image::{Image, ImageConfig, images_in_use};
pub use runtime::survey::{Survey, clean, survey};
pub use runtime::{Attached, Event, Events, Exec, HostFacts, InputEnd, Options, Runtime};
pub use sandbox::{NamespaceMode, Sandbox, SandboxSpec, SandboxState, Users};
pub use usage::{CgroupUsage, ContainerDiskUsage, DiskUsage, Pressure, Pressures, SandboxUsage, Stall, disk_usage};
