//! The machine as users have it: Debian with systemd as its first process, the bus and logind. Output: its root disk, whose script `trial.sh` installs the
//! service, restarts and kills it, restarts the machine, and removes the service again.

use super::image;
use super::programs::Programs;
use crate::images;
use crate::images::recipe::{Base, Image, Own};
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Where users have programs.
const PROGRAMS: &str = "usr/local/bin";

const TRIAL: &str = "\
[Unit]
Description=Trial of the service
After=dbus.service systemd-logind.service

[Service]
ExecStart=/bin/sh /etc/trial

[Install]
WantedBy=multi-user.target
";

/// A Debian whose packages nobody has configured: what their scripts would do is said here.
const MACHINE: Image = Image {
    name: "machine",
    tags: &[],
    stand_in: None,
    base: Base::Debian,
    packages: &["systemd", "systemd-sysv", "dbus", "libdbus-1-3", "mount"],
    jars: None,
    changes: &[],
    user: None,
    files: &[
        Own {
            path: "etc/passwd",
            mode: 0o644,
            content: "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/nonexistent:/bin/false\nnobody:x:65534:65534::/nonexistent:/bin/false\n",
        },
        Own { path: "etc/group", mode: 0o644, content: "root:x:0:\nmessagebus:x:100:\nnogroup:x:65534:\n" },
        Own { path: "etc/hostname", mode: 0o644, content: "machine\n" },
        Own { path: "etc/hosts", mode: 0o644, content: "127.0.0.1 localhost machine\n" },
        // Without it the first start asks who it is.
        Own { path: "etc/machine-id", mode: 0o444, content: "0123456789abcdef0123456789abcdef\n" },
        Own { path: "etc/systemd/logind.conf.d/delay.conf", mode: 0o644, content: "[Login]\nInhibitDelayMaxSec=30\n" },
        Own { path: "etc/trial", mode: 0o644, content: include_str!("trial.sh") },
        Own { path: "etc/web.yaml", mode: 0o644, content: include_str!("trial.yaml") },
        Own { path: "etc/systemd/system/trial.service", mode: 0o644, content: TRIAL },
    ],
    directories: &[
        ("data", 0o755),
        ("dev", 0o755),
        ("etc/systemd/logind.conf.d", 0o755),
        ("etc/systemd/system/multi-user.target.wants", 0o755),
        ("proc", 0o755),
        ("root", 0o700),
        ("run", 0o755),
        ("sys", 0o755),
        ("tmp", 0o1777),
        ("usr/local/bin", 0o755),
    ],
    links: &[
        ("etc/systemd/system/default.target", "/lib/systemd/system/multi-user.target"),
        ("etc/systemd/system/multi-user.target.wants/trial.service", "/etc/systemd/system/trial.service"),
        // Nobody signs in.
        ("etc/systemd/system/getty.target", "/dev/null"),
    ],
    config: || json!({}),
};

/// Makes the disk; what is written to it is lost when the machine is off.
pub fn root_disk(root: &Path, dir: &Path, programs: &Programs) -> Result<PathBuf> {
    let tree = images::tree(root, &MACHINE)?;
    for program in programs.of_users() {
        let name = program.file_name().context("a program has a name")?.to_string_lossy();
        // Those of a package of several kubectls have their version in it.
        let name = if name.starts_with("kubectl") { "kubectl" } else { name.as_ref() };
        fs::copy(program, tree.join(PROGRAMS).join(name)).with_context(|| format!("copy {}", program.display()))?;
    }
    let disk = dir.join("systemd.img");
    image::disk_of(&tree, &disk)?;
    Ok(disk)
}
