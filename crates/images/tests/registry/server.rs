//! Debian's `docker-registry` on loopback with TLS and a password.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// `me:secret`, as htpasswd writes it.
const HTPASSWD: &str = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

pub struct RegistryServer {
    child: Child,
    pub address: String,
    dir: tempfile::TempDir,
}

impl RegistryServer {
    /// None, said aloud, where there is no such program.
    pub fn start() -> Option<RegistryServer> {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        fs::write(path("cert.pem"), certified.cert.pem()).unwrap();
        fs::write(path("key.pem"), certified.signing_key.serialize_pem()).unwrap();
        fs::write(path("htpasswd"), HTPASSWD).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp:\n  addr: 127.0.0.1:0\n  tls: {{certificate: {}, key: {}}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("storage"),
            path("cert.pem"),
            path("key.pem"),
            path("htpasswd")
        );
        fs::write(path("config.yml"), config).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the registry server is another program")]
        let mut command = Command::new("docker-registry");
        let spawned = command.args(["serve", &path("config.yml")]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
        let Ok(mut child) = spawned else {
            crate::left_out("needs docker-registry");
            return None;
        };
        // The rest of its log is read so that it never waits for us.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .by_ref()
            .find_map(|line| line.split("listening on 127.0.0.1:").nth(1)?.split([',', '"', ' ']).next()?.parse::<u16>().ok());
        let port = port.expect("it says where it listens");
        #[expect(clippy::disallowed_methods, reason = "ends with the server")]
        std::thread::spawn(move || lines.for_each(drop));
        Some(RegistryServer { child, address: format!("127.0.0.1:{port}"), dir })
    }

    /// Settings that trust its certificate, with its password or without.
    pub fn registries(&self, with_password: bool) -> String {
        let auth = if with_password { "\n    auth: {username: me, password: secret}" } else { "" };
        format!("configs:\n  \"{}\":\n    tls: {{ca_file: {}}}{auth}\n", self.address, self.dir.path().join("cert.pem").display())
    }

    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        self.stop();
    }
}
