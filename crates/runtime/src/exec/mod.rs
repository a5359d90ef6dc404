//! One more program in a container that runs: what is asked for, and what the helper and whoever asked say to each other.
//!
//! ```text
//!   asker ──Exec + control socket──▶ shim ──spawns──▶ helper ──forks into the container──▶ program
//!     │  ▲                             │                ▲  │
//!     │  └──────── exit code ──────────┘                │  └ says what went wrong, or hands over the terminal
//!     └──────────── control socket: Order + stdio ──────┘
//! ```
//!
//! Descriptors go from the asker to the helper itself: no byte of input or output passes through the shim. The asker's connection to the
//! shim is the program's life line: when it closes, the shim ends the program. Never writes a log and keeps no record: a program of this
//! kind is not restarted, and a server that starts anew knows nothing of it.

mod enter;

use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};
pub use stead_sys::terminal::Size;

pub use self::enter::{Arguments, run};
use crate::container::Rlimit;
use crate::executor::Program;
use crate::ids::IdRange;
use crate::record::Record;

/// Longest order, in bytes: argument lists of a program are shorter by the kernel's own limit.
pub const ORDER_BYTES_MAX: usize = crate::protocol::FRAME_BYTES_MAX;

/// What to run in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecSpec {
    /// Program and arguments; not empty.
    pub argv: Vec<String>,
    /// How long the program may live on after whoever asked for it is gone: it gets SIGHUP at once and is killed after that time. None:
    /// it is killed at once.
    pub grace: Option<Duration>,
}

/// What the program reads and writes.
#[derive(Debug)]
pub enum Stdio {
    /// Descriptors; what is missing is `/dev/null`.
    Pipes {
        /// Standard input.
        stdin: Option<OwnedFd>,
        /// Standard output.
        stdout: Option<OwnedFd>,
        /// Standard error.
        stderr: Option<OwnedFd>,
    },
    /// A terminal of its own, made in the container; its master comes back with the running program.
    Terminal {
        /// How large it is at first, if that is known.
        size: Option<Size>,
    },
}

/// Why a program was not run in a container, or how it ended is not known.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The container does not run.
    #[error("container {0} is not running")]
    NotRunning(String),
    /// It could not be run: no such program, bad working directory. As users see it.
    #[error("{0}")]
    Failed(String),
    /// The runtime itself failed.
    #[error(transparent)]
    Runtime(#[from] crate::Error),
}

/// What the asker sends to the helper, with the descriptors that it names, in this order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Whether there is a descriptor for it.
    pub stdin: bool,
    /// See `stdin`.
    pub stdout: bool,
    /// See `stdin`.
    pub stderr: bool,
    /// Make a terminal.
    pub terminal: bool,
    /// Its columns and rows.
    pub size: Option<(u16, u16)>,
}

/// What the helper says before the socket closes, which it does when the program is executed.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    /// The process is in the container and about to execute the program. Comes with the terminal's master, if there is one.
    Entered,
    /// There will be no program.
    Failed(String),
}

/// What a container's first process was given and a later one gets too; written when the container is made.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Who it is, its environment and what it may do.
    pub program: Program,
    /// Working directory.
    pub cwd: String,
    /// Limits that could be set.
    pub rlimits: Vec<Rlimit>,
    /// The value that could be set.
    pub oom_score_adj: i32,
    /// The AppArmor profile that it is held to.
    #[serde(default)]
    pub app_armor: Option<String>,
    /// Whom its users are on the machine, if they are its sandbox's own.
    #[serde(default)]
    pub users: Option<IdRange>,
}

impl Record for ProcessRecord {}
