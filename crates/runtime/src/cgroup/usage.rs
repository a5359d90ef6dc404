//! What a cgroup has used and uses, read from the kernel's files of either version (CG-17, STAT-3).
//!
//! Never keeps samples. A file that a kernel does not have counts as zero.

use std::fs;
use std::path::{Path, PathBuf};

use super::Layout;
use crate::usage::{CgroupUsage, Pressures};

impl Layout {
    /// None if the cgroup is not there.
    pub fn usage(&self, cgroup: &str) -> Option<CgroupUsage> {
        let memory = self.directory("memory", cgroup).filter(|directory| directory.is_dir())?;
        Some(if self.version == 2 { self.usage_v2(&memory) } else { self.usage_v1(cgroup, &memory) })
    }

    fn usage_v1(&self, cgroup: &str, memory: &Path) -> CgroupUsage {
        let number = |controller: &str, file: &str| self.directory(controller, cgroup).map_or(0, |directory| number(&directory.join(file)));
        let stat = Keyed::read(memory.join("memory.stat"));
        let usage = number("memory", "memory.usage_in_bytes");
        CgroupUsage {
            cpu_ns: number("cpuacct", "cpuacct.usage"),
            memory_bytes: usage,
            working_set_bytes: usage.saturating_sub(stat.number("total_inactive_file")),
            rss_bytes: stat.number("total_rss"),
            swap_bytes: stat.number("total_swap"),
            page_faults: stat.number("total_pgfault"),
            major_page_faults: stat.number("total_pgmajfault"),
            processes: number("pids", "pids.current"),
            oom_kills: Keyed::read(memory.join("memory.oom_control")).number("oom_kill"),
            pressure: Pressures::default(),
        }
    }

    fn usage_v2(&self, directory: &Path) -> CgroupUsage {
        let stat = Keyed::read(directory.join("memory.stat"));
        let usage = number(&directory.join("memory.current"));
        CgroupUsage {
            cpu_ns: Keyed::read(directory.join("cpu.stat")).number("usage_usec").saturating_mul(1000),
            memory_bytes: usage,
            working_set_bytes: usage.saturating_sub(stat.number("inactive_file")),
            rss_bytes: stat.number("anon"),
            swap_bytes: number(&directory.join("memory.swap.current")),
            page_faults: stat.number("pgfault"),
            major_page_faults: stat.number("pgmajfault"),
            processes: number(&directory.join("pids.current")),
            oom_kills: Keyed::read(directory.join("memory.events")).number("oom_kill"),
            pressure: Pressures::read(directory, ".pressure"),
        }
    }

    /// The memory in use and the limit in force, in bytes; no limit where it is beyond what any machine has.
    pub fn memory_now(&self, cgroup: &str) -> Option<(u64, Option<u64>)> {
        let directory = self.directory("memory", cgroup).filter(|directory| directory.is_dir())?;
        let (used, limit) =
            if self.version == 2 { ("memory.current", "memory.max") } else { ("memory.usage_in_bytes", "memory.limit_in_bytes") };
        let limit = fs::read_to_string(directory.join(limit)).ok().and_then(|text| text.trim().parse().ok());
        Some((number(&directory.join(used)), limit.filter(|limit| *limit < u64::MAX >> 2)))
    }
}

/// A file of lines `name number`.
struct Keyed(String);

impl Keyed {
    fn read(path: PathBuf) -> Keyed {
        Keyed(fs::read_to_string(path).unwrap_or_default())
    }

    fn number(&self, name: &str) -> u64 {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        self.0.lines().find_map(value).unwrap_or(0)
    }
}

fn number(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cgroup::Hierarchy;
    use crate::usage::{Pressure, Stall};

    fn write(directory: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(directory).unwrap();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
    }

    fn expected() -> CgroupUsage {
        CgroupUsage {
            cpu_ns: 7_000_000,
            memory_bytes: 1000,
            working_set_bytes: 600,
            rss_bytes: 300,
            swap_bytes: 5,
            page_faults: 11,
            major_page_faults: 2,
            processes: 4,
            oom_kills: 1,
            pressure: Pressures::default(),
        }
    }

    #[test]
    fn version_1_is_read_from_each_hierarchy_with_what_is_below() {
        // STAT-3, CG-17
        let dir = tempfile::tempdir().unwrap();
        let hierarchy = |name: &str| Hierarchy { mount: dir.path().join(name), controllers: vec![name.to_owned()] };
        let layout = Layout { version: 1, hierarchies: ["memory", "cpuacct", "pids"].map(hierarchy).into() };
        let stat = "rss 1\ntotal_rss 300\ntotal_inactive_file 400\ntotal_swap 5\ntotal_pgfault 11\ntotal_pgmajfault 2\n";
        let oom = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";
        let memory = [("memory.stat", stat), ("memory.usage_in_bytes", "1000\n"), ("memory.oom_control", oom)];
        write(&dir.path().join("memory/a/b"), &memory);
        write(&dir.path().join("cpuacct/a/b"), &[("cpuacct.usage", "7000000\n")]);
        write(&dir.path().join("pids/a/b"), &[("pids.current", "4\n")]);
        assert_eq!(layout.usage("/a/b"), Some(expected()));
        assert_eq!(layout.usage("/a/c"), None);
        write(&dir.path().join("memory/a/b"), &[("memory.limit_in_bytes", "9223372036854771712\n")]);
        assert_eq!(layout.memory_now("/a/b"), Some((1000, None)));
    }

    #[test]
    fn version_2_is_read_from_one_directory() {
        // STAT-3, CG-17
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout { version: 2, hierarchies: vec![Hierarchy { mount: dir.path().to_owned(), controllers: Vec::new() }] };
        let files = [
            ("memory.stat", "anon 300\ninactive_file 400\npgfault 11\npgmajfault 2\n"),
            ("memory.current", "1000\n"),
            ("memory.max", "2000\n"),
            ("memory.swap.current", "5\n"),
            ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n"),
            ("cpu.stat", "usage_usec 7000\nuser_usec 1\n"),
            ("pids.current", "4\n"),
        ];
        write(&dir.path().join("a/b"), &files);
        assert_eq!(layout.usage("/a/b"), Some(expected()));
        assert_eq!(layout.memory_now("/a/b"), Some((1000, Some(2000))));
        // STAT-2: pressure, where the kernel keeps account of it.
        let text = "some avg10=99.55 avg60=94.43 avg300=0.07 total=17557561838\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
        write(&dir.path().join("a/b"), &[("cpu.pressure", text)]);
        let some = Stall { avg10: 9955, avg60: 9443, avg300: 7, total_us: 17_557_561_838 };
        let cpu = Some(Pressure { some, full: Stall { total_us: 5, ..Stall::default() } });
        assert_eq!(layout.usage("/a/b").map(|used| used.pressure), Some(Pressures { cpu, ..Pressures::default() }));
    }
}
