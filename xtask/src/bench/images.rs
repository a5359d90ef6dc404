//! Images: how long the unpacking of one takes, beside `tar` with the same layer on the same disk.

use super::report::{self, Report, time};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: u64 = 2_000;
const FILE_BYTES: u64 = 100_000;

/// Imports a docker-style archive of one layer of 200 MB.
pub fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
    let (archive, layer) = archive(dir)?;
    let beside = dir.join("tar");
    std::fs::create_dir_all(&beside).context("make a directory for tar")?;
    let unpacked = timed("tar", &["-x".as_ref(), "-f".as_ref(), layer.as_os_str(), "-C".as_ref(), beside.as_os_str()])?;
    let data = dir.join("data");
    let imported = timed(binary, &["image".as_ref(), "import".as_ref(), archive.as_os_str(), "--data-dir".as_ref(), data.as_os_str()])?;
    let times = imported.as_secs_f64() / unpacked.as_secs_f64();
    report.add(report::IMPORT, format!("{} / {} ({times:.2} times)", time(imported), time(unpacked)));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a development task runs programs")]
fn timed(program: impl AsRef<std::ffi::OsStr>, arguments: &[&std::ffi::OsStr]) -> Result<Duration> {
    let begun = Instant::now();
    let status = Command::new(program.as_ref()).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status();
    ensure!(status.context("run a program")?.success(), "{} failed", program.as_ref().display());
    Ok(begun.elapsed())
}

/// The archive, and its layer by itself.
fn archive(dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut state = 1_u64;
    for number in 0..FILES {
        // What does not compress, and is the same each time.
        let content: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(FILE_BYTES as usize)
        .collect();
        append(&mut tar, &format!("usr/share/part-{}/file-{number}", number / 100), &content)?;
    }
    let layer_bytes = tar.into_inner().context("end the layer")?;
    let hex = |bytes: &[u8]| -> String { Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
    let config = json!({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer_bytes))]}})
    .to_string();
    let title = format!("{}.json", hex(config.as_bytes()));
    let manifest = json!([{"Config": title, "RepoTags": ["docker.io/library/bench:1"], "Layers": ["l/layer.tar"]}]).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, &title, config.as_bytes())?;
    append(&mut tar, "l/layer.tar", &layer_bytes)?;
    append(&mut tar, "manifest.json", manifest.as_bytes())?;
    let (archive, layer) = (dir.join("image.tar"), dir.join("layer.tar"));
    std::fs::write(&archive, tar.into_inner().context("end the archive")?).context("write the archive")?;
    std::fs::write(&layer, layer_bytes).context("write the layer")?;
    Ok((archive, layer))
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content).context("add a file to an archive")
}
