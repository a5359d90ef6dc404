//! What the images are: their packages, what is changed in those, files and directories of their own, and how they are run.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

pub struct Image {
    pub name: &'static str,
    pub tags: &'static [&'static str],
    pub packages: &'static [&'static str],
    /// What is made of the unpacked packages.
    pub change: fn(&Path) -> Result<()>,
    /// The user that the server runs as, of the same number as group.
    pub user: (&'static str, u32, &'static str),
    pub entry_point: &'static str,
    /// Path and mode of the directories that are the user's.
    pub directories: &'static [(&'static str, u32)],
    /// The members of the image's configuration.
    pub config: fn() -> Value,
}

pub const IMAGES: [Image; 2] = [
    Image {
        name: "postgres",
        tags: &["postgres:15", "postgres:latest"],
        packages: &["postgresql-15"],
        change: listening,
        user: ("postgres", 999, "/var/lib/postgresql"),
        entry_point: include_str!("postgres.sh"),
        directories: &[
            ("docker-entrypoint-initdb.d", 0o755),
            ("run/postgresql", 0o3777),
            ("var/lib/postgresql", 0o755),
            ("var/lib/postgresql/data", 0o1777),
        ],
        config: || {
            let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin";
            json!({"Env": [path, "LANG=C.UTF-8", "PG_MAJOR=15", "PGDATA=/var/lib/postgresql/data"],
                "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["postgres"], "ExposedPorts": {"5432/tcp": {}},
                "Volumes": {"/var/lib/postgresql/data": {}}, "StopSignal": "SIGINT"})
        },
    },
    // Debian's is older than 7.2, and an image is not to say that it is another than it is.
    Image {
        name: "redis",
        tags: &["redis:7.0", "redis:7", "redis:latest"],
        packages: &["redis-server"],
        change: |_| Ok(()),
        user: ("redis", 999, "/data"),
        entry_point: include_str!("redis.sh"),
        directories: &[("data", 0o755)],
        config: || {
            let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            json!({"Env": [path, "LANG=C.UTF-8"], "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["redis-server"],
                "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}}, "WorkingDir": "/data"})
        },
    },
];

impl Image {
    pub fn archive(&self) -> String {
        format!("{}.tar", self.name)
    }
}

/// A server in a container is reached from outside of it; the library that JIT compilation needs is not there.
fn listening(root: &Path) -> Result<()> {
    let sample = root.join("usr/share/postgresql/15/postgresql.conf.sample");
    let text = fs::read_to_string(&sample).context("read the sample of the configuration")?;
    let (closed, open) = ("#listen_addresses = 'localhost'", "listen_addresses = '*'");
    anyhow::ensure!(text.contains(closed), "the sample of the configuration is another than was expected");
    fs::write(&sample, text.replace(closed, open)).context("write the sample of the configuration")?;
    fs::remove_file(root.join("usr/lib/postgresql/15/lib/llvmjit.so")).context("remove what cannot be loaded")
}
