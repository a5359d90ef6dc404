//! Making, stopping and removing sandboxes, and cleaning up after a shim that died.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use stead_sys::process::PidFd;

use super::connection::{self, Connection, apply_exit};
use super::greeting::{self, GreetError, Greeted, is_alive};
use super::survey::{self, Survey, unmount};
use super::{Entry, Event, Inner, Phase, blocking};
use crate::container::{ContainerState, ExitReason};
use crate::error::{Error, Result};
use crate::ids::{self, IdRange};
use crate::journal::Made;
use crate::protocol::Call;
use crate::record::{
    self, Durability, ExitRecord, SandboxDir, SandboxRecord, ShimRecord, StartedRecord, check_name, io_error, unless_missing,
};
use crate::roles::SHIM;
use crate::sandbox::{NamespaceMode, Sandbox, SandboxSpec, Users};

/// How long a shim may take to come up.
const SHIM_UP: Duration = Duration::from_secs(30);
/// How long killed containers may take to be seen ended, and a shim to end.
const END: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);
/// Before cleaning up after a dead shim is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// Exit code of a container whose end nobody saw.
const LOST: i32 = 137;
/// The kernel's limit.
const HOSTNAME_BYTES_MAX: usize = 64;

/// A cgroup below the runtime's own.
pub fn cgroup_path(root: &str, relative: &str) -> Result<String> {
    let bad = relative.is_empty() || relative.split('/').any(|part| part.is_empty() || part == "." || part == ".." || part.contains('\n'));
    if bad {
        return Err(Error::InvalidSpec(format!("invalid cgroup path {relative:?}")));
    }
    Ok(format!("{root}/{relative}"))
}

fn check(inner: &Inner, spec: &SandboxSpec) -> Result<SandboxRecord> {
    check_name(&spec.id)?;
    if spec.hostname.len() > HOSTNAME_BYTES_MAX {
        return Err(Error::InvalidSpec(format!("host name {:?} is longer than {HOSTNAME_BYTES_MAX} bytes", spec.hostname)));
    }
    if !spec.log_dir.is_absolute() {
        return Err(Error::InvalidSpec(format!("log directory {:?} is not absolute", spec.log_dir)));
    }
    if [spec.network, spec.ipc, spec.uts].contains(&NamespaceMode::Sandbox) {
        return Err(Error::InvalidSpec("only a process namespace can be the sandbox's beside the containers' own".to_owned()));
    }
    if spec.cgroup_parent.split('/').next() == Some("shims") {
        return Err(Error::InvalidSpec("the cgroup \"shims\" is taken".to_owned()));
    }
    let has_host = [spec.network, spec.ipc, spec.uts, spec.pid].contains(&NamespaceMode::Host);
    if spec.users == Users::Own && has_host {
        return Err(Error::InvalidSpec("users of its own do not go with namespaces of the machine".to_owned()));
    }
    let cgroup = cgroup_path(&inner.cgroup_root, &spec.cgroup_parent)?;
    Ok(SandboxRecord { cgroup, shim_cgroup: shim_cgroup(inner, &spec.id), spec: spec.clone(), users: None })
}

/// The users of a new sandbox among those that are there.
fn choose_users(inner: &Inner, spec: &SandboxSpec, entries: &BTreeMap<String, Arc<Entry>>) -> Result<Option<IdRange>> {
    if spec.users == Users::Machine {
        return Ok(None);
    }
    let read = |path: &'static str| match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(io_error("read", Path::new(path))),
    };
    let taken: Vec<IdRange> = entries.values().filter_map(|entry| entry.record.users).collect();
    let range = ids::choose(&inner.root, &read("/etc/subuid")?, &read("/etc/subgid")?, &taken);
    range.map(Some).map_err(|reason| Error::Host(format!("users of a sandbox's own: {reason}")))
}

/// The cgroup of a sandbox's shim.
pub fn shim_cgroup(inner: &Inner, sandbox: &str) -> String {
    format!("{}/shims/{sandbox}", inner.cgroup_root)
}

/// See [`crate::Runtime::create_sandbox`].
pub async fn create(inner: &Arc<Inner>, spec: SandboxSpec) -> Result<Sandbox> {
    let mut record = check(inner, &spec)?;
    let entry = {
        let mut entries = inner.entries();
        match entries.get(&spec.id) {
            Some(entry) => Arc::clone(entry),
            None => {
                record.users = choose_users(inner, &spec, &entries)?;
                let dir = SandboxDir(inner.root.join("sandboxes").join(&spec.id));
                let entry = Arc::new(Entry::new(record, dir));
                entries.insert(spec.id.clone(), Arc::clone(&entry));
                entry
            }
        }
    };
    if let Some(reason) = entry.left_alone() {
        return Err(Error::LeftAlone { sandbox: spec.id, reason });
    }
    let comparable = SandboxSpec { resources: entry.record.spec.resources.clone(), ..spec.clone() };
    if serde_json::to_value(&entry.record.spec).ok() != serde_json::to_value(&comparable).ok() {
        return Err(Error::SandboxExists(spec.id));
    }
    let gate = Arc::clone(&entry.gate).lock_owned().await;
    let is_made = match &entry.state().phase {
        Phase::Making => false,
        Phase::Ready(_) => true,
        Phase::Stopping(_) | Phase::Dead { .. } | Phase::LeftAlone { .. } | Phase::Stopped => return Err(Error::SandboxNotReady(spec.id)),
    };
    if is_made {
        return Ok(entry.snapshot());
    }
    // The gate goes along into the blocking part, which a caller that gives up does not end.
    let (maker, made) = (Arc::clone(inner), Arc::clone(&entry));
    let (shim, _gate) = blocking(move || (make_blocking(&maker, &made), gate)).await;
    let result = match shim {
        Ok(shim) => connect(inner, &entry, shim).await,
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        let (runtime, target) = (Arc::clone(inner), Arc::clone(&entry));
        if let Err(error) = blocking(move || tear_down(&runtime, &target).and_then(|()| remove_files(&runtime, &target))).await {
            tracing::error!(sandbox = entry.id(), error = %crate::error::chain(&error), "cannot remove a half-made sandbox");
        }
        inner.entries().remove(entry.id());
        return Err(error);
    }
    Ok(entry.snapshot())
}

async fn connect(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord) -> Result<()> {
    let failed = |error: GreetError| Error::Shim { sandbox: entry.id().to_owned(), message: format!("greet: {error}") };
    let greeted = greeting::greet(inner, &entry.dir, &shim).await.map_err(failed)?;
    begin_serving(inner, entry, shim, greeted);
    Ok(())
}

/// From here on containers can be started in the sandbox, as long as its shim lives.
pub fn begin_serving(inner: &Arc<Inner>, entry: &Arc<Entry>, shim: ShimRecord, greeted: Greeted) -> Connection {
    // Held until the end, so that the connection's task finds a sandbox that is ready, should the shim die at once.
    let mut state = entry.state();
    let connection = connection::run(inner, entry, shim.clone(), greeted);
    state.shim = Some(shim);
    state.phase = Phase::Ready(connection.clone());
    connection
}

fn make_blocking(inner: &Inner, entry: &Entry) -> Result<ShimRecord> {
    let dir = &entry.dir;
    if dir.0.exists() {
        // An earlier caller gave up in the middle.
        tear_down(inner, entry)?;
        unless_missing(fs::remove_dir_all(&dir.0)).map_err(io_error("remove", &dir.0))?;
    }
    inner.journal.make(&journal_entries(inner, entry))?;
    fs::create_dir_all(dir.containers()).map_err(io_error("create", &dir.containers()))?;
    record::write(&dir.record(), &entry.record, Durability::Process)?;
    let log_dir = &entry.record.spec.log_dir;
    fs::create_dir_all(log_dir).map_err(io_error("create", log_dir))?;
    inner.layout.create(&entry.record.cgroup, &entry.record.spec.resources)?;
    inner.layout.limit_huge_pages(&entry.record.cgroup, &entry.record.spec.huge_pages, None)?;
    let failed = |message: String| Error::Shim { sandbox: entry.id().to_owned(), message };
    let line = spawn_shim(&inner.options.executable, dir).map_err(|error| failed(error.to_string()))?;
    if line.trim_end() != crate::shim::READY {
        return Err(failed(line.trim_end().trim_start_matches(crate::shim::FAILED).to_owned()));
    }
    record::read(&dir.shim())?.ok_or_else(|| failed("it left no record".to_owned()))
}

/// What is made outside plain files of the root directory.
fn journal_entries(inner: &Inner, entry: &Entry) -> Vec<Made> {
    let mut things = vec![Made::Cgroup(entry.record.cgroup.clone()), Made::Cgroup(entry.record.shim_cgroup.clone())];
    things.extend(entry.mounts().into_iter().map(Made::Mount));
    if !entry.record.spec.log_dir.starts_with(&inner.root) {
        things.push(Made::Directory(entry.record.spec.log_dir.clone()));
    }
    things
}

/// Starts the shim and gives the line it says, or nothing if it ended without one.
#[expect(clippy::disallowed_methods, reason = "the program runs itself, no other one")]
fn spawn_shim(executable: &Path, dir: &SandboxDir) -> io::Result<String> {
    use std::os::fd::AsFd;
    let log = fs::File::create(dir.file("shim.log"))?;
    let mut child = Command::new(executable)
        .arg(SHIM)
        .arg(&dir.0)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut stdout = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    // The process that was started ends as soon as the shim has left it.
    child.wait()?;
    let mut line = Vec::new();
    let mut chunk = [0; 1024];
    while !line.contains(&b'\n') {
        let mut entries = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(SHIM_UP).map_err(io::Error::other)?;
        if poll(&mut entries, timeout)? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match stdout.read(&mut chunk)? {
            0 => break,
            count => line.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// See [`crate::Runtime::stop_sandbox`].
pub async fn stop(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<()> {
    let _gate = entry.gate.lock().await;
    stop_gated(inner, entry).await
}

async fn stop_gated(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<()> {
    let connection = {
        let mut state = entry.state();
        match &state.phase {
            Phase::Stopped => return Ok(()),
            Phase::LeftAlone { reason } => return Err(Error::LeftAlone { sandbox: entry.id().to_owned(), reason: reason.clone() }),
            Phase::Making | Phase::Dead { .. } => None,
            Phase::Ready(connection) | Phase::Stopping(connection) => {
                let connection = connection.clone();
                state.phase = Phase::Stopping(connection.clone());
                Some(connection)
            }
        }
    };
    if let Some(connection) = connection {
        // The shim sees its containers end and writes down how, before it goes itself.
        let ended = tokio::time::timeout(END, async {
            loop {
                let (killer, cgroup) = (Arc::clone(inner), entry.record.cgroup.clone());
                blocking(move || killer.layout.kill(&cgroup)).await?;
                if !entry.state().containers.values().any(|container| is_live(&container.state)) || entry.connection().is_none() {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        match ended.await {
            Ok(result) => result?,
            Err(_) => tracing::warn!(sandbox = entry.id(), "the shim does not see its containers end; it is killed"),
        }
        if let Err(error) = connection.call(entry.id(), Call::Shutdown).await {
            tracing::debug!(sandbox = entry.id(), error = %crate::error::chain(&error), "the shim did not confirm its end");
        }
    }
    finish(inner, entry, "").await
}

fn is_live(state: &ContainerState) -> bool {
    matches!(state, ContainerState::Creating | ContainerState::Running { .. })
}

/// Ends what is left of a sandbox, and settles what became of its containers; `message` goes with those that nobody saw end.
async fn finish(inner: &Arc<Inner>, entry: &Arc<Entry>, message: &str) -> Result<()> {
    let (runtime, target) = (Arc::clone(inner), Arc::clone(entry));
    blocking(move || tear_down(&runtime, &target)).await?;
    settle(inner, entry, message)?;
    let path = entry.dir.stopped();
    fs::write(&path, "").map_err(io_error("write", &path))?;
    entry.state().phase = Phase::Stopped;
    Ok(())
}

/// The shim is dead or hangs: nothing can be started any more.
pub fn mark_dead(entry: &Entry) {
    let mut state = entry.state();
    if let Phase::Ready(connection) | Phase::Stopping(connection) = &state.phase {
        state.phase = Phase::Dead { _connection: Some(connection.clone()), reason: None };
    }
}

/// Cleans up after a shim that was marked dead, however long that takes.
pub async fn shim_died(inner: &Arc<Inner>, entry: &Arc<Entry>, reason: &str) {
    // Beware: this task ends at its first wait after `finish` has dropped the connection.
    while !cleaned_up(inner, entry, reason).await {
        tokio::time::sleep(RETRY).await;
    }
}

async fn cleaned_up(inner: &Arc<Inner>, entry: &Arc<Entry>, reason: &str) -> bool {
    // Whoever makes or stops the sandbox right now goes first, and may finish it.
    let _gate = entry.gate.lock().await;
    if matches!(entry.state().phase, Phase::Stopped) {
        return true;
    }
    tracing::warn!(sandbox = entry.id(), reason, "the shim is dead or hangs; killing what it left");
    let message = format!("The shim of the container's sandbox had to be ended: {reason}");
    match finish(inner, entry, &message).await {
        Ok(()) => {
            inner.emit(Event::SandboxDied { sandbox: entry.id().to_owned(), reason: reason.to_owned() });
            true
        }
        Err(error) => {
            let error = crate::error::chain(&error);
            tracing::error!(sandbox = entry.id(), error, "cannot clean up after a dead shim");
            if let Phase::Dead { reason, .. } = &mut entry.state().phase {
                *reason = Some(error);
            }
            false
        }
    }
}

/// Waits until a dead sandbox is cleaned up, for a while: only then may another one take its place.
pub async fn wait_for_clean_up(entry: &Entry) {
    let clean = async {
        while matches!(entry.state().phase, Phase::Dead { reason: None, .. }) {
            tokio::time::sleep(PAUSE).await;
        }
    };
    // What has not been cleaned up then is said by the state.
    tokio::time::timeout(END, clean).await.unwrap_or_default();
}

/// Kills the shim and every process of the sandbox, and removes its mounts and cgroups. What is gone already is fine.
pub fn tear_down(inner: &Inner, entry: &Entry) -> Result<()> {
    if let Some(shim) = record::read(&entry.dir.shim())? {
        end_shim(&shim, &inner.facts.boot_id);
    }
    // One that has left no record: the server that started it died before it was up.
    let strays = survey::shims().into_iter().filter(|(_, dir)| *dir == entry.dir.0).collect();
    survey::terminate(&inner.layout, &Survey { shims: strays, ..Survey::default() })?;
    // The shim's cgroup first: only from it can anything more come into the containers' ones.
    inner.layout.kill(&entry.record.shim_cgroup)?;
    inner.layout.kill(&entry.record.cgroup)?;
    for path in entry.mounts() {
        unmount(&path)?;
    }
    inner.layout.remove(&entry.record.shim_cgroup)?;
    inner.layout.remove(&entry.record.cgroup)?;
    let path = entry.dir.file("shim.sock");
    unless_missing(fs::remove_file(&path)).map_err(io_error("remove", &path))?;
    let gone: Vec<Made> = journal_entries(inner, entry).into_iter().filter(|made| !matches!(made, Made::Directory(_))).collect();
    inner.journal.gone(&gone);
    Ok(())
}

/// Gives a shim that was told to end a moment, then kills it.
fn end_shim(shim: &ShimRecord, boot_id: &str) {
    if !is_alive(shim, boot_id) {
        return;
    }
    let Ok(handle) = PidFd::open(shim.pid) else { return };
    // The id could have changed hands between the look above and the opening.
    if !is_alive(shim, boot_id) {
        return;
    }
    for round in 0..400 {
        if handle.has_ended().unwrap_or(true) {
            return;
        }
        if round == 50 {
            handle.signal(nix::libc::SIGKILL).unwrap_or_default();
        }
        std::thread::sleep(PAUSE);
    }
}

/// Reads how containers ended from their records; those that have none are lost.
fn settle(inner: &Inner, entry: &Entry, message: &str) -> Result<()> {
    let live: Vec<String> =
        entry.state().containers.values().filter(|container| is_live(&container.state)).map(|container| container.id.clone()).collect();
    for id in live {
        let exit = settled_exit(&entry.dir.container(&id), message)?;
        apply_exit(inner, entry, &id, exit);
    }
    Ok(())
}

/// The recorded end of a container that does not run any more; recorded now as lost, with that message, if nobody saw it.
pub fn settled_exit(dir: &Path, message: &str) -> Result<ExitRecord> {
    let path = dir.join("exit.json");
    if let Some(exit) = record::read(&path)? {
        return Ok(exit);
    }
    let started: Option<StartedRecord> = record::read(&dir.join("started.json"))?;
    let exit = ExitRecord {
        code: LOST,
        signal: None,
        oom: false,
        started_at_ns: started.map(|started| started.started_at_ns),
        finished_at_ns: record::to_ns(stead_sys::clock::now()),
        message: message.to_owned(),
        reason: ExitReason::Lost,
    };
    record::write(&path, &exit, Durability::Power)?;
    Ok(exit)
}

/// See [`crate::Runtime::remove_sandbox`].
pub async fn remove(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<()> {
    let _gate = entry.gate.lock().await;
    stop_gated(inner, entry).await?;
    let (runtime, target) = (Arc::clone(inner), Arc::clone(entry));
    blocking(move || remove_files(&runtime, &target)).await?;
    inner.entries().remove(entry.id());
    Ok(())
}

/// Removes the directory of a sandbox that is down, and its logs unless another sandbox shares their directory.
pub fn remove_files(inner: &Inner, entry: &Entry) -> Result<()> {
    let log_dir = &entry.record.spec.log_dir;
    let shared = inner.entries().values().any(|other| other.id() != entry.id() && other.record.spec.log_dir == *log_dir);
    if !shared {
        unless_missing(fs::remove_dir_all(log_dir)).map_err(io_error("remove", log_dir))?;
        inner.journal.gone(&[Made::Directory(log_dir.clone())]);
    }
    unless_missing(fs::remove_dir_all(&entry.dir.0)).map_err(io_error("remove", &entry.dir.0))
}

/// Ends all that belongs to the root directory.
pub fn clean_all(inner: &Inner) -> Result<()> {
    survey::terminate(&inner.layout, &survey::find(&inner.layout, &inner.root, &inner.cgroup_root)?)?;
    let gone: Vec<Made> = inner.journal.live().into_iter().filter(|made| !matches!(made, Made::Directory(_))).collect();
    remove_journalled(inner, &gone)
}

/// Removes what the journal lists and no sandbox accounts for.
pub fn remove_journalled(inner: &Inner, things: &[Made]) -> Result<()> {
    for made in things.iter().rev() {
        match made {
            Made::Mount(path) => unmount(path)?,
            Made::Directory(path) => unless_missing(fs::remove_dir_all(path)).map_err(io_error("remove", path))?,
            Made::Cgroup(cgroup) => {
                inner.layout.kill(cgroup)?;
                inner.layout.remove(cgroup)?;
            }
        }
        inner.journal.gone(std::slice::from_ref(made));
    }
    Ok(())
}
