//! The resolvers of the host: what its file says, systemd-resolved's stub seen through (FILE-6, DNS-15). Reading is here, deciding is pure.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the host's own programs read.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";
/// What systemd-resolved asks itself, for those that cannot use its stub.
pub const BEHIND_STUB: &str = "/run/systemd/resolve/resolv.conf";
/// The addresses of systemd-resolved's stubs.
const STUBS: [&str; 2] = ["127.0.0.53", "127.0.0.54"];
const PORT: u16 = 53;
/// As many as resolvers of the C library take.
const RESOLVERS_MAX: usize = 3;
/// How often the file is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);
/// A longer file is no such file.
const FILE_MAX: u64 = 1 << 20;

/// Where the resolvers are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Given(Vec<SocketAddr>),
    /// The host's own file.
    Host,
    File(PathBuf),
}

/// The resolvers as they are now.
#[derive(Debug)]
pub struct HostResolvers {
    source: Source,
    known: Vec<SocketAddr>,
}

impl HostResolvers {
    pub fn new(source: Source) -> Self {
        let known = read(&source);
        Self { source, known }
    }

    pub fn addresses(&self) -> &[SocketAddr] {
        &self.known
    }

    /// Until they have changed.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
            let new = read(&self.source);
            if new != self.known {
                self.known = new;
                return;
            }
        }
    }
}

fn read(source: &Source) -> Vec<SocketAddr> {
    match source {
        Source::Given(addresses) => addresses.clone(),
        Source::File(path) => parse(&text(path)),
        Source::Host => {
            let own = parse(&text(Path::new(RESOLV_CONF)));
            let behind = if own.iter().any(is_stub) { parse(&text(Path::new(BEHIND_STUB))) } else { Vec::new() };
            seen_through(own, behind)
        }
    }
}

fn text(path: &Path) -> String {
    let is_short = std::fs::metadata(path).is_ok_and(|file| file.len() <= FILE_MAX);
    let text = if is_short { std::fs::read(path).ok() } else { None };
    text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn is_stub(address: &SocketAddr) -> bool {
    STUBS.iter().any(|stub| address.ip().to_string() == *stub)
}

/// What lies behind the stub in its place.
fn seen_through(own: Vec<SocketAddr>, behind: Vec<SocketAddr>) -> Vec<SocketAddr> {
    if behind.is_empty() {
        return own;
    }
    let others = own.into_iter().filter(|address| !is_stub(address));
    let mut seen: Vec<SocketAddr> = Vec::new();
    for address in others.chain(behind) {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    seen
}

/// The name servers of such a file. A zone after an address (`fe80::1%eth0`) cannot be used from here.
pub fn parse(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    text.lines().filter_map(server).take(RESOLVERS_MAX).map(|ip| SocketAddr::new(ip, PORT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(addresses: &[SocketAddr]) -> Vec<String> {
        addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn name_servers_are_read_from_the_file() {
        let file = "# c\nsearch x\nnameserver 192.0.2.1\n nameserver\tfd00::1 # x\nnameserver fe80::1%eth0\nnameserver no\noptions x\n";
        assert_eq!(texts(&parse(file)), ["192.0.2.1:53", "[fd00::1]:53"]);
        assert_eq!(parse(&"nameserver 192.0.2.1\n".repeat(5)).len(), RESOLVERS_MAX);
    }

    #[test]
    fn a_stub_is_seen_through() {
        // DNS-15
        let stub = parse("nameserver 127.0.0.53\n");
        assert_eq!(texts(&seen_through(stub.clone(), parse("nameserver 192.0.2.9\n"))), ["192.0.2.9:53"]);
        assert_eq!(seen_through(stub.clone(), Vec::new()), stub, "better than nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("resolv.conf");
        std::fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
        let mut resolvers = HostResolvers::new(Source::File(path.clone()));
        assert_eq!(texts(resolvers.addresses()), ["192.0.2.1:53"]);
        std::fs::write(&path, "nameserver 192.0.2.2\n").unwrap();
        resolvers.changed().await;
        assert_eq!(texts(resolvers.addresses()), ["192.0.2.2:53"]);
    }
}
