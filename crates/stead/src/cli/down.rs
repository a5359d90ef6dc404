//! `stead down`: stops the background server, then the containers it ran.

use super::print_line;
use crate::config::DownArgs;
use crate::running::{self, Found, Process};
use crate::{file, node};
use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::time::{Duration, Instant};
use stead_node::network;
use stead_runtime::{Options, Runtime};

/// The server drains within five seconds; some more for a slow machine.
const STOP_MAX: Duration = Duration::from_secs(15);
/// What the shim of a pod may take to answer. All of it is to end, so it need not be given as long as a server gives it.
const SHIM_PATIENCE: Duration = Duration::from_secs(10);
/// Processes that are listed while `down` waits.
const SHIMS_NAMED_MAX: usize = 5;
/// When and how often a wait is explained.
const EXPLAIN_EVERY: Duration = Duration::from_secs(5);

/// What becomes of the objects when all has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects {
    Stay,
    /// They are removed next.
    Go,
}

/// Stops what runs; says so if nothing does.
pub fn run(args: &DownArgs) -> anyhow::Result<()> {
    stop_server(&args.data_dir)?;
    if args.leave_pods { Ok(()) } else { stop_containers(&args.data_dir, Objects::Stay) }
}

/// Stops the server of a directory and all that it ran.
pub fn stop_all_of(data_dir: &Path, objects: Objects) -> anyhow::Result<()> {
    stop_server(data_dir)?;
    stop_containers(data_dir, objects)
}

fn stop_server(data_dir: &Path) -> anyhow::Result<()> {
    let dir = data_dir.display();
    match running::find(data_dir)? {
        Found::Ready(running) => {
            stop(running.process)?;
            print_line(&format!("server {} stopped", running.url));
        }
        Found::Unready(process) => {
            stop(process)?;
            print_line(&format!("server process {} stopped; it had not said that it was ready", process.pid));
        }
        Found::Orphaned(process) => {
            stop(process)?;
            print_line(&format!("server process {} stopped; its files in {dir} had been removed under it", process.pid));
        }
        Found::Nothing => print_line(&format!("no server runs on {dir}")),
    }
    Ok(())
}

/// Ends every container of a directory whose server does not run.
fn stop_containers(data_dir: &Path, objects: Objects) -> anyhow::Result<()> {
    let (root, pods_root) = (node::runtime_root(data_dir), node::pods_root(&file::resolved(data_dir)?));
    if !root.try_exists().with_context(|| format!("look for {}", root.display()))? {
        end_leftovers(&root)?;
        end_volumes(&pods_root)?;
        end_disks(&file::resolved(data_dir)?)?;
        return remove_network(data_dir);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let pods = runtime.block_on(async {
        let mut explain = tokio::time::interval_at(tokio::time::Instant::now() + EXPLAIN_EVERY, EXPLAIN_EVERY);
        let stopping = stop_all(&root);
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                stopped = &mut stopping => return stopped,
                _ = explain.tick() => print_line(&waiting_for(&root)),
            }
        }
    })?;
    end_volumes(&pods_root)?;
    end_disks(&file::resolved(data_dir)?)?;
    if pods > 0 {
        let objects = match (objects, running::store(data_dir).exists()) {
            (Objects::Go, _) => "",
            (Objects::Stay, true) => "; their objects stay, and `stead up` or `stead server` starts them again",
            (Objects::Stay, false) => "; their objects were removed with the files of the directory",
        };
        print_line(&format!("{} stopped{objects}", counted(pods, "pod")));
    }
    remove_network(data_dir)
}

/// Takes the pods' links and what else was changed of this machine's network back. Only root can have made any.
fn remove_network(data_dir: &Path) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let dir = network::root(&file::resolved(data_dir)?);
    stead_firewall::clean(&stead_network::Tag::of(&dir)).context("remove the rules for packets of pods")?;
    stead_network::clean(&dir).map(drop).context("remove the pods' network")
}

async fn stop_all(root: &Path) -> anyhow::Result<usize> {
    let options = Options { shim_patience: SHIM_PATIENCE, ..Options::default() };
    let containers = Runtime::open(root, options).await.context("open the container runtime")?;
    containers.stop_all().await.context("stop the containers")
}

/// Takes away what is mounted into containers, when none runs any more. Files stay: they are their pods' for as long as those have objects.
fn end_volumes(root: &Path) -> anyhow::Result<()> {
    // Nobody else can have mounted any.
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let unmounted = match root.exists() {
        true => stead_volumes::Store::open(root).and_then(|store| store.unmount_all()),
        false => stead_volumes::unmount_below(root),
    };
    unmounted.map(drop).context("unmount the pods' volumes")
}

/// Gives back what the disks of claims take of the machine while nobody uses them, also those whose records have been removed. Their data stays.
fn end_disks(data_dir: &Path) -> anyhow::Result<()> {
    let root = node::storage_root(data_dir);
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    if root.exists() {
        let disks = stead_disks::Disks::open(&root, stead_disks::Settings::default()).context("open the disks of claims")?;
        let kept = disks.detach_all();
        kept.iter().for_each(|(disk, error)| print_line(&format!("the disk {disk} stays as it is: {error}")));
        if !kept.is_empty() {
            return Ok(());
        }
    }
    let kept = stead_disks::detach_owned(&root).context("detach the disks of claims that are on no record")?;
    kept.iter().for_each(|error| print_line(&format!("a disk that is on no record stays as it is: {error}")));
    Ok(())
}

/// Ends what runs, is mounted or has a cgroup although the directory is gone.
fn end_leftovers(root: &Path) -> anyhow::Result<()> {
    // Nobody else can have made any.
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let ended = stead_runtime::clean(root).context("end what runs without its directory")?;
    if !ended.is_empty() {
        let (pods, mounts) = (ended.sandboxes().len(), ended.mounts.len());
        let (pods, mounts) = (counted(pods, "pod"), counted(mounts, "mount"));
        print_line(&format!("{pods} and {mounts} were left of a directory that has been removed: they are gone now"));
    }
    Ok(())
}

/// What still runs, and whether it can do anything.
fn waiting_for(root: &Path) -> String {
    let shims = stead_runtime::survey(root).map(|found| found.shims).unwrap_or_default();
    if shims.is_empty() {
        return "waiting for the last containers to end".to_owned();
    }
    let one = |pid: i32| match running::state(pid) {
        Some('T' | 't') => format!("process {pid}, which is stopped"),
        Some('D') => format!("process {pid}, which waits for a device"),
        _ => format!("process {pid}"),
    };
    let list = shims.iter().take(SHIMS_NAMED_MAX).map(|(pid, _)| one(*pid)).collect::<Vec<_>>().join("; ");
    let seconds = SHIM_PATIENCE.as_secs();
    format!("waiting for {} to end ({list}); one that does not answer is killed after {seconds} s", counted(shims.len(), "pod"))
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn stop(process: Process) -> anyhow::Result<()> {
    let pid = process.pid;
    match kill(Pid::from_raw(pid), Signal::SIGTERM) {
        Err(Errno::EPERM) => bail!("the server (process {pid}) belongs to another user: use sudo"),
        Err(Errno::ESRCH) => return Ok(()),
        sent => sent.with_context(|| format!("stop process {pid}"))?,
    }
    let (begun, mut explained) = (Instant::now(), Instant::now());
    while process.is_alive() {
        if begun.elapsed() > STOP_MAX {
            bail!(
                "the server (process {pid}) did not end within {} s; `kill -9 {pid}` ends it, and its pods go on running",
                STOP_MAX.as_secs()
            );
        }
        if explained.elapsed() > EXPLAIN_EVERY {
            print_line(&format!("waiting for the server (process {pid}) to end"));
            explained = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
