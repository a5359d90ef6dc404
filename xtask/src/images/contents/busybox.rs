//! busybox: Debian has 1.35.

use crate::images::recipe::{Base, Change, Image, PATH};
use serde_json::json;

pub const BUSYBOX: Image = Image {
    name: "busybox",
    tags: &["busybox:1.36", "busybox:1.35", "busybox:1", "busybox:latest"],
    stand_in: Some("busybox 1.35 of Debian, also under the tag 1.36"),
    base: Base::Empty,
    packages: &["busybox-static"],
    jars: None,
    changes: &[Change::Names { program: "bin/busybox", to: "bin" }],
    user: None,
    files: &[],
    directories: &[("home", 0o755), ("root", 0o700), ("run", 0o755), ("tmp", 0o1777), ("var/spool/mail", 0o755)],
    links: &[("usr/bin/env", "/bin/env")],
    config: || json!({"Env": [PATH], "Cmd": ["sh"]}),
};
