//! Redis: Debian has 7.0.

use crate::images::recipe::{Base, Image, Own, PATH, User, entry_point};
use serde_json::json;

pub const REDIS: Image = Image {
    name: "redis",
    tags: &["redis:7.2", "redis:7.0", "redis:7", "redis:latest"],
    stand_in: Some("Redis 7.0 of Debian, also under the tag 7.2"),
    base: Base::Debian,
    packages: &["redis-server", "redis-sentinel"],
    jars: None,
    changes: &[],
    user: Some(User { name: "redis", number: 999, home: "/data" }),
    files: &[
        entry_point(include_str!("redis.sh")),
        Own { path: "usr/local/bin/redis-server", mode: 0o755, content: include_str!("redis-server.sh") },
    ],
    directories: &[("data", 0o755)],
    links: &[],
    config: || {
        json!({"Env": [PATH, "LANG=C.UTF-8"], "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["redis-server"],
            "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}}, "WorkingDir": "/data"})
    },
};
