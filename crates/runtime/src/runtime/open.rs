//! Opening a root directory: probing the machine and finding what an earlier process left.
//!
//! ```text
//!   sandbox directory ─┬ no sandbox.json, or no shim.json ─▶ half-made: removed
//!                      ├ stopped ─▶ its containers' ends are read
//!                      ├ shim alive and answering ─▶ connected; unfinished starts are settled by its list
//!                      └ shim dead, silent, or of an earlier boot ─▶ everything killed; ends nobody saw are recorded as lost
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};
use stead_sys::capability;
use tokio::sync::broadcast;

use super::connection::{self, Link, apply_started};
use super::{EVENTS_MAX, Entry, HostFacts, Inner, Options, Phase, Runtime, blocking, containers, sandboxes};
use crate::cgroup::Layout;
use crate::container::{Container, ContainerState};
use crate::device;
use crate::error::{Error, Result};
use crate::image::Images;
use crate::journal::{Journal, Made};
use crate::protocol::Status;
use crate::record::{self, ContainerRecord, SandboxDir, SandboxRecord, ShimRecord, hex, io_error, unless_missing};

/// Open files of a container where the machine allows it.
const NOFILE: u64 = 1_048_576;

/// See [`Runtime::open`].
pub async fn open(root: &Path, options: Options) -> Result<Runtime> {
    let root = root.to_owned();
    let inner = Arc::new(blocking(move || prepare(&root, options)).await?);
    let reader = Arc::clone(&inner);
    for entry in blocking(move || read_entries(&reader)).await? {
        recover(&inner, entry).await?;
    }
    let cleaner = Arc::clone(&inner);
    blocking(move || remove_strays(&cleaner)).await?;
    Ok(Runtime { inner })
}

fn prepare(root: &Path, options: Options) -> Result<Inner> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::Host("root is needed".to_owned()));
    }
    for name in ["sandboxes", "images"] {
        fs::create_dir_all(root.join(name)).map_err(io_error("create", root))?;
    }
    let root = root.canonicalize().map_err(io_error("resolve", root))?;
    // Overlay options are separated by these; there is no use in failing at the first container.
    if root.to_str().is_none_or(|text| text.contains([',', ':', '\\'])) {
        return Err(Error::Host(format!("the directory {} must not contain a comma, colon or backslash", root.display())));
    }
    // Environments hold secrets, and they are in the records.
    let path = root.join("sandboxes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(io_error("protect", &path))?;
    let path = root.join("lock");
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(io_error("open", &path))?;
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| Error::Locked(root.clone()))?;
    let layout = Layout::probe()?;
    let cgroup_root = match &options.cgroup_root {
        Some(name) => format!("/{}", name.trim_matches('/')),
        None => format!("/stead-{}", &hex(&Sha256::digest(root.as_os_str().as_encoded_bytes()))[..8]),
    };
    let journal = Journal::open(&root.join("journal"))?;
    journal.make(&[Made::Cgroup(cgroup_root.clone())])?;
    let images = Images::open(&root.join("images"))?;
    let facts = probe(&layout)?;
    let (events, _none) = broadcast::channel(EVENTS_MAX);
    let sandboxes = Mutex::new(BTreeMap::new());
    Ok(Inner { root, options, facts, layout, cgroup_root, journal, images, sandboxes, events, _lock: lock })
}

fn probe(layout: &Layout) -> Result<HostFacts> {
    let failed = |what: &'static str| move |error: std::io::Error| Error::Host(format!("{what}: {error}"));
    let sys_resource = capability::permitted().map_err(failed("read capabilities"))?.contains(capability::SYS_RESOURCE);
    let (_, hard) = stead_sys::process::nofile_limit().map_err(failed("read limits"))?;
    let ceiling = if sys_resource { NOFILE } else { hard };
    let open_max = fs::read_to_string("/proc/sys/fs/nr_open").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(NOFILE);
    Ok(HostFacts {
        cgroup_version: layout.version,
        device_rules: device_rules(layout),
        sys_resource,
        nofile_limit: NOFILE.min(ceiling).min(open_max),
        boot_id: stead_sys::process::boot_id().map_err(failed("read the boot id"))?,
    })
}

fn device_rules(layout: &Layout) -> bool {
    // Version 1 has a controller for them.
    match if layout.version == 1 { Ok(()) } else { device::probe() } {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the kernel takes no device rules: containers get no CAP_MKNOD");
            false
        }
    }
}

/// Everything that has a record; what has none is removed.
fn read_entries(inner: &Inner) -> Result<Vec<Arc<Entry>>> {
    let path = inner.root.join("sandboxes");
    let mut entries = Vec::new();
    for found in fs::read_dir(&path).map_err(io_error("list", &path))?.flatten() {
        let dir = SandboxDir(found.path());
        match record::read_unless_spoilt::<SandboxRecord>(&dir.record())? {
            Some(record) => entries.push(Arc::new(Entry::new(record, dir))),
            // Nothing else is made before the record is written.
            None => unless_missing(fs::remove_dir_all(&dir.0)).map_err(io_error("remove", &dir.0))?,
        }
    }
    Ok(entries)
}

async fn recover(inner: &Arc<Inner>, entry: Arc<Entry>) -> Result<()> {
    let shim: Option<ShimRecord> = record::read_unless_spoilt(&entry.dir.shim())?;
    let Some(shim) = shim else {
        tracing::info!(sandbox = entry.id(), "removing a half-made sandbox");
        let (cleaner, doomed) = (Arc::clone(inner), Arc::clone(&entry));
        return blocking(move || sandboxes::tear_down(&cleaner, &doomed).and_then(|()| sandboxes::remove_files(&cleaner, &doomed))).await;
    };
    inner.entries().insert(entry.id().to_owned(), Arc::clone(&entry));
    entry.state().shim = Some(shim.clone());
    if !entry.dir.stopped().exists() {
        if connection::is_alive(&shim, &inner.facts.boot_id) {
            match connection::greet(inner, &entry.dir, &shim).await {
                Ok((link, list)) => return reconnect(inner, &entry, shim, link, list).await,
                Err(error) => tracing::warn!(sandbox = entry.id(), %error, "a shim does not answer; it is killed"),
            }
        }
        let (cleaner, doomed) = (Arc::clone(inner), Arc::clone(&entry));
        blocking(move || sandboxes::tear_down(&cleaner, &doomed)).await?;
    }
    let (reader, stopped) = (Arc::clone(inner), Arc::clone(&entry));
    blocking(move || read_ended(&reader, &stopped)).await
}

/// A sandbox whose shim lives: its list is the truth about its containers.
async fn reconnect(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord, link: Link, list: Vec<Status>) -> Result<()> {
    let target = Arc::clone(entry);
    blocking(move || {
        for (mut container, dir) in read_containers(&target)? {
            match list.iter().find(|status| status.id == container.id) {
                Some(status) => {
                    if let Some(started) = &status.started {
                        apply_started(&mut container, started);
                    }
                    if let Some(exit) = &status.exit {
                        container.state = ContainerState::Exited(exit.clone().into());
                    }
                    target.state().containers.insert(container.id.clone(), container);
                }
                // The shim was never asked to start it, or has been told to forget it.
                None => unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?,
            }
        }
        Ok::<(), Error>(())
    })
    .await?;
    let connection = connection::run(inner, entry, shim, link);
    entry.state().phase = Phase::Ready(connection);
    Ok(())
}

/// A sandbox of which nothing runs any more.
fn read_ended(inner: &Inner, entry: &Entry) -> Result<()> {
    for (mut container, dir) in read_containers(entry)? {
        let never_asked = !dir.join("started.json").exists() && !dir.join("exit.json").exists() && !dir.join("config.json").exists();
        if never_asked {
            unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?;
            continue;
        }
        container.state = ContainerState::Exited(sandboxes::settled_exit(&dir)?.into());
        entry.state().containers.insert(container.id.clone(), container);
    }
    let path = entry.dir.stopped();
    fs::write(&path, "").map_err(io_error("write", &path))?;
    entry.state().phase = Phase::Stopped;
    tracing::debug!(sandbox = entry.id(), root = %inner.root.display(), "sandbox is down");
    Ok(())
}

fn read_containers(entry: &Entry) -> Result<Vec<(Container, std::path::PathBuf)>> {
    let path = entry.dir.containers();
    let mut containers = Vec::new();
    let Ok(found) = fs::read_dir(&path) else { return Ok(containers) };
    for found in found.flatten() {
        let dir = found.path();
        match record::read_unless_spoilt::<ContainerRecord>(&dir.join("container.json"))? {
            Some(record) => {
                let mut container = containers::container(entry.id(), &record);
                if let Some(started) = record::read_unless_spoilt::<record::StartedRecord>(&dir.join("started.json"))? {
                    container.user = Some(started.user);
                }
                containers.push((container, dir));
            }
            None => unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?,
        }
    }
    Ok(containers)
}

/// Removes what the journal lists and no sandbox accounts for any more.
fn remove_strays(inner: &Inner) -> Result<()> {
    let entries: Vec<Arc<Entry>> = inner.entries().values().cloned().collect();
    let accounted = |made: &Made| match made {
        Made::Cgroup(cgroup) => {
            *cgroup == inner.cgroup_root
                || entries.iter().any(|entry| entry.record.cgroup == *cgroup || entry.record.shim_cgroup == *cgroup)
        }
        Made::Directory(path) => entries.iter().any(|entry| entry.record.spec.log_dir == *path),
        Made::Mount(path) => entries.iter().any(|entry| path.starts_with(&entry.dir.0)),
    };
    let strays: Vec<Made> = inner.journal.live().into_iter().filter(|made| !accounted(made)).collect();
    sandboxes::remove_journalled(inner, &strays)
}
