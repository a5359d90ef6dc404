//! What the machine itself uses and has left, as the kernel shows it. Reads `/proc` and file systems; decides nothing.

use crate::runtime::Pressures;
use std::path::Path;

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostUsage {
    /// Processor time of everything since the machine started.
    pub cpu_ns: u64,
    pub memory: Memory,
    /// Of the file system of the data directory, images included.
    pub disk: Disk,
    pub processes_max: u64,
    pub processes: u64,
    pub network: Vec<Interface>,
    pub pressure: Pressures,
}

/// In bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    pub total: u64,
    pub usage: u64,
    /// What is in use and not soon to be given back (STAT-3).
    pub working_set: u64,
    pub rss: u64,
    pub swap_total: u64,
    pub swap_usage: u64,
    pub page_faults: u64,
    pub major_page_faults: u64,
}

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disk {
    pub capacity_bytes: u64,
    pub available_bytes: u64,
    pub used_bytes: u64,
    pub inodes: u64,
    pub inodes_free: u64,
}

/// A network interface's counters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    pub name: String,
    pub rx_bytes: u64,
    pub rx_errors: u64,
    pub tx_bytes: u64,
    pub tx_errors: u64,
}

/// Reads the machine; what cannot be read is zero.
pub fn host_usage(data_dir: &Path) -> HostUsage {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let number = |path: &str| text(path).trim().parse().unwrap_or_default();
    HostUsage {
        cpu_ns: cpu_ns(&text("/proc/stat")),
        memory: memory(&text("/proc/meminfo"), &text("/proc/vmstat")),
        disk: disk(data_dir),
        processes_max: number("/proc/sys/kernel/pid_max"),
        processes: processes(&text("/proc/loadavg")),
        network: first_of_all(default_interface(&text("/proc/net/route")), interfaces(&text("/proc/net/dev"))),
        pressure: Pressures::read(Path::new("/proc/pressure"), ""),
    }
}

/// The interfaces that a process sees, but its loopback.
pub fn interfaces_of(pid: i32) -> Vec<Interface> {
    interfaces(&std::fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default())
}

/// The file system that a path lies on.
pub fn disk(path: &Path) -> Disk {
    let Ok(found) = nix::sys::statvfs::statvfs(path) else { return Disk::default() };
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Disk {
        capacity_bytes: bytes(found.blocks()),
        available_bytes: bytes(found.blocks_available()),
        used_bytes: bytes(found.blocks().saturating_sub(found.blocks_free())),
        inodes: found.files(),
        inodes_free: found.files_free(),
    }
}

/// The first line counts hundredths of a second: user, nice, system, idle, iowait, irq, softirq, steal.
fn cpu_ns(stat: &str) -> u64 {
    let fields: Vec<u64> = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|at| fields.get(at)).sum::<u64>();
    busy.saturating_mul(10_000_000)
}

fn memory(meminfo: &str, vmstat: &str) -> Memory {
    let kib = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or_default() * 1024
    };
    let count = |name: &str| {
        let line = vmstat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or_default()
    };
    let (total, swap_total) = (kib("MemTotal"), kib("SwapTotal"));
    let usage = total.saturating_sub(kib("MemFree"));
    Memory {
        total,
        usage,
        working_set: usage.saturating_sub(kib("Inactive(file)")),
        rss: kib("AnonPages"),
        swap_total,
        swap_usage: swap_total.saturating_sub(kib("SwapFree")),
        page_faults: count("pgfault"),
        major_page_faults: count("pgmajfault"),
    }
}

/// The fourth field is `RUNNING/ALL`.
fn processes(loadavg: &str) -> u64 {
    let field = loadavg.split_whitespace().nth(3).and_then(|field| field.split_once('/'));
    field.and_then(|(_, all)| all.parse().ok()).unwrap_or_default()
}

/// The one that packets to elsewhere leave by.
fn default_interface(route: &str) -> &str {
    let fields = route.lines().skip(1).map(|line| line.split_whitespace());
    fields.filter_map(|mut fields| Some((fields.next()?, fields.next()?))).find(|(_, to)| *to == "00000000").map_or("", |(name, _)| name)
}

fn first_of_all(name: &str, mut interfaces: Vec<Interface>) -> Vec<Interface> {
    interfaces.sort_by_key(|interface| interface.name != name);
    interfaces
}

fn interfaces(dev: &str) -> Vec<Interface> {
    let line = |line: &str| {
        let (name, counters) = line.split_once(':')?;
        let counters: Vec<u64> = counters.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let at = |index: usize| counters.get(index).copied().unwrap_or_default();
        let name = name.trim().to_owned();
        (name != "lo").then(|| Interface { name, rx_bytes: at(0), rx_errors: at(2), tx_bytes: at(8), tx_errors: at(10) })
    };
    dev.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_prints() {
        // STAT-2, STAT-3
        assert_eq!(cpu_ns("cpu  10 1 5 1000 7 2 1 1 0 0\ncpu0 1 2"), 200_000_000);
        let meminfo = "MemTotal: 1000 kB\nMemFree: 300 kB\nInactive: 9 kB\nInactive(file): 200 kB\nAnonPages: 50 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB";
        let found = memory(meminfo, "pgfault 7\npgmajfault 2\npgfault_x 3");
        let expected = Memory {
            total: 1000 << 10,
            usage: 700 << 10,
            working_set: 500 << 10,
            rss: 50 << 10,
            swap_total: 10 << 10,
            swap_usage: 6 << 10,
            page_faults: 7,
            major_page_faults: 2,
        };
        assert_eq!(found, expected);
        assert_eq!(processes("0.1 0.2 0.3 2/345 999"), 345);
        let dev =
            "Inter-|   Receive\n face |bytes packets\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 5 1 2 0 0 0 0 0 7 1 3 0 0 0 0 0";
        let eth0 = Interface { name: "eth0".into(), rx_bytes: 5, rx_errors: 2, tx_bytes: 7, tx_errors: 3 };
        assert_eq!(interfaces(dev), std::slice::from_ref(&eth0));
        let route = "Iface Destination Gateway\ndocker0 000011AC 0\neth0 00000000 0101";
        assert_eq!(default_interface(route), "eth0");
        let other = Interface { name: "a0".into(), ..Interface::default() };
        assert_eq!(first_of_all("eth0", vec![other.clone(), eth0.clone()]), [eth0, other]);
    }

    #[test]
    fn this_machine_can_be_read() {
        let found = host_usage(Path::new("/"));
        assert!(found.cpu_ns > 0 && found.memory.total > found.memory.working_set && found.disk.capacity_bytes > 0 && found.processes > 0);
    }
}
