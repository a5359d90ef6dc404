//! What runs now: what it uses, and other limits for it. Never decides any.

use std::sync::Arc;

use super::{Entry, Inner, blocking};
use crate::container::{ContainerState, Resources};
use crate::error::{Error, Result};
use crate::record::{self, ContainerRecord, Durability};
use crate::usage::{self, ContainerDiskUsage, SandboxUsage};

/// See [`crate::Runtime::usage`].
pub async fn usage(inner: &Arc<Inner>, sandbox: &str) -> Result<SandboxUsage> {
    let entry = inner.entry(sandbox)?;
    let inner = Arc::clone(inner);
    blocking(move || {
        let cgroup = &entry.record.cgroup;
        let total = inner.layout.usage(cgroup).ok_or_else(|| Error::SandboxNotReady(entry.id().to_owned()))?;
        let running = running(&entry);
        let process = running.first().map(|(_, pid)| *pid);
        let containers = running.into_iter().filter_map(|(id, _)| Some((id.clone(), inner.layout.usage(&format!("{cgroup}/{id}"))?)));
        Ok(SandboxUsage { cgroup: total, containers: containers.collect(), process })
    })
    .await
}

/// The ids and the processes of what runs.
fn running(entry: &Entry) -> Vec<(String, i32)> {
    let state = entry.state();
    let running = state.containers.values().filter_map(|container| match container.state {
        ContainerState::Running { pid, .. } => Some((container.id.clone(), pid)),
        ContainerState::Creating | ContainerState::Exited(_) => None,
    });
    running.collect()
}

/// See [`crate::Runtime::disk_usage`].
pub async fn disk_usage(inner: &Inner, container: &str) -> Result<ContainerDiskUsage> {
    let entry = inner.entry_of(container)?;
    let log_path = entry.state().containers.get(container).map(|container| container.spec.log_path.clone()).unwrap_or_default();
    let upper = entry.dir.container(container).join("upper");
    blocking(move || {
        // One that could not be started has none.
        let writable_layer = usage::disk_usage(&upper).unwrap_or_default();
        Ok(ContainerDiskUsage { writable_layer, log: usage::log_usage(&log_path) })
    })
    .await
}

/// See [`crate::Runtime::update_limits`].
pub async fn update_container(inner: &Arc<Inner>, container: &str, limits: Resources) -> Result<()> {
    let entry = inner.entry_of(container)?;
    if !running(&entry).iter().any(|(id, _)| id == container) {
        return Err(Error::ContainerNotRunning(container.to_owned()));
    }
    let (inner, id) = (Arc::clone(inner), container.to_owned());
    blocking(move || {
        inner.layout.update(&format!("{}/{id}", entry.record.cgroup), &limits)?;
        let path = entry.dir.container(&id).join("container.json");
        if let Some(mut record) = record::read::<ContainerRecord>(&path)? {
            record.spec.resources = limits.clone();
            record::write(&path, &record, Durability::Process)?;
        }
        if let Some(container) = entry.state().containers.get_mut(&id) {
            container.spec.resources = limits;
        }
        Ok(())
    })
    .await
}

/// See [`crate::Runtime::update_sandbox_limits`].
pub async fn update_sandbox(inner: &Arc<Inner>, sandbox: &str, limits: Resources) -> Result<()> {
    let entry = inner.entry(sandbox)?;
    // Nobody may stop or remove it meanwhile.
    let gate = Arc::clone(&entry.gate).lock_owned().await;
    if entry.connection().is_none() {
        return Err(entry.not_ready());
    }
    let inner = Arc::clone(inner);
    blocking(move || {
        let _gate = gate;
        inner.layout.update(&entry.record.cgroup, &limits)?;
        let mut record = entry.record.clone();
        record.spec.resources = limits.clone();
        record::write(&entry.dir.record(), &record, Durability::Process)?;
        entry.state().resources = limits;
        Ok(())
    })
    .await
}
