//! Which server process runs on a data directory: the server leaves a note, `up` and `down` read it.
//!
//! A process is known by its pid and start time together, so that a reused pid is never taken for it. A server whose note or whole directory
//! was removed is found by the store that it has open.

use crate::file;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The note that a ready server leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    #[serde(flatten)]
    pub process: Process,
    pub boot_id: String,
    /// `https://ADDRESS:PORT`.
    pub url: String,
    pub kubeconfig: PathBuf,
    /// Its flags without the hyphens, and their values.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// One process, which a later one of the same pid is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    pub pid: i32,
    /// Clock ticks after boot at which it started (`/proc/PID/stat`, field 22).
    pub start_ticks: u64,
}

/// What serves a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Ready(Running),
    /// A process has the store open and has not said that it is ready.
    Unready(Process),
    /// A process has a store open that was in the directory and has been removed.
    Orphaned(Process),
}

fn note(data_dir: &Path) -> PathBuf {
    data_dir.join("server.json")
}

/// The file with all objects.
pub fn store(data_dir: &Path) -> PathBuf {
    data_dir.join("store.redb")
}

impl Process {
    fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, start_ticks: start_ticks(pid)? })
    }

    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }
}

impl Running {
    /// This process.
    pub fn this(url: String, kubeconfig: PathBuf, settings: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let process = Process::of(i32::try_from(std::process::id())?).context("read the start time of this process")?;
        Ok(Self { process, boot_id: boot_id()?, url, kubeconfig, settings })
    }

    pub fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        file::replace(&note(data_dir), &serde_json::to_vec(self)?, 0o600)
    }

    fn is_alive(&self) -> bool {
        boot_id().is_ok_and(|id| id == self.boot_id) && self.process.is_alive()
    }

    /// Removes the note; the server does this when it has ended well.
    pub fn forget(data_dir: &Path) {
        std::fs::remove_file(note(data_dir)).ok();
    }
}

/// The server that runs on this directory now.
pub fn find(data_dir: &Path) -> anyhow::Result<Found> {
    match std::fs::read(note(data_dir)) {
        Ok(bytes) => {
            if let Some(running) = serde_json::from_slice::<Running>(&bytes).ok().filter(Running::is_alive) {
                return Ok(Found::Ready(running));
            }
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            bail!("{} belongs to another user, who may have a server on it: use sudo", data_dir.display())
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => return Err(error).with_context(|| format!("read {}", note(data_dir).display())),
    }
    Ok(holder(&store(&file::resolved(data_dir)?)))
}

/// The process that has this file open. Those of other users are not seen.
fn holder(store: &Path) -> Found {
    let there = std::fs::metadata(store).ok().map(|file| (file.dev(), file.ino()));
    let removed = PathBuf::from(format!("{} (deleted)", store.display()));
    let own = i32::try_from(std::process::id()).ok();
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|p| p.file_name().to_str()?.parse::<i32>().ok());
    let mut found = Found::Nothing;
    for pid in pids.filter(|pid| Some(*pid) != own) {
        for descriptor in std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let Ok(target) = std::fs::read_link(descriptor.path()) else { continue };
            if target != store && target != removed {
                continue;
            }
            let is_there = std::fs::metadata(descriptor.path()).is_ok_and(|file| Some((file.dev(), file.ino())) == there);
            match Process::of(pid) {
                Some(process) if is_there => return Found::Unready(process),
                Some(process) => found = Found::Orphaned(process),
                None => {}
            }
        }
    }
    found
}

fn boot_id() -> anyhow::Result<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").context("read the boot id")?;
    Ok(id.trim().to_owned())
}

/// The state letter of a process (`/proc/PID/stat`, field 3).
pub fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
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

    fn me() -> Running {
        Running::this("https://x:1".into(), "/k".into(), BTreeMap::new()).unwrap()
    }

    #[test]
    fn this_process_is_found_and_a_reused_pid_is_not() {
        let dir = tempfile::tempdir().unwrap();
        me().write(dir.path()).unwrap();
        assert_eq!(find(dir.path()).unwrap(), Found::Ready(me()));
        let reused = Process { start_ticks: me().process.start_ticks + 1, ..me().process };
        Running { process: reused, ..me() }.write(dir.path()).unwrap();
        assert_eq!(find(dir.path()).unwrap(), Found::Nothing);
        Running { boot_id: "other".into(), ..me() }.write(dir.path()).unwrap();
        assert_eq!(find(dir.path()).unwrap(), Found::Nothing);
    }

    #[test]
    fn a_note_of_an_earlier_version_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let Process { pid, start_ticks } = me().process;
        let text =
            stead_api::json!({"pid": pid, "startTicks": start_ticks, "bootId": me().boot_id, "url": "https://x:1", "kubeconfig": "/k"});
        std::fs::write(note(dir.path()), text.to_string()).unwrap();
        assert_eq!(find(dir.path()).unwrap(), Found::Ready(me()));
    }

    #[test]
    fn no_note_is_no_server() {
        assert_eq!(find(Path::new("/nowhere")).unwrap(), Found::Nothing);
    }
}
