//! Volumes of claims in pods: how fast a set comes up with them, what a million files cost a pod that wants a group, and what writing through one
//! costs beside the directory that it lies in.

use super::pods::{self, down, single_with, up_of, wait_for_account};
use super::report::{self, Report, quantile, thousands, time};
use anyhow::{Context, Result};
use http::Method;
use nix::libc::O_DIRECT;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, MERGE_PATCH};
use stead_testing::program::Server;

/// A build that is not optimised shows that all of this works, and measures nothing.
const IS_TRIAL: bool = cfg!(debug_assertions);
const REPLICAS: usize = if IS_TRIAL { 5 } else { 100 };
const FILES: usize = if IS_TRIAL { 5_000 } else { 1_000_000 };
const FILES_PER_DIRECTORY: usize = 10_000;
const STARTS: usize = 5;
/// Of the file that is written to.
const FILE_BYTES: u64 = if IS_TRIAL { 4 << 20 } else { 256 << 20 };
const BLOCK_BYTES: usize = 4096;
const WRITES: usize = if IS_TRIAL { 200 } else { 5_000 };
/// Here and there by turns, so that what the machine does beside counts for both.
const TURNS: usize = 9;
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

/// Measures with real containers.
pub async fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &[])?;
    let mut api = server.connect().await?;
    wait_for_account(&mut api).await?;
    let mut set = pods::set("stored", REPLICAS, "Parallel");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": claim_spec("standard", "16Mi")}]);
    set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts();
    let took = up_of(&server, &set).await?;
    report.add(report::SET_WITH_CLAIMS, format!("{} ({REPLICAS} pods)", time(took)));
    down(&server, "stored").await?;

    for kind in ["none", "image"] {
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": kind},
            "provisioner": "stead.io/local", "volumeBindingMode": "Immediate", "parameters": {"enforcement": kind}});
        api.call(Method::POST, "/apis/storage.k8s.io/v1/storageclasses", JSON, &class).await.context("create a class")?;
    }
    let place = volume(&mut api, "files", "none").await?;
    report.add(report::GROUP_OF_FILES, group_of_files(&server, &place).await?);
    let beside = server.data_dir().join("storage/volumes/beside");
    fs::create_dir(&beside).context("make a directory beside the volumes")?;
    let mut shares = Vec::new();
    for kind in ["none", "image"] {
        let place = volume(&mut api, &format!("writes-{kind}"), kind).await?;
        let share = share(&beside, &place)?;
        shares.push(format!("{:+.1} %", (share - 1.0) * 100.0));
    }
    fs::remove_dir_all(&beside).context("remove the directory beside the volumes")?;
    report.add(report::VOLUME_WRITES, shares.join(" / "));
    server.stop()
}

fn claim_spec(class: &str, amount: &str) -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": amount}}})
}

fn mounts() -> Value {
    json!([{"name": "data", "mountPath": "/data"}])
}

/// Makes a claim; where its volume is.
async fn volume(api: &mut Connection, name: &str, class: &str) -> Result<PathBuf> {
    let claim =
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": claim_spec(class, "512Mi")});
    api.call(Method::POST, CLAIMS, JSON, &claim).await.context("create a claim")?;
    let begun = Instant::now();
    let bound = loop {
        let claim = api.call(Method::GET, &format!("{CLAIMS}/{name}"), JSON, &Value::Null).await?;
        if claim["status"]["phase"] == "Bound" {
            break claim;
        }
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(60), "{name} is not bound: {claim}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let volume = bound["spec"]["volumeName"].as_str().context("a bound claim names its volume")?;
    // It is kept for as long as it is measured.
    let kept = json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}});
    let volume = api.call(Method::PATCH, &format!("/api/v1/persistentvolumes/{volume}"), MERGE_PATCH, &kept).await?;
    Ok(volume["spec"]["local"]["path"].as_str().context("a volume has a path")?.into())
}

/// Pods with a claim of many files, that want these given to a group unless the root of the volume is already: create to Running, with few files and
/// with all of them.
async fn group_of_files(server: &Server, place: &Path) -> Result<String> {
    let mut spec = pods::spec();
    spec["securityContext"] = json!({"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"});
    spec["containers"][0]["volumeMounts"] = mounts();
    spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "files"}}]);
    let mut starts = Vec::new();
    for files in [0, FILES] {
        for number in 0..files {
            let directory = place.join(format!("d{}", number / FILES_PER_DIRECTORY));
            if number % FILES_PER_DIRECTORY == 0 {
                fs::create_dir(&directory).context("make a directory")?;
            }
            File::create(directory.join(number.to_string())).context("make a file")?;
        }
        let mut times = Vec::new();
        for start in 0..STARTS {
            times.push(single_with(server, start, spec.clone()).await?);
        }
        starts.push(quantile(&mut times, 0.5));
    }
    Ok(format!("{} ({} without files; {} files)", time(starts[1]), time(starts[0]), thousands(FILES as u64)))
}

/// What random writes in a volume take, as a share of what they take in a directory beside it: the median of all turns.
fn share(beside: &Path, volume: &Path) -> Result<f64> {
    let files = [beside, volume].map(|directory| written_to(&directory.join("file")));
    let [beside, volume] = files;
    let (beside, volume) = (beside?, volume?);
    let mut shares = Vec::new();
    for turn in 0..TURNS {
        let (one, other) = (writes(&beside, turn)?, writes(&volume, turn)?);
        shares.push(other.as_secs_f64() / one.as_secs_f64());
    }
    shares.sort_by(f64::total_cmp);
    Ok(shares[TURNS / 2])
}

/// A file without holes, opened so that writes go to the disk at once.
fn written_to(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    let piece = vec![0x5a; 1 << 20];
    for at in (0..FILE_BYTES).step_by(piece.len()) {
        file.write_all_at(&piece, at).context("write a file")?;
    }
    file.sync_all().context("sync a file")?;
    let direct = OpenOptions::new().write(true).custom_flags(O_DIRECT).open(path);
    direct.with_context(|| format!("open {} past the page cache", path.display()))
}

/// Single blocks, anywhere, one after the other, and a sync at the end.
fn writes(file: &File, turn: usize) -> Result<Duration> {
    let buffer = vec![turn as u8; 2 * BLOCK_BYTES];
    let start = buffer.as_ptr().align_offset(BLOCK_BYTES);
    let block = &buffer[start..start + BLOCK_BYTES];
    let blocks = FILE_BYTES / BLOCK_BYTES as u64;
    let mut random = turn as u64 + 1;
    let begun = Instant::now();
    for _ in 0..WRITES {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        file.write_all_at(block, (random >> 33) % blocks * BLOCK_BYTES as u64).context("write a block")?;
    }
    file.sync_data().context("sync a file")?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_in_two_directories_are_compared() {
        let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let share = share(places[0].path(), places[1].path());
        // A file system in memory knows no way past the page cache.
        assert!(
            share.as_ref().map_or_else(|error| format!("{error:#}").contains("past the page cache"), |share| *share > 0.0),
            "{share:?}"
        );
    }
}
