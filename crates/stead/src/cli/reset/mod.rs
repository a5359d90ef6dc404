//! `stead reset`: removes what Stead has ever made for a data directory, after it has listed that and was told to; nothing of others.

mod inventory;

use super::down::{self, Objects};
use super::print_line;
use crate::config::ResetArgs;
use crate::kubeconfig;
use crate::running::{self, Found};
use crate::{file, node};
use anyhow::{Context, bail};
use inventory::Inventory;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use stead_disks::{Disk, Disks, Settings};
use stead_runtime::{Options, Runtime};
use stead_volumes::remove_some;

/// Disks that are listed one by one.
const DISKS_LISTED_MAX: usize = 20;

/// Everything that is to go.
struct Plan {
    data_dir: PathBuf,
    server: Found,
    inventory: Inventory,
    disks: Vec<Disk>,
    /// Contexts in kubeconfigs of users.
    contexts: Vec<kubeconfig::OwnContext>,
}

/// Runs the verb.
pub fn run(args: &ResetArgs) -> anyhow::Result<()> {
    let plan = Plan::of(&file::resolved(&args.data_dir)?)?;
    if plan.inventory.is_empty() && plan.server == Found::Nothing {
        print_line(&format!("nothing of Stead is in {}", plan.data_dir.display()));
        return Ok(());
    }
    if !plan.inventory.is_a_servers() && plan.server == Found::Nothing {
        bail!("{} does not look like the data directory of a server: nothing was removed", plan.data_dir.display());
    }
    if !nix::unistd::geteuid().is_root() && plan.data_dir.join("containers").exists() {
        bail!("containers have run here, and only root can take away what they left: use sudo");
    }
    plan.lines().iter().for_each(|line| print_line(line));
    if !args.yes && !is_told_to()? {
        bail!("nothing was removed");
    }
    down::stop_all_of(&plan.data_dir, Objects::Go)?;
    plan.carry_out()
}

/// Asks on the terminal.
fn is_told_to() -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("nobody can be asked here: give --yes to remove all of this");
    }
    print_line("Type yes to remove all of this:");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("read the answer")?;
    Ok(answer.trim() == "yes")
}

impl Plan {
    fn of(data_dir: &Path) -> anyhow::Result<Self> {
        let inventory = Inventory::of(data_dir)?;
        let storage = node::storage_root(data_dir);
        let disks = stead_disks::recorded(&storage).context("read which disks there are")?;
        let server = running::find(data_dir)?;
        let written = if let Found::Ready(running) = &server { Some(running.kubeconfig.as_path()) } else { None };
        let contexts = kubeconfig::own_contexts(data_dir, written);
        Ok(Self { data_dir: data_dir.to_owned(), server, inventory, disks, contexts })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("This removes from {}:", self.data_dir.display())];
        match &self.server {
            Found::Ready(running) => lines.push(format!(
                "  the server {} (process {}), which is ended first, with all of its pods",
                running.url, running.process.pid
            )),
            Found::Unready(process) | Found::Orphaned(process) => {
                lines.push(format!("  the server process {}, which is ended first", process.pid))
            }
            Found::Nothing => lines.push("  pods that still run, their mounts, control groups, links and packet rules".to_owned()),
        }
        let within = |path: &PathBuf| path.strip_prefix(&self.data_dir).unwrap_or(path).display().to_string();
        let all: Vec<String> = self
            .inventory
            .directories
            .iter()
            .map(|path| format!("{}/", within(path)))
            .chain(self.inventory.files.iter().map(within))
            .collect();
        lines.push(format!("  {}", all.join(" ")));
        for disk in self.disks.iter().take(DISKS_LISTED_MAX) {
            lines.push(format!("  the data of {} in {}", disk.name, disk.pool.display()));
        }
        let more = self.disks.len().saturating_sub(DISKS_LISTED_MAX);
        lines.extend((more > 0).then(|| format!("  and that of {more} more claims")));
        lines.extend(self.contexts.iter().map(|context| format!("  the context {} in {}", context.name, context.file.display())));
        for path in &self.inventory.foreign {
            lines.push(format!("It leaves {}, which Stead has not made.", path.display()));
        }
        lines
    }

    /// The server and its pods have ended.
    fn carry_out(&self) -> anyhow::Result<()> {
        let mut kept = self.remove_disks()?;
        self.remove_containers()?;
        for directory in &self.inventory.directories {
            if kept.is_empty() || !directory.ends_with("storage") {
                remove_tree(directory)?;
            }
        }
        for file in self.inventory.files.iter().filter(|file| kept.is_empty() || !file.ends_with("store.redb")) {
            unless_missing(std::fs::remove_file(file)).with_context(|| format!("remove {}", file.display()))?;
        }
        for context in &self.contexts {
            if let Err(error) = kubeconfig::remove_context(context) {
                kept.push(format!("the context {} in {}: {error:#}", context.name, context.file.display()));
            }
        }
        for directory in [self.data_dir.join("tls"), self.data_dir.clone()] {
            // It stays if something is left in it.
            if std::fs::remove_dir(&directory).is_ok() && directory == self.data_dir {
                print_line(&format!("{} is removed", directory.display()));
            }
        }
        self.inventory.foreign.iter().for_each(|path| print_line(&format!("left: {}", path.display())));
        if kept.is_empty() { Ok(()) } else { bail!("could not be removed:\n  {}", kept.join("\n  ")) }
    }

    /// The data of claims, also where that lies elsewhere; what could not be removed, and why.
    fn remove_disks(&self) -> anyhow::Result<Vec<String>> {
        let storage = node::storage_root(&self.data_dir);
        if self.disks.is_empty() || !storage.exists() {
            return Ok(Vec::new());
        }
        let disks = Disks::open(&storage, Settings::default()).context("open the disks of claims")?;
        let mut kept: Vec<String> =
            self.disks.iter().filter_map(|disk| Some(format!("the disk {}: {}", disk.name, disks.remove(&disk.name, 0).err()?))).collect();
        loop {
            let swept = disks.sweep(u64::MAX, u64::MAX);
            if !swept.more {
                kept.extend(swept.failures.into_iter().map(|(disk, error)| format!("the disk {disk}: {error}")));
                break;
            }
        }
        for disk in &self.disks {
            // What is in there besides is not ours.
            std::fs::remove_dir(disk.pool.join(".trash")).ok();
        }
        Ok(kept)
    }

    /// What the container runtime made on the machine.
    fn remove_containers(&self) -> anyhow::Result<()> {
        let root = node::runtime_root(&self.data_dir);
        if !nix::unistd::geteuid().is_root() {
            return Ok(());
        }
        if root.exists() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
            runtime.block_on(async {
                let containers = Runtime::open(&root, Options::default()).await.context("open the container runtime")?;
                containers.remove_all().await.context("remove what containers left")
            })?;
        }
        stead_runtime::clean(&root).map(drop).context("remove the control groups of containers")
    }
}

/// Removes a tree and leaves it nowhere: no link is followed, and a mount in it is an error.
fn remove_tree(directory: &Path) -> anyhow::Result<()> {
    remove_some(directory, &mut u64::MAX.clone()).map(drop).with_context(|| format!("remove {}", directory.display()))
}

fn unless_missing(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
