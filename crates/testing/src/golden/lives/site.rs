//! The server that lives are led on: a process of the real binary in a directory of its own, with the lives' images.

use super::images;
use crate::https::{Connection, Target};
use crate::program::Server;
use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// The server, shared by the lives; the last one to go ends it.
#[derive(Debug, Clone)]
pub struct Site {
    server: Arc<Mutex<Server>>,
    kubeconfig: PathBuf,
    _dir: Arc<TempDir>,
}

impl Site {
    /// Starts a server of that binary with the images.
    pub fn start(binary: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("stead-lives-").tempdir().context("make a directory")?;
        let busybox = images::busybox().context("no busybox on PATH: install busybox-static")?;
        let archives = images::write(&busybox, dir.path())?;
        let server = Server::start(binary, &dir.path().join("server"), &[])?;
        import(binary, &server.data_dir(), &archives)?;
        let kubeconfig = server.dir.join("kubeconfig");
        Ok(Self { server: Arc::new(Mutex::new(server)), kubeconfig, _dir: Arc::new(dir) })
    }

    /// Cuts the server off, as a crash would, and starts it again.
    pub fn restart(&self) -> Result<()> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).restart(Signal::SIGKILL)
    }

    /// A connection to the server as it runs now: a restarted one has another port.
    pub async fn connect(&self) -> Result<Connection> {
        Target::of(&self.kubeconfig)?.connect().await
    }
}

#[expect(clippy::disallowed_methods, reason = "a development task runs the binary")]
fn import(binary: &Path, data_dir: &Path, archives: &[PathBuf]) -> Result<()> {
    let status = Command::new(binary)
        .args(["image", "import"])
        .args(archives)
        .arg("--data-dir")
        .arg(data_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("run the binary")?;
    ensure!(status.success(), "`stead image import` failed");
    Ok(())
}
