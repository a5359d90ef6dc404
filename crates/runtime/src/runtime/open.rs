//! Opening a root directory: probing the machine and finding what an earlier process left.
//!
//! ```text
//!   sandbox directory ─┬ no sandbox.json, or no shim.json ─▶ half-made or damaged: ended and removed
//!                      ├ a record or a shim that is not understood ─▶ left alone
//!                      ├ stopped ─▶ its containers' ends are read
//!                      ├ shim alive and answering ─▶ connected; unfinished starts are settled by its list
//!                      └ shim dead, silent, or of an earlier boot ─▶ everything killed; ends nobody saw are recorded as lost
//! ```
//!
//! What no sandbox accounts for is ended last. Trouble with one sandbox is that sandbox's alone.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use nix::fcntl::{Flock, FlockArg};
use stead_sys::capability;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::connection::apply_started;
use super::greeting::{self, GreetError, Greeted};
use super::survey::Survey;
use super::{EVENTS_MAX, Entry, HostFacts, Inner, Options, Phase, Runtime, blocking, containers, sandboxes, survey};
use crate::cgroup::Layout;
use crate::container::{Container, ContainerState};
use crate::device;
use crate::error::{Error, Result};
use crate::image::Images;
use crate::journal::{Journal, Made};
use crate::record::{self, ContainerRecord, SandboxDir, SandboxRecord, ShimRecord, StartedRecord, io_error, unless_missing};
use crate::sandbox::SandboxSpec;

/// Open files of a container where the machine allows it.
const NOFILE: u64 = 1_048_576;

/// See [`Runtime::open`].
pub async fn open(root: &Path, options: Options) -> Result<Runtime> {
    let root = root.to_owned();
    let inner = Arc::new(blocking(move || prepare(&root, options)).await?);
    let reader = Arc::clone(&inner);
    let (entries, lost) = blocking(move || read_entries(&reader)).await?;
    inner.entries().extend(entries.iter().map(|entry| (entry.id().to_owned(), Arc::clone(entry))));
    // Those that hang are waited for at the same time.
    let mut recovering = JoinSet::new();
    for entry in entries {
        let inner = Arc::clone(&inner);
        recovering.spawn(async move { recover(&inner, entry).await });
    }
    while let Some(recovered) = recovering.join_next().await {
        recovered.map_err(|error| Error::Host(format!("recover a sandbox: {error}")))?;
    }
    let runtime = Arc::clone(&inner);
    let found = blocking(move || remove_strays(&runtime, &lost)).await?;
    say_what_was_found(&inner, &found);
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
        None => survey::cgroup_name(&root),
    };
    // The directory may be another one than that which a running server has open under this name.
    let path = layout.any_directory(&cgroup_root)?;
    let file = File::open(&path).map_err(io_error("open", &path))?;
    let cgroup_lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| Error::Locked(root.clone()))?;
    let journal = Journal::open(&root.join("journal"))?;
    journal.make(&[Made::Cgroup(cgroup_root.clone())])?;
    let images = Images::open(&root.join("images"))?;
    let facts = probe(&layout)?;
    let (events, _none) = broadcast::channel(EVENTS_MAX);
    Ok(Inner {
        root,
        options,
        facts,
        layout,
        cgroup_root,
        journal,
        images,
        sandboxes: Mutex::default(),
        events,
        ended_at_opening: AtomicUsize::new(0),
        _locks: [lock, cgroup_lock],
    })
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

/// Everything that has a record, and the directories of what has none.
fn read_entries(inner: &Inner) -> Result<(Vec<Arc<Entry>>, Vec<PathBuf>)> {
    let path = inner.root.join("sandboxes");
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    for found in fs::read_dir(&path).map_err(io_error("list", &path))?.flatten() {
        let dir = SandboxDir(found.path());
        let id = found.file_name().to_string_lossy().into_owned();
        match read_record(&dir, &id) {
            Ok(Some(record)) => entries.push(Arc::new(Entry::new(record, dir))),
            Ok(None) => lost.push(dir.0),
            Err(error) => {
                let entry = Arc::new(Entry::new(outline(inner, &dir, &id), dir));
                leave_alone(inner, &entry, &error);
            }
        }
    }
    Ok((entries, lost))
}

fn read_record(dir: &SandboxDir, id: &str) -> Result<Option<SandboxRecord>> {
    let record: Option<SandboxRecord> = record::read(&dir.record())?;
    match record {
        Some(record) if record.spec.id != id => {
            let reason = format!("it is of a sandbox {:?}", record.spec.id);
            Err(Error::NotUnderstood { path: dir.record(), reason })
        }
        record => Ok(record),
    }
}

/// What can be said of a sandbox whose record is not understood: its id, and its labels and users if they are where they have always been.
fn outline(inner: &Inner, dir: &SandboxDir, id: &str) -> SandboxRecord {
    let value = record::read_value(&dir.record()).ok().flatten().unwrap_or_default();
    let labels = value.pointer("/spec/labels").and_then(|labels| serde_json::from_value(labels.clone()).ok()).unwrap_or_default();
    let users = value.get("users").and_then(|users| serde_json::from_value(users.clone()).ok()).flatten();
    let shim_cgroup = sandboxes::shim_cgroup(inner, id);
    let spec = SandboxSpec { id: id.to_owned(), labels, ..SandboxSpec::default() };
    SandboxRecord { spec, cgroup: shim_cgroup.clone(), shim_cgroup, users }
}

/// Keeps a sandbox that cannot be dealt with.
fn leave_alone(inner: &Inner, entry: &Arc<Entry>, error: &Error) {
    let reason = crate::error::chain(error);
    tracing::error!(sandbox = entry.id(), reason, "a sandbox is left alone");
    entry.state().phase = match error {
        Error::NotUnderstood { .. } | Error::LeftAlone { .. } | Error::Io { operation: "read", .. } => Phase::LeftAlone { reason },
        // What could not be ended now may be later.
        _ => Phase::Dead { _connection: None, reason: Some(reason) },
    };
    inner.entries().insert(entry.id().to_owned(), Arc::clone(entry));
}

async fn recover(inner: &Arc<Inner>, entry: Arc<Entry>) {
    if let Err(error) = try_recover(inner, &entry).await {
        leave_alone(inner, &entry, &error);
    }
}

async fn try_recover(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<()> {
    let shim: Option<ShimRecord> = record::read(&entry.dir.shim())?;
    let Some(shim) = shim else {
        tracing::info!(sandbox = entry.id(), "removing a half-made sandbox");
        return blocking_on(inner, entry, |inner, entry| {
            sandboxes::tear_down(inner, entry)?;
            sandboxes::remove_files(inner, entry)?;
            inner.entries().remove(entry.id());
            Ok(())
        })
        .await;
    };
    // What is not understood is not touched, even if it has ended.
    let containers = blocking_on(inner, entry, |_, entry| read_containers(entry)).await?;
    entry.state().shim = Some(shim.clone());
    if !entry.dir.stopped().exists() {
        if greeting::is_alive(&shim, &inner.facts.boot_id) {
            match greeting::greet(inner, &entry.dir, &shim).await {
                Ok(greeted) => match reconnect(inner, entry, shim, greeted, containers).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        let error = crate::error::chain(&error);
                        tracing::error!(sandbox = entry.id(), error, "a sandbox cannot be taken over; it is ended");
                    }
                },
                Err(GreetError::NotUnderstood(reason)) => return Err(Error::LeftAlone { sandbox: entry.id().to_owned(), reason }),
                Err(GreetError::Silent(error)) => {
                    tracing::warn!(sandbox = entry.id(), %error, "a shim does not answer; it is killed with its containers");
                }
            }
            inner.ended_at_opening.fetch_add(1, Ordering::Relaxed);
        }
        blocking_on(inner, entry, sandboxes::tear_down).await?;
    }
    blocking_on(inner, entry, read_ended).await
}

async fn blocking_on<T: Send + 'static>(
    inner: &Arc<Inner>,
    entry: &Arc<Entry>,
    work: impl FnOnce(&Inner, &Entry) -> T + Send + 'static,
) -> T {
    let (inner, entry) = (Arc::clone(inner), Arc::clone(entry));
    blocking(move || work(&inner, &entry)).await
}

/// A sandbox whose shim lives: its list is the truth about its containers.
async fn reconnect(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord, greeted: Greeted, found: Vec<Found>) -> Result<()> {
    let list = &greeted.containers;
    let mut recordless = Vec::new();
    for Found { dir, id, container } in found {
        match (list.iter().find(|status| status.id == id), container) {
            (Some(status), Some(mut container)) => {
                if let Some(started) = &status.started {
                    apply_started(&mut container, started);
                }
                if let Some(exit) = &status.exit {
                    container.state = ContainerState::Exited(exit.clone().into());
                }
                entry.state().containers.insert(id, container);
            }
            (Some(_), None) => recordless.push(id),
            // The shim was never asked to start it, or has been told to forget it.
            (None, _) => blocking(move || unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))).await?,
        }
    }
    let connection = sandboxes::begin_serving(inner, entry, shim, greeted);
    for id in recordless {
        containers::discard(inner, entry, &connection, &id).await?;
    }
    Ok(())
}

/// A sandbox of which nothing runs any more.
fn read_ended(inner: &Inner, entry: &Entry) -> Result<()> {
    for Found { dir, id, container } in read_containers(entry)? {
        let was_asked = ["started.json", "exit.json", "config.json"].iter().any(|file| dir.join(file).exists());
        match container {
            Some(mut container) if was_asked => {
                container.state = ContainerState::Exited(sandboxes::settled_exit(&dir, "")?.into());
                entry.state().containers.insert(id, container);
            }
            _ => unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?,
        }
    }
    let path = entry.dir.stopped();
    fs::write(&path, "").map_err(io_error("write", &path))?;
    entry.state().phase = Phase::Stopped;
    tracing::debug!(sandbox = entry.id(), root = %inner.root.display(), "sandbox is down");
    Ok(())
}

/// A container's directory, and what its record says if there is one.
struct Found {
    dir: PathBuf,
    id: String,
    container: Option<Container>,
}

fn read_containers(entry: &Entry) -> Result<Vec<Found>> {
    let path = entry.dir.containers();
    let mut containers = Vec::new();
    let Ok(found) = fs::read_dir(&path) else { return Ok(containers) };
    for found in found.flatten() {
        let dir = found.path();
        let record: Option<ContainerRecord> = record::read(&dir.join("container.json"))?;
        let started: Option<StartedRecord> = record::read(&dir.join("started.json"))?;
        let container =
            record.map(|record| Container { user: started.map(|started| started.user), ..containers::container(entry.id(), &record) });
        containers.push(Found { dir, id: found.file_name().to_string_lossy().into_owned(), container });
    }
    Ok(containers)
}

/// Ends and removes what no sandbox accounts for: what the journal lists, what is found on the machine, and directories without a record.
/// Gives what was found on the machine.
fn remove_strays(inner: &Inner, lost: &[PathBuf]) -> Result<Survey> {
    let entries: Vec<Arc<Entry>> = inner.entries().values().cloned().collect();
    if entries.iter().any(|entry| matches!(entry.state().phase, Phase::LeftAlone { .. })) {
        tracing::warn!("what no sandbox accounts for stays: it may belong to one that is left alone");
        return Ok(Survey::default());
    }
    let is_known = |path: &Path| entries.iter().any(|entry| path.starts_with(&entry.dir.0));
    let within = |cgroup: &str, of: &str| cgroup == of || cgroup.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'));
    let holds = |cgroup: &str, entry: &Entry| {
        [&entry.record.cgroup, &entry.record.shim_cgroup].into_iter().any(|own| within(cgroup, own) || within(own, cgroup))
    };
    let is_held = |cgroup: &str| cgroup == inner.cgroup_root || entries.iter().any(|entry| holds(cgroup, entry));
    let mut found = survey::find(&inner.layout, &inner.root, &inner.cgroup_root)?;
    found.shims.retain(|(_, dir)| !is_known(dir));
    found.mounts.retain(|place| !is_known(place));
    found.cgroups.retain(|cgroup| !is_held(cgroup));
    survey::terminate(&inner.layout, &found)?;
    for dir in lost {
        unless_missing(fs::remove_dir_all(dir)).map_err(io_error("remove", dir))?;
    }
    let accounted = |made: &Made| match made {
        Made::Cgroup(cgroup) => is_held(cgroup),
        Made::Directory(path) => entries.iter().any(|entry| entry.record.spec.log_dir == *path),
        Made::Mount(path) => is_known(path),
    };
    let strays: Vec<Made> = inner.journal.live().into_iter().filter(|made| !accounted(made)).collect();
    sandboxes::remove_journalled(inner, &strays)?;
    Ok(found)
}

fn say_what_was_found(inner: &Inner, found: &Survey) {
    // Cgroups alone may be those of a tier of which nothing runs.
    if !found.shims.is_empty() || !found.mounts.is_empty() {
        let (sandboxes, cgroups, mounts) = (found.sandboxes(), found.cgroups.len(), found.mounts.len());
        tracing::warn!(?sandboxes, cgroups, mounts, "ended what ran here without a record: files of this directory are lost");
        inner.ended_at_opening.fetch_add(sandboxes.len(), Ordering::Relaxed);
    }
}
