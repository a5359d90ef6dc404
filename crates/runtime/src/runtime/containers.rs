//! Starting, signalling and removing containers.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, Reply};
use super::{Entry, Inner, Phase, blocking, sandboxes};
use crate::container::{Container, ContainerSpec, ContainerState, Started};
use crate::error::{Error, Result, StartError};
use crate::protocol::{Answer, Call, Refusal};
use crate::record::{self, ContainerRecord, Durability, check_name, container_id, from_ns, io_error, unless_missing};
use crate::sandbox::NamespaceMode;

/// How long a killed container may take to be seen ended.
const END: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// See [`crate::Runtime::start`].
pub async fn start(inner: &Arc<Inner>, sandbox: &str, spec: ContainerSpec) -> Result<Started, StartError> {
    check_name(&spec.name)?;
    let entry = inner.entry(sandbox)?;
    let exists = StartError::Exists { name: spec.name.clone(), attempt: spec.attempt };
    let id = container_id(sandbox, &spec.name, spec.attempt);
    sandboxes::wait_for_clean_up(&entry).await;
    let (asked, owner, container_id) = (Arc::clone(&entry), Arc::clone(inner), id.clone());
    // In one piece, which goes on where the caller does not: a container is either unknown or asked for.
    let asked = blocking(move || describe_and_ask(&owner, &asked, container_id, spec)).await;
    let reply = unless_gone(&entry, asked).await?.ok_or(exists)?;
    match unless_gone(&entry, reply.wait(sandbox).await).await? {
        Ok(Answer::Started(started)) => Ok(Started {
            id,
            pid: started.pid,
            started_at: from_ns(started.started_at_ns),
            user: started.user,
            oom_score_adj: started.oom_score_adj,
        }),
        Ok(Answer::Containers(_) | Answer::Welcome { .. } | Answer::ExecEnded { .. } | Answer::Attached { .. } | Answer::Done) => {
            Err(Error::Refused("unexpected answer to a start".to_owned()).into())
        }
        Err(Refusal::Create(message)) => Err(StartError::Create(message)),
        Err(Refusal::Start { message, .. }) => Err(StartError::Start { id, message }),
        Err(Refusal::Exists) => Err(Error::Refused(format!("the shim has container {id} already")).into()),
        Err(Refusal::Other(message)) => Err(Error::Refused(message).into()),
        Err(Refusal::NotRunning) => Err(Error::Refused("unexpected refusal of a start".to_owned()).into()),
        Err(Refusal::Version { .. }) => Err(Error::Refused("the shim speaks another version".to_owned()).into()),
    }
}

/// A failure because the shim was found dead or hanging is the sandbox's end: what became of it is settled first, so that another sandbox
/// can take this one's place.
async fn unless_gone<T>(entry: &Arc<Entry>, result: Result<T>) -> Result<T> {
    if result.is_ok() || entry.connection().is_some() {
        return result;
    }
    sandboxes::wait_for_clean_up(entry).await;
    Err(entry.not_ready())
}

/// Settles what the container is made of; nothing is removed from the images until its record says that it uses one.
fn describe_and_ask(inner: &Inner, entry: &Entry, id: String, spec: ContainerSpec) -> Result<Option<Reply>> {
    let _hold = inner.options.images.as_ref().map(stead_images::Store::hold).transpose().map_err(Error::Images)?;
    let image = inner.image(&spec.image)?.ok_or_else(|| Error::ImageNotPresent(spec.image.clone()))?;
    let cgroup = format!("{}/{id}", entry.record.cgroup);
    ask_to_start(entry, &ContainerRecord { id, cgroup, image, spec })
}

/// Writes the container down and asks the shim; None if this attempt is known.
fn ask_to_start(entry: &Entry, record: &ContainerRecord) -> Result<Option<Reply>> {
    let connection = {
        let mut state = entry.state();
        let Phase::Ready(connection) = &state.phase else {
            drop(state);
            return Err(entry.not_ready());
        };
        let connection = connection.clone();
        if state.containers.contains_key(&record.id) {
            return Ok(None);
        }
        state.containers.insert(record.id.clone(), container(entry.id(), record));
        connection
    };
    let asked = write_record(&entry.dir.container(&record.id), record)
        .and_then(|()| connection.send_blocking(entry.id(), Call::Start { id: record.id.clone() }));
    if asked.is_err() {
        entry.state().containers.remove(&record.id);
    }
    asked.map(Some)
}

/// A container as its record describes it.
pub fn container(sandbox: &str, record: &ContainerRecord) -> Container {
    Container {
        id: record.id.clone(),
        sandbox: sandbox.to_owned(),
        spec: record.spec.clone(),
        image_id: record.image.digest.clone(),
        state: ContainerState::Creating,
        user: None,
    }
}

fn write_record(dir: &Path, record: &ContainerRecord) -> Result<()> {
    // What lies there is of an attempt that failed before the shim was asked: nothing of it was ever run.
    unless_missing(fs::remove_dir_all(dir)).map_err(io_error("remove", dir))?;
    fs::create_dir(dir).map_err(io_error("create", dir))?;
    record::write(&dir.join("container.json"), record, Durability::Process)
}

/// Asks the shim; an ended container or a stopped sandbox is not an error.
async fn ask(inner: &Inner, container: &str, call: Call) -> Result<()> {
    let entry = inner.entry_of(container)?;
    let Some(connection) = entry.connection() else { return Ok(()) };
    match connection.call(entry.id(), call).await? {
        Ok(_) => Ok(()),
        Err(Refusal::Other(message) | Refusal::Create(message) | Refusal::Start { message, .. }) => Err(Error::Refused(message)),
        Err(Refusal::Exists | Refusal::NotRunning | Refusal::Version { .. }) => Err(Error::Refused("unexpected refusal".to_owned())),
    }
}

/// See [`crate::Runtime::signal`].
pub async fn signal(inner: &Inner, container: &str, signal: i32) -> Result<()> {
    ask(inner, container, Call::Signal { id: container.to_owned(), signal }).await
}

/// See [`crate::Runtime::reopen_log`].
pub async fn reopen_log(inner: &Inner, container: &str) -> Result<()> {
    ask(inner, container, Call::ReopenLog { id: container.to_owned() }).await
}

/// See [`crate::Runtime::kill`].
pub async fn kill(inner: &Arc<Inner>, container: &str) -> Result<()> {
    let entry = inner.entry_of(container)?;
    if is_ended(&entry, container) {
        return Ok(());
    }
    // The first process takes all of its process namespace with it. A shim that does not answer must not keep a container alive.
    let signalled = signal(inner, container, nix::libc::SIGKILL).await;
    if signalled.is_err() || entry.record.spec.pid != NamespaceMode::Own {
        let (inner, cgroup) = (Arc::clone(inner), format!("{}/{container}", entry.record.cgroup));
        blocking(move || inner.layout.kill(&cgroup)).await?;
    }
    Ok(())
}

fn is_ended(entry: &Entry, container: &str) -> bool {
    !matches!(
        entry.state().containers.get(container).map(|container| &container.state),
        Some(ContainerState::Creating | ContainerState::Running { .. })
    )
}

/// See [`crate::Runtime::remove_container`].
pub async fn remove(inner: &Arc<Inner>, container: &str) -> Result<()> {
    let Ok(entry) = inner.entry_of(container) else { return Ok(()) };
    let ended = tokio::time::timeout(END, async {
        while !is_ended(&entry, container) {
            kill(inner, container).await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    });
    ended.await.map_err(|_| Error::StillRunning(container.to_owned()))??;
    ask(inner, container, Call::Forget { id: container.to_owned() }).await?;
    let log_path = entry.state().containers.get(container).map(|container| container.spec.log_path.clone());
    let (dir, inner, cgroup) = (entry.dir.container(container), Arc::clone(inner), format!("{}/{container}", entry.record.cgroup));
    blocking(move || {
        inner.layout.remove(&cgroup)?;
        if let Some(path) = log_path {
            remove_logs(&path).map_err(io_error("remove", &path))?;
        }
        unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))
    })
    .await?;
    entry.state().containers.remove(container);
    Ok(())
}

/// Ends a container whose record was torn or lost while its shim still has it: who it was is not known, so it can only be made anew.
pub async fn discard(inner: &Arc<Inner>, entry: &Arc<Entry>, connection: &Connection, id: &str) -> Result<()> {
    let dir = entry.dir.container(id);
    tracing::warn!(container = id, dir = %dir.display(), "a container without a record is ended");
    let cgroup = format!("{}/{id}", entry.record.cgroup);
    let ended = tokio::time::timeout(END, async {
        loop {
            let (inner, cgroup) = (Arc::clone(inner), cgroup.clone());
            blocking(move || inner.layout.kill_present(&cgroup)).await?;
            if connection.call(entry.id(), Call::Forget { id: id.to_owned() }).await?.is_ok() {
                return Ok::<(), Error>(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    ended.await.map_err(|_| Error::StillRunning(cgroup.clone()))??;
    let inner = Arc::clone(inner);
    blocking(move || {
        inner.layout.remove(&cgroup)?;
        unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))
    })
    .await
}

/// The log and what it was rotated to: files called the same with more after a dot.
fn remove_logs(path: &Path) -> io::Result<()> {
    unless_missing(fs::remove_file(path))?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let prefix = format!("{}.", name.to_string_lossy());
    let Ok(entries) = fs::read_dir(parent) else { return Ok(()) };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        unless_missing(fs::remove_file(entry.path()))?;
    }
    Ok(())
}
