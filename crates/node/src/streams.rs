//! What exec, attach and port-forward need of containers: programs with their ends, and connections into a pod. The real runtime and the
//! simulated one stand behind the same trait.

use crate::runtime::{ExecError, Outputs};
use futures::future::BoxFuture;
use std::future::Future;
use std::sync::Arc;
pub use stead_streams::remote::Wanted;
use tokio::io::{AsyncRead, AsyncWrite};

/// What can be read from a program.
pub type Source = Box<dyn AsyncRead + Send + Unpin>;
/// Where a program's input goes.
pub type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// Both ways of a connection.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A terminal's other side.
pub trait Terminal: Send + Sync {
    /// Makes it so large.
    fn resize(&self, columns: u16, rows: u16);
}

/// A program that runs, or one that is listened to. Dropping this gives it up.
pub struct Process {
    /// Dropped, its input ends.
    pub stdin: Option<Sink>,
    /// What the terminal shows, if there is one.
    pub stdout: Option<Source>,
    pub stderr: Option<Source>,
    pub terminal: Option<Arc<dyn Terminal>>,
    /// Its exit code, or why that is not known; that of one that is only listened to counts as 0.
    pub end: BoxFuture<'static, Result<i32, String>>,
}

/// Where programs can be run, listened to and connected to.
pub trait Streams: Outputs {
    /// Runs a program in a container, by the id of its run without the runtime's name.
    fn run(&self, id: &str, argv: Vec<String>, wanted: Wanted) -> impl Future<Output = Result<Process, ExecError>> + Send;
    /// Joins the first process of a container.
    fn attach(&self, id: &str, wanted: Wanted) -> impl Future<Output = Result<Process, String>> + Send;
    /// Connects to a port of a pod, by the pod's uid, from inside of its network (STR-13).
    fn connect(&self, pod: &str, port: u16) -> impl Future<Output = Result<Box<dyn Duplex>, String>> + Send;
}
