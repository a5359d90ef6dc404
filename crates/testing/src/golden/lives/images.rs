//! The images that lives run, made of the machine's static busybox as docker-style archives: `busybox:1.36` with a link for each
//! applet, `entry:1` with a configuration of its own, `named:1` with a user by name.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use tar::{Builder, EntryType, Header};

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PASSWD: &str =
    "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
const GROUP: &str = "root:x:0:\napp:x:1000:\nextra:x:2000:app\nnobody:x:65534:\n";
const CREATED: &str = "2023-11-14T22:13:20Z";
const CREATED_S: u64 = 1_700_000_000;
/// Directories: name, mode, owner.
const DIRECTORIES: [(&str, u32, u64); 12] = [
    ("bin", 0o755, 0),
    ("etc", 0o755, 0),
    ("root", 0o700, 0),
    ("home", 0o755, 0),
    ("home/app", 0o755, 1000),
    ("tmp", 0o1777, 0),
    ("var", 0o755, 0),
    ("work", 0o755, 1000),
    ("data", 0o750, 1000),
    ("dev", 0o755, 0),
    ("proc", 0o755, 0),
    ("sys", 0o755, 0),
];

/// Names and configurations.
fn images() -> [(&'static str, &'static str, Value); 3] {
    let entry = json!({
        "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo default command; id; pwd; env | sort"], "User": "1000", "WorkingDir": "/work",
        "Env": [PATH, "GREETING=hello", "FROM=image"], "StopSignal": "SIGINT", "Volumes": {"/data": {}},
    });
    [
        ("busybox", "docker.io/library/busybox:1.36", json!({"Cmd": ["sh"], "Env": [PATH]})),
        ("entry", "docker.io/library/entry:1", entry),
        ("named", "docker.io/library/named:1", json!({"User": "app:extra", "Env": [PATH]})),
    ]
}

/// The machine's static busybox, if it has one.
#[expect(clippy::disallowed_methods, reason = "a development task looks for a program of the machine")]
pub fn busybox() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join("busybox")).find(|path| path.exists())
}

/// Writes the archives into a folder; their paths.
pub fn write(busybox: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let layer = layer(busybox)?;
    let diff_id = format!("sha256:{}", hex(&layer));
    let mut paths = Vec::new();
    for (name, tag, config) in images() {
        let rootfs = json!({"type": "layers", "diff_ids": [&diff_id]});
        let document = json!({"architecture": architecture(), "os": "linux", "created": CREATED, "config": config, "rootfs": rootfs});
        let document = document.to_string();
        let title = format!("{}.json", hex(document.as_bytes()));
        let manifest = json!([{"Config": title, "RepoTags": [tag], "Layers": ["l/layer.tar"]}]).to_string();
        let mut archive = Archive(Builder::new(Vec::new()));
        archive.file(&title, 0o644, 0, document.as_bytes())?;
        archive.directory("l", 0o755, 0)?;
        archive.file("l/layer.tar", 0o644, 0, &layer)?;
        archive.file("manifest.json", 0o644, 0, manifest.as_bytes())?;
        let path = folder.join(format!("{name}.tar"));
        std::fs::write(&path, archive.0.into_inner()?).with_context(|| format!("write {}", path.display()))?;
        paths.push(path);
    }
    Ok(paths)
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The one layer, in all of them.
fn layer(busybox: &Path) -> Result<Vec<u8>> {
    let binary = std::fs::read(busybox).with_context(|| format!("read {}", busybox.display()))?;
    let mut archive = Archive(Builder::new(Vec::new()));
    for (name, mode, owner) in DIRECTORIES {
        archive.directory(name, mode, owner)?;
    }
    archive.file("bin/busybox", 0o755, 0, &binary)?;
    for applet in applets(busybox)? {
        archive.link(&format!("bin/{applet}"), "busybox")?;
    }
    archive.file("etc/passwd", 0o644, 0, PASSWD.as_bytes())?;
    archive.file("etc/group", 0o644, 0, GROUP.as_bytes())?;
    archive.file("data/seed", 0o640, 1000, b"from the image\n")?;
    Ok(archive.0.into_inner()?)
}

#[expect(clippy::disallowed_methods, reason = "busybox says what it can do")]
fn applets(busybox: &Path) -> Result<Vec<String>> {
    let out = Command::new(busybox).arg("--list").output().context("run busybox")?;
    ensure!(out.status.success(), "busybox does not list its applets");
    let mut names: Vec<String> = String::from_utf8_lossy(&out.stdout).split_whitespace().map(str::to_owned).collect();
    names.retain(|name| name != "busybox");
    names.sort();
    names.dedup();
    Ok(names)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn directory(&mut self, name: &str, mode: u32, owner: u64) -> Result<()> {
        let mut header = header(EntryType::Directory, mode, owner, 0);
        Ok(self.0.append_data(&mut header, name, std::io::empty())?)
    }

    fn file(&mut self, name: &str, mode: u32, owner: u64, content: &[u8]) -> Result<()> {
        let mut header = header(EntryType::Regular, mode, owner, content.len() as u64);
        Ok(self.0.append_data(&mut header, name, content)?)
    }

    fn link(&mut self, name: &str, target: &str) -> Result<()> {
        Ok(self.0.append_link(&mut header(EntryType::Symlink, 0o777, 0, 0), name, target)?)
    }
}

fn header(kind: EntryType, mode: u32, owner: u64, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(CREATED_S);
    header.set_size(size);
    header
}
