//! PostgreSQL 15, which Debian has.

use crate::images::recipe::{Base, Change, Image, User, entry_point};
use serde_json::json;

pub const POSTGRES: Image = Image {
    name: "postgres",
    tags: &["postgres:15", "postgres:latest"],
    stand_in: None,
    base: Base::Debian,
    packages: &["postgresql-15"],
    jars: None,
    changes: &[
        // A server in a container is reached from outside of it.
        Change::Replace {
            file: "usr/share/postgresql/15/postgresql.conf.sample",
            old: "#listen_addresses = 'localhost'",
            new: "listen_addresses = '*'",
        },
        // The library that JIT compilation needs is not there.
        Change::Remove("usr/lib/postgresql/15/lib/llvmjit.so"),
    ],
    user: Some(User { name: "postgres", number: 999, home: "/var/lib/postgresql" }),
    files: &[entry_point(include_str!("postgres.sh"))],
    directories: &[
        ("docker-entrypoint-initdb.d", 0o755),
        ("run/postgresql", 0o3777),
        ("var/lib/postgresql", 0o755),
        ("var/lib/postgresql/data", 0o1777),
    ],
    links: &[],
    config: || {
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin";
        json!({"Env": [path, "LANG=C.UTF-8", "PG_MAJOR=15", "PGDATA=/var/lib/postgresql/data"],
            "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["postgres"], "ExposedPorts": {"5432/tcp": {}},
            "Volumes": {"/var/lib/postgresql/data": {}}, "StopSignal": "SIGINT"})
    },
};
