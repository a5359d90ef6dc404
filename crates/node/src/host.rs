//! Reads the facts of this machine. The only place of the node that looks at the host.

mod usage;

use crate::pod::files::DnsFacts;
use crate::registration::Machine;
use std::net::UdpSocket;
use std::path::Path;
pub use usage::{Disk, HostUsage, Interface, Memory, disk, host_usage};

/// The facts of the machine this runs on; what cannot be read is left empty.
pub fn machine(name: &str, data_dir: &Path, runtime_version: &str, kubernetes_version: &str) -> Machine {
    let uname = nix::sys::utsname::uname().ok();
    let text = |path: &str| std::fs::read_to_string(path).map(|t| t.trim().to_owned()).unwrap_or_default();
    let storage = nix::sys::statvfs::statvfs(data_dir).map(|s| s.fragment_size() * s.blocks()).unwrap_or_default();
    Machine {
        name: name.to_owned(),
        addresses: vec![address()],
        hostname: uname.as_ref().map(|u| u.nodename().to_string_lossy().into_owned()).unwrap_or_default(),
        dns: DnsFacts::default(),
        pod_ranges: Vec::new(),
        cpus: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
        memory_bytes: memory_bytes(&text("/proc/meminfo")),
        storage_bytes: storage,
        pods_max: 110,
        machine_id: text("/etc/machine-id"),
        system_uuid: text("/sys/class/dmi/id/product_uuid"),
        boot_id: text("/proc/sys/kernel/random/boot_id"),
        kernel: uname.map(|u| u.release().to_string_lossy().into_owned()).unwrap_or_default(),
        os_image: os_image(&text("/etc/os-release")),
        architecture: match std::env::consts::ARCH {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        },
        runtime_version: runtime_version.to_owned(),
        kubernetes_version: kubernetes_version.to_owned(),
        pods_dir: data_dir.join("pods"),
    }
}

/// The address that packets to elsewhere would leave from; loopback without a route. Nothing is sent.
fn address() -> String {
    let route = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("198.51.100.1:9")?;
        socket.local_addr()
    });
    route.map_or_else(|_| "127.0.0.1".to_owned(), |address| address.ip().to_string())
}

fn memory_bytes(meminfo: &str) -> i64 {
    let kib = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<i64>().ok());
    kib.unwrap_or_default() * 1024
}

fn os_image(os_release: &str) -> String {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "Linux".to_owned(), |name| name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_linux_prints() {
        assert_eq!(memory_bytes("MemTotal:       24684084 kB\nMemFree: 1 kB"), 24_684_084 * 1024);
        assert_eq!(os_image("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"), "Debian GNU/Linux 12");
        assert!(!address().is_empty());
    }
}
