//! Which server process runs on a data directory: written by the server, read by `up` and `down`.
//! A process is known by its pid and start time together, so that a reused pid is never taken for it.

use crate::file;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A server process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    pub pid: i32,
    /// Clock ticks after boot at which it started (`/proc/PID/stat`, field 22).
    pub start_ticks: u64,
    pub boot_id: String,
    /// `https://ADDRESS:PORT`.
    pub url: String,
    pub kubeconfig: PathBuf,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("server.json")
}

impl Running {
    /// This process.
    pub fn this(url: String, kubeconfig: PathBuf) -> anyhow::Result<Self> {
        let pid = i32::try_from(std::process::id())?;
        let start_ticks = start_ticks(pid).context("read the start time of this process")?;
        Ok(Self { pid, start_ticks, boot_id: boot_id()?, url, kubeconfig })
    }

    pub fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        file::replace(&path(data_dir), &serde_json::to_vec(self)?, 0o600)
    }

    /// The process that runs on this directory now, if one does.
    pub fn find(data_dir: &Path) -> Option<Self> {
        let running: Self = serde_json::from_slice(&std::fs::read(path(data_dir)).ok()?).ok()?;
        running.alive().then_some(running)
    }

    pub fn alive(&self) -> bool {
        boot_id().is_ok_and(|id| id == self.boot_id) && start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// Removes the note; the server does this when it has ended well.
    pub fn forget(data_dir: &Path) {
        std::fs::remove_file(path(data_dir)).ok();
    }
}

fn boot_id() -> anyhow::Result<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").context("read the boot id")?;
    Ok(id.trim().to_owned())
}

/// Field 22 of `/proc/PID/stat`; `None` if there is no such process or it is a zombie.
fn start_ticks(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_and_a_reused_pid_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let me = Running::this("https://x:1".into(), "/k".into()).unwrap();
        me.write(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), Some(me.clone()));
        Running { start_ticks: me.start_ticks + 1, ..me.clone() }.write(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), None);
        Running { boot_id: "other".into(), ..me }.write(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), None);
    }

    #[test]
    fn no_note_is_no_server() {
        assert_eq!(Running::find(Path::new("/nowhere")), None);
    }
}
