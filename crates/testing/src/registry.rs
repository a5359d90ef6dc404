//! A real registry on loopback, empty at first, for images that are pulled from it. It ends with the test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Debian's `docker-registry`, on a port of its own.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    pub port: u16,
}

impl Registry {
    /// None, said aloud, where there is no such program.
    #[expect(clippy::disallowed_methods, reason = "the registry is another program, and its log is read to its end")]
    pub fn start(test: &str, dir: &Path) -> Option<Self> {
        let config = dir.join("registry.yml");
        let storage = dir.join("registry").display().to_string();
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n"
        );
        std::fs::write(&config, text).expect("its settings can be written");
        let spawned = Command::new("docker-registry").arg("serve").arg(&config).stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
        let Ok(mut child) = spawned else {
            crate::left_out(test, "needs docker-registry");
            return None;
        };
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
        let port = |line: String| line.split("listening on 127.0.0.1:").nth(1)?.split([',', '"', ' ']).next()?.parse().ok();
        let port = lines.by_ref().find_map(port).expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}
