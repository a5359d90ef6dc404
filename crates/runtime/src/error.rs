//! Errors of the runtime: one variant per operation, with the path or id it was about.

use std::io::{self, Write};
use std::path::PathBuf;

/// Result of the runtime's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation.
    #[error("{operation} {path}")]
    Io {
        /// What was tried, such as `write`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A record that has no form on disk: a path in it is not UTF-8.
    #[error("write down {path}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The journal of what was made on the machine.
    #[error(transparent)]
    Journal(stead_journal::Error),
    /// A file that another version of the program wrote, or nobody of ours. What it describes is left alone.
    #[error("{path} is not understood and what it describes is left alone: {reason}")]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An id or name that cannot be a file name.
    #[error("invalid name {0:?}: must be 1 to 128 of [A-Za-z0-9_.-], beginning with a letter or digit")]
    InvalidName(String),
    /// A specification that contradicts itself.
    #[error("{0}")]
    InvalidSpec(String),
    /// The root directory is in use by another process.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// The machine lacks something that containers need.
    #[error("this machine cannot run containers: {0}")]
    Host(String),
    /// The image store.
    #[error(transparent)]
    Images(stead_images::Error),
    /// No such image here.
    #[error("image {0} is not present")]
    ImageNotPresent(String),
    /// A memory limit that is less than what is in use.
    #[error("a memory limit of {limit_bytes} bytes is below the {usage_bytes} bytes in use")]
    LimitBelowUsage {
        /// Asked for.
        limit_bytes: u64,
        /// In use.
        usage_bytes: u64,
    },
    /// The container has ended, or its program does not run yet.
    #[error("container {0} does not run")]
    ContainerNotRunning(String),
    /// No such sandbox.
    #[error("sandbox {0} does not exist")]
    SandboxNotFound(String),
    /// A sandbox of that id exists with another specification.
    #[error("sandbox {0} exists with another specification")]
    SandboxExists(String),
    /// The sandbox was stopped, or its shim died.
    #[error("sandbox {0} is not ready")]
    SandboxNotReady(String),
    /// Something of the sandbox may run that this program cannot deal with.
    #[error("sandbox {sandbox} is left alone: {reason}")]
    LeftAlone {
        /// The sandbox.
        sandbox: String,
        /// Why.
        reason: String,
    },
    /// The shim did not come up.
    #[error("start the shim of sandbox {sandbox}: {message}")]
    Shim {
        /// The sandbox.
        sandbox: String,
        /// What it said.
        message: String,
    },
    /// The connection to the shim broke in the middle of an exchange.
    #[error("talk to the shim of sandbox {sandbox}")]
    Connection {
        /// The sandbox.
        sandbox: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No such container.
    #[error("container {0} does not exist")]
    ContainerNotFound(String),
    /// Nothing listens on a port of a sandbox. As users know it.
    #[error(
        "failed to connect to localhost:{port} inside namespace {sandbox:?}, IPv4: dial tcp4 127.0.0.1:{port}: connect: {first} \
         IPv6 dial tcp6 [::1]:{port}: connect: {second}"
    )]
    NotConnected {
        /// The sandbox.
        sandbox: String,
        /// The port.
        port: u16,
        /// Over IPv4.
        first: String,
        /// Over IPv6.
        second: String,
    },
    /// The shim refused a request.
    #[error("{0}")]
    Refused(String),
    /// Processes that do not go away.
    #[error("processes remain in cgroup {0}")]
    StillRunning(String),
}

/// Why a container was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not even be described: no command, unknown user, missing mount source. Nothing of it is kept.
    #[error("{0}")]
    Create(String),
    /// It was made and could not be run: no such program, bad working directory. It is kept as exited with code 128.
    #[error("{message}")]
    Start {
        /// Id of the container that is kept.
        id: String,
        /// Why, as users see it.
        message: String,
    },
    /// This attempt was started before. See [`crate::Runtime::containers`] for what became of it.
    #[error("attempt {attempt} of container {name} exists")]
    Exists {
        /// The container's name.
        name: String,
        /// The attempt.
        attempt: u32,
    },
    /// The sandbox is not there or not ready, or the runtime itself failed.
    #[error(transparent)]
    Runtime(#[from] Error),
}

/// An error with its causes, fit for what ends at a zero byte.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    stead_images::causes(error).replace('\0', "")
}

/// Writes a line to standard error, which is `shim.log` in the processes of a sandbox.
pub fn log_error(message: &str) {
    writeln!(io::stderr(), "{message}").unwrap_or_default();
}
