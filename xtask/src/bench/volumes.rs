//! Volumes of claims in pods: how fast a set comes up with them, what a million files cost a pod that wants a group, and what writing through one
//! costs beside the directory that it lies in.

use super::Extent;
use super::pods::{self, down, single_with, until, up_of, wait_for_account};
use super::report::{self, Report, quantile, thousands, time};
use anyhow::{Context, Result, ensure};
use http::Method;
use nix::libc::O_DIRECT;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, Watch};
use stead_testing::program::Server;

const FILES_PER_DIRECTORY: usize = 10_000;
const STARTS: usize = 5;
const ROUNDS: usize = 30;
const BLOCK_BYTES: usize = 4096;
/// Here and there by turns, so that what the machine does beside counts for both.
const TURNS: usize = 9;
const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

/// Measures with real containers.
pub async fn measure(binary: &Path, dir: &Path, extent: Extent, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &[])?;
    let mut api = server.connect().await?;
    wait_for_account(&mut api).await?;
    let replicas = extent.of(100, 5);
    let mut set = pods::set("stored", replicas, "Parallel");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": claim_spec("standard", "16Mi")}]);
    set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts();
    let took = up_of(&server, &set).await?;
    report.add(report::SET_WITH_CLAIMS, format!("{} ({replicas} pods)", time(took)));
    down(&server, "stored").await?;

    for kind in ["none", "image"] {
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": kind},
            "provisioner": "stead.io/local", "volumeBindingMode": "Immediate", "parameters": {"enforcement": kind}});
        api.call(Method::POST, "/apis/storage.k8s.io/v1/storageclasses", JSON, &class).await.context("create a class")?;
    }
    let mut claims = Claims::of(&server).await?;
    report.add(
        report::CLAIM_BOUND,
        format!("{}; {}", bound_again_and_again(&mut claims, "none").await?, bound_again_and_again(&mut claims, "image").await?),
    );
    files(&server, &mut claims, extent, report).await?;
    let beside = server.data_dir().join("storage/volumes/beside");
    fs::create_dir(&beside).context("make a directory beside the volumes")?;
    let mut shares = Vec::new();
    for kind in ["none", "image"] {
        let (place, _) = claims.bound(&format!("writes-{kind}"), kind).await?;
        let share = share(&beside, &place, extent)?;
        shares.push(format!("{:+.1} %", (share - 1.0) * 100.0));
    }
    fs::remove_dir_all(&beside).context("remove the directory beside the volumes")?;
    report.add(report::VOLUME_WRITES, shares.join(" / "));
    server.stop()
}

/// One claim after the other, each deleted before the next.
async fn bound_again_and_again(claims: &mut Claims, class: &str) -> Result<String> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let name = format!("{class}-{round}");
        times.push(claims.bound(&name, class).await?.1);
        claims.delete(&name).await?;
    }
    Ok(format!("{} / {}", time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99))))
}

/// A claim with many files: a pod wants them for a group, then it is deleted.
async fn files(server: &Server, claims: &mut Claims, extent: Extent, report: &mut Report) -> Result<()> {
    let files = extent.of(1_000_000, 5_000);
    let (place, _) = claims.bound("files", "none").await?;
    report.add(report::GROUP_OF_FILES, group_of_files(server, &place, files).await?);
    let gone = claims.delete("files").await?;
    let trash = place.parent().context("a volume is in a directory")?.join(".trash");
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    for round in 0.. {
        if fs::read_dir(&trash).context("look into the trash")?.next().is_none() {
            break;
        }
        slowest = slowest.max(claims.bound(&format!("meanwhile-{round}"), "none").await?.1);
    }
    ensure!(!slowest.is_zero(), "nothing was made meanwhile");
    let figures =
        format!("{} / {} ({} files, {} until all are gone)", time(gone), time(slowest), thousands(files as u64), time(begun.elapsed()));
    report.add(report::CLAIM_REMOVED, figures);
    Ok(())
}

fn claim_spec(class: &str, amount: &str) -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": amount}}})
}

fn mounts() -> Value {
    json!([{"name": "data", "mountPath": "/data"}])
}

/// Claims of a server, followed.
struct Claims {
    api: Connection,
    claims: Watch,
    volumes: Watch,
}

impl Claims {
    async fn of(server: &Server) -> Result<Self> {
        let watch = async |path: &str| server.connect().await?.watch(&format!("{path}?watch=true")).await;
        Ok(Self { api: server.connect().await?, claims: watch(CLAIMS).await?, volumes: watch(VOLUMES).await? })
    }

    /// Makes a claim; where its volume is, and how long that took.
    async fn bound(&mut self, name: &str, class: &str) -> Result<(PathBuf, Duration)> {
        let claim =
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": claim_spec(class, "512Mi")});
        let begun = Instant::now();
        self.api.call(Method::POST, CLAIMS, JSON, &claim).await.context("create a claim")?;
        let event =
            until(&mut self.claims, |event| event["object"]["metadata"]["name"] == name && event["object"]["status"]["phase"] == "Bound");
        let bound = event.await.with_context(|| format!("{name} is bound"))?;
        let took = begun.elapsed();
        let volume = bound["object"]["spec"]["volumeName"].as_str().context("a bound claim names its volume")?;
        let volume = self.api.call(Method::GET, &format!("{VOLUMES}/{volume}"), JSON, &Value::Null).await?;
        Ok((volume["spec"]["local"]["path"].as_str().context("a volume has a path")?.into(), took))
    }

    /// Deletes a claim; how long it took until its volume was gone.
    async fn delete(&mut self, name: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.api.call(Method::DELETE, &format!("{CLAIMS}/{name}"), JSON, &Value::Null).await.context("delete a claim")?;
        let event = until(&mut self.volumes, |event| event["type"] == "DELETED" && event["object"]["spec"]["claimRef"]["name"] == name);
        event.await.with_context(|| format!("the volume of {name} goes"))?;
        Ok(begun.elapsed())
    }
}

/// Pods with a claim of many files, that want these given to a group unless the root of the volume is already: create to Running, with few files and
/// with all of them.
async fn group_of_files(server: &Server, place: &Path, all: usize) -> Result<String> {
    let mut spec = pods::spec();
    spec["securityContext"] = json!({"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"});
    spec["containers"][0]["volumeMounts"] = mounts();
    spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "files"}}]);
    let mut starts = Vec::new();
    for files in [0, all] {
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
    Ok(format!("{} ({} without files; {} files)", time(starts[1]), time(starts[0]), thousands(all as u64)))
}

/// What random writes in a volume take, as a share of what they take in a directory beside it: the median of all turns.
fn share(beside: &Path, volume: &Path, extent: Extent) -> Result<f64> {
    let blocks = extent.of(65_536, 1024);
    let files = [beside, volume].map(|directory| written_to(&directory.join("file"), blocks));
    let [beside, volume] = files;
    let (beside, volume) = (beside?, volume?);
    let mut shares = Vec::new();
    for turn in 0..TURNS {
        let count = extent.of(5_000, 200);
        let (one, other) = (writes(&beside, blocks, count, turn)?, writes(&volume, blocks, count, turn)?);
        shares.push(other.as_secs_f64() / one.as_secs_f64());
    }
    shares.sort_by(f64::total_cmp);
    Ok(shares[TURNS / 2])
}

/// A file without holes, opened so that writes go to the disk at once.
fn written_to(path: &Path, blocks: usize) -> Result<File> {
    let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    let block = [0x5a; BLOCK_BYTES];
    for number in 0..blocks as u64 {
        file.write_all_at(&block, number * BLOCK_BYTES as u64).context("write a file")?;
    }
    file.sync_all().context("sync a file")?;
    let direct = OpenOptions::new().write(true).custom_flags(O_DIRECT).open(path);
    direct.with_context(|| format!("open {} past the page cache", path.display()))
}

/// Single blocks, anywhere, one after the other, and a sync at the end.
fn writes(file: &File, blocks: usize, count: usize, turn: usize) -> Result<Duration> {
    let buffer = vec![turn as u8; 2 * BLOCK_BYTES];
    let start = buffer.as_ptr().align_offset(BLOCK_BYTES);
    let block = &buffer[start..start + BLOCK_BYTES];
    let mut random = turn as u64 + 1;
    let begun = Instant::now();
    for _ in 0..count {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        file.write_all_at(block, (random >> 33) % blocks as u64 * BLOCK_BYTES as u64).context("write a block")?;
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
        let share = share(places[0].path(), places[1].path(), Extent::Reduced);
        // A file system in memory knows no way past the page cache.
        assert!(
            share.as_ref().map_or_else(|error| format!("{error:#}").contains("past the page cache"), |share| *share > 0.0),
            "{share:?}"
        );
    }
}
