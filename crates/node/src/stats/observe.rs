//! Takes samples of a node and its pods. The part of [`super`] that reads.

use super::{ContainerSample, PodSample, Sample, VolumeSample};
use crate::host::{Disk, disk, host_usage};
use crate::pod::volumes::mounts::{CLAIM_KIND, IMAGE_KIND};
use crate::roster::{Roster, Seen};
use crate::runtime::{DiskUsage, Runtime};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// How long what was measured on disk counts, unless something depends on it (STAT-6).
const DISK_EVERY: Duration = Duration::from_secs(60);

/// Remembers what is too dear to be measured each time.
#[derive(Debug)]
pub struct Observer {
    data_dir: PathBuf,
    /// By pod uid.
    disks: BTreeMap<String, Measured>,
    images: Option<(Duration, u64)>,
}

/// What a pod has on disk, and when that was found.
#[derive(Debug, Default, Clone)]
struct Measured {
    at: Duration,
    containers: BTreeMap<(String, u32), DiskUsage>,
    volumes: BTreeMap<String, VolumeSample>,
}

impl Observer {
    pub fn new(data_dir: PathBuf) -> Self {
        Self { data_dir, disks: BTreeMap::new(), images: None }
    }

    /// One sample; `wall` and `steady` are the time.
    pub async fn sample<R: Runtime>(&mut self, runtime: &R, roster: &Roster, wall: Timestamp, steady: Duration) -> Sample {
        let seen = roster.all();
        self.disks.retain(|uid, _| seen.contains_key(uid));
        let mut pods = BTreeMap::new();
        for (uid, pod) in seen {
            if let Some(sample) = self.pod(runtime, &uid, &pod, steady).await {
                pods.insert(uid, sample);
            }
        }
        let uptime_us = uptime().as_micros();
        Sample {
            at: wall,
            booted_at: Timestamp(wall.0 - i64::try_from(uptime_us).unwrap_or_default()),
            host: host_usage(&self.data_dir),
            image_bytes: self.image_bytes(steady).await,
            pods,
        }
    }

    async fn pod<R: Runtime>(&mut self, runtime: &R, uid: &str, pod: &Seen, steady: Duration) -> Option<PodSample> {
        let sandbox = pod.sandbox.as_deref()?;
        let used = runtime.usage(sandbox).await?;
        let measured = self.measured(runtime, uid, sandbox, pod, steady).await;
        let mut containers = BTreeMap::new();
        for (name, usage) in used.containers {
            let Some(run) = pod.runs.get(&name) else { continue };
            let disk = measured.containers.get(&(name.clone(), run.attempt)).copied().unwrap_or_default();
            containers.insert(name, ContainerSample { attempt: run.attempt, started_at: run.started_at, usage, disk });
        }
        Some(PodSample { object: pod.object.clone(), total: used.total, network: used.network, containers, volumes: measured.volumes })
    }

    async fn measured<R: Runtime>(&mut self, runtime: &R, uid: &str, sandbox: &str, pod: &Seen, steady: Duration) -> Measured {
        let known = self.disks.entry(uid.to_owned()).or_default();
        let runs: Vec<(String, u32)> = pod.runs.iter().map(|(name, run)| (name.clone(), run.attempt)).collect();
        let complete = runs.iter().all(|run| known.containers.contains_key(run));
        let every = if is_limited(&pod.object) { Duration::ZERO } else { DISK_EVERY };
        if complete && steady < known.at + every {
            return known.clone();
        }
        let mut containers = BTreeMap::new();
        for (name, attempt) in runs {
            let used = runtime.disk_usage(sandbox, &name, attempt).await.unwrap_or_default();
            containers.insert((name, attempt), used);
        }
        let directory = self.data_dir.join("pods").join(uid).join("volumes");
        let volumes = tokio::task::spawn_blocking(move || volumes(&directory)).await.unwrap_or_default();
        *known = Measured { at: steady, containers, volumes };
        known.clone()
    }

    async fn image_bytes(&mut self, steady: Duration) -> u64 {
        if let Some((_, bytes)) = self.images.filter(|(at, _)| steady < *at + DISK_EVERY) {
            return bytes;
        }
        let directory = self.data_dir.join("images");
        let walked = tokio::task::spawn_blocking(move || stead_runtime::disk_usage(&directory)).await;
        let bytes = walked.ok().and_then(Result::ok).map(|used| used.bytes).unwrap_or_default();
        self.images = Some((steady, bytes));
        bytes
    }
}

/// What the pod has on disk may end it: it is measured each time.
fn is_limited(pod: &Value) -> bool {
    let spec = &pod["spec"];
    let containers = spec.items("containers").iter().chain(spec.items("initContainers"));
    let by_container = containers.into_iter().any(|container| container["resources"]["limits"].has("ephemeral-storage"));
    by_container || spec.items("volumes").iter().any(|volume| volume["emptyDir"].has("sizeLimit"))
}

/// The volumes below a pod's directory: one for each `PLUGIN/NAME`.
fn volumes(directory: &Path) -> BTreeMap<String, VolumeSample> {
    let entries = |directory: &Path| std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found = BTreeMap::new();
    // An image is no use of the pod's.
    for plugin in entries(directory).filter(|plugin| !plugin.ends_with(IMAGE_KIND)) {
        for volume in entries(&plugin) {
            let Some(name) = volume.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            found.insert(name, sample(&volume, plugin.ends_with(CLAIM_KIND)));
        }
    }
    found
}

fn sample(volume: &Path, is_claim: bool) -> VolumeSample {
    if let Some(capacity_bytes) = device_bytes(volume) {
        return VolumeSample { is_device: true, disk: Disk { capacity_bytes, ..Disk::default() }, ..VolumeSample::default() };
    }
    let disk = disk(volume);
    // A claim's own file system, or its quota, has counted already; walked, a large one would keep the disk busy (STAT-6).
    if is_claim {
        let used_inodes = disk.inodes.saturating_sub(disk.inodes_free);
        return VolumeSample { used_bytes: disk.used_bytes, used_inodes, disk, is_device: false };
    }
    let used = stead_runtime::disk_usage(volume).unwrap_or_default();
    VolumeSample { used_bytes: used.bytes, used_inodes: used.inodes, disk, is_device: false }
}

/// How large a block device is.
fn device_bytes(volume: &Path) -> Option<u64> {
    let is_device = std::fs::metadata(volume).is_ok_and(|found| found.file_type().is_block_device());
    is_device.then(|| File::open(volume).and_then(|mut device| device.seek(SeekFrom::End(0))).unwrap_or_default())
}

fn uptime() -> Duration {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split_whitespace().next().and_then(|seconds| seconds.parse::<f64>().ok()).unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn volumes_are_found_below_the_pods_directory() {
        // STAT-6
        let pod = tempfile::tempdir().unwrap();
        let volume = pod.path().join("kubernetes.io~empty-dir").join("v");
        std::fs::create_dir_all(&volume).unwrap();
        std::fs::write(volume.join("file"), vec![1; 100_000]).unwrap();
        let found = volumes(pod.path());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["v"]);
        assert!(found["v"].used_bytes >= 100_000 && found["v"].used_inodes == 2, "{found:?}");
        assert_eq!(volumes(Path::new("/nowhere")), BTreeMap::new());
    }

    #[test]
    fn a_claim_is_told_of_as_its_file_system_counts_it() {
        // STAT-6
        let pod = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(pod.path().join(CLAIM_KIND).join("data")).unwrap();
        let sample = volumes(pod.path())["data"];
        assert_eq!(sample.used_bytes, sample.disk.used_bytes);
        assert!(sample.used_inodes > 1, "{sample:?}");
    }

    #[test]
    fn what_may_end_a_pod_is_measured_each_time() {
        assert!(is_limited(&json!({"spec": {"volumes": [{"emptyDir": {"sizeLimit": "1Mi"}}]}})));
        assert!(is_limited(&json!({"spec": {"containers": [{"resources": {"limits": {"ephemeral-storage": "1Mi"}}}]}})));
        assert!(!is_limited(&json!({"spec": {"containers": [{}], "volumes": [{"emptyDir": {}}]}})));
    }
}
