//! Reads the facts of this machine. The only place of the node that looks at the host.

mod usage;

use crate::pod::files::DnsFacts;
use crate::registration::{HugePages, Machine};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;
pub use usage::{Disk, HostUsage, Interface, Memory, disk, host_usage, interfaces_of};

/// The facts of the machine this runs on; what cannot be read is left empty.
pub fn machine(name: &str, data_dir: &Path, runtime_version: &str, kubernetes_version: &str) -> Machine {
    let uname = nix::sys::utsname::uname().ok();
    let text = |path: &str| std::fs::read_to_string(path).map(|t| t.trim().to_owned()).unwrap_or_default();
    let storage = nix::sys::statvfs::statvfs(data_dir).map(|s| s.fragment_size() * s.blocks()).unwrap_or_default();
    Machine {
        name: name.to_owned(),
        addresses: addresses(&[Family::V4]),
        hostname: uname.as_ref().map(|u| u.nodename().to_string_lossy().into_owned()).unwrap_or_default(),
        dns: DnsFacts::default(),
        pod_ranges: Vec::new(),
        cpus: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
        memory_bytes: memory_bytes(&text("/proc/meminfo")),
        storage_bytes: storage,
        huge_pages: huge_pages(Path::new("/sys/kernel/mm/hugepages")),
        user_namespaces: user_namespaces(uname.as_ref().map_or((0, 0), |u| release(&u.release().to_string_lossy()))),
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

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// An address that is nobody's, to ask for the way to elsewhere.
    fn elsewhere(self) -> IpAddr {
        match self {
            Family::V4 => Ipv4Addr::new(198, 51, 100, 1).into(),
            Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        }
    }

    fn unspecified(self) -> IpAddr {
        match self {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}

/// The machine's address of each of these families, in their order; loopback if it has none.
pub fn addresses(families: &[Family]) -> Vec<String> {
    let found: Vec<String> = families.iter().filter_map(|family| Some(address(*family)?.to_string())).collect();
    if found.is_empty() { vec![Ipv4Addr::LOCALHOST.to_string()] } else { found }
}

/// The sizes of huge pages that there are; a directory for each.
fn huge_pages(directory: &Path) -> Vec<HugePages> {
    let size = |entry: std::fs::DirEntry| {
        let page_kib = entry.file_name().to_str()?.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let pages = std::fs::read_to_string(entry.path().join("nr_hugepages")).ok()?.trim().parse().ok()?;
        Some(HugePages { page_kib, pages })
    };
    let mut sizes: Vec<HugePages> = std::fs::read_dir(directory).into_iter().flatten().flatten().filter_map(size).collect();
    sizes.sort();
    sizes
}

/// Whether the kernel has user namespaces, lets any be made, and shows an image's layers to them.
fn user_namespaces(kernel: (u32, u32)) -> bool {
    let most = std::fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    Path::new("/proc/self/ns/user").exists() && most.trim() != "0" && kernel >= (5, 19)
}

/// The first two numbers of a kernel's release.
fn release(text: &str) -> (u32, u32) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The address that packets to elsewhere would leave from, if there is a route. Nothing is sent.
fn address(family: Family) -> Option<IpAddr> {
    let socket = UdpSocket::bind((family.unspecified(), 0)).ok()?;
    socket.connect((family.elsewhere(), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
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
        assert_eq!(addresses(&[]), ["127.0.0.1"]);
        assert_eq!((release("6.1.0-13-cloud-amd64"), release("5.19-rc1"), release("")), ((6, 1), (5, 19), (0, 0)));
        assert!((1..=2).contains(&addresses(&[Family::V6, Family::V4]).len()));
    }
}
