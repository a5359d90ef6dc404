//! Images: how long a pull and an import take, beside `tar` with the same layer on the same disk.

use super::report::{self, Report, time};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const FILES: u64 = 2_000;
const FILE_BYTES: u64 = 100_000;
/// Of these, what does not compress; the rest is text.
const DENSE_BYTES: u64 = 40_000;
/// Each is done so often; the shortest counts.
const ROUNDS: usize = 3;
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// One layer of 200 MB, compressed from a registry on loopback, and as `docker save` writes it.
pub fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
    let layer = layer()?;
    let config = json!({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))]}})
    .to_string();
    let packed = packed(&layer)?;
    let (plain_file, packed_file, archive) = (dir.join("layer.tar"), dir.join("layer.tar.gz"), dir.join("image.tar"));
    std::fs::write(&archive, saved(&layer, &config)?).context("write the archive")?;
    std::fs::write(&plain_file, layer).context("write the layer")?;
    std::fs::write(&packed_file, &packed).context("write the layer")?;
    let tar = |file: &Path, flags: &'static str| -> Result<Duration> {
        shortest(dir, |beside| timed("tar", &[flags.as_ref(), file.as_os_str(), "-C".as_ref(), beside.as_os_str()]))
    };
    let image = |words: &[&OsStr]| -> Result<Duration> {
        let begin = [OsStr::new("image")];
        shortest(dir, |data| timed(binary, &[&begin[..], words, &["--data-dir".as_ref(), data.as_os_str()]].concat()))
    };
    let pulled = beside_registry(&contents(config, packed), |registry| {
        let name = format!("{registry}/bench/app:1");
        image(&["pull".as_ref(), name.as_ref()])
    })?;
    add(report, report::PULL, pulled, tar(&packed_file, "-xzf")?);
    add(report, report::IMPORT, image(&["import".as_ref(), archive.as_os_str()])?, tar(&plain_file, "-xf")?);
    Ok(())
}

fn add(report: &mut Report, quantity: report::Quantity, ours: Duration, theirs: Duration) {
    let times = ours.as_secs_f64() / theirs.as_secs_f64();
    report.add(quantity, format!("{} / {} ({times:.2} times)", time(ours), time(theirs)));
}

/// The shortest of some rounds, each into a new directory, with nothing left to be written by whoever came before.
fn shortest(dir: &Path, round: impl Fn(&Path) -> Result<Duration>) -> Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        let place = dir.join("round");
        std::fs::create_dir_all(&place).context("make a directory")?;
        nix::unistd::sync();
        shortest = shortest.min(round(&place)?);
        std::fs::remove_dir_all(&place).context("remove what a round made")?;
    }
    Ok(shortest)
}

#[expect(clippy::disallowed_methods, reason = "a development task runs programs")]
fn timed(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<Duration> {
    let begun = Instant::now();
    let status = Command::new(program.as_ref()).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status();
    ensure!(status.context("run a program")?.success(), "{} failed", program.as_ref().display());
    Ok(begun.elapsed())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tar that is the same each time.
fn layer() -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut state = 1_u64;
    for number in 0..FILES {
        let mut content: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(DENSE_BYTES as usize)
        .collect();
        while (content.len() as u64) < FILE_BYTES {
            writeln!(content, "line {} of file {number}, as a program writes it", content.len() % 977).context("write a line")?;
        }
        append(&mut tar, &format!("usr/share/part-{}/file-{number}", number / 100), &content)?;
    }
    tar.into_inner().context("end the layer")
}

fn packed(layer: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(layer).context("compress the layer")?;
    encoder.finish().context("compress the layer")
}

/// As `docker save` writes it.
fn saved(layer: &[u8], config: &str) -> Result<Vec<u8>> {
    let title = format!("{}.json", hex(config.as_bytes()));
    let manifest = json!([{"Config": title, "RepoTags": ["docker.io/library/bench:1"], "Layers": ["l/layer.tar"]}]).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, &title, config.as_bytes())?;
    append(&mut tar, "l/layer.tar", layer)?;
    append(&mut tar, "manifest.json", manifest.as_bytes())?;
    tar.into_inner().context("end the archive")
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content).context("add a file to an archive")
}

/// What a registry has, by the end of a path; with its media type.
type Contents = BTreeMap<String, (&'static str, Vec<u8>)>;

fn contents(config: String, packed: Vec<u8>) -> Contents {
    let digest = |bytes: &[u8]| format!("sha256:{}", hex(bytes));
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": config.len(), "digest": digest(config.as_bytes())},
        "layers": [{"mediaType": LAYER, "size": packed.len(), "digest": digest(&packed)}]})
    .to_string();
    let blobs = [(CONFIG, config.into_bytes()), (LAYER, packed)].map(|(kind, bytes)| (digest(&bytes), (kind, bytes)));
    blobs.into_iter().chain([("1".to_owned(), (MANIFEST, manifest.into_bytes()))]).collect()
}

/// Does something beside a registry that only gives, at that address.
fn beside_registry<T>(contents: &Contents, work: impl FnOnce(SocketAddr) -> Result<T>) -> Result<T> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("listen")?;
    let (address, is_over) = (listener.local_addr()?, AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming().flatten().take_while(|_| !is_over.load(Ordering::Relaxed)) {
                // Whoever asks sees what went wrong.
                scope.spawn(move || answer(&stream, contents).ok());
            }
        });
        let done = work(address);
        is_over.store(true, Ordering::Relaxed);
        TcpStream::connect(address).context("end the registry")?;
        done
    })
}

fn answer(mut stream: &TcpStream, contents: &Contents) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let name = first.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let (status, (kind, bytes)) = match contents.get(name) {
            Some((kind, bytes)) => ("200 OK", (*kind, &bytes[..])),
            None => ("404 Not Found", ("application/json", &b"{}"[..])),
        };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", bytes.len())?;
        stream.write_all(bytes)?;
    }
    Ok(())
}
